//! Archives as krew takes them (gzip'd tar, or zip; files and nothing else), the same bytes whenever and wherever they are made.

use crate::dist::platform::Platform;
use std::io::{Cursor, Write as _};

/// A file of an archive.
pub struct Entry {
    /// Path in the archive.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether it can be run: krew takes the right to from here.
    pub runs: bool,
}

impl Entry {
    fn mode(&self) -> u32 {
        if self.runs { 0o755 } else { 0o644 }
    }
}

/// The archive of a platform, of these files.
pub fn archive(platform: &Platform, entries: &[Entry]) -> Result<Vec<u8>, String> {
    let made = if platform.os == "windows" { zip(entries) } else { tar(entries) };
    made.map_err(|error| format!("{}: {error}", platform.archive()))
}

fn tar(entries: &[Entry]) -> std::io::Result<Vec<u8>> {
    let gzip = flate2::GzBuilder::new().mtime(0).write(Vec::new(), flate2::Compression::best());
    let mut tar = tar::Builder::new(gzip);
    for entry in entries {
        // No owner, and a time that says nothing: neither is known to who unpacks it.
        let mut header = tar::Header::new_ustar();
        header.set_size(entry.bytes.len() as u64);
        header.set_mode(entry.mode());
        header.set_mtime(EPOCH_OF_ZIP);
        tar.append_data(&mut header, &entry.name, entry.bytes.as_slice())?;
    }
    tar.into_inner()?.finish()
}

/// 1 January 1980, the first day that a zip can tell.
const EPOCH_OF_ZIP: u64 = 315_532_800;

fn zip(entries: &[Entry]) -> std::io::Result<Vec<u8>> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for entry in entries {
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Deflated)
            .compression_level(Some(9))
            .last_modified_time(zip::DateTime::default())
            .unix_permissions(entry.mode());
        zip.start_file(entry.name.as_str(), options)?;
        zip.write_all(&entry.bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dist::platform::PLATFORMS;
    use std::io::Read as _;

    fn entries() -> Vec<Entry> {
        let entry = |name: &str, runs| Entry { name: name.to_owned(), bytes: name.repeat(100).into_bytes(), runs };
        vec![entry("kubectl-imagepull", true), entry("LICENSE", false), entry("man/kubectl-imagepull.1", false)]
    }

    #[test]
    fn the_same_files_give_the_same_bytes() {
        let all = || -> Vec<Vec<u8>> {
            PLATFORMS.iter().map(|platform| archive(platform, &entries()).expect("an archive")).collect()
        };
        let first = all();
        // A zip tells time in steps of two seconds.
        std::thread::sleep(std::time::Duration::from_millis(2100));
        assert!(first == all());
    }

    #[test]
    fn what_is_packed_comes_out_with_its_mode() {
        let bytes = archive(&PLATFORMS[0], &entries()).expect("an archive");
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let found: Vec<(String, u32, u64)> = tar
            .entries()
            .expect("entries")
            .map(|entry| {
                let mut entry = entry.expect("an entry");
                let mut text = String::new();
                entry.read_to_string(&mut text).expect("its bytes");
                let name = entry.path().expect("a path").display().to_string();
                assert_eq!(text, name.repeat(100));
                (name, entry.header().mode().expect("a mode"), entry.header().mtime().expect("a time"))
            })
            .collect();
        let wanted = [("kubectl-imagepull", 0o755), ("LICENSE", 0o644), ("man/kubectl-imagepull.1", 0o644)];
        assert_eq!(found, wanted.map(|(name, mode)| (name.to_owned(), mode, EPOCH_OF_ZIP)));

        let bytes = archive(Platform::find("windows/arm64").expect("known"), &entries()).expect("an archive");
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip");
        for (name, mode) in wanted {
            let mut file = zip.by_name(name).expect("a file");
            let mut text = String::new();
            file.read_to_string(&mut text).expect("its bytes");
            assert_eq!((text, file.unix_mode().map(|found| found & 0o777)), (name.repeat(100), Some(mode)));
        }
    }
}
