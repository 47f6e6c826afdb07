//! docs/embedding.md keeps its word: its scripts run, its keys and annotations answer, its manifests are taken, against a real API
//! server in which a pull fails. The Rust example is a doctest (`tests/src/lib.rs`), the JavaScript one is run by `web.rs`.
#![cfg(unix)]

use imagepull_tests::api_server::{ApiServer, api_server};
use imagepull_tests::folder::Folder;
use imagepull_tests::program;
use imagepull_tests::repository;
use serde_json::{Value, json};
use std::process::{Command, Output};
use std::sync::Once;
use std::time::{Duration, Instant};

/// The blocks of a language in the page.
fn blocks(language: &str) -> Vec<String> {
    repository::blocks(&repository::read("docs/embedding.md"), language)
}

/// The one block with these words.
fn block(language: &str, word: &str) -> String {
    let found: Vec<String> = blocks(language).into_iter().filter(|block| block.contains(word)).collect();
    assert_eq!(found.len(), 1, "{word}");
    found[0].clone()
}

/// A server with a Deployment whose pod asks a private registry without a login.
fn shop() -> Option<&'static ApiServer> {
    static LOAD: Once = Once::new();
    const IMAGE: &str = "registry.corp.test/team/web:1.4";
    let server = api_server()?;
    LOAD.call_once(|| {
        let labels = json!({"app": "web"});
        let container = json!([{"name": "app", "image": IMAGE}]);
        let owner = |kind: &str, name: &str, uid: &str| json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": true}]);
        let workload = |kind: &str, name: &str, uid: &str, owners: Value| json!({"apiVersion": "apps/v1", "kind": kind,
            "metadata": {"name": name, "namespace": "shop", "uid": uid, "ownerReferences": owners},
            "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"containers": container}}}});
        server.load(&[
            workload("Deployment", "web", "UID-D", json!([])),
            workload("ReplicaSet", "web-5d9c", "UID-RS", owner("Deployment", "web", "UID-D")),
            json!({"apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": "web-1", "namespace": "shop", "uid": "UID-P", "labels": labels, "ownerReferences": owner("ReplicaSet", "web-5d9c", "UID-RS")},
                "spec": {"nodeName": "worker-1", "containers": container},
                "status": {"phase": "Pending", "containerStatuses": [{"name": "app", "image": IMAGE, "imageID": "", "ready": false,
                    "restartCount": 0, "state": {"waiting": {"reason": "ErrImagePull"}}}]}}),
            json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "web-1.failed", "namespace": "shop"},
                "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": "shop", "name": "web-1", "uid": "UID-P", "fieldPath": "spec.containers{app}"},
                "reason": "Failed", "type": "Warning", "count": 2, "firstTimestamp": "2026-11-01T10:00:00Z", "lastTimestamp": "2026-11-01T10:05:00Z",
                "message": format!("Failed to pull image \"{IMAGE}\": failed to pull and unpack image \"{IMAGE}\": failed to resolve reference \"{IMAGE}\": pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials")}),
        ]);
    });
    Some(server)
}

