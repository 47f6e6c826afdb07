//! What reading found: the values that the later steps look at. Types only.
//!
//! An input holds records (an event, a status, a log line, a sentence in a chat). A record about a pull becomes an
//! [`Attempt`] on the [`Timeline`] of its container; what the attempt's error says is one [`Message`], or several where the
//! program tried several credentials or mirrors.

use crate::cause::{Cluster, Place, Registry, Runtime};
use crate::read::image_ref::ImageRef;
use crate::secret_facts::SecretFacts;
use crate::text::Text;
use serde::Serialize;

/// Everything reading found in the inputs.
#[derive(Debug, Default)]
pub struct Observations {
    /// One for each container of each pod whose pull is spoken of, or for each image where no pod is named.
    pub timelines: Vec<Timeline>,
    /// What the cluster's objects say.
    pub facts: Facts,
    /// What a person should know about the reading itself.
    pub notes: Vec<Note>,
}

/// A remark about the input: what was not understood, what it looks like instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Stable kebab-case word for programs.
    pub code: String,
    /// One sentence for people.
    pub text: String,
}

/// One container's (or image's) pull, over time.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    /// Who and what.
    pub subject: Subject,
    /// Attempts that failed, oldest first.
    pub attempts: Vec<Attempt>,
    /// Other records of the same pod that bear on the pull (a pull secret that could not be read, a credential provider that
    /// failed): the conditions `beside` look here.
    pub beside: Vec<Message>,
    /// How it stands now.
    pub state: State,
    /// Seconds between the newest record of the input and the newest record of this timeline, where ages are known.
    pub back_off: Option<BackOff>,
    /// Place in the input, for the order of findings.
    pub order: usize,
    /// The record that shows *that* it fails (`Error: ImagePullBackOff`), for failures whose cause is not in the text.
    pub shown_by: Option<Message>,
}

/// How a pull stands at the end of its timeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The newest record is a failure.
    #[default]
    Failing,
    /// A pull is under way after a failure.
    Retrying,
    /// A success came after the failures.
    Healed,
}

/// What the back-off records say about the next attempt (BACKOFF.md §2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackOff {
    /// Attempts so far (the count of `Pulling image`), if said.
    pub attempts: Option<u32>,
    /// Seconds since the last attempt, if said.
    pub since_last: Option<u64>,
}

/// Whose pull it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Namespace of the pod.
    pub namespace: Option<String>,
    /// Name of the pod.
    pub pod: Option<String>,
    /// Name of the container.
    pub container: Option<String>,
    /// What kind of container.
    pub kind: ContainerKind,
    /// The image reference as the pod has it.
    pub image: Option<String>,
    /// Node name.
    pub node: Option<String>,
    /// Controller, as `ReplicaSet/web-5d9c`.
    pub owner: Option<String>,
    /// Service account.
    pub service_account: Option<String>,
}

impl Subject {
    /// Whether the pull can belong to a namespace, as far as its own is known.
    pub(crate) fn may_be_in(&self, namespace: &str) -> bool {
        self.namespace.as_deref().is_none_or(|own| own == namespace)
    }
}

/// Where in the pod the image is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContainerKind {
    /// `spec.initContainers`.
    Init,
    /// `spec.initContainers` with `restartPolicy: Always`.
    Sidecar,
    /// `spec.containers`.
    #[default]
    Regular,
    /// `spec.ephemeralContainers`.
    Ephemeral,
    /// A volume of type `image`.
    ImageVolume,
    /// The pause image that the runtime itself needs.
    Sandbox,
}

/// One failed attempt to pull.
#[derive(Clone, Debug, Default)]
pub struct Attempt {
    /// What it said, in the order it was tried. Never empty.
    pub messages: Vec<Message>,
    /// When it was last seen.
    pub when: When,
}

