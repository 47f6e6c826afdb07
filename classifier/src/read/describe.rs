//! `kubectl describe pod` (and `oc describe`, and the description of a workload): the frame around its events.

use crate::observations::{ContainerFacts, ContainerKind, PodFacts, Subject};

/// What the description said so far.
#[derive(Clone, Debug, Default)]
pub struct Description {
    /// Pod, namespace, node, owner, service account.
    pub subject: Subject,
    /// Containers with image and state.
    pub containers: Vec<Described>,
    /// `Status:` of the pod.
    pub status: Option<String>,
    part: Part,
    /// Indentation of container names in this part; the first one decides.
    name_indent: Option<usize>,
    /// Inside of `State:`, not of `Last State:`.
    in_state: bool,
    /// Whether it is the description of something else than a pod.
    pub kind: Kind,
}

/// A container of a description.
#[derive(Clone, Debug, Default)]
pub struct Described {
    /// Name, kind, image.
    pub facts: ContainerFacts,
    /// `Waiting`, `Running`, `Terminated`.
    pub state: Option<String>,
    /// Reason of the state, and the line it stands on, as bytes of the document.
    pub reason: Option<(String, std::ops::Range<usize>)>,
    /// What containerd and the kubelet call the image once it is there.
    pub image_id: bool,
}

/// Of what it is the description.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// A pod, as far as we know.
    #[default]
    Pod,
    /// A workload with a pod template.
    Workload,
    /// Anything else.
    Other,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Head,
    Containers(ContainerKind),
    Conditions,
    Volumes,
    Events,
    Rest,
}

/// Keys of a container's block that have nothing after the colon: they are no names of containers.
const BLOCKS: &[&str] = &[
    "State",
    "Last State",
    "Limits",
    "Requests",
    "Liveness",
    "Readiness",
    "Startup",
    "Environment",
    "Environment Variables from",
    "Mounts",
    "Args",
    "Command",
    "Container ID",
    "Image ID",
    "Image",
    "Devices",
    "Port",
    "Ports",
    "Host Port",
    "Host Ports",
    "SeccompProfile",
    "Node-Selectors",
    "Tolerations",
    "QoS Class",
    "Volumes",
    "Conditions",
    "Events",
    "IPs",
    "Annotations",
    "Labels",
    "Ready",
    "Restart Count",
    "Type",
    "Environment Variables",
    "Resource Claims",
    "Reason",
    "Message",
];

impl Description {
    /// Whether a line begins a new description: `Name:` at the left edge, with a value.
    pub fn begins(line: &str) -> bool {
        line.strip_prefix("Name:").is_some_and(|rest| rest.starts_with([' ', '\t']) && !rest.trim().is_empty())
    }

    /// A new one from its first line.
    pub fn new(line: &str) -> Description {
        let name = line.trim_start_matches("Name:").trim();
        Description { subject: Subject { pod: Some(name.to_owned()), ..Subject::default() }, ..Description::default() }
    }

    /// Whether the events of it are being read.
    pub fn in_events(&self) -> bool {
        self.part == Part::Events
    }

    /// Takes a line that is no event row. `place`: its bytes in the document. Answers whether the line belongs to it.
    pub fn take(&mut self, line: &str, place: std::ops::Range<usize>) -> bool {
        let indent = line.len() - line.trim_start().len();
        let words = line.trim();
        let Some((key, value)) = words.split_once(':').map(|(key, value)| (key.trim(), value.trim())) else {
            return self.part != Part::Events && indent > 0;
        };
        if key.len() > 40 || key.contains(['"', '=', '/']) && indent == 0 {
            return false;
        }
        if let Some(part) = part(key, value) {
            self.part = part;
            self.name_indent = None;
            self.in_state = false;
            return true;
        }
        if let Part::Containers(kind) = self.part
            && (indent > 0 || !is_head_key(key))
        {
            self.take_container(key, value, indent, kind, place);
            return true;
        }
        if indent == 0 {
            self.take_head(key, value);
        }
        self.part != Part::Events && (indent > 0 || is_head_key(key))
    }

    fn take_head(&mut self, key: &str, value: &str) {
        let some = || Some(value.to_owned()).filter(|value| !value.is_empty() && value != "<none>");
        match key {
            "Namespace" => self.subject.namespace = some(),
            "Service Account" | "ServiceAccount" => self.subject.service_account = some(),
            "Node" => self.subject.node = some().map(|node| node.split('/').next().unwrap_or_default().to_owned()),
            "Controlled By" | "Controllers" | "Created By" => self.subject.owner = some(),
            "Status" => self.status = some(),
            "Replicas"
            | "StrategyType"
            | "Pods Status"
            | "Selector"
            | "Update Strategy"
            | "Desired Number of Nodes Scheduled" => {
                self.kind = Kind::Workload;
            }
            "Involved Object" | "Kind" if value != "Pod" => self.kind = Kind::Other,
            _ => {}
        }
    }

