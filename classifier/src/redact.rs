//! Takes names out of a text, so that it can be shown to strangers: consistently (the same name gets the same mask everywhere),
//! with its structure kept, and with the same answer.

use crate::read::image_ref::ImageRef;
use crate::{Options, causes, diagnose, read};
use std::collections::{BTreeMap, BTreeSet};

/// Replaces names of pods, namespaces, nodes, containers, hosts, repositories and tags, and addresses, by masks as `pod-1`.
///
/// Public registries keep their names, as do words that programs use themselves: they give nobody away and decide the answer. Where
/// an image's name is part of the answer (a retired repository), images keep theirs.
pub fn mask_names(input: &str) -> String {
    let masked = Masks::of(input, true).apply(input);
    if same_answer(input, &masked) {
        return masked;
    }
    Masks::of(input, false).apply(input)
}

/// Whether two texts get the same causes, container by container.
fn same_answer(a: &str, b: &str) -> bool {
    let answer = |text: &str| -> Vec<(String, crate::cause::Confidence)> {
        let report = diagnose(text, &Options::default());
        report
            .findings
            .iter()
            .filter_map(|finding| finding.diagnoses.first())
            .map(|best| (best.cause.clone(), best.confidence))
            .collect()
    };
    answer(a) == answer(b)
}

/// Hosts that everybody knows.
const PUBLIC: &[&str] = &[
    "docker.io",
    "index.docker.io",
    "registry-1.docker.io",
    "auth.docker.io",
    "ghcr.io",
    "quay.io",
    "gcr.io",
    "k8s.gcr.io",
    "registry.k8s.io",
    "mcr.microsoft.com",
    "public.ecr.aws",
    "registry.gitlab.com",
    "registry.redhat.io",
    "registry.access.redhat.com",
    "registry.connect.redhat.com",
    "nvcr.io",
    "icr.io",
    "lscr.io",
    "docker.elastic.co",
    "production.cloudflare.docker.com",
    "localhost",
    "gitlab.com",
    "www.docker.com",
    "docs.docker.com",
    "aka.ms",
    "cloud.google.com",
    "access.redhat.com",
    "auth.docker.com",
    "policy.sigstore.dev",
];

/// Endings that tell whose registry it is; what stands before them is masked.
const PROVIDERS: &[&str] = &[
    ".azurecr.io",
    ".pkg.dev",
    ".gcr.io",
    ".ocir.io",
    ".icr.io",
    ".jfrog.io",
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".aliyuncs.com",
    ".blob.core.windows.net",
    ".r2.cloudflarestorage.com",
    ".compute.internal",
    ".ec2.internal",
    ".docker.com",
    ".docker.io",
    ".quay.io",
    ".redhat.io",
    ".redhat.com",
    ".svc",
    ".googleapis.com",
];

struct Masks {
    masks: BTreeMap<String, String>,
    counts: BTreeMap<&'static str, usize>,
    /// Words of the programs themselves: never masked.
    kept: BTreeSet<String>,
}

impl Masks {
    fn of(input: &str, images: bool) -> Masks {
        let mut masks = Masks { masks: BTreeMap::new(), counts: BTreeMap::new(), kept: kept_words() };
        let seen = read::read(&[input]);
        let subjects = seen.timelines.iter().map(|timeline| timeline.subject.clone());
        for subject in subjects {
            let name = |masks: &mut Masks, kind, value: &Option<String>| {
                if let Some(value) = value {
                    masks.name(kind, value);
                }
            };
            name(&mut masks, "pod", &subject.pod);
            name(&mut masks, "namespace", &subject.namespace);
            name(&mut masks, "container", &subject.container);
            name(&mut masks, "account", &subject.service_account);
            if let Some(node) = &subject.node {
                masks.node(node);
            }
            if let Some((_, owner)) = subject.owner.as_deref().and_then(|owner| owner.split_once('/')) {
                masks.name("owner", owner);
            }
            if images && let Some(image) = subject.image.as_deref().and_then(ImageRef::parse) {
                masks.image(&image);
            }
        }
        for pod in &seen.facts.pods {
            masks.name("pod", &pod.name);
            masks.name("namespace", &pod.namespace);
            pod.pull_secrets.iter().for_each(|secret| masks.name("secret", secret));
            for container in &pod.containers {
                masks.name("container", &container.name);
                if images && let Some(image) = ImageRef::parse(&container.image) {
                    masks.image(&image);
                }
            }
        }
        for secret in &seen.facts.secrets {
            masks.name("secret", &secret.metadata.name);
        }
        for node in &seen.facts.nodes {
            masks.node(&node.name);
        }
        // hosts and addresses that stand in the text without being an image's
        for word in words(input) {
            let host = word.split('/').find(|part| part.contains('.')).unwrap_or(word);
            let host = host.split(':').next().unwrap_or_default();
            if is_address(host) {
                masks.address(host);
            } else if is_host(host) && (images || !seen_as_image(&seen, host)) {
                masks.host(host);
            }
        }
        masks
    }

