//! The foreign programs of the lab: which Go modules they come from, and the cache their builds are kept in.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Result, paths};

/// One Go module that programs of the lab are built from.
pub struct Program {
    /// Folder below `go/`, and key in `versions.yaml`.
    pub name: &'static str,
    /// Module path as `go get` wants it.
    pub module: &'static str,
    /// Commands to build, relative to the module ("" is the module itself).
    pub commands: &'static [&'static str],
    /// Linker settings; `{version}`, `{major}` and `{minor}` are filled in.
    link: &'static str,
    /// runc enters namespaces in C before Go starts, the others need no C.
    cgo: bool,
}

/// Everything that the node runs. Order is the order of building: the longest first.
pub const PROGRAMS: &[Program] = &[
    Program {
        name: "kubernetes",
        module: "k8s.io/kubernetes",
        commands: &[
            "cmd/kube-apiserver",
            "cmd/kube-controller-manager",
            "cmd/kube-scheduler",
            "cmd/kubelet",
            "cmd/kubectl",
        ],
        // Without these the kubelet reports v0.0.0-master and kubectl complains.
        link: "-X k8s.io/component-base/version.gitVersion={version} -X k8s.io/component-base/version.gitMajor={major} \
               -X k8s.io/component-base/version.gitMinor={minor} -X k8s.io/component-base/version.gitTreeState=clean",
        cgo: false,
    },
    Program {
        name: "containerd",
        module: "github.com/containerd/containerd/v2",
        commands: &["cmd/containerd", "cmd/containerd-shim-runc-v2", "cmd/ctr"],
        link: "-X github.com/containerd/containerd/v2/version.Version={version}",
        cgo: false,
    },
    Program {
        name: "distribution",
        module: "github.com/distribution/distribution/v3",
        commands: &["cmd/registry"],
        link: "",
        cgo: false,
    },
    Program { name: "etcd", module: "go.etcd.io/etcd/server/v3", commands: &[""], link: "", cgo: false },
    Program {
        name: "cni",
        module: "github.com/containernetworking/plugins",
        commands: &["plugins/main/bridge", "plugins/main/loopback", "plugins/ipam/host-local"],
        link: "",
        cgo: false,
    },
    Program { name: "runc", module: "github.com/opencontainers/runc", commands: &[""], link: "", cgo: true },
];

/// What installs plugins, and what checks the manifests that it installs them from. No part of the node.
const KREW: Program = Program {
    name: "krew",
    module: "sigs.k8s.io/krew",
    commands: &["cmd/krew", "cmd/validate-krew-manifest"],
    link: "-X sigs.k8s.io/krew/internal/version.gitTag={version}",
    cgo: false,
};

/// The version of a program as `versions.yaml` says it, such as `v1.36.3`.
pub fn version(name: &str) -> Result<String> {
    let path = paths::source().join("versions.yaml");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    text.lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(key, _)| *key == name)
        .map(|(_, version)| version.trim().to_owned())
        .ok_or_else(|| format!("versions.yaml names no version of {name}").into())
}

/// Builds what is not in the cache yet and returns one folder that holds (links to) every program.
///
/// # Errors
/// When Go is missing, a module cannot be had, or a build fails; the text says which.
pub fn build() -> Result<PathBuf> {
    let go = go_version()?;
    let mut folders = Vec::new();
    for program in PROGRAMS {
        folders.push(build_one(program, &go)?);
    }
    folders.push(build_hello(&go)?);

    let mut key = DefaultHasher::new();
    folders.hash(&mut key);
    let all = paths::cache().join("programs").join(format!("all-{:016x}", key.finish()));
    if !all.exists() {
        let fresh = all.with_extension(std::process::id().to_string());
        fs::create_dir_all(&fresh)?;
        for folder in &folders {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                fs::hard_link(entry.path(), fresh.join(entry.file_name()))?;
            }
        }
        finish(&fresh, &all)?;
    }
    Ok(all)
}

/// Builds krew and its validator where they are not in the cache yet, and returns their folder.
///
/// # Errors
/// As [`build`].
pub fn build_krew() -> Result<PathBuf> {
    build_one(&KREW, &go_version()?)
}

/// The folder of [`build`], when everything is in the cache already.
pub fn is_built() -> bool {
    go_version().is_ok_and(|go| {
        PROGRAMS
            .iter()
            .all(|program| key(program, &go).is_ok_and(|key| paths::cache().join("programs").join(key).exists()))
    })
}

fn build_one(program: &Program, go: &str) -> Result<PathBuf> {
    let folder = paths::cache().join("programs").join(key(program, go)?);
    if folder.exists() {
        return Ok(folder);
    }
    let fresh = folder.with_extension(std::process::id().to_string());
    fs::create_dir_all(&fresh)?;
    eprintln!("lab: building {} {} (once; kept in {})", program.name, version(program.name)?, folder.display());
    let packages = program.commands.iter().map(|command| package(program, command));
    let module = paths::source().join("go").join(program.name);
    // A module path that ends in a version ("server/v3") would name the program after the module, not after itself.
    let out = if program.commands == [""] { fresh.join(program.name) } else { fresh.join("") };
    let status = Command::new("nice")
        .args(["-n", "10", "go", "build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", &link(program)?])
        .arg("-o")
        .arg(out)
        .args(packages)
        .current_dir(module)
        .env("CGO_ENABLED", if program.cgo { "1" } else { "0" })
        .env_remove("GOFLAGS")
        .status()?;
    if !status.success() {
        return Err(format!("go build of {} failed", program.name).into());
    }
    finish(&fresh, &folder)?;
    Ok(folder)
}

