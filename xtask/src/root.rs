//! Where the repository is, and its files by their path from there.

use std::path::{Path, PathBuf};

/// The repository's own folder.
pub fn path() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask stands in the repository")
}

/// A file of the repository.
pub fn join(file: impl AsRef<Path>) -> PathBuf {
    path().join(file)
}

/// The words of a file.
pub fn read(file: impl AsRef<Path>) -> Result<String, String> {
    let path = join(file);
    std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Writes a file and the folders above it.
pub fn write(file: impl AsRef<Path>, text: &str) -> Result<(), String> {
    let path = join(file);
    let folder = path.parent().expect("a file stands in a folder");
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, text));
    written.map_err(|error| format!("{}: {error}", path.display()))
}

/// Cargo's folder for what it builds.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| join("target"), |folder| join(PathBuf::from(folder)))
}
