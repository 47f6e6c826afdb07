//! What must hold for every text, whatever it says. The texts are the catalogue's cases, bent in ways that chats, terminals and
//! bad luck bend them; the choices come from a fixed seed, so that a failure can be run again.

mod common;

use common::{Case, all_cases};
use imagepull_classifier::redact::mask_names;
use imagepull_classifier::{Options, Report, diagnose, render};

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() % most.max(1) as u64) as usize
    }
}

fn answer(report: &Report) -> String {
    report
        .findings
        .first()
        .and_then(|finding| finding.diagnoses.first())
        .map_or_else(|| "none".to_owned(), |best| best.cause.clone())
}

fn cause_of(text: &str) -> String {
    answer(&diagnose(text, &Options::default()))
}

/// Diagnoses, renders everything and checks what must hold of any report.
fn check_report(input: &str) {
    let report = diagnose(input, &Options::default());
    for finding in &report.findings {
        assert!(!finding.diagnoses.is_empty(), "a finding names a cause, if only that it is unknown: {input}");
        for evidence in finding.diagnoses.iter().flat_map(|diagnosis| &diagnosis.evidence) {
            for [start, end] in &evidence.spans {
                let words = input
                    .get(*start..*end)
                    .unwrap_or_else(|| panic!("{start}..{end} is no place in the input: {input}"));
                assert!(
                    evidence.text.contains(words.trim_end_matches('\r')),
                    "{words:?} is not in the quoted lines {:?}",
                    evidence.text
                );
            }
        }
        for fix in finding.diagnoses.iter().flat_map(|diagnosis| &diagnosis.fixes) {
            for command in &fix.commands {
                assert!(!command.run.contains(['\n', '\u{1b}']), "a command is one line: {}", command.run);
            }
        }
    }
    let json = render::json::json(&report);
    assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
    let shown = render::text::text(&report, &[input], &render::text::Style::default());
    assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "control characters reach the terminal: {shown:?}");
    render::markdown::markdown(&report);
}

#[test]
fn no_text_makes_it_panic_and_every_span_is_in_the_input() {
    // What chats and word processors put between and into words: characters of several bytes, and escapes.
    const ODD: &[&str] = &[
        "\u{a0}",
        "\u{3000}",
        "\u{2009}",
        "\u{200b}",
        "\u{feff}",
        "\u{2028}",
        "\u{85}",
        "\u{202e}",
        "\u{2502}",
        "\u{201c}",
        "\u{2019}",
        "é",
        "日",
        "🚜",
        "\u{301}",
        "İ",
        "K",
        "&quot;",
        "\\u00",
        "\\x1",
        "\u{1b}]0;",
        "^[[",
        "Warning ",
        "Events:",
        "=<",
    ];
    let cases = all_cases();
    let mut random = Random(1);
    for case in cases.iter().step_by(2) {
        check_report(&case.text);
        let mut bytes = case.text.clone().into_bytes();
        for _ in 0..1 + random.below(6) {
            let at = random.below(bytes.len());
            match random.below(5) {
                0 => bytes.truncate(at),
                1 if at < bytes.len() => bytes[at] = random.next() as u8,
                2 if at < bytes.len() => bytes.insert(at, b"\"\\\n[]{}:\x1b\t<\xc3 "[random.below(13)]),
                3 if at < bytes.len() => drop(bytes.remove(at)),
                _ => {
                    let other = &cases[random.below(cases.len())].text;
                    let from = random.below(other.len());
                    bytes.extend_from_slice(&other.as_bytes()[from..]);
                }
            }
        }
        let mut text = String::from_utf8_lossy(&bytes).into_owned();
        check_report(&text);
        for _ in 0..random.below(5) {
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            text.insert_str(places[random.below(places.len())], ODD[random.below(ODD.len())]);
        }
        let blank = ODD[random.below(8)];
        check_report(&if random.below(3) == 0 { text.replace(' ', blank) } else { text });
    }
    for length in [0, 1, 2, 3, 100, 5000] {
        let noise: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
        check_report(&String::from_utf8_lossy(&noise));
    }
}

/// Cases whose text, bent by `bend`, gets another cause. Those that are about layout itself are left alone.
fn bent(bend: impl Fn(&str) -> String, fits: impl Fn(&Case) -> bool) -> Vec<String> {
    let mut wrong = Vec::new();
    for case in all_cases().iter().filter(|case| fits(case)) {
        let text = bend(&case.text);
        let found = cause_of(&text);
        if found != case.expected && cause_of(&case.text) == case.expected {
            let name = case.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            wrong.push(format!("{name}:{} {} became {found}", case.line, case.expected));
        }
    }
    wrong
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn line_ends_of_windows_change_nothing() {
    assert_none(&bent(|text| text.replace('\n', "\r\n"), |_| true));
}

#[test]
fn words_around_it_change_nothing() {
    let around = |text: &str| {
        format!("Hi all, my deployment does not come up since this morning.\n\n{text}\n\nThanks for any idea!\n")
    };
    assert_none(&bent(around, |_| true));
}

#[test]
fn a_quoting_mark_before_each_line_changes_nothing() {
    let quoted = |text: &str| text.lines().map(|line| format!("> {line}\n")).collect();
    // YAML and JSON live by their indentation and brackets
    assert_none(&bent(quoted, |case| {
        !case.text.contains("\n  - ")
            && !case.text.contains("waiting:")
            && !case.text.trim_start().starts_with(['{', '"'])
    }));
}

#[test]
fn colours_change_nothing() {
    let coloured = |text: &str| text.lines().map(|line| format!("\u{1b}[31m{line}\u{1b}[0m\n")).collect();
    assert_none(&bent(coloured, |case| {
        !case.text.trim_start().starts_with(['{', '"']) && !case.text.contains("waiting:")
    }));
}

#[test]
fn a_terminal_that_wraps_changes_nothing() {
    // Events and sentences: a terminal cuts them at its width, in the middle of words.
    let wrapped = |text: &str| {
        let wrap = |line: &str| {
            line.chars()
                .collect::<Vec<_>>()
                .chunks(120)
                .map(|part| part.iter().collect::<String>())
                .collect::<Vec<_>>()
                .join("\n")
        };
        text.lines().map(|line| wrap(line) + "\n").collect()
    };
    let one_message =
        |case: &Case| case.text.trim().lines().count() == 1 && case.text.starts_with("Failed to pull image");
    assert_none(&bent(wrapped, one_message));
}

#[test]
fn names_that_sound_like_errors_fool_nobody() {
    let names = [
        "no-such-host",
        "toomanyrequests",
        "x509",
        "unauthorized",
        "denied",
        "manifest-unknown",
        "eof",
        "connection-refused",
        "i-o-timeout",
        "no-space-left-on-device",
        "forbidden",
        "429",
    ];
    for name in names {
        for other in names {
            let image = format!("registry.{name}.test/{other}/{name}:{other}");
            let text = format!(
                "Failed to pull image \"{image}\": rpc error: code = NotFound desc = failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": {image}: not found"
            );
            assert_eq!(cause_of(&text), "tag-not-found", "{text}");
        }
    }
}

#[test]
fn masking_names_keeps_the_answer() {
    let mut wrong = Vec::new();
    for case in all_cases().iter().step_by(3) {
        let masked = mask_names(&case.text);
        let (before, after) = (cause_of(&case.text), cause_of(&masked));
        if before != after {
            wrong.push(format!("{}:{} {before} became {after}:\n{masked}", case.file.display(), case.line));
        }
    }
    assert_none(&wrong);
}
