//! The program of a platform, linked here: for Linux and Windows by zig, whose packages bring libc and linker of every one of them;
//! for macOS by a Mac.

use crate::dist::platform::Platform;
use crate::programs::{has, run};
use crate::{programs, reproducible, root};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What links for other platforms: packages of the Python index with programs in them. Pinned: another linker, other bytes.
const LINKER: [&str; 2] = ["ziglang==0.17.0", "cargo-zigbuild==0.24.0"];

/// Whether the program of this platform can be linked on this machine; why not.
pub fn obstacle(platform: &Platform) -> Option<String> {
    match platform.needs_macos() {
        true if !cfg!(target_os = "macos") => {
            Some("Apple's frameworks are on Macs alone; the release's workflow has one".to_owned())
        }
        true => None,
        false if linker_is_installed() || has(python(), &["-m", "pip", "--version"]) => None,
        false => Some("no Python with pip to install zig by: apt-get install python3-pip".to_owned()),
    }
}

/// Builds the sources in `source` into `target`, and answers where the program is.
pub fn build(platform: &Platform, source: &Path, target: &Path) -> Result<PathBuf, String> {
    // Into the toolchain that the sources name; it is there already on the second time.
    run(Command::new("rustup").args(["--quiet", "target", "add", platform.target]).current_dir(source))?;
    let mut cargo = if platform.needs_macos() {
        programs::cargo(&[])
    } else {
        let linker = linker()?;
        let mut cargo = Command::new(linker.join("bin").join("cargo-zigbuild"));
        let zig = linker.join("ziglang").join(format!("zig{}", std::env::consts::EXE_SUFFIX));
        cargo.env("CARGO_ZIGBUILD_ZIG_PATH", zig);
        cargo
    };
    cargo
        .arg(if platform.needs_macos() { "build" } else { "zigbuild" })
        .args(["--quiet", "--locked", "--release", "--package", "kubectl-imagepull", "--target", platform.target])
        .arg("--target-dir")
        .arg(target)
        .current_dir(source)
        // What a build of the tests wants has no place in a release.
        .env_remove("RUSTFLAGS")
        .env("CARGO_ENCODED_RUSTFLAGS", reproducible::rustflags(source))
        .env("SOURCE_DATE_EPOCH", "0");
    run(&mut cargo)?;
    Ok(target.join(platform.target).join("release").join(platform.program()))
}

fn place_of_linker() -> PathBuf {
    root::target().join("tools").join(LINKER.join("-").replace("==", "-"))
}

fn linker_is_installed() -> bool {
    place_of_linker().exists()
}

fn python() -> &'static str {
    if cfg!(windows) { "python" } else { "python3" }
}

/// The folder of the linker; installed there on first use.
fn linker() -> Result<PathBuf, String> {
    let place = place_of_linker();
    if place.exists() {
        return Ok(place);
    }
    println!("installing {} into {} (once, 440 MB)", LINKER.join(" and "), place.display());
    // It gets its name last: what was cut off must not look whole.
    let fresh = place.with_extension(std::process::id().to_string());
    run(Command::new(python())
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore"])
        .arg("--target")
        .arg(&fresh)
        .args(LINKER))?;
    std::fs::rename(&fresh, &place).map_err(|error| format!("{}: {error}", place.display()))?;
    Ok(place)
}
