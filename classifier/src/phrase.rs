//! Phrases: what a sign says, in words that a person can read on a documentation page.
//!
//! A phrase is plain text, compared without case. In it
//!
//! - a blank is any run of white space (messages are wrapped, folded and aligned on their way to us);
//! - `*` is any run of characters, or none;
//! - `{name}` is one word (no white space, at least one character), remembered under its name without quotes around it;
//! - `^` at the beginning and `$` at the end tie the phrase to the beginning and the end of the message.
//!
//! A phrase that begins or ends with a letter or digit does so at the border of a word: `eof` is not found in `thereof`.
//!
//! [`Literals`] looks for many plain words in one pass; the recognizer uses it so that only phrases with a chance are tried, and
//! reading uses it to skip log lines that have nothing to do with images.

use crate::order;
use std::ops::Range;

/// Stands in for each byte of a masked name. No phrase contains it, and a word may.
pub const MASK: char = '\u{1}';

/// Steps that one search may take before it gives up. Real messages need some hundreds; hostile ones could make `*` after `*`
/// slow.
const BUDGET: usize = 20_000;

/// A parsed phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    parts: Vec<Part>,
    at_start: bool,
    at_end: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// In lower case, with single blanks.
    Literal(String),
    Any,
    Word(String),
}

/// Where a phrase was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Bytes of the searched text, from the first to the last literal or word.
    pub range: Range<usize>,
    /// Words that were remembered, by name.
    pub words: Vec<(String, Range<usize>)>,
}

impl Phrase {
    /// Parses a phrase. Every text is one; see the module for the marks.
    pub fn parse(text: &str) -> Phrase {
        let (text, at_start) = text.strip_prefix('^').map_or((text, false), |rest| (rest, true));
        let (text, at_end) = text.strip_suffix('$').map_or((text, false), |rest| (rest, true));
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let word = rest.strip_prefix('{').and_then(|inner| inner.split_once('}')).filter(|(name, _)| is_name(name));
            if let Some((name, after)) = word {
                push_literal(&mut parts, &mut literal);
                parts.push(Part::Word(name.to_owned()));
                rest = after;
            } else if c == '*' {
                push_literal(&mut parts, &mut literal);
                parts.push(Part::Any);
                rest = &rest[1..];
            } else {
                if !(c == ' ' && literal.ends_with(' ')) {
                    literal.push(c.to_ascii_lowercase());
                }
                rest = &rest[c.len_utf8()..];
            }
        }
        push_literal(&mut parts, &mut literal);
        Phrase { parts, at_start, at_end }
    }

    /// Names of the words that it remembers.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Word(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// The longest run of its literals without white space: a text without it cannot contain the phrase.
    pub fn needle(&self) -> &str {
        let runs = self.parts.iter().filter_map(|part| match part {
            Part::Literal(text) => Some(text.split(' ')),
            _ => None,
        });
        runs.flatten().max_by_key(|run| run.len()).unwrap_or_default()
    }

    /// The first place where the phrase stands in `text`.
    pub fn find(&self, text: &str) -> Option<Hit> {
        let bytes = text.as_bytes();
        let mut search = Search { bytes, phrase: self, budget: BUDGET, words: Vec::new() };
        let mut at = 0;
        if self.at_start {
            at = bytes.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(0);
            return search.from(at);
        }
        loop {
            // Jump to the next place where the first literal could stand.
            if let Some(Part::Literal(literal)) = self.parts.first() {
                let first = literal.as_bytes()[0];
                let offset = bytes.get(at..)?.iter().position(|&b| {
                    if first == b' ' { b.is_ascii_whitespace() } else { b.to_ascii_lowercase() == first }
                })?;
                at += offset;
            }
            if at >= bytes.len() || search.budget == 0 {
                return None;
            }
            let starts_word =
                !(matches!(self.parts.first(), Some(Part::Word(_))) && at > 0 && !bytes[at - 1].is_ascii_whitespace());
            if starts_word && let Some(hit) = search.from(at) {
                return Some(hit);
            }
            at += 1;
        }
    }
}