/// Runs a script as somebody would who has kubectl, the plugin and this server.
fn sh(server: &ApiServer, script: &str) -> Output {
    let folder = Folder::new();
    folder.link("kubectl-imagepull", program::path());
    folder.link("kubectl", server.programs().join("kubectl"));
    // Nobody turns pages here.
    folder.write("less", "#!/bin/sh\nexec cat\n");
    std::fs::set_permissions(folder.path().join("less"), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .expect("a mode");
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap_or_default());
    Command::new("sh")
        .args(["-e", "-c", script])
        .env("PATH", path)
        .env("KUBECONFIG", server.kubeconfig())
        .current_dir(repository::root())
        .output()
        .expect("sh runs")
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn pipelines_list_what_fails() {
    let Some(server) = shop() else { return };
    let all = sh(server, &block("sh", "-A -o wide"));
    assert!(all.status.success(), "{}", program::words(&all));
    let text = program::words(&all);
    assert_eq!(text.matches("web-1").count(), 2, "{text}");
    assert_eq!(text.matches("NAMESPACE").count(), 2, "{text}");
    let counted = sh(server, &block("sh", "uniq -c"));
    assert!(program::words(&counted).trim().ends_with("1 credentials-missing"), "{}", program::words(&counted));
}

#[test]
fn a_job_fails_at_once_where_waiting_does_not_help() {
    let Some(server) = shop() else { return };
    // Built before the time is taken.
    program::path();
    let started = Instant::now();
    let ended = sh(server, &block("sh", "rollout status"));
    assert_eq!(ended.status.code(), Some(1), "{}", program::words(&ended));
    assert!(
        program::words(&ended).contains("credentials-missing") || program::words(&ended).contains("login"),
        "{}",
        program::words(&ended)
    );
    assert!(started.elapsed() < Duration::from_secs(60), "not before the rollout's own time was up");
    // The steps call that script, and a command that answers.
    let steps = yaml(&block("yaml", "GITHUB_STEP_SUMMARY"));
    assert_eq!(steps[0]["run"], "sh deploy-or-say-why.sh");
    assert!(block("sh", "rollout status").contains("deploy-or-say-why.sh"));
    let folder = Folder::new();
    let summary = folder.path().join("summary.md");
    let run =
        steps[1]["run"].as_str().expect("a command").replace("$GITHUB_STEP_SUMMARY", &summary.display().to_string());
    assert!(sh(server, &run).status.success());
    assert!(std::fs::read_to_string(summary).expect("a summary").contains("credentials-missing"));
}

#[test]
fn the_key_of_k9s_and_the_alerts_command_answer() {
    let Some(server) = shop() else { return };
    let plugin = yaml(&block("yaml", "shortCut"))["plugins"]["imagepull"].clone();
    assert_eq!((&plugin["command"], &plugin["args"][0]), (&"sh".into(), &"-c".into()));
    let context = program::words(&sh(server, "kubectl config current-context"));
    for (resource, name) in [("pods", "web-1"), ("deployments", "web")] {
        let command = plugin["args"][1].as_str().expect("a command");
        let command = command.replace("$RESOURCE_NAME", resource).replace("$NAMESPACE", "shop").replace("$NAME", name);
        let ended = sh(server, &command.replace("$CONTEXT", context.trim()));
        assert!(
            ended.status.success() && program::words(&ended).contains("credentials-missing"),
            "{}",
            program::words(&ended)
        );
        assert!(program::words(&ended).contains('\u{1b}'), "in colour");
    }
    for scope in plugin["scopes"].as_array().expect("scopes") {
        let ended = sh(server, &format!("kubectl get {} -n shop", scope.as_str().expect("a kind")));
        assert!(ended.status.success(), "{}", program::words(&ended));
    }
    let rules = yaml(&block("yaml", "alert:"));
    let why = rules["groups"][0]["rules"][0]["annotations"]["why"].as_str().expect("a command").to_owned();
    let labels = [("pod", "web-1"), ("namespace", "shop"), ("container", "app")];
    let why = labels.iter().fold(why, |why, (label, value)| why.replace(&format!("{{{{ $labels.{label} }}}}"), value));
    let ended = sh(server, &why);
    assert!(
        ended.status.success() && program::words(&ended).contains("credentials-missing"),
        "{}",
        program::words(&ended)
    );
}

#[test]
fn the_hooks_manifests_are_taken_and_its_command_answers_with_the_role_it_has() {
    let Some(server) = shop() else { return };
    let hook = block("yaml", "hook: SyncFail");
    let role = std::fs::read_to_string(repository::root().join("docs/role.yaml")).expect("a role");
    server.kubectl(&["apply", "-f", "-"], &role);
    server.kubectl(&["apply", "-f", "-"], &hook);
    std::thread::sleep(Duration::from_secs(2));
    let job = yaml(&server.kubectl(&["get", "job", "why-no-image", "-n", "shop", "-o", "json"], ""));
    let container = &job["spec"]["template"]["spec"]["containers"][0];
    let arguments: Vec<&str> = container["args"].as_array().expect("words").iter().filter_map(Value::as_str).collect();
    let ended = server.program(&arguments.join(" ")).arg("--as=system:serviceaccount:shop:imagepull").run().answered();
    assert!(ended.stdout.contains("credentials-missing"), "{}", ended.stdout);
}

#[test]
fn no_block_of_the_page_is_without_a_test() {
    assert_eq!(blocks("sh").len(), 3);
    assert_eq!(blocks("yaml").len(), 4);
    for (language, count) in [("rust", 1), ("js", 1), ("toml", 1), ("dockerfile", 1)] {
        assert_eq!(blocks(language).len(), count, "{language}");
    }
    let manifest = std::fs::read_to_string(repository::root().join("Cargo.toml")).expect("the workspace");
    let version = env!("CARGO_PKG_VERSION").rsplit_once('.').expect("a version").0;
    assert!(blocks("toml")[0].contains(&format!("\"{version}\"")) && manifest.contains("imagepull-classifier"));
    assert!(blocks("dockerfile")[0].contains("FROM scratch"));
}
