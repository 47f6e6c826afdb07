//! A pull secret reduced to facts: what the kubelet makes of it, entry by entry, and what is odd about it. Never a user name,
//! a password, a token or any other value: those die inside [`SecretFacts::of`].

mod shape;
mod token;

use serde::de::IntoDeserializer;
use serde::de::value::Error as UnknownWord;
use serde::{Deserialize, Serialize};

pub use self::shape::{Oddity, UsernameShape};
pub use self::token::{Expiry, TokenFacts, TokenKind};
use crate::keyring::{self, KeyProblem, docker_config, go_base64, go_json};
use crate::order;
use crate::read::tree::{self, Node};
use crate::text::Text;

/// Facts of one Secret. In a bundle it is a document of its own:
/// `{"apiVersion":"imagepull/v1","kind":"SecretFacts","metadata":{"name":…},"type":…,…}`.
///
/// ```
/// use imagepull_classifier::secret_facts::{Credential, SecretFacts, Standing};
///
/// let secret = r#"{
///     "kind": "Secret", "type": "kubernetes.io/dockerconfigjson", "metadata": {"name": "regcred", "namespace": "shop"},
///     "stringData": {".dockerconfigjson": "{\"auths\": {\"https://reg.io/v1/\": {\"username\": \"me\", \"password\": \"pw\"}}}"}
/// }"#;
/// let facts = SecretFacts::of(secret);
/// assert_eq!(facts.standing, Standing::Used);
/// assert_eq!(facts.entries[0].normalized.as_deref(), Some("reg.io"));
/// assert_eq!(facts.entries[0].credential, Credential::Complete);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub struct SecretFacts {
    /// The version of this document.
    #[serde(rename = "apiVersion")]
    pub version: Version,
    /// Name, namespace, age.
    pub metadata: SecretMetadata,
    /// The secret's type, as `kubernetes.io/dockerconfigjson`.
    #[serde(rename = "type")]
    pub secret_type: String,
    /// Names of the keys under `data` and `stringData`, sorted.
    pub keys: Vec<String>,
    /// What the kubelet does with the secret as a whole.
    pub standing: Standing,
    /// The kubelet's words when the secret breaks the whole keyring ([`Standing::Broken`]): they stand in the event after
    /// `Error: `. Such a text may quote one single character of the configuration, as the event does.
    pub error: Option<String>,
    /// What the configuration is written like, if there is one to look at.
    pub shape: Option<ConfigShape>,
    /// The entries that the kubelet sees, in the order of the text. Empty unless the standing is [`Standing::Used`].
    pub entries: Vec<EntryFacts>,
    /// Entries that a reader of the text sees but the kubelet does not: those of a secret that is skipped, broken or in the
    /// wrong shape, read as they were meant.
    pub ignored_entries: Vec<EntryFacts>,
}

/// Version of the [`SecretFacts`] document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Version {
    /// The only one so far.
    #[default]
    #[serde(rename = "imagepull/v1")]
    V1,
}

/// What is kept of a secret's metadata. No annotations: `kubectl apply` leaves the plain text there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretMetadata {
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// When it was made (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creation_timestamp: Option<String>,
    /// When somebody last wrote it (RFC 3339): the newest time in `managedFields`. What it holds is at least this old.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_written: Option<String>,
}

/// What the kubelet does with a secret named in `imagePullSecrets`.
///
/// Source: k8s.io/kubernetes v1.36.3, pkg/credentialprovider/secrets/secrets.go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Its entries are in the keyring.
    Used,
    /// It is read and holds no entry; nobody says so.
    NoEntries,
    /// Skipped without a word: the type is neither `kubernetes.io/dockerconfigjson` nor `kubernetes.io/dockercfg`.
    WrongType,
    /// Skipped without a word: the key that belongs to the type is absent.
    MissingKey,
    /// Skipped without a word: the value is empty.
    EmptyValue,
    /// It breaks the whole keyring: no pull of a pod that names it succeeds, whatever the other secrets hold and even if the
    /// image is public.
    Broken,
    /// Not as an API server returns it (`data` that is no base64, such as a redacted value): nothing can be said.
    Unreadable,
    /// A standing that a newer version of this program knows.
    #[default]
    #[serde(other)]
    Unknown,
}

