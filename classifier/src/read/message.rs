//! What a record means for a pull, and what an error text says before anybody asks for its cause.
//!
//! Programs wrap errors from the outside in; a person reads them from the inside out. Here the wrappings that hold *several*
//! errors are taken apart (credentials tried in turn, mirrors, CRI-O's second try as an artifact), names under other people's
//! control are masked, and HTTP answers and registry codes are noted. No cause is named.

use crate::observations::{Answer, Asked, ContainerKind, Credential, Message, Role, Source};
use crate::order;
use crate::phrase::{Lexicon, Literals, MASK};
use crate::read::image_ref::ImageRef;
use crate::read::record::Record;
use crate::text::{Builder, Text};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

/// What a record says about a pull.
#[derive(Clone, Debug)]
pub enum Said {
    /// A pull begins.
    Pulling(Option<String>),
    /// The image is there.
    Pulled(Option<String>),
    /// A container was created or started: its image is there.
    Started(Option<String>),
    /// A pull failed, with its words.
    Failed {
        /// The image, if named.
        image: Option<String>,
        /// The container, if named in the words.
        container: Option<(ContainerKind, String)>,
        /// The waiting reason, if named in the words.
        reason: Option<String>,
        /// The error.
        error: Text,
    },
    /// The kubelet waits before it tries again; or only a word that tells of a failing pull. The words show it.
    Waits {
        /// The image, if named.
        image: Option<String>,
        /// The container, if named in the words.
        container: Option<(ContainerKind, String)>,
        /// The word, as `ImagePullBackOff`.
        word: Option<String>,
    },
    /// Something of the same pod that may bear on a pull.
    Beside,
    /// Something else; what it looks like, as a note's code.
    Else(&'static str),
}

/// Reasons of the waiting state (and words of the STATUS column) that tell of a failing pull.
/// Source: kubernetes pkg/kubelet/images/types.go and pkg/kubelet/kuberuntime.
const WAITING: &[&str] = &[
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ImageInspectError",
    "ErrImageNeverPull",
    "RegistryUnavailable",
    "SignatureValidationFailed",
];

/// Whether a word is a waiting reason of a failing pull.
pub fn is_waiting_word(word: &str) -> bool {
    WAITING.contains(&word)
}

/// A waiting reason inside of a text in lower case: people write them as they like.
fn waiting_word(lower: &str) -> Option<&'static str> {
    WAITING.iter().copied().find(|word| lower.contains(&word.to_ascii_lowercase()))
}

/// `spec.containers{app}`, `spec.initContainers{init}`, `spec.ephemeralContainers{dbg}`.
pub fn field_path(text: &str) -> Option<(ContainerKind, String)> {
    let (list, name) = text.strip_prefix("spec.")?.split_once('{')?;
    let kind = match list {
        "containers" => ContainerKind::Regular,
        "initContainers" => ContainerKind::Init,
        "ephemeralContainers" => ContainerKind::Ephemeral,
        _ => return None,
    };
    Some((kind, name.trim_end_matches(['}', ':']).to_owned()))
}

/// Words that are only said about pulls: a text with one of them is about a pull wherever it stands.
static ABOUT_PULL: LazyLock<Literals> = LazyLock::new(|| {
    Literals::new(&[
        "pull image",
        "pulling image",
        "image pull",
        "imagepull",
        "pullimage",
        "pull and unpack",
        "pull access",
        "pulling from host",
        "failed pulling",
        "error pulling",
        "manifest",
        "resolve reference",
        "resolve image",
        // the ping, and what lies below it; many other programs have a second version of something too
        "/v2/\"",
        "/v2/'",
        "/v2/`",
        "/v2/:",
        "/v2/ ",
        "/v2/\n",
        "/v2/,",
        "/v2/)",
        "/v2/.",
        "/v2/…",
        "/v2/<",
        "/v2/_catalog",
        "/blobs/",
        "/tags/list",
        "/v1/_ping",
        "/v1/repositories",
        "toomanyrequests",
        "too many requests to registry",
        "docker pull",
        "crictl pull",
        "podman pull",
        "trying to pull",
        "reading blob",
        "writing blob",
        "register layer",
        "extract layer",
        "apply layer",
        "failed to copy: ",
        "httpreadseeker",
        "no basic auth credentials",
        "authentication required",
        "copying system image",
        "source image rejected",
        "cannotpull",
        "short-name",
        "short name mode",
        "insufficient_scope",
        "oauth token",
        "anonymous token",
        "image verifier",
        "authorization token has expired",
        "failed commit on ref",
        "initializing source",
        "image from source",
        "retrieve auth token",
        "pinging container registry",
        "pinging docker registry",
        "registry endpoint",
        "container registry",
        "inspect image",
        "apply default image tag",
        "image status",
        "imagestatus",
        "requested access to the resource",
        "failed size validation",
        "unexpected commit",
        "unpack image",
        "trying next host",
        "pull secret",
        "sandbox image",
        "credential provider",
        "credential from external registry",
        "dockercfg",
        "dockerconfig",
        "image signature",
        "verify image",
        "image verification",
        "imageverif",
        "images rejected",
        "denied one or more images",
        "is blocked in",
        "can't be pulled",
        "can't pull",
        "cannot pull",
        "could not pull",
        "couldn't pull",
        "unable to pull",
        "fetch image",
        "trying and failing to pull",
        "pulled image",
        "push or pull",
        "layer verification",
        "unknown blob",
        "blob unknown",
        "name unknown",
        "manifest unknown",
        "repository name not known",
        "does not exist or no pull access",
        "or may require",
        "image config",
        "oci image",
        "image-rs",
        "containers/image",
        "not implemented: media type",
        "unsupported media type",
        "mediatype",
        "media type",
        "schema 1",
        "pull qps",
        "registry-1.docker.io",
        "index.docker.io",
        "auth.docker.io",
        "unpacking image",
        "image layer",
        "auth: unauthorized",
        "incorrect username or password",
        "your pull rate",
        "pull rate limit",
        "no signatures",
        "errimage",
        "imageservice",
        "no matching manifest",
        "resolve ref",
        "resolve workspace image",
        "image service",
        "is waiting to start: image",
        "imageinspect",
        "policy.sigstore.dev",
        "rejected by policy",
        "download image",
        "save image",
        "images/create",
        "no such image",
        "pull qps exceeded",
        "load metadata for",
        "artifact registry",
        "login to the red hat registry",
        "no available registry endpoint",
        "credentials from ecr",
        "aws credentials",
        "token exchange",
        "azure credential",
        "retrieving credentials",
        "authorization token",
        "parsing reference",
        "extraction snapshot",
        "continuing with pull",
        "downloadartifacts",
        "anonymous users are only",
        "%3apull",
        "repository/tag",
        "repository name must",
        "invalid image name",
        "named reference",
        "short name resolution",
        "imagenotfound",
        "within the repository",
        "parsing image name",
        "error parsing http",
        "invalid reference format",
        "download failed, retrying",
        "received unexpected http status",
        "error: image ",
        "name invalid",
        "refresh arm access token",
        "response from daemon: received unexpected http",
        "image policy",
        "has not been signed",
        "failed verification",
        "rpc error: code = unknown desc = error response from daemon",
        "pull policy of never",
        "because of no progress",
        "untar re-exec",
        "verification of image",
        "validation of image",
        "matching signatures",
        "matching attestations",
        "attestations found",
        "trust data",
        "binary authorization",
        "admission rule",
        "denied by attestor",
        "denied by an attestor",
        "signed digest",
        "static deny for image",
        "unverified image",
        "image is not verified",
        "image not compliant",
        "signature is associated",
        "signatures associated with",
        "be an image digest",
        "invalid image repo",
        "image registry",
        "prohibited by policy",
        "restricted by your administrators",
        "access management",
        "untrusted registry",
        "has not been allowed",
        "matching repositories in",
        "is not signed",
        "pull base image",
        "failed to verify signature",
        "invalid repository name",
        "invalid namespace name",
        "invalid checksum digest",
        "docker references with",
        "source metadata for",
        "llb definition",
        "error from registry",
        "error unmarshalling content",
        "specified platform",
        "image operating system",
        "image with operating system",
        "-based image is incompatible",
        "no child with platform",
        "encountered remote",
        "repositorynotfoundexception",
        "ai models directly by the engine",
        // libtrust in docker, schema 1 without a signature; moby, distribution/xfer/download.go and the file that it loads into
        "missing signature key",
        "download failed after attempts",
        "getimageblob",
        // kubelet up to 1.1, pkg/kubelet/kubelet.go syncPod: the pull secrets are all that is asked for without a word before it
        "skipping: secrets \"",
        // kubernetes, pkg/credentialprovider/config.go
        "parse auth field",
        // buildpacks/lifecycle and imgutil
        "does not exist in registry",
        // what people paste without the words around it; each is a program's own, and nobody else's
        "unqualified",
        "is a short name",
        "ambiguous list",
        "containers-registries.conf",
        "image index",
        "matching platform",
        "signature was required",
        "of the signatures were",
        "parse image",
        "repository name (",
        "content descriptor",
        "resolve hosts",
        "pull hosts",
        "supported since containerd",
        "schema1 document",
        "containerd image store",
        "unpack platforms",
        "processing tar file",
        "applylayer exit",
        "processbaselayer",
        "available in the user namespace",
        "available in user namespace",
        "mapped to a host id",
        "diff id",
        "auth challenge",
        "supported auth scheme",
        "may not login yet",
        "requested resource is not authorized",
        "denied: access forbidden",
        "pull traffic quota",
        "upstream registry",
        "image api for endpoint",
    ])
});

