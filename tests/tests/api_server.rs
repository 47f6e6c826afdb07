//! The program against a real kube-apiserver: its lists, tables, selectors and refusals are what `fake_api.rs` makes them.

use imagepull_tests::api_server::{ApiServer, api_server};
use imagepull_tests::program::Program;
use imagepull_tests::recordings::{answers, recordings};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Once;

const IMAGE: &str = "registry.corp.test/team/web:1.4";
const REFUSED: &str = "Failed to pull image \"registry.corp.test/team/web:1.4\": failed to pull and unpack image \"registry.corp.test/team/web:1.4\": failed to resolve reference \"registry.corp.test/team/web:1.4\": failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://registry.corp.test/token: 401 Unauthorized";

fn pod(namespace: &str, name: &str, phase: &str, reason: Option<&str>) -> Value {
    let state = reason.map_or_else(|| json!({"running": {}}), |reason| json!({"waiting": {"reason": reason}}));
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "uid": format!("UID-{namespace}-{name}"), "labels": {"app": "web"},
            "annotations": {"note": "CANARY-ANNOTATION"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d9c", "uid": "UID-RS", "controller": true}]},
        "spec": {"nodeName": "worker-1", "imagePullSecrets": [{"name": "regcred"}],
            "containers": [{"name": "app", "image": IMAGE, "env": [{"name": "PASSWORD", "value": "CANARY-ENV"}]}]},
        "status": {"phase": phase, "containerStatuses": [{"name": "app", "image": IMAGE, "imageID": "", "ready": reason.is_none(),
            "restartCount": 0, "state": state}]},
    })
}

fn event(namespace: &str, pod: &str, reason: &str, message: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": format!("{pod}.{}", reason.to_lowercase()), "namespace": namespace},
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": namespace, "name": pod, "uid": format!("UID-{namespace}-{pod}"), "fieldPath": "spec.containers{app}"},
        "reason": reason, "message": message, "type": "Warning", "count": 2, "firstTimestamp": "2026-11-01T10:00:00Z", "lastTimestamp": "2026-11-01T10:05:00Z"})
}

fn secret(name: &str, host: &str) -> Value {
    let config = json!({"auths": {host: {"username": "CANARY-USER", "password": "CANARY-PASSWORD"}}}).to_string();
    json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson", "metadata": {"name": name, "namespace": "shop",
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": config}}, "stringData": {".dockerconfigjson": config}})
}

/// The server with a shop in it.
fn shop() -> Option<&'static ApiServer> {
    static LOAD: Once = Once::new();
    let server = api_server()?;
    LOAD.call_once(|| {
        let workload = |kind: &str, name: &str, more: Value| {
            let labels = json!({"app": "web"});
            let mut object = json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": "shop", "uid": format!("UID-{}", if kind == "Deployment" { "D" } else { "RS" })},
                "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": IMAGE}]}}}});
            object["metadata"]["ownerReferences"] = more;
            object
        };
        server.load(&[
            workload("Deployment", "web", json!([])),
            workload("ReplicaSet", "web-5d9c", json!([{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "UID-D", "controller": true}])),
            pod("shop", "web-1", "Pending", Some("ImagePullBackOff")),
            event("shop", "web-1", "Failed", REFUSED),
            pod("shop", "web-2", "Running", None),
            pod("shop", "restarted", "Running", Some("ErrImagePull")),
            event("shop", "restarted", "Failed", REFUSED),
            pod("other", "restarted", "Running", Some("ErrImagePull")),
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "shop"}, "imagePullSecrets": [{"name": "gone"}]}),
            json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "worker-1"}, "status": {"nodeInfo": {"architecture": "arm64",
                "operatingSystem": "linux", "containerRuntimeVersion": "containerd://2.3.7", "kubeletVersion": "v1.36.3", "bootID": "", "kernelVersion": "",
                "kubeProxyVersion": "", "machineID": "", "osImage": "", "systemUUID": ""}}}),
            secret("regcred", "registry.elsewhere.test"),
            secret("fits", "registry.corp.test"),
            secret("unrelated", "quay.io"),
        ]);
    });
    Some(server)
}

