//! krew's manifest, held strictly to what krew reads; then krew itself, built from its Go module: its validator, and install, run,
//! upgrade and uninstall through the real kubectl. Without `IMAGEPULL_TEST_DIST` (a folder of `cargo xtask dist`; `cargo xtask test
//! --only dist` sets it) the archives hold a stand-in that calls the program of the tests.

use imagepull_tests::api_server;
use imagepull_tests::folder::Folder;
use imagepull_tests::program;
use imagepull_tests::repository::root;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// A folder as `cargo xtask dist` makes it.
fn dist() -> &'static Path {
    static DIST: OnceLock<(PathBuf, Option<Folder>)> = OnceLock::new();
    let (path, _) = DIST.get_or_init(|| {
        if let Some(folder) = std::env::var_os("IMAGEPULL_TEST_DIST") {
            return (folder.into(), None);
        }
        let folder = Folder::new();
        let program = folder.write("stand-in", format!("#!/bin/sh\nexec '{}' \"$@\"\n", program::path().display()));
        let made = Command::new(env!("CARGO"))
            .args(["run", "--quiet", "--package", "xtask", "--", "dist", "--program"])
            .arg(program)
            .arg("--to")
            .arg(folder.path().join("dist"))
            .current_dir(root())
            .output()
            .expect("cargo runs");
        assert!(made.status.success(), "{}", program::words(&made));
        (folder.path().join("dist"), Some(folder))
    });
    path
}

fn manifest() -> (String, Value) {
    let text = std::fs::read_to_string(dist().join("imagepull.yaml")).expect("a manifest");
    let value = serde_saphyr::from_str(&text).expect("YAML");
    (text, value)
}

/// A row of the manifest.
struct Row {
    os: String,
    arch: String,
    archive: PathBuf,
    bin: String,
}

fn rows() -> Vec<Row> {
    let word = |value: &Value| value.as_str().expect("a word").to_owned();
    let rows = manifest().1["spec"]["platforms"].as_array().expect("platforms").clone();
    rows.iter()
        .map(|row| Row {
            os: word(&row["selector"]["matchLabels"]["os"]),
            arch: word(&row["selector"]["matchLabels"]["arch"]),
            archive: dist().join(word(&row["uri"]).rsplit('/').next().expect("a name")),
            bin: word(&row["bin"]),
        })
        .collect()
}

/// An object has these keys, and no others: krew reads past unknown ones, and so would not see a misspelt one.
fn has_keys(value: &Value, keys: &[&str]) {
    let found: BTreeSet<&str> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(found, keys.iter().copied().collect::<BTreeSet<&str>>());
}

