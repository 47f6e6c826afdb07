//! Markdown: a report for a ticket, and causes' pages for the documentation.

use crate::cause::Cause;
use crate::render::page::{Block, Inline, page};
use crate::render::{visible, words};
use crate::report::{Diagnosis, Finding, Report, ReportedFix};

/// A report for a ticket.
pub fn markdown(report: &Report) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        write_finding(finding, &mut out);
    }
    if !report.notes.is_empty() {
        let notes: Vec<String> = report.notes.iter().map(|note| format!("- {}\n", escape(&note.text))).collect();
        out.push_str(&notes.concat());
    }
    out
}

fn write_finding(finding: &Finding, out: &mut String) {
    let Some(best) = finding.diagnoses.first() else { return };
    out.push_str(&format!("## {}\n\n", escape(&best.title)));
    out.push_str(&format!(
        "`{}`, {}, {}\n\n",
        best.cause,
        words::confidence(best.confidence),
        words::outlook(best.outlook)
    ));
    let mut facts = Vec::new();
    let container = finding.container.as_ref().map(|container| {
        let name = container.name.as_ref().map(|name| format!(" {}", code(name))).unwrap_or_default();
        format!("{}{name}", words::kind(container.kind))
    });
    facts.extend(words::subject(finding).map(|subject| format!("pod {}", code(&subject))));
    facts.extend(container);
    facts.extend(finding.image.as_ref().map(|image| format!("image {}", code(image))));
    facts.extend(finding.node.as_ref().map(|node| format!("node {}", code(node))));
    if !facts.is_empty() {
        out.push_str(&format!("{}\n\n", facts.join(", ")));
    }
    if let Some(state) = words::state(finding) {
        out.push_str(&format!("{state}\n\n"));
    }
    write_evidence(best, out);
    for (index, fix) in best.fixes.iter().enumerate() {
        write_fix(fix, index, out);
    }
    for question in &finding.would_settle {
        out.push_str(&format!("Open: {}\n\n", escape(&question.question)));
        if let Some(command) = &question.command {
            out.push_str(&fenced("sh", command));
        }
    }
    let others: Vec<String> = finding
        .diagnoses
        .iter()
        .skip(1)
        .map(|other| format!("{} (`{}`, {})", escape(&other.title), other.cause, words::confidence(other.confidence)))
        .collect();
    if !others.is_empty() {
        out.push_str(&format!("If that is not it: {}\n\n", others.join("; ")));
    }
}

fn write_evidence(best: &Diagnosis, out: &mut String) {
    if best.evidence.is_empty() {
        return;
    }
    out.push_str("### Proof\n\n");
    let lines: Vec<&str> = best.evidence.iter().map(|evidence| evidence.text.trim()).collect();
    out.push_str(&fenced("text", &lines.join("\n")));
}

fn write_fix(fix: &ReportedFix, index: usize, out: &mut String) {
    let head = if index == 0 { "Fix" } else { "Or" };
    out.push_str(&format!("### {head}: {}\n\n", escape(&fix.title)));
    out.push_str(&format!("Who: {}\n\n", words::who(fix.who)));
    for step in &fix.steps {
        out.push_str(&format!("- {}\n", prose(step)));
    }
    if !fix.steps.is_empty() {
        out.push('\n');
    }
    for commands in [&fix.checks, &fix.commands] {
        if !commands.is_empty() {
            let lines: Vec<&str> = commands.iter().map(|command| command.run.as_str()).collect();
            out.push_str(&fenced("sh", &lines.join("\n")));
        }
    }
    for warning in &fix.warnings {
        out.push_str(&format!("> **Mind:** {}\n\n", prose(warning)));
    }
}

/// A cause's page. Links to other causes go to files beside it.
pub fn cause(cause: &Cause) -> String {
    let mut out = String::new();
    for block in page(cause) {
        match block {
            Block::Heading(level, text) => {
                out.push_str(&format!("{} {}\n\n", "#".repeat(usize::from(level)), escape(&text)))
            }
            Block::Paragraph(text) => out.push_str(&format!("{}\n\n", prose(&text))),
            Block::Warning(text) => out.push_str(&format!("> **Mind:** {}\n\n", prose(&text))),
            Block::List(items) => {
                items.iter().for_each(|line| out.push_str(&format!("- {}\n", inline(line))));
                out.push('\n');
            }
            Block::Commands(commands) => out.push_str(&fenced("sh", &commands.join("\n"))),
        }
    }
    out
}

fn inline(line: &[Inline]) -> String {
    let parts = line.iter().map(|part| match part {
        Inline::Text(text) => prose(text),
        Inline::Code(text) => code(text),
        Inline::Cause(id) => format!("[{id}]({id}.md)"),
        Inline::Link(link) => format!("<{link}>"),
    });
    parts.collect::<Vec<_>>().join(" ")
}

/// A block of code whose fence is longer than any run of backticks in it.
fn fenced(language: &str, text: &str) -> String {
    let text = visible(text);
    let fence = "`".repeat(longest_run(&text).max(2) + 1);
    format!("{fence}{language}\n{text}\n{fence}\n\n")
}

fn code(text: &str) -> String {
    let text = visible(text).replace('\n', " ");
    let ticks = "`".repeat(longest_run(&text) + 1);
    if text.starts_with('`') || text.ends_with('`') {
        format!("{ticks} {text} {ticks}")
    } else {
        format!("{ticks}{text}{ticks}")
    }
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Prose of the catalogue, which marks code with backticks: nothing is escaped inside of them.
fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    // An odd backtick marks nothing.
    if parts.len().is_multiple_of(2) {
        return escape(text);
    }
    let shown = parts.iter().enumerate().map(|(index, part)| if index % 2 == 0 { escape(part) } else { visible(part) });
    shown.collect::<Vec<_>>().join("`")
}

/// Words of the input, so that none of them is a mark of Markdown or a tag of HTML.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        if matches!(c, '<' | '>' | '*' | '[' | ']' | '|' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_in_prose_is_not_escaped_and_the_rest_is() {
        assert_eq!(prose("a <b> `[[host]]` *c*"), "a \\<b\\> `[[host]]` \\*c\\*");
        assert_eq!(prose("an odd ` and <b>"), "an odd ` and \\<b\\>");
    }
}
