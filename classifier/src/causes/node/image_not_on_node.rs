//! The image exists on somebody's machine or on other nodes only: there is nothing to pull. Facts alone can say so.

use super::{LET_THE_KUBELET_PULL, has, lists_all, load, node_of};
use crate::cause::*;
use crate::causes::remedies;
use crate::observations::NodeFacts;
use crate::read::image_ref::ImageRef;
use crate::settle::Case;

pub(super) const CAUSE: Cause = Cause {
    id: "image-not-on-node",
    area: Area::Node,
    title: "The image was never pushed, and this node does not have it",
    outlook: Outlook::Final,
    signs: &[],
    settles: &[
        Settling {
            from: &["image-never-pulled"],
            question: "does the node report that it has the image?",
            when: absent_and_never_pulled,
        },
        Settling {
            from: &["repository-not-found-or-private", "repository-not-found", "tag-not-found"],
            question: "do other nodes have the image that the registry does not?",
            when: on_other_nodes,
        },
        Settling {
            from: &["repository-not-found-or-private", "repository-not-found", "tag-not-found", "connection-refused"],
            question: "is the name one that only a local build has?",
            when: local_name,
        },
    ],
    refines: &["image-never-pulled", "repository-not-found-or-private", "repository-not-found", "tag-not-found", "connection-refused"],
    meaning: "The registry and its credentials are fine: it is asked for something that nobody has put there. The image was built on a \
machine, or loaded into some nodes, and this node is not among them.

A name without a registry, as `web:dev`, means `docker.io/library/web:dev` to Kubernetes. What Docker on your machine calls \
`web:dev` is only used if the node has it under exactly that name and the pull policy is not Always (which is what a missing \
tag or the tag `latest` makes of a policy that is not written).

The nodes of kind, minikube, k3d and MicroK8s have stores of their own, even where they run on your machine.",
    not_this: "An image that is in a registry and cannot be reached is repository-not-found-or-private, or credentials-missing.",
    fixes: &[
        load::KIND,
        load::MINIKUBE,
        load::K3D,
        load::MICROK8S,
        load::K3S,
        load::DOCKER_DESKTOP,
        Fix { known: &["set_image", "pull_policy"], ..LET_THE_KUBELET_PULL },
        Fix {
            title: "Push the image to a registry, and use its full name there",
            steps: &[
                "`docker tag {image} REGISTRY/PATH:TAG`, `docker push` it, and set NEW_IMAGE to that name. A private registry needs a pull secret.",
            ],
            commands: &[remedies::CHANGE_IMAGE],
            warnings: remedies::CHANGE_IMAGE_WARNINGS,
            ..FIX
        },
        load::ANY,
    ],
    see_also: &["image-never-pulled", "repository-not-found-or-private", "tag-not-found"],
    links: &[
        "https://kubernetes.io/docs/concepts/containers/images/#pre-pulled-images",
        "https://kind.sigs.k8s.io/docs/user/quick-start/#loading-an-image-into-your-cluster",
        "https://minikube.sigs.k8s.io/docs/handbook/pushing/",
    ],
};

fn absent_and_never_pulled(case: &Case<'_>) -> Verdict {
    let Some(image) = case.image else { return Verdict::No };
    let Some(node) = node_of(case) else { return ask(case) };
    if has(node, image) || case.pull_secrets().is_some_and(|secrets| super::unused_secret(&secrets).is_some()) {
        return Verdict::No;
    }
    if !lists_all(node) {
        return ask(case);
    }
    let mut lines = vec![(format!("node {}", node.name), format!("lists its images, and {} is not among them", image.text))];
    lines.extend(others(case, node, image));
    // Another image alone would not help either: the policy has to change.
    Verdict::Proven(Proof { confidence: Confidence::Certain, lines, values: vec![("pull_policy", "Never".to_owned())] })
}

