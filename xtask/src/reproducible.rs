//! Builds whose bytes do not tell where they were made.

use crate::root;
use std::path::Path;
use std::process::Command;

/// Flags for rustc, as `CARGO_ENCODED_RUSTFLAGS` wants them: paths of the machine stand in the messages of panics, and with them the
/// bytes would differ from machine to machine.
pub fn rustflags(source: &Path) -> String {
    let cargo_home =
        std::env::var("CARGO_HOME").or_else(|_| std::env::var("HOME").map(|home| format!("{home}/.cargo")));
    let mut flags = vec![format!("--remap-path-prefix={}=imagepull", source.display())];
    flags.extend(cargo_home.map(|home| format!("--remap-path-prefix={home}=cargo")));
    flags.extend(standard_library());
    flags.join("\u{1f}")
}

/// Names the standard library's sources as a toolchain without them does: where they are installed, rustc names their place.
fn standard_library() -> Option<String> {
    let rustc = |argument: &[&str]| Command::new("rustc").args(argument).current_dir(root::path()).output();
    let sysroot = String::from_utf8(rustc(&["--print", "sysroot"]).ok()?.stdout).ok()?;
    let version = String::from_utf8(rustc(&["--version", "--verbose"]).ok()?.stdout).ok()?;
    let commit = version.lines().find_map(|line| line.strip_prefix("commit-hash: "))?;
    Some(format!("--remap-path-prefix={}/lib/rustlib/src/rust=/rustc/{commit}", sysroot.trim()))
}
