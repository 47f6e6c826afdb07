//! Lays every cause's signs on every message. Names no cause: it walks the catalogue.
//!
//! Before a phrase is tried, its longest word must stand in the message: one pass over the message finds the words of all
//! phrases at once.

use crate::cause::{Condition, Confidence, Rule, Sign};
use crate::causes;
use crate::observations::{Facts, Failure, Message, Observations, PlaceFacts, Role, Source, Timeline};
use crate::order;
use crate::phrase::{Hit, Literals, Phrase};
use crate::read::image_ref::ImageRef;
use crate::read::place;
use crate::text::Text;
use std::ops::Range;
use std::sync::LazyLock;

/// A timeline with what was recognized in it.
pub struct Recognized<'a> {
    /// The failing pull.
    pub timeline: &'a Timeline,
    /// Its image, if it can be parsed.
    pub image: Option<ImageRef>,
    /// Where it happens.
    pub place: PlaceFacts,
    /// Every sign that fits.
    pub matches: Vec<Match>,
}

/// A sign that fits a message.
#[derive(Clone)]
pub struct Match {
    /// The cause.
    pub cause: &'static Rule,
    /// How sure.
    pub confidence: Confidence,
    /// Position of the attempt; `None` for the record that only shows a back-off.
    pub attempt: Option<usize>,
    /// Position of the message in its attempt.
    pub message: usize,
    /// What kind of try the message is.
    pub role: Role,
    /// Whether the try went out without a credential.
    pub anonymous: bool,
    /// Where the evidence begins in the message: the further, the further inside.
    pub depth: usize,
    /// Whether words of the message prove it (and not only where it stands).
    pub by_words: bool,
    /// The evidence.
    pub proofs: Vec<Found>,
    /// Words that phrases remembered.
    pub words: Vec<(String, String)>,
}

/// A place in an input that proves something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What kind of record it is.
    pub source: Source,
    /// Which input.
    pub input: usize,
    /// Bytes of the input.
    pub span: Range<usize>,
}

/// The catalogue's signs, ready to be laid on messages.
struct Catalogue {
    signs: Vec<Ready>,
    /// Needles and anchors of all phrases, in the order in which phrases count them.
    words: Literals,
    count: usize,
}

struct Ready {
    cause: &'static Rule,
    sign: &'static Sign,
    /// For each condition with a phrase.
    phrases: Vec<Option<Look>>,
    /// The number of a word that the message must hold: most signs are told by it.
    key: Option<usize>,
}

/// A phrase, and the numbers of what to look for before it is tried. `None` for words too short to look for.
struct Look {
    phrase: Phrase,
    /// Without it there is no phrase.
    needle: Option<usize>,
    /// Only near it there can be one.
    anchor: Option<usize>,
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let mut signs = Vec::new();
    for cause in causes::rules() {
        for sign in cause.signs {
            let phrases = sign.all.iter().map(|condition| match condition {
                Condition::Says(phrase) | Condition::Beside(phrase) => {
                    Some(Look { phrase: Phrase::parse(phrase), needle: None, anchor: None })
                }
                _ => None,
            });
            signs.push(Ready { cause, sign, phrases: phrases.collect(), key: None });
        }
    }
    let looks = signs.iter().flat_map(|ready| ready.phrases.iter().flatten());
    let words = looks.flat_map(|look| [Some(look.phrase.needle()), look.phrase.anchor()]).flatten();
    let mut words: Vec<String> = words.filter(|word| word.len() >= 3).map(str::to_owned).collect();
    order::sort(&mut words, |a, b| a.cmp(b));
    words.dedup();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    for ready in &mut signs {
        for (condition, look) in ready.sign.all.iter().zip(&mut ready.phrases) {
            let Some(look) = look else { continue };
            look.needle = words.binary_search(&look.phrase.needle()).ok();
            look.anchor = look.phrase.anchor().and_then(|anchor| words.binary_search(&anchor).ok());
            if matches!(condition, Condition::Says(_)) {
                ready.key = ready.key.or(look.needle);
            }
        }
    }
    Catalogue { words: Literals::new(&words), count: words.len(), signs }
});

/// What stands in a text of the words of all phrases.
struct Seen {
    /// By the number of the word: which entry of `places` is its first, counted from 1; 0 if it is missing.
    first: Vec<usize>,
    /// The same word's next entry, counted from 1, and the place.
    places: Vec<(usize, usize)>,
}

