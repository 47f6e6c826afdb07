//! Names the cause of a failed container image pull, proves it with the words of the input, and tells the fix.
//!
//! The input is any text in which a person or a program sees the failure: `kubectl describe pod`, events, pod objects as JSON or
//! YAML, logs of the kubelet and of runtimes, the output of `docker pull`, a line in a chat. The answer is one [`Report`].
//!
//! ```
//! use imagepull_classifier::{Options, diagnose};
//!
//! let text = r#"
//!   Warning  Failed  9s (x3 over 52s)  kubelet  Failed to pull image "registry.corp.test/shop/web:v9": rpc error: code = NotFound
//!   desc = failed to pull and unpack image "registry.corp.test/shop/web:v9": failed to resolve reference
//!   "registry.corp.test/shop/web:v9": registry.corp.test/shop/web:v9: not found"#;
//! let report = diagnose(text, &Options::default());
//! let finding = &report.findings[0];
//! assert_eq!(finding.image.as_deref(), Some("registry.corp.test/shop/web:v9"));
//! assert_eq!(finding.diagnoses[0].cause, "tag-not-found");
//! ```
//!
//! The crate is pure: no files, no network, no environment, no clock, no threads, no printing. It never fails and never panics;
//! what it cannot read becomes a note of the report. It builds for `wasm32-unknown-unknown`.

pub mod cause;
pub mod causes;
mod fill;
pub mod keyring;
pub mod observations;
mod order;
pub mod phrase;
mod rank;
pub mod read;
mod recognize;
pub mod redact;
pub mod render;
pub mod report;
pub mod secret_facts;
pub mod settle;
pub mod text;

pub use fill::{blanks, command_in_general, in_general};
pub use report::Report;

/// What a pure crate cannot know by itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The time now, seconds since 1970. A bundle's own `collectedAt` wins over it.
    pub now: Option<i64>,
}

/// Diagnoses one input.
pub fn diagnose(input: &str, options: &Options) -> Report {
    diagnose_all(&[input], options)
}

/// Diagnoses inputs that belong together: a description and a log, several files.
pub fn diagnose_all(inputs: &[&str], options: &Options) -> Report {
    let seen = read::read(inputs);
    let recognized = recognize::recognize(&seen);
    let judge = |recognized| {
        let ranked = rank::rank(&recognized);
        let settled = settle::settle(&recognized, ranked.first(), &seen.facts, options.now);
        report::Judged { recognized, ranked, settled }
    };
    let judged: Vec<_> = recognized.into_iter().map(judge).collect();
    report::report(&seen, &judged, inputs)
}
