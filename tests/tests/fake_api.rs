//! The program against an API server that answers what a test wants: what is asked, what is said of faults, what is never shown.

use imagepull_tests::fake_api::{Answer, FakeApi, Request, forbidden, kubeconfig};
use imagepull_tests::program::{Ended, Program};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const IMAGE: &str = "registry.corp.test/team/web:1.4";

fn pod(name: &str, namespace: &str, reason: Option<&str>, more: Value) -> Value {
    let state = match reason {
        Some(reason) => json!({"waiting": {"reason": reason, "message": format!("{reason}: {IMAGE}")}}),
        None => json!({"running": {"startedAt": "2026-11-01T10:00:00Z"}}),
    };
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": namespace, "uid": format!("uid-{namespace}-{name}"), "labels": {"app": "web"},
            "creationTimestamp": "2026-11-01T10:00:00Z", "annotations": {"note": "CANARY-ANNOTATION"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d9c", "uid": "uid-rs", "controller": true}],
        },
        "spec": {
            "nodeName": "worker-1", "serviceAccountName": "default", "imagePullSecrets": [{"name": "regcred"}],
            "containers": [{"name": "app", "image": IMAGE, "imagePullPolicy": "Always", "args": ["--password=CANARY-ARG"],
                            "command": ["CANARY-COMMAND"], "env": [{"name": "PASSWORD", "value": "CANARY-ENV"}]}],
        },
        "status": {
            "phase": if reason.is_some() { "Pending" } else { "Running" },
            "containerStatuses": [{"name": "app", "image": IMAGE, "ready": reason.is_none(), "state": state,
                                   "lastState": {"terminated": {"message": "CANARY-TERMINATION"}}}],
        },
    });
    merge(&mut pod, more);
    pod
}

/// Lays `more` over an object: fields of objects one by one, everything else whole.
fn merge(object: &mut Value, more: Value) {
    match (object, more) {
        (Value::Object(object), Value::Object(more)) => {
            for (key, value) in more {
                merge(object.entry(key).or_insert(Value::Null), value);
            }
        }
        (object, more) => *object = more,
    }
}

fn event(of: &Value, number: usize, reason: &str, message: &str) -> Value {
    let metadata = &of["metadata"];
    json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"name": format!("{}.{number}", metadata["name"].as_str().expect("a name")), "namespace": metadata["namespace"],
                     "annotations": {"x": "CANARY-ANNOTATION"}},
        "involvedObject": {"kind": of["kind"], "namespace": metadata["namespace"], "name": metadata["name"], "uid": metadata["uid"],
                           "fieldPath": "spec.containers{app}"},
        "reason": reason, "message": message, "type": if reason == "Pulling" { "Normal" } else { "Warning" }, "count": 3,
        "firstTimestamp": "2026-11-01T10:00:00Z", "lastTimestamp": "2026-11-01T10:05:00Z",
    })
}

const REFUSED: &str = "Failed to pull image \"registry.corp.test/team/web:1.4\": failed to pull and unpack image: failed to resolve reference: failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://registry.corp.test/token: 401 Unauthorized";

/// `auth` is base64 of `robot:CANARY-PASSWORD`; the secret as a whole is base64 of that document.
fn secret(name: &str, namespace: &str, host: &str) -> Value {
    let config = json!({"auths": {host: {"username": "CANARY-USER", "password": "CANARY-PASSWORD", "auth": "cm9ib3Q6Q0FOQVJZLVBBU1NXT1JE"}}});
    let last_applied = json!({"stringData": {".dockerconfigjson": config.to_string()}}).to_string();
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": name, "namespace": namespace, "creationTimestamp": "2026-10-01T00:00:00Z",
                     "annotations": {"kubectl.kubernetes.io/last-applied-configuration": last_applied}},
        "data": {".dockerconfigjson": base64(config.to_string().as_bytes())},
    })
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let word = three.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for digit in 0..4 {
            let shown = digit <= three.len();
            text.push(if shown { char::from(DIGITS[(word >> (18 - 6 * digit)) as usize & 63]) } else { '=' });
        }
    }
    text
}

