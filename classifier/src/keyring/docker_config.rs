//! The two forms of a docker configuration as the kubelet decodes them, with its error texts. Holds user names and
//! passwords: nothing here derives `Debug` or leaves the crate; `secret_facts` reduces it at once.

use std::collections::HashMap;

use super::{go_base64, go_json};

/// What the kubelet gets out of a configuration.
#[derive(Default)]
pub(crate) struct DockerConfig {
    /// One for each key, in the order of their first appearance; a repeated key has its last value, as in Go.
    pub entries: Vec<Entry>,
    /// The text with which decoding fails, and with it every pull of the pod.
    pub error: Option<String>,
}

/// One registry's entry.
#[derive(Default)]
pub(crate) struct Entry {
    /// The key as written.
    pub key: String,
    /// From `auth` if that is not empty, else `username`.
    pub username: Vec<u8>,
    /// From `auth` if that is not empty, else `password`.
    pub password: Vec<u8>,
    /// `auth` is not empty, and so are `username` or `password`, with another value.
    pub auth_differs: bool,
    /// `identitytoken` is not empty. The kubelet does not read it.
    pub identity_token: bool,
    /// `registrytoken` is not empty. The kubelet does not read it.
    pub registry_token: bool,
    /// The text with which this entry makes the whole decoding fail.
    pub fault: Option<String>,
}

/// Decodes the value of `.dockerconfigjson`.
///
/// Source: k8s.io/kubernetes v1.36.3, pkg/credentialprovider/secrets/secrets.go and config.go (`DockerConfigJSON`).
pub(crate) fn read_config_json(data: &[u8]) -> DockerConfig {
    let mut config = DockerConfig::default();
    if let Err(error) = go_json::check(data) {
        config.error = Some(error);
        return config;
    }
    let Some(fields) = go_json::members(data) else {
        config.error = type_error(data, "value", "credentialprovider.DockerConfigJSON");
        return config;
    };
    // Go remembers the first wrong type and goes on; an error inside an entry ends the decoding and is told instead.
    let mut wrong_type = None;
    let mut entries = Entries::default();
    for (name, value) in fields {
        if go_json::names_field(&name, "auths") {
            let place = "struct field DockerConfigJSON.auths";
            match (go_json::members(value), go_json::kind(value)) {
                (Some(members), _) => entries.extend(members, Some(place)),
                (None, None) => entries.clear(),
                (None, Some(_)) => {
                    wrong_type = wrong_type.or_else(|| type_error(value, place, "credentialprovider.DockerConfig"));
                }
            }
        } else if go_json::names_field(&name, "HttpHeaders") {
            let place = "struct field DockerConfigJSON.HttpHeaders";
            let error = match go_json::members(value) {
                Some(headers) => headers.iter().find_map(|(_, header)| string_error(header, place)),
                None => type_error(value, place, "map[string]string"),
            };
            wrong_type = wrong_type.or(error);
        }
    }
    config.error = entries.error.or(wrong_type);
    config.entries = entries.list;
    config
}

/// Decodes the value of `.dockercfg`: the entries alone, without `auths` around them.
pub(crate) fn read_dockercfg(data: &[u8]) -> DockerConfig {
    let mut config = DockerConfig::default();
    if let Err(error) = go_json::check(data) {
        config.error = Some(error);
        return config;
    }
    match go_json::members(data) {
        Some(members) => {
            let mut entries = Entries::default();
            entries.extend(members, None);
            config.error = entries.error;
            config.entries = entries.list;
        }
        None => config.error = type_error(data, "value", "credentialprovider.DockerConfig"),
    }
    config
}

#[derive(Default)]
struct Entries {
    list: Vec<Entry>,
    index: HashMap<String, usize>,
    error: Option<String>,
}

impl Entries {
    fn clear(&mut self) {
        self.list.clear();
        self.index.clear();
    }

    fn extend(&mut self, members: Vec<(String, &[u8])>, place: Option<&str>) {
        for (key, value) in members {
            let mut entry = read_entry(value, place);
            self.error = self.error.take().or_else(|| entry.fault.clone());
            entry.key.clone_from(&key);
            match self.index.get(&key) {
                Some(at) => self.list[*at] = entry,
                None => {
                    self.index.insert(key, self.list.len());
                    self.list.push(entry);
                }
            }
        }
    }
}

/// Source: config.go, `DockerConfigEntry.UnmarshalJSON` and `decodeDockerConfigFieldAuth`. The struct inside is
/// `dockerConfigEntryWithAuth`; within `auths` Go replaces its name in errors by the outer one.
fn read_entry(value: &[u8], place: Option<&str>) -> Entry {
    let mut entry = Entry::default();
    let Some(fields) = go_json::members(value) else {
        entry.fault = type_error(value, place.unwrap_or("value"), "credentialprovider.dockerConfigEntryWithAuth");
        return entry;
    };
    let place = place.unwrap_or("struct field dockerConfigEntryWithAuth");
    let (mut username, mut password, mut auth) = (String::new(), String::new(), String::new());
    // `email` is of no use to anybody, but it must be a string.
    let mut email = String::new();
    for (name, value) in fields {
        let is = |field: &str| go_json::names_field(&name, field);
        let filled = || go_json::kind(value) == Some("string") && !go_json::unquote(value).is_empty();
        let (field, target) = if is("username") {
            ("username", &mut username)
        } else if is("password") {
            ("password", &mut password)
        } else if is("auth") {
            ("auth", &mut auth)
        } else if is("email") {
            ("email", &mut email)
        } else {
            entry.identity_token |= is("identitytoken") && filled();
            entry.registry_token |= is("registrytoken") && filled();
            continue;
        };
        match go_json::kind(value) {
            None => {}
            Some("string") => *target = go_json::unquote(value),
            Some(_) => entry.fault = entry.fault.or_else(|| string_error(value, &format!("{place}.{field}"))),
        }
    }
    if entry.fault.is_some() {
        return entry;
    }
    if auth.is_empty() {
        entry.username = username.into_bytes();
        entry.password = password.into_bytes();
        return entry;
    }
    match decode_auth(&auth) {
        Ok((decoded_username, decoded_password)) => {
            let differs = |plain: &str, decoded: &[u8]| !plain.is_empty() && plain.as_bytes() != decoded;
            entry.auth_differs = differs(&username, &decoded_username) || differs(&password, &decoded_password);
            entry.username = decoded_username;
            entry.password = decoded_password;
        }
        Err(fault) => entry.fault = Some(fault),
    }
    entry
}

/// Splits at the first colon: a password may have one, a user name may not.
fn decode_auth(auth: &str) -> Result<(Vec<u8>, Vec<u8>), String> {
    let padded = auth.trim().ends_with('=');
    let decoded =
        go_base64::decode(auth.as_bytes(), padded).map_err(|at| format!("illegal base64 data at input byte {at}"))?;
    match decoded.iter().position(|byte| *byte == b':') {
        Some(colon) => Ok((decoded[..colon].to_vec(), decoded[colon + 1..].to_vec())),
        None => Err("unable to parse auth field, must be formatted as base64(username:password)".to_owned()),
    }
}

fn string_error(value: &[u8], place: &str) -> Option<String> {
    if go_json::kind(value) == Some("string") { None } else { type_error(value, place, "string") }
}

/// Go 1.26, encoding/json/decode.go, `UnmarshalTypeError`. `null` fits everywhere.
fn type_error(value: &[u8], place: &str, go_type: &str) -> Option<String> {
    let kind = go_json::kind(value)?;
    Some(format!("json: cannot unmarshal {kind} into Go {place} of type {go_type}"))
}
