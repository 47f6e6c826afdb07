//! The kubelet's keyring: from an image and the pod's pull secrets to the credentials that are sent, in the order in which
//! they are tried, or to the reason why none is.
//!
//! A port of k8s.io/kubernetes v1.36.3, pkg/credentialprovider/keyring.go (the algorithm is the same since 1.15), held to the
//! original by `tests/tests/keyring_oracle.rs`. The node's own docker configuration and credential-provider plugins come
//! after the pod's secrets and are not seen here.

pub(crate) mod docker_config;
pub(crate) mod go_base64;
pub(crate) mod go_json;
mod go_url;
mod near;

pub use self::go_url::KeyProblem;
pub use self::near::{Miss, NearMiss};
use crate::order;
use crate::read::image_ref::ImageRef;
use crate::secret_facts::{Credential, SecretFacts, Standing};

/// What the kubelet's keyring answers for one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keyring {
    /// The image reference is not one; the kubelet never asks.
    NotAnImage,
    /// One of the secrets breaks the keyring: the pull fails before it begins, with this text.
    Broken {
        /// Index of the secret in the list that was given.
        secret: usize,
        /// The kubelet's words ([`SecretFacts::error`]).
        message: String,
    },
    /// These credentials are tried one after another until one succeeds; never empty. There is no attempt without a
    /// credential, so one wrong entry keeps a public image away.
    Candidates(Vec<Candidate>),
    /// No secret has a credential for the image: one attempt without (unless the node itself has some).
    NoMatch {
        /// The entry that comes nearest, if any entry is near.
        nearest: Option<NearMiss>,
    },
}

/// A credential that the kubelet tries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Index of the secret in the list that was given.
    pub secret: usize,
    /// Index in that secret's [`SecretFacts::entries`].
    pub entry: usize,
    /// The key that matched, as the kubelet keeps it.
    pub key: String,
    /// Whether there is something to send; an empty one counts as a candidate all the same.
    pub credential: Credential,
}

/// Asks the keyring made of `secrets`, in the order of the pod's `imagePullSecrets`, for the credentials of an image (its
/// reference as in the pod). Secrets that could not be retrieved are not in the keyring: leave them out.
///
/// Within one secret the kubelet's own order of keys that are the same after normalization is random (a Go map); here it is
/// the order of the text.
///
/// Source: secrets.go `secretsToTrackedDockerConfigs`, keyring.go `Add` and `Lookup`; image_manager.go
/// `makeLookupPullCredentialsFunc` for the name that is looked up.
pub fn look_up(image: &str, secrets: &[&SecretFacts]) -> Keyring {
    let Some(image) = ImageRef::parse(image) else { return Keyring::NotAnImage };
    let repository = image.name();
    let broken = secrets.iter().enumerate().find(|(_, facts)| facts.standing == Standing::Broken);
    if let Some((secret, facts)) = broken {
        return Keyring::Broken { secret, message: facts.error.clone().unwrap_or_default() };
    }
    let index = Index::of(secrets);
    // a repository always reads as an address: its grammar leaves nothing else
    let target = Location::read(&repository);
    let matching = |key: &str| match (Location::read(key), &target) {
        (Some(pattern), Some(target)) => pattern.covers(target),
        _ => false,
    };
    let mut candidates = Vec::new();
    for (key, at) in index.0.iter().filter(|(key, _)| matching(key)) {
        candidates.push(candidate(secrets, key, *at));
    }
    if candidates.is_empty() && is_default_registry(&repository) {
        let hub = index.0.iter().filter(|(key, _)| *key == HUB_KEY);
        candidates.extend(hub.map(|(key, at)| candidate(secrets, key, *at)));
    }
    if candidates.is_empty() {
        Keyring::NoMatch { nearest: near::nearest(&repository, secrets) }
    } else {
        Keyring::Candidates(candidates)
    }
}

/// Whether a pattern (a key, or a line of a credential provider's `matchImages`) covers an image's repository, both without
/// scheme: `*.dkr.ecr.*.amazonaws.com` covers `123.dkr.ecr.eu-west-1.amazonaws.com/app`. The special case of
/// `index.docker.io` is not part of it.
///
/// Source: keyring.go `URLsMatchStr`.
pub fn pattern_matches(pattern: &str, repository: &str) -> bool {
    match (Location::read(pattern), Location::read(repository)) {
        (Some(pattern), Some(target)) => pattern.covers(&target),
        _ => false,
    }
}

/// The form in which the kubelet keeps a key: `https://index.docker.io/v1/` is `index.docker.io`. The error says why it
/// ignores the entry. A query or fragment is not part of the answer, and a key with an `@` behind its host is an error here: no
/// image's name has one, and what stands before it may be a piece of a password (`https://user:pass/word@registry`).
///
/// Source: keyring.go `BasicDockerKeyring.Add`.
pub fn normalize_key(key: &str) -> Result<String, KeyProblem> {
    let rest = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let address = go_url::parse(rest.as_bytes())?;
    let mut path = address.path.as_slice();
    if path.starts_with(b"/v1/") || path.starts_with(b"/v2/") {
        path = &path[3..];
    }
    if path == b"/" {
        path = b"";
    }
    let normalized = String::from_utf8([&address.host, path].concat()).map_err(|_| KeyProblem::NeverAnImage)?;
    let is_digest = |rest: &str| rest.starts_with("sha256:") || rest.starts_with("sha512:");
    let cut = rest.find(['?', '#']).unwrap_or(rest.len());
    if normalized.match_indices('@').any(|(at, _)| !is_digest(&normalized[at + 1..])) || rest[cut..].contains('@') {
        return Err(KeyProblem::NeverAnImage);
    }
    // the kubelet reads the key as an address once more at every look-up, where an escaped `?` or `#` cuts it
    Ok(normalized.split(['?', '#']).next().unwrap_or_default().to_owned())
}