/// Errors that the kubelet prints after a bare `Error: ` when a pull secret breaks its keyring, or its own record of pulls fails
/// (kubelet 1.33 and later: kubernetes pkg/credentialprovider, pkg/kubelet/images).
const RAW_ERRORS: &[&str] = &[
    "illegal base64 data",
    "cannot unmarshal",
    "unable to parse auth field",
    "image pull intent",
    "couldn't parse image",
    "unexpected end of json input",
    "looking for beginning of",
    "after object key",
    "after top-level value",
    "in string escape code",
    "in string literal",
];

/// Whether a log line can mean anything to us: only such a line is taken apart.
pub fn concerns_us(line: &str) -> bool {
    static OTHERS: LazyLock<Literals> = LazyLock::new(|| {
        const OURS: &[&str] = &[
            "startcontainer",
            "start failed in pod",
            "invalidimagename",
            "registryunavailable",
            "signaturevalidationfailed",
            "already present on machine",
            "restarting failed",
        ];
        Literals::new(&[OURS, RAW_ERRORS, BESIDE].concat())
    });
    is_about_pull(line) || OTHERS.any(line.as_bytes())
}

/// Whether the words are about a pull by themselves.
pub fn is_about_pull(words: &str) -> bool {
    ABOUT_PULL.any(words.as_bytes())
}

/// Whether the words are a refusal that a push gets as well, without a word of what was asked.
pub fn is_bare_refusal(words: &str) -> bool {
    let lower = words.to_ascii_lowercase();
    ["denied", "unauthorized", "authentication required"].iter().any(|word| lower.contains(word))
        && !lower.contains("manifest")
}

/// Whether words between backticks are only what somebody ran: `docker pull` fails with …
pub fn is_command(words: &str) -> bool {
    !looks_failing(&words.to_ascii_lowercase()) && !WAITING.iter().any(|word| words.contains(word))
}

/// Whether a line is a message that we would look for anywhere.
pub fn is_anchored(words: &str) -> bool {
    let lower = words.to_ascii_lowercase();
    [
        "failed to pull image",
        "back-off pulling image",
        "errimagepull:",
        "failed to inspect image \"",
        "failed to apply default image tag",
    ]
    .iter()
    .any(|anchor| lower.contains(anchor))
}

/// Says what a record means. More than one where a text holds several messages.
pub fn interpret(record: &Record) -> Vec<Said> {
    let said = said(record);
    let is_else = |said: &[Said]| said.iter().all(|said| matches!(said, Said::Else(_)));
    match rejoin(&record.text).filter(|_| is_else(&said)) {
        Some(text) => {
            Some(self::said(&Record { text, ..record.clone() })).filter(|again| !is_else(again)).unwrap_or(said)
        }
        None => said,
    }
}

fn said(record: &Record) -> Vec<Said> {
    let words = &*unbroken(record.text.as_str());
    match (record.source, record.reason.as_deref()) {
        (Source::Event, Some(reason)) => event(record, words, reason),
        (Source::Status, Some(reason)) => status(record, words, reason),
        _ => parts(words).into_iter().map(|part| loose(record, words, part)).collect(),
    }
}

/// The same words on one line: a terminal, or a person, may have broken it at any blank.
fn unbroken(words: &str) -> Cow<'_, str> {
    if words.contains('\n') { words.replace('\n', " ").into() } else { words.into() }
}

fn event(record: &Record, all: &str, reason: &str) -> Vec<Said> {
    let (start, prefix) = without_field_path(all);
    let words = &all[start..];
    let lower = words.to_ascii_lowercase();
    let container = prefix;
    let image = || quoted_image(words);
    let failed = |reason: Option<&str>| {
        vec![Said::Failed {
            image: quoted_image(words),
            container: container.clone(),
            reason: reason.map(str::to_owned),
            error: record.text.slice(start..record.text.len()),
        }]
    };
    match reason {
        "Pulling" => vec![Said::Pulling(image())],
        "Pulled" if lower.contains("image") => vec![Said::Pulled(image())],
        "Created" | "Started" if !lower.contains("pod") => {
            vec![Said::Started(container.map(|(_, name)| name).or_else(|| last_word(words)))]
        }
        "BackOff" if lower.contains("pulling image") => {
            vec![Said::Waits { image: image(), container, word: Some("ImagePullBackOff".to_owned()) }]
        }
        "BackOff" => vec![Said::Else("crash-loop")],
        "FailedToRetrieveImagePullSecret" => vec![Said::Beside],
        // The node is too full: pkg/kubelet/images/image_gc_manager.go
        "FreeDiskSpaceFailed" | "ImageGCFailed" => vec![Said::Beside],
        "ErrImageNeverPull" => failed(Some(reason)),
        "InspectFailed" => failed(if lower.contains("default image tag") {
            Some("InvalidImageName")
        } else {
            Some("ImageInspectError")
        }),
        _ => {
            if let Some(word) = words.strip_prefix("Error: ").map(str::trim) {
                if is_waiting_word(word) {
                    return vec![Said::Waits { image: None, container, word: Some(word.to_owned()) }];
                }
                let raw = RAW_ERRORS.iter().any(|error| lower.contains(error));
                // `Error: secret "x" not found`, `Error: failed to generate container …`: after the pull
                if !raw && !is_anchored(words) && !lower.contains("signature") {
                    return vec![Said::Else(looks_like(reason, &lower))];
                }
                return failed(None);
            }
            let of_pod = matches!(
                reason,
                "FailedMount"
                    | "FailedAttachVolume"
                    | "FailedScheduling"
                    | "Unhealthy"
                    | "Preempted"
                    | "NotTriggerScaleUp"
            );
            // the runtime itself does not answer: nothing can be pulled, and nothing else is said
            let runtime_down = reason == "FailedCreatePodSandBox"
                && lower.contains("dial unix")
                && ["containerd.sock", "crio.sock", "dockershim.sock", "cri-dockerd.sock"]
                    .iter()
                    .any(|socket| lower.contains(socket));
            if runtime_down {
                return failed(None);
            }
            let about = !of_pod && is_about_pull(words) && !is_remark(reason, &lower);
            if about && lower.contains("back-off pulling image") && !lower.contains("errimagepull: ") {
                return vec![Said::Waits { image: image(), container, word: Some("ImagePullBackOff".to_owned()) }];
            }
            if about {
                let parts = sync_parts(record, all);
                return if parts.is_empty() { failed(None) } else { parts };
            }
            vec![Said::Else(looks_like(reason, &lower))]
        }
    }
}

