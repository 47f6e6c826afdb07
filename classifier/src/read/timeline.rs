//! Puts records in the order of time, container by container: which attempt was the latest, and did a success clear it?

use crate::observations::{
    Attempt, BackOff, ContainerFacts, ContainerKind, Facts, Message, Note, Observations, PodFacts, Source, State,
    Subject, Timeline, When,
};
use crate::order;
use crate::read::describe::{Description, Kind};
use crate::read::image_ref::ImageRef;
use crate::read::message::{self, Said};
use crate::read::record::Record;
use crate::text::Text;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

/// Attempts of one timeline that are kept word by word; more are counted with the last. A log of a day says the same thing often.
const MOST_ATTEMPTS: usize = 24;

/// Takes records as they are read, and makes timelines of them.
#[derive(Default)]
pub struct Assembler {
    /// What objects said.
    pub facts: Facts,
    tracks: Vec<Track>,
    /// Whose records there are, in the order in which they were met.
    owners: Vec<Owner>,
    /// Positions in `owners`.
    owner_at: HashMap<String, usize>,
    /// What the records that are no pull look like.
    elsewhere: Vec<&'static str>,
    pulled_something: bool,
    /// Descriptions and statuses that show a failing pull without its cause.
    section: usize,
    order: usize,
    /// Containers that are known to run, by pod.
    running: Vec<(OwnerKey, String)>,
    described_pods: usize,
    without_events: usize,
    /// What log lines have said before, by their words: the tracks that they touched.
    said: HashMap<(usize, u64), Vec<Touch>>,
    /// A mark of each track's image: two that differ are different images. 0 where none is known.
    marks: Vec<u64>,
}

/// What a record changed. The same record again only makes it newer.
#[derive(Clone, Copy, Debug)]
enum Touch {
    Attempt { track: usize, attempt: usize },
    Waits(usize),
    Pulling(usize),
    Success(usize),
}

/// Lines of a log that are remembered by their words, before all of them are forgotten.
const MOST_REMEMBERED: usize = 20_000;

/// Whose records belong together: a pod, or (where none is named) a section of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
enum OwnerKey {
    Pod(String, String),
    Section(usize),
}

/// What is known of the records of one owner.
struct Owner {
    key: OwnerKey,
    /// Positions of its tracks.
    tracks: Vec<usize>,
    /// Records that are no pull and say something about one.
    beside: Vec<(Message, When)>,
}

impl OwnerKey {
    /// The key as one word; a section's has no slash.
    fn words(&self) -> String {
        match self {
            OwnerKey::Pod(namespace, pod) => format!("{namespace}/{pod}"),
            OwnerKey::Section(section) => section.to_string(),
        }
    }
}

#[derive(Default)]
struct Track {
    subject: Subject,
    /// By the words of the error.
    attempts: Vec<(Text, Option<String>, Source, When)>,
    waits: Option<(Text, Option<String>, Source, When)>,
    pulling: Option<When>,
    success: Option<When>,
    order: usize,
    owner: Option<OwnerKey>,
}

impl Assembler {
    /// What follows is about another pod, or another object.
    pub fn new_section(&mut self) {
        self.section += 1;
    }

    /// A pod's facts.
    pub fn pod(&mut self, pod: PodFacts) {
        let key = OwnerKey::Pod(pod.namespace.clone(), pod.name.clone());
        for container in pod.containers.iter().filter(|container| container.has_run && container.waiting.is_none()) {
            self.running.push((key.clone(), container.name.clone()));
        }
        self.facts.pods.push(pod);
    }

