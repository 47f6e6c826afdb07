//! The catalogue: one folder an area, one file a cause, its cases beside it.
//!
//! Everything that knows causes walks [`all`]; nothing else lists them. To add one: `cargo xtask new-cause AREA ID`.

use crate::cause::Cause;

/// Declares the causes of an area: one module each, and the list of their `CAUSE`s.
macro_rules! area {
    ($($(#[$meta:meta])* $module:ident,)*) => {
        $($(#[$meta])* mod $module;)*
        /// The causes of this area.
        pub(super) const CAUSES: &[&crate::cause::Cause] = &[$(&$module::CAUSE,)*];
    };
}

mod auth;
mod limits;
mod network;
mod node;
mod other;
mod policy;
mod reference;
mod registry;
mod remedies;
mod tls;

pub use reference::retired;

const AREAS: &[&[&Cause]] = &[
    reference::CAUSES,
    auth::CAUSES,
    limits::CAUSES,
    network::CAUSES,
    tls::CAUSES,
    registry::CAUSES,
    node::CAUSES,
    policy::CAUSES,
    other::CAUSES,
];

/// Every cause of the catalogue, area by area.
pub fn all() -> impl Iterator<Item = &'static Cause> {
    AREAS.iter().flat_map(|area| area.iter().copied())
}

/// The cause with this id.
pub fn find(id: &str) -> Option<&'static Cause> {
    all().find(|cause| cause.id == id)
}
