//! The answer: one document, the same for the terminal, for programs and for the page.
//!
//! This is the contract of `-o json`, of the WASM export and of this crate: absent values are `null` or `[]`, never left out;
//! fields may be added, none changes its meaning; `cause` is an open set of words.

use crate::cause::{Area, Confidence, Effect, Fix, Outlook, Proof, Rule, Who};
use crate::causes::remedies::SANDBOX;
use crate::fill::Values;
use crate::observations::{
    Attempt, ContainerKind, Facts, NotRead, Note, Observations, PlaceFacts, Role, Source, State, Timeline, When,
};
use crate::order;
use crate::rank::Ranked;
use crate::recognize::{Match, Recognized};
use crate::settle::{self, Settled};
use serde::Serialize;
use std::collections::HashMap;

/// Version of the document's shape. Grows when a field changes its meaning, which is not planned.
pub const SCHEMA: &str = "imagepull/v1";

/// The whole answer.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// What made it.
    pub tool: Tool,
    /// When the facts were collected, seconds since 1970; `null` for pasted text that does not say.
    pub collected_at: Option<i64>,
    /// Remarks about the input.
    pub notes: Vec<Note>,
    /// Findings with the same cause, registry and proof.
    pub groups: Vec<Group>,
    /// One for each failing container of each pod. Those with a named cause first, else in the order of the text.
    pub findings: Vec<Finding>,
}

/// What made a report.
#[derive(Clone, Debug, Serialize)]
pub struct Tool {
    /// The crate's version.
    pub version: &'static str,
    /// Newest versions whose wordings are known.
    pub known: Known,
}

/// Newest versions whose wordings are known, as `1.36`.
#[derive(Clone, Debug, Serialize)]
pub struct Known {
    /// Kubelet and kubectl.
    pub kubernetes: &'static str,
    /// containerd.
    pub containerd: &'static str,
    /// CRI-O.
    pub crio: &'static str,
    /// Docker Engine.
    pub docker: &'static str,
}

/// Findings that are one trouble.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Cause of all of them; `null` where none is named.
    pub cause: Option<String>,
    /// Registry of all of them.
    pub registry: Option<String>,
    /// The words or the fact that proves it, once.
    pub proof: Option<String>,
    /// How many findings, owners, nodes, images and pods.
    pub counts: Counts,
    /// Positions in `findings`.
    pub members: Vec<usize>,
}

/// Counts of a [`Group`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Findings.
    pub findings: usize,
    /// Different pods.
    pub pods: usize,
    /// Different controllers.
    pub owners: usize,
    /// Different nodes.
    pub nodes: usize,
    /// Different images.
    pub images: usize,
}

/// One container's failing pull.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// Namespace.
    pub namespace: Option<String>,
    /// Pod.
    pub pod: Option<String>,
    /// Controller, as `Deployment/web` (`ReplicaSet/web-5d9c` where its own owner is not known).
    pub owner: Option<String>,
    /// Container.
    pub container: Option<Container>,
    /// Image reference as the pod has it.
    pub image: Option<String>,
    /// Its registry, host and port.
    pub registry: Option<String>,
    /// Node.
    pub node: Option<String>,
    /// Kinds of registry, cluster and runtime.
    pub place: PlaceFacts,
    /// `failing`, `retrying` or `healed`.
    pub state: State,
    /// First failure, seconds before the text was made.
    pub first_seen: Option<u64>,
    /// Last failure, seconds before the text was made.
    pub last_seen: Option<u64>,
    /// Seconds until the kubelet tries again, at most; `null` where nothing is known.
    pub next_retry: Option<u64>,
    /// What was tried and said, oldest first.
    pub attempts: Vec<ReportedAttempt>,
    /// Causes, best first. Empty never: a failing pull without a known cause is `unknown-pull-failure` or `back-off-only`.
    pub diagnoses: Vec<Diagnosis>,
    /// What was looked at to decide.
    pub looked_at: Vec<String>,
    /// What could not be read.
    pub not_read: Vec<NotRead>,
    /// What would settle what is open.
    pub would_settle: Vec<Question>,
}