    /// A pod's description, once it is over: its containers show which pulls fail even where no event tells why.
    pub fn describe(&mut self, description: Description, text: &dyn Fn(Range<usize>) -> Text) {
        if description.kind != Kind::Pod || description.containers.is_empty() {
            return;
        }
        let facts = description.facts();
        self.described_pods += 1;
        if !description.in_events() {
            self.without_events += 1;
        }
        let subject = description.subject.clone();
        let key = self.key(&subject);
        // Records of this pod's events that named an image only belong to the container that has it.
        for container in &description.containers {
            let facts = &container.facts;
            let tracks = self.owner(&key).map(|owner| owner.tracks.clone()).unwrap_or_default();
            let fits = tracks.iter().copied().find(|&index| {
                let of = &self.tracks[index].subject;
                of.container.is_none()
                    && of.kind != ContainerKind::Sandbox
                    && of.image.as_deref() == Some(facts.image.as_str())
            });
            if let Some(index) = fits {
                self.tracks[index].subject.container = Some(facts.name.clone());
                self.tracks[index].subject.kind = facts.kind;
            }
        }
        self.pod(facts);
        for container in description.containers {
            let Some((reason, place)) = container.reason else { continue };
            if container.state.as_deref() != Some("Waiting") {
                continue;
            }
            let subject = Subject {
                container: Some(container.facts.name.clone()),
                kind: container.facts.kind,
                image: Some(container.facts.image.clone()).filter(|image| !image.is_empty()),
                ..subject.clone()
            };
            let when = When { age: Some(0), ..When::default() };
            let record = Record {
                text: text(place).trim(),
                source: Source::Status,
                reason: Some(reason),
                subject,
                when,
                ..Record::default()
            };
            self.add(record);
        }
    }

    /// Takes a record.
    pub fn add(&mut self, record: Record) {
        self.add_touching(record);
    }

    fn add_touching(&mut self, mut record: Record) -> Vec<Touch> {
        self.order += 1;
        record.when.order = self.order;
        record.section = self.section;
        message::interpret(&record).into_iter().filter_map(|said| self.take(&record, said)).collect()
    }

    /// Takes a record of a log, and remembers what it changed by its words.
    pub fn add_log(&mut self, record: Record, words: &str) {
        let touches = self.add_touching(record);
        if self.said.len() >= MOST_REMEMBERED {
            self.said.clear();
        }
        self.said.insert((self.section, hash(words)), touches);
    }

    /// Whether a log line with these words was taken before: then, what [`Assembler::again`] asks for.
    pub fn known(&self, words: &str) -> Option<u64> {
        Some(hash(words)).filter(|hash| self.said.contains_key(&(self.section, *hash)))
    }

    /// Takes a known log line again, without reading it again.
    pub fn again(&mut self, known: u64) -> bool {
        let Some(touches) = self.said.get(&(self.section, known)) else { return false };
        self.order += 1;
        let now = When { order: self.order, count: None, ..When::default() };
        for touch in touches {
            let newer = |when: &mut When| {
                when.order = now.order;
                when.count = Some(when.count.unwrap_or(1).saturating_add(1));
            };
            match *touch {
                Touch::Attempt { track, attempt } => {
                    if let Some((.., when)) =
                        self.tracks.get_mut(track).and_then(|track| track.attempts.get_mut(attempt))
                    {
                        newer(when);
                    }
                }
                Touch::Waits(track) => {
                    if let Some((.., when)) = self.tracks.get_mut(track).and_then(|track| track.waits.as_mut()) {
                        newer(when);
                    }
                }
                Touch::Pulling(track) => {
                    if let Some(when) = self.tracks.get_mut(track).and_then(|track| track.pulling.as_mut()) {
                        newer(when);
                    }
                }
                Touch::Success(track) => {
                    if let Some(when) = self.tracks.get_mut(track).and_then(|track| track.success.as_mut()) {
                        newer(when);
                    }
                }
            }
        }
        true
    }

    fn key(&self, subject: &Subject) -> OwnerKey {
        match &subject.pod {
            Some(pod) => OwnerKey::Pod(subject.namespace.clone().unwrap_or_default(), pod.clone()),
            None => OwnerKey::Section(self.section),
        }
    }

    fn owner(&self, key: &OwnerKey) -> Option<&Owner> {
        self.owners.get(*self.owner_at.get(&key.words())?)
    }

    fn owner_mut(&mut self, key: OwnerKey) -> &mut Owner {
        let at = *self.owner_at.entry(key.words()).or_insert(self.owners.len());
        if at == self.owners.len() {
            self.owners.push(Owner { key, tracks: Vec::new(), beside: Vec::new() });
        }
        &mut self.owners[at]
    }

