//! One `check` for the facts of a configuration, and the proof that no value gets through.

use serde_json::{Value, json};

use super::*;

fn secret(config: &str) -> Value {
    json!({"kind": "Secret", "type": CONFIG_JSON_TYPE, "metadata": {"name": "regcred", "namespace": "shop"},
        "stringData": {CONFIG_JSON_KEY: config}})
}

fn facts_of(secret: &Value) -> SecretFacts {
    SecretFacts::of(&secret.to_string())
}

fn read(document: &Value) -> Option<SecretFacts> {
    SecretFacts::read(&tree::json(&Text::verbatim(&document.to_string(), 0, 0)))
}

fn facts_of_entry(entry: Value) -> EntryFacts {
    let facts = facts_of(&secret(&json!({"auths": {"reg.io": entry}}).to_string()));
    facts.entries.into_iter().next().expect("one entry")
}

/// Base64 by the alphabet, for values that tests need encoded.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let sextet = (bits >> (18 - 6 * place)) & 63;
            out.push(if place <= chunk.len() { char::from(ALPHABET[sextet as usize]) } else { '=' });
        }
    }
    out
}

fn base64url(text: &str) -> String {
    base64(text.as_bytes()).trim_end_matches('=').replace('+', "-").replace('/', "_")
}

fn jwt(header: Value, claims: Value) -> String {
    format!("{}.{}.{}", base64url(&header.to_string()), base64url(&claims.to_string()), base64url("signature"))
}

#[test]
fn a_secret_is_used_or_skipped_or_breaks_everything() {
    let check = |secret_type: &str, data: Value, standing: Standing, shape: Option<ConfigShape>, ignored: usize| {
        let facts = facts_of(&json!({"type": secret_type, "stringData": data}));
        assert_eq!((facts.standing, facts.shape), (standing, shape), "{secret_type} {data}");
        assert_eq!(facts.ignored_entries.len(), ignored, "{secret_type} {data}");
        assert_eq!(facts.entries.is_empty(), standing != Standing::Used, "{secret_type} {data}");
        assert_eq!(facts.error.is_some(), standing == Standing::Broken, "{secret_type} {data}");
    };
    let auths = r#"{"auths": {"reg.io": {"username": "u", "password": "p"}}}"#;
    let dockercfg = r#"{"reg.io": {"username": "u", "password": "p"}}"#;
    let twice = base64(auths.as_bytes());
    use ConfigShape as Shape;
    check(CONFIG_JSON_TYPE, json!({CONFIG_JSON_KEY: auths}), Standing::Used, Some(Shape::Auths), 0);
    check(DOCKERCFG_TYPE, json!({DOCKERCFG_KEY: dockercfg}), Standing::Used, Some(Shape::Dockercfg), 0);
    check("Opaque", json!({CONFIG_JSON_KEY: auths}), Standing::WrongType, Some(Shape::Auths), 1);
    check("Opaque", json!({"config.json": auths}), Standing::WrongType, Some(Shape::Auths), 1);
    check("kubernetes.io/basic-auth", json!({"username": "u", "password": "p"}), Standing::WrongType, None, 0);
    check("", json!({}), Standing::WrongType, None, 0);
    check(CONFIG_JSON_TYPE, json!({DOCKERCFG_KEY: dockercfg}), Standing::MissingKey, Some(Shape::Dockercfg), 1);
    check(CONFIG_JSON_TYPE, json!({CONFIG_JSON_KEY: ""}), Standing::EmptyValue, None, 0);
    check(CONFIG_JSON_TYPE, json!({CONFIG_JSON_KEY: dockercfg}), Standing::NoEntries, Some(Shape::Dockercfg), 1);
    check(DOCKERCFG_TYPE, json!({DOCKERCFG_KEY: auths}), Standing::Used, Some(Shape::Auths), 1);
    check(
        CONFIG_JSON_TYPE,
        json!({CONFIG_JSON_KEY: "{\"auths\": {}}"}),
        Standing::NoEntries,
        Some(Shape::EmptyAuths),
        0,
    );
    let helper = "{\"auths\": {}, \"credsStore\": \"desktop\"}";
    check(CONFIG_JSON_TYPE, json!({CONFIG_JSON_KEY: helper}), Standing::NoEntries, Some(Shape::CredentialHelper), 0);
    check(CONFIG_JSON_TYPE, json!({CONFIG_JSON_KEY: "{\"a\": 1}"}), Standing::NoEntries, Some(Shape::OtherObject), 0);
    check(CONFIG_JSON_TYPE, json!({CONFIG_JSON_KEY: "[]"}), Standing::Broken, Some(Shape::NoObject), 0);
    check(CONFIG_JSON_TYPE, json!({CONFIG_JSON_KEY: "auths:"}), Standing::Broken, Some(Shape::NoJson), 0);
    check(CONFIG_JSON_TYPE, json!({CONFIG_JSON_KEY: twice}), Standing::Broken, Some(Shape::Base64Twice), 1);
    let marked = format!("\u{feff}{auths}");
    check(CONFIG_JSON_TYPE, json!({CONFIG_JSON_KEY: marked}), Standing::Broken, Some(Shape::ByteOrderMark), 1);
    let one_bad = r#"{"auths": {"a.io": {"auth": "no"}, "reg.io": {"username": "u", "password": "p"}}}"#;
    check(CONFIG_JSON_TYPE, json!({CONFIG_JSON_KEY: one_bad}), Standing::Broken, Some(Shape::Auths), 2);
}