    fn put(&mut self, kind: &'static str, name: &str, make: impl FnOnce(usize) -> String) {
        if name.len() < 3
            || self.masks.contains_key(name)
            || self.kept.contains(&name.to_ascii_lowercase())
            || name.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        {
            return;
        }
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        self.masks.insert(name.to_owned(), make(*count));
    }

    fn name(&mut self, kind: &'static str, name: &str) {
        self.put(kind, name, |n| format!("{kind}-{n}"));
    }

    /// A node's name keeps what tells the kind of its cluster.
    fn node(&mut self, name: &str) {
        const KINDS: &[&str] = &[
            "gke-",
            "aks-",
            "ip-",
            "k3d-",
            "k3s",
            "rke2",
            "kind-",
            "minikube",
            "microk8s",
            "docker-desktop",
            "crc-",
            "fargate-ip-",
        ];
        let ending = PROVIDERS
            .iter()
            .find(|ending| name.ends_with(**ending))
            .copied()
            .unwrap_or(if name.ends_with("-control-plane") { "-control-plane" } else { "" });
        let kind = KINDS.iter().find(|kind| name.starts_with(**kind)).copied();
        match kind {
            Some("minikube" | "docker-desktop") => {}
            Some(kind) => self
                .put("node", name, |n| format!("{kind}{}node-{n}{ending}", if kind.ends_with('-') { "" } else { "-" })),
            None => self.put("node", name, |n| format!("node-{n}{ending}")),
        }
    }

    fn host(&mut self, host: &str) {
        // `spec.containers`, and hosts that programs name themselves
        if PUBLIC.contains(&host) || host.starts_with("spec.") || phrases().any(|phrase| phrase.contains(host)) {
            return;
        }
        const KINDS: &[&str] = &["harbor", "nexus", "artifactory", "gitlab", "quay"];
        let provider = PROVIDERS.iter().find(|ending| host.ends_with(**ending)).copied();
        let kind = KINDS.iter().find(|kind| host.contains(**kind)).copied().unwrap_or("registry");
        match provider {
            // 123456789012.dkr.ecr.eu-west-1.amazonaws.com: the account alone is a name
            Some(_) if host.contains(".dkr.ecr") => {
                let account = host.split('.').next().unwrap_or_default().to_owned();
                let count = self.counts.entry("ecr").or_default();
                *count += 1;
                let mask = format!("{:012}", *count);
                self.masks.entry(account).or_insert(mask);
            }
            Some(".compute.internal" | ".ec2.internal") => {}
            Some(ending) => self.put("host", host, |n| format!("{kind}-{n}{ending}")),
            None => self.put("host", host, |n| format!("{kind}-{n}.example")),
        }
    }

    /// Documentation addresses (RFC 5737, RFC 3849). Loopback keeps its meaning.
    fn address(&mut self, address: &str) {
        if !address.starts_with("127.") && address != "0.0.0.0" && !self.masks.contains_key(address) {
            let count = self.counts.entry("address").or_default();
            *count += 1;
            let mask = format!("192.0.2.{}", *count % 256);
            self.masks.insert(address.to_owned(), mask);
        }
    }

    fn image(&mut self, image: &ImageRef) {
        if is_address(image.host()) {
            self.address(image.host());
        } else if image.host().contains('.') {
            self.host(image.host());
        }
        for component in image.repository.split('/') {
            if component != "library" {
                self.put("repository", component, |n| format!("repository-{n}"));
            }
        }
        if let Some(tag) = image.tag.as_deref().filter(|tag| *tag != "latest") {
            self.put("tag", tag, |n| format!("tag-{n}"));
        }
        if let Some((_, hex)) = image.digest.as_deref().and_then(|digest| digest.split_once(':')) {
            let length = hex.len();
            self.put("digest", hex, |n| format!("{n:0length$}"));
        }
    }

    /// Replaces names where they stand as words of their own; the longest that fits is taken.
    fn apply(&self, input: &str) -> String {
        let mut by_first: BTreeMap<u8, Vec<(&str, &str)>> = BTreeMap::new();
        for (name, mask) in &self.masks {
            by_first.entry(name.as_bytes()[0]).or_default().push((name, mask));
        }
        by_first.values_mut().for_each(|names| names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len())));
        let bytes = input.as_bytes();
        let mut out = String::with_capacity(input.len());
        let mut at = 0;
        let mut kept = 0;
        while at < bytes.len() {
            let begins = at == 0 || !is_name_byte(bytes[at - 1]) || after_escape(bytes, at);
            let fits = |name: &str| {
                bytes[at..].starts_with(name.as_bytes()) && bytes.get(at + name.len()).is_none_or(|&b| !is_name_byte(b))
            };
            let found =
                by_first.get(&bytes[at]).filter(|_| begins).and_then(|names| names.iter().find(|(name, _)| fits(name)));
            match found {
                Some((name, mask)) => {
                    out.push_str(&input[kept..at]);
                    out.push_str(mask);
                    at += name.len();
                    kept = at;
                }
                None => at += 1,
            }
        }
        out.push_str(&input[kept..]);
        out
    }
}