#[test]
fn the_manifest_is_what_krew_reads_and_nothing_else() {
    let (text, manifest) = manifest();
    has_keys(&manifest, &["apiVersion", "kind", "metadata", "spec"]);
    assert_eq!(manifest["apiVersion"], "krew.googlecontainertools.github.com/v1alpha2");
    assert_eq!(
        (&manifest["kind"], &manifest["metadata"]),
        (&"Plugin".into(), &serde_json::json!({"name": "imagepull"}))
    );
    let spec = &manifest["spec"];
    has_keys(spec, &["version", "homepage", "shortDescription", "description", "caveats", "platforms"]);
    assert_eq!(spec["version"], format!("v{}", env!("CARGO_PKG_VERSION")));
    let short = spec["shortDescription"].as_str().expect("a line");
    assert!(short.len() <= 50 && !short.contains('\n') && !short.to_lowercase().contains("kube"), "{short}");
    let description = spec["description"].as_str().expect("text");
    assert!(!description.contains("kubectl imagepull"), "reviewers want no usage here");
    assert!(description.lines().all(|line| line.len() <= 80), "{description}");
    let mut seen = BTreeSet::new();
    for row in spec["platforms"].as_array().expect("platforms") {
        has_keys(row, &["selector", "uri", "sha256", "bin"]);
        has_keys(&row["selector"], &["matchLabels"]);
        has_keys(&row["selector"]["matchLabels"], &["os", "arch"]);
        assert!(seen.insert(row["selector"].to_string()), "two rows for {}", row["selector"]);
        let windows = row["selector"]["matchLabels"]["os"] == "windows";
        let uri = row["uri"].as_str().expect("a link");
        assert!(uri.starts_with("https://github.com/imagepull/kubectl-imagepull/releases/download/v"), "{uri}");
        assert!(uri.ends_with(if windows { ".zip" } else { ".tar.gz" }), "{uri}");
        assert_eq!(row["bin"], if windows { "kubectl-imagepull.exe" } else { "kubectl-imagepull" });
        let sum = row["sha256"].as_str().expect("a sum");
        assert!(sum.len() == 64 && sum.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{sum}");
        let sums = std::fs::read_to_string(dist().join("SHA256SUMS")).expect("sums");
        assert!(sums.contains(&format!("{sum}  {}\n", uri.rsplit('/').next().expect("a name"))), "{sums}");
    }
    assert!(!seen.is_empty());
    if std::env::var_os("IMAGEPULL_TEST_DIST").is_none() {
        assert_eq!(seen.len(), 6, "{text}");
    }
}

#[test]
fn the_release_bots_template_is_the_manifest_with_blanks() {
    let template = std::fs::read_to_string(root().join("krew/template.yaml")).expect("a template");
    let shape = |text: &str| -> Vec<String> {
        let lines = text.lines().map(str::trim_end).filter(|line| !line.starts_with('#'));
        let words = lines.filter(|line| {
            !["uri:", "sha256:", "{{addURI", "version:"].iter().any(|word| line.trim_start().starts_with(word))
        });
        words.map(str::to_owned).collect()
    };
    let (made, _) = manifest();
    if std::env::var_os("IMAGEPULL_TEST_DIST").is_none() {
        assert_eq!(shape(&template), shape(&made), "run `cargo xtask docs`");
    }
    let links: Vec<&str> = template.lines().filter(|line| line.contains("addURIAndSha")).collect();
    assert_eq!(links.len(), 6);
    for link in links {
        assert!(link.starts_with("    {{addURIAndSha \"https://") && link.ends_with(" .TagName }}"), "{link}");
        assert_eq!(link.matches("{{ .TagName }}").count(), 1, "{link}");
    }
}

/// krew, its validator and kubectl; `None`, with a loud word, where there is no Go to build them.
fn programs() -> Option<(PathBuf, PathBuf)> {
    if Command::new("go").arg("version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "CI must test with the real krew: there is no Go");
        eprintln!("SKIPPED: krew was NOT tested: no Go to build it. To enable: https://go.dev/dl");
        return None;
    }
    let built = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--package", "imagepull-lab", "--", "build", "krew"])
        .current_dir(root())
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo runs");
    assert!(built.status.success(), "the lab does not build krew");
    let krew = String::from_utf8_lossy(&built.stdout).lines().last().map(PathBuf::from).expect("a folder");
    Some((krew, api_server::programs()?.join("kubectl")))
}

/// A user's machine: an empty home, an empty krew, kubectl and krew on the PATH.
struct Machine {
    folder: Folder,
    krew: PathBuf,
}

impl Machine {
    fn new() -> Option<Machine> {
        let (krew, kubectl) = programs()?;
        let folder = Folder::new();
        let bin = folder.path().join("bin");
        std::fs::create_dir_all(&bin).expect("a folder");
        #[cfg(unix)]
        for (program, name) in [(krew.join("krew"), "kubectl-krew"), (kubectl, "kubectl")] {
            folder.link(&format!("bin/{name}"), program);
        }
        Some(Machine { folder, krew })
    }

    fn krew_root(&self) -> PathBuf {
        self.folder.path().join("krew")
    }

    fn command(&self, program: impl AsRef<Path>, arguments: &[&str]) -> Command {
        let mut path = vec![self.folder.path().join("bin"), self.krew_root().join("bin")];
        path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let path = std::env::join_paths(path).expect("a PATH");
        // `Command` looks a program up in our PATH, not in the one it is given.
        let program = match program.as_ref() {
            name if name == Path::new("kubectl") => self.folder.path().join("bin/kubectl"),
            other => other.to_owned(),
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.folder.path())
            .env("KREW_ROOT", self.krew_root())
            .env("KREW_NO_UPGRADE_CHECK", "1")
            .env("KREW_DEFAULT_INDEX_URI", self.index_uri())
            .stdin(Stdio::null());
        command
    }

    fn kubectl(&self, arguments: &[&str]) -> String {
        let output = self.command("kubectl", arguments).output().expect("kubectl runs");
        assert!(output.status.success(), "kubectl {arguments:?}: {}", program::words(&output));
        program::words(&output)
    }

    fn index(&self) -> PathBuf {
        self.folder.path().join("index")
    }

    fn index_uri(&self) -> String {
        format!("file://{}", self.index().display())
    }

    /// Commits a manifest to the index, as a release does.
    fn release(&self, manifest: &str) {
        let plugins = self.index().join("plugins");
        std::fs::create_dir_all(&plugins).expect("a folder");
        std::fs::write(plugins.join("imagepull.yaml"), manifest).expect("a manifest");
        for arguments in [&["init", "--quiet", "."][..], &["add", "."], &["commit", "--quiet", "-m", "release"]] {
            let who = ["-c", "user.name=release", "-c", "user.email=release@example.test"];
            let done = self.command("git", &[&who, arguments].concat()).current_dir(self.index()).output();
            let done = done.expect("git runs");
            assert!(done.status.success(), "git {arguments:?}: {}", program::words(&done));
        }
    }

    /// The installed plugin answers through kubectl; its exit code comes through.
    fn answers(&self) {
        let example = root().join("examples/private-registry.txt");
        let ended = self
            .command("kubectl", &["imagepull", "why", "--exit-code", "-f"])
            .arg(example)
            .output()
            .expect("kubectl runs");
        assert_eq!(ended.status.code(), Some(10), "{}", program::words(&ended));
        assert!(program::words(&ended).contains("credentials-missing"), "{}", program::words(&ended));
        assert!(self.kubectl(&["imagepull", "--help"]).contains("Usage: kubectl imagepull"));
    }
}

/// Serves the archives on loopback, as a release page does; the address.
fn served() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(&stream);
            let mut line = String::new();
            let _ = reader.read_line(&mut line);
            let mut header = String::new();
            while reader.read_line(&mut header).is_ok_and(|length| length > 2) {
                header.clear();
            }
            let name = line.split(' ').nth(1).and_then(|path| path.rsplit('/').next()).unwrap_or_default();
            let body = std::fs::read(dist().join(name)).unwrap_or_default();
            let status = if body.is_empty() { "404 Not Found" } else { "200 OK" };
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = (&stream).write_all(head.as_bytes()).and_then(|()| (&stream).write_all(&body));
        }
    });
    address
}

