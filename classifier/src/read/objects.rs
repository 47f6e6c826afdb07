//! Kubernetes objects: pods, events, lists, fragments of them, and the plugin's bundle. Statuses and events become records; the
//! rest become facts.

use crate::observations::{
    ContainerFacts, ContainerKind, Facts, NodeFacts, NotRead, OwnerFacts, PodFacts, ServiceAccountFacts, Source,
    Subject, Target, When,
};
use crate::read::clean::clean;
use crate::read::message;
use crate::read::record::{Record, rfc3339};
use crate::read::timeline::Assembler;
use crate::read::tree::Node;
use crate::secret_facts::SecretFacts;
use crate::text::Text;

/// Reads an object, a list of them, or a fragment. Answers whether anything in it was known.
pub fn read(node: &Node, found: &mut Assembler) -> bool {
    match node {
        Node::List(items) => {
            let mut any = false;
            for item in items {
                any |= read(item, found);
            }
            any
        }
        Node::Map(_) => object(node, found),
        Node::Leaf(_) | Node::Bare(_) => false,
    }
}

fn object(node: &Node, found: &mut Assembler) -> bool {
    let kind = node.text(&["kind"]).unwrap_or_default();
    if kind == "List" || kind.ends_with("List") || (kind.is_empty() && node.at(&["items"]).is_some()) {
        bundle(node, &mut found.facts);
        return read(node.at(&["items"]).unwrap_or(&Node::List(Vec::new())), found);
    }
    match kind {
        "Pod" => pod(node, found),
        "Event" => event(node, found),
        "ServiceAccount" => found.facts.service_accounts.push(ServiceAccountFacts {
            namespace: string(node, &["metadata", "namespace"]),
            name: string(node, &["metadata", "name"]),
            pull_secrets: names(node.items(&["imagePullSecrets"])),
        }),
        "Node" => found.facts.nodes.push(node_facts(node)),
        "Secret" | "SecretFacts" => found.facts.secrets.extend(SecretFacts::read(node)),
        "ReplicaSet" | "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "CronJob" | "ReplicationController" => {
            found.facts.owners.push(OwnerFacts {
                namespace: string(node, &["metadata", "namespace"]),
                name: format!("{kind}/{}", string(node, &["metadata", "name"])),
                owner: controller(node),
                managed_by: managed_by(node),
            });
        }
        // A pod without its head, or a part of a status: whatever waits in it.
        "" => return fragment(node, found),
        _ => {}
    }
    true
}

fn string(node: &Node, path: &[&str]) -> String {
    node.text(path).unwrap_or_default().to_owned()
}

fn time(node: &Node, path: &[&str]) -> Option<i64> {
    node.text(path).and_then(rfc3339)
}

fn names(items: &[Node]) -> Vec<String> {
    items.iter().filter_map(|item| item.text(&["name"])).map(str::to_owned).collect()
}

/// The controller among the owner references, as `Kind/name`.
fn controller(node: &Node) -> Option<String> {
    let owners = node.items(&["metadata", "ownerReferences"]);
    let owner = owners.iter().find(|owner| owner.text(&["controller"]) == Some("true")).or(owners.first())?;
    Some(format!("{}/{}", owner.text(&["kind"])?, owner.text(&["name"])?))
}

/// Labels and field managers tell who would put an old image back.
fn managed_by(node: &Node) -> Option<String> {
    let label = node.text(&["metadata", "labels", "app.kubernetes.io/managed-by"]).unwrap_or_default();
    let label_key = |key: &str| node.at(&["metadata", "labels", key]).is_some();
    if label_key("argocd.argoproj.io/instance") {
        Some("Argo CD".to_owned())
    } else if label_key("kustomize.toolkit.fluxcd.io/name") || label_key("helm.toolkit.fluxcd.io/name") {
        Some("Flux".to_owned())
    } else {
        (label == "Helm").then(|| label.to_owned())
    }
}

fn bundle(node: &Node, facts: &mut Facts) {
    facts.collected_at = facts.collected_at.or(time(node, &["collectedAt"]));
    if node.at(&["target"]).is_some() {
        let pods = node.items(&["target", "pods"]).iter().filter_map(|name| name.text(&[]).map(str::to_owned));
        let text = |key: &str| node.text(&["target", key]).map(str::to_owned);
        facts.target =
            Some(Target { namespace: text("namespace"), pods: pods.collect(), container: text("container") });
    }
    for item in node.items(&["missing"]) {
        if item.text(&["kind"]) == Some("Secret") {
            facts.missing_secrets.push((string(item, &["namespace"]), string(item, &["name"])));
        }
    }
    for item in node.items(&["notRead"]) {
        let rule = item.text(&["rule"]).map(str::to_owned);
        facts.not_read.push(NotRead { what: string(item, &["what"]), why: string(item, &["why"]), rule });
    }
    for item in node.items(&["lookedAt"]) {
        if let Some(text) = item.leaf(&[]) {
            facts.looked_at.push(text.as_str().to_owned());
        }
    }
}

