//! The page: built, held against the native classifier, and used in a real browser.
//!
//! What needs node, the npm packages of `tests/web`, Chromium or Firefox is left out, with a loud word, where they are missing; in
//! CI that is a failure. All of them come with `cargo xtask web --setup`.

use imagepull_tests::repository::root;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

#[test]
fn wasm_answers_as_the_native_classifier_does() {
    let Some(page) = page() else { return };
    let texts = texts();
    assert!(texts.len() > 500, "only {} texts", texts.len());
    let inputs = std::env::temp_dir().join(format!("imagepull-web-{}.json", std::process::id()));
    std::fs::write(&inputs, serde_json::to_string(&texts).expect("JSON")).expect("write the inputs");
    let output =
        Command::new("node").arg(root().join("tests/web/wasm.mjs")).arg(page).arg(&inputs).output().expect("run node");
    let _ = std::fs::remove_file(&inputs);
    assert!(output.status.success(), "node failed:\n{}", String::from_utf8_lossy(&output.stderr));
    let answers: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).expect("answers");
    assert_eq!(answers.len(), texts.len());
    for (text, answer) in texts.iter().zip(&answers) {
        assert_eq!(answer["report"].as_str(), Some(imagepull_web_demo::diagnose(text, f64::NAN).as_str()), "\n{text}");
        assert_eq!(
            answer["markdown"].as_str(),
            Some(imagepull_web_demo::markdown(text, f64::NAN).as_str()),
            "\n{text}"
        );
        assert_eq!(answer["masked"].as_str(), Some(imagepull_web_demo::mask_names(text).as_str()), "\n{text}");
    }
}

#[test]
fn but_for_places_in_utf16_the_page_gets_the_document_of_the_command() {
    for text in texts() {
        let mut ours: serde_json::Value =
            serde_json::from_str(&imagepull_web_demo::diagnose(&text, f64::NAN)).expect("JSON");
        let report = imagepull_classifier::diagnose(&text, &imagepull_classifier::Options::default());
        let theirs: serde_json::Value =
            serde_json::from_str(&imagepull_classifier::render::json::json(&report)).expect("JSON");
        for evidence in evidence(&mut ours) {
            let spans = evidence["spans"].as_array().map_or(0, Vec::len);
            let utf16 = std::mem::take(&mut evidence["spans_utf16"]);
            assert_eq!(utf16.as_array().map(Vec::len), Some(spans));
            evidence["spans_utf16"] = serde_json::json!([]);
        }
        assert_eq!(ours, theirs, "\n{text}");
    }
}

#[test]
fn reports_have_the_types_that_the_page_is_written_against() {
    let Some(_) = page() else { return };
    // One for each cause. As object literals: TypeScript refuses missing fields and fields too many alike.
    let mut known = std::collections::BTreeSet::new();
    let reports = texts().into_iter().map(|text| imagepull_web_demo::diagnose(&text, f64::NAN)).filter(|report| {
        let report: serde_json::Value = serde_json::from_str(report).expect("JSON");
        known.insert(report["findings"][0]["diagnoses"][0]["cause"].to_string())
    });
    let literals: String = reports.map(|report| format!("({} satisfies Report);\n", report.trim_end())).collect();
    assert!(known.len() > 30, "only {} causes", known.len());
    let folder = root().join("tests/web/pictures");
    std::fs::create_dir_all(&folder).expect("make a folder");
    let file = folder.join("reports.check.ts");
    std::fs::write(&file, format!("import type {{ Report }} from \"../../../web-demo/report\";\n{literals}"))
        .expect("write");
    run(Command::new("node")
        .arg(root().join("tests/web/node_modules/typescript/bin/tsc"))
        .args(["--project", "tsconfig.json"]));
    let checked = [
        "--noEmit",
        "--strict",
        "--ignoreConfig",
        "--target",
        "ES2023",
        "--module",
        "ESNext",
        "--moduleResolution",
        "bundler",
    ];
    run(Command::new("node").arg(root().join("tests/web/node_modules/typescript/bin/tsc")).args(checked).arg(&file));
    let _ = std::fs::remove_file(&file);
}

#[test]
fn two_builds_of_the_page_have_the_same_bytes() {
    let Some(page) = page() else { return };
    build();
    let first = std::fs::read(page).expect("the page");
    build();
    assert!(std::fs::read(page).expect("the page") == first, "the second build differs");
}

#[test]
fn the_page_works_in_a_browser() {
    let Some(_) = page() else { return };
    if !["/usr/bin/chromium", "/usr/bin/google-chrome"].iter().any(|path| Path::new(path).exists())
        && std::env::var_os("CHROMIUM").is_none()
    {
        return left_out("there is no Chromium");
    }
    run(Command::new("node").args(["--test", "page.test.mjs"]));
}

