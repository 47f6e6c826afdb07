//! How a local image comes onto the nodes of each kind of cluster.

use crate::cause::*;

const POLICY: &str = "The pull policy must not be Always, which asks the registry even so: write `imagePullPolicy: IfNotPresent`. Where \
none is written, the tag latest and no tag mean Always.";

/// The kubelet looks at the node before it asks a registry.
const LOOKS_AGAIN: &str = "The kubelet finds it by itself at its next attempt, at most five minutes later.";

/// kind.sigs.k8s.io, "Loading an Image Into Your Cluster".
pub(super) const KIND: Fix = Fix {
    title: "Load the image into every node of the kind cluster",
    only: &[Place::Cluster(Cluster::Kind)],
    steps: &[
        "`kind load docker-image {image}` (add `--name` if the cluster is not called kind). It goes from Docker on your machine into \
every node, under the name it has there: `docker images` must show exactly {image}.",
        "For podman, or if the name differs: `docker save -o image.tar {image}` (or `podman save`), then `kind load image-archive image.tar`.",
        POLICY,
        LOOKS_AGAIN,
    ],
    checks: &[reads("docker exec {node} crictl images")],
    ..FIX
};

/// minikube.sigs.k8s.io, "Pushing images".
pub(super) const MINIKUBE: Fix = Fix {
    title: "Load the image into minikube",
    only: &[Place::Cluster(Cluster::Minikube)],
    steps: &[
        "`minikube image load {image}` copies it from Docker on your machine into every node; `minikube image build -t {image} .` \
builds it there.",
        "With the docker runtime, `eval $(minikube docker-env)` and then `docker build -t {image} .` builds straight into the node; it \
holds for this shell and one node only.",
        POLICY,
    ],
    checks: &[reads("minikube image ls")],
    ..FIX
};

/// k3d.io, "Importing images".
pub(super) const K3D: Fix = Fix {
    title: "Load the image into every node of the k3d cluster",
    only: &[Place::Cluster(Cluster::K3d)],
    steps: &["`k3d image import {image}` (add `-c NAME` if the cluster is not called k3s-default).", POLICY],
    checks: &[reads("docker exec {node} crictl images")],
    ..FIX
};

/// microk8s.io, "How to use a local registry", "Side-load images".
pub(super) const MICROK8S: Fix = Fix {
    title: "Import the image into MicroK8s",
    only: &[Place::Cluster(Cluster::Microk8s)],
    steps: &[
        "`docker save -o image.tar {image}`, then `microk8s ctr image import image.tar`; in a cluster of several nodes `microk8s \
images import < image.tar` reaches all of them. Or push it to its registry add-on, localhost:32000.",
        POLICY,
    ],
    checks: &[reads("microk8s ctr images ls")],
    ..FIX
};

/// docs.k3s.io and docs.rke2.io, "Air-Gap Install".
pub(super) const K3S: Fix = Fix {
    title: "Import the image into k3s or RKE2",
    who: Who::NodeAdmin,
    only: &[Place::Cluster(Cluster::K3s), Place::Cluster(Cluster::Rancher)],
    steps: &[
        "`docker save -o image.tar {image}`, copy the file to every node, and there `k3s ctr images import image.tar` (RKE2: \
`/var/lib/rancher/rke2/bin/ctr -a /run/k3s/containerd/containerd.sock -n k8s.io images import image.tar`).",
        "A file in /var/lib/rancher/k3s/agent/images (RKE2: /var/lib/rancher/rke2/agent/images) is imported at each start.",
        POLICY,
    ],
    ..FIX
};

/// docs.docker.com, "Deploy on Kubernetes".
pub(super) const DOCKER_DESKTOP: Fix = Fix {
    title: "Build or pull the image with Docker Desktop",
    only: &[Place::Cluster(Cluster::DockerDesktop)],
    steps: &[
        "With the kubeadm cluster, images of Docker Desktop are images of the node: `docker images` must show exactly {image}.",
        "With the kind cluster (several nodes) the image store must be containerd's (Settings, General), or load it with `docker \
save {image} | docker exec -i {node} ctr -n k8s.io images import -`.",
        POLICY,
    ],
    checks: &[reads("docker images {repository}")],
    ..FIX
};

/// Any node: docs of containerd (ctr), CRI-O and Docker.
pub(super) const ANY: Fix = Fix {
    title: "Put the image on every node, under its exact name",
    who: Who::NodeAdmin,
    steps: &[
        "See what the node has: `crictl images` on {node}. A short name must be there as docker.io/library/NAME; podman's localhost/NAME \
must be written so in the pod too.",
        "containerd: `docker save -o image.tar {image}`, copy it over, `ctr -n k8s.io images import image.tar`. CRI-O: `podman load -i \
image.tar` as root. Docker: `docker load -i image.tar`.",
        "Do so on each node that may run the pod, or pull it there: `crictl pull {image}`.",
        LOOKS_AGAIN,
    ],
    checks: &[reads("kubectl get node {node} -o jsonpath='{{range .status.images[[*]]}}{{.names}}{{\"\\n\"}}{{end}}'")],
    ..FIX
};