/// What a configuration is written like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfigShape {
    /// `{"auths": {…}}` with at least one entry: `.dockerconfigjson`.
    Auths,
    /// `{"<registry>": {…}}`: `.dockercfg`.
    Dockercfg,
    /// `{"auths": {}}`.
    EmptyAuths,
    /// No `auths`, but `credsStore` or `credHelpers`: the passwords stayed on somebody's machine.
    CredentialHelper,
    /// A JSON object with something else.
    OtherObject,
    /// JSON, but no object.
    NoObject,
    /// Base64 once more, with JSON inside: encoded twice.
    Base64Twice,
    /// JSON behind a byte order mark, or in UTF-16: written by a Windows tool.
    ByteOrderMark,
    /// No JSON.
    NoJson,
    /// A shape that a newer version of this program knows.
    #[serde(other)]
    Unknown,
}

/// One registry's entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryFacts {
    /// The key as written, without user and query: `https://reg.io/v1/`.
    pub key: String,
    /// The key as the kubelet keeps it: `reg.io`. `None` if it drops the entry.
    pub normalized: Option<String>,
    /// Why it drops the entry.
    pub key_problem: Option<KeyProblem>,
    /// Whether there is something to send.
    pub credential: Credential,
    /// The kubelet's words if this entry breaks the keyring.
    pub fault: Option<String>,
    /// What the user name looks like.
    pub username: UsernameShape,
    /// What the password is, if it can be told by its form.
    pub token: Option<TokenFacts>,
    /// What is odd about the entry.
    pub oddities: Vec<Oddity>,
}

/// Whether an entry holds something that a runtime can send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Credential {
    /// User name and password.
    Complete,
    /// Neither: the runtime pulls without credentials.
    Empty,
    /// Only an `identitytoken` or `registrytoken`, as `docker login` writes it for some registries. The kubelet reads neither,
    /// the runtime pulls without credentials.
    OnlyUnreadToken,
    /// A user name alone.
    NoPassword,
    /// A password alone.
    NoUsername,
    /// Cannot be decoded; the whole keyring fails.
    Faulty,
    /// A state that a newer version of this program knows.
    #[default]
    #[serde(other)]
    Unknown,
}

/// The type whose key is [`CONFIG_JSON_KEY`].
pub const CONFIG_JSON_TYPE: &str = "kubernetes.io/dockerconfigjson";
/// The type whose key is [`DOCKERCFG_KEY`].
pub const DOCKERCFG_TYPE: &str = "kubernetes.io/dockercfg";
/// The data key of [`CONFIG_JSON_TYPE`].
pub const CONFIG_JSON_KEY: &str = ".dockerconfigjson";
/// The data key of [`DOCKERCFG_TYPE`].
pub const DOCKERCFG_KEY: &str = ".dockercfg";

impl SecretFacts {
    /// Reduces a Secret in JSON, as the API returns it or as a manifest has it (`stringData`). Never fails: what is not there
    /// is absent in the facts.
    pub fn of(json: &str) -> SecretFacts {
        SecretFacts::reduce(&tree::json(&Text::verbatim(json, 0, 0)))
    }

    fn reduce(secret: &Node) -> SecretFacts {
        let secret_type = secret.text(&["type"]).unwrap_or_default();
        let mut facts = SecretFacts {
            metadata: metadata(secret),
            secret_type: secret_type.to_owned(),
            keys: data_keys(secret),
            ..SecretFacts::default()
        };
        let key = match secret_type {
            CONFIG_JSON_TYPE => CONFIG_JSON_KEY,
            DOCKERCFG_TYPE => DOCKERCFG_KEY,
            _ => return facts.skipped(secret, Standing::WrongType),
        };
        match data_value(secret, key) {
            DataValue::Absent => facts.skipped(secret, Standing::MissingKey),
            DataValue::Unreadable => facts.skipped(secret, Standing::Unreadable),
            DataValue::Bytes(config) if config.is_empty() => facts.skipped(secret, Standing::EmptyValue),
            DataValue::Bytes(config) => {
                facts.read_config(&config, secret_type == CONFIG_JSON_TYPE);
                facts
            }
        }
    }

