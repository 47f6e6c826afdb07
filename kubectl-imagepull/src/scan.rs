//! Every failing pull of a namespace, or of the cluster, without reading every pod.
//!
//! Two lists say where to look: the pods that wait to start (whole, by phase), and the server's own table of those that run
//! (names and words alone), for containers that were restarted and now wait. One list of events says the rest: ephemeral
//! containers, image volumes, sandboxes. Secrets are not read.

use crate::cluster::{Address, Cluster, Form};
use crate::document::{Document, Wanted};
use crate::failure::Failure;
use crate::gather::{Gather, Pod};
use crate::objects;
use futures_util::StreamExt;
use futures_util::future::join;
use memchr::memmem;
use serde::Deserialize;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};

/// So many failing pods are explained; beyond, a narrower question helps more.
const MOST_PODS: usize = 1000;
/// So many pods that only may fail are kept until their events are seen.
const MOST_WAITING: usize = 5000;
/// So many restarted pods are read one by one; above, all that run are read in pages.
const MOST_ROWS: usize = 300;

/// What is scanned.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// One namespace; `None` is all.
    pub namespace: Option<&'a str>,
    /// `--selector`.
    pub labels: Option<&'a str>,
    /// `--field-selector`.
    pub fields: Option<&'a str>,
}

impl Query<'_> {
    fn pods(&self) -> Address {
        match self.namespace {
            Some(namespace) => Address::new(&["api", "v1", "namespaces", namespace, "pods"]),
            None => Address::new(&["api", "v1", "pods"]),
        }
    }

    fn place(&self) -> String {
        self.namespace.map_or_else(|| "all namespaces".to_owned(), |namespace| format!("namespace {namespace}"))
    }
}

/// Pods that fail, and pods that may.
#[derive(Default)]
struct Found {
    failing: Vec<Pod>,
    more: usize,
    /// Those that have not started yet, as text by uid: their events decide.
    waiting: HashMap<String, Box<str>>,
    seen: usize,
}

impl Found {
    fn take(&mut self, bytes: &[u8]) {
        self.seen += 1;
        // Most pods wait for nothing, and are not worth reading.
        if memmem::find(bytes, b"\"waiting\"").is_none() {
            return;
        }
        let Ok(object) = serde_json::from_slice(bytes) else { return };
        self.add(Pod::of(object));
    }

    fn add(&mut self, pod: Pod) {
        if objects::waits(&pod.object) {
            if self.failing.iter().any(|known| known.uid == pod.uid) {
            } else if self.failing.len() < MOST_PODS {
                self.failing.push(pod);
            } else {
                self.more += 1;
            }
        } else if self.waiting.len() < MOST_WAITING
            && objects::statuses(&pod.object).any(|status| status.pointer("/state/waiting").is_some())
        {
            self.waiting.insert(pod.uid, pod.object.to_string().into());
        }
    }
}