fn push_literal(parts: &mut Vec<Part>, literal: &mut String) {
    if !literal.is_empty() {
        parts.push(Part::Literal(std::mem::take(literal)));
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

struct Search<'a> {
    bytes: &'a [u8],
    phrase: &'a Phrase,
    budget: usize,
    words: Vec<Range<usize>>,
}

impl Search<'_> {
    fn from(&mut self, at: usize) -> Option<Hit> {
        self.words.clear();
        let end = self.parts(0, at)?;
        let words = self.phrase.words().map(str::to_owned).zip(self.words.iter().cloned());
        Some(Hit { range: at..end, words: words.map(|(name, range)| (name, self.unquote(range))).collect() })
    }

    /// Matches the parts from `index` on at `at`; returns where they end.
    fn parts(&mut self, index: usize, at: usize) -> Option<usize> {
        self.budget = self.budget.checked_sub(1)?;
        match self.phrase.parts.get(index) {
            None => {
                let rest = self.bytes.get(at..)?;
                let ends = !self.phrase.at_end || rest.iter().all(|&b| is_closing(b));
                ends.then_some(at)
            }
            Some(Part::Literal(literal)) => {
                let end = self.literal(literal.as_bytes(), at)?;
                self.parts(index + 1, end)
            }
            Some(Part::Any) => {
                if index + 1 == self.phrase.parts.len() {
                    return self.parts(index + 1, at);
                }
                (at..=self.bytes.len())
                    .find_map(|at| self.could_stand(index + 1, at).then(|| self.parts(index + 1, at)).flatten())
            }
            Some(Part::Word(_)) => {
                let slot = self.words.len();
                self.words.push(at..at);
                let mut end = at;
                while end < self.bytes.len() && !self.bytes[end].is_ascii_whitespace() {
                    end += 1;
                    let last = index + 1 == self.phrase.parts.len();
                    if last && end < self.bytes.len() && !self.bytes[end].is_ascii_whitespace() {
                        continue;
                    }
                    self.words.truncate(slot + 1);
                    self.words[slot] = at..end;
                    if (last || self.could_stand(index + 1, end))
                        && let Some(found) = self.parts(index + 1, end)
                    {
                        return Some(found);
                    }
                }
                self.words.truncate(slot);
                None
            }
        }
    }

    /// A cheap look before a real try: is the first byte right?
    fn could_stand(&self, index: usize, at: usize) -> bool {
        match (self.phrase.parts.get(index), self.bytes.get(at)) {
            (Some(Part::Literal(literal)), Some(&b)) => match literal.as_bytes()[0] {
                b' ' => b.is_ascii_whitespace(),
                first => b.to_ascii_lowercase() == first,
            },
            (Some(Part::Literal(_)), None) => false,
            (Some(Part::Word(_)), _) => {
                at == 0 || self.bytes[at - 1].is_ascii_whitespace() || !self.bytes[at - 1].is_ascii_alphanumeric()
            }
            _ => true,
        }
    }

    fn literal(&mut self, literal: &[u8], start: usize) -> Option<usize> {
        let bytes = self.bytes;
        if literal[0].is_ascii_alphanumeric() && start > 0 && is_word(bytes[start - 1]) {
            return None;
        }
        let mut at = start;
        for (index, &wanted) in literal.iter().enumerate() {
            if wanted == b' ' {
                let from = at;
                while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
                    at += 1;
                }
                // A blank at the end of a literal, at the end of the text, may be missing.
                if at == from && !(index + 1 == literal.len() && at == bytes.len()) {
                    return None;
                }
            } else if bytes.get(at).is_some_and(|b| b.to_ascii_lowercase() == wanted) {
                at += 1;
            } else {
                return None;
            }
        }
        let last = literal[literal.len() - 1];
        let open_end = last.is_ascii_alphanumeric() && bytes.get(at).is_some_and(|&b| is_word(b));
        (!open_end).then_some(at)
    }

    fn unquote(&self, range: Range<usize>) -> Range<usize> {
        let quote = |b: u8| matches!(b, b'"' | b'\'' | b'`' | b',' | b'(' | b')' | b'[' | b']');
        let mut range = range;
        // `[::1]:443` is an address; its brackets are its own.
        let address = self.bytes[range.clone()].starts_with(b"[")
            && self.bytes[range.clone()].windows(2).any(|pair| pair == b"]:");
        while range.start < range.end && quote(self.bytes[range.start]) && !address {
            range.start += 1;
        }
        while range.start < range.end && (quote(self.bytes[range.end - 1]) || self.bytes[range.end - 1] == b':') {
            range.end -= 1;
        }
        range
    }
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == MASK as u8
}

/// What may follow the end of a message: quotes, brackets, a full stop, marks of emphasis.
fn is_closing(b: u8) -> bool {
    b.is_ascii_whitespace()
        || matches!(b, b'"' | b'\'' | b'`' | b'.' | b',' | b')' | b']' | b'*' | b'_' | b'}' | b'\\' | b';' | b'!')
}

/// Many plain words, looked for in one pass and without case.
///
/// Each byte falls into one of 32 classes (letters without case; everything else shares the rest), three bytes make a key of 15
/// bits, and one bit tells whether any word begins with that key. What passes the gate is compared exactly.
#[derive(Debug)]
pub struct Literals {
    gate: Box<[u64; KEYS / 64]>,
    /// Words in lower case with their ids, sorted by key.
    words: Vec<(u16, usize, Box<[u8]>)>,
}

const KEYS: usize = 1 << 15;