    /// Takes either form that a document may have: a `Secret`, which is reduced, or `SecretFacts` out of a bundle. `None` for
    /// any other kind, and for facts of a version that is not known here.
    pub fn read(document: &Node) -> Option<SecretFacts> {
        match document.text(&["kind"])? {
            "Secret" => Some(SecretFacts::reduce(document)),
            "SecretFacts" if document.text(&["apiVersion"]) == Some("imagepull/v1") => Some(SecretFacts {
                version: Version::V1,
                metadata: SecretMetadata {
                    name: string(document, &["metadata", "name"]),
                    namespace: string(document, &["metadata", "namespace"]),
                    creation_timestamp: optional(document, &["metadata", "creationTimestamp"]),
                    last_written: optional(document, &["metadata", "lastWritten"]),
                },
                secret_type: string(document, &["type"]),
                keys: document.items(&["keys"]).iter().map(|key| string(key, &[])).collect(),
                standing: word(document, "standing").unwrap_or_default(),
                error: optional(document, &["error"]),
                shape: word(document, "shape"),
                entries: document.items(&["entries"]).iter().map(EntryFacts::read).collect(),
                ignored_entries: document.items(&["ignoredEntries"]).iter().map(EntryFacts::read).collect(),
            }),
            _ => None,
        }
    }

    /// When somebody last wrote the secret, in seconds since 1970; a token in it was issued before.
    pub fn last_written(&self) -> Option<i64> {
        self.metadata.last_written.as_deref().and_then(unix_seconds)
    }

    /// When the secret was made, in seconds since 1970.
    pub fn created(&self) -> Option<i64> {
        self.metadata.creation_timestamp.as_deref().and_then(unix_seconds)
    }

    /// The latest moment, in seconds since 1970, at which the token of an entry of this secret died or will die, if that can be
    /// told: from the token itself, or from its kind and the time at which the secret was last written.
    pub fn expires(&self, entry: &EntryFacts) -> Option<i64> {
        match entry.token?.expiry {
            Expiry::At(moment) => Some(moment),
            Expiry::WithinSeconds(seconds) => self.last_written()?.checked_add(seconds),
            Expiry::WithJob | Expiry::Never | Expiry::Unreadable => None,
        }
    }

    fn read_config(&mut self, config: &[u8], is_config_json: bool) {
        let read = if is_config_json {
            docker_config::read_config_json(config)
        } else {
            docker_config::read_dockercfg(config)
        };
        let shape = config_shape(config);
        self.shape = Some(shape);
        self.entries = read.entries.iter().map(entry_facts).collect();
        if names_helper(&go_json::members(config).unwrap_or_default()) {
            let empty = self.entries.iter_mut().filter(|entry| entry.credential == Credential::Empty);
            empty.for_each(|entry| entry.oddities.push(Oddity::LeftWithHelper));
        }
        self.error = read.error;
        self.standing = match (&self.error, self.entries.is_empty()) {
            (Some(_), _) => Standing::Broken,
            (None, true) => Standing::NoEntries,
            (None, false) => Standing::Used,
        };
        let is_meant_otherwise = match shape {
            ConfigShape::Dockercfg => is_config_json,
            ConfigShape::Auths => !is_config_json,
            _ => false,
        };
        if self.standing == Standing::Broken {
            self.ignored_entries = std::mem::take(&mut self.entries);
        }
        if is_meant_otherwise || self.ignored_entries.is_empty() && self.standing != Standing::Used {
            self.ignored_entries = meant_entries(config);
        }
    }

    fn skipped(mut self, secret: &Node, standing: Standing) -> SecretFacts {
        self.standing = standing;
        const USUAL_KEYS: [&str; 6] =
            [CONFIG_JSON_KEY, DOCKERCFG_KEY, "config.json", "dockerconfigjson", "dockercfg", ".dockerconfig.json"];
        for key in USUAL_KEYS {
            if let DataValue::Bytes(config) = data_value(secret, key)
                && !config.is_empty()
            {
                self.shape = Some(config_shape(&config));
                self.ignored_entries = meant_entries(&config);
                break;
            }
        }
        self
    }
}

impl EntryFacts {
    /// As a bundle has it.
    fn read(entry: &Node) -> EntryFacts {
        EntryFacts {
            key: string(entry, &["key"]),
            normalized: optional(entry, &["normalized"]),
            key_problem: word(entry, "keyProblem"),
            credential: word(entry, "credential").unwrap_or_default(),
            fault: optional(entry, &["fault"]),
            username: word(entry, "username").unwrap_or_default(),
            token: entry.at(&["token"]).and_then(TokenFacts::read),
            oddities: entry.items(&["oddities"]).iter().filter_map(|oddity| word(oddity, "")).collect(),
        }
    }
}

fn string(node: &Node, path: &[&str]) -> String {
    optional(node, path).unwrap_or_default()
}

