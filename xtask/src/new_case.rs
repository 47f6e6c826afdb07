//! `cargo xtask new-case CAUSE [FILE|-]`: adds a text to a cause's cases, and says what is answered today. The text may be the body of an
//! issue that was written with the form "Paste the message" (`.github/ISSUE_TEMPLATE/wrong-answer.yml`).

use crate::root;
use imagepull_classifier::cause::Cause;
use imagepull_classifier::{Options, causes, diagnose};
use std::io::{Read, Write};

/// The word for "no cause must be named".
const NONE: &str = "none";
/// The cause whose file holds what is no pull failure.
const SILENCE: &str = "not-a-pull-failure";

/// Appends the case.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let (wanted, file) = match arguments {
        [wanted] => (wanted.as_str(), "-"),
        [wanted, file] => (wanted.as_str(), file.as_str()),
        _ => return Err("cargo xtask new-case CAUSE [FILE|-], as: new-case tag-not-found message.txt".to_owned()),
    };
    let id = if wanted == NONE { SILENCE } else { wanted };
    let cause = causes::find(id).ok_or_else(|| format!("{id:?} is no cause; `cargo run -- causes` lists them"))?;
    let text = text(file)?;
    let case = match Issue::read(&text) {
        Some(issue) => case(cause, &issue.message, &issue.seen)?,
        None => case(cause, &text, "TODO: where it was seen")?,
    };
    let path =
        format!("classifier/src/causes/{}/{}.txt", format!("{:?}", cause.area).to_lowercase(), id.replace('-', "_"));
    let opened = std::fs::OpenOptions::new().create(true).append(true).open(root::join(&path));
    opened.and_then(|mut file| file.write_all(case.words.as_bytes())).map_err(|error| format!("{path}: {error}"))?;
    println!("{path}: added. Today's answer: {}.", case.answer);
    println!("Write beside it where it was seen, and take out names and tokens that are nobody's business.");
    if case.answer != case.head {
        println!("The test fails until {} is answered: `cargo test -p imagepull-classifier`.", case.head);
    }
    Ok(())
}

/// A case as its file has it.
struct Case {
    head: &'static str,
    words: String,
    answer: String,
}

/// What the form of an issue says.
struct Issue {
    message: String,
    seen: String,
}

impl Issue {
    /// Reads the body of an issue: GitHub writes every answer below its heading, and fences what has a `render`.
    fn read(text: &str) -> Option<Issue> {
        let text = text.replace("\r\n", "\n");
        let answer = |heading: &str| {
            let (_, rest) = text.split_once(&format!("### {heading}\n"))?;
            Some(rest.trim_start_matches('\n').to_owned())
        };
        let fenced = answer("The message")?;
        let (_, inside) = fenced.strip_prefix("```")?.split_once('\n')?;
        let message = inside.split_once("\n```").map_or(inside, |(message, _)| message).to_owned();
        let seen = answer("Where it was seen").and_then(|seen| seen.lines().next().map(str::to_owned));
        let seen = seen.filter(|seen| !seen.trim().is_empty() && seen != "_No response_");
        Some(Issue { message, seen: seen.unwrap_or_else(|| "TODO: where it was seen".to_owned()) })
    }
}

fn case(cause: &'static Cause, text: &str, seen: &str) -> Result<Case, String> {
    if text.trim().is_empty() {
        return Err("there is no text".to_owned());
    }
    let report = diagnose(text, &Options::default());
    let best = report.findings.first().and_then(|finding| finding.diagnoses.first());
    let head = if cause.id == SILENCE { NONE } else { cause.id };
    let mut words = format!("--- {head}\n# {seen}\n");
    for (index, line) in text.trim_end().lines().enumerate() {
        // What would be read as the head of a case, or as a comment, is moved by one blank.
        let mark = line.starts_with("--- ") || (index == 0 && line.starts_with('#'));
        words.push_str(if mark { " " } else { "" });
        words.push_str(line);
        words.push('\n');
    }
    Ok(Case { head, words, answer: best.map_or_else(|| NONE.to_owned(), |best| best.cause.clone()) })
}

fn text(file: &str) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = match file {
        "-" => std::io::stdin().lock().read_to_end(&mut bytes).map(|_| ()),
        file => std::fs::read(file).map(|read| bytes = read),
    };
    read.map_err(|error| format!("{file}: {error}"))?;
    String::from_utf8(bytes).map_err(|_| format!("{file}: not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_a_case_and_its_answer_is_told() {
        let cause = causes::find("tag-not-found").expect("a cause");
        let case = case(
            cause,
            "# docker\nFailed to pull image \"nginx:nope\": manifest unknown\n--- x",
            "TODO: where it was seen",
        )
        .expect("a case");
        assert_eq!(
            case.words,
            "--- tag-not-found\n# TODO: where it was seen\n # docker\nFailed to pull image \"nginx:nope\": manifest unknown\n --- x\n"
        );
        assert_eq!(case.answer, "tag-not-found");
    }

    #[test]
    fn silence_is_a_case_too_and_no_text_is_none() {
        let cause = causes::find(SILENCE).expect("a cause");
        let case = case(cause, "all is well", "a chat").expect("a case");
        assert_eq!((case.head, case.answer.as_str()), (NONE, NONE));
        assert!(super::case(cause, " \n", "").is_err());
    }

    #[test]
    fn an_issue_of_the_form_is_a_case() {
        let body = "### The message\r\n\r\n```text\r\nFailed to pull image \"nginx:nope\": manifest unknown\r\n### not a heading\r\n```\r\n\r\n### What is answered today\r\n\r\n_No response_\r\n\r\n### Where it was seen\r\n\r\nKubernetes 1.36, containerd 2.3\r\n";
        let issue = Issue::read(body).expect("an issue");
        assert_eq!(issue.message, "Failed to pull image \"nginx:nope\": manifest unknown\n### not a heading");
        assert_eq!(issue.seen, "Kubernetes 1.36, containerd 2.3");
        let cause = causes::find("tag-not-found").expect("a cause");
        let case = case(cause, &issue.message, &issue.seen).expect("a case");
        assert!(
            case.words.starts_with("--- tag-not-found\n# Kubernetes 1.36, containerd 2.3\nFailed to pull"),
            "{}",
            case.words
        );
        assert!(Issue::read("Failed to pull image").is_none());
        // The headings are the form's own.
        let form = crate::root::read(".github/ISSUE_TEMPLATE/wrong-answer.yml").expect("the form");
        assert!(
            form.contains("label: The message\n")
                && form.contains("label: Where it was seen\n")
                && form.contains("render: text")
        );
    }
}