fn shop() -> Vec<Value> {
    let web = pod("web-1", "shop", Some("ImagePullBackOff"), json!({}));
    let well = pod("web-2", "shop", None, json!({"spec": {"nodeName": "worker-2"}}));
    let stranger = pod("other", "shop", None, json!({"spec": {"containers": [{"name": "app", "image": "nginx"}]}}));
    vec![
        event(&web, 1, "Failed", REFUSED),
        event(&web, 2, "Pulling", "Pulling image \"registry.corp.test/team/web:1.4\""),
        event(&stranger, 1, "BackOff", "Back-off restarting failed container"),
        web,
        well,
        stranger,
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "shop",
               "annotations": {"a": "CANARY-ANNOTATION"}}, "imagePullSecrets": [{"name": "later"}]}),
        secret("regcred", "shop", "registry.elsewhere.test"),
        secret("fits", "shop", "registry.corp.test"),
        secret("unrelated", "shop", "quay.io"),
        json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": {"name": "opaque", "namespace": "shop"}, "data": {}}),
        secret("later", "vault", "registry.corp.test"),
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}),
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "vault"}}),
        node("worker-1"),
        node("worker-2"),
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web-5d9c", "namespace": "shop", "uid": "uid-rs",
               "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "uid-deploy", "controller": true}]},
               "spec": {"selector": {"matchLabels": {"app": "web"}}}}),
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop", "uid": "uid-deploy",
               "managedFields": [{"manager": "helm", "fieldsV1": {"CANARY-FIELDS": {}}}]},
               "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}},
                        "template": {"spec": {"containers": [{"env": [{"value": "CANARY-TEMPLATE"}]}]}}}}),
    ]
}

fn node(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "annotations": {"a": "CANARY-ANNOTATION"}},
           "status": {"nodeInfo": {"architecture": "amd64", "operatingSystem": "linux", "containerRuntimeVersion": "containerd://2.3.7",
                                   "kubeletVersion": "v1.36.3"}}})
}

/// The objects of a document, as `Kind/name`.
fn names(document: &Value) -> BTreeSet<String> {
    let items = document["items"].as_array().expect("a list");
    items
        .iter()
        .map(|item| {
            format!("{}/{}", item["kind"].as_str().expect("a kind"), item["metadata"]["name"].as_str().expect("a name"))
        })
        .collect()
}

fn asked(api: &FakeApi) -> Vec<String> {
    api.requests().iter().map(|request| request.path.clone()).collect()
}

