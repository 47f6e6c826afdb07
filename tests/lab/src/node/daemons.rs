//! The programs of the node: how each is started, and in which order they come up.

use std::collections::HashMap;
use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use super::machine::{self, CGROUP, RUNC};
use super::{BASE, NODE};
use crate::Result;
use crate::faults::Upstream;

/// Where the API server listens, inside.
pub const API_PORT: u16 = 6443;
/// The sandbox image; the fault server makes it like any other.
const PAUSE: &str = "pause.lab.test/pause:1";
const START: Duration = Duration::from_secs(120);

/// What runs, by name.
pub struct Daemons {
    running: HashMap<String, Child>,
}

impl Daemons {
    /// Writes their settings.
    pub fn new() -> Result<Daemons> {
        write_settings()?;
        Ok(Daemons { running: HashMap::new() })
    }

    /// Starts one, if it does not run.
    pub fn start(&mut self, name: &str) -> Result<String> {
        if self.running.contains_key(name) {
            return Ok(String::new());
        }
        let log = File::options().create(true).append(true).open(format!("{BASE}/logs/{name}.log"))?;
        let mut words = command_line(name)?;
        let program = words.remove(0);
        let child = Command::new(format!("{BASE}/bin/{program}"))
            .args(words)
            .env("PATH", machine::path())
            .env("SSL_CERT_FILE", format!("{BASE}/trusted-ca.pem"))
            // containerd: one zone is behind the proxy.
            .env("HTTPS_PROXY", "http://proxy.lab.test:3128")
            .env("NO_PROXY", "invalid,localhost,127.0.0.0/8,10.0.0.0/8,lab.test,docker.io,docker.com,ghcr.io,quay.io,gitlab.com,gcr.io,k8s.io,amazonaws.com,azurecr.io,pkg.dev")
            .env_remove("HTTP_PROXY")
            .env_remove("ALL_PROXY")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .map_err(|error| format!("{program}: {error}"))?;
        self.running.insert(name.to_owned(), child);
        Ok(String::new())
    }

    /// Asks one to end, and waits for it.
    pub fn stop(&mut self, name: &str) -> Result<String> {
        let mut child = self.running.remove(name).ok_or_else(|| format!("{name} does not run"))?;
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        let begin = Instant::now();
        // Process 1 may have reaped it already; then `try_wait` fails, and it is gone all the same.
        while matches!(child.try_wait(), Ok(None)) && begin.elapsed() < Duration::from_secs(20) {
            thread::sleep(Duration::from_millis(50));
        }
        let _ = child.kill();
        Ok(String::new())
    }
}

/// Brings the cluster up and returns when a pod can be made.
pub fn start_cluster(daemons: &Mutex<Daemons>) -> Result<()> {
    let start = |name: &str| daemons.lock().expect("not poisoned").start(name).map(|_| ());
    for name in ["etcd", "kube-apiserver", "registry", "registry-with-password", "containerd"] {
        start(name)?;
    }
    wait_for("the API server", || kubectl(&["get", "--raw", "/readyz"]).is_ok())?;
    wait_for("containerd", || machine::ctr(&["version"]).is_ok())?;
    for name in ["kube-controller-manager", "kube-scheduler", "kubelet"] {
        start(name)?;
    }
    // Before the first pod wants it, so that the first scenario is as quick as the others.
    machine::ctr(&["images", "pull", PAUSE])?;
    // A node is ready for pods when the controllers took its taint away, a moment after it says that it is ready.
    let ready = "jsonpath={.status.conditions[?(@.type==\"Ready\")].status}{.spec.taints}";
    wait_for("the node", || kubectl(&["get", "node", NODE, "-o", ready]).is_ok_and(|text| text == "True"))?;
    wait_for("the default service account", || kubectl(&["get", "serviceaccount", "default"]).is_ok())
}

