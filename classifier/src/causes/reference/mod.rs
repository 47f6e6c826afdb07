//! The image reference, or what it names: does it exist, and can the node use it?

use crate::cause::*;

area! {
    invalid_image_reference,
    tag_not_found,
    digest_not_found,
    repository_not_found,
    repository_not_found_or_private,
    platform_not_available,
    unsupported_image_format,
    not_a_registry,
    short_name_unresolved,
    registry_retired,
}

pub mod retired;

/// For images that were never pushed anywhere: they exist where they were built, and look like images of Docker Hub.
const LOAD_LOCAL: Fix = Fix {
    title: "If {image} was only built on your machine: load it into the cluster",
    who: Who::Author,
    only: &[
        Place::Registry(Registry::DockerHub),
        Place::Registry(Registry::Local),
        Place::Cluster(Cluster::Kind),
        Place::Cluster(Cluster::Minikube),
        Place::Cluster(Cluster::K3d),
        Place::Cluster(Cluster::Microk8s),
        Place::Cluster(Cluster::DockerDesktop),
    ],
    steps: &[
        "kind: `kind load docker-image {image}`. minikube: `minikube image load {image}`. k3d: `k3d image import {image}`. \
MicroK8s: `docker save {image} | microk8s ctr image import -`.",
        "Set imagePullPolicy: IfNotPresent. The tag latest, and no tag, mean Always: the kubelet would ask the registry all the same.",
        "Docker Desktop: clusters made by kubeadm see Docker's images as they are, clusters made by kind do not.",
    ],
    warnings: &["A loaded image is on that node alone, and is lost when the cluster is made again."],
    ..FIX
};
