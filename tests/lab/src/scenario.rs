//! A scenario as data: what is applied, what is seen, what `why` has to say, and how the outside is healed where no command can.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Result, paths};

/// One file of `tests/lab/scenarios/`; the file's name is the scenario's.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// From the file's name.
    #[serde(skip)]
    pub name: String,
    /// What happened, in one sentence.
    pub why: String,
    /// Belongs to the few that every run of CI tries.
    #[serde(default)]
    pub core: bool,
    /// Needs no registry and no node of the lab: runs in any cluster.
    #[serde(default)]
    pub anywhere: bool,
    /// Changes the node or a host that others use, so nothing else may run meanwhile.
    #[serde(default)]
    pub exclusive: bool,
    /// Secrets of the namespace, made before everything else.
    #[serde(default)]
    pub secrets: Vec<Secret>,
    /// Short for a pod `app` with a container `app`.
    pub image: Option<String>,
    /// More fields of that container.
    #[serde(default)]
    pub container: BTreeMap<String, Value>,
    /// More fields of that pod's `spec`.
    #[serde(default)]
    pub pod: BTreeMap<String, Value>,
    /// What else is applied, as `kubectl apply -f` takes it.
    #[serde(default)]
    pub manifest: String,
    /// Shell commands before the above is applied; `kubectl` stays in the namespace `$NS`, `ctl` changes the outside.
    #[serde(default)]
    pub before: String,
    /// Shell commands after it was applied.
    #[serde(default)]
    pub during: String,
    /// Regular expression: seen in the namespace's events and statuses, the failure has happened. Holds without any tool of ours.
    pub says: String,
    /// How long that may take, in seconds.
    #[serde(default = "two_minutes")]
    pub within: u64,
    /// What `why` is asked: a pod's name, or words such as `-l app=web`.
    #[serde(default = "app")]
    pub ask: String,
    /// What it has to answer.
    pub expect: Expect,
    /// What the author knows and printed commands may need, where it is not the usual (see [`Scenario::need`]).
    #[serde(default)]
    pub needs: BTreeMap<String, String>,
    /// How it ends well.
    #[serde(default)]
    pub heal: Heal,
    /// Shell commands that put back what `before` and `heal` changed. Hosts and images are put back anyway.
    #[serde(default)]
    pub after: String,
}

/// A secret of the namespace.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// Its name.
    pub name: String,
    /// For a secret as `kubectl create secret docker-registry` makes it; with user and password.
    pub server: Option<String>,
    /// See `server`.
    #[serde(default = "lab")]
    pub username: String,
    /// See `server`.
    #[serde(default = "lab")]
    pub password: String,
    /// For any other secret, with `data`.
    pub r#type: Option<String>,
    /// Plain text; the API server codes it.
    #[serde(default)]
    pub data: BTreeMap<String, String>,
    /// In the namespace `$NS-elsewhere` instead.
    #[serde(default)]
    pub elsewhere: bool,
}

/// The right answer.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// What the text alone says; absent: this is no pull failure, and `why` finds nothing.
    pub cause: Option<String>,
    /// Also right, by the text.
    #[serde(default)]
    pub accept: Vec<String>,
    /// What the cluster's facts prove beyond the text.
    pub settled: Option<String>,
    /// `final`, `transient` or `depends`; absent: not judged.
    pub outlook: Option<String>,
    /// Who has to act by the first fix; absent: the printed commands have to heal, whoever runs them.
    pub who: Option<String>,
    /// The container that is asked about, where there are several.
    pub container: Option<String>,
}

/// How it ends well.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heal {
    /// Shell commands: what a registry owner or node admin does, where the first fix prints no command; printed ones have to heal alone.
    #[serde(default)]
    pub outside: String,
    /// Why the outside has to be healed although commands are printed.
    pub outside_too: Option<String>,
    /// Shell commands in place of printed ones: an image's author builds it anew and pushes it under the same name. Only where the
    /// first fix prints no command; printed ones have to heal alone.
    #[serde(default)]
    pub instead: String,
    /// Seconds until all pods run; the kubelet's own pauses are within it.
    pub within: Option<u64>,
    /// Shell command that succeeds when it is healed; absent: every pod of the namespace is ready.
    pub when: Option<String>,
    /// Why nothing is tried: nobody can heal it within a test.
    pub never: Option<String>,
}

/// Ten times what most need: a busy machine must not look like a failure that did not happen.
fn two_minutes() -> u64 {
    120
}

fn app() -> String {
    "app".to_owned()
}

fn lab() -> String {
    "lab".to_owned()
}

/// All scenarios, by name.
///
/// # Errors
/// When a file cannot be read as a scenario; the text names it.
pub fn all() -> Result<Vec<Scenario>> {
    let mut scenarios = Vec::new();
    for entry in fs::read_dir(paths::source().join("scenarios"))? {
        let path = entry?.path();
        let read = || -> Result<Scenario> { Ok(serde_saphyr::from_str(&fs::read_to_string(&path)?)?) };
        let mut scenario = read().map_err(|error| format!("{}: {error}", path.display()))?;
        scenario.name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        scenarios.push(scenario);
    }
    scenarios.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(scenarios)
}

