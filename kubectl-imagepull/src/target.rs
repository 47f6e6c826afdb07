//! Which pods: names as kubectl takes them.

use crate::args::Selection;
use crate::cluster::Address;
use crate::failure::Failure;

/// What was chosen on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Which pods.
    pub what: What,
    /// `--namespace`; `None` is the context's.
    pub namespace: Option<String>,
    /// `--container`.
    pub container: Option<String>,
}

/// Which pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Those that are named, and those of the workloads that are named.
    Named(Vec<Target>),
    /// All that fail, of a namespace or of all.
    Failing {
        /// `--all-namespaces`.
        everywhere: bool,
        /// `--selector`.
        labels: Option<String>,
        /// `--field-selector`.
        fields: Option<String>,
    },
}

/// Something named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What kind of object.
    pub resource: Resource,
    /// Its name.
    pub name: String,
}

/// A kind of object that is a pod or owns some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// One that every cluster has.
    Known(&'static Known),
    /// Any other, as typed: `rollouts`, `rollout.argoproj.io`. The cluster says what it is.
    Other(String),
}

/// A kind of object that every cluster has.
#[derive(Debug, PartialEq, Eq)]
pub struct Known {
    /// API group; empty for the core one.
    pub group: &'static str,
    /// Version.
    pub version: &'static str,
    /// Plural, as in addresses.
    pub plural: &'static str,
    /// Kind, as in objects.
    pub kind: &'static str,
    short: &'static str,
}

/// Pods.
pub const POD: &Known = &Known { group: "", version: "v1", plural: "pods", kind: "Pod", short: "po" };

const KNOWN: &[&Known] = &[
    POD,
    &Known { group: "apps", version: "v1", plural: "deployments", kind: "Deployment", short: "deploy" },
    &Known { group: "apps", version: "v1", plural: "replicasets", kind: "ReplicaSet", short: "rs" },
    &Known { group: "apps", version: "v1", plural: "statefulsets", kind: "StatefulSet", short: "sts" },
    &Known { group: "apps", version: "v1", plural: "daemonsets", kind: "DaemonSet", short: "ds" },
    &Known { group: "batch", version: "v1", plural: "jobs", kind: "Job", short: "job" },
    &Known { group: "batch", version: "v1", plural: "cronjobs", kind: "CronJob", short: "cj" },
    &Known { group: "", version: "v1", plural: "replicationcontrollers", kind: "ReplicationController", short: "rc" },
];

impl Known {
    /// The words by which kinds are known, those that `kubectl api-resources` calls short first.
    pub fn words() -> impl Iterator<Item = &'static str> {
        KNOWN.iter().map(|known| known.short).chain(KNOWN.iter().map(|known| known.plural))
    }

    /// The list of a kind in a namespace.
    pub fn list(&self, namespace: &str) -> Address {
        match self.group {
            "" => Address::new(&["api", self.version, "namespaces", namespace, self.plural]),
            group => Address::new(&["apis", group, self.version, "namespaces", namespace, self.plural]),
        }
    }

    /// The kind with this name and group, as an owner reference has it.
    pub fn of_kind(kind: &str, api_version: &str) -> Option<&'static Known> {
        let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
        KNOWN.iter().copied().find(|known| known.kind == kind && known.group == group)
    }

    /// The kind that a word of the command line means: `po`, `deploy`, `Deployment`, `deployments.apps`, `deployments.v1.apps`.
    pub fn of_word(word: &str) -> Option<&'static Known> {
        let word = word.to_ascii_lowercase();
        let (name, group) = word.split_once('.').unwrap_or((&word, ""));
        KNOWN.iter().copied().find(|known| {
            let named = name == known.short || name == known.plural || name == known.kind.to_ascii_lowercase();
            let in_group =
                group.is_empty() || group == known.group || group == format!("{}.{}", known.version, known.group);
            named && in_group
        })
    }
}

