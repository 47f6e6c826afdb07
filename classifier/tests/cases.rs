//! Every case of the catalogue against every cause.
//!
//! A case file stands beside its cause: blocks that begin with `--- <cause id> [certain|likely|possible]` (or `--- none`), then
//! comment lines with `#`, then the text. Near misses name another cause: they must not be taken for this one.

use imagepull_classifier::{Options, causes, diagnose};
use std::path::{Path, PathBuf};

struct Case {
    file: PathBuf,
    line: usize,
    expected: String,
    confidence: Option<String>,
    text: String,
}

fn case_files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/causes");
    let mut files = Vec::new();
    for area in std::fs::read_dir(&root).expect("the catalogue's folder") {
        let area = area.expect("a folder of an area").path();
        if area.is_dir() {
            let entries = std::fs::read_dir(&area).expect("an area's files");
            files.extend(entries.map(|entry| entry.expect("a file").path()).filter(|path| path.extension().is_some_and(|ext| ext == "txt")));
        }
    }
    files.sort();
    files
}

fn cases(file: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(file).expect("a case file is UTF-8");
    let mut cases: Vec<Case> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if let Some(head) = line.strip_prefix("--- ") {
            let mut words = head.split_whitespace();
            let expected = words.next().expect("a case names its cause").to_owned();
            let confidence = words.next().map(str::to_owned);
            cases.push(Case { file: file.to_owned(), line: number + 1, expected, confidence, text: String::new() });
        } else if let Some(case) = cases.last_mut() {
            let comment = case.text.is_empty() && line.starts_with('#') && !line.starts_with("# ctr") ;
            if !comment {
                case.text.push_str(line);
                case.text.push('\n');
            }
        }
    }
    cases
}

#[test]
fn every_case_is_named_rightly_among_all_causes() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in case_files().iter().flat_map(|file| cases(file)) {
        count += 1;
        let report = diagnose(&case.text, &Options::default());
        let best = report.findings.first().and_then(|finding| finding.diagnoses.first());
        let answer = best.map_or("none", |best| best.cause.as_str());
        let confidence = best.map(|best| format!("{:?}", best.confidence).to_lowercase());
        let right = answer == case.expected && (case.confidence.is_none() || case.confidence == confidence);
        if !right {
            let name = case.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let wanted = case.confidence.map_or(String::new(), |word| format!(" {word}"));
            wrong.push(format!("{name}:{} expected {}{wanted}, got {answer} {}", case.line, case.expected, confidence.unwrap_or_default()));
        }
    }
    assert!(count > 0, "no cases were found");
    assert!(wrong.is_empty(), "{} of {count} cases are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_cause_with_signs_has_a_case_of_its_own() {
    let files = case_files();
    for cause in causes::all().filter(|cause| !cause.signs.is_empty()) {
        let name = format!("{}.txt", cause.id.replace('-', "_"));
        let file = files.iter().find(|file| file.file_name().is_some_and(|found| found == name.as_str()));
        let file = file.unwrap_or_else(|| panic!("{} has no case file {name}", cause.id));
        assert!(cases(file).iter().any(|case| case.expected == cause.id), "{name} has no case that expects {}", cause.id);
    }
}