fn no_canary(ended: &Ended) {
    for text in [&ended.stdout, &ended.stderr] {
        for word in ["CANARY", "KUBECONFIG-TOKEN", "cm9ib3Q6", "Q0FOQVJZ"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
    }
}

#[test]
fn a_named_pod_is_read_with_all_that_belongs_to_it() {
    let api = FakeApi::serve(shop());
    let ended = api.program("collect web-1").run().answered();
    let document = ended.json();
    let want = [
        "Pod/web-1",
        "Pod/web-2",
        "Event/web-1.1",
        "Event/web-1.2",
        "ServiceAccount/default",
        "SecretFacts/regcred",
        "SecretFacts/fits",
        "Node/worker-1",
        "Node/worker-2",
        "ReplicaSet/web-5d9c",
        "Deployment/web",
    ];
    assert_eq!(names(&document), want.map(str::to_owned).into());
    // The service account names a secret that is not there.
    assert_eq!(document["missing"], json!([{"kind": "Secret", "namespace": "shop", "name": "later"}]));
    assert_eq!(document["notRead"], json!([]));
    assert_eq!(document["target"], json!({"namespace": "shop", "pods": ["web-1"], "container": null}));
    assert_eq!(ended.stderr, "");
    no_canary(&ended);
}

#[test]
fn requests_say_who_asks_and_only_what_is_needed() {
    let api = FakeApi::serve(shop());
    api.program("why web-1 -o json --as ann --as-group dev --as-group ops --as-uid 7 --as-user-extra scopes=view")
        .run()
        .answered();
    let requests = api.requests();
    for request in &requests {
        assert!(request.header("user-agent").starts_with("kubectl-imagepull/"), "{request:?}");
        assert!(request.header("accept").starts_with("application/json"), "{request:?}");
        assert_eq!(request.header("authorization"), "Bearer KUBECONFIG-TOKEN");
        assert_eq!(request.header("impersonate-user"), "ann");
        assert_eq!(request.header("impersonate-group"), "dev,ops");
        assert_eq!(request.header("impersonate-uid"), "7");
        assert_eq!(request.header("impersonate-extra-scopes"), "view");
    }
    let find = |path: &str| -> Vec<&Request> { requests.iter().filter(|request| request.path == path).collect() };
    let events = find("/api/v1/namespaces/shop/events");
    assert_eq!(events.len(), 1);
    assert_eq!(
        events[0].param("fieldSelector"),
        "involvedObject.kind=Pod,involvedObject.uid=uid-shop-web-1,involvedObject.name=web-1,involvedObject.namespace=shop"
    );
    // Names of secrets come as tables without the objects, whose annotations would hold the plain text.
    let secrets = find("/api/v1/namespaces/shop/secrets");
    assert_eq!(
        secrets.iter().map(|request| request.param("fieldSelector")).collect::<Vec<_>>(),
        ["type=kubernetes.io/dockerconfigjson", "type=kubernetes.io/dockercfg"]
    );
    for request in secrets {
        assert_eq!(request.param("includeObject"), "None");
        assert!(request.header("accept").starts_with("application/json;as=Table"));
    }
    assert!(find("/api/v1/namespaces/shop/secrets/opaque").is_empty());
    assert!(!requests.iter().any(|request| request.path.contains("vault")), "other namespaces need --secrets=all");
    // Nothing is asked twice.
    let mut seen = BTreeSet::new();
    for request in &requests {
        let mut query: Vec<_> = request.query.iter().collect();
        query.sort();
        assert!(seen.insert(format!("{} {query:?}", request.path)), "twice: {request:?}");
    }
}

#[test]
fn which_secrets_are_read_is_up_to_the_user() {
    let secrets = |arguments: &str| {
        let api = FakeApi::serve(shop());
        let ended = api.program(arguments).run().answered();
        no_canary(&ended);
        let paths: BTreeSet<String> = asked(&api).into_iter().filter(|path| path.contains("/secrets")).collect();
        (paths, ended.json())
    };
    let (paths, document) = secrets("collect web-1 --secrets=none");
    assert!(paths.is_empty(), "{paths:?}");
    assert_eq!(document["notRead"], json!([{"what": "secret shop/regcred", "why": "--secrets=none", "rule": null}]));
    let (paths, document) = secrets("collect web-1 --secrets=all");
    assert!(paths.contains("/api/v1/namespaces/vault/secrets/later"), "{paths:?}");
    let vault =
        document["items"].as_array().expect("a list").iter().find(|item| item["metadata"]["namespace"] == "vault");
    assert_eq!(vault.map(|item| &item["metadata"]["name"]), Some(&json!("later")));
    // A scan reads none, whatever is asked for, and says so.
    let (paths, document) = secrets("collect --secrets=all");
    assert!(paths.is_empty(), "{paths:?}");
    assert!(document["notRead"].to_string().contains("a scan reads none"));
}

#[test]
fn a_secret_is_never_seen_again() {
    for arguments in [
        "collect web-1 --secrets=all",
        "why web-1 --secrets=all",
        "why web-1 -o json -v",
        "why deploy/web -o yaml",
        "why -o markdown",
        "why -A -v",
        "collect -A",
        "collect deploy/web",
        "collect deploy/web --mask-names",
    ] {
        let api = FakeApi::serve(shop());
        no_canary(&api.program(arguments).run().answered());
    }
    // Nor where the API server answers a secret in a broken way, or the token is refused.
    let api = FakeApi::with(shop(), |request| {
        (request.path.ends_with("/secrets/regcred"))
            .then(|| Answer::HalfJson(secret("regcred", "shop", "x.test").to_string()))
    });
    no_canary(&api.program("why web-1 -v").run().answered());
    let api = FakeApi::with(shop(), |_| Some(Answer::Status(401, "Unauthorized", "Unauthorized".to_owned())));
    no_canary(&api.program("why web-1 -v --token CANARY-FLAG").run().failed(&["401"]));
}

#[test]
fn each_refusal_that_only_helps_is_written_down_with_its_rule() {
    for (part, what, rule) in [
        ("/events", "events in namespace shop", "{apiGroups: [\"\"], resources: [events], verbs: [list]}"),
        (
            "/serviceaccounts/default",
            "serviceaccount shop/default",
            "{apiGroups: [\"\"], resources: [serviceaccounts], verbs: [get]}",
        ),
        ("/secrets/regcred", "secret shop/regcred", "{apiGroups: [\"\"], resources: [secrets], verbs: [get]}"),
        ("/secrets", "names of secrets in namespace shop", "{apiGroups: [\"\"], resources: [secrets], verbs: [list]}"),
        ("/nodes/worker-1", "node worker-1", "{apiGroups: [\"\"], resources: [nodes], verbs: [get]}"),
        (
            "/replicasets/web-5d9c",
            "replicaset shop/web-5d9c",
            "{apiGroups: [\"apps\"], resources: [replicasets], verbs: [get]}",
        ),
        ("/pods", "other pods in namespace shop", "{apiGroups: [\"\"], resources: [pods], verbs: [list]}"),
    ] {
        let api = FakeApi::with(shop(), move |request| request.path.ends_with(part).then(|| forbidden(request)));
        let ended = api.program("collect web-1").run().answered();
        let document = ended.json();
        let entry =
            document["notRead"].as_array().and_then(|list| list.iter().find(|entry| entry["what"] == what)).cloned();
        let entry = entry.unwrap_or_else(|| panic!("{what} is not in {}", document["notRead"]));
        assert_eq!(entry["rule"], rule);
        assert!(entry["why"].as_str().expect("a reason").starts_with("forbidden: "), "{entry}");
        assert!(names(&document).contains("Pod/web-1"));
    }
}

#[test]
fn every_set_of_permissions_has_an_answer_or_a_sentence() {
    const PARTS: [&str; 6] = ["/pods", "/events", "/secrets", "/serviceaccounts", "/nodes", "/apis/"];
    for set in 0..1_u32 << PARTS.len() {
        for arguments in ["why web-1 -o json", "why -o json"] {
            let api = FakeApi::with(shop(), move |request| {
                let refused =
                    PARTS.iter().enumerate().any(|(bit, part)| set & 1 << bit != 0 && request.path.contains(part));
                refused.then(|| forbidden(request))
            });
            let ended = api.program(arguments).run();
            if set & 1 == 0 {
                ended.answered().json();
            } else {
                ended.failed(&["not allowed"]);
            }
            api.requests();
        }
    }
}

#[test]
fn faults_of_the_api_server_are_told_in_a_sentence_each() {
    let faults: Vec<(&str, Answer, &[&str])> = vec![
        (
            "401",
            Answer::Status(401, "Unauthorized", "Unauthorized".to_owned()),
            &["who you are", "(401)", "context test", "log in"],
        ),
        (
            "403",
            Answer::Status(403, "Forbidden", "pods \"web-1\" is forbidden: User \"ann\" cannot get".to_owned()),
            &["not allowed", "User \"ann\" cannot get"],
        ),
        ("409", Answer::Status(409, "Conflict", "try again".to_owned()), &["409", "try again"]),
        ("410", Answer::Status(410, "Expired", "too old".to_owned()), &["410"]),
        ("429", Answer::Busy(60), &["busy (429)", "wait 60 s"]),
        (
            "500",
            Answer::Status(500, "InternalError", "etcdserver: leader changed".to_owned()),
            &["answered 500", "leader changed"],
        ),
        (
            "503",
            Answer::Status(503, "ServiceUnavailable", "apiserver not ready".to_owned()),
            &["answered 503", "not ready"],
        ),
        ("web page", Answer::Html(200), &["no Kubernetes API server", "DOCTYPE"]),
        ("web page 502", Answer::Html(502), &["answered 502"]),
        ("cut off", Answer::CutOff(shop()[3].to_string()), &["broke off"]),
        ("half", Answer::HalfJson(shop()[3].to_string()), &["broke off", "cut off"]),
        ("hang up", Answer::HangUp, &["broke off"]),
        ("garbage", Answer::Garbage, &["no Kubernetes API server"]),
    ];
    for (name, answer, words) in faults {
        for arguments in ["why web-1", "why", "why -A", "why deploy/web", "collect web-1"] {
            let of_rule = answer.clone();
            let api = FakeApi::with(Vec::new(), move |_| Some(of_rule.clone()));
            let ended = api.program(arguments).run().failed(words);
            assert!(ended.time < Duration::from_secs(8), "{name}: {:?}", ended.time);
            assert!(ended.stderr.lines().count() <= 5, "{name}: {}", ended.stderr);
        }
    }
}

#[test]
fn a_server_that_is_busy_for_a_moment_is_asked_again() {
    let api = FakeApi::with(shop(), {
        let count = std::sync::atomic::AtomicU32::new(0);
        move |_| (count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0).then_some(Answer::Busy(0))
    });
    api.program("why web-1 -o json").run().answered();
}

#[test]
fn a_server_that_hangs_is_left_at_the_deadline() {
    let api = FakeApi::with(shop(), |_| Some(Answer::Hang));
    let ended = api
        .program("why web-1 --request-timeout 500ms")
        .run()
        .failed(&["did not answer within 500ms", "--request-timeout"]);
    assert!(ended.time < Duration::from_secs(3), "{:?}", ended.time);
    // What is known by then is an answer.
    let api = FakeApi::with(shop(), |request| request.path.contains("/events").then_some(Answer::Hang));
    let ended = api.program("collect web-1 --request-timeout 1s").run().answered();
    assert!(ended.json()["notRead"].to_string().contains("no answer within 1s"));
    assert!(ended.time < Duration::from_secs(4), "{:?}", ended.time);
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    for (server, words) in [
        (format!("http://{gone}"), &["cannot be reached", "refused", "context test"][..]),
        ("http://no-such-host.invalid:6443".to_owned(), &["cannot be found", "no-such-host.invalid"]),
    ] {
        let program = Program::new("why web-1 --request-timeout 10s");
        let file = program.home().write("config", kubeconfig(&server, ""));
        program.env("KUBECONFIG", file).run().failed(words);
    }
    // TLS spoken to a server that has none
    let api = FakeApi::serve(Vec::new());
    let program = Program::new("why web-1 --request-timeout 10s");
    let file = program.home().write("config", kubeconfig(&api.address().replace("http:", "https:"), ""));
    program.env("KUBECONFIG", file).run().failed(&["no trusted connection"]);
}

#[test]
fn a_pod_that_does_not_exist_is_told_with_those_that_do() {
    let api = FakeApi::serve(shop());
    api.program("why web").run().failed(&["pod shop/web does not exist", "web-1, web-2", "deploy/web"]);
    api.program("why web-1 -n vault")
        .run()
        .failed(&["pod vault/web-1 does not exist", "There are no pods in namespace vault"]);
    api.program("why deploy/nope").run().failed(&["deployment shop/nope does not exist"]);
    // One of two is an answer about the other.
    let ended = api.program("collect web-1 nope").run().answered();
    assert!(ended.stderr.contains("pod shop/nope does not exist"), "{}", ended.stderr);
    assert!(ended.json()["notRead"].to_string().contains("pod shop/nope"));
}

#[test]
fn a_workload_is_its_pods() {
    let api = FakeApi::serve(shop());
    for target in ["deploy/web", "deployment web", "rs/web-5d9c"] {
        let document = api.program(&format!("collect {target}")).run().answered().json();
        assert!(
            names(&document).is_superset(&["Pod/web-1", "Pod/web-2", "Deployment/web"].map(str::to_owned).into()),
            "{target}"
        );
    }
    let mut objects = shop();
    let owned = json!({"metadata": {"ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "nightly-1", "uid": "uid-job", "controller": true}], "labels": {"job-name": "nightly-1"}}});
    objects.push(pod("nightly-1-x", "shop", Some("ErrImagePull"), owned));
    objects.push(json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly", "namespace": "shop", "uid": "uid-cron"}}));
    objects.push(json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "nightly-1", "namespace": "shop", "uid": "uid-job",
        "ownerReferences": [{"apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly", "uid": "uid-cron", "controller": true}]},
        "spec": {"selector": {"matchLabels": {"job-name": "nightly-1"}}}}));
    let api = FakeApi::serve(objects);
    for target in ["cronjob/nightly", "job/nightly-1"] {
        let document = api.program(&format!("collect {target}")).run().answered().json();
        assert!(names(&document).contains("Pod/nightly-1-x"), "{target}");
        assert_eq!(document["target"]["pods"], json!(["nightly-1-x"]));
    }
}

#[test]
fn a_custom_resource_that_owns_pods_is_found_by_its_kind() {
    let mut objects = shop();
    let owner = |kind: &str, version: &str, name: &str| json!({"apiVersion": version, "kind": kind, "name": name, "uid": format!("uid-{name}"), "controller": true});
    objects.push(json!({"apiVersion": "kafka.strimzi.io/v1", "kind": "Kafka", "metadata": {"name": "bus", "namespace": "shop", "uid": "uid-bus"}}));
    objects.push(json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "bus-set", "namespace": "shop", "uid": "uid-bus-set",
        "ownerReferences": [owner("Kafka", "kafka.strimzi.io/v1", "bus")]}}));
    objects.push(pod(
        "bus-0",
        "shop",
        Some("ErrImagePull"),
        json!({"metadata": {"ownerReferences": [owner("StatefulSet", "apps/v1", "bus-set")]}}),
    ));
    let api = FakeApi::with(objects, |request| match request.path.as_str() {
        "/apis" => Some(Answer::Json(json!({"kind": "APIGroupList", "groups": [
            {"name": "broken.example.com", "versions": [{"version": "v1"}], "preferredVersion": {"version": "v1"}},
            {"name": "kafka.strimzi.io", "versions": [{"version": "v1"}, {"version": "v1beta2"}], "preferredVersion": {"version": "v1"}}]}))),
        "/apis/broken.example.com/v1" => Some(Answer::Status(500, "InternalError", "no endpoints".to_owned())),
        "/apis/kafka.strimzi.io/v1" => Some(Answer::Json(json!({"kind": "APIResourceList", "resources": [
            {"name": "kafkas", "singularName": "kafka", "kind": "Kafka", "namespaced": true, "shortNames": ["k"]}]}))),
        _ => None,
    });
    for target in ["kafka/bus", "kafkas.kafka.strimzi.io/bus", "k/bus", "kafkas.v1.kafka.strimzi.io/bus"] {
        let document = api.program(&format!("collect {target}")).run().answered().json();
        assert_eq!(document["target"]["pods"], json!(["bus-0"]), "{target}");
    }
    api.program("why gizmo/bus").run().failed(&["no kind `gizmo`"]);
}