#[test]
fn krews_validator_takes_the_manifest_and_every_archive() {
    let Some(machine) = Machine::new() else { return };
    // The validator installs every row from its link. Nothing is released yet: the archive is handed to it instead, and its sum is
    // still checked.
    let shim = machine.folder.write(
        "shim/kubectl",
        format!("#!/bin/sh\nshift\nexec kubectl-krew \"$@\" --archive=\"$(echo {}/kubectl-imagepull-$KREW_OS-$KREW_ARCH.*)\"\n", dist().display()),
    );
    #[cfg(unix)]
    std::fs::set_permissions(&shim, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a mode");
    let mut validator = machine.command(machine.krew.join("validate-krew-manifest"), &["-manifest"]);
    let path = format!(
        "{}:{}:/usr/bin:/bin",
        shim.parent().expect("a folder").display(),
        machine.folder.path().join("bin").display()
    );
    let output = validator.arg(dist().join("imagepull.yaml")).env("PATH", path).output().expect("the validator runs");
    assert!(output.status.success(), "{}", program::words(&output));
}

#[test]
fn krew_installs_every_platforms_archive_as_that_platform_wants_it() {
    let Some(machine) = Machine::new() else { return };
    for row in rows() {
        let own = machine.folder.path().join(format!("{}-{}", row.os, row.arch));
        let installed = machine
            .command("kubectl", &["krew", "install", "--manifest"])
            .arg(dist().join("imagepull.yaml"))
            .arg(format!("--archive={}", row.archive.display()))
            .env("KREW_ROOT", &own)
            .env("KREW_OS", &row.os)
            .env("KREW_ARCH", &row.arch)
            .output()
            .expect("krew runs");
        assert!(installed.status.success(), "{} {}: {}", row.os, row.arch, program::words(&installed));
        assert!(program::words(&installed).contains("completion install"), "the caveats are shown");
        let link = own.join("bin").join(&row.bin);
        let program = std::fs::canonicalize(&link).expect("a link to the program");
        let store = program.parent().expect("a folder");
        assert!(store.starts_with(std::fs::canonicalize(own.join("store/imagepull")).expect("a store")));
        assert!(store.join("LICENSE").is_file() && store.join("man/kubectl-imagepull.1").is_file());
        #[cfg(unix)]
        {
            let mode =
                std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&program).expect("a file").permissions());
            assert_eq!(mode & 0o777, 0o755);
        }
    }
}

