//! Facts of the cluster decide what a refused pull leaves open: which credential was sent, and why no other?

use imagepull_classifier::report::{Diagnosis, Finding};
use imagepull_classifier::{Options, diagnose};
use serde_json::{Value, json};

const NOW: i64 = 1_790_000_000;
const IMAGE: &str = "registry.corp.test/shop/web:1";
const NOTHING_SENT: &str = "pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials";
const BARE_401: &str =
    "unexpected status from HEAD request to https://registry.corp.test/v2/shop/web/manifests/1: 401 Unauthorized";

/// A pod whose pull fails, and what the plugin read around it.
struct Cluster {
    image: &'static str,
    error: &'static str,
    pod_secrets: &'static [&'static str],
    account_secrets: Option<&'static [&'static str]>,
    secrets: Vec<Value>,
    missing: &'static [&'static str],
    others: Vec<Value>,
    node_pod: bool,
}

impl Default for Cluster {
    fn default() -> Cluster {
        Cluster {
            image: IMAGE,
            error: NOTHING_SENT,
            pod_secrets: &[],
            account_secrets: Some(&[]),
            secrets: Vec::new(),
            missing: &[],
            others: Vec::new(),
            node_pod: false,
        }
    }
}

impl Cluster {
    fn document(&self) -> String {
        let names = |names: &[&str]| names.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>();
        let message =
            format!("failed to pull and unpack image \"{0}\": failed to resolve image: {1}", self.image, self.error);
        let owner =
            if self.node_pod { json!([{"kind": "Node", "name": "worker", "controller": true}]) } else { json!([]) };
        let mut items = vec![json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "web", "namespace": "shop", "ownerReferences": owner},
            "spec": {"serviceAccountName": "default", "imagePullSecrets": names(self.pod_secrets), "containers": [{"name": "app", "image": self.image}]},
            "status": {"containerStatuses": [{"name": "app", "image": self.image, "state": {"waiting": {"reason": "ErrImagePull", "message": message}}}]},
        })];
        if let Some(listed) = self.account_secrets {
            items.push(json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "shop"}, "imagePullSecrets": names(listed)}));
        }
        items.extend(self.secrets.iter().cloned());
        items.extend(self.others.iter().cloned());
        let missing: Vec<Value> =
            self.missing.iter().map(|name| json!({"kind": "Secret", "namespace": "shop", "name": name})).collect();
        serde_json::to_string_pretty(&json!({"apiVersion": "v1", "kind": "List", "missing": missing, "items": items}))
            .expect("a JSON value")
    }

    fn finding(&self) -> Finding {
        let report = diagnose(&self.document(), &Options { now: Some(NOW) });
        assert_eq!(report.findings.len(), 1, "{:?}", report.notes);
        report.findings.into_iter().next().expect("one finding")
    }

    /// The best diagnosis; its cause, its confidence in lower case, and proofs that hold `proof`.
    fn check(&self, cause: &str, confidence: &str, proof: &str) -> Diagnosis {
        let best = self.finding().diagnoses.remove(0);
        let says: Vec<&str> = best.evidence.iter().map(|evidence| evidence.text.as_str()).collect();
        assert_eq!(
            (best.cause.as_str(), format!("{:?}", best.confidence).to_lowercase().as_str()),
            (cause, confidence),
            "{says:#?}"
        );
        assert!(says.iter().any(|says| says.contains(proof)), "no proof says {proof:?}: {says:#?}");
        best
    }
}

fn secret_in(namespace: &str, name: &str, kind: &str, key: &str, config: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "type": kind, "metadata": {"name": name, "namespace": namespace}, "stringData": {key: config.to_string()}})
}

fn secret(name: &str, config: &Value) -> Value {
    secret_in("shop", name, "kubernetes.io/dockerconfigjson", ".dockerconfigjson", config)
}

