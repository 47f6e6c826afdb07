//! Puts what was recognized in order: the latest attempt decides; inside of it the surest sign, then the innermost words.
//! No cause is named and no list order counts; the one precedence between causes is the declared relation `refines`.

use crate::cause::{Area, Confidence, Rule};
use crate::observations::Role;
use crate::order;
use crate::recognize::{Match, Recognized};

/// A cause of a finding, with all that speaks for it.
pub struct Ranked {
    /// The cause.
    pub cause: &'static Rule,
    /// How sure.
    pub confidence: Confidence,
    /// What proves it, best first. Never empty.
    pub matches: Vec<Match>,
    /// Causes that the text also says, and that this one says more exactly.
    pub refined: Vec<&'static Rule>,
}

/// The causes of one timeline, best first.
pub fn rank(recognized: &Recognized<'_>) -> Vec<Ranked> {
    let matches = decisive(&recognized.matches);
    let mut ranked: Vec<Ranked> = Vec::new();
    for found in sorted(matches) {
        match ranked.iter_mut().find(|known| known.cause.id == found.cause.id) {
            Some(known) => known.matches.push(found.clone()),
            None => ranked.push(Ranked {
                cause: found.cause,
                confidence: found.confidence,
                matches: vec![found.clone()],
                refined: Vec::new(),
            }),
        }
    }
    refine(ranked)
}

/// The matches of the latest attempt that says why. An attempt that says nothing we know leaves the word to the one before.
fn decisive(matches: &[Match]) -> Vec<&Match> {
    let telling = |found: &&Match| found.by_words || found.confidence > Confidence::Possible;
    let latest = matches.iter().filter(telling).map(|found| found.attempt).max();
    let latest = latest.unwrap_or_else(|| matches.iter().map(|found| found.attempt).max().flatten());
    matches.iter().filter(|found| found.attempt == latest).collect()
}

/// Best first: tries that matter before tries that are noise, then sureness, then the order of the tries, then depth.
fn sorted(mut matches: Vec<&Match>) -> Vec<&Match> {
    let noise = |found: &Match, all: &[&Match]| -> bool {
        let others = || {
            all.iter().filter(|other| {
                other.message != found.message && (other.by_words || other.confidence > Confidence::Possible)
            })
        };
        match found.role {
            // One of several credentials was none at all: its refusal says nothing about the others.
            Role::Credential => found.anonymous && others().any(|other| !other.anonymous),
            // A mirror's failure does not count when the registry itself answered (a failure on the way is no answer).
            Role::Mirror => others().any(|other| other.role == Role::Upstream && !on_the_way(other.cause.area)),
            Role::Upstream => {
                on_the_way(found.cause.area)
                    && others().any(|other| other.role == Role::Mirror && !on_the_way(other.cause.area))
            }
            // CRI-O's second try says the same again, or nothing.
            Role::Artifact => others().any(|other| other.role != Role::Artifact),
            Role::Only => false,
        }
    };
    let noisy: Vec<bool> = matches.iter().map(|found| noise(found, &matches)).collect();
    let mut keyed: Vec<(bool, &Match)> = noisy.into_iter().zip(matches.drain(..)).collect();
    order::sort(&mut keyed, |(a_noise, a), (b_noise, b)| {
        a_noise
            .cmp(b_noise)
            .then(b.confidence.cmp(&a.confidence))
            .then(b.by_words.cmp(&a.by_words))
            .then(a.message.cmp(&b.message))
            .then(b.depth.cmp(&a.depth))
    });
    keyed.into_iter().map(|(_, found)| found).collect()
}

fn on_the_way(area: Area) -> bool {
    matches!(area, Area::Network | Area::Tls)
}

/// A cause that refines others stands before them, and they become its remark.
fn refine(mut ranked: Vec<Ranked>) -> Vec<Ranked> {
    let ids: Vec<&str> = ranked.iter().map(|one| one.cause.id).collect();
    let refiners: Vec<usize> =
        (0..ranked.len()).filter(|&index| ranked[index].cause.refines.iter().any(|id| ids.contains(id))).collect();
    for index in refiners {
        let cause = ranked[index].cause;
        let refined: Vec<&'static Rule> =
            ranked.iter().map(|one| one.cause).filter(|other| cause.refines.contains(&other.id)).collect();
        ranked[index].refined = refined;
    }
    let gone: Vec<&str> = ranked.iter().flat_map(|one| one.refined.iter().map(|cause| cause.id)).collect();
    // The refiner takes the best place among itself and those it refines.
    let place = |one: &Ranked| {
        let own = ids.iter().position(|id| *id == one.cause.id).unwrap_or(usize::MAX);
        one.refined.iter().filter_map(|cause| ids.iter().position(|id| *id == cause.id)).fold(own, usize::min)
    };
    let mut placed: Vec<(usize, Ranked)> = ranked.drain(..).map(|one| (place(&one), one)).collect();
    placed.retain(|(_, one)| !gone.contains(&one.cause.id));
    order::sort(&mut placed, |(a, _), (b, _)| a.cmp(b));
    placed.into_iter().map(|(_, one)| one).collect()
}
