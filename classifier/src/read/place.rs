//! Where a pull happens: kinds of registry, cluster and runtime, read from names and words, and from the node object where there
//! is one.

use crate::cause::{Cluster, Registry, Runtime};
use crate::observations::{Facts, PlaceFacts, Timeline};
use crate::read::image_ref::ImageRef;

/// Tells the place of a timeline.
pub fn place(timeline: &Timeline, image: Option<&ImageRef>, facts: &Facts) -> PlaceFacts {
    let words = || timeline.attempts.iter().flat_map(|attempt| &attempt.messages).map(|message| message.text.as_str());
    let node = timeline.subject.node.as_deref();
    let facts = node.and_then(|name| facts.node(name));
    PlaceFacts {
        registry: image.cloned().or_else(|| asked(timeline)).map(|image| registry(&image, words())),
        cluster: facts
            .and_then(cluster_of_node)
            .or_else(|| node.and_then(cluster_of_name))
            .or_else(|| words().find_map(cluster_of_words)),
        runtime: facts
            .and_then(|node| node.runtime.as_deref())
            .and_then(runtime_of_version)
            .or_else(|| words().find_map(runtime_of_words)),
    }
}

/// The registry that was asked, by the addresses in the messages: docker often names nothing else (`Get "https://registry-1.docker.io/v2/": …`).
pub fn asked(timeline: &Timeline) -> Option<ImageRef> {
    timeline.attempts.iter().flat_map(|attempt| &attempt.messages).find_map(|message| {
        let words = message.text.as_str();
        // what Docker Hub answers with 429
        if words.contains("docker.com/increase-rate-limit") {
            return ImageRef::parse("docker.io/x");
        }
        let (before, after) = words.split_once("/v2/")?;
        let host = before.rsplit_once("://")?.1;
        // containerd asks a mirror for what is of another
        let of = after.split_once("?ns=").map(|(_, of)| of.split(['"', '&', ':', ' ']).next().unwrap_or_default());
        let host = of.unwrap_or(if host.ends_with(".docker.io") { "docker.io" } else { host });
        ImageRef::parse(&[host, "/x"].concat()).filter(|image| image.registry_written)
    })
}

/// The kind of registry, by the host of the image; where the host is anybody's, by what the messages say.
fn registry<'a>(image: &ImageRef, mut words: impl Iterator<Item = &'a str>) -> Registry {
    let host = image.host();
    let ends = |suffix: &str| host == suffix.trim_start_matches('.') || host.ends_with(suffix);
    if host == "docker.io" || ends(".docker.io") || host == "registry.hub.docker.com" {
        Registry::DockerHub
    } else if host == "public.ecr.aws" || host == "ecr-public.aws.com" {
        Registry::EcrPublic
    } else if host.contains(".dkr.ecr") || host.contains(".dkr-ecr") {
        Registry::Ecr
    } else if ends(".azurecr.io") || ends(".azurecr.cn") || ends(".azurecr.us") {
        Registry::Acr
    } else if ends(".pkg.dev") {
        Registry::ArtifactRegistry
    } else if ends(".gcr.io") && host != "k8s.gcr.io" {
        Registry::Gcr
    } else if host == "ghcr.io" || host == "docker.pkg.github.com" {
        Registry::Ghcr
    } else if host == "registry.gitlab.com" {
        Registry::GitLab
    } else if ends(".quay.io") {
        Registry::Quay
    } else if ends(".ocir.io") {
        Registry::Oci
    } else if ends(".icr.io") {
        Registry::Ibm
    } else if host == "registry.redhat.io"
        || host == "registry.connect.redhat.com"
        || host == "registry.access.redhat.com"
    {
        Registry::RedHat
    } else if host.starts_with("image-registry.openshift-image-registry")
        || host.starts_with("docker-registry.default.svc")
        || host.contains("default-route-openshift-image-registry")
    {
        Registry::OpenShift
    } else if host == "registry.k8s.io" || host == "k8s.gcr.io" {
        Registry::Kubernetes
    } else if host == "mcr.microsoft.com" {
        Registry::Microsoft
    } else if ends(".jfrog.io") || host.contains("artifactory") {
        Registry::Artifactory
    } else if host.starts_with("harbor") || host.contains(".harbor") {
        Registry::Harbor
    } else if host.contains("nexus") {
        Registry::Nexus
    } else if host.contains("gitlab") {
        Registry::GitLab
    } else if host.starts_with("quay") {
        Registry::Quay
    } else {
        words.find_map(registry_of_words).unwrap_or(if is_address(host) || image.registry.contains(':') {
            Registry::Local
        } else {
            Registry::Other
        })
    }
}

/// What a registry gives away of itself in its answers and addresses.
fn registry_of_words(words: &str) -> Option<Registry> {
    let lower = words.to_ascii_lowercase();
    let has = |marks: &[&str]| marks.iter().any(|mark| lower.contains(mark));
    if has(&["/jwt/auth"]) {
        Some(Registry::GitLab)
    } else if has(&["/service/token", "unauthorized to access repository", "unknown: artifact "]) {
        Some(Registry::Harbor)
    } else if has(&["/artifactory/api/docker", "artifactory"]) {
        Some(Registry::Artifactory)
    } else if has(&["nexus"]) {
        Some(Registry::Nexus)
    } else {
        None
    }
}

fn is_address(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok()
}

