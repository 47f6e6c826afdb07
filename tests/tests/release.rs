//! What a release rests on: workflows whose actions are pinned and whose chores exist, a form whose text becomes a case, and a guide
//! whose commands are real.

use imagepull_classifier::cause::Area;
use imagepull_classifier::causes;
use imagepull_tests::repository::{read, root};
use serde_json::Value;
use std::collections::BTreeSet;

fn yaml(name: &str) -> Value {
    serde_saphyr::from_str(&read(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

const WORKFLOWS: [&str; 2] = [".github/workflows/ci.yml", ".github/workflows/release.yml"];

#[test]
fn actions_are_pinned_by_commit_and_say_their_version() {
    let files = std::fs::read_dir(root().join(".github/workflows")).expect("workflows").count();
    assert_eq!(files, WORKFLOWS.len());
    for workflow in WORKFLOWS {
        let text = read(workflow);
        assert!(!text.contains("pull_request_target"), "{workflow}: strangers' code with our rights");
        let uses: Vec<&str> =
            text.lines().filter_map(|line| line.trim_start_matches([' ', '-']).strip_prefix("uses: ")).collect();
        assert!(!uses.is_empty());
        for action in uses {
            let (_, pin) = action.split_once('@').expect("a pin");
            let (commit, version) = pin.split_once(" # v").unwrap_or_else(|| panic!("{action}: no version beside it"));
            assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{action}");
            assert!(version.starts_with(|first: char| first.is_ascii_digit()), "{action}");
        }
    }
}

#[test]
fn every_job_ends_in_time_and_has_no_more_rights_than_it_needs() {
    for workflow in WORKFLOWS {
        let workflow = yaml(workflow);
        assert_eq!(workflow["permissions"], serde_json::json!({"contents": "read"}));
        for (name, job) in workflow["jobs"].as_object().expect("jobs") {
            assert!(job["timeout-minutes"].as_u64().is_some_and(|minutes| minutes <= 90), "{name}");
            let writes =
                job["permissions"].as_object().is_some_and(|rights| rights.values().any(|right| right == "write"));
            assert_eq!(writes, name == "release", "{name}");
        }
    }
}

/// `cargo xtask` and its words, in a text.
fn chores(text: &str) -> Vec<(String, Vec<String>)> {
    let words = |line: &str| -> Option<(String, Vec<String>)> {
        let (_, rest) = line.split_once("cargo xtask ")?;
        let end = rest.find(['`', '&', '|', ')', ',', ':', '.']).map_or(rest, |end| &rest[..end]);
        let mut words = end.split_whitespace().map(str::to_owned);
        Some((words.next()?, words.collect()))
    };
    text.lines().filter_map(words).collect()
}

#[test]
fn what_workflows_and_guide_call_exists() {
    let main = read("xtask/src/main.rs");
    let mut called = BTreeSet::new();
    for name in WORKFLOWS.iter().chain(&["RELEASING.md", "krew/SUBMISSION.md", "CONTRIBUTING.md"]) {
        for (verb, words) in chores(&read(name)) {
            assert!(main.contains(&format!("\"{verb}\" =>")), "{name}: cargo xtask {verb}");
            for flag in words.iter().filter(|word| word.starts_with("--")) {
                let rooms = ["main.rs", "api.rs", "docs.rs", "dist/mod.rs", "test.rs", "web.rs"];
                assert!(
                    rooms.iter().any(|room| read(format!("xtask/src/{room}")).contains(&format!("\"{flag}"))
                        || read(format!("xtask/src/{room}")).contains(&format!("{flag} "))),
                    "{name}: cargo xtask {verb} {flag}"
                );
            }
            called.insert(verb);
        }
    }
    for verb in ["dist", "web", "test", "docs", "new-case"] {
        assert!(called.contains(verb), "nobody says `cargo xtask {verb}`");
    }
    // What the release collects is what `dist` writes.
    let release = read(".github/workflows/release.yml");
    for file in ["dist/SHA256SUMS", "kubectl-imagepull-darwin-arm64.tar.gz", "krew/template.yaml", "imagepull.html"] {
        assert!(release.contains(file), "{file}");
    }
    let releasing = read("RELEASING.md");
    for file in ["classifier/public-api.txt", "CHANGELOG.md", "SECURITY.md", "krew/SUBMISSION.md"] {
        assert!(releasing.contains(file) && root().join(file).exists(), "{file}");
    }
}

#[test]
fn the_form_asks_for_what_becomes_a_case() {
    let form = yaml(".github/ISSUE_TEMPLATE/wrong-answer.yml");
    let fields: Vec<&Value> =
        form["body"].as_array().expect("fields").iter().filter(|field| field["type"] != "markdown").collect();
    let ids: Vec<&str> = fields.iter().filter_map(|field| field["id"].as_str()).collect();
    assert_eq!(ids, ["message", "answer", "cause", "seen"]);
    assert_eq!(fields[0]["validations"]["required"], true);
    // Without it, GitHub would read `#` and `*` of a log as headings and lists.
    assert_eq!(fields[0]["attributes"]["render"], "text");
    yaml(".github/ISSUE_TEMPLATE/config.yml");
}

#[test]
fn what_the_submission_says_is_so() {
    let text = read("krew/SUBMISSION.md");
    assert!(causes::all().filter(|cause| cause.area != Area::Other).count() > 40);
    for file in ["cases.jsonl", "recordings.jsonl"] {
        let there = read(format!("tests/corpus/{file}")).lines().count();
        let row = |line: &&str| line.starts_with("| ") && line.contains(&format!("`tests/corpus/{file}`"));
        let row = text.lines().find(row).expect("a row");
        let said: usize = row.split('|').nth(2).and_then(|cell| cell.trim().parse().ok()).expect("a number");
        assert!(said <= there, "{file} has {there}");
    }
    let rows = text.lines().filter(|line| line.starts_with("| ") && line.matches('|').count() == 4);
    let named: Vec<&str> = rows.filter_map(|row| row.rsplit("| `").next()?.split('`').next()).collect();
    let known = named.iter().filter(|id| causes::find(id).is_some()).count();
    assert!(known >= 14, "{named:?}");
}