/// Events that speak of images without telling of a failing pull.
fn is_remark(reason: &str, lower: &str) -> bool {
    matches!(reason, "Scheduled" | "Killing" | "SuccessfulMountVolume" | "SandboxChanged")
        || lower.starts_with("successfully")
        || reason.ends_with("Succeeded")
        || reason == "Pending"
}

fn status(record: &Record, words: &str, reason: &str) -> Vec<Said> {
    // the pod's own spelling; the words have the runtime's
    let image = record.subject.image.clone().or_else(|| quoted_image(words));
    let word = Some(reason.to_owned());
    let only_word = words == reason || words.is_empty() || words.ends_with(&format!(":{reason}"));
    let lower = words.to_ascii_lowercase();
    if is_waiting_word(reason) {
        let bare = only_word || lower.starts_with("back-off pulling image") && !has_inner_cause(&lower);
        return if bare {
            vec![Said::Waits { image, container: None, word }]
        } else {
            vec![Said::Failed { image, container: None, reason: word, error: record.text.clone() }]
        };
    }
    let raw = RAW_ERRORS.iter().any(|error| lower.contains(error));
    if raw
        || (is_about_pull(words)
            && !reason.starts_with("Create")
            && reason != "CrashLoopBackOff"
            && reason != "ContainerCreating"
            && reason != "PodInitializing")
    {
        return vec![Said::Failed { image, container: None, reason: word, error: record.text.clone() }];
    }
    vec![Said::Else(looks_like(reason, &lower))]
}

/// `Back-off pulling image "x": ErrImagePull: <cause>` (kubelet 1.32 and later).
fn has_inner_cause(lower: &str) -> bool {
    ["errimagepull: ", "registryunavailable: ", "signaturevalidationfailed: "].iter().any(|word| lower.contains(word))
}