impl Seen {
    fn of(text: &str) -> Seen {
        let mut seen = Seen { first: vec![0; CATALOGUE.count], places: Vec::new() };
        CATALOGUE.words.scan(text.as_bytes(), &mut |word, at| {
            seen.places.push((word, at));
            true
        });
        for (index, entry) in seen.places.iter_mut().enumerate().rev() {
            entry.0 = std::mem::replace(&mut seen.first[entry.0], index + 1);
        }
        seen
    }

    fn has(&self, word: usize) -> bool {
        self.first[word] != 0
    }

    /// Whether a phrase has a chance.
    fn admits(&self, look: &Look) -> bool {
        look.needle.is_none_or(|needle| self.has(needle))
    }

    fn find(&self, look: &Look, text: &str) -> Option<Hit> {
        let Some(anchor) = look.anchor else { return look.phrase.find(text) };
        let entry = |number: usize| self.places.get(number.checked_sub(1)?);
        let places = std::iter::successors(entry(self.first[anchor]), |(next, _)| entry(*next));
        look.phrase.find_near(text, &mut places.map(|(_, at)| *at))
    }
}

/// Recognizes every timeline.
pub fn recognize(seen: &Observations) -> Vec<Recognized<'_>> {
    seen.timelines.iter().map(|timeline| recognize_one(timeline, &seen.facts)).collect()
}

fn recognize_one<'a>(timeline: &'a Timeline, facts: &Facts) -> Recognized<'a> {
    let named = timeline.subject.image.as_deref().and_then(ImageRef::parse);
    let image = named.or_else(|| {
        let messages = timeline.attempts.iter().flat_map(|attempt| &attempt.messages);
        messages.filter_map(|message| message.reference.as_deref()).find_map(ImageRef::parse)
    });
    let place = place::place(timeline, image.as_ref(), facts);
    let mut found = Vec::new();
    for (index, attempt) in timeline.attempts.iter().enumerate() {
        for (number, message) in attempt.messages.iter().enumerate() {
            let failure = Failure { message, attempt: Some(attempt), timeline, image: image.as_ref(), place: &place };
            lay(&failure, Some(index), number, &mut found);
        }
    }
    if timeline.attempts.is_empty()
        && let Some(message) = &timeline.shown_by
    {
        let failure = Failure { message, attempt: None, timeline, image: image.as_ref(), place: &place };
        lay(&failure, None, 0, &mut found);
    }
    Recognized { timeline, image, place, matches: found }
}

