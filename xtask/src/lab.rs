//! `cargo xtask lab`: hands over to the crate that is the lab. xtask itself stays small and quick to build.

use crate::programs;
use std::process::ExitCode;

/// Runs `imagepull-lab` of this workspace with the words after `cargo xtask lab`; its exit code is ours (3: skipped, nothing was tested).
pub fn run(arguments: &[String]) -> ExitCode {
    let mut lab = programs::cargo(&["run", "--quiet", "--package", "imagepull-lab", "--"]);
    match lab.args(arguments).status() {
        Ok(status) => ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)),
        Err(error) => {
            eprintln!("lab: cannot run cargo: {error}");
            ExitCode::FAILURE
        }
    }
}