/// Where messages begin inside a text that holds several.
fn parts(words: &str) -> Vec<Range<usize>> {
    const STARTS: &[&str] = &[
        "failed to pull image \"",
        "back-off pulling image \"",
        "failed to inspect image \"",
        "failed to \"startcontainer\" for",
    ];
    static FIND: LazyLock<Literals> = LazyLock::new(|| Literals::new(STARTS));
    let mut starts: Vec<usize> = Vec::new();
    FIND.scan(words.as_bytes(), &mut |_, at| {
        starts.push(at);
        true
    });
    if starts.len() < 2 {
        return std::iter::once(0..words.len()).collect();
    }
    let lower = words.to_ascii_lowercase();
    // `…with ErrImagePull: "Failed to pull image …` and `Back-off pulling image "x": …` belong to what stands before them.
    starts.dedup_by(|next, before| {
        let between = &lower[*before..*next];
        between.starts_with("failed to \"startcontainer\"") && !between.contains("\", ") && between.len() < 200
    });
    if starts.len() < 2 {
        return std::iter::once(0..words.len()).collect();
    }
    let ends = starts.iter().skip(1).copied().chain([words.len()]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}

/// `failed to "StartContainer" for "app" with ErrImagePull: "…"`, several of them perhaps.
fn sync_parts(record: &Record, all: &str) -> Vec<Said> {
    if !all.contains("failed to \"StartContainer\" for") {
        return Vec::new();
    }
    parts(all).into_iter().map(|part| loose(record, all, part)).collect()
}

/// Reads a text that no type explains: a log line, a sentence.
fn loose(record: &Record, all: &str, part: Range<usize>) -> Said {
    let words = &all[part.clone()];
    let lower = words.to_ascii_lowercase();
    let start_container = after(words, "failed to \"StartContainer\" for \"").and_then(|rest| {
        let (name, rest) = rest.split_once('"')?;
        let reason = rest.strip_prefix(" with ")?.split(':').next()?;
        Some((name.to_owned(), reason.to_owned()))
    });
    let (prefix_length, path) = without_field_path(words);
    let dump = container_dump(words);
    let container = start_container
        .as_ref()
        .map(|(name, _)| (ContainerKind::Regular, name.clone()))
        .or(path)
        .or(dump.clone().map(|(name, _)| (ContainerKind::Regular, name)));
    let reason = start_container.map(|(_, reason)| reason);
    // `with illegal base64 data at input byte 3: "…"` and `start failed in pod …: illegal base64 data …` (1.33 and later)
    let raw = (reason.is_some() || dump.is_some()) && RAW_ERRORS.iter().any(|error| lower.contains(error));
    if let Some(reason) = &reason
        && !is_waiting_word(reason)
        && !is_about_pull(words)
        && !raw
    {
        return Said::Else(looks_like(reason, &lower));
    }
    let image = named_image(words).or(dump.and_then(|(_, image)| image));
    // the latter: Tekton, pkg/apis/pipeline/v1/taskrun_types.go
    let waits =
        lower.contains("back-off pulling image") && !has_inner_cause(&lower) && !lower.contains("failed to pull image")
            || lower.trim_end().ends_with("taskrunimagepullfailed");
    if waits {
        return Said::Waits { image, container, word: Some("ImagePullBackOff".to_owned()) };
    }
    if lower.contains("back-off restarting failed") || lower.contains("restarting failed container") {
        return Said::Else("crash-loop");
    }
    // the last two: moby, distribution/pull_v2.go writeStatus
    let pulled = [
        "successfully pulled image",
        "already present on machine",
        "status: downloaded newer image for ",
        "status: image is up to date for ",
    ];
    if pulled.iter().any(|word| lower.contains(word)) {
        return Said::Pulled(image);
    }
    let bare = words.trim().trim_end_matches(['.', ')', '"', '\'', ',']).trim_start_matches("Error: ");
    if is_waiting_word(bare) {
        return Said::Waits { image, container, word: Some(bare.to_owned()) };
    }
    if lower.contains("is waiting to start:") || lower.contains("can't be pulled") {
        let word = waiting_word(&lower).unwrap_or("ImagePullBackOff");
        let fails = word != "ImagePullBackOff"
            || words.contains(word)
            || lower.contains("failing to pull image")
            || lower.contains("can't be pulled");
        return if fails { Said::Waits { image, container, word: Some(word.to_owned()) } } else { Said::Else("other") };
    }
    let begins = lower.trim_start();
    let only_begins =
        begins.starts_with("pulling image") && !begins.starts_with("pulling image:") && !lower.contains("error");
    if only_begins {
        return Said::Pulling(image);
    }
    if is_beside(&lower) {
        return Said::Beside;
    }
    // docker run says first that the image is not here yet (docker/cli, container/create.go)
    let failing = looks_failing(&lower.replacen("unable to find image", "", 1));
    // A sentence that only speaks of the status, without a program's error in it.
    let speaks = record.source == Source::Text
        && !["rpc error", "desc =", "image \"", "error: ", "daemon", ": failed", "http", "\": "]
            .iter()
            .any(|mark| lower.contains(mark));
    if speaks && let Some(word) = waiting_word(&lower) {
        return Said::Waits { image, container, word: Some(word.to_owned()) };
    }
    if (is_about_pull(words) || speaks_of_pull(&lower) || record.pull_context || raw) && failing && !is_other(&lower) {
        let start = part.start + prefix_length;
        return Said::Failed { image, container, reason, error: record.text.slice(start..part.end) };
    }
    // A waiting word inside of a sentence: somebody tells of it.
    if let Some(word) = waiting_word(&lower).filter(|_| !is_other(&lower)) {
        return Said::Waits { image, container, word: Some(word.to_owned()) };
    }
    Said::Else(looks_like("", &lower))
}

/// Whether a record beside a pull is about its node, and so about every pull there.
pub fn is_about_node(message: &Message) -> bool {
    matches!(message.reason.as_deref(), Some("FreeDiskSpaceFailed" | "ImageGCFailed"))
}

/// Words of records that explain a failure without being one: a pull secret that was not found, a login that could not be fetched.
const BESIDE: &[&str] = &[
    "unable to retrieve some image pull secrets",
    "unable to retrieve pull secret",
    "credential from external registry credential provider",
    "failed to provide credentials for image",
    "credential provider plugin",
    // providers inside of older kubelets (pkg/credentialprovider/{aws,azure,gcp}), and login helpers of other pullers
    "getting aws credentials",
    "validating aws credentials",
    "error getting credentials from ecr",
    "azure credential file",
    "failed to perform token exchange",
    "failed to receive challenge",
    "google-dockercfg",
    "ecr: failed to get authorization token",
    "error getting credentials - err",
    "docker-credential-",
];

/// A person's sentence about a pull that fails with a program's words in it: "pulling a large image from quay.io fails with …".
fn speaks_of_pull(lower: &str) -> bool {
    let pull = ["pulling ", "to pull ", "can't pull", "docker pull", "pull fails", "pull failed", "pulls "]
        .iter()
        .any(|word| lower.contains(word));
    let what =
        ["image", "registry", "quay.io", "ghcr.io", "docker hub", "container"].iter().any(|word| lower.contains(word));
    pull && what && (lower.contains("fails with") || lower.contains("failed with") || lower.contains("error"))
}

/// Records of the same pod that explain a failure without being one.
fn is_beside(lower: &str) -> bool {
    static FIND: LazyLock<Literals> = LazyLock::new(|| Literals::new(BESIDE));
    FIND.any(lower.as_bytes())
}

/// Whether a text tells of a failure at all.
fn looks_failing(lower: &str) -> bool {
    const WORDS: &[&str] = &[
        "fail",
        "error",
        "fatal",
        "denied",
        "not found",
        "unauthorized",
        "unable",
        "cannot",
        "can't",
        "could not",
        "couldn't",
        "refused",
        "timeout",
        "timed out",
        "no such",
        "toomany",
        "too many",
        "forbidden",
        "exceeded",
        "invalid",
        "unexpected",
        "no matching",
        "no match",
        "unsupported",
        "expired",
        "not implemented",
        "no basic auth",
        "reject",
        "blocked",
        "canceled",
        "cancelled",
        "unknown",
        "eof",
        "does not exist",
        "no space",
        "http/1.1 4",
        "http/1.1 5",
        "x509",
        "mismatch",
        "status 4",
        "status 5",
        "ambiguous",
        "not supported",
        // moby, distribution/errors.go: schema 1
        "support has been removed",
        "is disabled by default",
        "no signatures",
        "retrying",
        "not known",
        "missing",
        "illegal",
        "too many",
        "not a valid",
        "quota",
        "never pull",
        "not present with",
        "no image",
        "no bundle",
        "429",
        "warn",
        "bad request",
        "bad record",
        // net, crypto/tls, net/http: what goes wrong on the way
        "no route",
        "unreachable",
        "host is down",
        "misbehaving",
        "reset by",
        "broken pipe",
        "goaway",
        "server gave http",
        "first record does not",
        "proxyconnect",
        "tls: ",
        "proxy authentication",
        "rate limit",
        "reached your",
        "permission",
        "no progress",
        "no trust",
        "no valid trust",
        "trust data",
        "no matching",
        "not signed",
        "not verified",
        "unverified",
        "untrusted",
        "prohibited",
        "restricted",
        "has not been allowed",
        "not allowed",
        "not compliant",
        "not accepted",
        "must be an image digest",
        "does not match",
        "did not match",
        "don't match",
        "not provide the specified",
        "not contain descriptor",
        "did not resolve",
        "is not a named",
        "not authorized",
        "not login",
        "no longer supported",
        "not support for",
        "no supported",
        "no registries",
        "no unqualified",
        "no search",
        "no resolve hosts",
        "no pull hosts",
        "no child",
        "no attest",
        "no signature",
        "no signed",
        "no realm",
        "none of the",
        "was required",
        "must be lowercase",
        "must be canonical",
        "at least one component",
        "incompatible",
        "deprecated and shutting",
        "unrecognised",
        "unimplemented",
        "expected manifest",
        "expected index",
        "incorrect username",
        "incorrect digest",
        "foundexception",
        "insufficient uids",
        "pull aborted",
        "processing tar",
        "exit status",
        "processbaselayer",
    ];
    static FIND: LazyLock<Literals> = LazyLock::new(|| Literals::new(WORDS));
    FIND.any(lower.as_bytes())
}

/// Texts about other troubles that use words of pulls.
fn is_other(lower: &str) -> bool {
    const WORDS: &[&str] = &[
        "mountvolume.",
        "networkplugin cni",
        "plugin type=",
        "oci runtime create failed",
        "failed to create containerd task",
        "readiness probe",
        "liveness probe",
        "crashloopbackoff",
        "persistentvolumeclaim",
        "unmounted volumes",
        "failed to start container",
        "nodes are available",
        "exec format error",
        "failed to generate container",
        "createcontainererror",
        "createcontainerconfigerror",
        "runcontainererror",
        "exec user process",
        // logins, which are no pulls: docker/cli and helm
        "error storing credentials",
        "error logging in to v2 endpoint",
        // git and its users (go-git says `authentication required` as registries do); models, which are no images
        "clone '",
        "unable to clone",
        "git clone",
        "list refs",
        "required: repository not found",
        ".git'",
        "gitrepository",
        "pull model",
        // kubelet and crictl, cri-client/pkg/remote_image.go: images that are to go
        "removeimage from image service",
        // charts: Flux (source-controller, helmchart_controller.go), helm (pkg/downloader, pkg/cli), Argo CD; and oras-go, which
        // fetches artifacts and no runtime uses (copyerror.go; registry/remote/errcode/errors.go)
        "chart pull error",
        "download chart",
        "download oci://",
        "failed to perform \"",
        "\": response status code ",
    ];
    let pull = ["failed to pull image", "pull image", "resolve reference", "errimagepull", "pull and unpack"]
        .iter()
        .any(|word| lower.contains(word));
    static FIND: LazyLock<Literals> = LazyLock::new(|| Literals::new(WORDS));
    !pull && FIND.any(lower.as_bytes()) || is_push(lower)
}

/// The other direction: an image that cannot be stored.
fn is_push(lower: &str) -> bool {
    let push = [
        "pushing ",
        "failed to push",
        "error pushing",
        "put http",
        "put \"http",
        "docker push",
        "push permission",
        "apush",
        "action=push",
        "the push refers",
        "push access denied",
        "push some refs",
        // distribution-spec, "Pushing blobs"; containers/image, copy/ and docker/docker_image_dest.go
        "/blobs/uploads",
        "blob upload",
        "layer upload",
        "uploading manifest",
        "remote destination",
        // Harbor, src/controller/replication/transfer/image
        "on the destination registry",
        " at destination: pinging",
        "initializing destination docker",
    ]
    .iter()
    .any(|word| lower.contains(word));
    push && !["pull image", "pulling", "pull access"].iter().any(|word| lower.contains(word))
}

/// What a record that is no failing pull looks like: the code of a note.
fn looks_like(reason: &str, lower: &str) -> &'static str {
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    match reason {
        "FailedScheduling" => "unschedulable",
        "FailedMount" | "FailedAttachVolume" => "volume",
        "Unhealthy" => "probe",
        "Evicted" => "evicted",
        "CrashLoopBackOff" => "crash-loop",
        "CreateContainerConfigError" => "container-config",
        "FailedCreate" => "not-created",
        "FailedCreatePodSandBox" => "sandbox",
        _ if has(&["back-off restarting", "crashloopbackoff", "restarting failed container"]) => "crash-loop",
        _ if has(&["nodes are available", "insufficient cpu", "insufficient memory"]) => "unschedulable",
        _ if has(&["mountvolume", "unmounted volumes", "unable to attach"]) => "volume",
        _ if has(&["configmap \"", "secret \"", "createcontainerconfigerror", "couldn't find key"]) => {
            "container-config"
        }
        _ if has(&["probe failed", "readiness probe", "liveness probe"]) => "probe",
        _ if has(&[
            "oci runtime",
            "createcontainererror",
            "runcontainererror",
            "exec format error",
            "executable file not found",
            "failed to create containerd task",
            "failed to generate container",
            "exec user process",
        ]) =>
        {
            "container-start"
        }
        _ if has(&["sandbox", "networkplugin", "plugin type="]) => "sandbox",
        _ if has(&["low on resource"]) => "evicted",
        _ if has(&["exceeded quota", "violates podsecurity", "admission webhook"]) => "not-created",
        _ => "other",
    }
}

