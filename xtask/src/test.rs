//! `cargo xtask test`: everything that must hold, in one command. It installs what it can; what it cannot run it skips loudly, with
//! the line that would enable it. With `CI=true` nothing may be skipped.

use crate::dist::build::obstacle;
use crate::dist::platform::Platform;
use crate::programs::{self, cargo, command, has};
use crate::root;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const WASM_TARGET: &str = "wasm32-unknown-unknown";
/// Checks licences, sources and banned crates of Cargo.lock. Advisories need a database that is fetched from elsewhere and changes
/// without us: `cargo deny check advisories` is a release step and no test.
const CARGO_DENY: &str = "cargo-deny@0.20.2";

/// A part of the tests.
struct Step {
    name: &'static str,
    what: &'static str,
    run: fn() -> Outcome,
}

enum Outcome {
    Passed,
    Failed(String),
    /// What is missing, and the line that enables it.
    Skipped(String, String),
}

const STEPS: &[Step] = &[
    Step { name: "fmt", what: "format of the sources", run: format },
    Step { name: "clippy", what: "lints, none allowed to warn", run: clippy },
    // Before `rust`, which holds the page's tests (tests/tests/web.rs) and leaves out what is not there.
    Step { name: "tools", what: "what the tests of the web page need", run: tools },
    Step { name: "rust", what: "every Rust test of the workspace", run: rust },
    Step { name: "doc", what: "documentation of the crate", run: doc },
    Step { name: "api", what: "what the crate offers to others", run: api },
    Step { name: "msrv", what: "the oldest Rust that is promised", run: msrv },
    Step { name: "wasm", what: "the classifier for WASM", run: wasm },
    Step { name: "deny", what: "licences and sources of what we depend on", run: deny },
    Step { name: "dist", what: "archives, twice the same, installed by the real krew", run: dist },
    Step { name: "lab", what: "broken pulls on a real node, healed as printed", run: lab },
];

/// Runs the steps, or those that `--only` names; goes on after a failure, so that one run tells all.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let steps = chosen(arguments)?;
    let strict = std::env::var("CI").is_ok_and(|value| value == "true");
    let mut lines = Vec::new();
    let (mut failed, mut skipped) = (0, 0);
    for step in &steps {
        println!("\n== {}: {}", step.name, step.what);
        let started = Instant::now();
        let outcome = (step.run)();
        let time = words(started.elapsed());
        match outcome {
            Outcome::Passed => lines.push(format!("{:8} passed   {time}", step.name)),
            Outcome::Failed(why) => {
                failed += 1;
                lines.push(format!("{:8} FAILED   {time}  {why}", step.name));
            }
            Outcome::Skipped(why, enable) => {
                skipped += 1;
                println!("SKIPPED: {why}. To run it: {enable}");
                lines.push(format!("{:8} SKIPPED  {why}. To run it: {enable}", step.name));
            }
        }
    }
    println!("\n{}", lines.join("\n"));
    if failed > 0 {
        return Err(format!("{failed} of {} parts failed", steps.len()));
    }
    if strict && skipped > 0 {
        return Err(format!("{skipped} parts were skipped, and CI=true allows none"));
    }
    println!(
        "all {} parts passed{}",
        steps.len() - skipped,
        if skipped > 0 { format!(", {skipped} SKIPPED") } else { String::new() }
    );
    Ok(())
}

fn chosen(arguments: &[String]) -> Result<Vec<&'static Step>, String> {
    let names = || STEPS.iter().map(|step| step.name).collect::<Vec<_>>().join(", ");
    if arguments.is_empty() {
        return Ok(STEPS.iter().collect());
    }
    let mut wanted = Vec::new();
    for pair in arguments.chunks(2) {
        let [flag, name] = pair else {
            return Err(format!("cargo xtask test [--only NAME]…, NAME one of {}", names()));
        };
        let step = STEPS.iter().find(|step| flag == "--only" && step.name == name);
        wanted.push(step.ok_or_else(|| format!("cargo xtask test [--only NAME]…, NAME one of {}", names()))?);
    }
    Ok(wanted)
}