    fn take(&mut self, record: &Record, said: Said) -> Option<Touch> {
        let mut subject = record.subject.clone();
        let name = |subject: &mut Subject, image: Option<String>, container: Option<(ContainerKind, String)>| {
            if let Some((kind, name)) = container {
                subject.kind = kind;
                subject.container = Some(name);
            }
            if image.is_some() {
                subject.image = image;
            }
        };
        match said {
            Said::Else(code) => {
                if !self.elsewhere.contains(&code) {
                    self.elsewhere.push(code);
                }
                None
            }
            Said::Beside => {
                let key = self.key(&subject);
                let message = message::plain(&record.text, record.source, record.reason.as_deref());
                let list = &mut self.owner_mut(key).beside;
                if list.len() < MOST_ATTEMPTS
                    && !list.iter().any(|(known, _)| known.text.as_str() == message.text.as_str())
                {
                    list.push((message, record.when.clone()));
                }
                None
            }
            Said::Pulling(image) => {
                name(&mut subject, image, None);
                let when = record.when.clone();
                let key = self.key(&subject);
                let index = self.find(&key, &subject).unwrap_or_else(|| self.track(&subject));
                let track = &mut self.tracks[index];
                track.pulling = later(track.pulling.take(), when);
                Some(Touch::Pulling(index))
            }
            Said::Pulled(image) => {
                name(&mut subject, image, None);
                self.pulled_something = true;
                let index = self.track(&subject);
                let track = &mut self.tracks[index];
                track.success = later(track.success.take(), record.when.clone());
                Some(Touch::Success(index))
            }
            Said::Started(container) => {
                self.pulled_something = true;
                if subject.container.is_none() {
                    subject.container = container;
                }
                let key = self.key(&subject);
                let index = self.find(&key, &subject).filter(|_| subject.container.is_some())?;
                let track = &mut self.tracks[index];
                track.success = later(track.success.take(), record.when.clone());
                Some(Touch::Success(index))
            }
            Said::Failed { image, container, reason, error } => {
                if is_sandbox(record, error.as_str()) {
                    subject.container = None;
                    subject.kind = ContainerKind::Sandbox;
                    subject.image = sandbox_image(error.as_str()).or(image);
                } else {
                    name(&mut subject, image, container);
                }
                let index = self.track(&subject);
                let reason = reason.or_else(|| record.reason.clone().filter(|reason| reason != "Failed"));
                let track = &mut self.tracks[index];
                let words = core(error.as_str());
                // what ends otherwise needs no closer look
                let same = |text: &str| without_end(text).ends_with(words) && core(text) == words;
                let attempt = if let Some(known) = track.attempts.iter().position(|(text, ..)| same(text.as_str())) {
                    let slot = &mut track.attempts[known];
                    slot.1 = slot.1.take().or(reason);
                    slot.3 = merge(&slot.3, &record.when);
                    known
                } else {
                    if track.attempts.len() == MOST_ATTEMPTS {
                        track.attempts.pop();
                    }
                    track.attempts.push((error, reason, record.source, record.when.clone()));
                    track.attempts.len() - 1
                };
                Some(Touch::Attempt { track: index, attempt })
            }
            Said::Waits { image, container, word } => {
                name(&mut subject, image, container);
                let key = self.key(&subject);
                // `Error: ErrImagePull` names neither image nor container: it belongs to what fails in this pod already.
                let anonymous = subject.image.is_none() && subject.container.is_none();
                let index = match self.owner(&key).and_then(|owner| owner.tracks.last().copied()).filter(|_| anonymous)
                {
                    Some(index) => index,
                    None => self.track(&subject),
                };
                let track = &mut self.tracks[index];
                let names_cause =
                    word.as_deref().is_some_and(|word| !matches!(word, "ErrImagePull" | "ImagePullBackOff"));
                let known_names_cause = matches!(&track.waits, Some((_, Some(known), ..)) if !matches!(known.as_str(), "ErrImagePull" | "ImagePullBackOff"));
                match &mut track.waits {
                    Some(waits) if known_names_cause && !names_cause => waits.3 = merge(&waits.3, &record.when),
                    Some(waits) if !names_cause && is_newer(&waits.3, &record.when) => {}
                    waits => {
                        let when =
                            waits.as_ref().map_or_else(|| record.when.clone(), |(.., when)| merge(when, &record.when));
                        *waits = Some((record.text.clone(), word, record.source, when));
                    }
                }
                Some(Touch::Waits(index))
            }
        }
    }