fn node_facts(node: &Node) -> NodeFacts {
    let label_keys = match node.at(&["metadata", "labels"]) {
        Some(Node::Map(entries)) => entries.iter().map(|(key, _)| key.clone()).collect(),
        _ => Vec::new(),
    };
    let info = |key: &str| node.text(&["status", "nodeInfo", key]).map(str::to_owned);
    let pressure = node.items(&["status", "conditions"]).iter().any(|condition| {
        condition.text(&["type"]) == Some("DiskPressure") && condition.text(&["status"]) == Some("True")
    });
    let images = node
        .items(&["status", "images"])
        .iter()
        .flat_map(|image| image.items(&["names"]))
        .filter_map(|name| name.text(&[]).map(str::to_owned));
    NodeFacts {
        name: string(node, &["metadata", "name"]),
        arch: info("architecture"),
        os: info("operatingSystem"),
        runtime: info("containerRuntimeVersion"),
        kubelet: info("kubeletVersion"),
        provider: node.text(&["spec", "providerID"]).map(str::to_owned),
        label_keys,
        disk_pressure: pressure,
        images: images.collect(),
    }
}

fn pod(node: &Node, found: &mut Assembler) {
    found.new_section();
    let subject = Subject {
        namespace: node.text(&["metadata", "namespace"]).map(str::to_owned),
        pod: node.text(&["metadata", "name"]).map(str::to_owned),
        node: node.text(&["spec", "nodeName"]).map(str::to_owned),
        owner: controller(node),
        service_account: node.text(&["spec", "serviceAccountName"]).map(str::to_owned),
        ..Subject::default()
    };
    let statuses = [
        (ContainerKind::Init, "initContainers", "initContainerStatuses"),
        (ContainerKind::Regular, "containers", "containerStatuses"),
        (ContainerKind::Ephemeral, "ephemeralContainers", "ephemeralContainerStatuses"),
    ];
    let mut facts = PodFacts {
        namespace: string(node, &["metadata", "namespace"]),
        name: string(node, &["metadata", "name"]),
        created: time(node, &["metadata", "creationTimestamp"]),
        node: subject.node.clone(),
        service_account: subject.service_account.clone(),
        pull_secrets: names(node.items(&["spec", "imagePullSecrets"])),
        owner: subject.owner.clone(),
        reason: node.text(&["status", "reason"]).map(str::to_owned),
        containers: Vec::new(),
    };
    let mut records = Vec::new();
    for (kind, spec_key, status_key) in statuses {
        for spec in node.items(&["spec", spec_key]) {
            let kind = if kind == ContainerKind::Init && spec.text(&["restartPolicy"]) == Some("Always") {
                ContainerKind::Sidecar
            } else {
                kind
            };
            facts.containers.push(ContainerFacts {
                name: string(spec, &["name"]),
                kind,
                image: string(spec, &["image"]),
                pull_policy: spec.text(&["imagePullPolicy"]).map(str::to_owned),
                ..ContainerFacts::default()
            });
        }
        for status in node.items(&["status", status_key]) {
            let name = string(status, &["name"]);
            let index = facts.containers.iter().position(|container| container.name == name).unwrap_or_else(|| {
                facts.containers.push(ContainerFacts {
                    name: name.clone(),
                    kind,
                    image: string(status, &["image"]),
                    ..ContainerFacts::default()
                });
                facts.containers.len() - 1
            });
            let container = &mut facts.containers[index];
            container.waiting = status.text(&["state", "waiting", "reason"]).map(str::to_owned);
            let has_state = |path: &[&str]| status.at(path).is_some_and(|state| !state.is_empty());
            container.has_run = has_state(&["state", "running"])
                || has_state(&["state", "terminated"])
                || has_state(&["lastState", "terminated"]);
            let subject = Subject {
                container: Some(name),
                kind: container.kind,
                image: Some(container.image.clone()),
                ..subject.clone()
            };
            records.extend(waiting(status, subject));
        }
    }
    for volume in node.items(&["spec", "volumes"]) {
        if let Some(image) = volume.text(&["image", "reference"]) {
            facts.containers.push(ContainerFacts {
                name: string(volume, &["name"]),
                kind: ContainerKind::ImageVolume,
                image: image.to_owned(),
                pull_policy: volume.text(&["image", "pullPolicy"]).map(str::to_owned),
                ..ContainerFacts::default()
            });
        }
    }
    found.pod(facts);
    for record in records {
        found.add(record);
    }
    let evicted = node.leaf(&["status", "message"]).filter(|_| node.text(&["status", "reason"]).is_some());
    if let Some(message) = evicted {
        let reason = node.text(&["status", "reason"]).map(str::to_owned);
        found.add(Record { text: clean(message), source: Source::Status, reason, subject, ..Record::default() });
    }
}