// ---- names inside of a text -------------------------------------------------------------------------------------------------

fn after<'a>(words: &'a str, mark: &str) -> Option<&'a str> {
    words.find(mark).map(|at| &words[at + mark.len()..])
}

fn last_word(words: &str) -> Option<String> {
    let word = words.split_ascii_whitespace().next_back()?.trim_matches(['"', '.']);
    let known = ["container", "created", "started"].contains(&word.to_ascii_lowercase().as_str());
    (!known && !word.is_empty()).then(|| word.to_owned())
}

/// `spec.containers{app}: ` in front of a message (kubectl 1.35 and later): how long it is, and what it says.
fn without_field_path(words: &str) -> (usize, Option<(ContainerKind, String)>) {
    let trimmed = words.trim_start();
    let Some((path, _)) = trimmed.split_once("}: ") else { return (0, None) };
    match field_path(path) {
        Some(found) if path.len() < 300 => (words.len() - trimmed.len() + path.len() + 3, Some(found)),
        _ => (0, None),
    }
}

/// The image between the first quotes after `image `.
fn quoted_image(words: &str) -> Option<String> {
    let rest = after(words, "image \"").or_else(|| after(words, "image tag \""))?;
    let image = rest[..rest.find('"').unwrap_or_else(|| rest.find(char::is_whitespace).unwrap_or(rest.len()))].trim();
    let image = unwrapped(image);
    (!image.is_empty() && image.len() < 1024).then_some(image)
}

/// A name that a terminal has cut over lines.
fn unwrapped(name: &str) -> String {
    name.split('\n').map(str::trim).collect()
}

/// `&Container{Name:app,Image:nginx:1,…` (kubelet up to 1.35).
fn container_dump(words: &str) -> Option<(String, Option<String>)> {
    if let Some(rest) = after(words, "&Container{Name:") {
        let name = rest.split(',').next()?.to_owned();
        let image = after(rest, ",Image:").and_then(|rest| rest.split(',').next()).map(str::to_owned);
        return Some((name, image.filter(|image| !image.is_empty())));
    }
    // 1.36: `container app start failed in pod …`
    let rest = after(words, "container ")?;
    let (name, rest) = rest.split_once(' ')?;
    rest.starts_with("start failed in pod").then(|| (name.to_owned(), None))
}

/// The image that a text names, in any of the ways programs have.
pub fn named_image(words: &str) -> Option<String> {
    const MARKS: &[&str] = &[
        "Failed to pull image ",
        "failed to pull image ",
        "Back-off pulling image ",
        "Pull image ",
        "PullImage ",
        "failed pulling image ",
        "Failed to inspect image ",
        "Error pulling image ",
        "pulling image ",
        "Pulling image ",
        "image pull failed for ",
        "sandbox image ",
        "pull and unpack image ",
        "Trying to pull ",
        "pull access denied for ",
        "manifest for ",
        "resolve reference ",
        "initializing source docker://",
        "Initializing source docker://",
        "Unable to fetch image ",
        "resolve ref ",
        "default image tag ",
        "unpack image ",
        "could not pull base image image ",
        "pulling from ",
        "for image ",
        "Container image ",
        "load metadata for ",
        "ImageStatus for image ",
    ];
    static FIND: LazyLock<Literals> = LazyLock::new(|| Literals::new(MARKS));
    let mut found = None;
    FIND.scan(words.as_bytes(), &mut |mark, at| {
        let rest = &words[at + MARKS[mark].len()..];
        // docker leaves the registry out there (moby, distribution/pull_v2.go): only Docker Hub has a `library`
        let whole = MARKS[mark] != "pulling from " || rest.starts_with("library/");
        found = reference_at(rest).filter(|_| whole);
        found.is_none()
    });
    found
}

/// A reference at the beginning of a text, quoted or not.
fn reference_at(rest: &str) -> Option<String> {
    let open = rest.trim_start_matches(['[', '{', ' ']);
    let inner = open.strip_prefix(['"', '\'', '`']);
    let (image, quoted) = match inner.and_then(|inner| Some(&inner[..inner.find(['"', '\'', '`'])?])) {
        Some(image) => (image, true),
        // a quote that nothing closes was cut off
        None => {
            let open = inner.unwrap_or(open);
            let end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ']' | ')' | '}');
            (&open[..open.find(end).unwrap_or(open.len())], false)
        }
    };
    let image = if quoted { unwrapped(image) } else { image.trim_end_matches([':', '.', ';']).to_owned() };
    let image = image.strip_prefix("docker://").unwrap_or(&image).trim().to_owned();
    // `pull image i/o timeout`: Go's words, not a name
    let usable = ImageRef::parse(&image).is_some()
        && (quoted || image.contains(['/', ':', '.']) && !matches!(image.as_str(), "i/o" | "net/http"));
    (usable || quoted && !image.is_empty() && image.len() < 512).then_some(image)
}