/// Looks until it is there.
pub fn wait_for(what: &str, is_there: impl Fn() -> bool) -> Result<()> {
    let begin = Instant::now();
    while !is_there() {
        if begin.elapsed() > START {
            return Err(format!("{what} did not come up within {} s", START.as_secs()).into());
        }
        thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

fn kubectl(arguments: &[&str]) -> Result<String> {
    let config = format!("--kubeconfig={BASE}/pki/admin.kubeconfig");
    let mut words = vec![config.as_str()];
    words.extend(arguments);
    machine::run("kubectl", &words)
}

fn command_line(name: &str) -> Result<Vec<String>> {
    let pki = format!("{BASE}/pki");
    let line = match name {
        // Nothing here has to survive a power failure.
        "etcd" => "etcd --data-dir=/var/lib/etcd --unsafe-no-fsync --log-level=warn".to_owned(),
        "kube-apiserver" => format!(
            "kube-apiserver --etcd-servers=http://127.0.0.1:2379 --bind-address=0.0.0.0 --secure-port={API_PORT} --advertise-address=10.0.0.10 \
             --service-cluster-ip-range=10.96.0.0/24 --allow-privileged --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \
             --client-ca-file={pki}/ca.crt --tls-cert-file={pki}/apiserver.crt --tls-private-key-file={pki}/apiserver.key \
             --kubelet-client-certificate={pki}/admin.crt --kubelet-client-key={pki}/admin.key --kubelet-preferred-address-types=InternalIP \
             --service-account-issuer=https://kubernetes.default.svc --service-account-key-file={pki}/accounts.pub \
             --service-account-signing-key-file={pki}/accounts.key --endpoint-reconciler-type=none --v=1"
        ),
        "kube-controller-manager" => format!(
            "kube-controller-manager --kubeconfig={pki}/controller-manager.kubeconfig --leader-elect=false --use-service-account-credentials=true \
             --service-account-private-key-file={pki}/accounts.key --root-ca-file={pki}/ca.crt --v=1"
        ),
        "kube-scheduler" => {
            format!("kube-scheduler --kubeconfig={pki}/scheduler.kubeconfig --leader-elect=false --v=1")
        }
        "kubelet" => format!(
            "kubelet --config={BASE}/kubelet.yaml --kubeconfig={pki}/kubelet.kubeconfig --hostname-override={NODE} --node-ip=10.0.0.10 \
             --image-credential-provider-config={BASE}/credential-provider.yaml --image-credential-provider-bin-dir=/opt/credential-provider --v=2"
        ),
        "containerd" => format!("containerd --config={BASE}/containerd.toml"),
        "registry" | "registry-with-password" => format!("registry serve {BASE}/{name}.yaml"),
        _ => return Err(format!("the node has no {name}").into()),
    };
    Ok(line.split_whitespace().map(str::to_owned).collect())
}

fn write_settings() -> Result<()> {
    let containerd = format!(
        r#"version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
[plugins."io.containerd.cri.v1.images"]
  # A stalled pull shall fail within a test; the default is five minutes.
  image_pull_progress_timeout = "30s"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "{PAUSE}"
  [plugins."io.containerd.cri.v1.images".registry]
    config_path = "/etc/containerd/certs.d"
[plugins."io.containerd.cri.v1.runtime"]
  # Without CAP_SYS_RESOURCE every sandbox would fail otherwise.
  restrict_oom_score_adj = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["/opt/cni/bin"]
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
      BinaryName = "{RUNC}"
[plugins."io.containerd.image-verifier.v1.bindir"]
  bin_dir = "/opt/containerd/image-verifier/bin"
"#
    );
    let cni = r#"{"cniVersion": "1.0.0", "name": "lab", "plugins": [{"type": "bridge", "bridge": "lab0", "isGateway": true,
 "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.244.0.0/20"}]], "dataDir": "/run/cni-ipam"}}]}"#;
    let kubelet = format!(
        "apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {{anonymous: {{enabled: false}}, webhook: {{enabled: true}}, x509: {{clientCAFile: {BASE}/pki/ca.crt}}}}
authorization: {{mode: Webhook}}
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
cgroupDriver: cgroupfs
cgroupRoot: /{CGROUP}
enforceNodeAllocatable: [none]
# Machines that are containers themselves: no systemd, cgroups of version 1, no disk of their own.
failCgroupV1: false
failSwapOn: false
localStorageCapacityIsolation: false
evictionHard: {{imagefs.available: 0%, imagefs.inodesFree: 0%, memory.available: 0%, nodefs.available: 0%, nodefs.inodesFree: 0%, pid.available: 0%}}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
# Many scenarios at a time.
serializeImagePulls: false
registryPullQPS: 100
registryBurst: 200
maxPods: 250
clusterDNS: [198.51.100.1]
volumePluginDir: /var/lib/kubelet/volumeplugins
"
    );
    let provider = "apiVersion: kubelet.config.k8s.io/v1
kind: CredentialProviderConfig
providers:
- {name: lab-provider, matchImages: ['private-cloud.lab.test'], defaultCacheDuration: 0s, apiVersion: credentialprovider.kubelet.k8s.io/v1}
";
    // The same storage behind both; user and password `lab`.
    let registry = |port: u16, auth: &str| {
        format!(
            "version: 0.1
log: {{level: warn}}
storage: {{filesystem: {{rootdirectory: /var/lib/registry}}}}
http: {{addr: '127.0.0.1:{port}', secret: lab}}
{auth}"
        )
    };
    let auth = format!("auth: {{htpasswd: {{realm: lab, path: {BASE}/htpasswd}}}}\n");
    for (path, text) in [
        (format!("{BASE}/containerd.toml"), containerd),
        ("/etc/cni/net.d/10-lab.conflist".to_owned(), cni.to_owned()),
        (format!("{BASE}/kubelet.yaml"), kubelet),
        (format!("{BASE}/credential-provider.yaml"), provider.to_owned()),
        (format!("{BASE}/registry.yaml"), registry(Upstream::OPEN, "")),
        (format!("{BASE}/registry-with-password.yaml"), registry(Upstream::WITH_PASSWORD, &auth)),
        // bcrypt of `lab`.
        (format!("{BASE}/htpasswd"), "lab:$2y$05$imagepulllabimagepull.Ep4mUGaeVNnuiHWJ3ymECN12suBV1SS\n".to_owned()),
    ] {
        fs::write(path, text)?;
    }
    Ok(())
}
