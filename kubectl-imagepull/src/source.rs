//! Text from files and from standard input. The cluster is the other source, see `gather`.

use crate::failure::Failure;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

/// More than this is no paste and no log of a single trouble; a limit keeps a wrong file name from filling the memory.
const LARGEST: u64 = 1 << 30;

/// A text and where it came from.
#[derive(Debug)]
pub struct Input {
    /// The text.
    pub text: String,
    /// A remark about the reading, for standard error.
    pub remark: Option<String>,
}

/// Reads the files in order; `-` is standard input.
///
/// # Errors
/// When one cannot be read, is a directory, is empty, compressed, or larger than 1 GiB.
pub fn read(paths: &[PathBuf]) -> Result<Vec<Input>, Failure> {
    if paths.iter().filter(|path| is_stdin(path)).count() > 1 {
        return Err(Failure::new("standard input can be read only once", "Give `-` one time."));
    }
    paths.iter().map(|path| if is_stdin(path) { read_stdin() } else { read_file(path) }).collect()
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn read_stdin() -> Result<Input, Failure> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        eprintln!("Paste the text, then press Ctrl-D on a line of its own.");
    }
    let mut bytes = Vec::new();
    stdin
        .lock()
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::new(format!("standard input cannot be read: {error}"), ""))?;
    decode(bytes, "standard input")
}

fn read_file(path: &Path) -> Result<Input, Failure> {
    let name = path.display();
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failure::new(
            format!("{name}: no such file"),
            "`-f` takes the name of a text file, or `-` for standard input; a pod is named without `-f`.",
        ),
        _ => Failure::new(format!("{name} cannot be read: {error}"), ""),
    })?;
    if metadata.is_dir() {
        return Err(Failure::new(
            format!("{name} is a directory"),
            "Give the files one by one, each with its own `-f`.",
        ));
    }
    if metadata.len() > LARGEST {
        return Err(too_large(&name.to_string()));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
    std::fs::File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
        .map_err(|error| Failure::new(format!("{name} cannot be read: {error}"), ""))?;
    decode(bytes, &name.to_string())
}

fn too_large(name: &str) -> Failure {
    Failure::new(
        format!("{name} is larger than 1 GiB"),
        "Give the part around the failure, for example `journalctl -u kubelet --since -1h | kubectl imagepull why -`.",
    )
}

/// Bytes to text: UTF-8, or UTF-16 with a mark as PowerShell's `>` writes it; what is neither is replaced and said.
fn decode(bytes: Vec<u8>, name: &str) -> Result<Input, Failure> {
    if bytes.len() as u64 > LARGEST {
        return Err(too_large(name));
    }
    if bytes.starts_with(&[0x1f, 0x8b]) || bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        return Err(Failure::new(
            format!("{name} is compressed"),
            "Unpack it first: `zcat FILE | kubectl imagepull why -`.",
        ));
    }
    let units =
        |read: fn([u8; 2]) -> u16| bytes[2..].chunks_exact(2).map(|two| read([two[0], two[1]])).collect::<Vec<_>>();
    let (text, lossy) = match bytes.as_slice() {
        [0xff, 0xfe, ..] => wide(&units(u16::from_le_bytes)),
        [0xfe, 0xff, ..] => wide(&units(u16::from_be_bytes)),
        _ => match String::from_utf8(bytes) {
            Ok(text) => (text, false),
            Err(error) => (String::from_utf8_lossy(error.as_bytes()).into_owned(), true),
        },
    };
    if text.trim().is_empty() {
        return Err(Failure::new(
            format!("{name} is empty"),
            "Did the command before the pipe fail? It may have said so on its standard error.",
        ));
    }
    let remark =
        lossy.then(|| format!("note: {name} is not all UTF-8; what could not be read was replaced by \u{fffd}"));
    Ok(Input { text, remark })
}

fn wide(units: &[u16]) -> (String, bool) {
    match String::from_utf16(units) {
        Ok(text) => (text, false),
        Err(_) => (String::from_utf16_lossy(units), true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_powershell_is_read() {
        let bytes: Vec<u8> =
            std::iter::once(0xfeff_u16).chain("Fehler: ä".encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let input = decode(bytes, "x").expect("UTF-16");
        assert_eq!((input.text.as_str(), input.remark), ("Fehler: ä", None));
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced_and_said() {
        let input = decode(b"pull \xff failed".to_vec(), "x").expect("lossy");
        assert_eq!(input.text, "pull \u{fffd} failed");
        assert!(input.remark.expect("said").contains("not all UTF-8"));
    }

    #[test]
    fn compressed_and_empty_files_are_told_as_such() {
        assert!(decode(vec![0x1f, 0x8b, 8], "x").expect_err("gzip").what.contains("compressed"));
        assert!(decode(b" \n".to_vec(), "x").expect_err("empty").what.contains("empty"));
    }
}
