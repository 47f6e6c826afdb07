//! Whole texts with their right answers: collected from issues and chats, and recorded from real nodes.
//!
//! A file holds one JSON object a line: `id`, `label` (a cause, or `not-a-pull-failure`: nothing must be found), `also_ok`, `text`.
//! `cargo xtask score tests/corpus/*.jsonl` prints the same as a table.

use imagepull_classifier::{Options, Report, diagnose};
use serde::Deserialize;
use std::path::Path;

#[derive(Deserialize)]
struct Labelled {
    id: String,
    label: String,
    also_ok: Vec<String>,
    text: String,
}

const SILENCE: &str = "not-a-pull-failure";

fn read(name: &str) -> Vec<Labelled> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let text = std::fs::read_to_string(&path).expect("the corpus is there");
    let texts: Vec<Labelled> = text.lines().map(|line| serde_json::from_str(line).expect("a labelled text")).collect();
    assert!(texts.len() > 300, "{name} holds {} texts", texts.len());
    texts
}

fn answer(report: &Report) -> &str {
    report.findings.first().and_then(|finding| finding.diagnoses.first()).map_or(SILENCE, |best| best.cause.as_str())
}

/// At least this share of a file is named rightly, and nothing is found where nothing is.
fn check(name: &str, share: f64) {
    let texts = read(name);
    let (mut wrong, mut alarms) = (Vec::new(), Vec::new());
    for labelled in &texts {
        let report = diagnose(&labelled.text, &Options::default());
        let answer = answer(&report);
        if answer != labelled.label && !labelled.also_ok.iter().any(|also| also == answer) {
            let line = format!("{} expected {}, got {answer}", labelled.id, labelled.label);
            if labelled.label == SILENCE { alarms.push(line) } else { wrong.push(line) }
        }
    }
    assert!(alarms.is_empty(), "alarms where no pull fails:\n{}", alarms.join("\n"));
    let right = 1.0 - wrong.len() as f64 / texts.len() as f64;
    assert!(
        right >= share,
        "{name}: {:.1} % right, wanted {:.0} %:\n{}",
        100.0 * right,
        100.0 * share,
        wrong.join("\n")
    );
}

#[test]
fn collected_texts_are_named_rightly() {
    check("cases.jsonl", 0.99);
}

#[test]
fn recordings_of_real_nodes_are_named_rightly() {
    check("recordings.jsonl", 0.97);
}

#[test]
fn every_proof_is_found_in_the_text_that_it_quotes() {
    for labelled in ["cases.jsonl", "recordings.jsonl"].iter().flat_map(|name| read(name)) {
        let report = diagnose(&labelled.text, &Options::default());
        for evidence in
            report.findings.iter().flat_map(|finding| &finding.diagnoses).flat_map(|diagnosis| &diagnosis.evidence)
        {
            let [start, end] = evidence.spans.first().copied().unwrap_or_else(|| panic!("{}: no span", labelled.id));
            let quoted = labelled
                .text
                .get(start..end)
                .unwrap_or_else(|| panic!("{}: {start}..{end} cuts a character", labelled.id));
            assert!(
                !quoted.is_empty() && evidence.text.contains(quoted.trim_end_matches('\r')),
                "{}: {quoted:?}",
                labelled.id
            );
        }
    }
}

/// What a text becomes on its way to us.
type Way = (&'static str, fn(&str) -> String);

/// Texts whose answer another way of pasting changes; and how many there are.
fn changed(change: fn(&str) -> String, files: &[&str]) -> (Vec<String>, usize) {
    let texts: Vec<Labelled> = files.iter().flat_map(|name| read(name)).collect();
    let line = |labelled: &Labelled| {
        let plain = diagnose(&labelled.text, &Options::default());
        let odd = diagnose(&change(&labelled.text), &Options::default());
        let (plain, odd) = (answer(&plain), answer(&odd));
        (plain != odd).then(|| format!("{}: {plain} became {odd}", labelled.id))
    };
    (texts.iter().filter_map(line).collect(), texts.len())
}

#[test]
fn line_ends_margins_and_quoting_do_not_change_an_answer() {
    let ways: [Way; 4] = [
        ("CRLF", |text| text.replace('\n', "\r\n")),
        ("line ends of an old clipboard", |text| text.replace('\n', "\r")),
        ("a margin", |text| text.lines().map(|line| format!("    {line}\n")).collect()),
        ("quoted in a mail", |text| text.lines().map(|line| format!("> {line}\n")).collect()),
    ];
    for (way, change) in ways {
        let (changed, _) = changed(change, &["recordings.jsonl"]);
        assert!(changed.is_empty(), "{way}:\n{}", changed.join("\n"));
    }
}

/// Lines cut at a width, in the middle of words.
fn cut(text: &str, width: usize) -> String {
    let cut = |line: &str| {
        let characters: Vec<char> = line.chars().collect();
        let parts: Vec<String> = characters.chunks(width).map(|part| part.iter().collect()).collect();
        parts.join("\n") + "\n"
    };
    text.lines().map(cut).collect()
}

/// Lines broken at the last blank before a width, as an editor does.
fn fill(text: &str, width: usize) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut rest = line;
        while rest.len() > width {
            let first = rest.len() - rest.trim_start().len();
            let blank = rest.char_indices().filter(|&(at, c)| c == ' ' && at > first);
            let fits = blank.clone().take_while(|&(at, _)| at <= width).last();
            let Some((at, _)) = fits.or_else(|| blank.clone().next()) else { break };
            out += rest[..at].trim_end();
            out.push('\n');
            rest = rest[at..].trim_start();
        }
        out += rest;
        out.push('\n');
    }
    out
}

#[test]
fn what_pages_and_terminals_do_to_lines_and_quotes_changes_few_answers() {
    let ways: [Way; 9] = [
        ("the message of a JSON log", |text| serde_json::json!({"level": "error", "msg": text}).to_string()),
        ("cut at 57", |text| cut(text, 57)),
        ("cut at 80", |text| cut(text, 80)),
        ("cut at 120", |text| cut(text, 120)),
        ("filled to 80", |text| fill(text, 80)),
        ("filled to 100", |text| fill(text, 100)),
        ("one paragraph", |text| text.split_whitespace().collect::<Vec<_>>().join(" ")),
        ("entities", |text| {
            text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
        }),
        ("typographic quotes", |text| text.replace('"', "\u{201d}").replace('\'', "\u{2019}")),
    ];
    for (way, change) in ways {
        let (changed, all) = changed(change, &["recordings.jsonl", "cases.jsonl"]);
        assert!(changed.len() * 20 <= all, "{way}: {} of {all}\n{}", changed.len(), changed.join("\n"));
    }
}
