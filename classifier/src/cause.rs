//! What a cause is made of. Types only: the causes themselves stand in `causes/`, one file each.
//!
//! Everything in here is data that can be printed, counted and tested: the recognizer, the settling step, `explain`, the
//! documentation pages and the web page all walk the same values.

use crate::observations::Failure;
use crate::settle::Case;
use serde::Serialize;

/// One reason why an image pull fails.
pub struct Cause {
    /// Stable public label, kebab-case: file name, page name and JSON value at once.
    pub id: &'static str,
    /// The part of the world that has to change.
    pub area: Area,
    /// One line, as a heading: what happened, without advice.
    pub title: &'static str,
    /// Whether waiting can heal it.
    pub outlook: Outlook,
    /// What programs print when this is the cause. Empty for causes that only facts can settle.
    pub signs: &'static [Sign],
    /// Text causes that this cause can be settled from, by facts of the cluster.
    pub settles: &'static [Settling],
    /// Causes that this one says more exactly: where both are recognized, this one is named first.
    pub refines: &'static [&'static str],
    /// Two or three short paragraphs, separated by a blank line. The first sentence says whose fault it is *not*.
    pub meaning: &'static str,
    /// What this cause does not cover, and which one does.
    pub not_this: &'static str,
    /// Remedies, the likeliest first; those of a place come before those that fit everywhere.
    pub fixes: &'static [Fix],
    /// Ids of causes that are easily confused with this one.
    pub see_also: &'static [&'static str],
    /// Further reading: documentation of the programs involved.
    pub links: &'static [&'static str],
}

/// What a diagnosis needs of a [`Cause`]: the rest is for its page. A program that only diagnoses, such as the web page's WASM,
/// carries none of the rest.
#[derive(Clone, Copy)]
pub struct Rule {
    /// [`Cause::id`].
    pub id: &'static str,
    /// [`Cause::area`].
    pub area: Area,
    /// [`Cause::title`].
    pub title: &'static str,
    /// [`Cause::outlook`].
    pub outlook: Outlook,
    /// [`Cause::signs`].
    pub signs: &'static [Sign],
    /// [`Cause::settles`].
    pub settles: &'static [Settling],
    /// [`Cause::refines`].
    pub refines: &'static [&'static str],
    /// [`Cause::fixes`].
    pub fixes: &'static [Fix],
}

impl Cause {
    /// What a diagnosis needs of it.
    pub const fn rule(&self) -> Rule {
        let Cause { id, area, title, outlook, signs, settles, refines, fixes, .. } = *self;
        Rule { id, area, title, outlook, signs, settles, refines, fixes }
    }
}

/// The part of the world that has to change. Also the folder a cause stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Area {
    /// The image reference, or what it names.
    Reference,
    /// Who may pull.
    Auth,
    /// How often one may pull.
    Limits,
    /// The way from the node to the registry.
    Network,
    /// Certificates and the handshake.
    Tls,
    /// The registry's own health.
    Registry,
    /// The node: disk, runtime, local store.
    Node,
    /// Rules that refuse an image on purpose.
    Policy,
    /// What fits nowhere else.
    Other,
}

/// How sure a sign makes us. The same three words everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Fits several causes.
    Possible,
    /// Usually this cause.
    Likely,
    /// Only this cause prints these words (or leaves these facts).
    Certain,
}

/// Whether waiting can heal the failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outlook {
    /// Somebody has to change something.
    Final,
    /// The kubelet's own retries can succeed.
    Transient,
    /// It depends on something that the text does not say.
    Depends,
}

/// Who can carry a fix out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// The author of the workload: may edit it, and secrets and service accounts of its namespace.
    Author,
    /// The administrator of the cluster.
    ClusterAdmin,
    /// Whoever can log in to the node or change its image and configuration.
    NodeAdmin,
    /// Whoever owns the registry or the account there.
    RegistryOwner,
}

/// What running a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Only looks.
    Reads,
    /// Changes an object, interrupts nothing that runs.
    Changes,
    /// Deletes, restarts or replaces something.
    Disrupts,
}

/// A combination of conditions on one message; all must hold.
#[derive(Clone, Copy)]
pub struct Sign {
    /// How sure the combination makes us.
    pub confidence: Confidence,
    /// All of these must hold.
    pub all: &'static [Condition],
}