/// When something was seen. What is not said is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct When {
    /// Seconds before the text was made ("83s" in an event table), last time.
    pub age: Option<u64>,
    /// The same for the first time.
    pub first_age: Option<u64>,
    /// Seconds since 1970, last time, where the text has absolute times.
    pub time: Option<i64>,
    /// The same for the first time.
    pub first_time: Option<i64>,
    /// How often.
    pub count: Option<u32>,
    /// Position of the record in the input: the order where nothing else decides.
    pub order: usize,
}

/// One thing a program said about a pull, and what can be read off it without knowing any cause.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// The words, unescaped and unfolded, with their way back to the input.
    pub text: Text,
    /// The same words and length, with names under other people's control masked: phrases are laid on this.
    pub masked: String,
    /// Another reading of the same words where the input was hard-wrapped: line ends taken out instead of read as blanks.
    pub rejoined: Option<Box<(Text, String)>>,
    /// What kind of record it came from.
    pub source: Source,
    /// The event's reason, or the waiting state's.
    pub reason: Option<String>,
    /// Which of several tries inside one attempt it was.
    pub role: Role,
    /// HTTP answers that the message tells of.
    pub answers: Vec<Answer>,
    /// Registry error codes, as `MANIFEST_UNKNOWN`.
    pub codes: Vec<String>,
    /// Whether a credential was sent, as far as the words tell.
    pub credential: Credential,
    /// Whether the message tells of a pull by its own words (and not only by where it stands).
    pub about_pull: bool,
    /// The reference that the runtime spoke of, normalised by it (`docker.io/library/nginx:1`), where one is named.
    pub reference: Option<String>,
}

impl Message {
    /// The words and their masked form, of each reading: as they stand, and as they read without the line ends of a terminal.
    pub(crate) fn readings(&self) -> impl Iterator<Item = (&Text, &str)> {
        let rejoined = self.rejoined.as_deref().map(|(text, masked)| (text, masked.as_str()));
        std::iter::once((&self.text, self.masked.as_str())).chain(rejoined)
    }
}

/// An HTTP answer that a message tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// `HEAD`, `GET`, `POST`, where said.
    pub method: Option<String>,
    /// The address, as printed.
    pub url: Option<String>,
    /// What was asked for.
    pub asked: Asked,
}

/// What a request was for; read off its address and the words around it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Asked {
    /// A manifest: the image's table of contents.
    Manifest,
    /// A blob: configuration or layer.
    Blob,
    /// A token.
    Token,
    /// `/v2/`: is this a registry?
    Ping,
    /// Not said.
    #[default]
    Unknown,
}

/// Whether the runtime sent a credential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Credential {
    /// The words say that something was sent (`failed to fetch oauth token`).
    Sent,
    /// The words say that nothing was sent (`failed to fetch anonymous token`, `no basic auth credentials`).
    NotSent,
    /// The words do not say.
    #[default]
    Unsaid,
}

/// Which of several tries inside one attempt a message is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The only try.
    #[default]
    Only,
    /// One of several credentials (`[E1, E2]`), in order.
    Credential,
    /// A mirror.
    Mirror,
    /// The registry itself, after its mirrors.
    Upstream,
    /// CRI-O's second try, as an artifact: says the same again, or nothing.
    Artifact,
}

/// What kind of record something was read from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// An event.
    Event,
    /// A container's status.
    Status,
    /// A log line of the kubelet or of a runtime.
    Log,
    /// Output of a command-line tool (crictl, ctr, nerdctl, docker, podman).
    Tool,
    /// Anything else that was pasted.
    #[default]
    Text,
    /// An object of the cluster (secret, service account, node).
    Object,
}

/// What a condition of a sign is asked about.
#[derive(Clone, Copy)]
pub struct Failure<'a> {
    /// The message at hand.
    pub message: &'a Message,
    /// The attempt it belongs to; `None` for a record beside the pull.
    pub attempt: Option<&'a Attempt>,
    /// The whole timeline.
    pub timeline: &'a Timeline,
    /// The image, parsed, if it is named and can be parsed.
    pub image: Option<&'a ImageRef>,
    /// Where it happens.
    pub place: &'a PlaceFacts,
}