// ---- messages ---------------------------------------------------------------------------------------------------------------

/// Takes an error text apart into its tries, in order, and notes what each says.
pub fn messages(error: &Text, source: Source, reason: Option<&str>, names: &[&str]) -> Vec<Message> {
    let reason = reason.map(str::to_owned).or_else(|| named_reason(error.as_str()));
    let make = |text: Text, role: Role| {
        let mut message = describe(text, names);
        message.source = source;
        message.reason = reason.clone();
        message.role = role;
        message
    };
    tries(error).into_iter().filter(|(text, _)| !text.is_empty()).map(|(text, role)| make(text, role)).collect()
}

fn named_reason(words: &str) -> Option<String> {
    WAITING
        .iter()
        .filter(|word| !matches!(**word, "ErrImagePull" | "ImagePullBackOff"))
        .find(|word| words.contains(**word))
        .map(|word| (*word).to_owned())
}

/// Beginnings of the members of an aggregated error (kubernetes apimachinery util/errors joins with `, ` and escapes nothing).
const MEMBER_STARTS: &[&str] = &[
    "rpc error: code",
    "failed to pull and unpack image",
    "Error response from daemon",
    "initializing source",
    "reading manifest",
    "pinging container registry",
    "unable to ",
    "Get \"",
    "Head \"",
    "Get http",
    "Head http",
    "choosing image",
    "parsing image",
    "copying system image",
    "writing blob",
    "Source image rejected",
    "SignatureValidationFailed",
    "RegistryUnavailable",
    "get image config",
    "failed to ",
    "error pulling",
    "Error ",
    "image verifier",
    "pull QPS",
    "short read",
    "Requesting bearer",
    "received unexpected",
    "toomanyrequests",
    "unauthorized",
    "denied",
    "manifest unknown",
];

fn tries(error: &Text) -> Vec<(Text, Role)> {
    let words = error.as_str();
    if let Some(members) = aggregate(words) {
        let mut all = Vec::new();
        for member in members {
            let text = error.slice(member).trim();
            for (inner, role) in single(&text) {
                all.push((inner, if role == Role::Only { Role::Credential } else { role }));
            }
        }
        return all;
    }
    single(error)
}

/// `…: [E1, E2]`: the members, if there are two or more.
fn aggregate(words: &str) -> Option<Vec<Range<usize>>> {
    let open = words.match_indices('[').map(|(at, _)| at).find(|&at| {
        let before = words[..at].trim_end();
        let fits = before.is_empty() || before.ends_with(':');
        let rest = words[at + 1..].trim_start();
        fits && MEMBER_STARTS.iter().any(|start| rest.starts_with(start))
    })?;
    let end = words.trim_end().trim_end_matches(['"', '.', '\'']).strip_suffix(']').map_or(words.len(), str::len);
    if end <= open {
        return None;
    }
    let inner = &words[open + 1..end];
    let mut members = Vec::new();
    let mut start = 0;
    for (at, _) in inner.match_indices(", ") {
        let next = &inner[at + 2..];
        // the beginnings that are frames of a whole error, not words that also stand inside of one
        if at > start
            && MEMBER_STARTS.iter().any(|begin| next.starts_with(begin))
            && !inner[start..at].ends_with("scope")
        {
            members.push(open + 1 + start..open + 1 + at);
            start = at + 2;
        }
    }
    members.push(open + 1 + start..end);
    (members.len() > 1).then_some(members)
}

/// Mirrors and CRI-O's second try inside one error.
fn single(error: &Text) -> Vec<(Text, Role)> {
    let words = error.as_str();
    if let (Some(image), Some(artifact)) = (words.find("pull image err: "), words.find("; artifact err: "))
        && image < artifact
    {
        let mut all = mirrors(&error.slice(0..artifact));
        all.push((error.slice(artifact + 2..words.len()), Role::Artifact));
        return all;
    }
    mirrors(error)
}

/// `(Mirrors also failed: [ref: e]\n[ref: e]): primary: e` (containers/image, docker/docker_image_src.go).
fn mirrors(error: &Text) -> Vec<(Text, Role)> {
    let words = error.as_str();
    let Some(open) = words.find("(Mirrors also failed:") else { return vec![(error.clone(), Role::Only)] };
    let list_start = open + "(Mirrors also failed:".len();
    let close = words[list_start..].find("]):").map(|at| list_start + at);
    let list_end = close.map_or(words.len(), |at| at + 1);
    let mut all = Vec::new();
    let mut at = list_start;
    while let Some(start) = words[at..list_end].find('[').map(|offset| at + offset + 1) {
        // members are separated by `]` and white space before the next `[`
        let mut end = start;
        loop {
            match words[end..list_end].find(']').map(|offset| end + offset) {
                None => {
                    end = list_end;
                    break;
                }
                Some(found) => {
                    end = found;
                    let rest = words[found + 1..list_end].trim_start();
                    if rest.is_empty() || rest.starts_with(['[', ')']) {
                        break;
                    }
                    end += 1;
                }
            }
        }
        all.push((error.slice(start..end).trim(), Role::Mirror));
        at = (end + 1).min(list_end);
    }
    if let Some(close) = close {
        all.push((error.slice(close + 3..words.len()).trim(), Role::Upstream));
    } else if let Some(last) = all.last_mut() {
        // an older list has the registry itself as its last member
        last.1 = Role::Upstream;
    }
    all
}

/// Masks names and notes answers and codes: as the words stand, and as they read without the line ends of a terminal.
fn describe(text: Text, names: &[&str]) -> Message {
    let unbroken = &*unbroken(text.as_str());
    let masked = mask(text.as_str(), names);
    let mut message = Message {
        about_pull: is_about_pull(unbroken),
        reference: named_reference(unbroken),
        answers: answers(unbroken),
        codes: codes(text.as_str(), &masked),
        credential: credential(&self::unbroken(&masked)),
        masked,
        ..Message::default()
    };
    if let Some(joined) = rejoin(&text) {
        let masked = mask(joined.as_str(), names);
        for answer in answers(joined.as_str()) {
            if answer.url.is_some()
                || !message.answers.iter().any(|known| known.status == answer.status && known.asked == answer.asked)
            {
                message.answers.push(answer);
            }
        }
        for code in codes(joined.as_str(), &masked) {
            if !message.codes.contains(&code) {
                message.codes.push(code);
            }
        }
        if message.credential == Credential::Unsaid {
            message.credential = credential(&masked);
        }
        message.reference = named_reference(joined.as_str()).or(message.reference);
        message.rejoined = Some(Box::new((joined, masked)));
    }
    message.text = text;
    message
}

/// A message of a record that stands beside a pull.
pub fn plain(text: &Text, source: Source, reason: Option<&str>) -> Message {
    let mut message = describe(text.clone(), &[]);
    message.source = source;
    message.reason = reason.map(str::to_owned);
    message
}

