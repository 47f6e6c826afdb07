//! Gives an input the line ends back that it lost on its way: a page that shows a paste as one paragraph, a clipboard of an old
//! program. What is told by its lines cannot be read without.

use crate::phrase::Literals;
use crate::read::describe;
use crate::text::{Builder, Text};
use std::sync::LazyLock;

/// Larger inputs are files, which nobody copied out of a page.
const MOST: usize = 1 << 20;

/// Keys that a description has on one line before we take it for one whose lines were joined.
const ENOUGH: usize = 6;

static KEYS: LazyLock<Literals> = LazyLock::new(|| Literals::new(&describe::keys().collect::<Vec<_>>()));

/// The input with its lines; `None` if it has them.
pub fn relined(input: &str, index: usize) -> Option<Text> {
    if input.len() > MOST {
        return None;
    }
    if !input.contains('\n') && input.contains('\r') {
        return Some(broken(input, index, &mut input.match_indices('\r').map(|(at, _)| (at, 1))));
    }
    let mut breaks = Vec::new();
    let mut start = 0;
    for line in input.split_inclusive('\n') {
        breaks.extend(joined(line).into_iter().map(|at| (start + at, 0)));
        start += line.len();
    }
    (!breaks.is_empty()).then(|| broken(input, index, &mut breaks.into_iter()))
}

/// Where the lines began that were joined to one description: before each of its keys, and behind those that head a list.
fn joined(line: &str) -> Vec<usize> {
    // the second line of every description
    if !line.contains("Namespace:") {
        return Vec::new();
    }
    let mut breaks = Vec::new();
    let mut end = 0;
    let mut keys = 0;
    KEYS.scan(line.as_bytes(), &mut |_, at| {
        let key = line[at..].split_inclusive(':').next().unwrap_or_default();
        let alone = line[..at].ends_with([' ', '\t']) && line[at + key.len()..].starts_with([' ', '\t']);
        if at < end || !alone || !describe::keys().any(|known| key.strip_suffix(':') == Some(known)) {
            return true;
        }
        end = at + key.len();
        keys += 1;
        breaks.push(at);
        if matches!(key, "Containers:" | "Init Containers:" | "Ephemeral Containers:" | "Events:") {
            breaks.push(end);
        }
        key != "Events:"
    });
    if keys < ENOUGH { Vec::new() } else { breaks }
}

/// The input with a line end in place of each of these bytes: where, and how many.
fn broken(input: &str, index: usize, breaks: &mut dyn Iterator<Item = (usize, usize)>) -> Text {
    let whole = Text::verbatim(input, 0, index);
    let mut out = Builder::new(index);
    let mut kept = 0;
    for (at, length) in breaks {
        out.keep(&whole, kept..at);
        out.put("\n", &whole, at..at + length);
        kept = at + length;
    }
    out.keep(&whole, kept..input.len());
    out.finish()
}