#[test]
fn a_workload_without_pods_is_told_as_such() {
    let mut objects = shop();
    objects.push(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api", "namespace": "shop", "uid": "uid-api"},
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "api"}}},
        "status": {"conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota: \u{1b}[31mpods=0"}]}}));
    let api = FakeApi::serve(objects);
    let ended = api.program("why deploy/api -o json").run().answered();
    assert!(ended.stderr.contains("deployment shop/api has no pods (3 wanted)"), "{}", ended.stderr);
    assert!(ended.stderr.contains("FailedCreate: exceeded quota"), "{}", ended.stderr);
    assert!(!ended.stderr.contains('\u{1b}'));
    assert_eq!(ended.json()["findings"], json!([]));
}

#[test]
fn a_container_can_be_chosen() {
    let two = json!({"spec": {"containers": [{"name": "app", "image": IMAGE}, {"name": "log", "image": "nginx"}]},
        "status": {"containerStatuses": [{"name": "app", "state": {"waiting": {"reason": "ErrImagePull"}}}, {"name": "log", "state": {"waiting": {"reason": "ErrImagePull"}}}]}});
    let pod = pod("two", "shop", Some("ErrImagePull"), two);
    let mut objects = shop();
    objects.push(event(&pod, 1, "Failed", REFUSED));
    objects.push(pod);
    let api = FakeApi::serve(objects);
    let document = api.program("collect two -c log").run().answered().json();
    let text = document.to_string();
    assert!(text.contains("\"log\"") && !text.contains("Event"), "{text}");
    assert!(api.program("collect two -c app").run().answered().stdout.contains("two.1"));
    api.program("why two -c nope").run().failed(&["no container `nope`", "app, log"]);
}

