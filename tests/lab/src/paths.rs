//! Where the lab keeps things: sources in the tree, everything else in one cache outside of it.

use std::env;
use std::path::PathBuf;

/// `tests/lab` of this checkout.
pub fn source() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The workspace.
pub fn workspace() -> PathBuf {
    source().ancestors().nth(2).expect("tests/lab is two levels below the workspace").to_owned()
}

/// `$IMAGEPULL_CACHE`, else `imagepull` in the user's cache folder.
pub fn cache() -> PathBuf {
    if let Some(path) = env::var_os("IMAGEPULL_CACHE") {
        return path.into();
    }
    let base = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let base =
        base.unwrap_or_else(|| PathBuf::from(env::var_os("HOME").unwrap_or_else(|| "/root".into())).join(".cache"));
    base.join("imagepull")
}

/// Of the running lab: sockets, kubeconfig, process ids. Gone after `down`.
pub fn run() -> PathBuf {
    cache().join("lab/run")
}

/// What the programs of the last run printed.
pub fn logs() -> PathBuf {
    cache().join("lab/logs")
}
