//! What is read of the cluster for named pods: the pod, its events, service account, pull secrets, node, owners and neighbours,
//! as much as possible at once. Each answer is stripped as it comes in; a refusal of something that only helps is written down.

mod secrets;
mod workload;

use crate::args::Secrets;
use crate::cluster::{Address, Cluster, Form, Kind, PAGE, Refusal};
use crate::document::{Document, Wanted};
use crate::failure::{Failure, plain};
use crate::objects;
use crate::scan;
use crate::target::{Chosen, Known, POD, Resource, Target, What};
use futures_util::StreamExt;
use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// So many requests are under way at once.
const AT_ONCE: usize = 16;
/// More owners, accounts or nodes than this tell nothing new.
const MOST_OF_A_KIND: usize = 200;
/// A Deployment's pod has two owners; custom ones have some more.
const LONGEST_CHAIN: usize = 5;
/// Neighbours that run the same image, and as many that run another tag of it.
const MOST_NEIGHBOURS: usize = 5;
/// Failing pods of the same controller: one may have the text that another has lost.
const MOST_SIBLINGS: usize = 3;
/// Above this, one list of the namespace's events is cheaper than one for each pod.
const MOST_EVENT_LISTS: usize = 4;

/// Reads what was chosen and answers the classifier's input.
///
/// # Errors
/// When nothing of what was named can be read.
pub async fn gather(cluster: &Cluster, chosen: &Chosen, secrets: Secrets) -> Result<String, Failure> {
    let namespace = chosen.namespace.clone().unwrap_or_else(|| cluster.namespace().to_owned());
    match &chosen.what {
        What::Named(targets) => named(cluster, targets, &namespace, chosen.container.as_deref(), secrets).await,
        What::Failing { everywhere, labels, fields } => {
            let namespace = (!everywhere).then_some(namespace.as_str());
            let query = scan::Query { namespace, labels: labels.as_deref(), fields: fields.as_deref() };
            scan::scan(cluster, &query, chosen.container.as_deref()).await
        }
    }
}

/// A pod, stripped.
#[derive(Clone, Debug)]
pub struct Pod {
    /// What is kept of it.
    pub object: Value,
    /// The uid that its events carry.
    pub uid: String,
}

impl Pod {
    /// Strips a pod as the API returns it.
    pub fn of(object: Value) -> Pod {
        // The kubelet writes a static pod's events under its own uid (kubectl, describe.go, `PodDescriber.Describe`).
        let mirror = object.pointer("/metadata/annotations/kubernetes.io~1config.mirror").and_then(Value::as_str);
        let uid = mirror.or(objects::text(&object, "/metadata/uid")).unwrap_or_default().to_owned();
        Pod { object: objects::pod(object), uid }
    }

    fn namespace(&self) -> &str {
        objects::text(&self.object, "/metadata/namespace").unwrap_or_default()
    }

    fn name(&self) -> &str {
        objects::text(&self.object, "/metadata/name").unwrap_or_default()
    }

    fn account(&self) -> &str {
        objects::text(&self.object, "/spec/serviceAccountName").unwrap_or("default")
    }
}

/// The reading of one document.
pub struct Gather<'a> {
    /// The cluster that is asked.
    pub cluster: &'a Cluster,
    /// What was read.
    pub document: RefCell<Document>,
}