    /// The track of this subject, or a new one.
    fn track(&mut self, subject: &Subject) -> usize {
        let key = self.key(subject);
        if let Some(index) = self.find(&key, subject) {
            let of = &mut self.tracks[index].subject;
            fill(&mut of.container, &subject.container);
            fill(&mut of.image, &subject.image);
            fill(&mut of.node, &subject.node);
            fill(&mut of.owner, &subject.owner);
            fill(&mut of.namespace, &subject.namespace);
            fill(&mut of.service_account, &subject.service_account);
            if subject.kind != ContainerKind::Regular {
                of.kind = subject.kind;
            }
            self.marks[index] = mark(&of.image);
            return index;
        }
        let index = self.tracks.len();
        self.marks.push(mark(&subject.image));
        self.tracks.push(Track {
            subject: subject.clone(),
            order: self.order,
            owner: Some(key.clone()),
            ..Track::default()
        });
        self.owner_mut(key).tracks.push(index);
        index
    }

    fn find(&self, key: &OwnerKey, subject: &Subject) -> Option<usize> {
        let tracks = &self.owner(key)?.tracks;
        let sandbox = subject.kind == ContainerKind::Sandbox;
        let own = mark(&subject.image);
        let same = |index: &&usize| {
            let mark = self.marks[**index];
            if mark != own && mark != 0 && own != 0 {
                return false;
            }
            let of = &self.tracks[**index].subject;
            if sandbox != (of.kind == ContainerKind::Sandbox) {
                return false;
            }
            match (&of.container, &subject.container) {
                (Some(a), Some(b)) => a == b && !clash(of, subject),
                _ => match (&of.image, &subject.image) {
                    (Some(a), Some(b)) => same_image(a, b),
                    _ => true,
                },
            }
        };
        // The most exact first: the same container, then the same image, then whatever does not contradict.
        let exact = tracks.iter().find(|index| {
            let of = &self.tracks[**index].subject;
            same(index) && (of.container.is_some() && of.container == subject.container)
        });
        let by_image = || {
            tracks
                .iter()
                .find(|index| same(index) && self.tracks[**index].subject.image.is_some() && subject.image.is_some())
        };
        exact.or_else(by_image).or_else(|| tracks.iter().rev().find(same)).copied()
    }

    /// Log lines of one failure name its pod, or its image, seldom both: what an unnamed track says is dropped where a pod's
    /// track of the same image says it, too.
    fn join_logs(&mut self) {
        let mut of_pods: HashMap<String, usize> = HashMap::new();
        for (index, track) in self.tracks.iter().enumerate().filter(|(_, track)| track.subject.pod.is_some()) {
            for (text, ..) in &track.attempts {
                of_pods.entry(core(text.as_str()).to_owned()).or_insert(index);
            }
        }
        for index in 0..self.tracks.len() {
            let track = &self.tracks[index];
            if track.subject.pod.is_some() || track.attempts.is_empty() {
                continue;
            }
            let said_by = |text: &Text| of_pods.get(core(text.as_str())).copied();
            let Some(into) = track
                .attempts
                .iter()
                .map(|(text, ..)| said_by(text))
                .collect::<Option<Vec<_>>>()
                .and_then(|all| all.first().copied())
            else {
                continue;
            };
            let image = std::mem::take(&mut self.tracks[index]).subject.image;
            fill(&mut self.tracks[into].subject.image, &image);
        }
    }

    /// The timelines of all that failed, and the notes.
    pub fn finish(mut self) -> Observations {
        self.join_logs();
        self.join_unnamed();
        let mut timelines = Vec::new();
        // A pod whose containers got as far as a pull has its sandbox. Lines of a log that name no pod are of any.
        let of_log = |track: &Track| {
            track.subject.pod.is_none() && track.attempts.iter().any(|(_, _, source, _)| *source == Source::Log)
        };
        for index in 0..self.tracks.len() {
            if self.tracks[index].subject.kind == ContainerKind::Sandbox && !of_log(&self.tracks[index]) {
                let owner = &self.tracks[index].owner;
                let others = self
                    .tracks
                    .iter()
                    .filter(|track| track.subject.kind != ContainerKind::Sandbox && track.owner == *owner);
                let moments = others.flat_map(|track| {
                    track.attempts.iter().map(|(.., when)| when).chain(&track.pulling).chain(&track.success)
                });
                let latest = moments.fold(None, |latest, when| later(latest, when.clone()));
                self.tracks[index].success = latest;
            }
        }
        for track in std::mem::take(&mut self.tracks) {
            if track.attempts.is_empty() && track.waits.is_none() {
                continue;
            }
            timelines.push(self.timeline(track));
        }
        self.add_unretrieved_secrets(&mut timelines);
        if let Some(target) = &self.facts.target {
            timelines.retain(|timeline| target.includes(&timeline.subject));
        }
        order::sort(&mut timelines, |a, b| a.order.cmp(&b.order));
        let notes = self.notes(&timelines);
        Observations { timelines, facts: self.facts, notes }
    }