impl Chosen {
    /// Reads the command line.
    ///
    /// # Errors
    /// When a name cannot be one.
    pub fn read(selection: &Selection) -> Result<Chosen, Failure> {
        let words = &selection.targets;
        let mut targets = Vec::new();
        match words.split_first() {
            // `pods` alone is all of them, as in `kubectl get pods`.
            Some((word, [])) if Known::of_word(word) == Some(POD) => {}
            // `deploy web api`, as in `kubectl describe deploy web api`.
            Some((word, names)) if !names.is_empty() && !word.contains('/') && Known::of_word(word).is_some() => {
                for name in names {
                    if name.contains('/') {
                        return Err(Failure::new(
                            "there is no need to specify a resource type as a separate argument when passing arguments in TYPE/NAME form",
                            format!("Write `{name}`, or `{word} {}`.", name.rsplit('/').next().unwrap_or_default()),
                        ));
                    }
                    targets.push(target(word, name)?);
                }
            }
            _ => {
                for word in words {
                    let (resource, name) = word.split_once('/').unwrap_or(("pod", word));
                    targets.push(target(resource, name)?);
                }
            }
        }
        let mut seen: Vec<Target> = Vec::new();
        targets.retain(|target| {
            let new = !seen.contains(target);
            seen.push(target.clone());
            new
        });
        let what = if targets.is_empty() {
            What::Failing {
                everywhere: selection.all_namespaces,
                labels: selection.selector.clone(),
                fields: selection.field_selector.clone(),
            }
        } else {
            What::Named(targets)
        };
        if selection.namespace.as_deref().is_some_and(|namespace| !is_name(namespace)) {
            return Err(Failure::new(
                "`--namespace` is no name of a namespace",
                "Names are lower case letters, digits and `-`.",
            ));
        }
        Ok(Chosen { what, namespace: selection.namespace.clone(), container: selection.container.clone() })
    }
}

fn target(resource: &str, name: &str) -> Result<Target, Failure> {
    if !is_name(name) {
        return Err(Failure::new(
            format!("`{name}` is no name of an object"),
            "Names are lower case letters, digits, `-` and `.`; text is explained with `-f FILE` or `-`.",
        ));
    }
    let resource = match Known::of_word(resource) {
        Some(known) => Resource::Known(known),
        None if !resource.is_empty() && resource.split('.').all(|part| is_name(&part.to_ascii_lowercase())) => {
            Resource::Other(resource.to_ascii_lowercase())
        }
        None => return Err(Failure::new(format!("`{resource}` is no kind of object"), "As in `deploy/web`.")),
    };
    Ok(Target { resource, name: name.to_owned() })
}

/// RFC 1123 subdomain, which all names that we ask for are.
fn is_name(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
    let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    name.len() <= 253 && name.bytes().all(inner) && edge(name.bytes().next()) && edge(name.bytes().last())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Vec<String>, String> {
        let selection = Selection {
            targets: words.iter().map(|word| (*word).to_owned()).collect(),
            namespace: None,
            all_namespaces: false,
            selector: None,
            field_selector: None,
            container: None,
        };
        let shown = |target: &Target| match &target.resource {
            Resource::Known(known) => format!("{}/{}", known.kind, target.name),
            Resource::Other(word) => format!("?{word}/{}", target.name),
        };
        match Chosen::read(&selection).map_err(|failure| failure.what)?.what {
            What::Named(targets) => Ok(targets.iter().map(shown).collect()),
            What::Failing { .. } => Ok(vec!["all".to_owned()]),
        }
    }

    #[test]
    fn targets_are_taken_as_kubectl_takes_them() {
        for (words, want) in [
            (&[][..], &["all"][..]),
            (&["pods"], &["all"]),
            (&["web-1"], &["Pod/web-1"]),
            (&["web-1", "web-2", "web-1"], &["Pod/web-1", "Pod/web-2"]),
            (&["pod/web-1", "po/web-2"], &["Pod/web-1", "Pod/web-2"]),
            (&["deploy/web", "Deployment/api"], &["Deployment/web", "Deployment/api"]),
            (&["deployment.apps/web"], &["Deployment/web"]),
            (&["deployments.v1.apps/web"], &["Deployment/web"]),
            (&["deploy", "web", "api"], &["Deployment/web", "Deployment/api"]),
            (
                &["cronjob/nightly", "cj/x", "sts/db", "ds/log", "rs/web-1", "job/j", "rc/old"],
                &[
                    "CronJob/nightly",
                    "CronJob/x",
                    "StatefulSet/db",
                    "DaemonSet/log",
                    "ReplicaSet/web-1",
                    "Job/j",
                    "ReplicationController/old",
                ],
            ),
            (&["rollouts.argoproj.io/web"], &["?rollouts.argoproj.io/web"]),
            // A pod may be called like a kind.
            (&["deploy"], &["Pod/deploy"]),
        ] {
            assert_eq!(read(words).expect("targets"), want, "{words:?}");
        }
    }

    #[test]
    fn what_cannot_be_a_name_is_refused() {
        for words in
            [&["Web"][..], &["pod/"], &["/x"], &["../secrets/x"], &["a b"], &["deploy", "deploy/web"], &["pod/x/y"]]
        {
            assert!(read(words).is_err(), "{words:?}");
        }
    }
}