async fn named(
    cluster: &Cluster,
    targets: &[Target],
    namespace: &str,
    container: Option<&str>,
    secrets: Secrets,
) -> Result<String, Failure> {
    let gather = Gather { cluster, document: RefCell::new(Document::default()) };
    cluster.progress.doing("reading pods");
    let found = join_all(targets.iter().map(|target| gather.resolve(target, namespace))).await;
    let mut pods: Vec<Pod> = Vec::new();
    let mut failures = Vec::new();
    for (target, found) in targets.iter().zip(found) {
        match found {
            Ok(found) => {
                for pod in found {
                    if !pods.iter().any(|known| known.uid == pod.uid) {
                        pods.push(pod);
                    }
                }
            }
            Err(failure) => {
                let what = format!("{} {namespace}/{}", target.resource.word(), target.name);
                gather.document.borrow_mut().left_out(what, failure.what.clone(), None);
                failures.push(failure);
            }
        }
    }
    if failures.len() == targets.len() {
        return Err(failures.swap_remove(0));
    }
    for failure in &failures {
        cluster.progress.clear();
        eprintln!("{failure}");
    }
    if let Some(container) = container {
        let mut known = BTreeSet::new();
        pods.retain_mut(|pod| {
            known
                .extend(objects::statuses(&pod.object).filter_map(|status| status["name"].as_str()).map(str::to_owned));
            objects::only_container(&mut pod.object, container)
        });
        if pods.is_empty() {
            let known = known.into_iter().collect::<Vec<_>>().join(", ");
            return Err(Failure::new(
                format!("there is no container `{}`", plain(container)),
                format!("There is: {known}."),
            ));
        }
    }
    cluster.progress.doing("reading what belongs to the pods");
    for pod in &pods {
        gather.document.borrow_mut().add(&pod.object);
    }
    gather.belongings(&pods, container, secrets).await;
    let names: Vec<String> = pods.iter().map(|pod| pod.name().to_owned()).collect();
    let mut document = gather.document.into_inner();
    document.target = json!({"namespace": namespace, "pods": names, "container": container});
    Ok(document.text())
}

