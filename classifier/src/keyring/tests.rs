//! Outcomes that the oracle does not know: which key is the nearest, and why it misses. Matching itself is held to the
//! kubelet's own code in the workspace's `tests/tests/keyring_oracle.rs`.

use serde_json::json;

use super::*;

fn facts_of(secret: &serde_json::Value) -> SecretFacts {
    SecretFacts::of(&secret.to_string())
}

fn config(secret_type: &str, keys: &[&str]) -> SecretFacts {
    let auths: serde_json::Map<_, _> =
        keys.iter().map(|key| ((*key).to_owned(), json!({"username": "u", "password": "p"}))).collect();
    let config = json!({"auths": auths}).to_string();
    facts_of(&json!({"type": secret_type, "stringData": {".dockerconfigjson": config}}))
}

fn secret(keys: &[&str]) -> SecretFacts {
    config("kubernetes.io/dockerconfigjson", keys)
}

#[test]
fn candidates_come_most_specific_key_first() {
    let (one, two) = (secret(&["reg.io", "other.io"]), secret(&["*.io", "https://reg.io/team", "reg.io/v1/"]));
    let Keyring::Candidates(candidates) = look_up("reg.io/team/app:1", &[&one, &two]) else { panic!("no candidates") };
    let view: Vec<(usize, &str)> = candidates.iter().map(|found| (found.secret, found.key.as_str())).collect();
    assert_eq!(view, [(1, "reg.io/team"), (0, "reg.io"), (1, "reg.io"), (1, "*.io")]);
}

#[test]
fn one_bad_secret_breaks_the_ring_for_every_image() {
    let broken = facts_of(
        &json!({"type": "kubernetes.io/dockercfg", "stringData": {".dockercfg": "{\"x\":{\"auth\":\"not base64\"}}"}}),
    );
    let message = "illegal base64 data at input byte 3".to_owned();
    assert_eq!(look_up("nginx", &[&secret(&["docker.io"]), &broken]), Keyring::Broken { secret: 1, message });
}

#[test]
fn an_empty_credential_is_a_candidate_too() {
    let empty = facts_of(&json!({"type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": "{\"auths\":{\"https://index.docker.io/v1/\":{}}}"}}));
    let Keyring::Candidates(candidates) = look_up("nginx", &[&empty]) else { panic!("no candidates") };
    assert_eq!((candidates[0].key.as_str(), candidates[0].credential), ("index.docker.io", Credential::Empty));
}

#[test]
fn the_nearest_key_says_why_it_misses() {
    let check = |image: &str, key: &str, want: Option<Miss>| {
        let facts = secret(&["zzz.example", key]);
        match look_up(image, &[&facts]) {
            Keyring::NoMatch { nearest } => {
                assert_eq!(nearest.as_ref().map(|near| near.miss), want, "{image} {key}");
                assert!(nearest.is_none_or(|near| near.key != "zzz.example" && !near.ignored), "{image} {key}");
            }
            other => panic!("{image} {key}: {other:?}"),
        }
    };
    check("reg.io/team/app:1", "reg.io/team/app:1", Some(Miss::KeyHasTag));
    check("reg.io/team/app", "https://reg.io/v2", Some(Miss::ApiPath));
    check("nginx", "https://registry-1.docker.io", Some(Miss::DockerHubAddress));
    check("nginx", "https://hub.docker.com", Some(Miss::DockerHubAddress));
    check("user/app", "https://index.docker.io/user", Some(Miss::DockerHubAddress));
    check("nginx", "index.docker.io/v1", Some(Miss::DockerHubAddress));
    check("reg.io/team/app", "Reg.io", Some(Miss::LetterCase));
    check("reg.io/team/app", "reg.io/Team", Some(Miss::LetterCase));
    check("reg.io/team/app", "reg.io/other", Some(Miss::Path));
    check("reg.io/team/app", "reg.io:443", Some(Miss::Port));
    check("reg.io:5000/team/app", "reg.io", Some(Miss::Port));
    check("reg.io/app", "HTTPS://reg.io", Some(Miss::Scheme));
    check("reg.io/app", "docker://reg.io", Some(Miss::Scheme));
    check("reg.io/app", "reg.io ", Some(Miss::Unreadable));
    check("reg.io/app", "https://me:p/w@reg.io", Some(Miss::Unreadable));
    check("[::1]/app", "[::1]", Some(Miss::IpLiteral));
    check("a.b.azurecr.io/app", "*.azurecr.io", Some(Miss::LabelCount));
    check("a.corp.test/app", "corp.test", Some(Miss::LabelCount));
    check("corp.test/app", "registry.corp.test", Some(Miss::LabelCount));
    check("1.dkr.ecr.us-east-1.amazonaws.com/app", "1.dkr.ecr.us-east-2.amazonaws.com", Some(Miss::SameProvider));
    check("one.azurecr.io/app", "two.azurecr.io", Some(Miss::SameProvider));
    check("registry.corp.test/app", "regsitry.corp.test", Some(Miss::Typo));
    check("registry.corp.test/app", "registry.corp.tst", Some(Miss::Typo));
    check("registry.corp.test/app", "ghcr.io", None);
    check("quay.io/app", "ghcr.io", None);
}

#[test]
fn a_skipped_secret_that_would_fit_is_nearest() {
    let opaque = config("Opaque", &["quay.io", "reg.io"]);
    let Keyring::NoMatch { nearest: Some(near) } = look_up("reg.io/app", &[&secret(&["reg.io:443"]), &opaque]) else {
        panic!("nothing near")
    };
    assert_eq!((near.secret, near.ignored, near.key.as_str(), near.miss), (1, true, "reg.io", Miss::SecretSkipped));
    assert_eq!(opaque.ignored_entries[near.entry].key, "reg.io");

    let hub = config("Opaque", &["https://index.docker.io/v1/"]);
    let Keyring::NoMatch { nearest: Some(near) } = look_up("nginx", &[&hub]) else { panic!("nothing near") };
    assert_eq!(near.miss, Miss::SecretSkipped);
}

#[test]
fn patterns_of_credential_providers_match_label_by_label() {
    assert!(pattern_matches("*.dkr.ecr.*.amazonaws.com", "1.dkr.ecr.eu-west-1.amazonaws.com/app"));
    assert!(!pattern_matches("*.dkr.ecr.*.amazonaws.com", "1.dkr.ecr.cn-north-1.amazonaws.com.cn/app"));
    assert!(pattern_matches("reg.io:5000/team", "reg.io:5000/team-x/app"));
    assert!(!pattern_matches("reg.io/team", "reg.io:5000/team"));
}
