//! The catalogue's case files, read for tests.
#![allow(dead_code, unreachable_pub)] // each test uses a part of it
#![allow(clippy::disallowed_methods)] // the crate reads no files; its tests do

use std::path::{Path, PathBuf};

/// A labelled text of a case file.
pub struct Case {
    pub file: PathBuf,
    pub line: usize,
    pub expected: String,
    pub confidence: Option<String>,
    pub text: String,
}

/// All case files, in the order of their names.
pub fn case_files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/causes");
    let mut files = Vec::new();
    for area in std::fs::read_dir(&root).expect("the catalogue's folder") {
        let area = area.expect("a folder of an area").path();
        if area.is_dir() {
            let entries = std::fs::read_dir(&area).expect("an area's files");
            files.extend(
                entries
                    .map(|entry| entry.expect("a file").path())
                    .filter(|path| path.extension().is_some_and(|ext| ext == "txt")),
            );
        }
    }
    files.sort();
    files
}

/// The cases of one file.
pub fn cases(file: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(file).expect("a case file is UTF-8");
    let mut cases: Vec<Case> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if let Some(head) = line.strip_prefix("--- ") {
            let mut words = head.split_whitespace();
            let expected = words.next().expect("a case names its cause").to_owned();
            let confidence = words.next().map(str::to_owned);
            cases.push(Case { file: file.to_owned(), line: number + 1, expected, confidence, text: String::new() });
        } else if let Some(case) = cases.last_mut() {
            let comment = case.text.is_empty() && line.starts_with('#') && !line.starts_with("# ctr");
            if !comment {
                case.text.push_str(line);
                case.text.push('\n');
            }
        }
    }
    cases
}

/// All cases of the catalogue.
pub fn all_cases() -> Vec<Case> {
    case_files().iter().flat_map(|file| cases(file)).collect()
}