fn login(registry: &str) -> Value {
    json!({"auths": {registry: {"username": "ci", "password": "canary-5f1d"}}})
}

fn runs(diagnosis: &Diagnosis) -> Vec<&str> {
    diagnosis.fixes[0].commands.iter().map(|command| command.run.as_str()).collect()
}

#[test]
fn a_fitting_secret_that_nothing_names_is_not_attached() {
    let cluster = Cluster { secrets: vec![secret("regcred", &login("registry.corp.test"))], ..Cluster::default() };
    let best =
        cluster.check("pull-secret-not-attached", "certain", "secret shop/regcred: has a login for registry.corp.test");
    assert_eq!(
        runs(&best),
        [
            "kubectl patch serviceaccount default -n shop -p '{\"imagePullSecrets\":[{\"name\":\"regcred\"}]}'",
            "kubectl get pod web -n shop -o json | kubectl replace --force -f -",
        ]
    );
    assert_eq!(best.settled_from.as_deref(), Some("credentials-missing"));
}

#[test]
fn attaching_keeps_what_the_service_account_lists() {
    let cluster = Cluster {
        pod_secrets: &["quay"],
        account_secrets: Some(&["quay"]),
        secrets: vec![secret("regcred", &login("registry.corp.test")), secret("quay", &login("quay.io"))],
        ..Cluster::default()
    };
    let best = cluster.check("pull-secret-not-attached", "certain", "pod shop/web: names the pull secrets quay");
    assert_eq!(
        runs(&best)[0],
        "kubectl patch serviceaccount default -n shop --type=json -p '[{\"op\":\"add\",\"path\":\"/imagePullSecrets/-\",\"value\":{\"name\":\"regcred\"}}]'"
    );
}

#[test]
fn an_account_that_was_not_read_is_patched_without_loss() {
    let cluster = Cluster {
        account_secrets: None,
        secrets: vec![secret("regcred", &login("registry.corp.test"))],
        ..Cluster::default()
    };
    let best = cluster.check("pull-secret-not-attached", "certain", "regcred");
    assert!(
        runs(&best)[0].contains("--type=json") && runs(&best)[0].contains("2>/dev/null || kubectl patch"),
        "{:?}",
        runs(&best)
    );
}

#[test]
fn a_secret_that_the_account_lists_now_came_after_the_pod() {
    let cluster = Cluster {
        account_secrets: Some(&["regcred"]),
        secrets: vec![secret("regcred", &login("registry.corp.test"))],
        ..Cluster::default()
    };
    let best = cluster.check("pull-secret-added-after-pod", "certain", "serviceaccount shop/default: lists regcred");
    assert_eq!(runs(&best), ["kubectl get pod web -n shop -o json | kubectl replace --force -f -"]);
}

#[test]
fn a_listed_secret_that_could_not_be_read_is_only_likely_the_late_one() {
    Cluster { account_secrets: Some(&["regcred"]), ..Cluster::default() }.check(
        "pull-secret-added-after-pod",
        "likely",
        "lists regcred",
    );
}

#[test]
fn a_pod_with_a_list_of_its_own_gets_none_from_its_account() {
    let cluster = Cluster {
        pod_secrets: &["own"],
        account_secrets: Some(&["regcred"]),
        secrets: vec![secret("regcred", &login("registry.corp.test")), secret("own", &login("quay.io"))],
        ..Cluster::default()
    };
    cluster.check("pull-secret-not-attached", "certain", "names the pull secrets own");
}

#[test]
fn a_static_pod_never_gets_the_list_of_an_account() {
    let cluster = Cluster {
        node_pod: true,
        account_secrets: Some(&["regcred"]),
        secrets: vec![secret("regcred", &login("registry.corp.test"))],
        ..Cluster::default()
    };
    assert_ne!(cluster.finding().diagnoses[0].cause, "pull-secret-added-after-pod");
}

