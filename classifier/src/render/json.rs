//! The report as JSON: the contract of `report.rs`, nothing else.

use crate::report::Report;

/// The report as one JSON document, indented, with a line end. Characters that could steer a terminal are escaped, so that the
/// text is the same to a program and harmless to a person's screen.
pub fn json(report: &Report) -> String {
    // Strings, numbers and lists alone: this cannot fail; an empty document would show that it did.
    let text = serde_json::to_string_pretty(report).unwrap_or_default();
    let mut out = String::with_capacity(text.len() + 1);
    for char in text.chars() {
        // serde_json leaves these as they are; outside of strings there are none. All are in the basic plane.
        let steers = char > '\u{7e}' && (char.is_control() || is_direction_mark(char));
        if steers { out.push_str(&format!("\\u{:04x}", u32::from(char))) } else { out.push(char) }
    }
    out.push('\n');
    out
}

fn is_direction_mark(char: char) -> bool {
    matches!(char, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
