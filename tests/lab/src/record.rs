//! Recordings: what a user would see of each scenario, kept in the tree for tests that have no node, and what has changed since.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use regex::Regex;
use serde_json::{Value, json};

use crate::run::Bench;
use crate::scenario::Scenario;
use crate::{Result, paths};

/// The container runtime of this lab; another one records beside it.
const RUNTIME: &str = "containerd";
/// How long a back-off may take to show after the failure.
const BACK_OFF: Duration = Duration::from_secs(8);
/// A log tells the same thing in many lines; these are enough to see each kind.
const LOG_LINES: usize = 8;

/// `tests/recordings/<runtime>`.
pub fn folder() -> PathBuf {
    paths::workspace().join("tests/recordings").join(RUNTIME)
}

/// Writes what is to be seen of a scenario now, unless its messages are those of the last recording. Prints what changed.
pub fn record(bench: &Bench, scenario: &Scenario) -> Result<()> {
    let namespace = scenario.namespace();
    let begin = Instant::now();
    while scenario.expect.cause.is_some()
        && begin.elapsed() < BACK_OFF
        && !bench.visible(&namespace)?.contains("Back-off pulling image")
    {
        thread::sleep(Duration::from_millis(500));
    }
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items(bench, &namespace)?});
    let (now, folder) = (messages(&list), folder().join(&scenario.name));
    let before =
        fs::read_to_string(folder.join("pods-and-events.json")).ok().and_then(|text| serde_json::from_str(&text).ok());
    if let Some(before) = before.as_ref().map(messages) {
        if before == now {
            return Ok(());
        }
        let lines: Vec<_> = before
            .difference(&now)
            .map(|line| format!("     - {line}"))
            .chain(now.difference(&before).map(|line| format!("     + {line}")))
            .collect();
        println!("CHANGED {}\n{}", scenario.name, lines.join("\n"));
    }
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("pods-and-events.json"), serde_json::to_string_pretty(&list)? + "\n")?;
    // Of several pods, the first: kubectl shows no events for more than one at a time.
    let what = list["items"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|item| item["kind"] == "Pod")
        .and_then(|pod| pod["metadata"]["name"].as_str());
    let describe = match what {
        Some(pod) if scenario.ask == "app" => {
            format!("kubectl describe pod app -n {namespace} || kubectl describe pod {pod} -n {namespace}")
        }
        Some(pod) => format!("kubectl describe pod {pod} -n {namespace}"),
        None => format!("kubectl describe {} -n {namespace}", scenario.ask),
    };
    for (file, script) in [
        ("describe.txt", describe),
        ("events.txt", format!("kubectl get events -n {namespace} --sort-by=.lastTimestamp")),
    ] {
        fs::write(folder.join(file), crate::run::done(&mut bench.shell(&script))?)?;
    }
    let log = kubelet_log(&namespace, &scenario.images_and_hosts().0)?;
    if !log.is_empty() {
        fs::write(folder.join("kubelet.log"), log)?;
    }
    Ok(())
}

/// Pods and events as `kubectl get pods,events -o json` prints them.
fn items(bench: &Bench, namespace: &str) -> Result<Vec<Value>> {
    let mut items = Vec::new();
    for (list, kind) in [("pods", "Pod"), ("events", "Event")] {
        for mut item in bench.api.list(namespace, list)? {
            item["apiVersion"] = "v1".into();
            item["kind"] = kind.into();
            // kubectl hides these.
            item["metadata"].as_object_mut().map(|metadata| metadata.remove("managedFields"));
            items.push(item);
        }
    }
    Ok(items)
}

/// The distinct messages about pulls and starts, without what differs from run to run.
fn messages(list: &Value) -> BTreeSet<String> {
    let reasons =
        ["Failed", "FailedCreatePodSandBox", "InspectFailed", "ErrImageNeverPull", "FailedToRetrieveImagePullSecret"];
    let varying = [
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uid>"),
        (r"[0-9a-f]{64}", "<hex>"),
        (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "<time>"),
        (r"(\d+\.){3}\d+(:\d+)?", "<address>"),
        (r"extract-\d+-\S+", "<extract>"),
        (r"\d{2,}(\.\d+)?", "<n>"),
        (r"\s+", " "),
    ];
    let varying: Vec<_> =
        varying.into_iter().map(|(pattern, name)| (Regex::new(pattern).expect("a constant"), name)).collect();
    let events = list["items"].as_array().into_iter().flatten().filter(|item| item["kind"] == "Event");
    let telling = events.filter(|event| reasons.iter().any(|reason| event["reason"] == *reason));
    let without = |message: &str| {
        varying.iter().fold(message.to_owned(), |text, (pattern, name)| pattern.replace_all(&text, *name).into_owned())
    };
    // Whether the back-off has begun is a matter of moments, not of wording.
    telling
        .filter_map(|event| event["message"].as_str())
        .filter(|message| *message != "Error: ImagePullBackOff")
        .map(without)
        .collect()
}