/// Where a pull happens, as far as it can be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PlaceFacts {
    /// What kind of registry the image is from.
    pub registry: Option<Registry>,
    /// What kind of cluster.
    pub cluster: Option<Cluster>,
    /// Which runtime.
    pub runtime: Option<Runtime>,
}

impl PlaceFacts {
    /// Whether a fix that is meant for `only` fits here: of each kind of place that is listed, one entry must match.
    pub fn fits(&self, only: &[Place]) -> bool {
        let one_of =
            |kind: fn(&Place) -> bool, hit: &dyn Fn(&Place) -> bool| !only.iter().any(kind) || only.iter().any(hit);
        one_of(|p| matches!(p, Place::Registry(_)), &|p| matches!(p, Place::Registry(r) if Some(*r) == self.registry))
            && one_of(
                |p| matches!(p, Place::Cluster(_)),
                &|p| matches!(p, Place::Cluster(c) if Some(*c) == self.cluster),
            )
            && one_of(
                |p| matches!(p, Place::Runtime(_)),
                &|p| matches!(p, Place::Runtime(r) if Some(*r) == self.runtime),
            )
    }
}

/// What objects of the cluster say, beyond the failure itself.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// When the facts were collected, seconds since 1970.
    pub collected_at: Option<i64>,
    /// Pods: the failing ones, their siblings and neighbours.
    pub pods: Vec<PodFacts>,
    /// Service accounts.
    pub service_accounts: Vec<ServiceAccountFacts>,
    /// Pull secrets, reduced.
    pub secrets: Vec<SecretFacts>,
    /// Names of secrets that are known not to exist, as (namespace, name).
    pub missing_secrets: Vec<(String, String)>,
    /// Nodes.
    pub nodes: Vec<NodeFacts>,
    /// Controllers, as (namespace, `Kind/name`, its own controller).
    pub owners: Vec<OwnerFacts>,
    /// What could not be read.
    pub not_read: Vec<NotRead>,
    /// What was looked at, one line each ("serviceaccount shop/default").
    pub looked_at: Vec<String>,
    /// What was asked about; other pods of the document only help to understand it. `None`: everything in it.
    pub target: Option<Target>,
}

impl Facts {
    /// The pod of a pull. Where the pull's namespace is not known, the first pod of that name.
    pub(crate) fn pod(&self, subject: &Subject) -> Option<&PodFacts> {
        let name = subject.pod.as_ref()?;
        self.pods.iter().find(|pod| pod.name == *name && subject.may_be_in(&pod.namespace))
    }

    /// The node of this name.
    pub(crate) fn node(&self, name: &str) -> Option<&NodeFacts> {
        self.nodes.iter().find(|node| node.name == name)
    }

    /// The service account of this name.
    pub(crate) fn service_account(&self, namespace: &str, name: &str) -> Option<&ServiceAccountFacts> {
        self.service_accounts.iter().find(|known| known.namespace == namespace && known.name == name)
    }
}

/// Pods that somebody asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// Namespace.
    pub namespace: Option<String>,
    /// Names.
    pub pods: Vec<String>,
    /// One container of them, if only one was asked about.
    pub container: Option<String>,
}

impl Target {
    /// Whether a pull is one that was asked about.
    pub fn includes(&self, subject: &Subject) -> bool {
        let same = |asked: &Option<String>, of: &Option<String>| asked.is_none() || of.is_none() || asked == of;
        same(&self.namespace, &subject.namespace)
            && same(&self.container, &subject.container)
            && (self.pods.is_empty() || subject.pod.as_ref().is_none_or(|pod| self.pods.contains(pod)))
    }
}

/// What a pod object says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodFacts {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Seconds since 1970.
    pub created: Option<i64>,
    /// Node it is bound to.
    pub node: Option<String>,
    /// Service account.
    pub service_account: Option<String>,
    /// `spec.imagePullSecrets`, after admission.
    pub pull_secrets: Vec<String>,
    /// Controller, as `ReplicaSet/web-5d9c`.
    pub owner: Option<String>,
    /// Containers and image volumes.
    pub containers: Vec<ContainerFacts>,
    /// Why the pod as a whole failed (`Evicted`), if said.
    pub reason: Option<String>,
}