#[test]
fn data_that_no_api_server_returns_is_not_judged() {
    for value in [json!("REDACTED!"), json!(7), json!({"a": 1})] {
        let facts = facts_of(&json!({"type": CONFIG_JSON_TYPE, "data": {CONFIG_JSON_KEY: value}}));
        assert_eq!(facts.standing, Standing::Unreadable);
    }
}

#[test]
fn a_broken_entry_is_told_apart_from_its_neighbours() {
    let config =
        r#"{"auths": {"a.io": {"auth": "bGFi!"}, "b.io": {"auth": "bGFiOmxhYg=="}, "c.io": {"auth": "bGFi"}}}"#;
    let facts = facts_of(&secret(config));
    assert_eq!(facts.error.as_deref(), Some("illegal base64 data at input byte 4"));
    let faults: Vec<_> = facts.ignored_entries.iter().map(|entry| entry.fault.as_deref()).collect();
    let no_colon = "unable to parse auth field, must be formatted as base64(username:password)";
    assert_eq!(faults, [Some("illegal base64 data at input byte 4"), None, Some(no_colon)]);
}

#[test]
fn an_entry_says_what_can_be_sent() {
    let check = |entry: Value, credential: Credential, oddities: &[Oddity]| {
        let facts = facts_of_entry(entry.clone());
        assert_eq!((facts.credential, facts.oddities.as_slice()), (credential, oddities), "{entry}");
    };
    let auth = |text: &str| json!({"auth": base64(text.as_bytes())});
    check(json!({"username": "u", "password": "p"}), Credential::Complete, &[]);
    check(auth("u:p:p"), Credential::Complete, &[]);
    check(auth("u:"), Credential::NoPassword, &[]);
    check(auth(":p"), Credential::NoUsername, &[]);
    check(json!({}), Credential::Empty, &[]);
    check(json!({"identitytoken": "t"}), Credential::OnlyUnreadToken, &[Oddity::UnreadToken]);
    check(auth("u:p4ss\n"), Credential::Complete, &[Oddity::PasswordEndsInNewline]);
    check(auth("u:p4ss "), Credential::Complete, &[Oddity::PasswordHasOuterBlank]);
    check(auth(" u:p4ss"), Credential::Complete, &[Oddity::UsernameHasOuterBlank]);
    check(auth("u:$REGISTRY_TOKEN"), Credential::Complete, &[Oddity::UnexpandedVariable]);
    check(auth("u:${{ secrets.PW }}"), Credential::Complete, &[Oddity::UnexpandedVariable]);
    check(auth("u:pa$$word${"), Credential::Complete, &[]);
    check(auth("robot$ci:x9"), Credential::Complete, &[]);
    check(auth("u:***"), Credential::Complete, &[Oddity::Placeholder]);
    check(auth("u:<your-token>"), Credential::Complete, &[Oddity::Placeholder]);
    check(auth("u:\"x9\""), Credential::Complete, &[Oddity::PasswordInQuotes]);
    check(auth("u:{\"auths\":{}}"), Credential::Complete, &[Oddity::PasswordIsDockerConfig]);
    check(auth("u:{\"private_key\":\"\"}\n"), Credential::Complete, &[Oddity::JsonKeyWithoutItsUser]);
    check(auth("_json_key:{\"private_key\":\"\"}\n"), Credential::Complete, &[]);
    check(auth("_json_key:x9"), Credential::Complete, &[Oddity::JsonKeyUserWithoutKey]);
    check(json!({"auth": "dTpw", "username": "u", "password": "q"}), Credential::Complete, &[Oddity::AuthDiffers]);
    check(json!({"auth": "dTpw", "username": "u", "password": "p"}), Credential::Complete, &[]);
}