impl Gather<'_> {
    async fn resolve(&self, target: &Target, namespace: &str) -> Result<Vec<Pod>, Failure> {
        if target.resource == Resource::Known(POD) {
            return self.pod(namespace, &target.name).await.map(|pod| vec![pod]);
        }
        self.workload(target, namespace).await
    }

    async fn pod(&self, namespace: &str, name: &str) -> Result<Pod, Failure> {
        let address = Address::new(&["api", "v1", "namespaces", namespace, "pods", name]);
        match self.cluster.object(&address).await {
            Ok(object) => {
                self.document.borrow_mut().looked_at(format!("pod {namespace}/{name}"));
                Ok(Pod::of(object))
            }
            Err(refusal) if refusal.kind == Kind::NotFound => Err(self.no_such_pod(namespace, name).await),
            Err(refusal) => Err(self.cluster.failure(&refusal, &format!("pod {namespace}/{name}"))),
        }
    }

    /// Names that are near the one that does not exist: people give the Deployment's.
    async fn no_such_pod(&self, namespace: &str, name: &str) -> Failure {
        let address = Address::new(&["api", "v1", "namespaces", namespace, "pods"]).with("includeObject", "None");
        let mut near: Vec<String> = Vec::new();
        let mut any = false;
        let listed = self
            .cluster
            .one_page(&address.with("limit", PAGE), Form::Table, &mut |row| {
                any = true;
                if let Some((known, ..)) = scan::row(row)
                    && (known.contains(name) || name.starts_with(&known))
                    && near.len() < 3
                {
                    near.push(known);
                }
            })
            .await;
        let mut advice = match near.len() {
            0 if !any && listed.is_ok() => {
                format!("There are no pods in namespace {namespace}; another is chosen with `-n`.")
            }
            0 => format!(
                "Is it in another namespace than {namespace} (`-n`)? A workload is named with its kind: `deploy/{name}`."
            ),
            _ => format!("There is: {}.", near.join(", ")),
        };
        if !near.is_empty() {
            advice.push_str(&format!("\nAll pods of a workload: `deploy/{name}`."));
        }
        Failure::new(format!("pod {namespace}/{name} does not exist"), advice)
    }

    /// Events, credentials, nodes, owners and neighbours of pods, all at once.
    async fn belongings(&self, pods: &[Pod], container: Option<&str>, secrets: Secrets) {
        let objects: Vec<&Value> = pods.iter().map(|pod| &pod.object).collect();
        let credentials = async {
            self.accounts(&objects).await;
            self.credentials(pods, secrets).await;
        };
        let around = join(self.nodes(&objects), join(self.owners(&objects), self.neighbours(pods)));
        let events = self.events(pods, container);
        // Just after the first failure only the events tell of it: the status still says ContainerCreating.
        if pods.iter().all(|pod| objects::waits(&pod.object) || objects::runs(&pod.object)) {
            join(events, join(credentials, around)).await;
        } else {
            events.await;
            join(credentials, around).await;
        }
    }

    /// Whether a pod waits for an image, by its status or by the events read so far.
    fn fails(&self, pod: &Pod) -> bool {
        objects::waits(&pod.object) || self.document.borrow().has_failed_pull(&pod.uid)
    }

    async fn events(&self, pods: &[Pod], container: Option<&str>) {
        let mut namespaces: BTreeMap<&str, Vec<&Pod>> = BTreeMap::new();
        for pod in pods {
            namespaces.entry(pod.namespace()).or_default().push(pod);
        }
        for (namespace, pods) in namespaces {
            if pods.len() > MOST_EVENT_LISTS {
                let uids: HashSet<&str> = pods.iter().map(|pod| pod.uid.as_str()).collect();
                self.events_of(Some(namespace), "involvedObject.kind=Pod", container, &|uid| uids.contains(uid)).await;
                continue;
            }
            join_all(pods.iter().map(|pod| async move {
                // kubectl describe's own query
                let fields = format!(
                    "involvedObject.kind=Pod,involvedObject.uid={},involvedObject.name={},involvedObject.namespace={namespace}",
                    pod.uid,
                    pod.name()
                );
                self.events_of(Some(namespace), &fields, container, &|_| true).await;
            }))
            .await;
        }
    }

    /// Adds the events of a namespace (`None`: of all) that these fields select and whose object's uid is wanted.
    pub async fn events_of(
        &self,
        namespace: Option<&str>,
        fields: &str,
        container: Option<&str>,
        wanted: &dyn Fn(&str) -> bool,
    ) {
        let path: &[&str] = match namespace {
            Some(namespace) => &["api", "v1", "namespaces", namespace, "events"],
            None => &["api", "v1", "events"],
        };
        let mut count = 0_usize;
        let listed = self
            .cluster
            .list(&Address::new(path).with("fieldSelector", fields), Form::Objects, &mut |event| {
                if !scan::uid_of_event(event).is_some_and(wanted) {
                    return;
                }
                let Ok(event) = serde_json::from_slice(event) else { return };
                let event = objects::event(event);
                let other = container.is_some_and(|name| objects::container_of(&event).is_some_and(|of| of != name));
                if !other && self.document.borrow_mut().add(&event) {
                    count += 1;
                }
            })
            .await;
        let place = namespace.map_or_else(|| "all namespaces".to_owned(), |namespace| format!("namespace {namespace}"));
        let mut document = self.document.borrow_mut();
        match listed {
            Ok(_) => document.looked_at(format!("{count} events in {place}")),
            Err(refusal) => {
                let wanted = Wanted { verb: "list", group: "", resource: "events", namespace };
                document.refused(format!("events in {place}"), &refusal, wanted);
            }
        }
    }

    /// The service accounts that pods use.
    pub async fn accounts(&self, pods: &[&Value]) {
        let accounts: BTreeSet<(String, String)> = pods
            .iter()
            .map(|pod| {
                (objects::place(pod).0, objects::text(pod, "/spec/serviceAccountName").unwrap_or("default").to_owned())
            })
            .collect();
        self.each(accounts, "service accounts", async |(namespace, name)| {
            let address = Address::new(&["api", "v1", "namespaces", &namespace, "serviceaccounts", &name]);
            let wanted = Wanted { verb: "get", group: "", resource: "serviceaccounts", namespace: Some(&namespace) };
            self.one(&address, "ServiceAccount", &name, wanted, objects::service_account).await;
        })
        .await;
    }

    /// The nodes that pods are on.
    pub async fn nodes(&self, pods: &[&Value]) {
        let nodes: BTreeSet<String> =
            pods.iter().filter_map(|pod| objects::text(pod, "/spec/nodeName")).map(str::to_owned).collect();
        self.each(nodes, "nodes", async |name| {
            let address = Address::new(&["api", "v1", "nodes", &name]);
            let wanted = Wanted { verb: "get", group: "", resource: "nodes", namespace: None };
            self.one(&address, "Node", &name, wanted, objects::node).await;
        })
        .await;
    }

    /// The controllers of pods, theirs, and so on, as far as their kinds are known.
    pub async fn owners(&self, pods: &[&Value]) {
        let mut level: BTreeSet<(String, &'static str, String)> = pods.iter().filter_map(|pod| owner(pod)).collect();
        for _ in 0..LONGEST_CHAIN {
            if level.is_empty() {
                return;
            }
            let next = RefCell::new(BTreeSet::new());
            self.each(level, "owners", async |(namespace, kind, name)| {
                let Some(known) = Known::of_kind(kind, kind_group(kind)) else { return };
                let wanted =
                    Wanted { verb: "get", group: known.group, resource: known.plural, namespace: Some(&namespace) };
                let address = known.address(&namespace, &name);
                if let Some(object) = self.one(&address, known.kind, &name, wanted, objects::owner).await {
                    next.borrow_mut().extend(owner(&object));
                }
            })
            .await;
            level = next.into_inner();
        }
    }

    /// Does `work` for each, some at once; what is too many is left out and said.
    async fn each<T: Ord>(&self, things: BTreeSet<T>, what: &str, work: impl AsyncFn(T)) {
        if things.len() > MOST_OF_A_KIND {
            let more = things.len() - MOST_OF_A_KIND;
            self.document.borrow_mut().left_out(
                format!("{more} more {what}"),
                format!("the first {MOST_OF_A_KIND} were read"),
                None,
            );
        }
        futures_util::stream::iter(things.into_iter().take(MOST_OF_A_KIND).map(|thing| work(thing)))
            .buffer_unordered(AT_ONCE)
            .collect::<()>()
            .await;
    }

    /// Reads one object, adds what is kept of it, and answers that. One that is not there is a fact, too.
    async fn one(
        &self,
        address: &Address,
        kind: &str,
        name: &str,
        wanted: Wanted<'_>,
        keep: fn(Value) -> Value,
    ) -> Option<Value> {
        let read = self.cluster.object(address).await;
        let mut document = self.document.borrow_mut();
        let place = wanted.namespace.map_or_else(|| name.to_owned(), |namespace| format!("{namespace}/{name}"));
        let what = format!("{} {place}", kind.to_ascii_lowercase());
        match read {
            Ok(object) => {
                let object = keep(object);
                document.add(&object);
                document.looked_at(what);
                Some(object)
            }
            Err(refusal) if refusal.kind == Kind::NotFound => {
                document.missing(kind, wanted.namespace.unwrap_or_default(), name);
                None
            }
            Err(refusal) => {
                document.refused(what, &refusal, wanted);
                None
            }
        }
    }

    /// Pods beside the failing ones that run the same image, or another tag of it: whether it can be pulled at all. Also failing
    /// ones of the same controller, with their events.
    async fn neighbours(&self, pods: &[Pod]) {
        let images: BTreeSet<&str> =
            pods.iter().filter(|pod| self.fails(pod)).flat_map(|pod| objects::images(&pod.object)).collect();
        let controllers: HashSet<&str> =
            pods.iter().filter_map(|pod| objects::text(objects::controller(&pod.object)?, "/uid")).collect();
        let repositories: BTreeSet<&str> = images.iter().map(|image| repository(image)).collect();
        let namespaces: BTreeSet<&str> = pods.iter().map(Pod::namespace).collect();
        if images.is_empty() {
            return;
        }
        let finders: Vec<_> =
            repositories.iter().map(|repository| memchr::memmem::Finder::new(repository.as_bytes())).collect();
        for namespace in namespaces {
            let (mut same, mut other, mut siblings) = (Vec::new(), Vec::new(), Vec::new());
            let address = Address::new(&["api", "v1", "namespaces", namespace, "pods"]).with("limit", PAGE);
            let mut seen = 0_usize;
            let listed = self
                .cluster
                .one_page(&address, Form::Objects, &mut |pod| {
                    seen += 1;
                    if !finders.iter().any(|finder| finder.find(pod).is_some()) {
                        return;
                    }
                    let Ok(pod) = serde_json::from_slice(pod) else { return };
                    let pod = Pod::of(pod);
                    if pods.iter().any(|known| known.uid == pod.uid) {
                        return;
                    }
                    if !objects::runs(&pod.object) {
                        let controller = objects::controller(&pod.object);
                        let controller = controller.and_then(|controller| objects::text(controller, "/uid"));
                        if siblings.len() < MOST_SIBLINGS && controller.is_some_and(|uid| controllers.contains(uid)) {
                            siblings.push(pod);
                        }
                        return;
                    }
                    if objects::images(&pod.object).any(|image| images.contains(image)) {
                        same.push(pod.object);
                    } else if objects::images(&pod.object).any(|image| repositories.contains(repository(image))) {
                        other.push(pod.object);
                    }
                })
                .await;
            match listed {
                Ok(_) => {
                    self.document.borrow_mut().looked_at(format!("{seen} pods in namespace {namespace}"));
                    let kept: Vec<&Value> = same
                        .iter()
                        .take(MOST_NEIGHBOURS)
                        .chain(other.iter().take(MOST_NEIGHBOURS))
                        .chain(siblings.iter().map(|sibling| &sibling.object))
                        .collect();
                    for pod in &kept {
                        self.document.borrow_mut().add(pod);
                    }
                    join(self.nodes(&kept), self.events(&siblings, None)).await;
                }
                Err(refusal) => {
                    let wanted = Wanted { verb: "list", group: "", resource: "pods", namespace: Some(namespace) };
                    self.document.borrow_mut().refused(
                        format!("other pods in namespace {namespace}"),
                        &refusal,
                        wanted,
                    );
                }
            }
        }
    }

    /// Whether a refusal of a list that helps is worth a failure: only if nothing else can be had either.
    fn fatal(&self, refusal: &Refusal, what: &str) -> Option<Failure> {
        refusal.is_about_the_connection().then(|| self.cluster.failure(refusal, what))
    }
}