#[test]
fn a_scan_finds_what_fails_and_reads_little_else() {
    let mut objects = shop();
    objects.extend((0..1200).map(|number| pod(&format!("well-{number}"), "shop", None, json!({}))));
    // Restarted: it runs by its phase, and waits all the same. Its name stands in two namespaces.
    let restarted = json!({"status": {"phase": "Running"}});
    objects.push(pod("restarted", "shop", Some("ImagePullBackOff"), restarted.clone()));
    objects.push(pod("restarted", "vault", Some("ErrImagePull"), restarted));
    // An image volume: the container is only being created, and the event tells.
    let creating = pod(
        "volume",
        "shop",
        Some("ContainerCreating"),
        json!({"spec": {"volumes": [{"name": "v", "image": {"reference": IMAGE}}]}}),
    );
    objects.push(event(&creating, 1, "Failed", REFUSED));
    objects.push(creating);
    objects.push(pod("starting", "shop", Some("ContainerCreating"), json!({})));
    objects.push(pod("crashing", "shop", Some("CrashLoopBackOff"), json!({"status": {"phase": "Running"}})));
    // An ephemeral container: no column counts it.
    let debugged = pod(
        "debugged",
        "shop",
        None,
        json!({"status": {"ephemeralContainerStatuses": [{"name": "debug", "state": {"waiting": {"reason": "ErrImagePull"}}}]}}),
    );
    let mut failed = event(&debugged, 1, "Failed", REFUSED);
    failed["involvedObject"]["fieldPath"] = json!("spec.ephemeralContainers{debug}");
    objects.push(failed);
    objects.push(debugged);
    let api = FakeApi::serve(objects);
    let pods = |document: &Value| -> BTreeSet<String> {
        let pods = document["items"].as_array().expect("a list").iter().filter(|item| item["kind"] == "Pod");
        pods.map(|pod| {
            format!(
                "{}/{}",
                pod["metadata"]["namespace"].as_str().expect("one"),
                pod["metadata"]["name"].as_str().expect("one")
            )
        })
        .collect()
    };
    let document = api.program("collect").run().answered().json();
    assert_eq!(
        pods(&document),
        ["shop/web-1", "shop/restarted", "shop/volume", "shop/debugged"].map(str::to_owned).into()
    );
    assert!(
        names(&document).is_superset(
            &["Event/web-1.1", "Event/volume.1", "Event/debugged.1", "Node/worker-1", "Deployment/web"]
                .map(str::to_owned)
                .into()
        )
    );
    let requests = api.requests();
    let lists = |of: &str| {
        requests.iter().filter(|request| request.path == format!("/api/v1/namespaces/shop/{of}")).collect::<Vec<_>>()
    };
    assert_eq!(lists("events").iter().filter(|request| !request.param("fieldSelector").contains("uid")).count(), 1);
    for request in lists("pods") {
        let table = request.header("accept").contains("as=Table") && request.param("includeObject") == "None";
        let narrow = request.param("fieldSelector") == "status.phase=Pending"
            || request.param("fieldSelector").starts_with("metadata.name=");
        assert!(table || narrow, "{request:?}");
        assert_eq!(request.param("limit"), "500");
        let from_memory = request.param("fieldSelector").contains("status") && request.param("continue").is_empty();
        assert_eq!(request.param("resourceVersion"), if from_memory { "0" } else { "" });
    }
    let document = api.program("collect -A").run().answered().json();
    assert_eq!(
        pods(&document),
        ["shop/web-1", "shop/restarted", "vault/restarted", "shop/volume", "shop/debugged"].map(str::to_owned).into()
    );
    let document = api.program("collect -l app=web --field-selector spec.nodeName=worker-1").run().answered().json();
    assert_eq!(
        pods(&document),
        ["shop/web-1", "shop/restarted", "shop/volume", "shop/debugged"].map(str::to_owned).into()
    );
}

