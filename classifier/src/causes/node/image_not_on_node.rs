//! The image exists on somebody's machine or on other nodes only: there is nothing to pull. Facts alone can say so.

use crate::cause::*;

pub(super) const CAUSE: Cause = Cause {
    id: "image-not-on-node",
    area: Area::Node,
    title: "The image was never pushed, and this node does not have it",
    outlook: Outlook::Final,
    signs: &[],
    settles: &[],
    refines: &["image-never-pulled", "repository-not-found-or-private", "repository-not-found", "tag-not-found"],
    meaning: "The registry and its credentials are fine: it is asked for something that nobody has put there. The image was built on a \
machine, or loaded into some nodes, and this node is not among them.

A name without a registry, as `web:dev`, means `docker.io/library/web:dev` to Kubernetes. What Docker on your machine calls \
`web:dev` is only used if the node has it under exactly that name and the pull policy is not Always (which is what a missing \
tag or the tag `latest` makes of a policy that is not written).

The nodes of kind, minikube, k3d and MicroK8s have stores of their own, even where they run on your machine.",
    not_this: "An image that is in a registry and cannot be reached is repository-not-found-or-private, or credentials-missing.",
    fixes: &[
        Fix {
            title: "Load the image into every node of the kind cluster",
            only: &[Place::Cluster(Cluster::Kind)],
            steps: &[
                "`kind load docker-image {image}` (add `--name` if the cluster is not called kind). `docker images` must show exactly {image}.",
                "Set `imagePullPolicy: IfNotPresent`, or use a tag other than latest: the policy Always asks the registry even so.",
                "The kubelet finds it by itself at its next attempt, at most five minutes later.",
            ],
            checks: &[reads("docker exec {node} crictl images")],
            ..FIX
        },
        Fix {
            title: "Load the image into minikube",
            only: &[Place::Cluster(Cluster::Minikube)],
            steps: &[
                "`minikube image load {image}`, or build it there: `minikube image build -t {image} .`.",
                "Set `imagePullPolicy: IfNotPresent`, or use a tag other than latest.",
            ],
            checks: &[reads("minikube image ls")],
            ..FIX
        },
        Fix {
            title: "Load the image into every node of the k3d cluster",
            only: &[Place::Cluster(Cluster::K3d)],
            steps: &[
                "`k3d image import {image}` (add `-c NAME` if the cluster is not called k3s-default).",
                "Set `imagePullPolicy: IfNotPresent`, or use a tag other than latest.",
            ],
            checks: &[reads("docker exec {node} crictl images")],
            ..FIX
        },
        Fix {
            title: "Import the image into MicroK8s",
            only: &[Place::Cluster(Cluster::Microk8s)],
            steps: &[
                "`docker save -o image.tar {image}`, then `microk8s ctr image import image.tar` (several nodes: `microk8s images import < \
image.tar`).",
                "Set `imagePullPolicy: IfNotPresent`, or use a tag other than latest. Or push to its registry add-on: localhost:32000/NAME.",
            ],
            checks: &[reads("microk8s ctr images ls")],
            ..FIX
        },
        Fix {
            title: "Import the image into k3s or RKE2",
            who: Who::NodeAdmin,
            only: &[Place::Cluster(Cluster::K3s), Place::Cluster(Cluster::Rancher)],
            steps: &[
                "`docker save -o image.tar {image}`, copy the file to every node, and there `k3s ctr images import image.tar` (RKE2: \
`/var/lib/rancher/rke2/bin/ctr -a /run/k3s/containerd/containerd.sock -n k8s.io images import image.tar`).",
                "Set `imagePullPolicy: IfNotPresent`, or use a tag other than latest.",
            ],
            ..FIX
        },
        Fix {
            title: "Push the image to a registry, and use its full name there",
            steps: &[
                "`docker tag {image} REGISTRY/PATH:TAG`, `docker push` it, and set NEW_IMAGE to that name. A private registry needs a pull secret.",
            ],
            commands: &[changes("kubectl set image[ -n {namespace}] {set_image} {container}=\"$NEW_IMAGE\"")],
            warnings: &["If Argo CD, Flux or Helm manages {owner}, change the image in git: they put the old one back."],
            ..FIX
        },
        Fix {
            title: "Put the image on this node",
            who: Who::NodeAdmin,
            steps: &[
                "`docker save -o image.tar {image}`, copy it to {node}, and there `ctr -n k8s.io images import image.tar` (CRI-O: `podman load -i \
image.tar` as root; Docker: `docker load -i image.tar`). Do so on each node that may run the pod.",
            ],
            checks: &[reads("kubectl get node {node} -o jsonpath='{{range .status.images[[*]]}}{{.names}}{{\"\\n\"}}{{end}}'")],
            ..FIX
        },
    ],
    see_also: &["image-never-pulled", "repository-not-found-or-private", "tag-not-found"],
    links: &[
        "https://kubernetes.io/docs/concepts/containers/images/#pre-pulled-images",
        "https://kind.sigs.k8s.io/docs/user/quick-start/#loading-an-image-into-your-cluster",
        "https://minikube.sigs.k8s.io/docs/handbook/pushing/",
    ],
};
