//! From a workload to its pods: a Deployment, a CronJob, or a custom resource that owns pods.

use super::{Gather, Pod};
use crate::cluster::{Address, Form, Kind};
use crate::document::Wanted;
use crate::failure::{Failure, plain};
use crate::objects;
use crate::target::{Known, Resource, Target};
use serde_json::Value;
use std::collections::BTreeMap;

/// So many failing pods of one workload are read; they fail alike.
const MOST_FAILING: usize = 100;
/// So many others: whether the image can be pulled elsewhere.
const MOST_OTHERS: usize = 5;
/// So many runs of a CronJob, the newest.
const MOST_JOBS: usize = 3;

/// Where objects of a kind are found.
struct Place {
    kind: String,
    group: String,
    version: String,
    plural: String,
}

impl Place {
    fn address(&self, namespace: &str) -> Address {
        if self.group.is_empty() {
            Address::new(&["api", &self.version, "namespaces", namespace, &self.plural])
        } else {
            Address::new(&["apis", &self.group, &self.version, "namespaces", namespace, &self.plural])
        }
    }
}

impl Gather<'_> {
    /// The pods of a workload: failing ones, and some others.
    pub(super) async fn workload(&self, target: &Target, namespace: &str) -> Result<Vec<Pod>, Failure> {
        let place = match &target.resource {
            Resource::Known(known) => Place {
                kind: known.kind.to_owned(),
                group: known.group.to_owned(),
                version: known.version.to_owned(),
                plural: known.plural.to_owned(),
            },
            Resource::Other(word) => self.discover(word).await?,
        };
        let name = &target.name;
        let what = format!("{} {namespace}/{name}", place.kind.to_lowercase());
        let object = match self.cluster.object(&place.address(namespace).below(name)).await {
            Ok(object) => object,
            Err(refusal) if refusal.kind == Kind::NotFound => {
                return Err(Failure::new(
                    format!("{what} does not exist"),
                    "Is it the right namespace (`-n`) and context?",
                ));
            }
            Err(refusal) => return Err(self.cluster.failure(&refusal, &what)),
        };
        self.document.borrow_mut().looked_at(what.clone());
        self.document.borrow_mut().add(&objects::owner(object.clone()));
        let pods = match place.kind.as_str() {
            "CronJob" => self.pods_of_cron_job(&object, namespace).await?,
            _ => match selector(&object) {
                Some(labels) => self.pods_by(&labels, namespace, &object, &place.kind).await?,
                None => self.pods_owned(&object, namespace).await?,
            },
        };
        if pods.is_empty() {
            self.no_pods(&object, &what, namespace).await;
        }
        Ok(pods)
    }

    async fn pods_by(&self, labels: &str, namespace: &str, owner: &Value, kind: &str) -> Result<Vec<Pod>, Failure> {
        let address = Address::new(&["api", "v1", "namespaces", namespace, "pods"]).with("labelSelector", labels);
        // A Deployment's pods belong to its ReplicaSets; the other kinds own their pods themselves.
        let uid = objects::text(owner, "/metadata/uid")
            .filter(|_| Known::of_kind(kind, "apps/v1").is_some() && kind != "Deployment");
        let mut kept = Kept::default();
        self.cluster
            .list(&address, Form::Objects, &mut |pod| {
                let Ok(pod) = serde_json::from_slice::<Value>(pod) else { return };
                let owned = uid.is_none_or(|uid| objects::controller(&pod).is_none_or(|owner| owner["uid"] == uid));
                if owned {
                    kept.take(Pod::of(pod));
                }
            })
            .await
            .map_err(|refusal| self.cluster.failure(&refusal, &format!("pods in namespace {namespace}")))?;
        Ok(self.said(kept))
    }

    fn said(&self, kept: Kept) -> Vec<Pod> {
        if kept.more > 0 {
            let why = format!("the first {MOST_FAILING} were read");
            self.document.borrow_mut().left_out(format!("{} more failing pods of the workload", kept.more), why, None);
        }
        kept.failing.into_iter().chain(kept.others).collect()
    }

    async fn pods_of_cron_job(&self, cron_job: &Value, namespace: &str) -> Result<Vec<Pod>, Failure> {
        let mut jobs = Vec::new();
        let address = Address::new(&["apis", "batch", "v1", "namespaces", namespace, "jobs"]);
        self.cluster
            .list(&address, Form::Objects, &mut |job| {
                let Ok(job) = serde_json::from_slice::<Value>(job) else { return };
                if objects::controller(&job).is_some_and(|owner| owner["uid"] == cron_job["metadata"]["uid"]) {
                    jobs.push(job);
                }
            })
            .await
            .map_err(|refusal| self.cluster.failure(&refusal, &format!("jobs in namespace {namespace}")))?;
        jobs.sort_by(|a, b| {
            objects::text(b, "/metadata/creationTimestamp").cmp(&objects::text(a, "/metadata/creationTimestamp"))
        });
        let mut pods = Vec::new();
        for job in jobs.iter().take(MOST_JOBS) {
            if let Some(labels) = selector(job) {
                pods.extend(self.pods_by(&labels, namespace, job, "Job").await?);
            }
        }
        Ok(pods)
    }

    /// Pods whose chain of owners leads to the object: a custom resource need not say how its pods are labelled.
    async fn pods_owned(&self, object: &Value, namespace: &str) -> Result<Vec<Pod>, Failure> {
        let mut pods: Vec<(Pod, Option<Reference>)> = Vec::new();
        let address = Address::new(&["api", "v1", "namespaces", namespace, "pods"]);
        self.cluster
            .list(&address, Form::Objects, &mut |pod| {
                let Ok(pod) = serde_json::from_slice::<Value>(pod) else { return };
                let owner = reference(&pod);
                pods.push((Pod::of(pod), owner));
            })
            .await
            .map_err(|refusal| self.cluster.failure(&refusal, &format!("pods in namespace {namespace}")))?;
        let wanted = objects::text(object, "/metadata/uid").unwrap_or_default();
        let mut belongs: BTreeMap<String, bool> = BTreeMap::new();
        let mut kept = Kept::default();
        for (pod, owner) in pods {
            let Some(owner) = owner else { continue };
            let uid = owner.uid.clone();
            if !belongs.contains_key(&uid) {
                let leads = self.leads_to(owner, wanted, namespace).await;
                belongs.insert(uid.clone(), leads);
            }
            if belongs[&uid] {
                kept.take(pod);
            }
        }
        Ok(self.said(kept))
    }

    /// Whether an owner is the object with this uid, or is owned by it. (Known kinds stand between: ReplicaSets, Jobs, ….)
    async fn leads_to(&self, mut owner: Reference, wanted: &str, namespace: &str) -> bool {
        for _ in 0..super::LONGEST_CHAIN {
            if owner.uid == wanted {
                return true;
            }
            let Some(known) = Known::of_kind(&owner.kind, super::kind_group(&owner.kind)) else { return false };
            let Ok(object) = self.cluster.object(&known.address(namespace, &owner.name)).await else { return false };
            match reference(&object) {
                Some(next) => owner = next,
                None => return false,
            }
        }
        false
    }

    /// A workload without pods: no pull fails here. Says so, with what the workload says itself.
    async fn no_pods(&self, object: &Value, what: &str, namespace: &str) {
        let uid = objects::text(object, "/metadata/uid").unwrap_or_default();
        self.events_of(Some(namespace), &format!("involvedObject.uid={uid}"), None, &|_| true).await;
        self.cluster.progress.clear();
        let wanted = object
            .pointer("/spec/replicas")
            .or(object.pointer("/status/desiredNumberScheduled"))
            .and_then(Value::as_u64);
        let wanted = wanted.map_or_else(String::new, |wanted| format!(" ({wanted} wanted)"));
        eprintln!("note: {what} has no pods{wanted}: nothing is pulled here.");
        for condition in objects::list(object, "/status/conditions") {
            let text = |field: &str| condition[field].as_str().unwrap_or_default();
            let bad = matches!(
                (text("type"), text("status")),
                ("ReplicaFailure", "True") | ("Available" | "Progressing", "False")
            );
            if bad && !text("message").is_empty() {
                eprintln!("  {}: {}", plain(text("reason")), plain(text("message")));
            }
        }
        eprintln!("  A quota, an admission webhook or a missing service account can keep pods from being made:");
        eprintln!("  kubectl get events -n {namespace} --field-selector type=Warning");
    }

    /// What a word like `rollout` or `kafkas.kafka.strimzi.io` is in this cluster.
    async fn discover(&self, word: &str) -> Result<Place, Failure> {
        let (name, wanted) = word.split_once('.').unwrap_or((word, ""));
        let what = format!("the kind `{word}`");
        let failure = |refusal| self.cluster.failure(&refusal, &what);
        let groups = self.cluster.object(&Address::new(&["apis"])).await.map_err(failure)?;
        for group in objects::list(&groups, "/groups") {
            let group_name = group["name"].as_str().unwrap_or_default();
            let versions = objects::list(group, "/versions").iter().filter_map(|version| version["version"].as_str());
            let preferred = group.pointer("/preferredVersion/version").and_then(Value::as_str);
            // `rollouts.argoproj.io`, a beginning of it, or with a version before the group
            let version =
                versions.clone().find(|version| wanted.strip_prefix(version).is_some_and(|rest| rest.starts_with('.')));
            let wanted = version.map_or(wanted, |version| &wanted[version.len() + 1..]);
            if !group_name.starts_with(wanted) {
                continue;
            }
            let Some(version) = version.or(preferred) else { continue };
            let resources = match self.cluster.object(&Address::new(&["apis", group_name, version])).await {
                Ok(resources) => resources,
                // One broken extension API server must not hide the others.
                Err(refusal) => match self.fatal(&refusal, &what) {
                    Some(failure) => return Err(failure),
                    None => {
                        let wanted = Wanted { verb: "get", group: group_name, resource: "*", namespace: None };
                        self.document.borrow_mut().refused(format!("kinds of {group_name}"), &refusal, wanted);
                        continue;
                    }
                },
            };
            let found = objects::list(&resources, "/resources").iter().find(|resource| {
                let is = |field: &str| resource[field].as_str().is_some_and(|text| text.eq_ignore_ascii_case(name));
                let short = objects::list(resource, "/shortNames").iter().any(|short| short == name);
                resource["namespaced"] == true && (is("name") || is("singularName") || is("kind") || short)
            });
            if let Some(found) = found {
                let text = |field: &str| found[field].as_str().unwrap_or_default().to_owned();
                return Ok(Place {
                    kind: text("kind"),
                    group: group_name.to_owned(),
                    version: version.to_owned(),
                    plural: text("name"),
                });
            }
        }
        Err(Failure::new(
            format!("the cluster has no kind `{word}` in a namespace"),
            "`kubectl api-resources --namespaced` lists them.",
        ))
    }
}

