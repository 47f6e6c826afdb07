//! `cargo xtask new-case CAUSE [FILE|-]`: adds a text to a cause's cases, and says what is answered today.

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
    let case = case(cause, &text(file)?)?;
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

fn case(cause: &'static Cause, text: &str) -> Result<Case, String> {
    if text.trim().is_empty() {
        return Err("there is no text".to_owned());
    }
    let report = diagnose(text, &Options::default());
    let best = report.findings.first().and_then(|finding| finding.diagnoses.first());
    let head = if cause.id == SILENCE { NONE } else { cause.id };
    let mut words = format!("--- {head}\n# TODO: where it was seen\n");
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
        let case =
            case(cause, "# docker\nFailed to pull image \"nginx:nope\": manifest unknown\n--- x").expect("a case");
        assert_eq!(
            case.words,
            "--- tag-not-found\n# TODO: where it was seen\n # docker\nFailed to pull image \"nginx:nope\": manifest unknown\n --- x\n"
        );
        assert_eq!(case.answer, "tag-not-found");
    }

    #[test]
    fn silence_is_a_case_too_and_no_text_is_none() {
        let cause = causes::find(SILENCE).expect("a cause");
        let case = case(cause, "all is well").expect("a case");
        assert_eq!((case.head, case.answer.as_str()), (NONE, NONE));
        assert!(super::case(cause, " \n").is_err());
    }
}