    /// Text without a pod's name beside text with one (`kubectl get pods`, then a message): where there is one of each, they are
    /// the same.
    fn join_unnamed(&mut self) {
        let unnamed: Vec<usize> =
            (0..self.tracks.len()).filter(|&i| self.tracks[i].subject.pod.is_none() && self.is_failing(i)).collect();
        let bare: Vec<usize> = (0..self.tracks.len())
            .filter(|&i| {
                self.tracks[i].subject.pod.is_some()
                    && self.tracks[i].attempts.is_empty()
                    && self.tracks[i].waits.is_some()
            })
            .collect();
        let no_other_pod = self.tracks.iter().filter(|track| track.subject.pod.is_some()).count() == bare.len();
        if let ([first], [pod]) = (&unnamed[..], &bare[..])
            && no_other_pod
        {
            let clash = clash(&self.tracks[*first].subject, &self.tracks[*pod].subject);
            if !clash {
                let from = std::mem::take(&mut self.tracks[*pod]);
                let into = &mut self.tracks[*first];
                into.owner = from.owner;
                into.subject.pod = from.subject.pod;
                fill(&mut into.subject.namespace, &from.subject.namespace);
                fill(&mut into.subject.container, &from.subject.container);
                fill(&mut into.subject.image, &from.subject.image);
                into.waits = into.waits.take().or(from.waits);
            }
        }
        // A loose sentence without an image next to one with: the same pull.
        let loose: Vec<usize> =
            (0..self.tracks.len()).filter(|&i| self.tracks[i].subject.pod.is_none() && self.is_failing(i)).collect();
        if let [first, second] = loose[..]
            && self.tracks[first].owner == self.tracks[second].owner
        {
            let images = [first, second].map(|i| self.tracks[i].subject.image.is_some());
            let causes = [first, second].map(|i| !self.tracks[i].attempts.is_empty());
            if images.iter().filter(|has| **has).count() == 1 && causes.iter().filter(|has| **has).count() == 1 {
                let (keep, drop) = if causes[0] { (first, second) } else { (second, first) };
                let from = std::mem::take(&mut self.tracks[drop]);
                fill(&mut self.tracks[keep].subject.image, &from.subject.image);
                fill(&mut self.tracks[keep].subject.container, &from.subject.container);
                self.tracks[keep].waits = self.tracks[keep].waits.take().or(from.waits);
            }
        }
    }

    fn is_failing(&self, index: usize) -> bool {
        !self.tracks[index].attempts.is_empty() || self.tracks[index].waits.is_some()
    }