fn on_other_nodes(case: &Case<'_>) -> Verdict {
    let (Some(image), Some(node)) = (case.image, node_of(case)) else { return Verdict::No };
    // Where access is open to doubt, others may have pulled it with a credential. Under Docker Hub's library nothing is private.
    let private = matches!(case.place.registry, Some(Registry::DockerHub)) && !image.repository.starts_with("library/");
    if private || has(node, image) || image.digest.is_some() {
        return Verdict::No;
    }
    match others(case, node, image) {
        Some(other) => {
            let here = (format!("node {}", node.name), format!("does not list {}", image.text));
            Verdict::Proven(Proof { confidence: Confidence::Likely, lines: vec![other, here], values: Vec::new() })
        }
        None => Verdict::No,
    }
}

/// `web:dev` means `docker.io/library/web:dev`, and nothing is private there; `localhost/web:dev` is how podman names its builds.
fn local_name(case: &Case<'_>) -> Verdict {
    let Some(image) = case.image else { return Verdict::No };
    let podman = image.registry == "localhost";
    let bare = !image.registry_written && image.repository.starts_with("library/");
    let name = image.repository.trim_start_matches("library/");
    if !podman && (!bare || is_nearly_official(name)) {
        return Verdict::No;
    }
    if case.facts.nodes.is_empty() {
        return ask(case);
    }
    if node_of(case).is_some_and(|node| has(node, image)) {
        return Verdict::No;
    }
    let meaning = if podman {
        "localhost/ is how podman names what it builds; no registry has that name"
    } else {
        "no registry is written, so it means Docker Hub's library, where all images are public, and none has this name"
    };
    let mut lines = vec![(format!("image {}", image.text), meaning.to_owned())];
    if let Some(cluster) = case.place.cluster.filter(|cluster| is_local(*cluster)) {
        lines.push((format!("cluster {}", cluster.name()), "runs on one machine; images built there must be loaded into its nodes".to_owned()));
    }
    Verdict::Proven(Proof { confidence: Confidence::Likely, lines, values: Vec::new() })
}

fn ask(case: &Case<'_>) -> Verdict {
    let command = case.timeline.subject.node.as_deref().filter(|name| name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))).map(|name| {
        format!("kubectl get node {name} -o jsonpath='{{range .status.images[*]}}{{.names}}{{\"\\n\"}}{{end}}'")
    });
    Verdict::Open { question: "Was the image built or loaded elsewhere only, so that this node does not have it?".to_owned(), command }
}

fn others(case: &Case<'_>, here: &NodeFacts, image: &ImageRef) -> Option<(String, String)> {
    let other = case.facts.nodes.iter().find(|node| node.name != here.name && has(node, image))?;
    Some((format!("node {}", other.name), format!("has {}", image.text)))
}

fn is_local(cluster: Cluster) -> bool {
    use Cluster::{DockerDesktop, K3d, Kind, Microk8s, Minikube};
    matches!(cluster, Kind | Minikube | K3d | Microk8s | DockerDesktop)
}

/// Docker Official Images that are pulled most (hub.docker.com, `library/`): a name close to one of them is misspelt, not local.
const OFFICIAL: &[&str] = &[
    "alpine", "amazonlinux", "bash", "busybox", "caddy", "cassandra", "centos", "composer", "consul", "couchdb", "debian", "docker",
    "drupal", "eclipse-mosquitto", "eclipse-temurin", "elasticsearch", "elixir", "fedora", "fluentd", "ghost", "golang", "gradle",
    "grafana", "haproxy", "hello-world", "httpd", "influxdb", "jenkins", "jetty", "joomla", "kibana", "kong", "logstash", "mariadb",
    "maven", "memcached", "mongo", "mongo-express", "mysql", "neo4j", "nextcloud", "nginx", "node", "odoo", "openjdk", "percona",
    "perl", "php", "phpmyadmin", "postgres", "prometheus", "python", "rabbitmq", "rails", "redis", "registry", "rethinkdb",
    "rocket.chat", "rockylinux", "ruby", "rust", "solr", "sonarqube", "swift", "telegraf", "tomcat", "traefik", "ubuntu", "vault",
    "wordpress", "zookeeper",
];

