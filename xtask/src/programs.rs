//! Programs that the chores call.

use crate::root;
use std::ffi::OsStr;
use std::process::{Command, Stdio};

/// The cargo that called us, in the repository's folder.
pub fn cargo(arguments: &[&str]) -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), arguments)
}

/// A program in the repository's folder.
pub fn command(program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root::path());
    command
}

/// Runs it to its end, its words shown; why it failed.
pub fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.stdin(Stdio::null()).status().map_err(|error| format!("cannot run {name}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{name} failed: {status}")) }
}

/// Whether a program is here: whether it answers these words with success.
pub fn has(program: impl AsRef<OsStr>, arguments: &[&str]) -> bool {
    run(command(program, arguments).stdout(Stdio::null()).stderr(Stdio::null())).is_ok()
}