    fn timeline(&self, track: Track) -> Timeline {
        let key = track.owner.clone().unwrap_or(OwnerKey::Section(0));
        let mut subject = track.subject;
        self.complete(&mut subject);
        let names: Vec<&str> = [&subject.image, &subject.pod, &subject.namespace, &subject.container, &subject.node]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        let mut attempts: Vec<Attempt> = track
            .attempts
            .iter()
            .map(|(error, reason, source, when)| Attempt {
                messages: message::messages(error, *source, reason.as_deref(), &names),
                when: when.clone(),
            })
            .filter(|attempt| !attempt.messages.is_empty())
            .collect();
        order::sort(&mut attempts, |a, b| in_time(&a.when, &b.when));
        let shown_by =
            track.waits.as_ref().map(|(text, word, source, _)| message::plain(text, *source, word.as_deref()));
        // A waiting word that names a cause by itself (`InvalidImageName`) is an attempt where nothing else is.
        if attempts.is_empty()
            && let Some((_, Some(word), _, when)) = &track.waits
            && !matches!(word.as_str(), "ErrImagePull" | "ImagePullBackOff")
        {
            attempts.extend(shown_by.clone().map(|message| Attempt { messages: vec![message], when: when.clone() }));
        }
        let last_failure = attempts
            .iter()
            .map(|attempt| &attempt.when)
            .chain(track.waits.iter().map(|(.., when)| when))
            .fold(None, |latest: Option<When>, when| later(latest, when.clone()));
        let runs = subject
            .container
            .as_ref()
            .is_some_and(|name| self.running.iter().any(|(owner, running)| *owner == key && running == name));
        let waits_now = track.waits.as_ref().is_some_and(|(_, _, source, _)| *source == Source::Status);
        let cleared =
            matches!((&track.success, &last_failure), (Some(success), Some(failure)) if is_newer(success, failure));
        let retrying = matches!((&track.pulling, &last_failure), (Some(pulling), Some(failure)) if is_newer(pulling, failure) && differs(pulling, failure));
        let state = if waits_now {
            State::Failing
        } else if runs || cleared {
            State::Healed
        } else if retrying {
            State::Retrying
        } else {
            State::Failing
        };
        let back_off = track.pulling.as_ref().map(|pulling| BackOff {
            // a row without a count happened once
            attempts: pulling.count.or(pulling.age.map(|_| 1)),
            since_last: pulling
                .age
                .or_else(|| Some(self.facts.collected_at?.checked_sub(pulling.time?)?.max(0) as u64)),
        });
        // Records beside the pull: those of the same pod, and loose ones; one that names another image is about another pull.
        let loose = self
            .owners
            .iter()
            .filter(|owner| matches!(owner.key, OwnerKey::Section(_)) && owner.key != key)
            .flat_map(|owner| &owner.beside);
        let own = self.owner(&key).into_iter().flat_map(|owner| &owner.beside);
        let speaks_of_it =
            |message: &Message, must: bool| match (message::named_image(message.text.as_str()), &subject.image) {
                (Some(named), Some(image)) => same_image(&named, image) || same_name(&named, image),
                _ => !must,
            };
        let beside: Vec<Message> = own
            .filter(|(message, _)| speaks_of_it(message, false))
            .chain(loose.filter(|(message, _)| message::is_about_node(message) || speaks_of_it(message, true)))
            .map(|(message, _)| message.clone())
            .collect();
        Timeline { subject, attempts, beside, state, back_off, order: track.order, shown_by }
    }

    /// What the pod's facts know beyond the record.
    fn complete(&self, subject: &mut Subject) {
        let Some(pod) = self.facts.pod(subject) else { return };
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        fill(&mut subject.namespace, &some(&pod.namespace));
        fill(&mut subject.node, &pod.node);
        fill(&mut subject.owner, &pod.owner);
        fill(&mut subject.service_account, &pod.service_account);
        let by_name = pod.containers.iter().find(|container| subject.container.as_ref() == Some(&container.name));
        let fits = |container: &&ContainerFacts| {
            subject.image.as_deref().is_none_or(|image| same_image(image, &container.image))
        };
        // The status of a container that waits for the image of a volume speaks of that image.
        let volume = || pod.containers.iter().filter(|one| one.kind == ContainerKind::ImageVolume).find(fits);
        let by_name = match by_name {
            Some(named) if !fits(&named) => volume().or(by_name),
            by_name => by_name,
        };
        let by_image = || pod.containers.iter().find(|container| subject.image.as_ref() == Some(&container.image));
        if subject.kind != ContainerKind::Sandbox
            && let Some(container) = by_name.or_else(by_image)
        {
            subject.kind = container.kind;
            if container.kind == ContainerKind::ImageVolume {
                subject.container = some(&container.name);
            }
            fill(&mut subject.container, &some(&container.name));
            // As the pod has it: a runtime's words hold the full name, and `web:dev` is not what Docker Hub's library holds.
            if subject.image.as_deref().is_none_or(|image| same_image(image, &container.image)) {
                subject.image = some(&container.image).or(subject.image.take());
            }
        }
    }

    /// A pull secret that could not be read, in a text that shows no pull at all: the failure is all we see.
    fn add_unretrieved_secrets(&self, timelines: &mut Vec<Timeline>) {
        for Owner { key, beside: list, .. } in self.owners.iter().filter(|owner| !owner.beside.is_empty()) {
            let covered = timelines.iter().any(|timeline| match (&timeline.subject.pod, key) {
                (Some(pod), OwnerKey::Pod(_, name)) => pod == name,
                (None, OwnerKey::Section(_)) => true,
                (Some(_), OwnerKey::Section(_)) => {
                    timelines.len() == 1
                        || list.iter().all(|(message, _)| {
                            timeline.subject.image.as_deref().is_some_and(|image| message.text.as_str().contains(image))
                        })
                }
                _ => false,
            });
            if covered || self.pulled_something {
                continue;
            }
            let Some((message, when)) = list.iter().find(|(message, _)| !message::is_about_node(message)) else {
                continue;
            };
            // An event alone stands on running pods for months; a log line is written when something asks.
            let subject = match key {
                OwnerKey::Pod(namespace, pod) => Subject {
                    namespace: Some(namespace.clone()).filter(|ns| !ns.is_empty()),
                    pod: Some(pod.clone()),
                    ..Subject::default()
                },
                OwnerKey::Section(_) => Subject::default(),
            };
            let attempt = Attempt { messages: vec![message.clone()], when: when.clone() };
            let beside = list.iter().map(|(message, _)| message.clone()).collect();
            timelines.push(Timeline {
                subject,
                attempts: vec![attempt],
                beside,
                order: usize::MAX,
                ..Timeline::default()
            });
        }
    }

