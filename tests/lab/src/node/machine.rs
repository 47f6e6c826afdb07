//! Mounts, cgroups and disk of the lab's machine. Whatever is written lands on memory that goes away with the namespaces.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{BASE, NODE};
use crate::Result;
use crate::faults::NAME_SERVER;

/// Name of the lab's cgroup in each hierarchy.
pub const CGROUP: &str = "imagepull-lab";
/// Room for images.
const DISK_MIB: u64 = 768;
/// What containerd takes for runc, see [`super::runc`].
pub const RUNC: &str = "/opt/runc-without-seccomp";
const FILLER: &str = "/var/lib/containerd/filler";

/// Makes a machine with paths as a node has them, without touching a file of the real one.
pub fn set_up(programs: &Path, run_folder: &Path, logs: &Path) -> Result<()> {
    run("mount", &["--make-rprivate", "/"])?;
    // What is needed from below the folders that get covered is brought to safety first.
    run("mount", &["-t", "tmpfs", "-o", "mode=0755", "lab", "/mnt"])?;
    for folder in ["bin", "run", "logs", "etc", "etc-work", "pki"] {
        fs::create_dir_all(format!("{BASE}/{folder}"))?;
    }
    bind(run_folder, "run")?;
    bind(logs, "logs")?;
    bind(programs, "bin")?;
    // Changes of /etc land in memory.
    let layers = format!("lowerdir=/etc,upperdir={BASE}/etc,workdir={BASE}/etc-work");
    run("mount", &["-t", "overlay", "-o", &layers, "lab", "/etc"])?;
    for folder in ["/var/lib", "/var/log", "/opt", "/run"] {
        run("mount", &["-t", "tmpfs", "-o", "mode=0755", "lab", folder])?;
    }
    for folder in [
        "/var/lib/containerd",
        "/var/lib/kubelet",
        "/var/lib/etcd",
        "/var/lib/registry",
        "/run/containerd",
        "/opt/cni",
        "/opt/containerd/image-verifier/bin",
        "/opt/credential-provider",
        "/etc/containerd/certs.d",
        "/etc/cni/net.d",
    ] {
        fs::create_dir_all(folder)?;
    }
    run("mount", &["-t", "tmpfs", "-o", &format!("size={DISK_MIB}m"), "disk", "/var/lib/containerd"])?;
    run("mount", &["--make-rshared", "/"])?;

    run("hostname", &[NODE])?;
    replace("/etc/resolv.conf", &format!("nameserver {NAME_SERVER}\noptions timeout:2 attempts:1\n"))?;
    replace("/etc/hosts", &format!("127.0.0.1 localhost\n10.0.0.10 {NODE}\n"))?;
    std::os::unix::fs::symlink(format!("{BASE}/bin"), "/opt/cni/bin")?;
    script(RUNC, &format!("#!/bin/sh\nexec {BASE}/run/bin/imagepull-lab runc \"$@\"\n"))?;
    script("/opt/containerd/image-verifier/bin/policy", VERIFIER)?;
    script("/opt/credential-provider/lab-provider", CREDENTIAL_PROVIDER)?;
    mirrors()?;
    make_cgroups()
}

/// Refuses images whose name says that they are not signed (containerd, docs/image-verification.md).
const VERIFIER: &str = r#"#!/bin/sh
case "$*" in *unsigned*) echo "no signature of the release team was found"; exit 1 ;; esac
"#;

/// A kubelet credential provider whose cloud does not answer.
const CREDENTIAL_PROVIDER: &str = r#"#!/bin/sh
echo "failed to get credentials: metadata service http://169.254.169.254 did not answer" >&2
exit 1
"#;

/// Registries with a mirror in front, as containerd's certs.d says it.
fn mirrors() -> Result<()> {
    for (registry, mirror) in [
        ("mirrored-refused.lab.test", "refused-mirror.lab.test"),
        ("mirrored-denied.lab.test", "denied-mirror.lab.test"),
    ] {
        let text = format!(
            "server = \"https://{registry}\"\n[host.\"https://{mirror}\"]\n  capabilities = [\"pull\", \"resolve\"]\n"
        );
        certs_d(registry, &text)?;
    }
    Ok(())
}

/// Writes containerd's settings for one registry; it reads them at each pull.
pub fn certs_d(host: &str, text: &str) -> Result<String> {
    let folder = PathBuf::from("/etc/containerd/certs.d").join(host);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("hosts.toml"), text)?;
    Ok(String::new())
}

