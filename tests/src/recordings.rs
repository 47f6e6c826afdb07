//! What was recorded on real nodes, for tests that put it behind an API server.

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Pods and events (and whatever else was recorded) of one scenario.
#[derive(Debug)]
pub struct Recording {
    /// The file.
    pub file: PathBuf,
    /// Its objects.
    pub objects: Vec<Value>,
    /// Namespace of its pods.
    pub namespace: String,
    /// Names of its pods.
    pub pods: Vec<String>,
}

impl Recording {
    fn read(file: PathBuf) -> Option<Recording> {
        let document: Value = serde_json::from_str(&std::fs::read_to_string(&file).expect("a file")).expect("JSON");
        let objects = document["items"].as_array().expect("a list").clone();
        let pods = || objects.iter().filter(|object| object["kind"] == "Pod");
        let namespace = pods().next()?["metadata"]["namespace"].as_str()?.to_owned();
        let pods = pods().filter_map(|pod| pod["metadata"]["name"].as_str().map(str::to_owned)).collect();
        Some(Recording { file, objects, namespace, pods })
    }

    /// Whether a pod of it has a container that cannot be created with it.
    pub fn has_ephemeral_containers(&self) -> bool {
        self.objects.iter().any(|object| !object["spec"]["ephemeralContainers"].is_null())
    }

    /// The arguments that ask a cluster for its pods.
    pub fn question(&self) -> String {
        format!("why {} -o json -n {}", self.pods.join(" "), self.namespace)
    }
}

/// Those with pods, in `tests/recordings`, or in the folder that `IMAGEPULL_RECORDINGS` names:
/// RUNTIME/SCENARIO/pods-and-events.json.
///
/// # Panics
/// When there are none, or one is no JSON.
pub fn recordings() -> Vec<Recording> {
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
    let recordings: Vec<Recording> = files.into_iter().filter_map(Recording::read).collect();
    assert!(!recordings.is_empty(), "there are no recordings in {}", folder.display());
    recordings
}

/// Pod, container and cause of each finding.
///
/// # Panics
/// When it is no report.
pub fn answers(report: &Value) -> BTreeSet<[String; 3]> {
    let findings = report["findings"].as_array().expect("a list");
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    findings
        .iter()
        .map(|finding| {
            [text(&finding["pod"]), text(&finding["container"]["name"]), text(&finding["diagnoses"][0]["cause"])]
        })
        .collect()
}