#[test]
fn a_missing_secret_is_not_found() {
    let cluster = Cluster { pod_secrets: &["regcred"], missing: &["regcred"], ..Cluster::default() };
    let best = cluster.check("pull-secret-not-found", "certain", "secret shop/regcred: does not exist");
    assert!(
        runs(&best)[0]
            .starts_with("kubectl create secret docker-registry regcred -n shop --docker-server=registry.corp.test "),
        "{:?}",
        runs(&best)
    );
}

#[test]
fn a_missing_secret_with_a_namesake_elsewhere_stands_in_the_other_namespace() {
    let elsewhere = |namespace: &str, name: &str| {
        secret_in(namespace, name, "kubernetes.io/dockerconfigjson", ".dockerconfigjson", &login("registry.corp.test"))
    };
    let cluster = Cluster {
        pod_secrets: &["regcred"],
        missing: &["regcred"],
        secrets: vec![elsewhere("tools", "regcred")],
        ..Cluster::default()
    };
    let best = cluster.check(
        "pull-secret-in-other-namespace",
        "certain",
        "secret tools/regcred: exists, and has a login for registry.corp.test",
    );
    assert!(
        runs(&best)[0].starts_with(
            "kubectl get secret regcred -n tools -o go-template='{{index .data \".dockerconfigjson\" | base64decode}}' "
        ),
        "{:?}",
        runs(&best)
    );
    // Nothing is named, and only another namespace has something that fits.
    let cluster = Cluster { secrets: vec![elsewhere("tools", "shared")], ..Cluster::default() };
    cluster.check("pull-secret-in-other-namespace", "likely", "secret tools/shared");
}

#[test]
fn an_entry_for_another_port_or_host_is_the_wrong_registry() {
    for (key, why) in [
        ("registry.corp.test:443", "its port is another one"),
        ("registry.corp.test/v2", "with a slash at the end"),
        ("registry.corp.test/other", "its path is not the beginning"),
        ("corp.test", "more or fewer parts"),
    ] {
        let cluster =
            Cluster { pod_secrets: &["regcred"], secrets: vec![secret("regcred", &login(key))], ..Cluster::default() };
        let best = cluster.check("pull-secret-wrong-registry", "certain", why);
        assert!(
            runs(&best)[0]
                .contains("create secret docker-registry regcred -n shop --docker-server=registry.corp.test "),
            "{:?}",
            runs(&best)
        );
    }
}

#[test]
fn docker_hub_is_found_under_its_own_key_only() {
    let cluster = Cluster {
        image: "acme/shop:1",
        error: "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
        pod_secrets: &["hub"],
        secrets: vec![secret("hub", &login("registry-1.docker.io"))],
        ..Cluster::default()
    };
    let best = cluster.check("pull-secret-wrong-registry", "likely", "https://index.docker.io/v1/ or docker.io alone");
    assert!(runs(&best)[0].contains("--docker-server=https://index.docker.io/v1/ "), "{:?}", runs(&best));
}

#[test]
fn a_secret_that_other_images_need_is_not_rewritten() {
    let both = json!({"auths": {"quay.io": {"username": "ci", "password": "canary-5f1d"}, "ghcr.io": {"username": "ci", "password": "canary-5f1d"}}});
    let cluster = Cluster { pod_secrets: &["regcred"], secrets: vec![secret("regcred", &both)], ..Cluster::default() };
    let best = cluster.check("pull-secret-wrong-registry", "certain", "has a login for ghcr.io, quay.io");
    let runs = runs(&best);
    assert!(
        runs[0].starts_with("kubectl create secret docker-registry \"${SECRET_NAME:-regcred-2}\" -n shop"),
        "{runs:?}"
    );
    // The pod lists it itself, so the service account's list is no way to it.
    assert!(!runs.iter().any(|run| run.contains("serviceaccount")), "{runs:?}");
    let made_again = runs.iter().filter(|run| run.starts_with("kubectl get pod web -n shop -o json")).count();
    assert_eq!((runs.len(), made_again), (2, 1), "{runs:?}");
}