/// Failing pods and some others, in bounds.
#[derive(Default)]
struct Kept {
    failing: Vec<Pod>,
    others: Vec<Pod>,
    more: usize,
}

impl Kept {
    fn take(&mut self, pod: Pod) {
        if objects::waits(&pod.object) {
            if self.failing.len() < MOST_FAILING {
                self.failing.push(pod);
            } else {
                self.more += 1;
            }
        } else if self.others.len() < MOST_OTHERS {
            self.others.push(pod);
        } else if objects::runs(&pod.object)
            && let Some(other) = self.others.iter_mut().find(|other| !objects::runs(&other.object))
        {
            *other = pod;
        }
    }
}

/// A reference to a controller.
struct Reference {
    uid: String,
    kind: String,
    name: String,
}

/// The reference to an object's controller.
fn reference(object: &Value) -> Option<Reference> {
    let owner = objects::controller(object)?;
    let text = |field: &str| owner[field].as_str().map(str::to_owned);
    Some(Reference { uid: text("uid")?, kind: text("kind")?, name: text("name")? })
}

/// A workload's selector as a query: `spec.selector` in its two forms, or `status.selector` of a scalable custom resource.
fn selector(object: &Value) -> Option<String> {
    if let Some(selector) = object.pointer("/spec/selector").and_then(Value::as_object) {
        let labels = selector.get("matchLabels").and_then(Value::as_object);
        let expressions = selector.get("matchExpressions").and_then(Value::as_array);
        let mut terms: Vec<String> = Vec::new();
        if labels.is_none() && expressions.is_none() {
            terms.extend(selector.iter().filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?))));
        }
        terms
            .extend(labels.into_iter().flatten().filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?))));
        for expression in expressions.into_iter().flatten() {
            let key = expression["key"].as_str()?;
            let values =
                objects::list(expression, "/values").iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",");
            terms.push(match expression["operator"].as_str()? {
                "In" => format!("{key} in ({values})"),
                "NotIn" => format!("{key} notin ({values})"),
                "Exists" => key.to_owned(),
                "DoesNotExist" => format!("!{key}"),
                _ => return None,
            });
        }
        return (!terms.is_empty()).then(|| terms.join(","));
    }
    objects::text(object, "/status/selector").map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn selectors_become_queries() {
        let query = |selector: Value| selector_of(json!({"spec": {"selector": selector}}));
        assert_eq!(query(json!({"app": "web"})), "app=web");
        assert_eq!(query(json!({"matchLabels": {"app": "web", "tier": "x"}})), "app=web,tier=x");
        assert_eq!(
            query(json!({"matchLabels": {"a": "b"}, "matchExpressions": [
                {"key": "c", "operator": "In", "values": ["d", "e"]}, {"key": "f", "operator": "NotIn", "values": ["g"]},
                {"key": "h", "operator": "Exists"}, {"key": "i", "operator": "DoesNotExist"}]})),
            "a=b,c in (d,e),f notin (g),h,!i"
        );
        // An empty selector would be every pod of the namespace.
        assert_eq!(query(json!({})), "-");
        assert_eq!(selector_of(json!({"status": {"selector": "app=web"}})), "app=web");
    }

    fn selector_of(object: Value) -> String {
        selector(&object).unwrap_or_else(|| "-".to_owned())
    }
}