#[test]
fn long_lists_come_in_pages_and_go_on_when_they_are_too_old() {
    let objects: Vec<Value> = (0..10_000)
        .map(|number| pod(&format!("p-{number}"), "shop", (number % 2000 == 1).then_some("ErrImagePull"), json!({})))
        .collect();
    let pages = |api: &FakeApi| api.requests().iter().filter(|request| !request.param("continue").is_empty()).count();
    let api = FakeApi::serve(objects.clone());
    let document = api.program("collect -l app=web").run().answered().json();
    assert_eq!(names(&document).iter().filter(|name| name.starts_with("Pod/")).count(), 5);
    assert_eq!(pages(&api), 19);
    let api = FakeApi::with(objects, |request| {
        (request.param("continue") == "5000")
            .then(|| Answer::Status(410, "Expired", "The provided continue parameter is too old".to_owned()))
    });
    api.program("collect -l app=web").run().failed(&["410", "Try again"]);
}

#[test]
fn a_masked_bundle_names_nobody_and_gives_the_same_answer() {
    // Real uids hold no names.
    let objects =
        Value::Array(shop()).to_string().replace("uid-shop-web-", "6ba7b810-").replace("uid-shop-", "6ba7b811-");
    let api = FakeApi::serve(serde_json::from_str(&objects).expect("JSON"));
    let ended = api.program("collect web-1 --mask-names").run().answered();
    for name in ["shop", "web-1", "registry.corp.test", "team/web", "worker-1", "regcred"] {
        assert!(!ended.stdout.contains(name), "{name} in {}", ended.stdout);
    }
    let cause = |report: Value| report["findings"][0]["diagnoses"][0]["cause"].clone();
    let masked = cause(Program::new("why - -o json").input(ended.stdout).run().answered().json());
    assert_eq!(masked, cause(api.program("why web-1 -o json").run().answered().json()));
}