/// Reads what fails and answers the classifier's input.
///
/// # Errors
/// When pods cannot be listed.
pub async fn scan(cluster: &Cluster, query: &Query<'_>, container: Option<&str>) -> Result<String, Failure> {
    cluster.progress.doing("reading pods");
    let found = RefCell::new(Found::default());
    let failure = |refusal| cluster.failure(&refusal, &format!("pods in {}", query.place()));
    // From the server's memory: without this, each list is read from its disk.
    let fresh = query.pods().with("resourceVersion", "0");
    if query.labels.is_some() || query.fields.is_some() {
        let mut address = fresh;
        for (key, value) in [("labelSelector", query.labels), ("fieldSelector", query.fields)] {
            if let Some(value) = value {
                address = address.with(key, value);
            }
        }
        cluster.list(&address, Form::Objects, &mut |pod| found.borrow_mut().take(pod)).await.map_err(failure)?;
    } else {
        let pending = fresh.clone().with("fieldSelector", "status.phase=Pending");
        let running = fresh.with("fieldSelector", "status.phase=Running");
        let table = running.clone().with("includeObject", "None");
        let names: RefCell<BTreeSet<String>> = RefCell::default();
        let (pending, table) = join(
            cluster.list(&pending, Form::Objects, &mut |pod| found.borrow_mut().take(pod)),
            cluster.list(&table, Form::Table, &mut |element| match row(element) {
                Some((name, Some(ready), Some(status))) => {
                    found.borrow_mut().seen += 1;
                    if !is_well(&ready, &status) {
                        names.borrow_mut().insert(name);
                    }
                }
                // A server that knows no tables answers with the pods themselves.
                _ => found.borrow_mut().take(element),
            }),
        )
        .await;
        pending.map_err(failure)?;
        table.map_err(failure)?;
        let names = names.into_inner();
        if names.len() > MOST_ROWS {
            cluster.list(&running, Form::Objects, &mut |pod| found.borrow_mut().take(pod)).await.map_err(failure)?;
        } else {
            restarted(cluster, query, names, &found).await;
        }
    }
    let gather = Gather { cluster, document: RefCell::new(Document::default()) };
    cluster.progress.doing("reading events");
    let mut found = found.into_inner();
    events(&gather, query, &mut found).await;
    if let Some(container) = container {
        found
            .failing
            .retain_mut(|pod| objects::only_container(&mut pod.object, container) && objects::waits(&pod.object));
    }
    cluster.progress.doing("reading what belongs to the pods");
    for pod in &found.failing {
        gather.document.borrow_mut().add(&pod.object);
    }
    let objects: Vec<&Value> = found.failing.iter().map(|pod| &pod.object).collect();
    join(gather.accounts(&objects), join(gather.nodes(&objects), gather.owners(&objects))).await;
    let mut document = gather.document.into_inner();
    document.looked_at(format!("{} pods in {}", found.seen, query.place()));
    if found.more > 0 {
        let why = format!("a scan explains {MOST_PODS}; narrow it with `-n` or `-l`");
        document.left_out(format!("{} more failing pods", found.more), why, None);
    }
    if !found.failing.is_empty() {
        document.left_out(
            "pull secrets".to_owned(),
            "a scan reads none; name a pod to have them looked at".to_owned(),
            None,
        );
    }
    document.target = serde_json::json!({"namespace": query.namespace, "pods": null, "container": container});
    Ok(document.text())
}

/// Reads the running pods of which a container does not run.
async fn restarted(cluster: &Cluster, query: &Query<'_>, names: BTreeSet<String>, found: &RefCell<Found>) {
    futures_util::stream::iter(names)
        .map(|name| async move {
            // A name may stand in several namespaces, and tables without objects do not say which.
            let address = query.pods().with("fieldSelector", &format!("metadata.name={name}"));
            let listed = cluster
                .list(&address, Form::Objects, &mut |pod| {
                    let mut found = found.borrow_mut();
                    found.take(pod);
                    found.seen -= 1;
                })
                .await;
            // A pod that is gone in between fails no more; anything else is seen by the next list.
            drop(listed);
        })
        .buffer_unordered(16)
        .collect::<()>()
        .await;
}