/// The key under which the kubelet looks for Docker Hub's credentials when no key matches.
const HUB_KEY: &str = "index.docker.io";

/// Entries by normalized key, as (secret, entry): what `Add` builds.
struct Index<'a>(Vec<(&'a str, (usize, usize))>);

impl<'a> Index<'a> {
    fn of(secrets: &[&'a SecretFacts]) -> Index<'a> {
        let mut index = Vec::new();
        for (secret, facts) in secrets.iter().enumerate() {
            for (entry, key) in facts.entries.iter().enumerate() {
                if let Some(key) = &key.normalized {
                    index.push((key.as_str(), (secret, entry)));
                }
            }
        }
        // descending byte order: of two keys of one host, the longer path comes first
        order::sort(&mut index, |(a, _), (b, _)| b.cmp(a));
        Index(index)
    }
}

fn candidate(secrets: &[&SecretFacts], key: &str, (secret, entry): (usize, usize)) -> Candidate {
    Candidate { secret, entry, key: key.to_owned(), credential: secrets[secret].entries[entry].credential }
}

/// Source: keyring.go `isDefaultRegistryMatch`. It looks for a dot or colon only, so `localhost/app` counts as Docker Hub.
fn is_default_registry(repository: &str) -> bool {
    match repository.split_once('/') {
        None => !repository.is_empty(),
        Some(("", _)) => false,
        Some(("docker.io" | "index.docker.io", _)) => true,
        Some((first, _)) => !first.contains(['.', ':']),
    }
}

/// A key or an image's name, split as `URLsMatch` compares it.
#[derive(Debug)]
struct Location {
    host: String,
    port: String,
    path: String,
}

impl Location {
    /// `None` if it is no address, or not text: then it matches nothing.
    fn read(text: &str) -> Option<Location> {
        let address = go_url::parse(text.as_bytes()).ok()?;
        let (host, port) = go_url::split_port(&address.host);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
        Some(Location { host: text(host)?, port: text(port)?, path: text(&address.path)? })
    }

    /// Port equal, path a plain prefix, the same number of labels, each matching. Source: keyring.go `URLsMatch`.
    fn covers(&self, target: &Location) -> bool {
        self.port == target.port && target.path.starts_with(&self.path) && self.covers_host(&target.host)
    }

    fn covers_host(&self, target: &str) -> bool {
        self.host.split('.').count() == target.split('.').count()
            && self.host.split('.').zip(target.split('.')).all(|(pattern, label)| label_matches(pattern, label))
    }
}

/// One label against one label, as `filepath.Match` compares them. A host cannot hold `?`, `\` or `^`, so only `*` and
/// classes are left, and classes only as an accident: the brackets of an IPv6 address without port are read as one, so that
/// such a key does not match its own host.
///
/// Source: Go 1.26, path/filepath/match.go. A malformed pattern matches nothing.
fn label_matches(pattern: &str, label: &str) -> bool {
    let mut pattern = pattern;
    let mut label = label;
    while !pattern.is_empty() {
        let chunk_start = pattern.trim_start_matches('*');
        let star = chunk_start.len() < pattern.len();
        let (chunk, rest) = split_chunk(chunk_start);
        pattern = rest;
        if star && chunk.is_empty() {
            return true;
        }
        let skips = label.char_indices().map(|(at, _)| at).chain([label.len()]);
        let skips = skips.take(if star { usize::MAX } else { 1 });
        let fits = |at: usize| chunk_matches(chunk, &label[at..]).filter(|rest| rest.is_empty() || !pattern.is_empty());
        match skips.into_iter().find_map(fits) {
            Some(rest) => label = rest,
            None => return false,
        }
    }
    label.is_empty()
}

/// Up to the next `*` outside a class.
fn split_chunk(pattern: &str) -> (&str, &str) {
    let mut in_class = false;
    for (at, char) in pattern.char_indices() {
        match char {
            '[' => in_class = true,
            ']' => in_class = false,
            '*' if !in_class => return pattern.split_at(at),
            _ => {}
        }
    }
    (pattern, "")
}

/// What is left of `label` after `chunk`.
fn chunk_matches<'a>(mut chunk: &str, mut label: &'a str) -> Option<&'a str> {
    while let Some(expected) = chunk.chars().next() {
        let char = label.chars().next()?;
        label = &label[char.len_utf8()..];
        chunk = &chunk[expected.len_utf8()..];
        if expected == '[' {
            let (found, rest) = class_matches(chunk, char)?;
            chunk = rest;
            if !found {
                return None;
            }
        } else if expected != char {
            return None;
        }
    }
    Some(label)
}

/// The ranges of a class up to its `]`: whether `char` is in it, and what follows. `None` if it is malformed.
fn class_matches(mut class: &str, char: char) -> Option<(bool, &str)> {
    let mut found = false;
    let mut ranges = 0;
    loop {
        if ranges > 0
            && let Some(rest) = class.strip_prefix(']')
        {
            return Some((found, rest));
        }
        let (low, rest) = class_bound(class)?;
        let (high, rest) = match rest.strip_prefix('-') {
            Some(rest) => class_bound(rest)?,
            None => (low, rest),
        };
        class = rest;
        found |= (low..=high).contains(&char);
        ranges += 1;
    }
}

fn class_bound(class: &str) -> Option<(char, &str)> {
    let bound = class.chars().next().filter(|char| !matches!(char, '-' | ']'))?;
    let rest = &class[bound.len_utf8()..];
    (!rest.is_empty()).then_some((bound, rest))
}

#[cfg(test)]
mod tests;
