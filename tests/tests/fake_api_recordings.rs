//! What was recorded on a real node gives the same answer through an API server as from a file: nothing that decides is stripped.

use imagepull_tests::fake_api::{FakeApi, forbidden};
use imagepull_tests::program::Program;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// `tests/recordings`, or the folder that `IMAGEPULL_RECORDINGS` names: RUNTIME/SCENARIO/pods-and-events.json.
fn recordings() -> Vec<PathBuf> {
    let folder = std::env::var_os("IMAGEPULL_RECORDINGS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings"), PathBuf::from);
    let below = |folder: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(folder)
            .map(|entries| entries.map(|entry| entry.expect("an entry").path()).collect())
            .unwrap_or_default()
    };
    let mut files: Vec<PathBuf> = below(&folder)
        .iter()
        .flat_map(|runtime| below(runtime))
        .map(|scenario| scenario.join("pods-and-events.json"))
        .filter(|file| file.exists())
        .collect();
    files.sort();
    files
}

/// Cause of each finding, with its pod and container.
fn answers(report: &Value) -> BTreeSet<[String; 3]> {
    let findings = report["findings"].as_array().expect("a list");
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    findings
        .iter()
        .map(|finding| {
            [text(&finding["pod"]), text(&finding["container"]["name"]), text(&finding["diagnoses"][0]["cause"])]
        })
        .collect()
}

#[test]
fn recordings_give_the_same_answer_through_an_api_server() {
    let files = recordings();
    assert!(!files.is_empty(), "there are no recordings");
    let mut wrong = Vec::new();
    for file in files {
        let document: Value = serde_json::from_str(&std::fs::read_to_string(&file).expect("a file")).expect("JSON");
        let objects = document["items"].as_array().expect("a list").clone();
        let pods: Vec<&Value> = objects.iter().filter(|object| object["kind"] == "Pod").collect();
        let Some(namespace) = pods.first().and_then(|pod| pod["metadata"]["namespace"].as_str()) else { continue };
        let names: Vec<&str> = pods.iter().filter_map(|pod| pod["metadata"]["name"].as_str()).collect();
        let arguments = format!("why {} -o json -n {namespace}", names.join(" "));
        let from_file = Program::new("why -o json -f").arg(&file).run().answered().json();
        // What was not recorded is not known, which is not the same as not there.
        let recorded: BTreeSet<String> =
            objects.iter().filter_map(|object| Some(format!("{}s", object["kind"].as_str()?.to_lowercase()))).collect();
        let api = FakeApi::with(objects.clone(), move |request| {
            let known = request.path.split('/').any(|part| recorded.contains(part));
            (!known).then(|| forbidden(request))
        });
        let live = api.program(&arguments).run().answered().json();
        api.requests();
        if answers(&live) != answers(&from_file) {
            wrong.push(format!("{}: {:?}, from the file {:?}", file.display(), answers(&live), answers(&from_file)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
