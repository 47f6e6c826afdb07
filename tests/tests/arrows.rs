//! The arrows that never exist (ARCHITECTURE.md): read from the sources and from what cargo would build.

use imagepull_classifier::causes;
use imagepull_tests::repository::root;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Rust files below a folder, or one file; with their code: without comments and without their tests.
fn code(place: &str) -> Vec<(String, String)> {
    fn walk(path: &Path, found: &mut Vec<PathBuf>) {
        if path.is_dir() {
            for entry in std::fs::read_dir(path).expect("a folder").flatten() {
                walk(&entry.path(), found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            found.push(path.to_owned());
        }
    }
    let mut files = Vec::new();
    walk(&root().join(place), &mut files);
    assert!(!files.is_empty(), "nothing at {place}");
    files.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a source file");
        let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let name = path.strip_prefix(root()).expect("below the root").display().to_string();
        (name, lines.collect::<Vec<_>>().join("\n"))
    };
    files.into_iter().map(read).collect()
}

/// No file of `place` but those of `but` says any of `words`.
fn never(place: &str, words: &[&str], but: &[&str]) {
    for (name, code) in code(place) {
        if but.iter().any(|file| name.starts_with(file)) {
            continue;
        }
        for (number, line) in code.lines().enumerate() {
            for word in words {
                assert!(!line.contains(word), "{name}, code line {}: says `{word}`: {}", number + 1, line.trim());
            }
        }
    }
}

/// No file of `place` names a cause.
fn names_no_cause(place: &str, but: &[&str]) {
    let ids: Vec<String> = causes::all().map(|cause| format!("\"{}\"", cause.id)).collect();
    never(place, &ids.iter().map(String::as_str).collect::<Vec<_>>(), but);
}

#[test]
fn reading_names_no_cause_and_asks_no_later_room() {
    names_no_cause("classifier/src/read", &[]);
    never(
        "classifier/src/read",
        &[
            "crate::causes",
            // It may say what kinds of places there are (cause.rs), and nothing else of a cause.
            "Cause",
            "Confidence",
            "Verdict",
            "crate::recognize",
            "crate::settle",
            "crate::rank",
            "crate::report",
            "crate::render",
        ],
        &[],
    );
}

#[test]
fn what_recognizes_settles_and_ranks_names_no_cause() {
    for room in [
        "recognize.rs",
        "settle.rs",
        "settle",
        "rank.rs",
        "report.rs",
        "fill.rs",
        "phrase.rs",
        "keyring.rs",
        "keyring",
        "redact.rs",
    ] {
        names_no_cause(&format!("classifier/src/{room}"), &[]);
    }
}

#[test]
fn a_cause_knows_no_other_cause_and_none_of_the_machinery() {
    let words = [
        "crate::recognize",
        "crate::rank",
        "crate::report",
        "crate::render",
        "crate::fill",
        "causes::find",
        "causes::all",
    ];
    never("classifier/src/causes", &words, &["classifier/src/causes/mod.rs"]);
    for (name, code) in code("classifier/src/causes") {
        if name.ends_with("mod.rs") {
            continue;
        }
        for module in causes::all().map(|cause| cause.id.replace('-', "_")) {
            let own = name.ends_with(&format!("/{module}.rs"));
            assert!(own || !code.contains(&format!("{module}::")), "{name} uses {module}");
        }
    }
}

#[test]
fn renderers_decide_nothing_and_each_art_has_one_place() {
    let rooms =
        ["crate::recognize", "crate::settle", "crate::rank", "crate::read", "crate::causes", ".sort", ".retain("];
    never("classifier/src/render", &rooms, &[]);
    never("classifier/src/render", &["&lt;", "&amp;"], &["classifier/src/render/html.rs"]);
    never("classifier/src", &["\\u{1b}[", "\\x1b["], &["classifier/src/render/text.rs"]);
}

#[test]
fn the_classifier_touches_nothing_outside() {
    let words = [
        "std::fs",
        "std::env",
        "std::process",
        "std::thread",
        "std::io",
        "std::time::",
        "SystemTime",
        "Instant::",
        "TcpStream",
        "UdpSocket",
        "println!",
        "print!(",
        "eprint",
        "async ",
        ".await",
        "unsafe ",
        "panic!",
        "unreachable!",
        "todo!",
        "unimplemented!",
    ];
    never("classifier/src", &words, &[]);
}

#[test]
fn the_classifier_needs_few_pure_crates_and_its_tree_fits_a_screen() {
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--package",
            "imagepull-classifier",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--no-dedupe",
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let text = String::from_utf8(tree.stdout).expect("UTF-8");
    let mut names: Vec<&str> =
        text.lines().filter_map(|line| line.split(' ').next()).filter(|name| !name.is_empty()).collect();
    assert!(names.len() < 24, "more than a screen:\n{text}");
    names.sort_unstable();
    names.dedup();
    // serde and serde_json, and what they are made of; the derive's crates run in the compiler
    let known = [
        "imagepull-classifier",
        "itoa",
        "memchr",
        "proc-macro2",
        "quote",
        "ryu",
        "serde",
        "serde_core",
        "serde_derive",
        "serde_json",
        "syn",
        "unicode-ident",
        "zmij",
    ];
    let others: Vec<&&str> = names.iter().filter(|name| !known.contains(name)).collect();
    assert!(others.is_empty(), "the classifier depends on {others:?}: that is a design discussion (ARCHITECTURE.md)");
}

#[test]
fn porches_hold_no_text_about_causes_and_use_the_front_door() {
    for porch in ["kubectl-imagepull/src", "web-demo/src"] {
        names_no_cause(porch, &[]);
        never(
            porch,
            &[
                "imagepull_classifier::read",
                "imagepull_classifier::phrase",
                "imagepull_classifier::observations::Message",
            ],
            &[],
        );
    }
}

#[test]
fn only_the_cluster_says_kube_and_only_the_page_says_wasm_bindgen() {
    never("kubectl-imagepull/src", &["kube::", "k8s_openapi"], &["kubectl-imagepull/src/cluster"]);
    for place in ["classifier", "tests/src", "tests/lab/src", "web-demo", "xtask"] {
        never(place, &["use kube::", "k8s_openapi::"], &[]);
    }
    for place in ["classifier", "kubectl-imagepull", "tests/src", "tests/lab/src", "xtask"] {
        never(place, &["wasm_bindgen::"], &[]);
    }
}

#[test]
fn nothing_depends_on_chores_or_tests() {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--no-deps", "--format-version", "1"])
        .current_dir(root())
        .output();
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.expect("cargo runs").stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    assert!(packages.len() >= 6);
    for package in packages {
        for needed in package["dependencies"].as_array().into_iter().flatten() {
            for name in ["xtask", "imagepull-tests", "imagepull-lab"] {
                assert_ne!(needed["name"], name, "{} depends on it", package["name"]);
            }
        }
    }
}

#[test]
fn the_architecture_page_names_rooms_that_exist() {
    let page = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the page");
    let paths: Vec<&str> = page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|words| words.contains('/') && !words.contains([' ', '<', '*', '{', ':']))
        .collect();
    assert!(paths.len() > 15, "{paths:?}");
    for path in paths {
        assert!(
            root().join(path).exists() || root().join("classifier/src").join(path).exists(),
            "ARCHITECTURE.md names `{path}`"
        );
    }
}