/// Lays all signs on one message.
fn lay(failure: &Failure<'_>, attempt: Option<usize>, number: usize, found: &mut Vec<Match>) {
    let message = failure.message;
    // The message as it stands, and as it reads without the line ends of a terminal.
    let rejoined = message.rejoined.as_ref().map(|rejoined| Message {
        text: rejoined.0.clone(),
        masked: rejoined.1.clone(),
        rejoined: None,
        ..message.clone()
    });
    let readings: Vec<(Failure<'_>, Seen)> = std::iter::once(*failure)
        .chain(rejoined.iter().map(|message| Failure { message, ..*failure }))
        .map(|reading| (reading, Seen::of(&reading.message.masked)))
        .collect();
    let beside = failure.timeline.beside.iter().flat_map(Message::readings);
    let beside: Vec<Seen> = beside.map(|(_, masked)| Seen::of(masked)).collect();
    for ready in &CATALOGUE.signs {
        if ready.key.is_some_and(|key| !readings.iter().any(|(_, seen)| seen.has(key))) {
            continue;
        }
        let possible = ready.sign.all.iter().zip(&ready.phrases).all(|(condition, look)| match (condition, look) {
            (Condition::Beside(_), Some(look)) => beside.iter().any(|seen| seen.admits(look)),
            (_, Some(look)) => readings.iter().any(|(_, seen)| seen.admits(look)),
            _ => true,
        });
        if !possible {
            continue;
        }
        if let Some(fit) = readings.iter().find_map(|(reading, seen)| fits(ready, reading, seen)) {
            found.push(Match {
                cause: ready.cause,
                confidence: ready.sign.confidence,
                attempt,
                message: number,
                role: message.role,
                anonymous: message.credential == crate::observations::Credential::NotSent,
                depth: fit.depth,
                by_words: fit.by_words,
                proofs: fit.proofs,
                words: fit.words,
            });
        }
    }
}

struct Fit {
    depth: usize,
    by_words: bool,
    proofs: Vec<Found>,
    words: Vec<(String, String)>,
}

/// Whether all conditions of a sign hold on one reading of a message.
fn fits(ready: &Ready, failure: &Failure<'_>, seen: &Seen) -> Option<Fit> {
    let message = failure.message;
    let (text, masked) = (&message.text, message.masked.as_str());
    let mut fit = Fit { depth: 0, by_words: false, proofs: Vec::new(), words: Vec::new() };
    for (condition, look) in ready.sign.all.iter().zip(&ready.phrases) {
        match condition {
            Condition::Says(_) => {
                let hit = seen.find(look.as_ref()?, masked)?;
                fit.take(message.source, text, hit.range.clone());
                for (name, range) in hit.words {
                    fit.words.push((name, text.as_str().get(range).unwrap_or_default().to_owned()));
                }
            }
            Condition::Beside(_) => {
                let phrase = &look.as_ref()?.phrase;
                let (source, text, hit) = failure.timeline.beside.iter().find_map(|other| {
                    other.readings().find_map(|(text, masked)| Some((other.source, text, phrase.find(masked)?)))
                })?;
                fit.proofs.push(found(source, text, hit.range.clone()));
                for (name, range) in hit.words {
                    fit.words.push((name, text.as_str().get(range).unwrap_or_default().to_owned()));
                }
            }
            Condition::Status(codes) => {
                let answer = message.answers.iter().rev().find(|answer| codes.contains(&answer.status))?;
                if let Some(at) = number_in(text.as_str(), answer.status) {
                    fit.take(message.source, text, at);
                }
            }
            Condition::Code(code) => {
                if !message.codes.iter().any(|known| known == code) {
                    return None;
                }
                if let Some(at) = code_in(text.as_str(), code) {
                    fit.take(message.source, text, at);
                }
            }
            Condition::Reason(reason) => {
                let shown = failure.timeline.shown_by.as_ref().and_then(|shown| shown.reason.as_deref());
                if message.reason.as_deref() != Some(reason) && shown != Some(reason) {
                    return None;
                }
                if let Some(at) = text.as_str().find(reason) {
                    fit.take(message.source, text, at..at + reason.len());
                }
            }
            Condition::That(_, holds) => {
                if !holds(failure) {
                    return None;
                }
            }
        }
    }
    if fit.proofs.is_empty() {
        fit.proofs.push(found(message.source, text, 0..text.len()));
    }
    Some(fit)
}

impl Fit {
    fn take(&mut self, source: Source, text: &Text, range: Range<usize>) {
        self.depth = self.depth.max(range.start);
        self.by_words = true;
        self.proofs.push(found(source, text, range));
    }
}

fn found(source: Source, text: &Text, range: Range<usize>) -> Found {
    Found { source, input: text.input(), span: text.origin(range) }
}

/// The last place where a status stands as a number of its own.
fn number_in(words: &str, status: u16) -> Option<Range<usize>> {
    let digits = status.to_string();
    let free = |at: usize| !words.as_bytes().get(at).is_some_and(u8::is_ascii_alphanumeric);
    let at = words.rmatch_indices(&digits).map(|(at, _)| at).find(|&at| (at == 0 || free(at - 1)) && free(at + 3))?;
    // with its phrase, as `401 Unauthorized`
    let rest = &words[at + 3..];
    let phrase = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == ' ').len();
    Some(at..at + 3 + rest[..phrase].trim_end().len())
}

/// The last place where a code stands, in either spelling.
fn code_in(words: &str, code: &str) -> Option<Range<usize>> {
    let lower = words.to_ascii_lowercase();
    let spelled = code.to_ascii_lowercase().replace('_', " ");
    let short = spelled.split(' ').next().unwrap_or_default().to_owned();
    [spelled, code.to_ascii_lowercase(), "authentication required".to_owned(), short].iter().find_map(|spelling| {
        // "authentication required" is how UNAUTHORIZED is printed where the code itself is not
        if spelling == "authentication required" && code != "UNAUTHORIZED" {
            return None;
        }
        lower.rfind(spelling.as_str()).map(|at| at..at + spelling.len())
    })
}
