//! The report as JSON: the contract of `report.rs`, nothing else.

use crate::report::Report;

/// The report as one JSON document, indented, with a line end.
pub fn json(report: &Report) -> String {
    // Strings, numbers and lists alone: this cannot fail; an empty document would show that it did.
    let mut text = serde_json::to_string_pretty(report).unwrap_or_default();
    text.push('\n');
    text
}