#[test]
fn a_user_installs_asks_upgrades_and_uninstalls() {
    let Some(machine) = Machine::new() else { return };
    let here = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
    if !rows().iter().any(|row| row.os == here) {
        return;
    }
    let (text, _) = manifest();
    let version = format!("v{}", env!("CARGO_PKG_VERSION"));
    let (prefix, _) = text
        .split_once("/kubectl-imagepull-linux-amd64")
        .or(text.split_once("/kubectl-imagepull-linux-arm64"))
        .expect("a link");
    let prefix = prefix.rsplit(' ').next().expect("a link").to_owned();
    // The same manifest, with links that lead to this machine.
    let local = text.replace(&prefix, &served());
    let of =
        |version_wanted: &str| local.replace(&format!("version: {version}"), &format!("version: {version_wanted}"));
    machine.release(&of("v0.0.1"));
    machine.kubectl(&["krew", "update"]);
    machine.kubectl(&["krew", "index", "add", "own", &machine.index_uri()]);

    // By name from the central index, and from an index of one's own: the way until the central one has it.
    for (name, old, new) in [("imagepull", "v0.0.1", "v0.0.2"), ("own/imagepull", "v0.0.2", "v0.0.3")] {
        assert!(machine.kubectl(&["krew", "search", "imagepull"]).contains("Explain why an image pull fails"));
        assert!(machine.kubectl(&["krew", "info", name]).contains(&format!("VERSION: {old}")));
        machine.kubectl(&["krew", "install", name]);
        machine.answers();
        machine.release(&of(new));
        machine.kubectl(&["krew", "update"]);
        machine.kubectl(&["krew", "upgrade", "imagepull"]);
        let listed = machine.kubectl(&["krew", "list"]);
        assert!(listed.contains(name), "{listed}");
        let receipt = std::fs::read_to_string(machine.krew_root().join("receipts/imagepull.yaml")).expect("a receipt");
        assert!(receipt.contains(&format!("version: {new}")), "{receipt}");
        machine.answers();
        machine.kubectl(&["krew", "uninstall", "imagepull"]);
        assert!(!machine.krew_root().join("bin/kubectl-imagepull").exists());
        assert!(!machine.krew_root().join("store/imagepull").exists());
        let gone = machine.command("kubectl", &["imagepull", "causes"]).output().expect("kubectl runs");
        assert!(!gone.status.success());
    }
}
