//! The answer's way out: the form that was asked for, onto standard output, and the exit code.

use crate::args::Form;
use crate::failure::plain;
use imagepull_classifier::cause::{Confidence, Outlook};
use imagepull_classifier::observations::State;
use imagepull_classifier::render;
use imagepull_classifier::report::{Finding, Report};
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

/// Some failing pull needs somebody to change something.
const FINAL: u8 = 10;
/// Failing pulls, none of that kind.
const TRANSIENT: u8 = 11;

/// Prints `report`; `inputs` are the texts it speaks of.
pub fn print(report: &Report, inputs: &[&str], form: Form, exit_code: bool) -> ExitCode {
    let text = match form {
        Form::Text => render::text::text(report, inputs, &style()),
        Form::Json => render::json::json(report),
        Form::Yaml => yaml(report),
        Form::Markdown => render::markdown::markdown(report),
        Form::Wide => wide(report),
        Form::Name => names(report),
    };
    match write(&text) {
        code if code != ExitCode::SUCCESS || !exit_code => code,
        _ => ExitCode::from(verdict(report)),
    }
}

/// Writes to standard output, ending with a line end. A reader that has seen enough (`| head`) is no error.
pub fn write(text: &str) -> ExitCode {
    let mut stdout = anstream::AutoStream::auto(std::io::stdout());
    let end = if text.ends_with('\n') { "" } else { "\n" };
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.write_all(end.as_bytes()))
        .and_then(|()| stdout.flush())
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: standard output cannot be written: {error}");
            ExitCode::from(1)
        }
    }
}

/// How text is laid out on this terminal.
pub fn style() -> render::text::Style {
    let color = anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never;
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let width = columns
        .or_else(|| terminal_size::terminal_size().map(|(terminal_size::Width(width), _)| usize::from(width)))
        .unwrap_or(120);
    render::text::Style { color, width }
}

fn verdict(report: &Report) -> u8 {
    let open = || report.findings.iter().filter(|finding| finding.state != State::Healed);
    let is_final = |finding: &Finding| {
        finding
            .diagnoses
            .first()
            .is_some_and(|diagnosis| diagnosis.outlook == Outlook::Final && diagnosis.confidence >= Confidence::Likely)
    };
    if open().any(is_final) {
        FINAL
    } else if open().next().is_some() {
        TRANSIENT
    } else {
        0
    }
}

/// The JSON document as YAML.
fn yaml(report: &Report) -> String {
    let value: serde_json::Value = serde_json::from_str(&render::json::json(report)).expect("a report is JSON");
    serde_saphyr::to_string(&value).expect("JSON is YAML")
}

const NONE: &str = "<none>";

fn names(report: &Report) -> String {
    let mut lines: Vec<String> = Vec::new();
    for finding in &report.findings {
        let line = match (&finding.pod, &finding.image) {
            (Some(pod), _) => format!("pod/{}", plain(pod)),
            (None, Some(image)) => format!("image/{}", plain(image)),
            (None, None) => NONE.to_owned(),
        };
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines.join("\n")
}

fn wide(report: &Report) -> String {
    let heads = [
        "NAMESPACE",
        "POD",
        "CONTAINER",
        "CAUSE",
        "CONFIDENCE",
        "OUTLOOK",
        "STATE",
        "IMAGE",
        "NODE",
        "OWNER",
        "LAST-SEEN",
    ];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    for finding in &report.findings {
        let cell = |value: Option<&str>| value.map_or_else(|| NONE.to_owned(), plain);
        let diagnosis = finding.diagnoses.first();
        rows.push(vec![
            cell(finding.namespace.as_deref()),
            cell(finding.pod.as_deref()),
            cell(finding.container.as_ref().and_then(|container| container.name.as_deref())),
            cell(diagnosis.map(|diagnosis| diagnosis.cause.as_str())),
            word(diagnosis.map(|diagnosis| diagnosis.confidence)),
            word(diagnosis.map(|diagnosis| diagnosis.outlook)),
            word(Some(finding.state)),
            cell(finding.image.as_deref()),
            cell(finding.node.as_deref()),
            cell(finding.owner.as_deref()),
            finding.last_seen.map_or_else(|| "<unknown>".to_owned(), age),
        ]);
    }
    if report.findings.is_empty() {
        return String::new();
    }
    columns(&rows)
}

/// A word as the JSON document has it.
fn word(value: Option<impl serde::Serialize>) -> String {
    match value.map(|value| serde_json::to_value(value)) {
        Some(Ok(serde_json::Value::String(word))) => word,
        _ => NONE.to_owned(),
    }
}

/// Seconds as kubectl writes an age.
fn age(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", seconds / 60),
        7200..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// Rows under each other, three blanks between columns, as kubectl prints tables.
pub fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..count).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&format!("{cell:<width$}   "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_columns_look_like_kubectls() {
        assert_eq!([5, 119, 120, 7199, 7200, 172_800].map(age), ["5s", "119s", "2m", "119m", "2h", "2d"]);
        let rows = [vec!["A".to_owned(), "BB".to_owned()], vec!["long".to_owned(), "x".to_owned()]];
        assert_eq!(columns(&rows), "A      BB\nlong   x\n");
    }
}