/// The controller of an object, if its kind is known: namespace, kind, name.
fn owner(object: &Value) -> Option<(String, &'static str, String)> {
    let reference = objects::controller(object)?;
    let text = |field: &str| reference[field].as_str();
    let known = Known::of_kind(text("kind")?, text("apiVersion")?)?;
    Some((objects::place(object).0, known.kind, text("name")?.to_owned()))
}

/// Known kinds have one group each.
fn kind_group(kind: &str) -> &'static str {
    match kind {
        "Job" | "CronJob" => "batch/v1",
        "ReplicationController" | "Pod" => "v1",
        _ => "apps/v1",
    }
}

impl Known {
    /// Address of one object of this kind.
    pub fn address(&self, namespace: &str, name: &str) -> Address {
        if self.group.is_empty() {
            Address::new(&["api", self.version, "namespaces", namespace, self.plural, name])
        } else {
            Address::new(&["apis", self.group, self.version, "namespaces", namespace, self.plural, name])
        }
    }
}

impl Resource {
    /// How it is spoken of.
    pub fn word(&self) -> String {
        match self {
            Resource::Known(known) => known.kind.to_ascii_lowercase(),
            Resource::Other(word) => word.clone(),
        }
    }
}

/// An image reference without tag and digest.
fn repository(image: &str) -> &str {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    let path = name.rfind('/').map_or(0, |slash| slash + 1);
    name[path..].find(':').map_or(name, |colon| &name[..path + colon])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_told_from_tags_and_ports() {
        for (image, want) in [
            ("nginx", "nginx"),
            ("nginx:1", "nginx"),
            ("reg.io:5000/web", "reg.io:5000/web"),
            ("reg.io:5000/web:1@sha256:ab", "reg.io:5000/web"),
        ] {
            assert_eq!(repository(image), want);
        }
    }

    #[test]
    fn a_static_pods_events_carry_the_uid_of_its_file() {
        let pod = |annotations: Value| Pod::of(json!({"metadata": {"uid": "api", "annotations": annotations}})).uid;
        assert_eq!(pod(json!({"kubernetes.io/config.mirror": "file"})), "file");
        assert_eq!(pod(Value::Null), "api");
    }
}