    fn take_container(
        &mut self,
        key: &str,
        value: &str,
        indent: usize,
        kind: ContainerKind,
        place: std::ops::Range<usize>,
    ) {
        let is_name = value.is_empty()
            && !BLOCKS.contains(&key)
            && !key.contains(' ')
            && self.name_indent.is_none_or(|at| at == indent);
        if is_name {
            self.name_indent = Some(indent);
            self.in_state = false;
            let facts = ContainerFacts { name: key.to_owned(), kind, ..ContainerFacts::default() };
            self.containers.push(Described { facts, ..Described::default() });
            return;
        }
        let Some(container) = self.containers.last_mut() else { return };
        match key {
            "Image" => container.facts.image = value.to_owned(),
            "Image ID" => container.image_id = !value.is_empty(),
            "State" => {
                self.in_state = true;
                container.state = Some(value.to_owned());
            }
            "Last State" => self.in_state = false,
            "Reason" if self.in_state && container.reason.is_none() => {
                container.reason = Some((value.to_owned(), place.end - value.len().min(place.len())..place.end));
            }
            "Ready" | "Restart Count" => self.in_state = false,
            _ => {}
        }
    }

    /// The pod as facts, for the containers' kinds and images.
    pub fn facts(&self) -> PodFacts {
        let containers = self.containers.iter().map(|described| {
            let waits = described.state.as_deref() == Some("Waiting");
            let reason = described.reason.as_ref().map(|(reason, _)| reason.clone());
            ContainerFacts {
                waiting: reason.filter(|_| waits),
                has_run: matches!(described.state.as_deref(), Some("Running" | "Terminated")),
                ..described.facts.clone()
            }
        });
        PodFacts {
            namespace: self.subject.namespace.clone().unwrap_or_default(),
            name: self.subject.pod.clone().unwrap_or_default(),
            node: self.subject.node.clone(),
            service_account: self.subject.service_account.clone(),
            owner: self.subject.owner.clone(),
            containers: containers.collect(),
            ..PodFacts::default()
        }
    }
}

fn part(key: &str, value: &str) -> Option<Part> {
    let open = value.is_empty();
    match key {
        "Containers" if open => Some(Part::Containers(ContainerKind::Regular)),
        "Init Containers" if open => Some(Part::Containers(ContainerKind::Init)),
        "Ephemeral Containers" if open => Some(Part::Containers(ContainerKind::Ephemeral)),
        "Conditions" if open => Some(Part::Conditions),
        "Volumes" if open || value == "<none>" => Some(Part::Volumes),
        "Events" if open || value == "<none>" => Some(Part::Events),
        "QoS Class" | "Node-Selectors" | "Tolerations" => Some(Part::Rest),
        _ => None,
    }
}

/// Keys that stand at the left edge of a description.
const HEAD_KEYS: &[&str] = &[
    "Name",
    "Namespace",
    "Priority",
    "Priority Class Name",
    "PriorityClassName",
    "Runtime Class Name",
    "Service Account",
    "Node",
    "Start Time",
    "Labels",
    "Annotations",
    "Status",
    "Reason",
    "Message",
    "SeccompProfile",
    "IP",
    "IPs",
    "Controlled By",
    "Controllers",
    "NominatedNodeName",
    "QoS Class",
    "Node-Selectors",
    "Tolerations",
    "Selector",
    "Replicas",
    "StrategyType",
    "Pods Status",
    "Pod Template",
    "CreationTimestamp",
    "MinReadySeconds",
    "RollingUpdateStrategy",
    "OldReplicaSets",
    "NewReplicaSet",
    "Readiness Gates",
    "Topology Spread Constraints",
    "Security Policy",
    "Image(s)",
    "Kind",
    "Involved Object",
    "API Version",
    "Type",
    "Count",
];

fn is_head_key(key: &str) -> bool {
    HEAD_KEYS.contains(&key)
}

/// Keys that begin a line of a description, wherever it stands; but for `Name`, which begins the description itself, and stands in
/// volumes and lists as well.
pub fn keys() -> impl Iterator<Item = &'static str> {
    let lists = ["Containers", "Init Containers", "Ephemeral Containers"];
    let keys = HEAD_KEYS.iter().chain(BLOCKS).copied().chain(lists);
    keys.filter(|key| !matches!(*key, "Name" | "Kind" | "Type" | "Count"))
}