/// Line ends taken out, with the blanks around them: for text that a terminal wrapped in the middle of words.
fn rejoin(text: &Text) -> Option<Text> {
    let words = text.as_str();
    if !words.contains('\n') {
        return None;
    }
    let mut out = Builder::new(text.input());
    let mut at = 0;
    for line in words.split('\n') {
        // one blank at an end was the message's own; more are the padding of a frame
        let leading = line.len() - line.trim_start().len();
        let trailing = line.trim_start().len() - line.trim().len();
        let start = at + leading - usize::from(leading == 1);
        let end = at + leading + line.trim().len() + usize::from(trailing == 1);
        out.keep(text, start..end);
        at += line.len() + 1;
    }
    Some(out.finish())
}

/// The reference that the runtime names: the last one, with its registry.
fn named_reference(words: &str) -> Option<String> {
    [
        "resolve reference \"",
        "pull and unpack image \"",
        "initializing source docker://",
        "resolve image: ",
        "failed to resolve ref ",
    ]
    .iter()
    .find_map(|mark| {
        let rest = after(words, mark)?;
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | ',')).unwrap_or(rest.len());
        Some(rest[..end].trim_end_matches(':').to_owned()).filter(|reference| !reference.is_empty())
    })
}

/// The same length, with names under other people's control filled with [`MASK`]: references, addresses, hosts, digests.
fn mask(words: &str, names: &[&str]) -> String {
    let mut masked = words.as_bytes().to_vec();
    for name in names.iter().filter(|name| name.len() > 2) {
        for (at, _) in words.match_indices(*name) {
            masked[at..at + name.len()].fill(MASK as u8);
        }
    }
    let mut at = 0;
    for word in words.split_inclusive(|c: char| {
        c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '[' | ']' | '(' | ')' | '{' | '}' | '<' | '>' | '`' | ';')
    }) {
        let trimmed = word.trim_end_matches(|c: char| {
            c.is_whitespace()
                || matches!(c, '"' | '\'' | ',' | '[' | ']' | '(' | ')' | '{' | '}' | '<' | '>' | '`' | ';' | ':' | '.')
        });
        if is_foreign(trimmed) {
            masked[at..at + trimmed.len()].fill(MASK as u8);
        }
        at += word.len();
    }
    // The kubelet's own guess about credentials is no evidence (kubelet up to 1.5).
    const GUESS: &str = "this may be because there are no credentials on this request";
    for (at, _) in words.match_indices(GUESS) {
        masked[at..at + GUESS.len()].fill(MASK as u8);
    }
    String::from_utf8(masked).unwrap_or_else(|_| words.to_owned())
}