/// What a pod object says about one container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerFacts {
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: ContainerKind,
    /// Image reference of the spec.
    pub image: String,
    /// `Always`, `IfNotPresent`, `Never`.
    pub pull_policy: Option<String>,
    /// Reason of the waiting state; `None` while it runs or has run.
    pub waiting: Option<String>,
    /// Whether it runs or has run: its image is there.
    pub has_run: bool,
}

/// What a service account says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceAccountFacts {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// `imagePullSecrets`.
    pub pull_secrets: Vec<String>,
}

/// What a node object says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeFacts {
    /// Name.
    pub name: String,
    /// `amd64`, `arm64`, ….
    pub arch: Option<String>,
    /// `linux`, `windows`.
    pub os: Option<String>,
    /// `containerd://2.3.7`.
    pub runtime: Option<String>,
    /// `v1.36.3`.
    pub kubelet: Option<String>,
    /// `aws:///…`, `azure:///…`, `gce://…`, `kind://…`, `k3s://…`.
    pub provider: Option<String>,
    /// Keys of labels (they name the distribution).
    pub label_keys: Vec<String>,
    /// Whether DiskPressure is true.
    pub disk_pressure: bool,
    /// Image names that the node reports to have.
    pub images: Vec<String>,
}

/// What a controller object says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnerFacts {
    /// Namespace.
    pub namespace: String,
    /// `Kind/name`.
    pub name: String,
    /// Its own controller, as `Kind/name`.
    pub owner: Option<String>,
    /// Who manages it, where its labels or managers say so: `Helm`, `Argo CD`, `Flux`.
    pub managed_by: Option<String>,
}

/// Something the plugin wanted to read and could not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotRead {
    /// What, as `secret shop/regcred`.
    pub what: String,
    /// Why, as `forbidden`.
    pub why: String,
    /// The RBAC rule that would allow it, as one line of YAML.
    pub rule: Option<String>,
}

impl Failure<'_> {
    /// Whether the image is pinned by digest: in the pod, or in the reference that the runtime names.
    pub fn by_digest(&self) -> bool {
        self.image.is_some_and(|image| image.digest.is_some())
            || self.message.reference.as_deref().is_some_and(|reference| reference.contains("@sha"))
    }

    /// Whether what is missing is named by digest: the image is, or the words speak of a manifest by its digest (a child of the
    /// index that a tag points to).
    pub fn misses_digest(&self) -> bool {
        let says =
            |text: &str| ["@sha256:", "manifest sha256:", "manifests/sha256:"].iter().any(|words| text.contains(words));
        self.by_digest()
            || says(self.message.text.as_str())
            || self.message.rejoined.as_deref().is_some_and(|(text, _)| says(text.as_str()))
    }

    /// Whether the registry refused access in any of the ways it can say so: 401, 403, `UNAUTHORIZED`, `DENIED`, an anonymous
    /// token refused, nothing sent to a registry that wants a login.
    pub fn refused(&self) -> bool {
        let message = self.message;
        message.credential == Credential::NotSent
            || message.answers.iter().any(|answer| matches!(answer.status, 401 | 403))
            || message.codes.iter().any(|code| code == "UNAUTHORIZED" || code == "DENIED")
            || ["insufficient_scope", "pull access denied", "authorization failed"]
                .iter()
                .any(|words| message.masked.contains(words))
    }

    /// Whether the message has these words anywhere, whatever their case. For what a sign must *not* find beside it.
    pub fn mentions(&self, words: &str) -> bool {
        let (text, words) = (self.message.masked.as_bytes(), words.as_bytes());
        text.windows(words.len().max(1)).any(|window| window.eq_ignore_ascii_case(words))
    }

    /// Whether an answer of this kind and status is told of.
    pub fn answered(&self, asked: Asked, statuses: &[u16]) -> bool {
        self.message.answers.iter().any(|answer| answer.asked == asked && statuses.contains(&answer.status))
    }
}