impl Scenario {
    /// The namespace that it has for itself.
    pub fn namespace(&self) -> String {
        format!("lab-{}", self.name)
    }

    /// The value of a variable that a printed command may ask for; `None`: it is none of the fixed set.
    pub fn need(&self, name: &str) -> Option<&str> {
        let usual = match name {
            "REGISTRY_USERNAME" | "REGISTRY_PASSWORD" => "lab",
            "REGISTRY_EMAIL" => "lab@lab.test",
            "SECRET_NAME" => "regcred",
            "NEW_IMAGE" => "registry.lab.test/lab/new:1",
            _ => return None,
        };
        Some(self.needs.get(name).map_or(usual, String::as_str))
    }

    /// Whether a finding of a report is about the container that the scenario is about.
    pub fn is_asked(&self, finding: &Value) -> bool {
        let container = self.expect.container.as_deref();
        container.is_none() || finding["container"]["name"].as_str() == container
    }

    /// Everything to apply besides `manifest`, as JSON documents; secrets first.
    pub fn objects(&self) -> Vec<Value> {
        let mut objects: Vec<Value> = self.secrets.iter().map(|secret| secret.object(&self.namespace())).collect();
        if let Some(image) = &self.image {
            let mut container = json!({"name": "app", "image": image});
            merge(&mut container, &self.container);
            let mut spec = json!({"terminationGracePeriodSeconds": 1, "containers": [container]});
            merge(&mut spec, &self.pod);
            objects.push(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "app", "namespace": self.namespace()}, "spec": spec}));
        }
        objects
    }

    /// Images that must not be on the node when it begins, and hosts that it may have changed.
    pub fn images_and_hosts(&self) -> (Vec<String>, Vec<String>) {
        let text = serde_json::to_string(&self.objects()).unwrap_or_default() + &self.manifest + &self.during;
        let image =
            regex::Regex::new(r"[a-z0-9.-]+\.(?:test|example|io|com|dev)(?::\d+)?/[a-z0-9./_-]+[:@][A-Za-z0-9:._-]+")
                .expect("a constant");
        let mut images: Vec<String> = image.find_iter(&text).map(|found| found.as_str().to_owned()).collect();
        // A short name is Docker Hub's.
        images.extend(self.image.iter().map(|image| match image.split('/').count() {
            1 => format!("docker.io/library/{image}"),
            _ => format!("docker.io/{image}"),
        }));
        images.sort();
        images.dedup();

        let scripts = [&*self.before, &*self.during, &*self.heal.outside, &*self.heal.instead].join("\n");
        let host = regex::Regex::new(r"ctl (?:set|heal) (\S+)").expect("a constant");
        let hosts = host.captures_iter(&scripts).map(|found| found[1].to_owned()).collect();
        (images, hosts)
    }
}

impl Secret {
    fn object(&self, namespace: &str) -> Value {
        let (kind, data) = match &self.server {
            Some(server) => {
                let auths = json!({"auths": {server: {"username": self.username, "password": self.password}}});
                ("kubernetes.io/dockerconfigjson", json!({".dockerconfigjson": auths.to_string()}))
            }
            None => (self.r#type.as_deref().unwrap_or("kubernetes.io/dockerconfigjson"), json!(self.data)),
        };
        let namespace = if self.elsewhere { format!("{namespace}-elsewhere") } else { namespace.to_owned() };
        json!({"apiVersion": "v1", "kind": "Secret", "type": kind, "metadata": {"name": self.name, "namespace": namespace}, "stringData": data})
    }
}

fn merge(value: &mut Value, more: &BTreeMap<String, Value>) {
    for (key, field) in more {
        value[key] = field.clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_can_be_read_and_there_are_enough_of_them() {
        let scenarios = all().expect("scenarios");
        let failures = scenarios.iter().filter(|scenario| scenario.expect.cause.is_some()).count();
        assert!(failures >= 45, "only {failures} scenarios fail");
        for scenario in &scenarios {
            regex::Regex::new(&scenario.says).unwrap_or_else(|error| panic!("{}: {error}", scenario.name));
            let outlook = scenario.expect.outlook.as_deref();
            assert!(
                matches!(outlook, None | Some("final" | "transient" | "depends")),
                "{}: {outlook:?}",
                scenario.name
            );
            assert!(scenario.namespace().len() <= 50, "{}: too long for a namespace", scenario.name);
        }
    }

    #[test]
    fn what_has_to_act_outside_is_said_for_everyone_who_is_not_the_author() {
        for scenario in all().expect("scenarios") {
            let outside =
                scenario.expect.who.as_deref().is_some_and(|who| matches!(who, "registry-owner" | "node-admin"));
            let told = !scenario.heal.outside.is_empty() || scenario.heal.never.is_some();
            assert!(!outside || told, "{}: nobody heals the outside", scenario.name);
        }
    }
}