#[test]
fn secrets_that_the_kubelet_skips_are_of_the_wrong_type() {
    let opaque = secret_in("shop", "regcred", "Opaque", ".dockerconfigjson", &login("registry.corp.test"));
    let no_auths = secret("regcred", &json!({"registry.corp.test": {"username": "ci", "password": "canary-5f1d"}}));
    let identity = secret("regcred", &json!({"auths": {"registry.corp.test": {"identitytoken": "canary-5f1d"}}}));
    let helper = secret("regcred", &json!({"auths": {"registry.corp.test": {}}, "credsStore": "desktop"}));
    for (secret, why) in [
        (opaque, "is of type Opaque"),
        (no_auths, "has no `auths`"),
        (identity, "holds only an identity token"),
        (helper, "stayed with the credential helper"),
    ] {
        let cluster = Cluster { pod_secrets: &["regcred"], secrets: vec![secret], ..Cluster::default() };
        let best = cluster.check("pull-secret-wrong-type", "certain", why);
        // Another type can only be had by deleting it.
        assert!(runs(&best)[0].ends_with("| kubectl replace -n shop --force -f -"), "{:?}", runs(&best));
    }
}

#[test]
fn a_secret_that_breaks_the_keyring_is_named() {
    let broken = json!({"auths": {"quay.io": {"auth": "bm8gY29sb24="}}});
    let mut cluster = Cluster { pod_secrets: &["good", "bad"], ..Cluster::default() };
    cluster.secrets = vec![secret("good", &login("registry.corp.test")), secret("bad", &broken)];
    let text = cluster
        .document()
        .replace("ErrImagePull", "unable to parse auth field, must be formatted as base64(username:password)");
    let text = text.replace(
        &format!("failed to pull and unpack image \\\"{IMAGE}\\\": failed to resolve image: {NOTHING_SENT}"),
        "unable to parse auth field, must be formatted as base64(username:password)",
    );
    let best = diagnose(&text, &Options::default()).findings.remove(0).diagnoses.remove(0);
    assert_eq!(best.cause, "pull-secret-invalid");
    assert!(
        best.evidence.iter().any(|evidence| evidence.text.starts_with("secret shop/bad: cannot be read")),
        "{:#?}",
        best.evidence
    );
}

#[test]
fn credentials_sent_and_refused_are_not_missing() {
    let cluster = Cluster {
        error: BARE_401,
        pod_secrets: &["regcred"],
        secrets: vec![secret("regcred", &login("registry.corp.test"))],
        ..Cluster::default()
    };
    let best = cluster.check(
        "credentials-rejected",
        "likely",
        "secret shop/regcred: has a login for registry.corp.test, which fits the image: it was sent",
    );
    assert!(runs(&best)[0].contains("create secret docker-registry regcred "), "{:?}", runs(&best));
}

#[test]
fn a_line_end_in_the_password_explains_the_refusal() {
    let config = json!({"auths": {"registry.corp.test": {"username": "ci", "password": "canary-5f1d\n"}}});
    let cluster = Cluster {
        error: BARE_401,
        pod_secrets: &["regcred"],
        secrets: vec![secret("regcred", &config)],
        ..Cluster::default()
    };
    cluster.check("credentials-rejected", "certain", "the password ends in a line break");
}

#[test]
fn a_bare_401_without_any_secret_is_a_missing_credential() {
    Cluster { error: BARE_401, ..Cluster::default() }.check(
        "credentials-missing",
        "likely",
        "pod shop/web: names no imagePullSecrets",
    );
}

