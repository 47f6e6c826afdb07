//! The hall: text of any form comes in, [`Observations`] go out. It never fails: what cannot be read becomes a note. It names no
//! cause.

pub mod clean;
mod describe;
mod events;
pub mod image_ref;
mod lines;
mod log;
mod message;
mod objects;
pub mod place;
pub mod record;
mod relined;
mod timeline;
pub mod tree;

use crate::observations::Observations;
use crate::text::Text;
use timeline::Assembler;

/// Reads inputs that belong together: what one says about a pod helps to understand the others.
pub fn read(inputs: &[&str]) -> Observations {
    let mut found = Assembler::default();
    for (index, input) in inputs.iter().enumerate() {
        found.new_section();
        let unescaped =
            unescape_whole(input, index).or_else(|| undressed(input, index)).or_else(|| relined::relined(input, index));
        match &unescaped {
            Some(text) => {
                lines::walk(&lines::Document { words: text.as_str(), base: Some(text), input: index }, &mut found)
            }
            None => lines::walk(&lines::Document { words: input, base: None, input: index }, &mut found),
        }
    }
    found.finish()
}

/// An input whose lines are told apart by words that something stands in front of, and whose values by quotes that are none.
fn undressed(input: &str, index: usize) -> Option<Text> {
    // larger ones are logs, whose lines are cleaned one by one
    const MOST: usize = 16 << 20;
    (input.len() <= MOST).then(|| clean::undressed(input, index)).flatten()
}

/// An input that is one escaped string (`"Events:\n  Type  Reason …"`): its line ends are two characters. Unescaped as a whole, so
/// that it has lines again.
fn unescape_whole(input: &str, index: usize) -> Option<Text> {
    const MOST: usize = 1 << 20;
    if input.len() > MOST {
        return None;
    }
    // most inputs have lines, and are told by the first of them
    if input.trim().matches('\n').nth(2).is_some() {
        return None;
    }
    let escaped = input.matches("\\n").count();
    let first = input.trim_start().bytes().next()?;
    let described = input.contains("\\nEvents:")
        || input.contains("\\n  Type")
        || input.contains("\\n  Normal")
        || input.contains("\\n  Warning");
    (escaped > 2 && first != b'{' && first != b'[' && described).then(|| clean::clean(&Text::verbatim(input, 0, index)))
}