#[test]
fn an_empty_entry_beside_a_credential_helper_says_where_the_password_is() {
    let facts = facts_of(&secret(r#"{"auths": {"reg.io": {}}, "credsStore": "desktop"}"#));
    assert_eq!(facts.standing, Standing::Used);
    assert_eq!(facts.entries[0].credential, Credential::Empty);
    assert_eq!(facts.entries[0].oddities, [Oddity::LeftWithHelper]);
}

#[test]
fn user_names_have_shapes() {
    let check = |username: &str, want: UsernameShape| {
        assert_eq!(facts_of_entry(json!({"username": username})).username, want, "{username}");
    };
    use UsernameShape as Shape;
    check("", Shape::Empty);
    check("jane", Shape::Plain);
    check("jane@corp.test", Shape::Email);
    check("AWS", Shape::Aws);
    check("oauth2accesstoken", Shape::GoogleAccessToken);
    check("_dcgcr_2_0_0_token", Shape::GoogleHelperToken);
    check("_json_key", Shape::GoogleJsonKey);
    check("00000000-0000-0000-0000-000000000000", Shape::AzureToken);
    check("01234567-89ab-cdef-0123-456789abcdef", Shape::Guid);
    check("robot$shop+ci", Shape::HarborRobot);
    check("robot+ci", Shape::HarborRobotWithoutDollar);
    check("shop+ci", Shape::QuayRobot);
    check("$oauthtoken", Shape::DollarToken);
    check("gitlab-ci-token", Shape::GitlabJob);
    check("gitlab+deploy-token-12", Shape::GitlabDeployToken);
    check("12345|ci", Shape::RedHatServiceAccount);
    check("iamapikey", Shape::IbmCloud);
    check("tenancy/jane@corp.test", Shape::WithSlash);
    check("<token>", Shape::ServiceAccount);
    check("x-access-token", Shape::Filler);
}

#[test]
fn tokens_say_when_they_die() {
    let check = |username: &str, password: &str, want: Option<(TokenKind, Expiry)>| {
        let token = facts_of_entry(json!({"username": username, "password": password})).token;
        assert_eq!(token.map(|token| (token.kind, token.expiry)), want, "{username}:{password}");
    };
    use {Expiry::*, TokenKind as Kind};
    check("jane", "correct horse battery staple", None);
    let ecr = json!({"payload": "x", "datakey": "y", "version": "2", "type": "DATA_KEY", "expiration": 1_700_000_000});
    check("AWS", &base64(ecr.to_string().as_bytes()), Some((Kind::Ecr, At(1_700_000_000))));
    check("AWS", &"x".repeat(1800), Some((Kind::Ecr, WithinSeconds(43_200))));
    check("AWS", "lab", None);
    let azure = json!({"iss": "Azure Container Registry", "grant_type": "refresh_token", "exp": 1_700_000_001});
    let header = json!({"alg": "RS256", "typ": "JWT"});
    check(
        "00000000-0000-0000-0000-000000000000",
        &jwt(header.clone(), azure),
        Some((Kind::AzureRefresh, At(1_700_000_001))),
    );
    let bound = json!({"iss": "https://kubernetes.default.svc", "kubernetes.io": {}, "exp": 1_700_000_002.5});
    check("serviceaccount", &jwt(header.clone(), bound), Some((Kind::KubernetesServiceAccount, At(1_700_000_002))));
    let legacy = json!({"iss": "kubernetes/serviceaccount"});
    check("<token>", &jwt(header.clone(), legacy), Some((Kind::KubernetesServiceAccount, Never)));
    let floating =
        format!("{}.{}.{}", base64url(r#"{"alg":"RS256"}"#), base64url(r#"{"exp":1.700000005e9}"#), base64url("s"));
    check("me", &floating, Some((Kind::Jwt, At(1_700_000_005))));
    let red_hat = json!({"sub": "x"});
    check("123|ci", &jwt(json!({"alg": "RS512"}), red_hat), Some((Kind::RedHatRegistry, Never)));
    check("me", &jwt(json!({"ver": "2", "alg": "RS256"}), json!({"exp": 0})), Some((Kind::ArtifactoryAccess, Never)));
    check("me", &jwt(header, json!({"exp": "1700000003"})), Some((Kind::Jwt, At(1_700_000_003))));
    check("me", "eyJ.not.ajwt", None);
    let reference = base64(b"reftkn:01:1700000004:abcdefghijklmnopqrstuvwx");
    check("me", &reference, Some((Kind::ArtifactoryReference, At(1_700_000_004))));
    check("me", &base64(b"reftkn:01:0:abc"), Some((Kind::ArtifactoryReference, Never)));
    check("me", "cmVmdGtu!", Some((Kind::ArtifactoryReference, Unreadable)));
    check("oauth2accesstoken", "ya29.a0AfH6", Some((Kind::GoogleAccess, WithinSeconds(3600))));
    check("_json_key", "{\"type\":\"service_account\",\"private_key\":\"x\"}", Some((Kind::GoogleKeyFile, Never)));
    check("bot", "ghs_0123456789", Some((Kind::GithubJob, WithJob)));
    check("bot", "github_pat_0123", Some((Kind::GithubFineGrained, Unreadable)));
    check("gitlab-ci-token", "0123456789", Some((Kind::GitlabJob, WithJob)));
    check("org", "dckr_oat_0123", Some((Kind::DockerHubOrganization, Unreadable)));
    check("reg", "0123456789012345678901234567890+ACRabcdefgh", Some((Kind::AzureRegistryPassword, Unreadable)));
}

#[test]
fn a_token_of_known_life_died_at_the_latest_that_long_after_the_secret_was_written() {
    let config = r#"{"auths": {"gcr.io": {"username": "oauth2accesstoken", "password": "ya29.x"}}}"#;
    let mut document = secret(config);
    let facts = facts_of(&document);
    assert_eq!(facts.expires(&facts.entries[0]), None, "it may have been written a second ago");
    document["metadata"]["creationTimestamp"] = json!("2026-11-21T09:00:00Z");
    document["metadata"]["managedFields"] =
        json!([{"time": "2026-11-21T09:50:38Z"}, {"time": "2026-11-20T23:00:00Z"}, {"time": "x"}, {}]);
    let facts = facts_of(&document);
    assert_eq!(facts.created(), Some(1_795_251_600));
    assert_eq!(facts.last_written(), Some(1_795_254_638));
    assert_eq!(facts.expires(&facts.entries[0]), Some(1_795_254_638 + 3600));
}

#[test]
fn keys_are_shown_without_what_may_be_secret() {
    let check = |key: &str, shown: &str, normalized: Option<&str>| {
        let facts = facts_of(&secret(&json!({"auths": {key: {}}}).to_string()));
        let entry = &facts.entries[0];
        assert_eq!((entry.key.as_str(), entry.normalized.as_deref()), (shown, normalized), "{key}");
    };
    check("https://index.docker.io/v1/", "https://index.docker.io/v1/", Some("index.docker.io"));
    check("https://reg.io:5000/team", "https://reg.io:5000/team", Some("reg.io:5000/team"));
    check("reg.io/app@sha256:00", "reg.io/app@sha256:00", Some("reg.io/app@sha256:00"));
    check("https://me:pw@reg.io/team", "https://reg.io/team", Some("reg.io/team"));
    check("https://me:p/w@reg.io", "https://reg.io", None);
    check("https://me/p:w@reg.io", "https://reg.io", None);
    check("https://me:1?w@reg.io", "https://reg.io", None);
    check("https://me:1#w@reg.io", "https://reg.io", None);
    check("https://me%3Apw%40reg.io", "https://reg.io", None);
    check("reg.io/x%40pw", "pw", None);
    check("reg.io?token=x", "reg.io", Some("reg.io"));
}

/// Whatever a person may call a secret value, planted everywhere such a value can be, must be in no output.
#[test]
fn no_value_gets_through() {
    let canary = "C4NARY";
    let encoded = |text: &str| base64(text.as_bytes());
    let jwt = jwt(
        json!({"alg": "none", "kid": canary}),
        json!({"sub": canary, "exp": 1, "iss": canary, "kubernetes.io": canary}),
    );
    let ecr = encoded(&json!({"payload": canary, "datakey": canary, "expiration": 1}).to_string());
    let key_file = json!({"private_key": canary, "client_email": canary}).to_string();
    let passwords = [
        canary.to_owned(),
        format!("{canary}\n"),
        format!("${canary}"),
        format!("<{canary}>"),
        jwt,
        ecr,
        key_file,
        format!("ghs_{canary}"),
        format!("glcbt-{canary}"),
        encoded(&format!("reftkn:01:1:{canary}")),
        json!({"auths": {"reg.io": canary}}).to_string(),
    ];
    let mut configs = Vec::new();
    for password in &passwords {
        for username in [
            canary.to_owned(),
            format!("robot${canary}"),
            format!("1|{canary}"),
            format!("{canary}@x.io"),
            "AWS".to_owned(),
        ] {
            let plain = json!({"username": username, "password": password, "email": canary, "identitytoken": canary, "registrytoken": canary, canary: canary});
            let auth = encoded(&format!("{username}:{password}"));
            configs.push(json!({"auths": {"reg.io": plain, "b.io": {"auth": auth}}}).to_string());
            configs.push(json!({"reg.io": plain, "b.io": {"auth": auth, "password": canary}}).to_string());
            configs.push(
                json!({"auths": {"b.io": {"auth": format!("!{auth}")}, "c.io": {"auth": encoded(canary)}}}).to_string(),
            );
            configs.push(encoded(&json!({"auths": {"reg.io": plain}}).to_string()));
        }
        configs.push(format!("{{\"auths\":{{\"reg.io\":{{\"password\":{}}}}}", json!(password)));
        configs.push(json!({"auths": {"reg.io": password}}).to_string());
        configs.push(json!({"auths": password}).to_string());
        configs.push(json!({"HttpHeaders": {"Authorization": password, "x": [password]}, "auths": {}}).to_string());
        configs.push(password.clone());
    }
    for key in [
        "u:C4NARY@reg.io",
        "https://C4NARY@reg.io",
        "https://u:C4/NARY@reg.io",
        "https://u:C4NARY?x@reg.io",
        "C4NARY#x@reg.io/team",
        "https://C4NARY:1%40reg.io",
        "reg.io?token=C4NARY",
        "reg.io#C4NARY",
        "https://C4NARY:x:y@reg.io/\n",
        "u/C4NARY@reg.io",
        "u:C4NARY@x@reg.io",
    ] {
        configs.push(json!({"auths": {key: {"username": "u", "password": "p"}}}).to_string());
    }
    let mut seen = 0;
    for config in &configs {
        for secret_type in [CONFIG_JSON_TYPE, DOCKERCFG_TYPE, "Opaque"] {
            let document = json!({
                "kind": "Secret", "type": secret_type,
                "metadata": {"name": "regcred", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": config, canary: canary}, "labels": {"x": canary}},
                "data": {CONFIG_JSON_KEY: encoded(config), DOCKERCFG_KEY: encoded(config), "username": encoded(canary), "config.json": canary, "u:C4NARY": ""},
                "stringData": {"password": canary},
            });
            let facts = facts_of(&document);
            let json = serde_json::to_string(&facts).expect("JSON");
            for output in [format!("{facts:?}"), format!("{facts:#?}"), json] {
                let lower = output.to_ascii_lowercase();
                for trace in ["c4nary", &encoded(canary).to_ascii_lowercase(), "nary", "c4/"] {
                    assert!(!lower.contains(trace), "{config}\n{output}");
                }
                seen += 1;
            }
        }
    }
    assert!(seen > 2000);
}

#[test]
fn a_bundle_holds_the_same_facts() {
    let mut document =
        secret(r#"{"auths": {"reg.io": {"username": "AWS", "password": "x\n"}, "b io": {"identitytoken": "x"}}}"#);
    document["metadata"]["creationTimestamp"] = json!("2026-11-21T09:50:38Z");
    let facts = read(&document).expect("a Secret");
    let bundled = serde_json::to_value(&facts).expect("JSON");
    assert_eq!(bundled["apiVersion"], "imagepull/v1");
    assert_eq!(bundled["kind"], "SecretFacts");
    assert_eq!(bundled["metadata"]["creationTimestamp"], "2026-11-21T09:50:38Z");
    assert_eq!(bundled["type"], CONFIG_JSON_TYPE);
    assert_eq!(bundled["entries"][1]["keyProblem"], "host-character");
    assert_eq!(read(&bundled), Some(facts));

    // words of a newer version are no reason to lose the rest; a newer document is
    let mut newer = bundled.clone();
    newer["entries"][0]["username"] = json!("some-new-shape");
    newer["entries"][0]["token"] = json!({"kind": "some-new-token", "expiry": "some-new-expiry"});
    newer["entries"][0]["oddities"] = json!(["some-new-oddity"]);
    newer["standing"] = json!("some-new-standing");
    newer["newField"] = json!(1);
    let newer = read(&newer).expect("still readable");
    assert_eq!(newer.entries[0].username, UsernameShape::Unknown);
    assert_eq!(newer.standing, Standing::Unknown);
    let mut other = bundled;
    other["apiVersion"] = json!("imagepull/v2");
    assert_eq!(read(&other), None);
    assert_eq!(read(&json!({"kind": "Pod"})), None);
    assert_eq!(read(&json!([])), None);
}

#[test]
fn hostile_input_never_panics() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let alphabet: &[u8] = b"{}[]\",:\\/@%?#*.-_=+ \n\t\0aeuthsl0159$\xff\xc3\xa9\xed\xa0\x80\xe2\x82";
    for _ in 0..3_000 {
        let length = next() % 60;
        let noise: Vec<u8> = (0..length).map(|_| alphabet[(next() % alphabet.len() as u64) as usize]).collect();
        let text = String::from_utf8_lossy(&noise).into_owned();
        let quoted = json!(text);
        for config in [
            noise.clone(),
            format!("{{\"auths\":{{{quoted}:{{\"auth\":{quoted}}}}}}}").into_bytes(),
            format!("{{\"auths\":{{{quoted}:{{\"username\":{quoted},\"password\":{quoted}}}}}}}").into_bytes(),
            format!("{{{quoted}:{{\"auth\":\"{}\"}}}}", base64(&noise)).into_bytes(),
        ] {
            for (secret_type, key) in
                [(CONFIG_JSON_TYPE, CONFIG_JSON_KEY), (DOCKERCFG_TYPE, DOCKERCFG_KEY), ("Opaque", "config.json")]
            {
                let facts = facts_of(
                    &json!({"type": secret_type, "data": {key: base64(&config)}, "metadata": {"creationTimestamp": text}}),
                );
                crate::keyring::look_up("reg.io/team/app", &[&facts]);
                crate::keyring::look_up(&text, &[&facts]);
                // text that is not JSON reaches these only through `check`, but they must bear it
                crate::keyring::go_json::members(&config);
            }
        }
        crate::keyring::pattern_matches(&text, "reg.io/app");
    }
    for odd in
        [json!(null), json!([]), json!("x"), json!({"data": []}), json!({"metadata": 1, "type": 2, "data": {"a": {}}})]
    {
        facts_of(&odd);
        read(&odd);
    }
    let deep = format!("{{\"auths\":{}", "[".repeat(200_000));
    assert_eq!(facts_of(&secret(&deep)).standing, Standing::Broken);
}
