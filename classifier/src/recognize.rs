//! Lays every cause's signs on every message. Names no cause: it walks the catalogue.
//!
//! Before a phrase is tried, its longest word must stand in the message: one pass over the message finds the words of all
//! phrases at once.

use crate::cause::{Condition, Confidence, Rule, Sign};
use crate::causes;
use crate::observations::{Facts, Failure, Message, Observations, PlaceFacts, Role, Source, Timeline};
use crate::phrase::{Literals, Phrase};
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
    /// Needles of all phrases, in the order in which signs count them.
    needles: Literals,
    count: usize,
}

struct Ready {
    cause: &'static Rule,
    sign: &'static Sign,
    /// For each condition with a phrase: the phrase and the number of its needle; `None` for a needle too short to look for.
    phrases: Vec<Option<(Phrase, Option<usize>)>>,
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let mut needles: Vec<String> = Vec::new();
    let mut signs = Vec::new();
    for cause in causes::rules() {
        for sign in cause.signs {
            let phrases = sign.all.iter().map(|condition| match condition {
                Condition::Says(phrase) | Condition::Beside(phrase) => {
                    let phrase = Phrase::parse(phrase);
                    let needle = phrase.needle().to_owned();
                    let known = needles.iter().position(|known| *known == needle);
                    let number = known.unwrap_or_else(|| {
                        needles.push(needle);
                        needles.len() - 1
                    });
                    let number = (phrase.needle().len() >= 3).then_some(number);
                    Some((phrase, number))
                }
                _ => None,
            });
            signs.push(Ready { cause, sign, phrases: phrases.collect() });
        }
    }
    Catalogue { signs, needles: Literals::new(needles.iter().map(String::as_str)), count: needles.len() }
});

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
    let readings: Vec<Failure<'_>> =
        std::iter::once(*failure).chain(rejoined.iter().map(|message| Failure { message, ..*failure })).collect();
    let mut has = vec![false; CATALOGUE.count];
    for reading in &readings {
        CATALOGUE.needles.scan(reading.message.masked.as_bytes(), |id, _| {
            has[id] = true;
            true
        });
    }
    let mut beside = vec![false; if failure.timeline.beside.is_empty() { 0 } else { CATALOGUE.count }];
    for other in &failure.timeline.beside {
        CATALOGUE.needles.scan(other.masked.as_bytes(), |id, _| {
            beside[id] = true;
            true
        });
    }
    for ready in &CATALOGUE.signs {
        let possible = ready.sign.all.iter().zip(&ready.phrases).all(|(condition, phrase)| match (condition, phrase) {
            (Condition::Beside(_), Some((_, needle))) => {
                !beside.is_empty() && needle.is_none_or(|needle| beside[needle])
            }
            (_, Some((_, needle))) => needle.is_none_or(|needle| has[needle]),
            _ => true,
        });
        if !possible {
            continue;
        }
        if let Some(fit) = readings.iter().find_map(|reading| fits(ready, reading)) {
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
fn fits(ready: &Ready, failure: &Failure<'_>) -> Option<Fit> {
    let message = failure.message;
    let (text, masked) = (&message.text, message.masked.as_str());
    let mut fit = Fit { depth: 0, by_words: false, proofs: Vec::new(), words: Vec::new() };
    for (condition, phrase) in ready.sign.all.iter().zip(&ready.phrases) {
        match condition {
            Condition::Says(_) => {
                let (phrase, _) = phrase.as_ref()?;
                let hit = phrase.find(masked)?;
                fit.take(message.source, text, hit.range.clone());
                for (name, range) in hit.words {
                    fit.words.push((name, text.as_str().get(range).unwrap_or_default().to_owned()));
                }
            }
            Condition::Beside(_) => {
                let (phrase, _) = phrase.as_ref()?;
                let (other, hit) =
                    failure.timeline.beside.iter().find_map(|other| Some((other, phrase.find(&other.masked)?)))?;
                fit.proofs.push(found(other.source, &other.text, hit.range.clone()));
                for (name, range) in hit.words {
                    fit.words.push((name, other.text.as_str().get(range).unwrap_or_default().to_owned()));
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