fn names(document: &Value) -> BTreeSet<String> {
    let items = document["items"].as_array().expect("a list");
    let name = |item: &Value| Some(format!("{}/{}", item["kind"].as_str()?, item["metadata"]["name"].as_str()?));
    items.iter().filter_map(name).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_named_pod_is_read_with_all_that_belongs_to_it() {
    let Some(server) = shop() else { return };
    let ended = server.program("collect web-1").run().answered();
    let document = ended.json();
    let want = [
        "Pod/web-1",
        // Its siblings: one that runs says that the image is to be had, one that fails may say why.
        "Pod/web-2",
        "Pod/restarted",
        "Event/web-1.failed",
        "Event/restarted.failed",
        "ServiceAccount/default",
        "SecretFacts/regcred",
        "SecretFacts/fits",
        "Node/worker-1",
        "ReplicaSet/web-5d9c",
        "Deployment/web",
    ];
    assert_eq!(names(&document), set(&want));
    assert_eq!(document["missing"], json!([{"kind": "Secret", "namespace": "shop", "name": "gone"}]));
    assert_eq!(document["notRead"], json!([]));
    assert!(!ended.stdout.contains("CANARY"), "{}", ended.stdout);
    for arguments in ["why web-1 -v --secrets=all", "why -A -o json", "why deploy/web -o yaml"] {
        let ended = server.program(arguments).run().answered();
        assert!(!ended.stdout.contains("CANARY") && !ended.stderr.contains("CANARY"), "{ended:?}");
        assert!(!ended.stderr.contains("ADMIN-TOKEN"));
    }
}

#[test]
fn a_scan_finds_what_fails() {
    let Some(server) = shop() else { return };
    let pods = |arguments: &str| -> BTreeSet<String> {
        names(&server.program(arguments).run().answered().json())
            .into_iter()
            .filter(|name| name.starts_with("Pod/"))
            .collect()
    };
    assert_eq!(pods("collect"), set(&["Pod/web-1", "Pod/restarted"]));
    assert_eq!(pods("collect -n other"), set(&["Pod/restarted"]));
    assert_eq!(pods("collect -l app=web"), set(&["Pod/web-1", "Pod/restarted"]));
    assert_eq!(pods("collect --field-selector spec.nodeName=worker-1,status.phase=Pending"), set(&["Pod/web-1"]));
    assert_eq!(pods("collect -l app=nothing"), set(&[]));
    let everywhere = server.program("collect -A").run().answered().json();
    let failing = everywhere["items"].as_array().expect("a list").iter().filter(|item| item["kind"] == "Pod").count();
    assert_eq!(failing, 3);
    server.program("collect -l").arg("app in (").run().failed(&["400"]);
}

#[test]
fn a_bundle_gives_the_same_answer_as_the_cluster() {
    let Some(server) = shop() else { return };
    let live = server.program("why web-1 -o json").run().answered().json();
    let bundle = server.program("collect web-1").run().answered().stdout;
    let again = Program::new("why - -o json").input(bundle).run().answered().json();
    let causes = |report: &Value| -> Vec<Value> {
        report["findings"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|finding| finding["diagnoses"][0]["cause"].clone())
            .collect()
    };
    assert!(!causes(&live).is_empty());
    assert_eq!(causes(&live), causes(&again));
}

#[test]
fn every_set_of_permissions_has_an_answer_or_a_sentence() {
    let Some(server) = shop() else { return };
    const PARTS: [(&str, &str, &str); 6] = [
        ("pods", "", "pods"),
        ("events", "", "events"),
        ("secrets", "", "secrets"),
        ("accounts", "", "serviceaccounts"),
        ("nodes", "", "nodes"),
        ("owners", "apps", "deployments,replicasets"),
    ];
    let mut rules = Vec::new();
    for (bit, (name, group, resources)) in PARTS.iter().enumerate() {
        let users: Vec<Value> = (0..64_u32)
            .filter(|set| set & 1 << bit != 0)
            .map(|set| json!({"kind": "User", "name": format!("user-{set}"), "apiGroup": "rbac.authorization.k8s.io"}))
            .collect();
        let resources: Vec<&str> = resources.split(',').collect();
        rules.push(
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name},
            "rules": [{"apiGroups": [group], "resources": resources, "verbs": ["get", "list"]}]}),
        );
        rules.push(json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}, "subjects": users}));
    }
    server.kubectl(&["apply", "-f", "-"], &json!({"apiVersion": "v1", "kind": "List", "items": rules}).to_string());
    // The server's own caches take a moment to know the new rules.
    std::thread::sleep(std::time::Duration::from_secs(2));
    for set in 0..64_u32 {
        let ended = server.program(&format!("collect web-1 --as user-{set}")).run();
        if set & 1 == 0 {
            ended.failed(&["not allowed", &format!("acting as user-{set}"), "cannot get resource \"pods\""]);
            continue;
        }
        let document = ended.answered().json();
        let not_read = document["notRead"].as_array().expect("a list");
        for (bit, (_, group, resources)) in PARTS.iter().enumerate().skip(1) {
            let resource = resources.split(',').next_back().expect("one");
            let rule = format!("{{apiGroups: [\"{group}\"], resources: [{resource}]");
            let said = not_read.iter().any(|entry| entry["rule"].as_str().is_some_and(|text| text.starts_with(&rule)));
            assert_eq!(said, set & 1 << bit == 0, "{resource} of {set}: {not_read:?}");
        }
    }
}

