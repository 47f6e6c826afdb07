//! The catalogue as a whole: every cause is complete, names only what exists, and stands where it says.

#![allow(clippy::disallowed_methods, reason = "a test reads the files beside it; the crate itself does not")]

use imagepull_classifier::cause::{Cause, Command, Condition, NEEDS, Outlook};
use imagepull_classifier::phrase::Phrase;
use imagepull_classifier::{blanks, causes, render};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Blanks that are filled from the pod, its image and its place (cause.rs, `Command`); signs and settlings add their own.
const KNOWN: &[&str] = &[
    "image",
    "repository",
    "tag",
    "digest",
    "registry",
    "registry_host",
    "registry_server",
    "repository_path",
    "namespace",
    "pod",
    "container",
    "service_account",
    "owner",
    "owner_kind",
    "owner_name",
    "node",
    "set_image",
    "stateful_set",
    "change_image",
    "bare_image",
    "own_host",
    "sandbox_image",
    "recreate",
    "secret",
    "secret_name",
    "attach",
    "arch",
    "os",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/causes")
}

/// Collects what is wrong of every cause, so that one run says all.
fn check(of: impl Fn(&Cause, &mut Vec<String>)) {
    let mut wrong = Vec::new();
    for cause in causes::all() {
        let mut remarks = Vec::new();
        of(cause, &mut remarks);
        wrong.extend(remarks.into_iter().map(|remark| format!("{}: {remark}", cause.id)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every text of a cause that a person reads.
fn texts(cause: &Cause) -> Vec<&'static str> {
    let mut texts = vec![cause.title, cause.meaning, cause.not_this];
    for fix in cause.fixes {
        texts.push(fix.title);
        texts.extend(fix.steps);
        texts.extend(fix.warnings);
    }
    texts.extend(cause.settles.iter().map(|settling| settling.question));
    texts
}

fn commands(cause: &Cause) -> impl Iterator<Item = &'static Command> + use<> {
    cause.fixes.iter().flat_map(|fix| fix.checks.iter().chain(fix.commands))
}

#[test]
fn an_id_is_a_file_in_its_areas_folder_and_no_file_is_left_over() {
    let mut ids = BTreeSet::new();
    let mut files = BTreeSet::new();
    check(|cause, wrong| {
        let area = format!("{:?}", cause.area).to_lowercase();
        let file = folder().join(area).join(format!("{}.rs", cause.id.replace('-', "_")));
        if !file.exists() {
            wrong.push(format!("is not at {}", file.display()));
        }
        if !cause.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
            wrong.push("is not kebab-case".to_owned());
        }
    });
    for cause in causes::all() {
        assert!(ids.insert(cause.id), "{} is there twice", cause.id);
        files.insert(cause.id.replace('-', "_"));
        assert_eq!(causes::find(cause.id).map(|found| found.id), Some(cause.id));
    }
    for area in std::fs::read_dir(folder()).expect("the catalogue").flatten().filter(|entry| entry.path().is_dir()) {
        for entry in std::fs::read_dir(area.path()).expect("an area").flatten() {
            let path = entry.path();
            let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
            if path.extension().is_some_and(|extension| extension == "txt") {
                assert!(files.contains(&stem), "{} are cases of no cause", path.display());
            } else if path.is_file() && std::fs::read_to_string(&path).expect("UTF-8").contains("const CAUSE: Cause") {
                assert!(files.contains(&stem), "{} is not declared in its mod.rs", path.display());
            }
        }
    }
}

#[test]
fn nothing_is_left_to_do() {
    check(|cause, wrong| {
        if texts(cause).iter().any(|text| text.contains("TODO")) {
            wrong.push("still says TODO".to_owned());
        }
    });
    for area in std::fs::read_dir(folder()).expect("the catalogue").flatten().filter(|entry| entry.path().is_dir()) {
        for entry in std::fs::read_dir(area.path()).expect("an area").flatten() {
            let text = std::fs::read_to_string(entry.path()).expect("UTF-8");
            assert!(!text.contains("TODO"), "{} still says TODO", entry.path().display());
        }
    }
}

#[test]
fn every_cause_is_explained_and_can_be_found_out() {
    check(|cause, wrong| {
        let mut lacks = |what: &str, there: bool| {
            if !there {
                wrong.push(format!("lacks {what}"));
            }
        };
        lacks("a meaning of two paragraphs or more", cause.meaning.trim().split("\n\n").count() >= 2);
        lacks("what it is not", !cause.not_this.trim().is_empty());
        lacks("a fix", !cause.fixes.is_empty());
        let fallback = cause.area == imagepull_classifier::cause::Area::Other;
        lacks("signs or settlings", !cause.signs.is_empty() || !cause.settles.is_empty() || fallback);
        let every = cause.fixes.is_empty() || cause.fixes.iter().any(|fix| fix.only.is_empty());
        lacks("a fix that holds in every place", every);
    });
}

#[test]
fn a_title_is_a_heading_and_says_what_happened() {
    const ADVICE: &[&str] =
        &["check ", "use ", "add ", "create ", "try ", "make sure", "please", "run ", "set ", "verify", "should "];
    check(|cause, wrong| {
        let lower = cause.title.to_lowercase();
        if cause.title.len() > 110 || cause.title.ends_with('.') || cause.title.contains('\n') {
            wrong.push(format!("the title is no heading: {:?}", cause.title));
        }
        if ADVICE.iter().any(|word| lower.starts_with(word)) || lower.contains("make sure") || lower.contains("please")
        {
            wrong.push(format!("the title gives advice: {:?}", cause.title));
        }
        for word in ["simply", "obviously", "just "] {
            if texts(cause)
                .iter()
                .any(|text| text.to_lowercase().split_whitespace().any(|said| said == word.trim()) && word != "just ")
            {
                wrong.push(format!("says `{word}`"));
            }
        }
    });
}

#[test]
fn relations_lead_to_causes_and_refining_has_no_circle() {
    check(|cause, wrong| {
        let from = cause.settles.iter().flat_map(|settling| settling.from);
        for id in cause.see_also.iter().chain(cause.refines).chain(from) {
            if causes::find(id).is_none() {
                wrong.push(format!("names {id}, which is no cause"));
            }
        }
        for (what, ids) in [("see_also", cause.see_also), ("refines", cause.refines)] {
            if ids.contains(&cause.id) {
                wrong.push(format!("{what} names itself"));
            }
            if ids.iter().collect::<BTreeSet<_>>().len() != ids.len() {
                wrong.push(format!("{what} names one twice"));
            }
        }
        if cause.settles.iter().any(|settling| settling.from.is_empty() || settling.question.is_empty()) {
            wrong.push("a settling starts from nothing, or asks nothing".to_owned());
        }
    });
    let mut refines: BTreeMap<&str, &[&str]> = causes::all().map(|cause| (cause.id, cause.refines)).collect();
    // Take away what refines nothing that is left, until nothing changes: what stays is a circle.
    loop {
        let ids: BTreeSet<&str> = refines.keys().copied().collect();
        let before = refines.len();
        refines.retain(|_, of| of.iter().any(|id| ids.contains(id)));
        if refines.len() == before {
            break;
        }
    }
    assert!(refines.is_empty(), "these refine each other in a circle: {:?}", refines.keys());
}

#[test]
fn ids_in_prose_are_ids_of_causes() {
    let ids: BTreeSet<&str> = causes::all().map(|cause| cause.id).collect();
    check(|cause, wrong| {
        // what stands after "is " at the end of a sentence of `not_this` and looks like an id is one
        for word in cause.not_this.split(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')) {
            let looks = word.matches('-').count() >= 2 && !word.starts_with('-') && !word.ends_with('-');
            let stem =
                |id: &&str| id.split('-').take(2).collect::<Vec<_>>() == word.split('-').take(2).collect::<Vec<_>>();
            if looks && !ids.contains(word) && ids.iter().any(stem) {
                wrong.push(format!("not_this speaks of {word}, which is no cause"));
            }
        }
    });
}

#[test]
fn blanks_are_known() {
    check(|cause, wrong| {
        let mut known: BTreeSet<String> = KNOWN.iter().map(|name| (*name).to_owned()).collect();
        for condition in cause.signs.iter().flat_map(|sign| sign.all) {
            if let Condition::Says(phrase) | Condition::Beside(phrase) = condition {
                known.extend(Phrase::parse(phrase).words().map(str::to_owned));
            }
        }
        // Words that settlings add are named in the code that proves them: the cause's file, or what its area shares.
        let folder = folder().join(format!("{:?}", cause.area).to_lowercase());
        let own = format!("{}.rs", cause.id.replace('-', "_"));
        let sources = std::fs::read_dir(&folder).expect("an area").flatten().filter_map(|entry| {
            let text = std::fs::read_to_string(entry.path()).ok()?;
            (entry.file_name() == own.as_str() || !text.contains("const CAUSE: Cause")).then_some(text)
        });
        let source: String = sources.collect();
        let wanted = cause.fixes.iter().flat_map(|fix| fix.known).map(|name| (*name).to_owned());
        let texts = texts(cause).into_iter().chain(commands(cause).map(|command| command.run));
        let named = texts.flat_map(|text| blanks(text).into_iter().map(move |blank| (blank, text)));
        for (blank, text) in named.chain(wanted.map(|blank| (blank, "`known` of a fix"))) {
            if !known.contains(&blank) && !source.contains(&format!("(\"{blank}\"")) {
                wrong.push(format!("knows no {{{blank}}} in {text:?}"));
            }
        }
    });
}

#[test]
fn braces_and_brackets_are_closed_and_hold_blanks() {
    check(|cause, wrong| {
        for text in texts(cause).into_iter().chain(commands(cause).map(|command| command.run)) {
            let plain = text.replace("{{", "").replace("}}", "").replace("[[", "").replace("]]", "");
            let count = |c: char| plain.matches(c).count();
            if count('{') != count('}') || count('[') != count(']') {
                wrong.push(format!("an open brace or bracket in {text:?}"));
            }
            // Brackets are printed only where they are doubled: single ones hold what falls away with its blank.
            for group in plain.split('[').skip(1).map(|rest| rest.split(']').next().unwrap_or_default()) {
                if blanks(group).is_empty() {
                    wrong.push(format!("brackets without a blank, [{group}], in {text:?}: to print them, double them"));
                }
            }
        }
    });
}

#[test]
fn commands_that_heal_need_kubectl_and_a_shell_alone() {
    /// What may stand where a command begins: kubectl, and what every POSIX system has.
    const ALLOWED: &[&str] = &[
        "kubectl",
        "{recreate}",
        "{attach}",
        "{change_image}",
        "if",
        "then",
        "else",
        "fi",
        "grep",
        "sh",
        "printf",
        "echo",
        "cat",
        "test",
        "[[",
        "sed",
        "tr",
        "for",
        "do",
        "done",
        "while",
        "sleep",
        "base64",
        "case",
    ];
    check(|cause, wrong| {
        for command in cause.fixes.iter().flat_map(|fix| fix.commands) {
            let first = command.run.split_whitespace().next().unwrap_or_default();
            let begins = first == "kubectl"
                || ["{recreate}", "{attach}", "{change_image}"].contains(&first)
                || (ALLOWED.contains(&first) && command.run.contains("kubectl"));
            if !begins {
                wrong.push(format!("a command that heals begins with {first:?}: {:?}", command.run));
            }
        }
        for command in commands(cause) {
            for name in variables(command.run) {
                if !NEEDS.contains(&name.as_str()) {
                    wrong.push(format!("${name} is none of {NEEDS:?} in {:?}", command.run));
                }
            }
            for tool in ["docker login", "curl | sh", "rm -rf", "--force --grace-period=0"] {
                if command.run.contains(tool) {
                    wrong.push(format!("{tool} in {:?}", command.run));
                }
            }
        }
    });
}

/// Names of the shell variables that a command uses and does not set itself.
fn variables(run: &str) -> Vec<String> {
    let mut names = Vec::new();
    for rest in run.split('$').skip(1) {
        let rest = rest.strip_prefix("{{").or_else(|| rest.strip_prefix('{')).unwrap_or(rest);
        let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        let own = run.contains(&format!("for {name} in"))
            || run.contains(&format!("{name}="))
            || run.contains(&format!("read -r {name}"));
        if name.starts_with(|c: char| c.is_ascii_alphabetic()) && !own {
            names.push(name);
        }
    }
    names
}

#[test]
fn what_waiting_cannot_heal_has_a_fix_with_something_to_do() {
    check(|cause, wrong| {
        for fix in cause.fixes {
            if fix.title.trim().is_empty() {
                wrong.push("a fix has no title".to_owned());
            }
            if fix.steps.is_empty() && fix.checks.is_empty() && fix.commands.is_empty() {
                wrong.push(format!("the fix {:?} has nothing to do", fix.title));
            }
        }
        let waits = cause.fixes.first().is_some_and(|fix| fix.title.to_lowercase().starts_with("wait"));
        if cause.outlook == Outlook::Final && waits {
            wrong.push("the first fix says wait, and waiting cannot heal it".to_owned());
        }
    });
}

#[test]
fn links_are_addresses_of_https() {
    check(|cause, wrong| {
        for link in cause.links {
            if !link.starts_with("https://") || link.contains([' ', '<', '>', '"']) {
                wrong.push(format!("{link:?} is no link"));
            }
        }
    });
}

#[test]
fn every_page_renders_in_every_form_with_no_blank_left() {
    check(|cause, wrong| {
        let style = render::text::Style::default();
        for (form, page) in [
            ("text", render::text::cause(cause, &style)),
            ("markdown", render::markdown::cause(cause)),
            ("html", render::html::cause(cause)),
        ] {
            if !page.contains(cause.id) || page.len() < 400 {
                wrong.push(format!("its {form} is no page"));
            }
            for blank in KNOWN {
                // In "recognized by", a phrase shows its words in braces: those have no `_`-names of ours but these.
                let phrase = cause.signs.iter().flat_map(|sign| sign.all).any(|condition| {
                    matches!(condition, Condition::Says(phrase) | Condition::Beside(phrase) if phrase.contains(&format!("{{{blank}}}")))
                });
                if page.contains(&format!("{{{blank}}}")) && !phrase {
                    wrong.push(format!("{{{blank}}} is left in its {form}"));
                }
            }
        }
    });
}
