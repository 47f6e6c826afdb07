//! Pull secrets: which ones, and only their facts. A secret's bytes live between the request and the reduction, in this file.

use super::{AT_ONCE, Gather, Pod};
use crate::args::Secrets;
use crate::cluster::{Address, Form, Kind};
use crate::document::Wanted;
use crate::objects;
use crate::scan;
use futures_util::StreamExt;
use imagepull_classifier::keyring::{self, Keyring};
use imagepull_classifier::secret_facts::{CONFIG_JSON_TYPE, DOCKERCFG_TYPE, SecretFacts};
use std::collections::{BTreeMap, BTreeSet};

/// So many secrets that nobody names are read to see whether one fits.
const MOST_CANDIDATES: usize = 20;
/// So many other namespaces are looked into with `--secrets=all`.
const MOST_NAMESPACES: usize = 100;

impl Gather<'_> {
    /// Reads the secrets that the pods name, or their service accounts; where none has a credential for a failing image, those
    /// of the namespace that could; with `--secrets=all`, those of other namespaces.
    pub(super) async fn credentials(&self, pods: &[Pod], secrets: Secrets) {
        if pods.is_empty() {
            return;
        }
        if secrets == Secrets::None {
            let names: BTreeSet<String> = pods
                .iter()
                .flat_map(|pod| {
                    objects::pull_secrets(&pod.object).map(|name| format!("secret {}/{name}", pod.namespace()))
                })
                .collect();
            for what in names {
                self.document.borrow_mut().left_out(what, "--secrets=none".to_owned(), None);
            }
            return;
        }
        let mut namespaces: BTreeMap<&str, Vec<&Pod>> = BTreeMap::new();
        for pod in pods {
            namespaces.entry(pod.namespace()).or_default().push(pod);
        }
        for (namespace, pods) in namespaces {
            self.credentials_in(namespace, &pods, secrets).await;
        }
    }

    async fn credentials_in(&self, namespace: &str, pods: &[&Pod], secrets: Secrets) {
        let mut names: BTreeSet<String> =
            pods.iter().flat_map(|pod| objects::pull_secrets(&pod.object)).map(str::to_owned).collect();
        // A service account's list counts when a pod is created: what it names now is what a new pod would get.
        let accounts: BTreeSet<&str> = pods.iter().map(|pod| pod.account()).collect();
        names.extend(self.document.borrow().pull_secrets_of_accounts(namespace, &accounts));
        let named = self.secrets(namespace, names.iter().cloned().collect(), true).await;
        for facts in named.values() {
            self.keep(facts);
        }
        let open: Vec<&str> = pods
            .iter()
            .filter(|pod| self.fails(pod))
            .flat_map(|pod| {
                let own: Vec<&SecretFacts> =
                    objects::pull_secrets(&pod.object).filter_map(|name| named.get(name)).collect();
                objects::images(&pod.object)
                    .filter(move |image| matches!(keyring::look_up(image, &own), Keyring::NoMatch { .. }))
            })
            .collect();
        if open.is_empty() {
            return;
        }
        let mut listed = self.docker_secrets(namespace).await;
        listed.retain(|name| !names.contains(name));
        self.candidates(namespace, listed, &open).await;
        if secrets == Secrets::All {
            self.elsewhere(namespace, &names, &open).await;
        }
    }

    /// Reads those that nobody names; keeps what fits, or comes near.
    async fn candidates(&self, namespace: &str, mut listed: Vec<String>, images: &[&str]) {
        if listed.len() > MOST_CANDIDATES {
            let more = listed.len() - MOST_CANDIDATES;
            let why = format!("the first {MOST_CANDIDATES} by name were read");
            self.document.borrow_mut().left_out(format!("{more} more secrets in namespace {namespace}"), why, None);
            listed.truncate(MOST_CANDIDATES);
        }
        for facts in self.secrets(namespace, listed, false).await.values() {
            let near = |image: &&str| {
                !matches!(keyring::look_up(image, &[facts]), Keyring::NoMatch { nearest: None } | Keyring::NotAnImage)
            };
            if images.iter().any(near) {
                self.keep(facts);
            }
        }
    }

    /// With `--secrets=all`: whether a secret that is missing here exists in another namespace, or one fits there.
    async fn elsewhere(&self, home: &str, names: &BTreeSet<String>, images: &[&str]) {
        let mut namespaces = Vec::new();
        let address = Address::new(&["api", "v1", "namespaces"]).with("includeObject", "None");
        let listed = self
            .cluster
            .list(&address, Form::Table, &mut |row| namespaces.extend(scan::row(row).map(|(name, ..)| name)))
            .await;
        if let Err(refusal) = listed {
            let wanted = Wanted { verb: "list", group: "", resource: "namespaces", namespace: None };
            self.document.borrow_mut().refused("other namespaces".to_owned(), &refusal, wanted);
            return;
        }
        namespaces.retain(|namespace| namespace != home);
        if namespaces.len() > MOST_NAMESPACES {
            let what = format!("{} more namespaces", namespaces.len() - MOST_NAMESPACES);
            self.document.borrow_mut().left_out(what, format!("the first {MOST_NAMESPACES} were looked into"), None);
            namespaces.truncate(MOST_NAMESPACES);
        }
        futures_util::stream::iter(namespaces)
            .map(|namespace| async move {
                let listed = self.docker_secrets(&namespace).await;
                let (same, other): (Vec<_>, Vec<_>) = listed.into_iter().partition(|name| names.contains(name));
                for facts in self.secrets(&namespace, same, false).await.values() {
                    self.keep(facts);
                }
                self.candidates(&namespace, other, images).await;
            })
            .buffer_unordered(4)
            .collect::<()>()
            .await;
    }

    /// Names of the secrets of the two docker types. A Table without objects: the objects' metadata would carry what
    /// `kubectl apply` was given, in an annotation.
    async fn docker_secrets(&self, namespace: &str) -> Vec<String> {
        let mut names = Vec::new();
        for secret_type in [CONFIG_JSON_TYPE, DOCKERCFG_TYPE] {
            let address = Address::new(&["api", "v1", "namespaces", namespace, "secrets"])
                .with("fieldSelector", &format!("type={secret_type}"))
                .with("includeObject", "None");
            let listed = self
                .cluster
                .list(&address, Form::Table, &mut |row| names.extend(scan::row(row).map(|(name, ..)| name)))
                .await;
            if let Err(refusal) = listed {
                let wanted = Wanted { verb: "list", group: "", resource: "secrets", namespace: Some(namespace) };
                self.document.borrow_mut().refused(
                    format!("names of secrets in namespace {namespace}"),
                    &refusal,
                    wanted,
                );
                return names;
            }
        }
        self.document.borrow_mut().looked_at(format!("names of {} pull secrets in namespace {namespace}", names.len()));
        names.sort();
        names
    }

    /// Facts of secrets by name. `named` ones that do not exist are worth knowing.
    async fn secrets(&self, namespace: &str, names: Vec<String>, named: bool) -> BTreeMap<String, SecretFacts> {
        futures_util::stream::iter(names)
            .map(|name| async move {
                let address = Address::new(&["api", "v1", "namespaces", namespace, "secrets", &name]);
                let read = self.cluster.bytes(&address).await;
                let mut document = self.document.borrow_mut();
                match read {
                    Ok(bytes) => {
                        let facts = facts(&bytes);
                        document.looked_at(format!("secret {namespace}/{name}"));
                        facts.map(|facts| (name, facts))
                    }
                    Err(refusal) if refusal.kind == Kind::NotFound => {
                        if named {
                            document.missing("Secret", namespace, &name);
                        }
                        None
                    }
                    Err(refusal) => {
                        let wanted = Wanted { verb: "get", group: "", resource: "secrets", namespace: Some(namespace) };
                        document.refused(format!("secret {namespace}/{name}"), &refusal, wanted);
                        None
                    }
                }
            })
            .buffer_unordered(AT_ONCE)
            .filter_map(async |found| found)
            .collect()
            .await
    }

    fn keep(&self, facts: &SecretFacts) {
        let facts = serde_json::to_value(facts).expect("facts are JSON");
        self.document.borrow_mut().add(&facts);
    }
}

/// The only place where a secret is taken apart.
fn facts(bytes: &[u8]) -> Option<SecretFacts> {
    Some(SecretFacts::of(std::str::from_utf8(bytes).ok()?))
}