fn is_nearly_official(name: &str) -> bool {
    OFFICIAL.iter().any(|official| {
        let most = if official.len() < 5 { 1 } else { 2 };
        official.len().abs_diff(name.len()) <= most && distance(official.as_bytes(), name.as_bytes()) <= most
    })
}

/// Letters to change, add or leave out to make one word of the other (Levenshtein), for words of a few letters.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let next = (diagonal + usize::from(from != to)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], next);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::super::MOST_IMAGES;
    use super::*;
    use crate::observations::{ContainerFacts, Facts, PlaceFacts, PodFacts, Subject, Timeline};

    /// What the facts say of `image` on node `one`, which lists `here`; node `two` lists `there`.
    fn check(when: fn(&Case<'_>) -> Verdict, image: &str, here: &[&str], there: &[&str]) -> Option<Confidence> {
        let node = |name: &str, images: &[&str]| NodeFacts {
            name: name.to_owned(),
            images: images.iter().map(|&image| image.to_owned()).collect(),
            ..NodeFacts::default()
        };
        let pod = PodFacts {
            node: Some("one".to_owned()),
            containers: vec![ContainerFacts { image: image.to_owned(), ..ContainerFacts::default() }],
            ..PodFacts::default()
        };
        let facts = Facts { nodes: vec![node("one", here), node("two", there)], pods: vec![pod], ..Facts::default() };
        let timeline = Timeline { subject: Subject { image: Some(image.to_owned()), ..Subject::default() }, ..Timeline::default() };
        let place = PlaceFacts { registry: Some(Registry::DockerHub), ..PlaceFacts::default() };
        let image = ImageRef::parse(image);
        let case = Case {
            facts: &facts,
            timeline: &timeline,
            image: image.as_ref(),
            pod: facts.pods.first(),
            place: &place,
            from: "image-never-pulled",
            confidence: Confidence::Likely,
            now: None,
        };
        match when(&case) {
            Verdict::Proven(proof) => Some(proof.confidence),
            Verdict::Open { .. } | Verdict::No => None,
        }
    }

    #[test]
    fn a_node_that_lists_its_images_without_this_one_does_not_have_it() {
        let pause = ["registry.k8s.io/pause:3.10"];
        assert_eq!(check(absent_and_never_pulled, "web:dev", &pause, &[]), Some(Confidence::Certain));
        assert_eq!(check(absent_and_never_pulled, "web:dev", &[], &[]), None);
        assert_eq!(check(absent_and_never_pulled, "web:dev", &["docker.io/library/web:dev"], &[]), None);
        assert_eq!(check(absent_and_never_pulled, "web", &["docker.io/library/web:latest"], &[]), None);
        assert_eq!(check(absent_and_never_pulled, "web:dev", &[pause[0]; MOST_IMAGES], &[]), None);
    }

    #[test]
    fn an_image_that_only_another_node_has_was_never_pushed() {
        assert_eq!(check(on_other_nodes, "web:dev", &[], &["docker.io/library/web:dev"]), Some(Confidence::Likely));
        assert_eq!(check(on_other_nodes, "web:dev", &[], &["docker.io/library/web:other"]), None);
        assert_eq!(check(on_other_nodes, "corp/web:dev", &[], &["docker.io/corp/web:dev"]), None);
    }

    #[test]
    fn a_bare_name_is_local_unless_it_is_a_misspelt_official_one() {
        assert_eq!(check(local_name, "shop-backend:dev", &[], &[]), Some(Confidence::Likely));
        assert_eq!(check(local_name, "localhost/shop:dev", &[], &[]), Some(Confidence::Likely));
        assert_eq!(check(local_name, "ngnix:1.27", &[], &[]), None);
        assert_eq!(check(local_name, "nginx:nope", &[], &[]), None);
        assert_eq!(check(local_name, "corp/shop:dev", &[], &[]), None);
        assert_eq!(check(local_name, "shop-backend:dev", &["docker.io/library/shop-backend:dev"], &[]), None);
    }
}