#[test]
fn what_is_named_and_not_there_is_a_fact() {
    let gone =
        |object: &Value| ["ServiceAccount", "Node", "Deployment"].contains(&object["kind"].as_str().expect("a kind"));
    let api = FakeApi::serve(shop().into_iter().filter(|object| !gone(object)).collect());
    let document = api.program("collect web-1").run().answered().json();
    assert_eq!(document["notRead"], json!([]));
    let missing: Vec<&Value> =
        document["missing"].as_array().expect("a list").iter().map(|missing| &missing["kind"]).collect();
    assert_eq!(missing, ["Deployment", "Node", "Node", "ServiceAccount"]);
}

#[test]
fn a_bundle_gives_the_same_answer_as_the_cluster() {
    let api = FakeApi::serve(shop());
    let mut live = api.program("why web-1 -o json").run().answered().json();
    let bundle = api.program("collect web-1").run().answered().stdout;
    let mut again = Program::new("why - -o json").input(bundle).run().answered().json();
    for report in [&mut live, &mut again] {
        report["collected_at"] = Value::Null;
    }
    assert_eq!(live["findings"].as_array().map(Vec::len), again["findings"].as_array().map(Vec::len));
    assert_eq!(live["findings"][0]["diagnoses"][0]["cause"], again["findings"][0]["diagnoses"][0]["cause"]);
}