/// A container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Container {
    /// Name; `null` where the text does not say.
    pub name: Option<String>,
    /// Kind.
    pub kind: ContainerKind,
}

/// One attempt.
#[derive(Clone, Debug, Serialize)]
pub struct ReportedAttempt {
    /// Last time, seconds before the text was made.
    pub age: Option<u64>,
    /// Last time, seconds since 1970, where the text has absolute times.
    pub time: Option<i64>,
    /// How often.
    pub count: Option<u32>,
    /// What it said, in the order it was tried.
    pub tries: Vec<Try>,
}

/// One try of an attempt: a credential, a mirror.
#[derive(Clone, Debug, Serialize)]
pub struct Try {
    /// Which try it is.
    pub role: Role,
    /// Its words.
    pub text: String,
    /// The cause that these words name; `null` if none.
    pub cause: Option<String>,
}

/// A named cause.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnosis {
    /// Id of the cause.
    pub cause: String,
    /// Ids of causes that the text also says and that this one says more exactly.
    pub refines: Vec<String>,
    /// What the text alone says, where facts settled it.
    pub settled_from: Option<String>,
    /// Area of the cause.
    pub area: Area,
    /// Heading.
    pub title: String,
    /// How sure.
    pub confidence: Confidence,
    /// Whether waiting can heal it.
    pub outlook: Outlook,
    /// The proof.
    pub evidence: Vec<Evidence>,
    /// Remedies, the one we would do first.
    pub fixes: Vec<ReportedFix>,
}

/// A proof: the user's own words, or a fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// What kind of record; `object` for facts.
    pub source: Source,
    /// Position of the input it stands in; `null` for facts.
    pub input: Option<usize>,
    /// The words: the lines of the input that hold the proof, or the fact.
    pub text: String,
    /// Bytes of the input that prove it, as `[start, end)`.
    pub spans: Vec<[usize; 2]>,
    /// The same in UTF-16 code units, filled by the WASM export.
    pub spans_utf16: Vec<[usize; 2]>,
}

/// A remedy with its blanks filled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportedFix {
    /// What to do.
    pub title: String,
    /// Who can.
    pub who: Who,
    /// Places it is meant for; empty: everywhere.
    pub place: Vec<&'static str>,
    /// Prose.
    pub steps: Vec<String>,
    /// Commands that look.
    pub checks: Vec<ReportedCommand>,
    /// Commands that heal, in order.
    pub commands: Vec<ReportedCommand>,
    /// Side effects.
    pub warnings: Vec<String>,
}

/// A command with its blanks filled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportedCommand {
    /// For a POSIX shell.
    pub run: String,
    /// Environment variables that the user must set before, from a fixed set.
    pub needs: Vec<&'static str>,
    /// What it does.
    pub effect: Effect,
}

/// An open question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Question {
    /// In words.
    pub question: String,
    /// A command that answers it.
    pub command: Option<String>,
}

/// Newest versions whose wordings the catalogue knows.
const KNOWN: Known = Known { kubernetes: "1.36", containerd: "2.3", crio: "1.36", docker: "29" };

/// One pull, settled and ranked, on its way into the report.
pub struct Judged<'a> {
    /// What was recognized.
    pub recognized: Recognized<'a>,
    /// Causes, best first.
    pub ranked: Vec<Ranked>,
    /// What facts say.
    pub settled: Settled,
}