/// Lines of the kubelet's log about a namespace and its images: the first of each kind.
fn kubelet_log(namespace: &str, images: &[String]) -> Result<String> {
    let about = Regex::new(&format!(r"\b{}(/|\(|\\?_|\\?-|\b)", regex::escape(namespace)))?;
    let telling = [
        "PullImage",
        "Failed to pull image",
        "Error syncing pod",
        "Unable to retrieve",
        "credential provider",
        "sandbox",
        "never pulled",
        "Unhandled Error",
    ];
    let text = fs::read_to_string(paths::logs().join("kubelet.log")).unwrap_or_default();
    let mut seen = BTreeSet::new();
    let mut lines = String::new();
    for line in text.lines().filter(|line| {
        (about.is_match(line) || images.iter().any(|image| line.contains(image)))
            && telling.iter().any(|words| line.contains(words))
    }) {
        let kind = line.split('"').nth(1).unwrap_or_default().to_owned()
            + if line.contains("ImagePullBackOff") { "b" } else { "" };
        if seen.len() < LOG_LINES && seen.insert(kind) {
            lines += line;
            lines.push('\n');
        }
    }
    Ok(lines)
}

/// Writes `docs/recorded-versions.md`: for which versions the messages were recorded.
pub fn write_versions(bench: &Bench) -> Result<()> {
    let node = bench.api.get("/api/v1/nodes")?;
    let info = &node["items"][0]["status"]["nodeInfo"];
    let said = |field: &str| info[field].as_str().unwrap_or_default().to_owned();
    let runtime = said("containerRuntimeVersion").replace("://", " ");
    let versions = json!({"kubelet": said("kubeletVersion"), "runtime": runtime, "scenarios": count(&folder())?});
    fs::write(folder().join("versions.json"), serde_json::to_string_pretty(&versions)? + "\n")?;

    let mut text = String::from(
        "<!-- generated by `cargo xtask lab record` -->\n# Recorded versions\n\n\
         The messages in `tests/recordings` come from real nodes. They were recorded with\n\n\
         | container runtime | kubelet | scenarios |\n|---|---|---|\n",
    );
    let mut folders: Vec<_> =
        fs::read_dir(paths::workspace().join("tests/recordings"))?.flatten().map(|entry| entry.path()).collect();
    folders.sort();
    for folder in folders {
        let Ok(versions) = fs::read_to_string(folder.join("versions.json")) else { continue };
        let versions: Value = serde_json::from_str(&versions)?;
        let cell = |field: &str| versions[field].as_str().map_or_else(|| versions[field].to_string(), str::to_owned);
        text += &format!("| {} | {} | {} |\n", cell("runtime"), cell("kubelet"), cell("scenarios"));
    }
    text += "\nWhich messages changed with a new version: change its line in `tests/lab/versions.yaml`, run `cargo xtask lab lock`, \
             then `cargo xtask lab record`; it prints each message that differs from the last recording.\n";
    Ok(fs::write(paths::workspace().join("docs/recorded-versions.md"), text)?)
}

fn count(folder: &Path) -> Result<usize> {
    Ok(fs::read_dir(folder)?.flatten().filter(|entry| entry.path().is_dir()).count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use imagepull_classifier::observations::State;
    use imagepull_classifier::{Options, diagnose};

    /// State and cause of each finding of a recording's file.
    fn named(text: &str) -> Vec<(State, Option<String>)> {
        let report = diagnose(text, &Options::default());
        report
            .findings
            .iter()
            .map(|finding| (finding.state, finding.diagnoses.first().map(|diagnosis| diagnosis.cause.to_string())))
            .collect()
    }

    #[test]
    fn every_recording_names_its_cause_without_a_node() {
        let mut wrong = Vec::new();
        let mut read = 0;
        for scenario in crate::scenario::all().expect("scenarios") {
            for file in ["describe.txt", "pods-and-events.json"] {
                let Ok(text) = fs::read_to_string(folder().join(&scenario.name).join(file)) else { continue };
                read += 1;
                let named = named(&text);
                let right = |(state, cause): &(State, Option<String>)| {
                    let cause = cause.as_deref();
                    // A healed one is history, also where nothing must be found.
                    (scenario.expect.cause.is_none() && *state == State::Healed)
                        || cause.is_some()
                            && (cause == scenario.expect.cause.as_deref()
                                || scenario.expect.accept.iter().any(|accepted| cause == Some(accepted)))
                };
                let good =
                    if scenario.expect.cause.is_none() { named.iter().all(right) } else { named.iter().any(right) };
                // `jq -c` and logs put the whole List into one line.
                if file.ends_with(".json") {
                    let list: Value = serde_json::from_str(&text).expect("JSON");
                    let line = self::named(&list.to_string());
                    if line != named {
                        wrong.push(format!("{} {file} as one line: {line:?}, not {named:?}", scenario.name));
                    }
                }
                if !good {
                    wrong.push(format!("{} {file}: {named:?}, right is {:?}", scenario.name, scenario.expect.cause));
                }
            }
        }
        assert!(read >= 90, "only {read} recordings");
        assert!(wrong.is_empty(), "{} of {read} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    }

    #[test]
    fn what_differs_from_run_to_run_is_no_change_of_a_message() {
        let list = |message: &str| json!({"items": [{"kind": "Event", "reason": "Failed", "message": message}]});
        let one = list(
            "dial tcp 198.51.100.7:443: i/o timeout after 31.2s, sha256:0000000000000000000000000000000000000000000000000000000000000000",
        );
        let other = list(
            "dial tcp 198.51.100.9:443: i/o timeout after 30.9s, sha256:1111111111111111111111111111111111111111111111111111111111111111",
        );
        assert_eq!(messages(&one), messages(&other));
        assert_ne!(messages(&one), messages(&list("dial tcp 198.51.100.7:443: connection refused")));
    }
}