/// Text of a bundle; in quotation marks `null` is a word like others.
fn optional(node: &Node, path: &[&str]) -> Option<String> {
    match node.at(path)? {
        Node::Leaf(text) => Some(text.as_str().to_owned()),
        _ => node.text(path).map(str::to_owned),
    }
}

/// A word of a bundle, at a key or (where that is empty) itself; `None` where there is none that is known.
fn word<'node, T: Deserialize<'node>>(node: &'node Node, key: &str) -> Option<T> {
    let text = if key.is_empty() { node.text(&[]) } else { node.text(&[key]) }?;
    let deserializer: serde::de::value::StrDeserializer<'node, UnknownWord> = text.into_deserializer();
    T::deserialize(deserializer).ok()
}

/// Entries as they were meant, whatever shape they are in. Only those whose key looks like a registry: in a text that is no
/// docker configuration, the keys may be anything.
fn meant_entries(config: &[u8]) -> Vec<EntryFacts> {
    let inner;
    let mut config = config;
    match config_shape(config) {
        ConfigShape::Base64Twice => {
            inner = go_base64::decode_any(config).unwrap_or_default();
            config = &inner;
        }
        ConfigShape::ByteOrderMark => config = config.strip_prefix(UTF8_MARK).unwrap_or_default(),
        _ => {}
    }
    let read = match config_shape(config) {
        ConfigShape::Auths => docker_config::read_config_json(config),
        ConfigShape::Dockercfg => docker_config::read_dockercfg(config),
        _ => return Vec::new(),
    };
    read.entries.iter().map(entry_facts).filter(|entry| looks_like_registry(&entry.key)).collect()
}

