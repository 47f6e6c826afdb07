//! The catalogue: one folder an area, one file a cause, its cases beside it.
//!
//! Everything that explains causes walks [`all`], everything that diagnoses walks [`rules`]; nothing else lists them. To add one: `cargo xtask new-cause AREA ID`.

use crate::cause::{Cause, Rule};

/// Declares the areas: one module each, and the lists of what they hold.
macro_rules! areas {
    ($($area:ident,)*) => {
        $(mod $area;)*
        const AREAS: &[&[&Cause]] = &[$($area::CAUSES,)*];
        const RULES: &[&[Rule]] = &[$($area::RULES,)*];
    };
}

/// Declares the causes of an area: one module each, the list of their `CAUSE`s and that of their rules.
macro_rules! area {
    ($($(#[$meta:meta])* $module:ident,)*) => {
        $($(#[$meta])* mod $module;)*
        /// The causes of this area.
        pub(super) const CAUSES: &[&crate::cause::Cause] = &[$(&$module::CAUSE,)*];
        /// What a diagnosis needs of them.
        pub(super) const RULES: &[crate::cause::Rule] = &[$($module::CAUSE.rule(),)*];
    };
}

areas! {
    reference,
    auth,
    limits,
    network,
    tls,
    registry,
    node,
    policy,
    other,
}
pub(crate) mod remedies;

pub use reference::retired;

/// Every cause of the catalogue, area by area.
pub fn all() -> impl Iterator<Item = &'static Cause> {
    AREAS.iter().flat_map(|area| area.iter().copied())
}

/// What a diagnosis needs of every cause, in the same order.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    RULES.iter().copied().flatten()
}

/// The cause with this id.
pub fn find(id: &str) -> Option<&'static Cause> {
    all().find(|cause| cause.id == id)
}