/// Adds the events of the pods that fail, and finds those that fail by their events alone.
async fn events(gather: &Gather<'_>, query: &Query<'_>, found: &mut Found) {
    // What every pod has, and what is no pull, stays with the server.
    const FIELDS: &str = "involvedObject.kind=Pod,reason!=Scheduled,reason!=Created,reason!=Started,reason!=Killing,\
                          reason!=Unhealthy,reason!=FailedScheduling,reason!=FailedMount";
    let path: &[&str] = match query.namespace {
        Some(namespace) => &["api", "v1", "namespaces", namespace, "events"],
        None => &["api", "v1", "events"],
    };
    let failing: HashSet<String> = found.failing.iter().map(|pod| pod.uid.clone()).collect();
    let mut decided: HashSet<String> = HashSet::new();
    let mut ephemeral: BTreeSet<(String, String)> = BTreeSet::new();
    let mut held: Vec<(String, Box<[u8]>)> = Vec::new();
    let mut count = 0_usize;
    let address = Address::new(path).with("fieldSelector", FIELDS);
    let listed = gather
        .cluster
        .list(&address, Form::Objects, &mut |bytes| {
            let Some(event) = Event::read(bytes) else { return };
            let object = &event.involved_object;
            let warning = event.r#type == "Warning";
            if failing.contains(object.uid) {
                if let Ok(event) = serde_json::from_slice(bytes) {
                    count += usize::from(gather.document.borrow_mut().add(&objects::event(event)));
                }
            } else if found.waiting.contains_key(object.uid) {
                if warning {
                    decided.insert(object.uid.to_owned());
                }
                if held.len() < MOST_WAITING {
                    held.push((object.uid.to_owned(), bytes.into()));
                }
            } else if warning
                && query.labels.is_none()
                && query.fields.is_none()
                && object.field_path.is_some_and(|path| path.starts_with("spec.ephemeralContainers{"))
                && ephemeral.len() < MOST_ROWS
            {
                // Ephemeral containers count in no column of the table.
                ephemeral.insert((object.namespace.to_owned(), object.name.to_owned()));
            }
        })
        .await;
    match listed {
        Ok(_) => gather.document.borrow_mut().looked_at(format!("{count} events in {}", query.place())),
        Err(refusal) => {
            let wanted = Wanted { verb: "list", group: "", resource: "events", namespace: query.namespace };
            gather.document.borrow_mut().refused(format!("events in {}", query.place()), &refusal, wanted);
        }
    }
    for uid in &decided {
        if let Some(object) = found.waiting.get(uid).and_then(|text| serde_json::from_str(text).ok())
            && found.failing.len() < MOST_PODS
        {
            found.failing.push(Pod { object, uid: uid.clone() });
        }
    }
    for (_, bytes) in held.iter().filter(|(uid, _)| decided.contains(uid)) {
        if let Ok(event) = serde_json::from_slice(bytes) {
            gather.document.borrow_mut().add(&objects::event(event));
        }
    }
    for (namespace, name) in ephemeral {
        let address = Address::new(&["api", "v1", "namespaces", &namespace, "pods", &name]);
        if let Ok(object) = gather.cluster.object(&address).await {
            let pod = Pod::of(object);
            if objects::waits(&pod.object) && found.failing.len() < MOST_PODS {
                let uid = pod.uid.clone();
                let fields = format!("involvedObject.kind=Pod,involvedObject.uid={uid}");
                gather.events_of(Some(&namespace), &fields, None, &|_| true).await;
                found.failing.push(pod);
            }
        }
    }
}

/// Name, READY and STATUS of a row; the latter two of pods alone. `None` for what is no row.
pub fn row(bytes: &[u8]) -> Option<(String, Option<String>, Option<String>)> {
    #[derive(Deserialize)]
    struct Row {
        cells: Vec<Value>,
    }
    let row: Row = serde_json::from_slice(bytes).ok()?;
    let cell = |position: usize| row.cells.get(position).and_then(Value::as_str).map(str::to_owned);
    Some((cell(0)?, cell(1), cell(2)))
}

/// Whether a pod that runs needs no look: all its containers do. (kubernetes pkg/printers/internalversion/printers.go, printPod)
pub fn is_well(ready: &str, status: &str) -> bool {
    status == "Running" && ready.split_once('/').is_some_and(|(ready, all)| ready == all)
}

/// What of an event decides whether it is wanted.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    #[serde(borrow)]
    involved_object: Involved<'a>,
    #[serde(default)]
    r#type: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Involved<'a> {
    #[serde(default)]
    uid: &'a str,
    #[serde(default)]
    namespace: &'a str,
    #[serde(default)]
    name: &'a str,
    field_path: Option<&'a str>,
}

impl<'a> Event<'a> {
    fn read(bytes: &'a [u8]) -> Option<Event<'a>> {
        serde_json::from_slice(bytes).ok()
    }
}

/// The uid of the object that an event speaks of.
pub fn uid_of_event(bytes: &[u8]) -> Option<&str> {
    Event::read(bytes).map(|event| event.involved_object.uid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_tables_are_read() {
        let read = row(br#"{"cells":["web-1","1/2","CrashLoopBackOff",5,"3d"],"object":null}"#);
        assert_eq!(read, Some(("web-1".to_owned(), Some("1/2".to_owned()), Some("CrashLoopBackOff".to_owned()))));
        assert_eq!(row(br#"{"metadata":{"name":"web-1"}}"#), None);
        assert!(is_well("2/2", "Running"));
        assert!(!is_well("1/2", "Running"));
        assert!(!is_well("2/2", "ImagePullBackOff"));
        assert!(!is_well("?", "Running"));
    }

    #[test]
    fn an_events_object_is_read_without_the_rest() {
        let event = br#"{"metadata":{"name":"e"},"involvedObject":{"kind":"Pod","uid":"u1","name":"web","namespace":"shop"},"message":"a\"b","type":"Warning"}"#;
        assert_eq!(uid_of_event(event), Some("u1"));
        assert_eq!(uid_of_event(b"{}"), None);
    }
}
