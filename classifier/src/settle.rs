//! Facts of the cluster decide what the text left open: every cause's settlings are asked, none is named here.

pub mod pull_secrets;

use crate::cause::{Confidence, Proof, Rule, Verdict};
use crate::causes;
use crate::observations::{Facts, NotRead, PlaceFacts, PodFacts, Timeline};
use crate::rank::Ranked;
use crate::read::image_ref::ImageRef;
use crate::recognize::Recognized;
use crate::report::Question;

/// What a settling is asked about.
pub struct Case<'a> {
    /// Everything known of the cluster.
    pub facts: &'a Facts,
    /// The failing pull.
    pub timeline: &'a Timeline,
    /// Its image, if it can be parsed.
    pub image: Option<&'a ImageRef>,
    /// Its pod object, if it was read.
    pub pod: Option<&'a PodFacts>,
    /// Where it happens.
    pub place: &'a PlaceFacts,
    /// The cause that the text tells, which is being settled: its id.
    pub from: &'static str,
    /// How sure the text made us of it.
    pub confidence: Confidence,
    /// Seconds since 1970 at which the facts held: when they were collected, else the time that the caller gave.
    pub now: Option<i64>,
}

/// What facts say about the best text cause of a timeline.
pub struct Settled {
    /// The cause that the facts prove, and how.
    pub proven: Option<(&'static Rule, Proof)>,
    /// What stayed open.
    pub open: Vec<Question>,
    /// What could not be read, of all that concerns this pull.
    pub not_read: Vec<NotRead>,
}

/// Asks every settling that starts from the best text cause.
pub fn settle(recognized: &Recognized<'_>, best: Option<&Ranked>, facts: &Facts, now: Option<i64>) -> Settled {
    let mut settled = Settled { proven: None, open: Vec::new(), not_read: facts.not_read.clone() };
    let Some(best) = best else { return settled };
    let case = Case {
        facts,
        timeline: recognized.timeline,
        image: recognized.image.as_ref(),
        pod: facts.pod(&recognized.timeline.subject),
        place: &recognized.place,
        from: best.cause.id,
        confidence: best.confidence,
        now: facts.collected_at.or(now),
    };
    for cause in causes::rules() {
        for settling in cause.settles.iter().filter(|settling| settling.from.contains(&best.cause.id)) {
            match (settling.when)(&case) {
                Verdict::Proven(proof) => {
                    let better = settled.proven.as_ref().is_none_or(|(_, known)| proof.confidence > known.confidence);
                    if better {
                        settled.proven = Some((cause, proof));
                    }
                }
                Verdict::Open { question, command } => {
                    let question = Question { question, command };
                    if !settled.open.contains(&question) {
                        settled.open.push(question);
                    }
                }
                Verdict::No => {}
            }
        }
    }
    if settled.proven.is_some() {
        settled.open.clear();
    }
    settled
}

/// Whether any cause could be settled from this one, with the facts of a cluster.
pub fn can_be_settled(id: &str) -> bool {
    causes::rules().any(|cause| cause.settles.iter().any(|settling| settling.from.contains(&id)))
}
