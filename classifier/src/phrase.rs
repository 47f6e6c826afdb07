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
    /// Where in its first literal the longest run without white space stands.
    anchor: Range<usize>,
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
        let mut literal = String::with_capacity(text.len());
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
        let anchor = match parts.first() {
            Some(Part::Literal(literal)) => longest_run(literal),
            _ => 0..0,
        };
        Phrase { parts, at_start, at_end, anchor }
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
            Part::Literal(text) => Some(&text[longest_run(text)]),
            _ => None,
        });
        runs.max_by_key(|run| run.len()).unwrap_or_default()
    }

    /// The same of the literal that it begins with, for [`Phrase::find_near`]; `None` if it does not begin with one.
    pub fn anchor(&self) -> Option<&str> {
        match self.parts.first() {
            Some(Part::Literal(text)) if !self.at_start => Some(&text[self.anchor.clone()]),
            _ => None,
        }
    }

    /// As [`Phrase::find`], for a phrase with an anchor: `places` are all places of the anchor in `text`, in order.
    pub fn find_near(&self, text: &str, places: &mut dyn Iterator<Item = usize>) -> Option<Hit> {
        let Some(Part::Literal(literal)) = self.parts.first() else { return None };
        let before = &literal.as_bytes()[..self.anchor.start];
        let bytes = text.as_bytes();
        let mut search = Search { bytes, phrase: self, budget: BUDGET, words: Vec::new() };
        for place in places {
            // Back over what the literal has before its anchor.
            let start = before.iter().rev().try_fold(place, |at, &wanted| {
                let back = if wanted == b' ' {
                    bytes[..at].iter().rev().take_while(|b| b.is_ascii_whitespace()).count()
                } else {
                    usize::from(at > 0 && bytes[at - 1].to_ascii_lowercase() == wanted)
                };
                (back > 0).then(|| at - back)
            });
            if let Some(hit) = start.and_then(|start| search.from(start)) {
                return Some(hit);
            }
        }
        None
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
        parts.push(Part::Literal(literal.clone()));
        literal.clear();
    }
}