fn format() -> Outcome {
    of(cargo(&["fmt", "--all", "--check"]), "run `cargo fmt --all`")
}

fn clippy() -> Outcome {
    of(cargo(&["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]), "see above")
}

fn rust() -> Outcome {
    of(cargo(&["test", "--locked", "--workspace"]), "see above")
}

fn doc() -> Outcome {
    let mut command = cargo(&["doc", "--locked", "--no-deps", "--package", "imagepull-classifier"]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    of(command, "see above")
}

fn api() -> Outcome {
    of(xtask(&["api", "--check"]), "the list is not fresh")
}

/// The crate with the Rust that its manifest promises. The plugin's promise is kube's, and is checked by cargo when it resolves.
fn msrv() -> Outcome {
    let manifest = root::read("classifier/Cargo.toml").unwrap_or_default();
    let promised = manifest.lines().find_map(|line| line.strip_prefix("rust-version = \"")?.strip_suffix('"'));
    let Some(version) = promised else {
        return Outcome::Failed("classifier/Cargo.toml promises no version".to_owned());
    };
    let installed = programs::run(&mut command(
        "rustup",
        &["toolchain", "install", version, "--profile", "minimal", "--no-self-update"],
    ))
    .is_ok();
    if !installed {
        // Toolchains come from rustup's own server, which not every place reaches. The lint of clippy has looked at the library
        // calls by then; what is left unseen is the language itself.
        println!(
            "NOT RUN: Rust {version} cannot be installed here; clippy::incompatible_msrv alone has checked the promise. \
             To run it: rustup toolchain install {version}"
        );
        return Outcome::Passed;
    }
    let mut check = command(
        "rustup",
        &["run", version, "cargo", "check", "--locked", "--package", "imagepull-classifier", "--target-dir"],
    );
    // Cargo hands its own toolchain down to what it starts.
    check.arg(root::target().join("msrv")).env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO").env_remove("RUSTC");
    of(check, "it does not build with the Rust that it promises")
}

fn wasm() -> Outcome {
    if let Some(skipped) = wasm_target() {
        return skipped;
    }
    of(cargo(&["build", "--locked", "--package", "imagepull-classifier", "--target", WASM_TARGET]), "see above")
}

/// Installs the target where it is missing; what to say if that is not possible.
fn wasm_target() -> Option<Outcome> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let asked = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", WASM_TARGET])
        .current_dir(root::path())
        .output();
    let folder = asked.ok().map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    if folder.is_some_and(|folder| folder.exists()) {
        return None;
    }
    let installed = programs::run(&mut command("rustup", &["target", "add", WASM_TARGET])).is_ok();
    (!installed)
        .then(|| Outcome::Skipped(format!("no target {WASM_TARGET}"), format!("rustup target add {WASM_TARGET}")))
}

fn deny() -> Outcome {
    const CHECK: &[&str] = &["check", "--hide-inclusion-graph", "bans", "licenses", "sources"];
    let tools = root::target().join("tools");
    let own = tools.join("bin").join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX));
    let program = [PathBuf::from("cargo-deny"), own.clone()].into_iter().find(|program| has(program, &["--version"]));
    let program = program.or_else(|| {
        println!("installing {CARGO_DENY} into {} (some minutes, once)", tools.display());
        let mut install = cargo(&["install", "--quiet", "--locked", CARGO_DENY, "--root"]);
        programs::run(install.arg(&tools)).is_ok().then_some(own)
    });
    match program {
        Some(program) => of(command(program, CHECK), "see above"),
        None => Outcome::Skipped(
            format!("{CARGO_DENY} cannot be installed"),
            format!("cargo install --locked {CARGO_DENY}"),
        ),
    }
}

/// One platform stands for all: it is linked by the same linker, packed by the same code, and is the one that runs here.
/// `cargo xtask dist` makes the others, too: some minutes each.
fn dist() -> Outcome {
    let Some(here) = Platform::here() else {
        return Outcome::Skipped("no release for this machine".to_owned(), "use x86-64 or ARM64".to_owned());
    };
    if let Some(why) = obstacle(here).filter(|_| !install(&["python3-pip"])) {
        return Outcome::Skipped(why, "apt-get install python3-pip".to_owned());
    }
    let folder = root::target().join("dist-tested");
    let _ = std::fs::remove_dir_all(&folder);
    let mut build = xtask(&["dist", "--twice", "--platform", &here.name(), "--to"]);
    if programs::run(build.arg(&folder)).is_err() {
        return Outcome::Failed("no archive, or not the same twice".to_owned());
    }
    if !has("go", &["version"]) {
        return Outcome::Skipped(
            "the archive is made, but there is no Go to build krew with".to_owned(),
            "https://go.dev/dl".to_owned(),
        );
    }
    let mut test = cargo(&["test", "--locked", "--package", "imagepull-tests", "--test", "krew"]);
    test.env("IMAGEPULL_TEST_DIST", &folder);
    of(test, "krew does not take the archives")
}

fn tools() -> Outcome {
    if let Some(skipped) = wasm_target() {
        return skipped;
    }
    let present = has("node", &["--version"]) && has("npm", &["--version"]);
    if !present && !install(&["nodejs", "npm"]) {
        return Outcome::Skipped(
            "no node or no npm, so the web page is not tested".to_owned(),
            "apt-get install nodejs npm, or https://nodejs.org".to_owned(),
        );
    }
    if programs::run(&mut xtask(&["web", "--setup"])).is_err() {
        return Outcome::Skipped(
            "npm packages, Chromium or Firefox are missing, so the web page is not tested whole".to_owned(),
            "cargo xtask web --setup".to_owned(),
        );
    }
    Outcome::Passed
}

fn lab() -> Outcome {
    if !["unshare", "mount", "ip"].iter().all(|tool| has(tool, &["-V"])) {
        install(&["util-linux", "mount", "iproute2"]);
    }
    // It says itself what it lacks; 3 is its word for "nothing was tested".
    match xtask(&["lab", "test", "--core"]).status() {
        Ok(status) if status.success() => Outcome::Passed,
        Ok(status) if status.code() == Some(3) => {
            Outcome::Skipped("the lab cannot run here, see above".to_owned(), "cargo xtask lab up".to_owned())
        }
        Ok(status) => Outcome::Failed(format!("{status}")),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

/// Installs Debian packages, where this is Debian and we are root. Answers whether they are there.
fn install(packages: &[&str]) -> bool {
    let apt = |arguments: &[&str]| {
        programs::run(command("apt-get", arguments).env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null()))
            .is_ok()
    };
    if !std::path::Path::new("/usr/bin/apt-get").exists() {
        return false;
    }
    println!("installing {}", packages.join(" "));
    let wanted = || [&["install", "--yes", "--no-install-recommends"], packages].concat();
    apt(&wanted()) || (apt(&["update"]) && apt(&wanted()))
}

fn of(mut command: Command, why: &str) -> Outcome {
    if programs::run(&mut command).is_ok() { Outcome::Passed } else { Outcome::Failed(why.to_owned()) }
}

fn xtask(arguments: &[&str]) -> Command {
    command(std::env::current_exe().unwrap_or_else(|_| "xtask".into()), arguments)
}

fn words(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{}:{:02} min", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_chosen_by_name() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let names = |steps: Vec<&Step>| steps.iter().map(|step| step.name).collect::<Vec<_>>();
        assert_eq!(chosen(&[]).map(|steps| steps.len()), Ok(STEPS.len()));
        assert_eq!(chosen(&words(&["--only", "wasm", "--only", "fmt"])).map(names), Ok(vec!["wasm", "fmt"]));
        for wrong in [&["--only"][..], &["--only", "nothing"], &["wasm"], &["--without", "wasm"]] {
            assert!(chosen(&words(wrong)).is_err_and(|said| said.contains("clippy")), "{wrong:?}");
        }
    }

    #[test]
    fn times_are_minutes_and_seconds() {
        assert_eq!(words(Duration::from_secs(125)), "2:05 min");
    }
}
