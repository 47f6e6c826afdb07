//! A real kube-apiserver with etcd, on loopback, with RBAC on: started once for a test program, ended with it.
//!
//! The programs come from `KUBEBUILDER_ASSETS` (the convention of envtest: a folder with `etcd`, `kube-apiserver` and `kubectl`) or
//! from the lab, which builds them from their Go modules once (minutes) and keeps them.

use crate::folder::Folder;
use crate::program::Program;
use crate::repository;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

const ADMIN: &str = "ADMIN-TOKEN";

/// A running API server. What it was started with ends when this process does, however it ends.
pub struct ApiServer {
    programs: PathBuf,
    folder: Folder,
    _processes: [Child; 2],
}

/// The API server of this test program; `None` where neither its programs nor Go are there to be had, which is said.
///
/// # Panics
/// When it does not start.
pub fn api_server() -> Option<&'static ApiServer> {
    static SERVER: OnceLock<Option<ApiServer>> = OnceLock::new();
    SERVER.get_or_init(|| Some(ApiServer::start(programs()?))).as_ref()
}

/// The folder with `etcd`, `kube-apiserver` and `kubectl`; `None`, which is said, where it is not there and there is no Go to build them.
///
/// # Panics
/// When they cannot be built.
pub fn programs() -> Option<PathBuf> {
    let complete = |folder: &Path| ["etcd", "kube-apiserver", "kubectl"].iter().all(|name| folder.join(name).exists());
    if let Some(folder) = std::env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from) {
        assert!(complete(&folder), "KUBEBUILDER_ASSETS lacks etcd, kube-apiserver or kubectl");
        return Some(folder);
    }
    if Command::new("go").arg("version").output().is_err() {
        assert!(
            std::env::var_os("CI").is_none(),
            "CI must test against a real API server: there is no Go to build one"
        );
        eprintln!("SKIPPED: no KUBEBUILDER_ASSETS, and no Go to build an API server with");
        return None;
    }
    let built = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--package", "imagepull-lab", "--", "build"])
        .current_dir(repository::root())
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo runs");
    assert!(built.status.success(), "the lab does not build the API server");
    let folder =
        String::from_utf8_lossy(&built.stdout).lines().last().map(PathBuf::from).expect("the lab names its folder");
    assert!(complete(&folder), "{} lacks a program", folder.display());
    Some(folder)
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port on loopback").port()
}

