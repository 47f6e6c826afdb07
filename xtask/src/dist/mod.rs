//! `cargo xtask dist`: what a release is made of, in `dist/`. Archives of the platforms that can be linked here, their sums, and krew's
//! manifest of them. Two builds of one commit give the same bytes, in whichever folders.

mod archive;
pub mod build;
pub mod manifest;
pub mod platform;

use crate::root;
use archive::Entry;
use platform::{PLATFORMS, Platform};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const USAGE: &str = "\
cargo xtask dist [--platform OS/ARCH]… [--to FOLDER] [--program FILE | --twice | --list]
  without words: every platform that can be linked here, into dist/
  --program FILE  pack this program instead of building one
  --twice         build from two copies of the sources, and compare the archives byte by byte
  --list          build nothing: sums and manifest of the archives that are in the folder";

/// Sums of the archives, as `sha256sum --check` reads them.
const SUMS: &str = "SHA256SUMS";
/// krew's manifest.
const MANIFEST: &str = "imagepull.yaml";

#[derive(Debug, Default, PartialEq)]
struct Wanted {
    platforms: Vec<&'static Platform>,
    to: PathBuf,
    program: Option<PathBuf>,
    twice: bool,
    list: bool,
}

/// Makes `dist/`.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let wanted = read(arguments)?;
    std::fs::create_dir_all(&wanted.to).map_err(|error| format!("{}: {error}", wanted.to.display()))?;
    if wanted.list {
        return list(&wanted.to);
    }
    let all = wanted.platforms.is_empty();
    let platforms: Vec<&Platform> = if all { PLATFORMS.iter().collect() } else { wanted.platforms.clone() };
    for platform in platforms {
        if let Some(why) = build::obstacle(platform).filter(|_| wanted.program.is_none()) {
            if !all {
                return Err(format!("{} cannot be built here: {why}", platform.name()));
            }
            println!("SKIPPED {}: {why}", platform.name());
            continue;
        }
        let bytes = match &wanted.program {
            Some(program) => pack(platform, program)?,
            None => pack(platform, &build::build(platform, root::path(), &root::target())?)?,
        };
        if wanted.twice && bytes != again(platform)? {
            return Err(format!("{}: two builds gave different bytes", platform.name()));
        }
        let file = wanted.to.join(platform.archive());
        std::fs::write(&file, &bytes).map_err(|error| format!("{}: {error}", file.display()))?;
        let note = if wanted.twice { ", the same bytes from two builds" } else { "" };
        println!("{}: {:.1} MB{note}", file.display(), bytes.len() as f64 / 1e6);
    }
    list(&wanted.to)
}

fn read(arguments: &[String]) -> Result<Wanted, String> {
    let mut wanted = Wanted { to: root::join("dist"), ..Wanted::default() };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().ok_or_else(|| format!("{argument} wants a value\n\n{USAGE}"));
        match argument.as_str() {
            "--platform" => wanted.platforms.push(Platform::find(value()?)?),
            "--to" => wanted.to = PathBuf::from(value()?),
            "--program" => wanted.program = Some(PathBuf::from(value()?)),
            "--twice" => wanted.twice = true,
            "--list" => wanted.list = true,
            _ => return Err(USAGE.to_owned()),
        }
    }
    let ways = [wanted.program.is_some(), wanted.twice, wanted.list].iter().filter(|way| **way).count();
    if ways > 1 { Err(USAGE.to_owned()) } else { Ok(wanted) }
}

/// The archive of a program: it and the licence at the top, where krew and its reviewers look, and the manual.
fn pack(platform: &Platform, program: &Path) -> Result<Vec<u8>, String> {
    let bytes = |path: &Path| std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let mut entries = vec![
        Entry { name: platform.program().to_owned(), bytes: bytes(program)?, runs: true },
        Entry { name: "LICENSE".to_owned(), bytes: bytes(&root::join("LICENSE"))?, runs: false },
    ];
    for page in files(&root::join("docs/man"))? {
        let name = page.file_name().unwrap_or_default().to_string_lossy();
        entries.push(Entry { name: format!("man/{name}"), bytes: bytes(&page)?, runs: false });
    }
    archive::archive(platform, &entries)
}

/// The same from a copy of the sources in another folder, built into another one.
fn again(platform: &Platform) -> Result<Vec<u8>, String> {
    let copy = std::env::temp_dir().join(format!("imagepull-again-{}", std::process::id()));
    let made = copied(&copy.join("sources"))
        .and_then(|()| build::build(platform, &copy.join("sources"), &copy.join("target")))
        .and_then(|program| pack(platform, &program));
    let _ = std::fs::remove_dir_all(&copy);
    made
}

/// Copies the files that git knows, as they are now.
fn copied(to: &Path) -> Result<(), String> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root::path());
    let listed = git.output().map_err(|error| format!("cannot run git: {error}"))?;
    for name in String::from_utf8_lossy(&listed.stdout).split('\0').filter(|name| !name.is_empty()) {
        let (from, to) = (root::join(name), to.join(name));
        let folder = to.parent().expect("a file stands in a folder");
        if from.is_file() {
            let done = std::fs::create_dir_all(folder).and_then(|()| std::fs::copy(&from, &to));
            done.map_err(|error| format!("{name}: {error}"))?;
        }
    }
    Ok(())
}

/// Writes the sums of the archives in a folder, and krew's manifest of them.
fn list(folder: &Path) -> Result<(), String> {
    let mut sums = String::new();
    let mut archives = Vec::new();
    for platform in PLATFORMS {
        let name = platform.archive();
        let Ok(bytes) = std::fs::read(folder.join(&name)) else { continue };
        let sum: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let _ = writeln!(sums, "{sum}  {name}");
        archives.push((platform, sum));
    }
    if archives.is_empty() {
        return Err(format!("no archive in {}", folder.display()));
    }
    for (name, text) in [(SUMS, sums), (MANIFEST, manifest::manifest(&archives))] {
        let file = folder.join(name);
        std::fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        println!("{}", file.display());
    }
    Ok(())
}

/// Files of a folder, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_command_line_are_read() {
        let words = |words: &str| words.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let wanted = read(&words("--platform linux/arm64 --platform windows/amd64 --to x --twice")).expect("valid");
        assert_eq!(
            wanted.platforms.iter().map(|platform| platform.name()).collect::<Vec<_>>(),
            ["linux/arm64", "windows/amd64"]
        );
        assert_eq!((wanted.to, wanted.twice), (PathBuf::from("x"), true));
        for wrong in ["--platform", "--platform beos/ppc", "--program a --twice", "--list --twice", "linux/arm64"] {
            assert!(read(&words(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sums_and_manifest_speak_of_the_archives_in_the_folder() {
        let folder = std::env::temp_dir().join(format!("imagepull-dist-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        assert!(list(&folder).is_err());
        std::fs::write(folder.join(PLATFORMS[0].archive()), b"abc").expect("a file");
        list(&folder).expect("one archive");
        let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("a file");
        assert_eq!(read(SUMS), format!("{sum}  kubectl-imagepull-linux-amd64.tar.gz\n"));
        assert!(read(MANIFEST).contains(&format!("sha256: {sum}\n")));
        let _ = std::fs::remove_dir_all(&folder);
    }
}
