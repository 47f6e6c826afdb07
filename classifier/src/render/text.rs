//! The terminal: one screen for one failure, four lines for thirty pods with one reason.

use crate::cause::{Cause, Outlook};
use crate::observations::State;
use crate::render::page::{Block, Inline, page};
use crate::render::{visible, words};
use crate::report::{Diagnosis, Evidence, Finding, Group, Report, ReportedFix};

/// How to print.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether the terminal knows colours.
    pub color: bool,
    /// Columns. Prose is wrapped; commands never are.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Style {
        Style { color: false, width: 100 }
    }
}

/// Findings up to which each one gets its own screen.
const MOST_SCREENS: usize = 3;

/// A report for people. `inputs` are those that were diagnosed: the evidence is quoted from them.
pub fn text(report: &Report, inputs: &[&str], style: &Style) -> String {
    let mut out = Out { text: String::new(), style: *style };
    let failing = report.findings.iter().filter(|finding| finding.state != State::Healed).count();
    if failing > MOST_SCREENS || report.groups.iter().any(|group| group.members.len() > 1) {
        for group in &report.groups {
            out.group(group, report, inputs);
        }
        for finding in report.findings.iter().filter(|finding| finding.state == State::Healed) {
            out.finding(finding, inputs);
        }
    } else {
        for finding in &report.findings {
            out.finding(finding, inputs);
        }
    }
    for note in &report.notes {
        out.paragraph("", &note.text);
    }
    out.text
}

/// A cause's page for `explain`.
pub fn cause(cause: &Cause, style: &Style) -> String {
    let mut out = Out { text: String::new(), style: *style };
    for block in page(cause) {
        match block {
            Block::Heading(1, text) => {
                let line = out.bold(&text);
                out.line(&line);
                out.line("");
            }
            Block::Heading(2, text) => {
                let line = out.bold(&text);
                out.line(&line);
            }
            Block::Heading(_, text) => {
                out.paragraph("  ", &text);
            }
            Block::Paragraph(text) => {
                out.paragraph("  ", &text);
                if !text.starts_with("Who:") && !text.starts_with("To ") {
                    out.line("");
                }
            }
            Block::Warning(text) => out.paragraph("  ! ", &text),
            Block::List(items) => {
                for line in &items {
                    out.paragraph("  - ", &inline(line));
                }
                out.line("");
            }
            Block::Commands(commands) => {
                commands.iter().for_each(|command| out.line(&format!("      {}", visible(command))));
                out.line("");
            }
        }
    }
    while out.text.ends_with("\n\n") {
        out.text.pop();
    }
    out.text
}

fn inline(line: &[Inline]) -> String {
    let parts = line.iter().map(|part| match part {
        Inline::Text(text) | Inline::Code(text) => text.clone(),
        Inline::Cause(id) => (*id).to_owned(),
        Inline::Link(link) => (*link).to_owned(),
    });
    parts.collect::<Vec<_>>().join(" ")
}

struct Out {
    text: String,
    style: Style,
}