/// 100,000 pods, a hundred of which fail; the pages are made before.
fn large() -> FakeApi {
    let number = |request: &Request| request.param("continue").parse::<usize>().unwrap_or(0);
    let well: Vec<Value> = (0..500).map(|number| pod(&format!("web-5d9c8f7b6-{number:05}"), "shop", None, json!({"metadata": {"managedFields": [{"manager": "kubelet", "fieldsV1": {"f:status": "x".repeat(1200)}}]}}))).collect();
    let failing: Vec<Value> =
        (0..100).map(|number| pod(&format!("bad-{number}"), "shop", Some("ImagePullBackOff"), json!({}))).collect();
    let list = |items: &[Value]| {
        json!({"kind": "PodList", "apiVersion": "v1", "metadata": {"continue": "TOKEN"}, "items": items}).to_string()
    };
    let page: std::sync::Arc<str> = list(&well).into();
    let rows: Vec<Value> = (0..500).map(|number| json!({"cells": [format!("web-5d9c8f7b6-{number:05}"), "1/1", "Running", "0", "3d", "10.0.0.1", "worker-1", "<none>", "<none>"], "object": null})).collect();
    let table: std::sync::Arc<str> = json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"continue": "TOKEN"}, "columnDefinitions": [], "rows": rows}).to_string().into();
    let last = list(&failing).replace("TOKEN", "");
    let mut objects = failing.clone();
    objects.extend(failing.iter().map(|pod| event(pod, 1, "Failed", REFUSED)));
    FakeApi::with(objects, move |request| {
        if !request.path.ends_with("/pods") || request.param("fieldSelector").contains("Pending") {
            return None;
        }
        let from = number(request);
        if request.header("accept").contains("as=Table") {
            let next = if from + 500 < 100_000 { (from + 500).to_string() } else { String::new() };
            return Some(Answer::Text(table.replace("TOKEN", &next).into()));
        }
        Some(Answer::Text(if from + 500 < 100_000 {
            page.replace("TOKEN", &(from + 500).to_string()).into()
        } else {
            last.as_str().into()
        }))
    })
}

#[test]
fn a_hundred_thousand_pods_fit_into_little_memory() {
    let api = large();
    // Tables, and, as a worst case, whole pods.
    for arguments in ["why -A -o json", "why -l app=web -o json"] {
        let ended = api.program(arguments).run().answered();
        println!("{arguments}: {:?}, {} KiB", ended.time, ended.memory);
        assert!(ended.memory < 64 << 10, "{arguments}: {} KiB", ended.memory);
        assert!(ended.time < Duration::from_secs(60), "{arguments}: {:?}", ended.time);
    }
}