/// Starts a program that ends when this process does: its keeper waits for the end of a pipe that we hold.
fn kept(folder: &Folder, program: &Path, arguments: &[String]) -> Child {
    let log = std::fs::File::create(
        folder.path().join(format!("{}.log", program.file_name().expect("a name").to_string_lossy())),
    );
    let log = log.expect("a log");
    Command::new("sh")
        .args(["-c", "\"$@\" & program=$!; cat > /dev/null; kill -9 $program; wait $program", "keeper"])
        .arg(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(log.try_clone().expect("a log"))
        .stderr(log)
        .spawn()
        .expect("sh starts")
}

impl ApiServer {
    fn start(programs: PathBuf) -> ApiServer {
        let folder = Folder::new();
        let (client, peer, port) = (free_port(), free_port(), free_port());
        let etcd = kept(
            &folder,
            &programs.join("etcd"),
            &[
                "--unsafe-no-fsync".to_owned(),
                format!("--data-dir={}", folder.path().join("etcd").display()),
                format!("--listen-client-urls=http://127.0.0.1:{client}"),
                format!("--advertise-client-urls=http://127.0.0.1:{client}"),
                format!("--listen-peer-urls=http://127.0.0.1:{peer}"),
                "--log-level=error".to_owned(),
            ],
        );
        let certificates = folder.path().join("certificates");
        // The server makes a certificate and this key for itself, before it looks for the key of the service accounts' tokens.
        let key = certificates.join("apiserver.key");
        let tokens = folder.write("tokens.csv", format!("{ADMIN},admin,1,system:masters\n"));
        let arguments = [
            format!("--etcd-servers=http://127.0.0.1:{client}"),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={port}"),
            format!("--cert-dir={}", certificates.display()),
            format!("--token-auth-file={}", tokens.display()),
            "--authorization-mode=RBAC".to_owned(),
            "--service-account-issuer=https://test".to_owned(),
            format!("--service-account-key-file={}", key.display()),
            format!("--service-account-signing-key-file={}", key.display()),
            "--service-cluster-ip-range=10.96.0.0/24".to_owned(),
            // No controller makes the default service accounts that it would ask for.
            "--disable-admission-plugins=ServiceAccount".to_owned(),
        ];
        let authority =
            format!("    certificate-authority: {}\n    server:", certificates.join("apiserver.crt").display());
        let config =
            crate::fake_api::kubeconfig(&format!("https://127.0.0.1:{port}"), &format!("    token: {ADMIN}\n"));
        folder.write("kubeconfig", config.replace("    server:", &authority));
        let api = kept(&folder, &programs.join("kube-apiserver"), &arguments);
        let server = ApiServer { programs, folder, _processes: [etcd, api] };
        server.wait();
        server
    }

    fn wait(&self) {
        let started = Instant::now();
        loop {
            let ready = self.kubectl_command(&["get", "--raw", "/readyz"]).output().expect("kubectl runs");
            let namespace = self.kubectl_command(&["get", "namespace", "default"]).output().expect("kubectl runs");
            if ready.status.success() && namespace.status.success() {
                return;
            }
            let said = String::from_utf8_lossy(&ready.stderr).into_owned();
            let log = std::fs::read_to_string(self.folder.path().join("kube-apiserver.log")).unwrap_or_default();
            assert!(started.elapsed() < Duration::from_secs(120), "the API server is not ready: {said}\n{log}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// A kubeconfig of the administrator; namespace `shop`.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// The folder of its programs; kubectl is among them.
    pub fn programs(&self) -> &Path {
        &self.programs
    }

    /// Our program with these arguments, and this server as its cluster.
    pub fn program(&self, arguments: &str) -> Program {
        Program::new(arguments).env("KUBECONFIG", self.kubeconfig())
    }

    /// kubectl of the same version.
    pub fn kubectl_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.programs.join("kubectl"));
        command.arg("--kubeconfig").arg(self.kubeconfig()).args(arguments).stdin(Stdio::null());
        command
    }

    /// Runs kubectl with this on standard input, and answers what it printed.
    ///
    /// # Panics
    /// When it fails.
    pub fn kubectl(&self, arguments: &[&str], input: &str) -> String {
        let mut child = self
            .kubectl_command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("kubectl starts");
        child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("kubectl reads");
        let output = child.wait_with_output().expect("kubectl ends");
        assert!(output.status.success(), "kubectl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Writes objects as the kubelet and its helpers would: pods and nodes with their status, references to other objects by the
    /// uids that the server gives.
    ///
    /// # Panics
    /// When the server refuses one.
    pub fn load(&self, objects: &[Value]) {
        let namespaces: BTreeSet<&str> =
            objects.iter().filter_map(|object| object["metadata"]["namespace"].as_str()).collect();
        let namespaces =
            namespaces.iter().map(|name| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
        self.kubectl(&["apply", "-f", "-"], &list(namespaces.collect()));
        // Owners come first, events last: each names the uid of another.
        let rank = |object: &Value| match object["kind"].as_str().unwrap_or_default() {
            "Deployment" | "CronJob" => 0,
            "ReplicaSet" | "Job" => 1,
            "Event" => 3,
            _ => 2,
        };
        let mut uids: Vec<(String, String)> = Vec::new();
        for wanted in 0..4 {
            let group: Vec<Value> = objects
                .iter()
                .filter(|object| object["kind"] != "Namespace" && rank(object) == wanted)
                .cloned()
                .collect();
            if group.is_empty() {
                continue;
            }
            let mut text = Value::Array(group).to_string();
            let old: Vec<Value> = serde_json::from_str(&text).expect("JSON");
            for (old, new) in &uids {
                text = text.replace(old, new);
            }
            let mut group: Vec<Value> = serde_json::from_str(&text).expect("JSON");
            for object in &mut group {
                if let Some(metadata) = object["metadata"].as_object_mut() {
                    for field in ["uid", "resourceVersion", "managedFields", "selfLink", "generation"] {
                        metadata.remove(field);
                    }
                }
            }
            // Each is printed for itself, in the order of the list.
            let printed = self.kubectl(&["create", "-o", "json", "-f", "-"], &list(group.clone()));
            let made: Vec<Value> = serde_json::Deserializer::from_str(&printed)
                .into_iter()
                .collect::<Result<_, _>>()
                .expect("kubectl prints JSON");
            let mut with_status = Vec::new();
            for ((mut object, old), made) in group.into_iter().zip(old).zip(made) {
                if let (Some(old), Some(new)) = (old["metadata"]["uid"].as_str(), made["metadata"]["uid"].as_str()) {
                    uids.push((old.to_owned(), new.to_owned()));
                }
                if object.get("status").is_some()
                    && matches!(object["kind"].as_str(), Some("Pod" | "Node" | "Deployment"))
                {
                    object["metadata"]["resourceVersion"] = made["metadata"]["resourceVersion"].clone();
                    with_status.push(object);
                }
            }
            if !with_status.is_empty() {
                self.kubectl(&["replace", "--subresource=status", "-f", "-"], &list(with_status));
            }
        }
    }
}

fn list(items: Vec<Value>) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}
