//! Every case of the catalogue against every cause.
//!
//! A case file stands beside its cause: blocks that begin with `--- <cause id> [certain|likely|possible]` (or `--- none`), then
//! comment lines with `#`, then the text. Near misses name another cause: they must not be taken for this one.

#![allow(clippy::disallowed_methods, reason = "a test reads the files beside it; the crate itself does not")]

mod common;

use common::{case_files, cases};
use imagepull_classifier::{Options, causes, diagnose};

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
            wrong.push(format!(
                "{name}:{} expected {}{wanted}, got {answer} {}",
                case.line,
                case.expected,
                confidence.unwrap_or_default()
            ));
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
        assert!(
            cases(file).iter().any(|case| case.expected == cause.id),
            "{name} has no case that expects {}",
            cause.id
        );
    }
}