#[test]
fn words_that_tell_of_a_sent_login_outweigh_a_secret_that_does_not_fit() {
    let cluster = Cluster {
        error: "failed to authorize: failed to fetch oauth token: unexpected status from GET request to https://auth.corp.test/token?service=registry.corp.test: 401 Unauthorized",
        secrets: vec![secret("regcred", &login("registry.corp.test"))],
        ..Cluster::default()
    };
    // The node itself has a login: attaching the secret is no answer to its refusal.
    assert_eq!(cluster.finding().diagnoses[0].cause, "credentials-rejected");
}

#[test]
fn words_and_facts_that_disagree_are_an_open_question() {
    let cluster = Cluster {
        pod_secrets: &["regcred"],
        secrets: vec![secret("regcred", &login("registry.corp.test"))],
        ..Cluster::default()
    };
    let finding = cluster.finding();
    assert_eq!(finding.diagnoses[0].cause, "credentials-missing");
    assert!(finding.would_settle[0].question.contains("went out without one"), "{:?}", finding.would_settle);
}

#[test]
fn a_token_that_is_over_says_so() {
    // {"alg":"none"}.{"exp":NOW - 3 h}
    let token = format!("eyJhbGciOiJub25lIn0.{}.c2ln", base64_url(&json!({"exp": NOW - 3 * 3600}).to_string()));
    let config = |token: &str| json!({"auths": {"registry.corp.test": {"username": "ci", "password": token}}});
    let cluster = Cluster {
        error: BARE_401,
        pod_secrets: &["regcred"],
        secrets: vec![secret("regcred", &config(&token))],
        ..Cluster::default()
    };
    cluster.check("credentials-expired", "certain", "its token expired 3 h ago");
    // One that is good for another hour was refused for another reason.
    let token = format!("eyJhbGciOiJub25lIn0.{}.c2ln", base64_url(&json!({"exp": NOW + 3600}).to_string()));
    let cluster = Cluster {
        error: BARE_401,
        pod_secrets: &["regcred"],
        secrets: vec![secret("regcred", &config(&token))],
        ..Cluster::default()
    };
    cluster.check("credentials-rejected", "likely", "it was sent");
}

#[test]
fn the_token_of_a_job_is_as_good_as_over() {
    let config = json!({"auths": {"registry.corp.test": {"username": "gitlab-ci-token", "password": "canary-5f1d"}}});
    let cluster = Cluster {
        error: BARE_401,
        pod_secrets: &["regcred"],
        secrets: vec![secret("regcred", &config)],
        ..Cluster::default()
    };
    cluster.check("credentials-expired", "likely", "the token of a CI job");
}

#[test]
fn a_login_that_was_sent_tells_a_missing_repository_from_a_closed_one() {
    let hub = |others: Vec<Value>| Cluster {
        image: "acme/shop:1",
        error: "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
        pod_secrets: &["hub"],
        secrets: vec![secret("hub", &login("https://index.docker.io/v1/"))],
        others,
        ..Cluster::default()
    };
    hub(Vec::new()).check("repository-not-found", "likely", "does not show this account any such repository");
    let running = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "old", "namespace": "other"},
        "spec": {"containers": [{"name": "app", "image": "acme/shop:0"}]},
        "status": {"containerStatuses": [{"name": "app", "image": "acme/shop:0", "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}]},
    });
    hub(vec![running]).check(
        "permission-denied",
        "likely",
        "pod other/old: runs acme/shop:0, so the repository exists",
    );
}

#[test]
fn no_value_of_a_secret_reaches_a_report() {
    let cluster = Cluster {
        error: BARE_401,
        pod_secrets: &["regcred"],
        secrets: vec![secret("regcred", &login("registry.corp.test"))],
        ..Cluster::default()
    };
    let report =
        serde_json::to_string(&diagnose(&cluster.document(), &Options { now: Some(NOW) })).expect("a report is JSON");
    assert!(!report.contains("canary"), "{report}");
}

fn base64_url(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| (bits << 8) | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for index in 0..=chunk.len() {
            out.push(char::from(ALPHABET[(bits >> (18 - 6 * index)) as usize & 63]));
        }
    }
    out
}
