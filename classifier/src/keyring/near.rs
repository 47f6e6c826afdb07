//! When no key matches: the key that was probably meant for the image, and why it does not count.

use serde::{Deserialize, Serialize};

use super::{HUB_KEY, Location};
use crate::secret_facts::{EntryFacts, SecretFacts};

/// An entry that comes near to an image but does not match it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearMiss {
    /// Index of the secret in the list that was given.
    pub secret: usize,
    /// Index in [`SecretFacts::entries`], or in [`SecretFacts::ignored_entries`] if `ignored`.
    pub entry: usize,
    /// Whether the kubelet does not even see the entry, because of its secret's standing or shape.
    pub ignored: bool,
    /// The key as written ([`EntryFacts::key`]).
    pub key: String,
    /// Why it does not match.
    pub miss: Miss,
}

/// Why a key does not match an image. The order is from near to far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Miss {
    /// The key matches, but the kubelet skips its secret ([`SecretFacts::standing`], [`SecretFacts::shape`]).
    SecretSkipped,
    /// A tag or digest is part of the key.
    KeyHasTag,
    /// The path is the registry's API (`/v1` or `/v2`, without the slash behind it that would make the kubelet cut it off).
    ApiPath,
    /// An address of Docker Hub, but not one under which the kubelet looks for it: `registry-1.docker.io`, `hub.docker.com`,
    /// `index.docker.io` with a path.
    DockerHubAddress,
    /// Right but for capital letters.
    LetterCase,
    /// The host and port match, the path is not a prefix of the image's.
    Path,
    /// The host matches, the port does not; no port and `:443` are different too.
    Port,
    /// A scheme other than `https://` and `http://` (or one in capital letters), which is read as a host.
    Scheme,
    /// The kubelet ignores the key because it cannot be read as an address ([`EntryFacts::key_problem`]).
    Unreadable,
    /// An IPv6 address without a port: the kubelet takes its brackets for a class of characters.
    IpLiteral,
    /// The end of the host is the same, but one has more labels than the other: `*` stands for one label, and a bare domain does
    /// not cover its subdomains.
    LabelCount,
    /// Another account, region or name at the same provider.
    SameProvider,
    /// One or two letters differ.
    Typo,
}

/// The nearest entry of all secrets, the first one of equals.
pub(super) fn nearest(repository: &str, secrets: &[&SecretFacts]) -> Option<NearMiss> {
    let target = Location::read(repository)?;
    let mut nearest: Option<NearMiss> = None;
    for (secret, facts) in secrets.iter().enumerate() {
        let seen = facts.entries.iter().enumerate().map(|(at, entry)| (at, entry, false));
        let ignored = facts.ignored_entries.iter().enumerate().map(|(at, entry)| (at, entry, true));
        for (entry_at, entry, ignored) in seen.chain(ignored) {
            let Some(miss) = miss(&target, entry, ignored) else { continue };
            if nearest.as_ref().is_none_or(|nearest| miss < nearest.miss) {
                nearest = Some(NearMiss { secret, entry: entry_at, ignored, key: entry.key.clone(), miss });
            }
        }
    }
    nearest
}

fn miss(target: &Location, entry: &EntryFacts, ignored: bool) -> Option<Miss> {
    if let Some((scheme, rest)) = entry.key.split_once("://")
        && !matches!(scheme, "http" | "https")
    {
        let meant = Location::read(rest)?;
        return (meant.port == target.port && meant.covers_host(&target.host)).then_some(Miss::Scheme);
    }
    let Some(location) = entry.normalized.as_deref().and_then(Location::read) else {
        let meant = entry.key.split_once("://").map_or(entry.key.as_str(), |(_, rest)| rest).to_ascii_lowercase();
        return meant.contains(&target.host.to_ascii_lowercase()).then_some(Miss::Unreadable);
    };
    if ignored && (location.covers(target) || is_hub(target) && entry.normalized.as_deref() == Some(HUB_KEY)) {
        return Some(Miss::SecretSkipped);
    }
    let same_host = location.covers_host(&target.host);
    let same_port = location.port == target.port;
    let lower = location.lowercase();
    if same_host && same_port {
        return Some(if location.path.contains([':', '@']) {
            Miss::KeyHasTag
        } else if matches!(location.path.as_str(), "/v1" | "/v2") {
            Miss::ApiPath
        } else if lower.covers(target) {
            Miss::LetterCase
        } else {
            Miss::Path
        });
    }
    if is_hub(target) && is_hub_address(&lower.host) {
        return Some(Miss::DockerHubAddress);
    }
    if same_port && lower.covers_host(&target.host.to_ascii_lowercase()) {
        return Some(Miss::LetterCase);
    }
    if same_host {
        return Some(Miss::Port);
    }
    if location.host == target.host && location.host.starts_with('[') {
        return Some(Miss::IpLiteral);
    }
    let target_host = target.host.to_ascii_lowercase();
    if is_other_depth(&lower.host, &target_host) {
        Some(Miss::LabelCount)
    } else if provider(&lower.host).is_some_and(|provider| self::provider(&target_host) == Some(provider)) {
        Some(Miss::SameProvider)
    } else if target_host.len() >= 6 && is_within(lower.host.as_bytes(), target_host.as_bytes(), 2) {
        Some(Miss::Typo)
    } else {
        None
    }
}

impl Location {
    fn lowercase(&self) -> Location {
        let lower = str::to_ascii_lowercase;
        Location { host: lower(&self.host), port: lower(&self.port), path: lower(&self.path) }
    }
}

fn is_hub(target: &Location) -> bool {
    target.host == "docker.io" && target.port.is_empty()
}

fn is_hub_address(host: &str) -> bool {
    matches!(host, "docker.com" | "hub.docker.com" | "registry.hub.docker.com" | "www.docker.com" | "cloud.docker.com")
        || host.ends_with(".docker.io")
}

/// A different number of labels, and the last labels (two at least, of the shorter host) match.
fn is_other_depth(pattern: &str, target: &str) -> bool {
    let pattern: Vec<&str> = pattern.rsplit('.').collect();
    let target: Vec<&str> = target.rsplit('.').collect();
    let stars = |label: &&&str| **label == "*";
    // `*.azurecr.io` has two labels to compare, and a star in front of them that is one too few or too many
    let shorter = pattern.iter().filter(|label| !stars(label)).count().min(target.len());
    pattern.len() != target.len()
        && shorter >= 2
        && pattern.iter().zip(&target).take(shorter).all(|(pattern, label)| super::label_matches(pattern, label))
}

/// Registries of one provider are told apart by account, region or name: a key for another one is a near miss.
fn provider(host: &str) -> Option<&'static str> {
    const PROVIDERS: [&str; 12] = [
        "amazonaws.com",
        "amazonaws.com.cn",
        "amazonaws.eu",
        "on.aws",
        "azurecr.io",
        "azurecr.cn",
        "azurecr.us",
        "gcr.io",
        "pkg.dev",
        "icr.io",
        "ocir.io",
        "jfrog.io",
    ];
    PROVIDERS
        .into_iter()
        .find(|provider| host.strip_suffix(provider).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

/// Whether `limit` insertions, deletions or replacements turn one into the other.
fn is_within(one: &[u8], other: &[u8], limit: usize) -> bool {
    let common = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    let (one, other) = (&one[common..], &other[common..]);
    if one.is_empty() || other.is_empty() {
        return one.len() + other.len() <= limit;
    }
    limit > 0
        && (is_within(&one[1..], &other[1..], limit - 1)
            || is_within(&one[1..], other, limit - 1)
            || is_within(one, &other[1..], limit - 1))
}