fn looks_like_registry(key: &str) -> bool {
    let host = key.split_once("://").map_or(key, |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or_default();
    host.contains(['.', ':']) || host == "localhost"
}

const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";

fn config_shape(config: &[u8]) -> ConfigShape {
    if [UTF8_MARK, b"\xFF\xFE", b"\xFE\xFF"].iter().any(|mark| config.starts_with(mark)) {
        return ConfigShape::ByteOrderMark;
    }
    if go_json::check(config).is_err() {
        let is_json = |text: &Vec<u8>| text.trim_ascii_start().starts_with(b"{") && go_json::check(text).is_ok();
        let twice = go_base64::decode_any(&without_blanks(config)).is_some_and(|decoded| is_json(&decoded));
        return if twice { ConfigShape::Base64Twice } else { ConfigShape::NoJson };
    }
    let Some(members) = go_json::members(config) else { return ConfigShape::NoObject };
    let auths: Vec<_> = members.iter().filter(|(name, _)| go_json::names_field(name, "auths")).collect();
    if auths.iter().any(|(_, value)| go_json::members(value).is_some_and(|auths| !auths.is_empty())) {
        ConfigShape::Auths
    } else if names_helper(&members) {
        ConfigShape::CredentialHelper
    } else if !auths.is_empty() {
        ConfigShape::EmptyAuths
    } else if members.iter().any(|(name, value)| looks_like_registry(name) && go_json::kind(value) == Some("object")) {
        ConfigShape::Dockercfg
    } else {
        ConfigShape::OtherObject
    }
}

fn names_helper(members: &[(String, &[u8])]) -> bool {
    members.iter().any(|(name, _)| name == "credsStore" || name == "credHelpers")
}

fn without_blanks(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect()
}

fn entry_facts(entry: &docker_config::Entry) -> EntryFacts {
    let (key, key_has_user) = shown_key(&entry.key);
    let (normalized, key_problem) = match keyring::normalize_key(&entry.key) {
        Ok(normalized) => (Some(normalized), None),
        Err(problem) => (None, Some(problem)),
    };
    let has_unread_token = entry.identity_token || entry.registry_token;
    let credential = match (entry.fault.is_some(), entry.username.is_empty(), entry.password.is_empty()) {
        (true, ..) => Credential::Faulty,
        (_, false, false) => Credential::Complete,
        (_, false, true) => Credential::NoPassword,
        (_, true, false) => Credential::NoUsername,
        (_, true, true) if has_unread_token => Credential::OnlyUnreadToken,
        (_, true, true) => Credential::Empty,
    };
    let username = shape::username_shape(&entry.username);
    let mut oddities = shape::oddities(&entry.username, &entry.password);
    oddities.extend(entry.auth_differs.then_some(Oddity::AuthDiffers));
    oddities.extend(key_has_user.then_some(Oddity::KeyHasUser));
    oddities.extend(has_unread_token.then_some(Oddity::UnreadToken));
    EntryFacts {
        key,
        normalized,
        key_problem,
        credential,
        fault: entry.fault.clone(),
        username,
        token: token::read(username, &entry.password),
        oddities,
    }
}

/// The key without what may be a secret in it: a user before an `@` (wherever: what looks like a path may be the second half
/// of a password with a slash), a query, a fragment. The `@` of a digest stays.
fn shown_key(key: &str) -> (String, bool) {
    let end = key.find(['?', '#']).unwrap_or(key.len());
    let (address, hidden) = key.split_at(end);
    let (scheme, rest) = match address.find("://") {
        Some(at) => address.split_at(at + 3),
        None => ("", address),
    };
    let is_digest = |rest: &str| ["sha256:", "sha512:"].iter().any(|algorithm| rest.starts_with(algorithm));
    let at_sign = |text: &str| text.rmatch_indices('@').map(|(at, _)| at + 1).find(|at| !is_digest(&text[*at..]));
    let escaped = rest.to_ascii_lowercase();
    let user = at_sign(rest).max(escaped.rfind("%40").map(|at| at + 3));
    // an `@` behind `?` or `#`: the password had such a character, so all before it is the user's
    if let Some(at) = at_sign(hidden) {
        return (format!("{scheme}{}", hidden[at..].split(['?', '#']).next().unwrap_or_default()), true);
    }
    (format!("{scheme}{}", &rest[user.unwrap_or(0)..]), user.is_some())
}

enum DataValue {
    Absent,
    Unreadable,
    Bytes(Vec<u8>),
}

fn data_value(secret: &Node, key: &str) -> DataValue {
    // the API server lays stringData over data
    if let Some(plain) = secret.leaf(&["stringData", key]) {
        return DataValue::Bytes(plain.as_str().as_bytes().to_vec());
    }
    match secret.at(&["data", key]) {
        None => DataValue::Absent,
        Some(Node::Bare(word)) if matches!(word.as_str(), "null" | "~" | "") => DataValue::Bytes(Vec::new()),
        // in YAML, base64 stands without quotes
        Some(Node::Leaf(encoded) | Node::Bare(encoded)) if encoded.as_str().parse::<i64>().is_err() => {
            go_base64::decode(encoded.as_str().as_bytes(), true).map_or(DataValue::Unreadable, DataValue::Bytes)
        }
        Some(_) => DataValue::Unreadable,
    }
}

fn data_keys(secret: &Node) -> Vec<String> {
    // what the API server accepts as a key (validation.IsConfigMapKey); anything else is not as it came from there
    let is_key = |key: &&String| {
        key.len() <= 253 && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    let mut keys: Vec<String> = Vec::new();
    for field in ["data", "stringData"] {
        if let Some(Node::Map(data)) = secret.at(&[field]) {
            keys.extend(data.iter().map(|(key, _)| key).filter(is_key).cloned());
        }
    }
    order::sort(&mut keys, String::cmp);
    keys.dedup();
    keys
}

fn metadata(secret: &Node) -> SecretMetadata {
    let text = |field: &str| secret.text(&["metadata", field]);
    let time = |text: &str| unix_seconds(text).map(|seconds| (seconds, text.to_owned()));
    let managers = secret.items(&["metadata", "managedFields"]).iter();
    SecretMetadata {
        name: text("name").unwrap_or_default().to_owned(),
        namespace: text("namespace").unwrap_or_default().to_owned(),
        creation_timestamp: text("creationTimestamp").and_then(time).map(|(_, text)| text),
        last_written: managers.filter_map(|manager| time(manager.text(&["time"])?)).max().map(|(_, text)| text),
    }
}

/// Seconds since 1970 of `2026-11-21T09:50:38Z`, the one form in which the API writes times.
fn unix_seconds(text: &str) -> Option<i64> {
    let text = text.strip_suffix('Z')?;
    if text.len() != 19 || !text.is_ascii() {
        return None;
    }
    let shape_fits = text.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        10 => byte == b'T',
        13 | 16 => byte == b':',
        _ => byte.is_ascii_digit(),
    });
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    if !shape_fits {
        return None;
    }
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // days from civil, Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468;
    Some(((days * 24 + number(11..13)?) * 60 + number(14..16)?) * 60 + number(17..19)?)
}

#[cfg(test)]
mod tests;