/// One condition of a [`Sign`].
#[derive(Clone, Copy)]
pub enum Condition {
    /// The message contains this [phrase](crate::phrase).
    Says(&'static str),
    /// Another record about the same pod contains this phrase.
    Beside(&'static str),
    /// The registry (its token server, its storage, a mirror) answered with one of these HTTP statuses.
    Status(&'static [u16]),
    /// The registry answered with this error code, for example `DENIED` (distribution-spec, "Error Codes").
    Code(&'static str),
    /// The event's reason, or the reason of the container's waiting state, is this word.
    Reason(&'static str),
    /// A fact about the failure that reading has found; the text says it in words for the documentation page.
    That(&'static str, fn(&Failure<'_>) -> bool),
}

/// Only this cause prints these words.
pub const fn certain(all: &'static [Condition]) -> Sign {
    Sign { confidence: Confidence::Certain, all }
}

/// Usually this cause.
pub const fn likely(all: &'static [Condition]) -> Sign {
    Sign { confidence: Confidence::Likely, all }
}

/// Fits several causes.
pub const fn possible(all: &'static [Condition]) -> Sign {
    Sign { confidence: Confidence::Possible, all }
}

/// See [`Condition::Says`].
pub const fn says(phrase: &'static str) -> Condition {
    Condition::Says(phrase)
}

/// See [`Condition::Beside`].
pub const fn beside(phrase: &'static str) -> Condition {
    Condition::Beside(phrase)
}

/// See [`Condition::Status`].
pub const fn status(codes: &'static [u16]) -> Condition {
    Condition::Status(codes)
}

/// See [`Condition::Code`].
pub const fn code(code: &'static str) -> Condition {
    Condition::Code(code)
}

/// See [`Condition::Reason`].
pub const fn reason(reason: &'static str) -> Condition {
    Condition::Reason(reason)
}

/// See [`Condition::That`].
pub const fn that(words: &'static str, holds: fn(&Failure<'_>) -> bool) -> Condition {
    Condition::That(words, holds)
}

/// How facts of the cluster turn what text left open into this cause.
#[derive(Clone, Copy)]
pub struct Settling {
    /// Ids of the text causes that it starts from.
    pub from: &'static [&'static str],
    /// The question in words, for the documentation page: "a secret of the namespace fits, but nothing names it".
    pub question: &'static str,
    /// Looks at the facts.
    pub when: fn(&Case<'_>) -> Verdict,
}

/// What the facts say about one [`Settling`].
pub enum Verdict {
    /// The facts prove it.
    Proven(Proof),
    /// It could be, but something that would decide was not read.
    Open {
        /// The open question, one line.
        question: String,
        /// A command that answers it, if one does.
        command: Option<String>,
    },
    /// The facts speak against it, or have nothing to do with it.
    No,
}

/// Facts that prove a settled cause.
pub struct Proof {
    /// How sure the facts make us.
    pub confidence: Confidence,
    /// One line for each fact: the object ("secret shop/regcred") and what it says.
    pub lines: Vec<(String, String)>,
    /// Values for the blanks of the fixes, for example `secret`.
    pub values: Vec<(&'static str, String)>,
}

/// A remedy: who does what, and the commands that do it.
#[derive(Clone, Copy)]
pub struct Fix {
    /// Starts with a verb. May hold blanks.
    pub title: &'static str,
    /// Who can do it.
    pub who: Who,
    /// Where it applies: the finding's place must match one entry of each kind that is listed (registry, cluster,
    /// runtime). Empty: everywhere.
    pub only: &'static [Place],
    /// Blanks without which it is no answer here: left out where one of them is unknown.
    pub known: &'static [&'static str],
    /// Prose, one step a line. May hold blanks; a step whose blank is unknown is left out.
    pub steps: &'static [&'static str],
    /// Commands that look, and prove or refute. They may need `crane`, `skopeo` or a cloud's command line.
    pub checks: &'static [Command],
    /// Commands that heal, in order. They need `kubectl` and a POSIX shell alone, and can be run twice.
    pub commands: &'static [Command],
    /// Side effects a person must know of before.
    pub warnings: &'static [&'static str],
}

/// What a [`Fix`] is made of when nothing is said: no place, no steps, nothing to run. For `..FIX` in the catalogue.
pub const FIX: Fix =
    Fix { title: "", who: Who::Author, only: &[], known: &[], steps: &[], checks: &[], commands: &[], warnings: &[] };

impl Fix {
    /// Each fix once: one that stands early for when more is known stands again for when it is not.
    pub(crate) fn once<'a>(fixes: impl Iterator<Item = &'a Fix>) -> impl Iterator<Item = &'a Fix> {
        let mut titles = Vec::new();
        fixes.filter(move |fix| {
            let new = !titles.contains(&fix.title);
            titles.push(fix.title);
            new
        })
    }
}

/// A shell command with blanks.
///
/// Blanks are `{name}`; their values are shell-quoted when they need it. A part in `[square brackets]` is left out when one
/// of its blanks is unknown; a command whose blank outside of brackets is unknown is not printed at all. `{{` and `}}` stand
/// for braces, `[[` and `]]` for brackets. What only the user knows is an environment variable: `"$REGISTRY_PASSWORD"`.
///
/// Known blanks: `image` (as in the pod), `repository` (without tag and digest), `tag`, `digest`, `registry` (host and
/// port), `registry_host` (without port), `registry_server` (what a pull secret's key must be), `repository_path`, `namespace`,
/// `pod`, `container`, `service_account`, `owner` (as `deployment/web`), `owner_kind`, `owner_name`, `node`,
/// `stateful_set` (the word, unless the pod belongs to something else),
/// `set_image` (the object whose container image is to be changed, as `deployment/web` or `pod/x`), `change_image` (the command that
/// puts `$NEW_IMAGE` there), `bare_image` (the image, where it has no
/// registry in front), `own_host` (the registry's host, where it means the node itself), `sandbox_image` (the image, where it is
/// the sandbox's), `recreate` (the command that
/// makes the pod again), `secret`, `secret_name` (the secret that is known, else `"${SECRET_NAME:-regcred}"`), `attach` (the command that
/// adds it to the service account), `arch`, `os`, and whatever a sign's phrase or a settling's proof captured.
#[derive(Clone, Copy)]
pub struct Command {
    /// The command with its blanks.
    pub run: &'static str,
    /// What it does.
    pub effect: Effect,
}