#[test]
fn the_page_works_in_firefox() {
    let Some(_) = page() else { return };
    if !["/usr/bin/firefox-esr", "/usr/bin/firefox"].iter().any(|path| Path::new(path).exists())
        && std::env::var_os("FIREFOX").is_none()
    {
        return left_out("there is no Firefox");
    }
    run(Command::new("node").args(["--test", "firefox.test.mjs"]));
}

/// Every case of the catalogue, every sample of the page, and what no case file can hold.
fn texts() -> Vec<String> {
    let mut files = Vec::new();
    for folder in ["classifier/src/causes", "web-demo/samples"] {
        collect(&root().join(folder), &mut files);
    }
    files.sort();
    let mut texts: Vec<String> = Vec::new();
    for file in files {
        let whole = std::fs::read_to_string(&file).expect("UTF-8");
        texts.extend(whole.split("\n--- ").map(str::to_owned));
        texts.push(whole);
    }
    texts.extend(
        [
            "",
            "\0\u{1}\u{7f}",
            "🐳 größer\r\nFailed to pull image \"a\u{202e}b\": toomanyrequests 🐳\r\n",
            "{\"kind\":",
            "\u{feff}- kind: Pod",
        ]
        .map(str::to_owned),
    );
    texts
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "txt") {
            files.push(path);
        }
    }
}

fn evidence(report: &mut serde_json::Value) -> impl Iterator<Item = &mut serde_json::Value> {
    fn list<'a>(value: &'a mut serde_json::Value, name: &str) -> std::slice::IterMut<'a, serde_json::Value> {
        value[name].as_array_mut().expect("a list").iter_mut()
    }
    list(report, "findings")
        .flat_map(|finding| list(finding, "diagnoses"))
        .flat_map(|diagnosis| list(diagnosis, "evidence"))
}

#[test]
fn the_npm_package_answers_as_the_embedding_page_shows() {
    let Some(page) = page() else { return };
    let package = page.parent().expect("a folder").join("npm");
    let docs = std::fs::read_to_string(root().join("docs/embedding.md")).expect("the page");
    let example = docs.split("```js\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let folder = imagepull_tests::folder::Folder::new();
    let script = folder.write("why.mjs", example);
    for file in std::fs::read_dir(&package).expect("the package").flatten() {
        let name = format!("node_modules/imagepull-classifier/{}", file.file_name().to_string_lossy());
        folder.write(&name, std::fs::read(file.path()).expect("a file"));
    }
    let text = root().join("examples/private-registry.txt");
    let ended = Command::new("node").arg(&script).arg(text).output().expect("node runs");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert!(String::from_utf8_lossy(&ended.stdout).contains(" credentials-missing"), "{ended:?}");
    // What a package says of itself is there: every file that it exports.
    let about = std::fs::read_to_string(package.join("package.json")).expect("a manifest");
    let about: serde_json::Value = serde_json::from_str(&about).expect("JSON");
    for file in about["exports"]["."].as_object().expect("ways").values() {
        assert!(package.join(file.as_str().expect("a file")).exists(), "{file}");
    }
    assert_eq!(about["version"], env!("CARGO_PKG_VERSION"));
}

/// The page, built once for all tests here. `None`, with a loud word, where node or the npm packages are missing.
fn page() -> Option<&'static Path> {
    static PAGE: OnceLock<Option<PathBuf>> = OnceLock::new();
    let page = PAGE.get_or_init(|| {
        let has_node = Command::new("node").arg("--version").output().is_ok_and(|output| output.status.success());
        if !has_node || !root().join("tests/web/node_modules/playwright-core").exists() {
            left_out("node, or the npm packages of tests/web, are missing");
            return None;
        }
        build();
        Some(root().join("web-demo/dist/imagepull.html"))
    });
    page.as_deref()
}

fn build() {
    run(Command::new(env!("CARGO")).args(["run", "--quiet", "--package", "xtask", "--", "web"]));
}

fn left_out(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "CI must test the page: {why}");
    // straight to the terminal: the test harness would keep a println to itself
    let _ = writeln!(
        std::io::stderr(),
        "\nSKIPPED: the page was NOT tested: {why}. To enable:\n    cargo xtask web --setup\n"
    );
}

/// Runs it in `tests/web` and shows what it printed if it fails, and what it left out if it does not.
fn run(command: &mut Command) {
    let output = command.current_dir(root().join("tests/web")).output().expect("run a program");
    assert!(
        output.status.success(),
        "{command:?} failed:\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    for line in String::from_utf8_lossy(&output.stdout).lines().filter(|line| line.contains("SKIPPED: ")) {
        // straight to the terminal, as above
        let _ = writeln!(std::io::stderr(), "\n{line}\n");
    }
}