/// Where a literal has its longest run without white space. Of equals the last.
fn longest_run(literal: &str) -> Range<usize> {
    let mut longest = 0..0;
    let mut start = 0;
    for (at, b) in literal.bytes().chain([b' ']).enumerate() {
        if b == b' ' {
            if at - start >= longest.len() {
                longest = start..at;
            }
            start = at + 1;
        }
    }
    longest
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
/// Each byte falls into one of 32 classes, three bytes make a key of 15 bits, and one bit tells whether any word begins with that
/// key. What passes the gate is compared exactly.
#[derive(Debug)]
pub struct Literals {
    gate: Box<[u64; KEYS / 64]>,
    /// Where the words begin whose first two classes are these.
    starts: Box<[u16; KEYS / 32 + 1]>,
    /// Words in lower case with their ids, sorted by key.
    words: Vec<(u16, usize, Box<[u8]>)>,
}

const KEYS: usize = 1 << 15;

impl Literals {
    /// Words of at least three bytes; each is known by its position. Shorter ones are never found.
    pub fn new(words: &[&str]) -> Literals {
        let mut gate = Box::new([0; KEYS / 64]);
        let mut known = Vec::with_capacity(words.len());
        for (id, word) in words.iter().enumerate() {
            let word = word.to_ascii_lowercase().into_bytes().into_boxed_slice();
            if let [a, b, c, ..] = *word {
                let key = next(next(next(0, a), b), c);
                gate[key / 64] |= 1 << (key % 64);
                known.push((key as u16, id, word));
            }
        }
        order::sort(&mut known, |a, b| a.0.cmp(&b.0));
        let mut starts = Box::new([0; KEYS / 32 + 1]);
        for (key, ..) in &known {
            starts[usize::from(*key) / 32 + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        Literals { gate, starts, words: known }
    }

    /// Calls `found` with the id and the place of each word in `text`, in the order of places. `found` answers whether to go on.
    pub fn scan(&self, text: &[u8], found: &mut dyn FnMut(usize, usize) -> bool) {
        let Some((&[first, second], rest)) = text.split_first_chunk::<2>() else { return };
        let mut key = next(next(0, first), second);
        for (start, &b) in rest.iter().enumerate() {
            key = next(key, b);
            if self.gate[key / 64] & (1 << (key % 64)) == 0 {
                continue;
            }
            let near = usize::from(self.starts[key / 32])..usize::from(self.starts[key / 32 + 1]);
            for (known, id, word) in self.words.get(near).unwrap_or_default() {
                let fits = usize::from(*known) == key
                    && text.get(start..start + word.len()).is_some_and(|part| part.eq_ignore_ascii_case(word));
                if fits && !found(*id, start) {
                    return;
                }
            }
        }
    }

    /// Whether any of the words stands in `text`.
    pub fn any(&self, text: &[u8]) -> bool {
        let mut any = false;
        self.scan(text, &mut |_, _| {
            any = true;
            false
        });
        any
    }
}

/// Words that each tell something, looked for in one pass.
#[derive(Debug)]
pub struct Lexicon<T> {
    words: Literals,
    /// What each word tells.
    tell: Vec<T>,
}

impl<T: Copy> Lexicon<T> {
    /// What is told, with the words that tell it; they are found as [`Literals`] are.
    pub fn new(entries: &[(T, &[&str])]) -> Lexicon<T> {
        let words: Vec<&str> = entries.iter().flat_map(|(_, words)| words.iter().copied()).collect();
        let tell = entries.iter().flat_map(|(told, words)| words.iter().map(|_| *told)).collect();
        Lexicon { words: Literals::new(&words), tell }
    }

    /// Calls `found` with what a word tells and its place, in the order of places. `found` answers whether to go on.
    pub fn scan(&self, text: &str, found: &mut dyn FnMut(T, usize) -> bool) {
        self.words.scan(text.as_bytes(), &mut |word, at| found(self.tell[word], at));
    }
}

/// The key of the last three bytes, after one more.
#[inline(always)]
fn next(key: usize, b: u8) -> usize {
    ((key << 5) | usize::from(CLASSES[usize::from(b)])) & (KEYS - 1)
}

/// Letters without case; digits, and the marks that words hold, apart from them: a log is full of numbers and ids.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut b = 0;
    while b < 128 {
        classes[b] = match b as u8 {
            b'a'..=b'z' | b'A'..=b'Z' => b as u8 & 0x1f,
            b'0'..=b'9' => 27,
            b'-' | b'_' => 28,
            b' ' => 29,
            b'/' | b'.' => 30,
            b'"' | b':' | b'=' => 31,
            _ => 0,
        };
        b += 1;
    }
    classes
};

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
    fn near_its_anchor_a_phrase_is_found_where_it_is_found_anywhere() {
        let text = "x: no  such\n host: no such host, EOF; thereof: eof: dial tcp 10.0.0.1:443: i/o timeout";
        for words in [
            "no such host",
            " no such host",
            ": no such",
            ": eof",
            "of: eof: dial",
            "dial tcp {address}: i/o",
            "such*eof",
            "absent",
        ] {
            let phrase = Phrase::parse(words);
            let mut places = Vec::new();
            Literals::new(&[phrase.anchor().unwrap()]).scan(text.as_bytes(), &mut |_, at| {
                places.push(at);
                true
            });
            assert_eq!(phrase.find_near(text, &mut places.into_iter()), phrase.find(text), "{words}");
        }
    }

    #[test]
    fn literals_are_found_without_case_and_in_one_pass() {
        let literals = Literals::new(&["x509", "Pull", "ab"]);
        let mut hits = Vec::new();
        literals.scan(b"a PULL of X509 pul", &mut |id, at| {
            hits.push((id, at));
            true
        });
        assert_eq!(hits, [(1, 2), (0, 10)]);
        assert!(!literals.any(b"pul l ab"));
    }
}
