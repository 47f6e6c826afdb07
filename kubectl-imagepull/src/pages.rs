//! The catalogue on the command line: `explain` and `causes`.

use crate::answer::{columns, style, write};
use crate::args::{Causes, Explain, ListForm, PageForm};
use crate::failure::Failure;
use imagepull_classifier::{causes, render};
use std::process::ExitCode;

/// Prints the page of one cause.
///
/// # Errors
/// When there is no such cause.
pub fn explain(explain: &Explain) -> Result<ExitCode, Failure> {
    let id = explain.cause.trim().to_ascii_lowercase().replace('_', "-");
    let cause = causes::find(&id).ok_or_else(|| unknown(&id))?;
    Ok(write(&match explain.output {
        PageForm::Text => render::text::cause(cause, &style()),
        PageForm::Markdown => render::markdown::cause(cause),
    }))
}

/// Prints the list of causes.
///
/// # Errors
/// None today.
pub fn causes(list: &Causes) -> Result<ExitCode, Failure> {
    let text = match list.output {
        ListForm::Name => causes::all().map(|cause| format!("{}\n", cause.id)).collect(),
        ListForm::Json => {
            let list: Vec<_> = causes::all()
                .map(|cause| {
                    serde_json::json!({"cause": cause.id, "area": cause.area, "title": cause.title, "outlook": cause.outlook})
                })
                .collect();
            serde_json::to_string_pretty(&list).expect("strings are JSON")
        }
        ListForm::Text => {
            let head = ["CAUSE", "TITLE"].map(str::to_owned).to_vec();
            let rows = causes::all().map(|cause| vec![cause.id.to_owned(), cause.title.to_owned()]);
            columns(&std::iter::once(head).chain(rows).collect::<Vec<_>>())
        }
    };
    Ok(write(&text))
}

fn unknown(id: &str) -> Failure {
    let mut near: Vec<(usize, &str)> = causes::all().map(|cause| (distance(id, cause.id), cause.id)).collect();
    near.sort();
    let near: Vec<&str> = near.iter().filter(|(distance, _)| *distance <= 5).take(3).map(|(_, id)| *id).collect();
    let mut advice = "`kubectl imagepull causes` lists them all.".to_owned();
    if !near.is_empty() {
        advice = format!("Did you mean {}?\n{advice}", near.join(", or "));
    }
    Failure::new(format!("there is no cause `{id}`"), advice)
}

/// How many of `word`'s and `other`'s letters must be changed, added or removed to make one the other; 0 where one holds the other.
fn distance(word: &str, other: &str) -> usize {
    if word.len() > 2 && (other.contains(word) || word.contains(other)) {
        return 0;
    }
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in word.chars().take(64).enumerate() {
        let mut corner = i;
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let changed = corner + usize::from(a != *b);
            corner = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(corner + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_cause_is_near_the_right_one() {
        assert_eq!(distance("tag-not-fuond", "tag-not-found"), 2);
        assert_eq!(distance("not-found", "tag-not-found"), 0);
        assert!(distance("x", "tag-not-found") > 5);
    }
}
