//! The helper by which kubectl completes us: a file beside the plugin, since krew puts nothing but the plugin on the PATH
//! (kubernetes-sigs/krew#812).

use super::{COMPLETER, VERB};
use crate::failure::Failure;
use std::path::{Path, PathBuf};

/// What shows that the file is ours.
const MARK: &str = "kubectl imagepull completion install";

/// Writes it, and says what to do next.
///
/// # Errors
/// When there is no place for it.
pub fn install(to: Option<&Path>) -> Result<String, Failure> {
    let file = place(to)?;
    let text = if cfg!(windows) {
        format!("@rem Made by `{MARK}`\r\n@kubectl-imagepull.exe {VERB} %*\r\n")
    } else {
        format!(
            "#!/bin/sh\n# Made by `{MARK}`: kubectl asks it what to offer for `kubectl imagepull <TAB>`.\nexec kubectl-imagepull {VERB} \"$@\"\n"
        )
    };
    std::fs::write(&file, text).and_then(|()| runnable(&file)).map_err(|error| {
        Failure::new(
            format!("{} cannot be written: {error}", file.display()),
            "Name a folder of your PATH with `--to FOLDER`.",
        )
    })?;
    Ok(format!(
        "{}\nkubectl completes `kubectl imagepull` by it, where kubectl's own completion is on: kubectl completion --help\n",
        file.display()
    ))
}

/// Removes it.
///
/// # Errors
/// When it is not there, or not ours.
pub fn uninstall(to: Option<&Path>) -> Result<String, Failure> {
    let file = place(to)?;
    std::fs::remove_file(&file)
        .map_err(|error| Failure::new(format!("{} cannot be removed: {error}", file.display()), ""))?;
    Ok(format!("removed {}\n", file.display()))
}

/// Where it stands: in the folder that was named, or beside the plugin. Never where a file is that somebody else made.
fn place(to: Option<&Path>) -> Result<PathBuf, Failure> {
    let folder = match to {
        Some(folder) => folder.to_owned(),
        None => beside().ok_or_else(|| {
            Failure::new(
                "kubectl-imagepull is in no folder of the PATH",
                "kubectl would not find it either. Put it there, or name a folder of your PATH with `--to FOLDER`.",
            )
        })?,
    };
    let file = folder.join(if cfg!(windows) { format!("{COMPLETER}.cmd") } else { COMPLETER.to_owned() });
    let theirs = std::fs::read_to_string(&file).is_ok_and(|text| !text.contains(MARK));
    if theirs {
        return Err(Failure::new(
            format!("{} is there already, and was not made by this command", file.display()),
            "Look at it, and move it away if it is of no use.",
        ));
    }
    Ok(file)
}

/// The folder of the PATH where kubectl finds the plugin.
fn beside() -> Option<PathBuf> {
    let name = format!("kubectl-imagepull{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&std::env::var_os("PATH")?).find(|folder| folder.join(&name).is_file())
}

#[cfg(unix)]
fn runnable(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn runnable(_file: &Path) -> std::io::Result<()> {
    Ok(())
}