/// A command that only looks.
pub const fn reads(run: &'static str) -> Command {
    Command { run, effect: Effect::Reads }
}

/// A command that changes an object.
pub const fn changes(run: &'static str) -> Command {
    Command { run, effect: Effect::Changes }
}

/// A command that deletes, restarts or replaces.
pub const fn disrupts(run: &'static str) -> Command {
    Command { run, effect: Effect::Disrupts }
}

/// Environment variables that a command may use for what only the user knows.
pub const NEEDS: &[&str] = &["REGISTRY_USERNAME", "REGISTRY_PASSWORD", "REGISTRY_EMAIL", "NEW_IMAGE", "SECRET_NAME"];

/// A typed place: a fix holds for it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// A kind of registry.
    Registry(Registry),
    /// A kind of cluster.
    Cluster(Cluster),
    /// A container runtime.
    Runtime(Runtime),
}

impl Place {
    /// The name as people write it.
    pub const fn name(self) -> &'static str {
        match self {
            Place::Registry(registry) => registry.name(),
            Place::Cluster(cluster) => cluster.name(),
            Place::Runtime(runtime) => runtime.name(),
        }
    }
}

macro_rules! named {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vmeta])* $variant,)* }
        impl $name {
            /// The name as people write it.
            pub const fn name(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }
            /// All of them.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];
        }
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }
    };
}

named! {
    /// Kinds of registries that answer, or are repaired, in a way of their own. Read from the image's host name.
    Registry {
        /// docker.io.
        DockerHub = "Docker Hub",
        /// Amazon ECR, private.
        Ecr = "Amazon ECR",
        /// public.ecr.aws.
        EcrPublic = "Amazon ECR Public",
        /// *.azurecr.io.
        Acr = "Azure Container Registry",
        /// *.pkg.dev.
        ArtifactRegistry = "Google Artifact Registry",
        /// gcr.io and its regions.
        Gcr = "gcr.io",
        /// ghcr.io.
        Ghcr = "GitHub Container Registry",
        /// registry.gitlab.com and GitLab's own on other hosts.
        GitLab = "GitLab Container Registry",
        /// quay.io and Quay on other hosts.
        Quay = "Quay",
        /// Harbor.
        Harbor = "Harbor",
        /// JFrog Artifactory.
        Artifactory = "Artifactory",
        /// Sonatype Nexus.
        Nexus = "Nexus Repository",
        /// Oracle's registry, *.ocir.io.
        Oci = "OCI Registry",
        /// IBM Cloud, *.icr.io.
        Ibm = "IBM Cloud Container Registry",
        /// registry.redhat.io and registry.connect.redhat.com.
        RedHat = "Red Hat registry",
        /// OpenShift's own registry inside the cluster.
        OpenShift = "OpenShift internal registry",
        /// registry.k8s.io.
        Kubernetes = "registry.k8s.io",
        /// mcr.microsoft.com.
        Microsoft = "Microsoft Container Registry",
        /// localhost, or an address of a machine, with a port.
        Local = "a registry on host:port",
        /// Any other.
        Other = "registry",
    }
}

named! {
    /// Kinds of clusters. Read from node names, image names, messages and, live, from the node object.
    Cluster {
        /// Amazon EKS.
        Eks = "EKS",
        /// Azure AKS.
        Aks = "AKS",
        /// Google GKE.
        Gke = "GKE",
        /// OpenShift.
        OpenShift = "OpenShift",
        /// Rancher and RKE2.
        Rancher = "Rancher/RKE2",
        /// k3s.
        K3s = "k3s",
        /// k3d.
        K3d = "k3d",
        /// kind.
        Kind = "kind",
        /// minikube.
        Minikube = "minikube",
        /// microk8s.
        Microk8s = "MicroK8s",
        /// Docker Desktop.
        DockerDesktop = "Docker Desktop",
    }
}

named! {
    /// Container runtimes. Read from the words of the message and, live, from the node object.
    Runtime {
        /// containerd.
        Containerd = "containerd",
        /// CRI-O (and podman, which shares its library).
        Crio = "CRI-O",
        /// Docker Engine, through dockershim or cri-dockerd.
        Docker = "Docker",
    }
}