#[test]
fn recordings_give_the_same_answer_from_a_real_api_server() {
    let Some(server) = shop() else { return };
    let recordings = recordings();
    let mut objects: Vec<Value> = Vec::new();
    for recording in &recordings {
        // Only what is in a namespace: nodes are the same for all. Ephemeral containers cannot be created with their pod.
        let own = recording.objects.iter().filter(|object| matches!(object["kind"].as_str(), Some("Pod" | "Event")));
        objects.extend(own.filter(|object| object["spec"]["ephemeralContainers"].is_null()).cloned());
    }
    server.load(&objects);
    // The server was told nothing of secrets and accounts, as the files were.
    let rule = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "recordings"},
        "rules": [{"apiGroups": [""], "resources": ["pods", "events"], "verbs": ["get", "list"]}]});
    let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "recordings"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "recordings"},
        "subjects": [{"kind": "User", "name": "reader", "apiGroup": "rbac.authorization.k8s.io"}]});
    server.kubectl(
        &["apply", "-f", "-"],
        &json!({"apiVersion": "v1", "kind": "List", "items": [rule, binding]}).to_string(),
    );
    std::thread::sleep(std::time::Duration::from_secs(2));
    let mut wrong = Vec::new();
    let mut compared = 0;
    for recording in recordings.iter().filter(|recording| !recording.has_ephemeral_containers()) {
        let from_file = Program::new("why -o json -f").arg(&recording.file).run().answered().json();
        let live = server.program(&format!("{} --as reader", recording.question())).run().answered().json();
        compared += 1;
        if answers(&live) != answers(&from_file) {
            wrong.push(format!(
                "{}: {:?}, from the file {:?}",
                recording.file.display(),
                answers(&live),
                answers(&from_file)
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {compared}:\n{}", wrong.len(), wrong.join("\n"));
}

/// What kubectl itself offers for words after `kubectl`, and cobra's directive.
#[cfg(unix)]
fn offered(server: &ApiServer, folder: &imagepull_tests::folder::Folder, words: &[&str]) -> (Vec<String>, String) {
    // Flags before the plugin's name are refused: the kubeconfig comes by the environment.
    let output = std::process::Command::new(server.programs().join("kubectl"))
        .env("PATH", format!("{}:/usr/bin:/bin", folder.path().display()))
        .env("KUBECONFIG", server.kubeconfig())
        .arg("__complete")
        .args(words)
        .output()
        .expect("kubectl runs");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let directive = lines.pop().expect("a directive");
    (lines, directive)
}

#[cfg(unix)]
#[test]
fn kubectl_completes_pods_that_fail_first_causes_flags_and_names() {
    use imagepull_tests::{folder::Folder, program};
    let Some(server) = shop() else { return };
    let folder = Folder::new();
    folder.link("kubectl-imagepull", program::path());
    let value = |line: &String| line.split('\t').next().expect("a value").to_owned();
    // Before the helper is there, kubectl knows nothing to offer.
    assert!(offered(server, &folder, &["imagepull", "why", ""]).0.is_empty());
    let installed = Program::new("completion install").env("PATH", folder.path()).run().answered();
    assert!(installed.stdout.contains("kubectl_complete-imagepull"), "{}", installed.stdout);

    let (verbs, _) = offered(server, &folder, &["imagepull", ""]);
    assert_eq!(verbs.iter().map(value).collect::<Vec<_>>(), ["why", "explain", "causes", "collect", "completion"]);

    let (pods, directive) = offered(server, &folder, &["imagepull", "why", ""]);
    let place =
        |name: &str| pods.iter().position(|line| value(line) == name).unwrap_or_else(|| panic!("{name}: {pods:?}"));
    assert!(pods[place("web-1")].ends_with("ImagePullBackOff"), "{pods:?}");
    assert!(place("web-1") < place("web-2") && place("restarted") < place("web-2"), "{pods:?}");
    // No files, and in this order.
    assert_eq!(directive, ":36");

    let names = |words: &[&str]| offered(server, &folder, words).0.iter().map(value).collect::<Vec<_>>();
    assert_eq!(names(&["imagepull", "why", "-n", "other", ""]), ["restarted"]);
    assert_eq!(names(&["imagepull", "why", "web-1", "web-"]), ["web-2"]);
    assert_eq!(names(&["imagepull", "why", "deploy/"]), ["deploy/web"]);
    assert_eq!(names(&["imagepull", "why", "rs", "w"]), ["web-5d9c"]);
    assert_eq!(names(&["imagepull", "why", "stat"]), ["statefulsets/"]);
    assert_eq!(names(&["imagepull", "why", "web-1", "-c", ""]), ["app"]);
    assert_eq!(names(&["imagepull", "why", "--namespace", "oth"]), ["other"]);
    assert_eq!(names(&["imagepull", "why", "-o", "j"]), ["json"]);
    assert_eq!(names(&["imagepull", "why", "--output=y"]), ["yaml"]);
    assert_eq!(names(&["imagepull", "why", "--secr"]), ["--secrets"]);
    assert_eq!(names(&["imagepull", "explain", "tls-unk"]), ["tls-unknown-authority"]);
    assert!(names(&["imagepull", "why", "--context", ""]).len() == 1);
    // Files are the shell's.
    assert_eq!(offered(server, &folder, &["imagepull", "why", "-f", ""]), (Vec::new(), ":0".to_owned()));
    // What may not be read, and a server that is not there, are nothing: a prompt is no place for errors.
    assert!(names(&["imagepull", "why", "--as", "nobody-known", ""]).is_empty());
    let ended = Program::new("__complete why").arg("").run();
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str(), ended.code), (":36\n", "", Some(0)));

    Program::new("completion uninstall").env("PATH", folder.path()).run().answered();
    assert!(!folder.path().join("kubectl_complete-imagepull").exists());
    folder.write("kubectl_complete-imagepull", "somebody else's");
    Program::new("completion install").env("PATH", folder.path()).run().failed(&["is there already"]);
}

#[cfg(unix)]
#[test]
fn tab_through_kubectl_answers_before_a_finger_is_lifted() {
    use imagepull_tests::{folder::Folder, program};
    let Some(server) = shop() else { return };
    let folder = Folder::new();
    folder.link("kubectl-imagepull", program::path());
    Program::new("completion install").env("PATH", folder.path()).run().answered();
    // The best of some: other tests run beside this one.
    let ask = || {
        let started = std::time::Instant::now();
        assert!(!offered(server, &folder, &["imagepull", "why", ""]).0.is_empty());
        started.elapsed()
    };
    let time = (0..20).map(|_| ask()).min().expect("twenty");
    // The aim is 150 ms with the release's program (IMAGEPULL_TEST_PROGRAM). How fast this machine is today is no fault of the
    // program: what is held is that nothing waits.
    println!("TAB through kubectl: {time:?}");
    assert!(time < std::time::Duration::from_secs(2), "{time:?}");
}