fn seen_as_image(seen: &crate::observations::Observations, host: &str) -> bool {
    seen.timelines.iter().any(|timeline| timeline.subject.image.as_deref().is_some_and(|image| image.starts_with(host)))
}

/// What programs say, by the catalogue.
fn phrases() -> impl Iterator<Item = &'static str> {
    causes::rules().flat_map(|cause| cause.signs).flat_map(|sign| sign.all).filter_map(|condition| match condition {
        crate::cause::Condition::Says(phrase) | crate::cause::Condition::Beside(phrase) => Some(*phrase),
        _ => None,
    })
}

/// Words of programs: of the catalogue's phrases, and of the frames that reading looks for.
fn kept_words() -> BTreeSet<String> {
    let mut kept = BTreeSet::new();
    for phrase in phrases() {
        kept.extend(
            phrase.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').map(str::to_ascii_lowercase),
        );
    }
    const FRAMES: &[&str] = &[
        "image",
        "images",
        "pod",
        "pods",
        "container",
        "containers",
        "kubelet",
        "default",
        "default-scheduler",
        "error",
        "failed",
        "pulling",
        "pulled",
        "normal",
        "warning",
        "event",
        "events",
        "node",
        "name",
        "namespace",
        "state",
        "waiting",
        "running",
        "reason",
        "message",
        "status",
        "docker",
        "containerd",
        "manifests",
        "blobs",
        "token",
        "auth",
        "latest",
        "library",
        "app",
        "true",
        "false",
        "none",
        "secret",
        "secrets",
        "service",
        "account",
        "kube-system",
        "registry",
        "mirror",
        "proxy",
        "type",
        "age",
        "from",
        "head",
        "get",
        "post",
        "v2",
        "http",
        "https",
        "tcp",
        "rpc",
        "code",
        "desc",
        "unknown",
        "kind",
        "init",
        "test",
        "kubernetes",
        "log",
        "msg",
        "level",
        "err",
        "time",
    ];
    kept.extend(FRAMES.iter().map(|word| (*word).to_owned()));
    kept
}

fn words(input: &str) -> impl Iterator<Item = &str> {
    input.split(|c: char| {
        c.is_whitespace()
            || matches!(
                c,
                '"' | '\'' | ',' | '[' | ']' | '(' | ')' | '{' | '}' | '<' | '>' | '`' | ';' | '=' | '&' | '?' | '\\'
            )
    })
}

fn is_address(host: &str) -> bool {
    host.parse::<std::net::Ipv4Addr>().is_ok()
}

fn is_host(host: &str) -> bool {
    let labels: Vec<&str> = host.split('.').collect();
    labels.len() >= 2
        && labels.iter().all(|label| {
            !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        })
        && labels.last().is_some_and(|last| {
            last.len() >= 2
                && last.bytes().all(|b| b.is_ascii_lowercase())
                // endings of files, and the keys of logs (`new.message=`)
                && !matches!(*last, "go" | "json" | "conf" | "toml" | "yaml" | "sock" | "txt" | "log" | "service")
                && !matches!(*last, "message" | "phase" | "progress")
        })
}

fn is_name_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')
}

/// `%2F` and `%3A` before a name of an address's query are no part of it.
fn after_escape(bytes: &[u8], at: usize) -> bool {
    at >= 3 && bytes[at - 3] == b'%' && bytes[at - 2].is_ascii_hexdigit() && bytes[at - 1].is_ascii_hexdigit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_structure_and_answer_stay() {
        let text = "shop-prod   3s   Warning   Failed   pod/checkout-5d9c   Failed to pull image \"registry.acme-corp.com/team-blue/checkout:v9.1\": rpc error: code = NotFound desc = failed to pull and unpack image \"registry.acme-corp.com/team-blue/checkout:v9.1\": failed to resolve reference \"registry.acme-corp.com/team-blue/checkout:v9.1\": registry.acme-corp.com/team-blue/checkout:v9.1: not found (from 10.20.30.40)";
        let masked = mask_names(text);
        for name in ["shop-prod", "checkout-5d9c", "acme-corp", "team-blue", "10.20.30.40"] {
            assert!(!masked.contains(name), "{name} is still in {masked}");
        }
        assert_eq!(masked.matches("registry-1.example/repository-1/repository-2").count(), 4, "{masked}");
        assert!(same_answer(text, &masked));
    }

    #[test]
    fn a_name_that_decides_the_answer_stays() {
        let text = "Failed to pull image \"docker.io/bitnami/redis:7.2.0-debian-11-r2\": rpc error: code = NotFound desc = failed to pull and unpack image \"docker.io/bitnami/redis:7.2.0-debian-11-r2\": failed to resolve reference \"docker.io/bitnami/redis:7.2.0-debian-11-r2\": docker.io/bitnami/redis:7.2.0-debian-11-r2: not found";
        assert!(same_answer(text, &mask_names(text)));
    }
}