/// The waiting state of a container's status, as a record.
fn waiting(status: &Node, subject: Subject) -> Option<Record> {
    let reason_leaf = status.leaf(&["state", "waiting", "reason"])?;
    let reason = reason_leaf.as_str().to_owned();
    let message = status.leaf(&["state", "waiting", "message"]).filter(|message| !message.is_empty());
    let text = message.map_or_else(|| reason_leaf.clone(), clean);
    // An age of nothing: a status is how it stands now.
    let when = When { age: Some(0), ..When::default() };
    Some(Record { text, source: Source::Status, reason: Some(reason), subject, when, ..Record::default() })
}

fn event(node: &Node, found: &mut Assembler) {
    // core/v1 and events.k8s.io/v1 name the same things differently
    let either = |paths: [&[&str]; 2]| paths.into_iter().find_map(|path| node.text(path));
    let object = if node.at(&["involvedObject"]).is_some() { "involvedObject" } else { "regarding" };
    let name = node.text(&[object, "name"]).map(str::to_owned);
    let kind = node.text(&[object, "kind"]).unwrap_or("Pod");
    let mut subject = Subject {
        namespace: node.text(&[object, "namespace"]).or(node.text(&["metadata", "namespace"])).map(str::to_owned),
        node: either([&["source", "host"], &["deprecatedSource", "host"]])
            .or(node.text(&["reportingInstance"]))
            .map(str::to_owned),
        ..Subject::default()
    };
    if kind == "Pod" {
        subject.pod = name;
    } else {
        subject.owner = name.map(|name| format!("{kind}/{name}"));
    }
    if let Some((kind, container)) = node.text(&[object, "fieldPath"]).and_then(message::field_path) {
        (subject.kind, subject.container) = (kind, Some(container));
    }
    let count = either([&["count"], &["deprecatedCount"]])
        .or(node.text(&["series", "count"]))
        .and_then(|count| count.parse().ok());
    let last = either([&["lastTimestamp"], &["deprecatedLastTimestamp"]])
        .or(node.text(&["series", "lastObservedTime"]))
        .or(node.text(&["eventTime"]))
        .and_then(rfc3339);
    let first =
        either([&["firstTimestamp"], &["deprecatedFirstTimestamp"]]).or(node.text(&["eventTime"])).and_then(rfc3339);
    let text = node.leaf(&["message"]).or(node.leaf(&["note"])).map(|text| clean(text).trim()).unwrap_or_default();
    let when = When { time: last.or(first), first_time: first, count, ..When::default() };
    let reason = node.text(&["reason"]).map(str::to_owned);
    found.add(Record { text, source: Source::Event, reason, subject, when, ..Record::default() });
}

/// Part of an object: every container status in it, every event in it.
fn fragment(node: &Node, found: &mut Assembler) -> bool {
    if node.at(&["involvedObject"]).is_some() && node.at(&["message"]).is_some() {
        event(node, found);
        return true;
    }
    if node.at(&["spec", "containers"]).is_some() && node.at(&["status"]).is_some() {
        pod(node, found);
        return true;
    }
    let mut records = Vec::new();
    let mut events = Vec::new();
    node.walk(&mut |part| {
        let text = |path: &[&str]| part.text(path).map(str::to_owned);
        if part.at(&["state", "waiting"]).is_some() {
            let subject = Subject { container: text(&["name"]), image: text(&["image"]), ..Subject::default() };
            records.extend(waiting(part, subject));
        } else if part.leaf(&["waiting", "reason"]).is_some() {
            let state = Node::Map(vec![("state".to_owned(), part.clone())]);
            records.extend(waiting(&state, Subject::default()));
        } else if part.at(&["involvedObject"]).is_some() {
            events.push(part.clone());
        }
    });
    // A status that was seen with its container is not seen a second time without.
    let with_container: Vec<Text> =
        records.iter().filter(|record| record.subject.container.is_some()).map(|record| record.text.clone()).collect();
    records.retain(|record| record.subject.container.is_some() || !with_container.contains(&record.text));
    let any = !records.is_empty() || !events.is_empty();
    for record in records {
        found.add(record);
    }
    for part in &events {
        event(part, found);
    }
    any
}