    fn notes(&self, timelines: &[Timeline]) -> Vec<Note> {
        let mut notes = Vec::new();
        let failing = !timelines.is_empty();
        let mut note = |code: &str, text: String| notes.push(Note { code: code.to_owned(), text });
        if failing {
            let only_shown = timelines.iter().any(|timeline| timeline.attempts.is_empty());
            if only_shown && self.without_events > 0 && self.described_pods > 1 {
                note(
                    "events-not-shown",
                    "kubectl describe of several pods prints no events unless it is asked to: add --show-events=true."
                        .to_owned(),
                );
            }
            return notes;
        }
        for (code, text) in [
            (
                "crash-loop",
                "This looks like a container that starts and stops again (crash loop). Its image is on the node; kubectl logs --previous shows why it stopped.",
            ),
            (
                "unschedulable",
                "This looks like a pod that no node can take. Nothing was pulled yet; the scheduler's message says what is missing.",
            ),
            ("volume", "This looks like a volume that cannot be mounted. Images are pulled after volumes are there."),
            (
                "container-config",
                "This looks like a missing ConfigMap or Secret that the container needs. Its image was pulled.",
            ),
            ("container-start", "This looks like a container that cannot be started. Its image was pulled."),
            ("probe", "This looks like a failing probe. The image was pulled and the container runs."),
            (
                "sandbox",
                "This looks like a pod whose network or sandbox cannot be set up. Images are pulled after that.",
            ),
            ("evicted", "This looks like a pod that was evicted from its node."),
            (
                "not-created",
                "This looks like a pod that was not admitted (quota, policy or webhook): nothing was pulled.",
            ),
        ] {
            if self.elsewhere.contains(&code) {
                note(code, text.to_owned());
            }
        }
        if self.pulled_something {
            note("pulled", "Images were pulled without trouble in this text.".to_owned());
        }
        if notes.is_empty() {
            notes.push(Note {
                code: "nothing-found".to_owned(),
                text: "No failing image pull was found in this text.".to_owned(),
            });
        }
        notes
    }
}

fn hash(words: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    hasher.finish()
}

fn fill(slot: &mut Option<String>, value: &Option<String>) {
    if slot.is_none() {
        slot.clone_from(value);
    }
}

/// Whether two subjects name different images.
fn clash(a: &Subject, b: &Subject) -> bool {
    matches!((&a.image, &b.image), (Some(a), Some(b)) if !same_image(a, b))
}

/// The same image, however it is spelled: `nginx` and `docker.io/library/nginx:latest`.
fn same_image(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    if last_name(a) != last_name(b) {
        return false;
    }
    matches!((full_name(a), full_name(b)), (Some(a), Some(b)) if a == b)
}

/// The one spelling of an image among all: with registry, and with digest or tag.
fn full_name(image: &str) -> Option<String> {
    let image = ImageRef::parse(image)?;
    let which = image.digest.as_deref().or(image.tag.as_deref()).unwrap_or("latest");
    Some([&image.registry, "/", &image.repository, ":", which].concat())
}

/// Two spellings of one image end in the same name: most pairs are told apart without parsing.
fn last_name(image: &str) -> &str {
    let last = image.rfind('/').map_or(0, |at| at + 1);
    image[last..].split([':', '@']).next().unwrap_or_default()
}

fn mark(image: &Option<String>) -> u64 {
    image.as_deref().map_or(0, |image| match full_name(image) {
        Some(full) => hash(&full),
        None => hash(image),
    })
}

/// The same repository, whatever the tag: credential providers are asked by it.
fn same_name(a: &str, b: &str) -> bool {
    matches!((ImageRef::parse(a), ImageRef::parse(b)), (Some(a), Some(b)) if a.name() == b.name())
}

