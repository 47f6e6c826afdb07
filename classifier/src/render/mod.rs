//! The window: a report, or a cause's page, in a form that somebody reads. Renderers decide nothing, drop nothing that matters and
//! change no order; each neutralises control characters. Only `html` escapes HTML, only `text` knows colours.

pub mod html;
pub mod json;
pub mod markdown;
mod page;
pub mod text;
mod words;

/// Text without control characters and marks of direction: what an input says must not move a cursor, ring a bell or turn a line
/// around. Line ends and tabs stay.
pub fn visible(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            c if c.is_control() => '\u{fffd}',
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => '\u{fffd}',
            c => c,
        })
        .collect()
}