/// Whether a word is a name that somebody chose: a reference, an address, a host name, a digest.
fn is_foreign(word: &str) -> bool {
    if word.len() < 4 || !word.bytes().any(|b| matches!(b, b'/' | b'.' | b':')) {
        return false;
    }
    if word.contains("://") || word.contains("sha256:") || word.contains("sha512:") {
        return true;
    }
    const OURS: &[&str] = &[
        "net/http",
        "archive/tar",
        "crypto/",
        "text/",
        "application/",
        "linux/",
        "windows/",
        "darwin/",
        "http/",
        "/var/",
        "/etc/",
        "/run/",
        "/usr/",
        "/tmp/",
        "/root/",
        "docker/",
        "/proc/",
        "/sys/",
        "/dev/",
        "/lib/",
        "name/",
        "and/or",
        "arn:",
        "index/",
        "encoding/",
        "x/crypto",
        "/opt/",
        "/home/",
        "/bin/",
        "/snap/",
        "/mnt/",
        "/data/",
        "container-registry/",
        "mount/",
    ];
    if OURS.iter().any(|ours| word.get(..ours.len()).is_some_and(|head| head.eq_ignore_ascii_case(ours))) {
        return false;
    }
    if word.contains('/') {
        // `/v2/…` paths and references; not `read/write`
        return word.starts_with('/')
            || word.contains(['.', ':', '-', '_'])
            || word.matches('/').count() > 1
            || word.bytes().any(|b| b.is_ascii_digit());
    }
    // a host name: labels with dots, the last one letters; programs' own dotted words are short
    let host = word.split(':').next().unwrap_or_default();
    let labels: Vec<&str> = host.split('.').collect();
    const DOTTED: &[&str] = &[
        "v1",
        "v2",
        "go",
        "json",
        "conf",
        "toml",
        "yaml",
        "d",
        "sock",
        "credentialprovider",
        "type",
        "auths",
        "dockercfg",
        "dockerconfigjson",
        "policy",
    ];
    labels.len() >= 2
        && labels.iter().all(|label| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'))
        // a top-level domain; with a capital it is a name of a program (`runtime.v1.ImageService`)
        && labels.last().is_some_and(|last| last.len() >= 2 && last.bytes().all(|b| b.is_ascii_lowercase()))
        && !labels.last().is_some_and(|last| DOTTED.contains(&last.to_ascii_lowercase().as_str()))
        && !labels.iter().any(|label| DOTTED.contains(&label.to_ascii_lowercase().as_str()) && labels.len() == 2)
}

/// HTTP answers that a text tells of.
fn answers(words: &str) -> Vec<Answer> {
    let mut answers: Vec<Answer> = Vec::new();
    let lower = words.to_ascii_lowercase();
    let mut push = |status: u16, method: Option<&str>, url: Option<&str>, at: usize| {
        if (100..600).contains(&status) {
            let asked = asked(url, &lower[..at.min(lower.len())]);
            let answer = Answer { status, method: method.map(str::to_owned), url: url.map(str::to_owned), asked };
            if !answers.contains(&answer) {
                answers.push(answer);
            }
        }
    };
    // containerd: unexpected status from HEAD request to <URL>: 401 Unauthorized (core/remotes/errors)
    for (at, mark) in words.match_indices("unexpected status from ") {
        let rest = &words[at + mark.len()..];
        let method = rest.split_ascii_whitespace().next();
        if let Some((url, status)) = after(rest, "request to ").and_then(url_and_status) {
            push(status, method, Some(url), at);
        }
    }
    // containerd up to 2.1.2: unexpected status code <URL>: 503 Service Unavailable; [manifests <tag>]: 401 Unauthorized
    for mark in ["unexpected status code ", "with status code ", "unexpected HTTP status code "] {
        for (at, _) in words.match_indices(mark) {
            if let Some((url, status)) = url_and_status(&words[at + mark.len()..]) {
                push(status, None, Some(url), at);
            }
        }
    }
    // containers/image and docker; the number follows after these words
    const NUMBERS: &[&str] = &[
        "received unexpected http status: ",
        "unexpected status: ",
        "invalid status code from registry ",
        "statuscode: ",
        "error parsing http ",
        "unexpected http status: ",
        "response status code ",
        "error: status ",
        "http/1.1 ",
        "http/2.0 ",
        "http status code: ",
        "status code ",
        "responded with status code ",
        "http code ",
        "error (",
        "unexpected http response: ",
        "when fetching blob ",
        "(status=",
    ];
    // a number with its phrase, in whatever frame
    const PHRASES: &[(u16, &str)] = &[
        (400, "400 bad request"),
        (401, "401 unauthorized"),
        (403, "403 forbidden"),
        (404, "404 not found"),
        (405, "405 method not allowed"),
        (407, "407 proxy authentication required"),
        (408, "408 request timeout"),
        (410, "410 gone"),
        (412, "412 precondition failed"),
        (429, "429 too many requests"),
        (451, "451 unavailable for legal reasons"),
        (500, "500 internal server error"),
        (502, "502 bad gateway"),
        (503, "503 service unavailable"),
        (503, "503 service temporarily unavailable"),
        (504, "504 gateway time"),
    ];
    static FIND: LazyLock<Literals> = LazyLock::new(|| {
        let phrases: Vec<&str> = PHRASES.iter().map(|(_, phrase)| *phrase).collect();
        Literals::new(&[NUMBERS, &phrases].concat())
    });
    let mut found = Vec::new();
    FIND.scan(lower.as_bytes(), &mut |word, at| {
        found.push((word, at));
        true
    });
    order::sort(&mut found, |a, b| a.cmp(b));
    for &(word, at) in &found {
        let Some(mark) = NUMBERS.get(word) else { break };
        if let Some(status) = number(&lower[at + mark.len()..]) {
            // docker's local API wraps everything in "API error (500)" and "(HTTP code 500) server error"
            let local =
                lower[..at].ends_with("api ") || (*mark == "http code " && lower[at..].contains("server error"));
            if !local {
                push(status, None, None, at);
            }
        }
    }
    for (word, at) in found {
        let phrase = word.checked_sub(NUMBERS.len()).and_then(|phrase| PHRASES.get(phrase));
        if let Some((status, _)) = phrase
            && !answers.iter().any(|answer| answer.status == *status)
        {
            answers.push(Answer { status: *status, method: None, url: None, asked: asked(None, &lower[..at]) });
        }
    }
    answers
}

fn number(text: &str) -> Option<u16> {
    let digits = text.trim_start();
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    (end == 3).then(|| digits[..3].parse().ok()).flatten()
}

/// `<URL>: 401 Unauthorized` or `[manifests v5]: 401 …`.
fn url_and_status(rest: &str) -> Option<(&str, u16)> {
    let rest = rest.trim_start();
    let end = if rest.starts_with('[') { rest.find(']')? + 1 } else { rest.find(|c: char| c.is_whitespace())? };
    let url = rest[..end].trim_end_matches(':').trim_matches('"');
    let status = number(rest[end..].trim_start_matches([':', ' ']))?;
    Some((url, status))
}

/// What a request was for: by its address, else by the words before.
fn asked(url: Option<&str>, before: &str) -> Asked {
    if let Some(url) = url {
        let url = url.to_ascii_lowercase();
        if url.contains("/manifests/") || url.starts_with("[manifests") {
            return Asked::Manifest;
        }
        if url.contains("/blobs/") || url.starts_with("[blobs") {
            return Asked::Blob;
        }
        if ["/token", "/oauth2", "scope=", "service=", "/auth"].iter().any(|part| url.contains(part)) {
            return Asked::Token;
        }
        if url.ends_with("/v2/") || url.ends_with("/v2") {
            return Asked::Ping;
        }
    }
    let tail = &before[crate::text::floor_boundary(before, before.len().saturating_sub(160))..];
    if tail.contains("bearer token")
        || tail.contains("oauth token")
        || tail.contains("anonymous token")
        || tail.contains("auth token")
    {
        Asked::Token
    } else if tail.contains("pinging") {
        Asked::Ping
    } else if tail.contains("manifest") {
        Asked::Manifest
    } else if tail.contains("blob") || tail.contains("image configuration") || tail.contains("layer") {
        Asked::Blob
    } else {
        Asked::Unknown
    }
}

/// Registry error codes, in the spellings of all clients: `MANIFEST_UNKNOWN`, `manifest unknown: …`, and the default messages that
/// containers/image prints instead (distribution, registry/api/errcode/register.go).
fn codes(words: &str, masked: &str) -> Vec<String> {
    const CODES: &[(&str, &[&str])] = &[
        ("UNAUTHORIZED", &["unauthorized:", "authentication required"]),
        ("DENIED", &["denied:", "requested access to the resource is denied"]),
        ("NAME_UNKNOWN", &["name unknown", "repository name not known to registry", "name_unknown"]),
        ("NAME_INVALID", &["name invalid", "invalid repository name", "name_invalid"]),
        ("MANIFEST_UNKNOWN", &["manifest unknown", "manifest_unknown"]),
        ("MANIFEST_INVALID", &["manifest invalid", "manifest_invalid"]),
        ("MANIFEST_BLOB_UNKNOWN", &["manifest blob unknown"]),
        ("BLOB_UNKNOWN", &["blob unknown", "unknown blob", "blob_unknown"]),
        ("TOOMANYREQUESTS", &["toomanyrequests", "too many requests to registry", "too many request to registry"]),
        ("UNSUPPORTED", &["unsupported: "]),
        ("UNAVAILABLE", &["unavailable: service unavailable"]),
        ("DIGEST_INVALID", &["digest invalid"]),
        ("UNKNOWN", &["unknown: "]),
    ];
    static FIND: LazyLock<Lexicon<&str>> = LazyLock::new(|| Lexicon::new(CODES));
    let bytes = masked.as_bytes();
    let mut said = Vec::new();
    FIND.scan(masked, &mut |code, at| {
        if at == 0 || !(bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_') {
            said.push(code);
        }
        true
    });
    let said = CODES.iter().map(|(code, _)| *code).filter(|code| said.contains(code));
    let mut found: Vec<String> = said.map(str::to_owned).collect();
    // a bare word right after an address in quotes, whatever a person says after it: `Head "…": unauthorized" - Anna`
    for (word, code) in [("\": denied", "DENIED"), ("\": unauthorized", "UNAUTHORIZED")] {
        let ends = |at: usize| {
            let rest = &words[at + word.len()..];
            !rest.starts_with(|c: char| c == ':' || c.is_alphanumeric())
        };
        if words.match_indices(word).any(|(at, _)| ends(at)) && !found.iter().any(|f| f == code) {
            found.push(code.to_owned());
        }
    }
    // a bare word at the end, after a colon or on a line of its own: `…/manifests/1: denied`
    let end = words.trim_end().trim_end_matches(['"', '\'', '.', ')', ']']).to_ascii_lowercase();
    for (word, code) in [("denied", "DENIED"), ("unauthorized", "UNAUTHORIZED")] {
        let before = end.strip_suffix(word);
        if before.is_some_and(|before| before.ends_with(": ") || before.ends_with('\n') || before.is_empty())
            && !found.iter().any(|f| f == code)
        {
            // after an address and without a number it may be a proxy's phrase when it begins with a capital
            let original = words.trim_end().trim_end_matches(['"', '\'', '.', ')', ']']);
            if original.ends_with(word) {
                found.push(code.to_owned());
            }
        }
    }
    found
}

/// Whether a credential was sent, as far as the words tell (containerd, core/remotes/docker/authorizer.go).
fn credential(masked: &str) -> Credential {
    static FIND: LazyLock<Lexicon<Credential>> = LazyLock::new(|| {
        Lexicon::new(&[
            (Credential::Sent, &["oauth token", "pull rate limit as "]),
            (
                Credential::NotSent,
                &[
                    "fetch anonymous token",
                    "no basic auth credentials",
                    "missing username or secret",
                    "unauthenticated request",
                    "anonymous users are only",
                    "unauthenticated pull rate limit",
                    "no valid credential was supplied",
                ],
            ),
        ])
    });
    let mut credential = Credential::Unsaid;
    FIND.scan(masked, &mut |told, _| {
        credential = told;
        told != Credential::Sent
    });
    credential
}