fn cluster_of_node(node: &crate::observations::NodeFacts) -> Option<Cluster> {
    let label = |prefix: &str| node.label_keys.iter().any(|key| key.starts_with(prefix));
    let provider = node.provider.as_deref().unwrap_or_default();
    let kubelet = node.kubelet.as_deref().unwrap_or_default();
    if label("node.openshift.io/") || label("machineconfiguration.openshift.io/") {
        Some(Cluster::OpenShift)
    } else if label("eks.amazonaws.com/") || kubelet.contains("-eks-") {
        Some(Cluster::Eks)
    } else if label("kubernetes.azure.com/") || provider.starts_with("azure:") {
        Some(Cluster::Aks)
    } else if label("cloud.google.com/gke-") || kubelet.contains("-gke.") {
        Some(Cluster::Gke)
    } else if provider.starts_with("kind:") {
        Some(Cluster::Kind)
    } else if label("minikube.k8s.io/") {
        Some(Cluster::Minikube)
    } else if label("microk8s.io/") {
        Some(Cluster::Microk8s)
    } else if kubelet.contains("+rke2") || label("rke.cattle.io/") {
        Some(Cluster::Rancher)
    } else if node.name.starts_with("k3d-") {
        Some(Cluster::K3d)
    } else if kubelet.contains("+k3s") {
        Some(Cluster::K3s)
    } else {
        cluster_of_name(&node.name)
    }
}

/// Node names as the makers of clusters give them.
fn cluster_of_name(node: &str) -> Option<Cluster> {
    if node.starts_with("gke-") {
        Some(Cluster::Gke)
    } else if node.starts_with("aks-") || node.starts_with("aks") && node.contains("000") || node.contains("-vmss") {
        Some(Cluster::Aks)
    } else if node.starts_with("ip-") && (node.ends_with(".compute.internal") || node.ends_with(".ec2.internal"))
        || node.starts_with("fargate-ip-")
    {
        Some(Cluster::Eks)
    } else if node.starts_with("k3d-") {
        Some(Cluster::K3d)
    } else if node.starts_with("k3s") {
        Some(Cluster::K3s)
    } else if node.starts_with("rke2") {
        Some(Cluster::Rancher)
    } else if node.starts_with("kind-") || node.ends_with("-control-plane") && !node.contains('.') {
        Some(Cluster::Kind)
    } else if node == "minikube" || node.starts_with("minikube-") {
        Some(Cluster::Minikube)
    } else if node == "docker-desktop" || node == "desktop-control-plane" {
        Some(Cluster::DockerDesktop)
    } else if node.starts_with("microk8s") {
        Some(Cluster::Microk8s)
    } else if node.starts_with("crc-") {
        Some(Cluster::OpenShift)
    } else {
        None
    }
}

fn cluster_of_words(words: &str) -> Option<Cluster> {
    if words.contains("/var/lib/rancher/k3s") {
        Some(Cluster::K3s)
    } else if words.contains("/var/lib/rancher/rke2") {
        Some(Cluster::Rancher)
    } else if words.contains("/var/snap/microk8s") {
        Some(Cluster::Microk8s)
    } else if words.contains("openshift-image-registry") {
        Some(Cluster::OpenShift)
    } else {
        None
    }
}

fn runtime_of_version(version: &str) -> Option<Runtime> {
    match version.split(':').next()? {
        "containerd" => Some(Runtime::Containerd),
        "cri-o" => Some(Runtime::Crio),
        "docker" => Some(Runtime::Docker),
        _ => None,
    }
}

/// Frames that one runtime alone puts around its errors.
fn runtime_of_words(words: &str) -> Option<Runtime> {
    let has = |marks: &[&str]| marks.iter().any(|mark| words.contains(mark));
    if has(&[
        "failed to pull and unpack image",
        "failed to resolve reference",
        "failed to resolve image",
        "httpReadSeeker",
        "failed to extract layer",
        "containerd",
    ]) {
        Some(Runtime::Containerd)
    } else if has(&[
        "initializing source docker://",
        "pinging container registry",
        "reading manifest",
        "RegistryUnavailable",
        "OCI artifact",
        "copying system image",
        "writing blob",
        "pinging docker registry",
        "short-name",
    ]) {
        Some(Runtime::Crio)
    } else if has(&["Error response from daemon", "failed to register layer", "docker login"]) {
        Some(Runtime::Docker)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use crate::{Options, diagnose, render::text};

    #[test]
    fn the_registry_that_was_asked_is_known_without_an_image() {
        let shown = |words: &str| text::text(&diagnose(words, &Options::default()), &[words], &text::Style::default());
        let unknown = "certificate signed by unknown authority";
        let own = shown(&format!(
            "Error response from daemon: Get \"https://corp.test:5000/v2/\": tls: failed to verify certificate: x509: {unknown}"
        ));
        assert!(own.contains("/etc/docker/certs.d/corp.test:5000/ca.crt"), "{own}");
        let hub = shown(
            "Error response from daemon: toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit",
        );
        assert!(hub.contains("--docker-server=https://index.docker.io/v1/"), "{hub}");
        let mirror = shown(&format!(
            "ctr: failed to do request: Head \"https://mirror.test/v2/shop/web/manifests/1?ns=corp.test\": x509: {unknown}"
        ));
        assert!(mirror.contains("/etc/containerd/certs.d/corp.test/ca.crt"), "{mirror}");
        let bare = shown(&format!("docker: Error response from daemon: Get \"https://registry/v2/\": x509: {unknown}"));
        assert!(!bare.contains("docker.io"), "{bare}");
    }
}