impl Out {
    fn paint(&self, code: &str, text: &str) -> String {
        if self.style.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn bold(&self, text: &str) -> String {
        self.paint("1", &visible(text))
    }

    fn dim(&self, text: &str) -> String {
        self.paint("2", &visible(text))
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// Wrapped prose; lines after the first are indented as far as the first one's words.
    fn paragraph(&mut self, prefix: &str, text: &str) {
        let indent = " ".repeat(prefix.chars().count());
        let most = self.style.width.max(40);
        let mut line = prefix.to_owned();
        let mut empty = true;
        for word in visible(text).split_whitespace() {
            if !empty && line.chars().count() + 1 + word.chars().count() > most {
                self.line(&line);
                line.clone_from(&indent);
                empty = true;
            }
            if !empty {
                line.push(' ');
            }
            line.push_str(word);
            empty = false;
        }
        self.line(&line);
    }

    fn finding(&mut self, finding: &Finding, inputs: &[&str]) {
        self.subject(finding);
        let Some(best) = finding.diagnoses.first() else { return };
        self.verdict(finding, best);
        self.evidence(best, inputs);
        self.attempts(finding);
        if finding.state != State::Healed {
            self.fixes(best);
        }
        self.open(finding);
        self.others(finding);
        if !finding.looked_at.is_empty() {
            self.paragraph("  ", &format!("Looked at {}.", finding.looked_at.join(", ")));
        }
        for not_read in &finding.not_read {
            let rule = not_read.rule.as_ref().map(|rule| format!(" Allowed by: {rule}")).unwrap_or_default();
            self.paragraph("  ", &format!("Could not read {}: {}.{rule}", not_read.what, not_read.why));
        }
        let more = self.dim(&format!("  More: kubectl imagepull explain {}", best.cause));
        self.line(&more);
        self.line("");
    }

    fn subject(&mut self, finding: &Finding) {
        let mut parts = Vec::new();
        parts.extend(words::subject(finding).map(|subject| self.bold(&subject)));
        parts.extend(finding.container.as_ref().map(|container| match &container.name {
            Some(name) => format!("{} {}", words::kind(container.kind), visible(name)),
            None => words::kind(container.kind).to_owned(),
        }));
        parts.extend(finding.image.as_ref().map(|image| self.bold(image)));
        parts.extend(finding.node.as_ref().map(|node| self.dim(&format!("on {node}"))));
        if !parts.is_empty() {
            self.line(&parts.join("  "));
            self.line("");
        }
    }

    fn verdict(&mut self, finding: &Finding, best: &Diagnosis) {
        let color = match (finding.state, best.outlook) {
            (State::Healed, _) => "1;32",
            (_, Outlook::Final) => "1;31",
            _ => "1;33",
        };
        let title = self.paint(color, &visible(&best.title));
        self.line(&format!("  {title}"));
        let mut about = vec![best.cause.clone(), words::confidence(best.confidence).to_owned()];
        if finding.state == State::Failing {
            about.push(words::outlook(best.outlook).to_owned());
        }
        if let Some(seconds) = finding.next_retry {
            about.push(format!("the kubelet tries again within {}", words::duration(seconds)));
        }
        let about = self.dim(&about.join(" · "));
        self.line(&format!("  {about}"));
        if let Some(from) = &best.settled_from {
            self.paragraph("  ", &format!("(The text alone says {from}; facts of the cluster decided.)"));
        }
        if let Some(state) = words::state(finding) {
            self.paragraph("  ", state);
        }
        self.line("");
    }

    fn evidence(&mut self, best: &Diagnosis, inputs: &[&str]) {
        if best.evidence.is_empty() {
            return;
        }
        let head = self.bold("Proof");
        self.line(&format!("  {head}"));
        for evidence in &best.evidence {
            self.quote(evidence, inputs);
        }
        self.line("");
    }

    /// The proving words in their line, underlined. A long line is shown around them.
    fn quote(&mut self, evidence: &Evidence, inputs: &[&str]) {
        let label = format!("    {:<7} ", words::source(evidence.source));
        let input = evidence.input.and_then(|index| inputs.get(index));
        let (Some(last), Some(input)) = (evidence.spans.last(), input) else {
            self.paragraph(&label, &evidence.text);
            return;
        };
        let line_start = input.get(..last[0]).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
        let line_end = input.get(last[1]..).and_then(|after| after.find('\n')).map_or(input.len(), |at| last[1] + at);
        // Character by character, with its mark: what is proof on this line (a proof over several lines ends the line it is on).
        let mut shown: Vec<(char, bool)> = Vec::new();
        for (at, c) in input.get(line_start..line_end.max(line_start)).unwrap_or_default().char_indices() {
            let at = line_start + at;
            let proof = evidence.spans.iter().any(|span| span[0] <= at && at < span[1]);
            shown.extend(flat(c.encode_utf8(&mut [0; 4])).chars().map(|c| (c, proof)));
        }
        let blank = |(c, _): &(char, bool)| c.is_whitespace();
        let start = shown.iter().position(|one| !blank(one)).unwrap_or(shown.len());
        let end = shown.iter().rposition(|one| !blank(one)).map_or(start, |at| at + 1);
        let shown = &shown[start..end];
        let room = self.style.width.max(40).saturating_sub(label.chars().count() + 2);
        let part = &fitted(shown, room)[..];
        let mut line = label.clone();
        let mut marks = " ".repeat(label.chars().count());
        for (proof, run) in runs(part) {
            let text: String = run.iter().map(|(c, _)| *c).collect();
            line.push_str(&if proof { self.paint("1", &text) } else { text });
            marks.push_str(&(if proof { "^" } else { " " }).repeat(run.len()));
        }
        self.line(&line);
        let marks_painted = self.paint("1;31", marks.trim_start());
        let indent = marks.len() - marks.trim_start().len();
        self.line(&format!("{}{marks_painted}", " ".repeat(indent)));
    }

    /// Several tries of one attempt, in order.
    fn attempts(&mut self, finding: &Finding) {
        let Some(tries) = finding.attempts.iter().map(|attempt| &attempt.tries).rfind(|tries| tries.len() > 1) else {
            return;
        };
        let head = self.bold("Tried in this order");
        self.line(&format!("  {head}"));
        for (index, one) in tries.iter().enumerate() {
            let cause = one.cause.as_deref().unwrap_or("no cause of its own");
            self.paragraph(&format!("    {}. ", index + 1), &format!("{cause}: {}", short(&one.text, 160)));
        }
        self.line("");
    }

    fn fixes(&mut self, best: &Diagnosis) {
        let Some((first, others)) = best.fixes.split_first() else { return };
        self.fix(first);
        if !others.is_empty() {
            for other in others {
                let title = other.title.strip_prefix("Or ").unwrap_or(&other.title);
                self.paragraph("  Or ", &format!("{} ({})", lower_first(title), words::who(other.who)));
            }
            self.line("");
        }
    }

    fn fix(&mut self, fix: &ReportedFix) {
        let head = self.bold(&format!("Fix: {}", fix.title));
        let who = self.dim(&format!("({})", words::who(fix.who)));
        self.line(&format!("  {head}  {who}"));
        for step in &fix.steps {
            self.paragraph("    ", step);
        }
        for command in fix.checks.iter().chain(&fix.commands) {
            let run = self.paint("36", &visible(&command.run));
            self.line(&format!("    $ {run}"));
        }
        let needs: Vec<&str> = fix.commands.iter().flat_map(|command| command.needs.iter().copied()).collect();
        let mut known = Vec::new();
        needs.into_iter().for_each(|need| {
            if !known.contains(&need) {
                known.push(need)
            }
        });
        let unset: Vec<&str> = known
            .into_iter()
            .filter(|need| !fix.commands.iter().any(|command| command.run.contains(&format!("${{{need}:-"))))
            .collect();
        if !unset.is_empty() {
            self.paragraph("    ", &format!("Set {} before (export, or in front of the command).", unset.join(", ")));
        }
        for warning in &fix.warnings {
            self.paragraph("    ! ", warning);
        }
        self.line("");
    }

    fn open(&mut self, finding: &Finding) {
        for question in &finding.would_settle {
            self.paragraph("  ? ", &question.question);
            if let Some(command) = &question.command {
                let run = self.paint("36", &visible(command));
                self.line(&format!("    $ {run}"));
            }
        }
        if !finding.would_settle.is_empty() {
            self.line("");
        }
    }

    fn others(&mut self, finding: &Finding) {
        for other in finding.diagnoses.iter().skip(1).take(2) {
            self.paragraph(
                "  ",
                &format!(
                    "If that is not it: {} ({}, {})",
                    other.title,
                    other.cause,
                    words::confidence(other.confidence)
                ),
            );
        }
    }

    /// A group in four lines, and the first fix once.
    fn group(&mut self, group: &Group, report: &Report, inputs: &[&str]) {
        let Some(first) = group.members.first().and_then(|&index| report.findings.get(index)) else { return };
        if group.members.len() == 1 && report.groups.len() <= MOST_SCREENS {
            self.finding(first, inputs);
            return;
        }
        let Some(best) = first.diagnoses.first() else { return };
        let count = |number: usize, one: &str, many: &str| {
            (number > 0).then(|| format!("{number} {}", if number == 1 { one } else { many }))
        };
        let counts = &group.counts;
        let parts = [
            count(counts.pods, "pod", "pods"),
            count(counts.owners, "owner", "owners"),
            count(counts.nodes, "node", "nodes"),
            count(counts.images, "image", "images"),
        ];
        let counts = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let color = if best.outlook == Outlook::Final { "1;31" } else { "1;33" };
        let title = self.paint(color, &visible(&best.title));
        self.line(&format!("{title}{}", if counts.is_empty() { String::new() } else { format!("  {counts}") }));
        let registry = group.registry.as_deref().map(|registry| format!(" · {registry}")).unwrap_or_default();
        let about = self.dim(&format!(
            "{} · {} · {}{registry}",
            best.cause,
            words::confidence(best.confidence),
            words::outlook(best.outlook)
        ));
        self.line(&format!("  {about}"));
        let names: Vec<String> = group
            .members
            .iter()
            .filter_map(|&index| report.findings.get(index))
            .map(|finding| words::subject(finding).or_else(|| finding.image.clone()).unwrap_or_default())
            .collect();
        let mut unique: Vec<String> = Vec::new();
        names.into_iter().filter(|name| !name.is_empty()).for_each(|name| {
            if !unique.contains(&name) {
                unique.push(name)
            }
        });
        let more = unique.len().saturating_sub(3);
        let shown = unique.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
        self.paragraph("  ", &if more > 0 { format!("{shown} and {more} more") } else { shown });
        if let Some(evidence) = best.evidence.first() {
            self.quote(evidence, inputs);
        }
        if let Some(fix) = best.fixes.first() {
            self.fix(fix);
        } else {
            self.line("");
        }
    }
}

/// What is shown of a line: all of it; or its proofs with some words around each, and `…` for what is left out.
fn fitted(shown: &[(char, bool)], room: usize) -> Vec<(char, bool)> {
    if shown.len() <= room {
        return shown.to_vec();
    }
    let runs = runs(shown);
    let proofs: usize = runs.iter().filter(|(proof, _)| *proof).map(|(_, run)| run.len()).sum();
    let gaps = runs.iter().filter(|(proof, _)| !*proof).count();
    let around = room.saturating_sub(proofs + gaps) / gaps.max(1);
    if around < 8 {
        // too much proof for one line: its end tells most
        let mut cut = vec![('…', false)];
        cut.extend(&shown[shown.len() - (room - 1)..]);
        return cut;
    }
    let mut fitted = Vec::new();
    let last = runs.len() - 1;
    // what short gaps leave over goes to the words in front
    let spare: usize =
        runs.iter().filter(|(proof, run)| !*proof && run.len() < around).map(|(_, run)| around - run.len()).sum();
    for (index, (proof, run)) in runs.iter().enumerate() {
        let room = if index == 0 { around + spare } else { around };
        if *proof || run.len() <= room {
            fitted.extend(*run);
            continue;
        }
        let (head, tail) = match index {
            0 => (0, room),
            _ if index == last => (room, 0),
            _ => (room / 2, room - room / 2),
        };
        fitted.extend(&run[..head]);
        fitted.push(('…', false));
        fitted.extend(&run[run.len() - tail..]);
    }
    fitted
}

/// Runs of characters that are proof, or are not.
fn runs(part: &[(char, bool)]) -> Vec<(bool, &[(char, bool)])> {
    part.chunk_by(|a, b| a.1 == b.1).map(|run| (run[0].1, run)).collect()
}

/// On one line.
fn flat(text: &str) -> String {
    visible(text).replace(['\n', '\t'], " ")
}

fn short(text: &str, most: usize) -> String {
    let flat = flat(text);
    if flat.chars().count() <= most { flat } else { flat.chars().take(most - 1).collect::<String>() + "…" }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next();
    let second_is_lower = chars.clone().next().is_none_or(char::is_lowercase);
    match first {
        Some(first) if second_is_lower => first.to_lowercase().chain(chars).collect(),
        _ => text.to_owned(),
    }
}