/// Leaves only so much room on containerd's disk.
pub fn fill(leave_mib: u64) -> Result<String> {
    free()?;
    let used: u64 = run("df", &["--output=used", "--block-size=1M", "/var/lib/containerd"])?
        .lines()
        .nth(1)
        .and_then(|used| used.trim().parse().ok())
        .ok_or("df said nothing")?;
    let size = DISK_MIB.saturating_sub(used).saturating_sub(leave_mib);
    run("fallocate", &["-l", &format!("{size}MiB"), FILLER])
}

/// Gives the room back.
pub fn free() -> Result<String> {
    run("rm", &["-f", FILLER])
}

/// containerd's own client, in the namespace that Kubernetes uses.
pub fn ctr(arguments: &[&str]) -> Result<String> {
    let mut words = vec!["-n", "k8s.io"];
    words.extend(arguments);
    run("ctr", &words)
}

/// Removes an image from the node under all of its names: containerd's CRI gives each pulled image two more (by digest, and by
/// the digest of its configuration), and any of them keeps the layers, so that the next pull would fetch nothing.
pub fn forget(image: &str) -> Result<()> {
    let list = ctr(&["images", "ls"])?;
    let names: Vec<(&str, &str)> = list
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut columns = line.split_whitespace();
            Some((columns.next()?, columns.nth(1)?))
        })
        .collect();
    let repository = image.split('@').next().unwrap_or(image);
    let repository = match repository.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => repository,
    };
    let is_it =
        |name: &str| name == image || name.strip_prefix(repository).is_some_and(|rest| rest.starts_with("@sha256:"));
    let digests: Vec<&str> = names.iter().filter(|(name, _)| is_it(name)).map(|(_, digest)| *digest).collect();
    let all = names.iter().filter(|(_, digest)| digests.contains(digest)).map(|(name, _)| *name);
    let mut words = vec!["images", "rm", "--sync"];
    words.extend(all);
    if words.len() > 3 {
        ctr(&words)?;
    }
    Ok(())
}

/// Runs a program of the node; its output, or what it said when it failed.
pub fn run(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .env("PATH", path())
        .env("SSL_CERT_FILE", format!("{BASE}/trusted-ca.pem"))
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        return Err(
            format!("{program} {}: {}{text}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)).into()
        );
    }
    Ok(text)
}

/// The node's programs, then the machine's.
pub fn path() -> String {
    format!("{BASE}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
}

fn bind(from: &Path, to: &str) -> Result<()> {
    run("mount", &["--bind", &from.to_string_lossy(), &format!("{BASE}/{to}")]).map(|_| ())
}

/// A link such as /etc/resolv.conf is replaced, not followed.
fn replace(path: &str, text: &str) -> Result<()> {
    let _ = fs::remove_file(path);
    // A container runtime mounts some of these files; then they can be written, not removed.
    fs::write(path, text)?;
    Ok(())
}

fn script(path: &str, text: &str) -> Result<()> {
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// The roots of the cgroup hierarchies: one each for version 1, a single one for version 2.
fn hierarchies() -> Vec<PathBuf> {
    let root = Path::new("/sys/fs/cgroup");
    if root.join("cgroup.controllers").exists() {
        return vec![root.to_owned()];
    }
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    // A link such as cpu -> cpu,cpuacct is the same hierarchy again.
    entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()).collect()
}

fn make_cgroups() -> Result<()> {
    for root in hierarchies() {
        let controllers = fs::read_to_string(root.join("cgroup.controllers")).unwrap_or_default();
        for controller in controllers.split_whitespace() {
            // A controller that is not to be had is the kubelet's to complain about.
            let _ = fs::write(root.join("cgroup.subtree_control"), format!("+{controller}"));
        }
        let group = root.join(CGROUP);
        fs::create_dir_all(&group)?;
        for controller in controllers.split_whitespace() {
            let _ = fs::write(group.join("cgroup.subtree_control"), format!("+{controller}"));
        }
        // Version 1 gives a new cpuset nothing.
        for file in ["cpuset.cpus", "cpuset.mems"] {
            if root.ends_with("cpuset") {
                fs::write(group.join(file), fs::read(root.join(file))?)?;
            }
        }
    }
    Ok(())
}

/// Removes the lab's cgroups; nothing of it may run any more. Called from outside.
pub fn remove_cgroups() -> Vec<PathBuf> {
    let mut left = Vec::new();
    for root in hierarchies() {
        remove_cgroup(&root.join(CGROUP));
        left.extend(Some(root.join(CGROUP)).filter(|group| group.exists()));
    }
    left
}

fn remove_cgroup(group: &Path) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_cgroup(&entry.path());
        }
    }
    let _ = fs::remove_dir(group);
}
