//! `cargo xtask score FILE…`: how many labelled texts the classifier names rightly, and which it does not.
//!
//! A file holds one JSON object a line: `id`, `label` (a cause's id, or `not-a-pull-failure`), `also_ok` (acceptable ids), `text`.

use imagepull_classifier::cause::Confidence;
use imagepull_classifier::{Options, diagnose};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A labelled text.
#[derive(Deserialize)]
pub struct Case {
    /// Name of the case.
    pub id: String,
    /// The right answer.
    pub label: String,
    /// Answers that are acceptable, too.
    #[serde(default)]
    pub also_ok: Vec<String>,
    /// The text.
    pub text: String,
}

/// What the classifier makes of a case.
pub struct Outcome {
    /// Its answer: the first cause of the first finding, or `not-a-pull-failure`.
    pub answer: String,
    /// How sure it is.
    pub confidence: Option<Confidence>,
}

/// The label that stands for silence.
const SILENCE: &str = "not-a-pull-failure";

impl Case {
    /// Runs the classifier.
    pub fn outcome(&self) -> Outcome {
        let report = diagnose(&self.text, &Options::default());
        let best = report.findings.first().and_then(|finding| finding.diagnoses.first());
        Outcome {
            answer: best.map_or_else(|| SILENCE.to_owned(), |best| best.cause.clone()),
            confidence: best.map(|best| best.confidence),
        }
    }

    /// Whether an answer is right or acceptable.
    pub fn accepts(&self, answer: &str) -> bool {
        self.label == answer || self.also_ok.iter().any(|also| also == answer)
    }
}

/// Reads the cases of a file.
pub fn read(path: &str) -> Result<Vec<Case>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| serde_json::from_str(line).map_err(|error| format!("{path}:{}: {error}", number + 1)))
        .collect()
}

/// Prints the table.
pub fn run(paths: &[String]) -> Result<(), String> {
    if paths.is_empty() {
        return Err("cargo xtask score FILE…".to_owned());
    }
    for path in paths {
        let cases = read(path)?;
        let mut rows: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
        let (mut exact, mut accepted, mut wrongly_sure, mut alarms) = (0, 0, 0, 0);
        for case in &cases {
            let outcome = case.outcome();
            let row = rows.entry(&case.label).or_default();
            row[0] += 1;
            if outcome.answer == case.label {
                exact += 1;
                row[1] += 1;
            } else if case.accepts(&outcome.answer) {
                accepted += 1;
                row[2] += 1;
            } else {
                let sure = outcome.confidence.is_some_and(|confidence| confidence >= Confidence::Likely);
                wrongly_sure += usize::from(sure);
                alarms += usize::from(case.label == SILENCE);
                let confidence =
                    outcome.confidence.map_or(String::new(), |confidence| format!(" ({confidence:?})").to_lowercase());
                println!("{:8} expected {}, got {}{confidence}", case.id, case.label, outcome.answer);
            }
        }
        println!("\n{:34} {:>5} {:>6} {:>9}", "label", "texts", "exact", "accepted");
        for (label, [texts, exact, accepted]) in &rows {
            let mark = if exact + accepted < *texts { "  <" } else { "" };
            println!("{label:34} {texts:>5} {exact:>6} {accepted:>9}{mark}");
        }
        let right = exact + accepted;
        let percent = 100.0 * right as f64 / cases.len().max(1) as f64;
        println!(
            "\n{path}: {right} of {} right ({percent:.1} %): {exact} exact, {accepted} accepted; {wrongly_sure} wrong and sure; {alarms} false alarms",
            cases.len()
        );
    }
    Ok(())
}