impl Literals {
    /// Words of at least three bytes; each is known by its position in the iterator. Shorter ones are never found.
    pub fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Literals {
        let mut literals = Literals { gate: Box::new([0; KEYS / 64]), words: Vec::new() };
        for (id, word) in words.into_iter().enumerate() {
            let word = word.to_ascii_lowercase().into_bytes().into_boxed_slice();
            if let [a, b, c, ..] = *word {
                let key = next(next(next(0, a), b), c);
                literals.gate[key / 64] |= 1 << (key % 64);
                literals.words.push((key as u16, id, word));
            }
        }
        order::sort(&mut literals.words, |a, b| a.cmp(b));
        literals
    }

    /// Calls `found` with the id and the place of each word in `text`. `found` answers whether to go on.
    pub fn scan(&self, text: &[u8], mut found: impl FnMut(usize, usize) -> bool) {
        let Some((&[first, second], rest)) = text.split_first_chunk::<2>() else { return };
        let mut key = next(next(0, first), second);
        for (start, &b) in rest.iter().enumerate() {
            key = next(key, b);
            if self.gate[key / 64] & (1 << (key % 64)) == 0 {
                continue;
            }
            let from = self.words.partition_point(|(known, ..)| usize::from(*known) < key);
            for (_, id, word) in self.words[from..].iter().take_while(|(known, ..)| usize::from(*known) == key) {
                let fits = text.get(start..start + word.len()).is_some_and(|part| part.eq_ignore_ascii_case(word));
                if fits && !found(*id, start) {
                    return;
                }
            }
        }
    }

    /// Whether any of the words stands in `text`.
    pub fn any(&self, text: &[u8]) -> bool {
        let mut any = false;
        self.scan(text, |_, _| {
            any = true;
            false
        });
        any
    }
}

/// The key of the last three bytes, after one more. Bit 5 is what upper and lower case differ in; it is not looked at.
#[inline(always)]
fn next(key: usize, b: u8) -> usize {
    ((key << 5) | usize::from(b & 0x1f)) & (KEYS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(phrase: &str, text: &'a str) -> Option<&'a str> {
        Phrase::parse(phrase).find(text).map(|hit| &text[hit.range])
    }

    #[test]
    fn words_blanks_and_stars() {
        let text = r#"Head "https://x/v2/": dial tcp: lookup reg.corp.test on 10.0.0.2:53: no such host"#;
        let hit = Phrase::parse("lookup {host} on {dns}: no such host").find(text).unwrap();
        let words: Vec<_> = hit.words.iter().map(|(name, range)| (name.as_str(), &text[range.clone()])).collect();
        assert_eq!(words, [("host", "reg.corp.test"), ("dns", "10.0.0.2:53")]);
        assert_eq!(
            found("dial TCP: * no such  host", text),
            Some("dial tcp: lookup reg.corp.test on 10.0.0.2:53: no such host")
        );
        assert_eq!(found("no such\nhost", "no such host"), None);
        assert_eq!(found("no such host", "no  such\n host"), Some("no  such\n host"));
    }

    #[test]
    fn a_phrase_stands_at_word_borders() {
        assert_eq!(found("eof", "thereof"), None);
        assert_eq!(found(": EOF$", "Get \"x\": EOF\"."), Some(": EOF"));
        assert_eq!(found(": EOF$", "x: EOF and more"), None);
        assert_eq!(found("^context canceled", "  context canceled"), Some("context canceled"));
        assert_eq!(found("^context canceled", "rpc: context canceled"), None);
        assert_eq!(found("denied", "denieds"), None);
    }

    #[test]
    fn a_word_is_remembered_without_quotes() {
        let text = r#"failed to resolve reference "reg/x:1": reg/x:1: not found"#;
        let hit = Phrase::parse("failed to resolve reference {reference}: {again}: not found$").find(text).unwrap();
        assert_eq!(&text[hit.words[0].1.clone()], "reg/x:1");
        assert_eq!(&text[hit.words[1].1.clone()], "reg/x:1");
    }

    #[test]
    fn an_address_keeps_its_brackets() {
        let text = "dial tcp [2600:1f18::1]:443: connect: network is unreachable";
        let hit = Phrase::parse("dial tcp {address}: connect: network is unreachable").find(text).unwrap();
        assert_eq!(&text[hit.words[0].1.clone()], "[2600:1f18::1]:443");
    }

    #[test]
    fn hostile_text_ends_in_time() {
        let text = "a ".repeat(50_000);
        assert_eq!(found("a * a * a * a * b", &text), None);
    }

    #[test]
    fn literals_are_found_without_case_and_in_one_pass() {
        let literals = Literals::new(["x509", "Pull", "ab"]);
        let mut hits = Vec::new();
        literals.scan(b"a PULL of X509 pul", |id, at| {
            hits.push((id, at));
            true
        });
        assert_eq!(hits, [(1, 2), (0, 10)]);
        assert!(!literals.any(b"pul l ab"));
    }
}