/// The part of an error that is the same wherever it is logged: without the frames in front of it.
fn core(words: &str) -> &str {
    let mut core = words;
    for mark in
        ["desc = ", "ErrImagePull: \"", "ErrImagePull: ", "\" failed: ", "service failed: ", "Failed to pull image: "]
    {
        if let Some(at) = core.find(mark) {
            core = &core[at + mark.len()..];
        }
    }
    let core =
        match core.strip_prefix("Failed to pull image \"").and_then(|rest| rest.find("\": ").map(|at| &rest[at + 3..]))
        {
            Some(inner) => inner,
            None => core,
        };
    without_end(core)
}

fn without_end(words: &str) -> &str {
    words.trim().trim_end_matches(['"', ']', '.'])
}

fn is_sandbox(record: &Record, error: &str) -> bool {
    record.reason.as_deref() == Some("FailedCreatePodSandBox")
        // kubelet, kuberuntime_manager.go <= 1.19: `createPodSandbox for pod`
        || ["get sandbox image", "reatePodSandbox", "RunPodSandbox", "creating pod sandbox", "create pod sandbox"]
            .iter()
            .any(|mark| error.contains(mark))
}

fn sandbox_image(error: &str) -> Option<String> {
    ["sandbox image \"", "pull image \"", "pulling image \"", "docker://"].iter().find_map(|mark| {
        let rest = &error[error.find(mark)? + mark.len()..];
        let end = rest.find(|c: char| c.is_whitespace() || c == '"').unwrap_or(rest.len());
        Some(rest[..end].trim_end_matches(':').to_owned())
    })
}

/// Older first.
fn in_time(a: &When, b: &When) -> std::cmp::Ordering {
    match (a.age, b.age, a.time, b.time) {
        (_, _, Some(a_time), Some(b_time)) => a_time.cmp(&b_time).then(a.order.cmp(&b.order)),
        (Some(a_age), Some(b_age), ..) => b_age.cmp(&a_age).then(a.order.cmp(&b.order)),
        // a status has age 0: it is how it stands now
        (Some(0), None, ..) => std::cmp::Ordering::Greater,
        (None, Some(0), ..) => std::cmp::Ordering::Less,
        _ => a.order.cmp(&b.order),
    }
}

fn is_newer(a: &When, b: &When) -> bool {
    in_time(a, b) == std::cmp::Ordering::Greater
}

/// Whether two moments differ by more than the order of their lines.
fn differs(a: &When, b: &When) -> bool {
    match (a.age, b.age, a.time, b.time) {
        (_, _, Some(a), Some(b)) => a != b,
        (Some(a), Some(b), ..) => a != b,
        _ => true,
    }
}

fn later(known: Option<When>, new: When) -> Option<When> {
    Some(match known {
        Some(known) => merge(&known, &new),
        None => new,
    })
}

/// The newer moment, with the first times and counts of both.
fn merge(a: &When, b: &When) -> When {
    let (older, newer) = if is_newer(a, b) { (b, a) } else { (a, b) };
    When {
        first_age: older.first_age.max(newer.first_age),
        first_time: match (older.first_time, newer.first_time) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        },
        count: older.count.max(newer.count),
        ..newer.clone()
    }
}

#[cfg(test)]
mod tests {
    use crate::observations::{ContainerKind, State};
    use crate::{Options, diagnose};

    #[test]
    fn a_container_of_another_pod_heals_no_sandbox() {
        let log = "E0921 02:53:56.081487  3049 kuberuntime_manager.go:647] createPodSandbox for pod \"web-1_shop(0b1c)\" failed: rpc error: \
code = Unknown desc = failed pulling image \"corp.test/pause:3.0\": Error response from daemon: Get https://corp.test/v2/: dial tcp: i/o timeout
E0921 02:53:59.000000  3049 remote_image.go:113] PullImage \"corp.test/shop/api:1\" from image service failed: rpc error: \
code = Unknown desc = Error response from daemon: manifest for corp.test/shop/api:1 not found\n";
        let report = diagnose(log, &Options::default());
        let states: Vec<_> = report
            .findings
            .iter()
            .map(|finding| (finding.container.as_ref().map(|one| one.kind), finding.state))
            .collect();
        assert!(states.contains(&(Some(ContainerKind::Sandbox), State::Failing)), "{states:?}");
    }
}