/// Builds the answer.
pub fn report(seen: &Observations, judged: &[Judged<'_>], inputs: &[&str]) -> Report {
    let mut findings: Vec<Finding> = judged.iter().map(|one| finding(one, &seen.facts, inputs)).collect();
    // Those whose cause is named come first; a healed one is history and comes last.
    let last = |finding: &Finding| (finding.state == State::Healed, !is_named(finding));
    order::sort(&mut findings, |a, b| last(a).cmp(&last(b)));
    Report {
        schema: SCHEMA,
        tool: Tool { version: env!("CARGO_PKG_VERSION"), known: KNOWN },
        collected_at: seen.facts.collected_at,
        notes: seen.notes.clone(),
        groups: groups(&findings, inputs),
        findings,
    }
}

/// Whether words or facts name the cause (and not only the place where they would stand).
fn is_named(finding: &Finding) -> bool {
    finding.diagnoses.first().is_some_and(|best| best.area != Area::Other)
}

fn finding(judged: &Judged<'_>, facts: &Facts, inputs: &[&str]) -> Finding {
    let Recognized { timeline, image, place, matches } = &judged.recognized;
    let subject = &timeline.subject;
    let mut values = Values::of(subject, image.as_ref(), crate::read::place::asked(timeline).as_ref(), facts);
    let best_words = judged.ranked.first().into_iter().flat_map(|best| &best.matches).flat_map(|found| &found.words);
    for (name, word) in best_words {
        values.put(name, Some(word));
    }
    if let Some((_, proof)) = &judged.settled.proven {
        for (name, value) in &proof.values {
            values.put(name, Some(value));
        }
    }
    let mut diagnoses: Vec<Diagnosis> = Vec::new();
    if let Some((cause, proof)) = &judged.settled.proven {
        diagnoses.push(settled_diagnosis(cause, proof, judged, place, &values, inputs));
    }
    // What the facts have decided is no other explanation: the settled cause says what it was settled from.
    let decided = |id: &str| {
        let settles = judged.settled.proven.as_ref().map_or(&[][..], |(cause, _)| cause.settles);
        settles.iter().any(|settling| settling.from.contains(&id))
    };
    for ranked in judged.ranked.iter().filter(|ranked| !decided(ranked.cause.id)) {
        if diagnoses.iter().all(|known| known.cause != ranked.cause.id) {
            diagnoses.push(diagnosis(ranked, place, &values, inputs));
        }
    }
    // A cause without words of its own is the answer where nothing else is; beside others it says nothing.
    if diagnoses.len() > 1 {
        let first = diagnoses[0].cause.clone();
        diagnoses.retain(|one| one.cause == first || one.area != Area::Other);
    }
    let failures = timeline.attempts.iter().map(|attempt| &attempt.when);
    let age_of = |when: &When, time: Option<i64>, age: Option<u64>| {
        age.or_else(|| Some(facts.collected_at?.checked_sub(time?)?.max(0) as u64))
            .filter(|_| when.order > 0 || age.is_some())
    };
    let last_seen = failures.clone().filter_map(|when| age_of(when, when.time, when.age)).min();
    let first_seen =
        failures.filter_map(|when| age_of(when, when.first_time.or(when.time), when.first_age.or(when.age))).max();
    let open = match diagnoses.first() {
        Some(best)
            if judged.settled.proven.is_none()
                && judged.settled.open.is_empty()
                && settle::can_be_settled(&best.cause)
                && !has_cluster_facts(facts) =>
        {
            let command =
                values.sentence("kubectl imagepull why {pod}[ -n {namespace}]").filter(|_| subject.pod.is_some());
            let command = command.unwrap_or_else(|| "kubectl imagepull why POD -n NAMESPACE".to_owned());
            vec![Question {
                question: "The text leaves open what lies behind it; the cluster's own objects can decide.".to_owned(),
                command: Some(command),
            }]
        }
        _ => judged.settled.open.clone(),
    };
    let container = Container { name: subject.container.clone(), kind: subject.kind };
    Finding {
        namespace: subject.namespace.clone(),
        pod: subject.pod.clone(),
        owner: crate::fill::top_owner(subject, facts),
        container: (subject.container.is_some() || subject.kind != ContainerKind::Regular).then_some(container),
        image: subject.image.clone().or_else(|| image.as_ref().map(|image| image.text.clone())),
        registry: image.as_ref().map(|image| image.registry.clone()),
        node: subject.node.clone(),
        place: *place,
        state: timeline.state,
        first_seen,
        last_seen,
        next_retry: next_retry(timeline),
        attempts: timeline
            .attempts
            .iter()
            .enumerate()
            .map(|(index, attempt)| reported_attempt(index, attempt, matches))
            .collect(),
        diagnoses,
        looked_at: facts.looked_at.clone(),
        not_read: judged.settled.not_read.clone(),
        would_settle: open,
    }
}

/// Whether objects of a cluster were given, beyond what a description says.
fn has_cluster_facts(facts: &Facts) -> bool {
    !facts.looked_at.is_empty()
        || !facts.service_accounts.is_empty()
        || !facts.secrets.is_empty()
        || facts.collected_at.is_some()
}

/// Seconds until the next attempt, at most: the window after attempt n is 10 s · 2^(n-1), at most 300 s, and a pod is looked at
/// every 10 to 15 s (kubernetes, pkg/kubelet/images and client-go util/flowcontrol).
fn next_retry(timeline: &Timeline) -> Option<u64> {
    let back_off = timeline.back_off.filter(|_| timeline.state == State::Failing)?;
    let since = back_off.since_last?;
    let window = match back_off.attempts {
        Some(attempts) => 10u64.saturating_mul(1 << attempts.saturating_sub(1).min(6)).min(300),
        None => 300,
    };
    Some(window.saturating_sub(since) + 15)
}

fn reported_attempt(index: usize, attempt: &Attempt, matches: &[Match]) -> ReportedAttempt {
    let tries = attempt.messages.iter().enumerate().map(|(number, message)| {
        let of_try =
            matches.iter().filter(|found| found.attempt == Some(index) && found.message == number && found.by_words);
        let best = of_try.max_by(|a, b| a.confidence.cmp(&b.confidence).then(a.depth.cmp(&b.depth)));
        Try {
            role: message.role,
            text: shown(message.text.as_str()),
            cause: best.map(|found| found.cause.id.to_owned()),
        }
    });
    ReportedAttempt {
        age: attempt.when.age,
        time: attempt.when.time,
        count: attempt.when.count,
        tries: tries.collect(),
    }
}

/// An error text as it is repeated in a report: not more than a screen of it.
fn shown(text: &str) -> String {
    const MOST: usize = 4000;
    if text.len() <= MOST {
        return text.to_owned();
    }
    format!("{}…", &text[..crate::text::floor_boundary(text, MOST)])
}

fn diagnosis(ranked: &Ranked, place: &PlaceFacts, values: &Values, inputs: &[&str]) -> Diagnosis {
    let cause = ranked.cause;
    Diagnosis {
        cause: cause.id.to_owned(),
        refines: ranked.refined.iter().map(|cause| cause.id.to_owned()).collect(),
        settled_from: None,
        area: cause.area,
        title: cause.title.to_owned(),
        confidence: ranked.confidence,
        outlook: cause.outlook,
        evidence: evidence(ranked, inputs),
        fixes: fixes(cause, place, values),
    }
}

fn settled_diagnosis(
    cause: &'static Rule,
    proof: &Proof,
    judged: &Judged<'_>,
    place: &PlaceFacts,
    values: &Values,
    inputs: &[&str],
) -> Diagnosis {
    let text_cause = judged.ranked.first();
    let mut proofs = text_cause.map(|ranked| evidence(ranked, inputs)).unwrap_or_default();
    proofs.extend(proof.lines.iter().map(|(object, says)| Evidence {
        source: Source::Object,
        input: None,
        text: format!("{object}: {says}"),
        spans: Vec::new(),
        spans_utf16: Vec::new(),
    }));
    Diagnosis {
        cause: cause.id.to_owned(),
        refines: Vec::new(),
        settled_from: text_cause.map(|ranked| ranked.cause.id.to_owned()).filter(|from| from != cause.id),
        area: cause.area,
        title: cause.title.to_owned(),
        confidence: proof.confidence,
        outlook: cause.outlook,
        evidence: proofs,
        fixes: fixes(cause, place, values),
    }
}

fn fixes(cause: &Rule, place: &PlaceFacts, values: &Values) -> Vec<ReportedFix> {
    let fits = |fix: &&Fix| place.fits(fix.only) && values.know(fix.known);
    Fix::once([&SANDBOX].into_iter().chain(cause.fixes).filter(fits)).map(|fix| values.fix(fix)).collect()
}

/// The best sign's places, as the lines of the input that hold them.
fn evidence(ranked: &Ranked, inputs: &[&str]) -> Vec<Evidence> {
    let mut all: Vec<Evidence> = Vec::new();
    let Some(best) = ranked.matches.first() else { return all };
    for found in &best.proofs {
        let Some(input) = inputs.get(found.input) else { continue };
        let (start, end) = (found.span.start.min(input.len()), found.span.end.min(input.len()));
        let line_start = input[..crate::text::floor_boundary(input, start)].rfind('\n').map_or(0, |at| at + 1);
        let line_end = input.get(end..).and_then(|rest| rest.find('\n')).map_or(input.len(), |at| end + at);
        let text = input.get(line_start..line_end).unwrap_or_default().trim_end_matches('\r').to_owned();
        match all.iter_mut().find(|known| known.input == Some(found.input) && known.text == text) {
            Some(known) if known.spans.contains(&[start, end]) => {}
            Some(known) => known.spans.push([start, end]),
            None => all.push(Evidence {
                source: found.source,
                input: Some(found.input),
                text,
                spans: vec![[start, end]],
                spans_utf16: Vec::new(),
            }),
        }
    }
    all.iter_mut().for_each(|evidence| order::sort(&mut evidence.spans, |a, b| a.cmp(b)));
    all
}

/// Findings with the same cause, registry and proof are one trouble.
fn groups(findings: &[Finding], inputs: &[&str]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut keys: HashMap<String, usize> = HashMap::new();
    for (index, finding) in findings.iter().enumerate().filter(|(_, finding)| finding.state != State::Healed) {
        let best = finding.diagnoses.first();
        let cause = best.map(|best| best.cause.clone());
        let proof = best.and_then(|best| best.evidence.first()).map(|evidence| proof_words(evidence, inputs));
        let registry = finding.registry.clone();
        let part = |text: &Option<String>| text.clone().unwrap_or_default();
        let key = [part(&cause), part(&registry), part(&proof)].join("\n");
        let at = *keys.entry(key).or_insert_with(|| {
            groups.push(Group { cause, registry, proof, counts: Counts::default(), members: Vec::new() });
            groups.len() - 1
        });
        groups[at].members.push(index);
    }
    for group in &mut groups {
        let count = |of: &dyn Fn(&Finding) -> Option<String>| {
            let mut values: HashMap<String, usize> = HashMap::new();
            for index in &group.members {
                values.extend(of(&findings[*index]).map(|value| (value, *index)));
            }
            values.len()
        };
        group.counts = Counts {
            findings: group.members.len(),
            pods: count(&|finding| {
                Some(format!("{}/{}", finding.namespace.as_deref().unwrap_or_default(), finding.pod.as_ref()?))
            }),
            owners: count(&|finding| {
                Some(format!("{}/{}", finding.namespace.as_deref().unwrap_or_default(), finding.owner.as_ref()?))
            }),
            nodes: count(&|finding| finding.node.clone()),
            images: count(&|finding| finding.image.clone()),
        };
    }
    groups
}

/// The proving words alone: what stands around them (ages, names) differs between members of a group. Names in them are left
/// out, too.
fn proof_words(evidence: &Evidence, inputs: &[&str]) -> String {
    let span =
        evidence.spans.first().zip(evidence.input).and_then(|(span, input)| inputs.get(input)?.get(span[0]..span[1]));
    let words = span.unwrap_or(&evidence.text);
    let plain = words
        .split_whitespace()
        .map(|word| if word.contains(['/', '@']) || word.matches('.').count() > 1 { "…" } else { word });
    shown(&plain.collect::<Vec<_>>().join(" "))
}