/// Our own program, the content of every image.
fn build_hello(go: &str) -> Result<PathBuf> {
    let module = paths::source().join("go/hello");
    let mut key = DefaultHasher::new();
    (go, fs::read(module.join("main.go"))?).hash(&mut key);
    let folder = paths::cache().join("programs").join(format!("hello-{:016x}", key.finish()));
    if !folder.exists() {
        let fresh = folder.with_extension(std::process::id().to_string());
        fs::create_dir_all(&fresh)?;
        let status = Command::new("go")
            .args(["build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o"])
            .arg(fresh.join("hello"))
            .arg(".")
            .current_dir(module)
            .env("CGO_ENABLED", "0")
            .env_remove("GOFLAGS")
            .status()?;
        if !status.success() {
            return Err("go build of hello failed".into());
        }
        finish(&fresh, &folder)?;
    }
    Ok(folder)
}

/// A build that was cut off must not look like a finished one, so it gets its name last.
fn finish(fresh: &Path, folder: &Path) -> Result<()> {
    if let Err(error) = fs::rename(fresh, folder) {
        fs::remove_dir_all(fresh)?;
        if !folder.exists() {
            return Err(error.into());
        }
    }
    Ok(())
}

fn key(program: &Program, go: &str) -> Result<String> {
    let module = paths::source().join("go").join(program.name);
    let mut key = DefaultHasher::new();
    (go, link(program)?, fs::read(module.join("go.mod"))?, fs::read(module.join("go.sum"))?).hash(&mut key);
    Ok(format!("{}-{}-{:016x}", program.name, version(program.name)?, key.finish()))
}

fn link(program: &Program) -> Result<String> {
    let version = version(program.name)?;
    let mut parts = version.trim_start_matches('v').split('.');
    let (major, minor) = (parts.next().unwrap_or_default().to_owned(), parts.next().unwrap_or_default().to_owned());
    let more = program.link.replace("{version}", &version).replace("{major}", &major).replace("{minor}", &minor);
    Ok(format!("-s -w {more}").trim_end().to_owned())
}

fn package(program: &Program, command: &str) -> String {
    if command.is_empty() { program.module.to_owned() } else { format!("{}/{command}", program.module) }
}

fn go_version() -> Result<String> {
    let output =
        Command::new("go").args(["env", "GOVERSION", "GOOS", "GOARCH"]).output().map_err(|_| "Go is not installed")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().replace('\n', " "))
}

/// Rewrites `go.mod` and `go.sum` of every program whose version in `versions.yaml` is another one.
pub fn lock() -> Result<()> {
    for program in PROGRAMS.iter().chain([&KREW]) {
        let version = version(program.name)?;
        let folder = paths::source().join("go").join(program.name);
        let wanted = format!("{} {version}", program.module);
        if fs::read_to_string(folder.join("go.mod")).is_ok_and(|text| text.contains(&wanted)) {
            println!("{} {version}: locked", program.name);
            continue;
        }
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("go.mod"), go_mod(program, &version)?)?;
        let _ = fs::remove_file(folder.join("go.sum"));
        // `go list -deps` asks for exactly what a build needs; `go mod tidy` would also fetch the tests of every dependency.
        let status = Command::new("go")
            .args(["list", "-mod=mod", "-deps"])
            .args(program.commands.iter().map(|command| package(program, command)))
            .current_dir(&folder)
            .env("CGO_ENABLED", if program.cgo { "1" } else { "0" })
            .stdout(std::process::Stdio::null())
            .status()?;
        if !status.success() {
            return Err(format!("go list of {} {version} failed", program.name).into());
        }
        println!("{} {version}: written", program.name);
    }
    Ok(())
}

fn go_mod(program: &Program, version: &str) -> Result<String> {
    let download = Command::new("go")
        .args(["mod", "download", "-json", &format!("{}@{version}", program.module)])
        .current_dir(std::env::temp_dir())
        .output()?;
    let download: serde_json::Value = serde_json::from_slice(&download.stdout)?;
    let path = download["GoMod"].as_str().ok_or_else(|| format!("no such version: {} {version}", program.module))?;
    let theirs = fs::read_to_string(path)?;

    let mut text = format!("module imagepull.test/lab/{}\n\n", program.name);
    for line in theirs.lines().filter(|line| line.starts_with("go ") || line.starts_with("godebug ")) {
        text += &format!("{line}\n\n");
    }
    for command in program.commands {
        text += &format!("tool {}\n", package(program, command));
    }
    text += &format!("\nrequire {} {version}\n", program.module);
    // Kubernetes requires its staging modules as v0.0.0 and replaces them by folders; outside of its tree they are v0.<minor>.<patch>.
    for line in theirs.lines().filter(|line| line.contains("=> ./staging/")) {
        let name = line.split_whitespace().find(|word| word.starts_with("k8s.io/")).ok_or("odd staging line")?;
        text += &format!("\nreplace {name} => {name} {}\n", version.replacen("v1.", "v0.", 1));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_go_module_is_locked_to_the_version_of_the_list() {
        for program in PROGRAMS.iter().chain([&KREW]) {
            let text =
                fs::read_to_string(paths::source().join("go").join(program.name).join("go.mod")).expect("a go.mod");
            let wanted = format!("{} {}", program.module, version(program.name).expect("a version"));
            assert!(text.contains(&wanted), "{}: run `cargo xtask lab lock`", program.name);
        }
    }
}
