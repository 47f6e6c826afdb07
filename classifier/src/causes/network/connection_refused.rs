//! A machine answered: nothing listens on that port, or a firewall refuses.

use crate::causes::remedies;
use super::*;

pub(super) const CAUSE: Cause = Cause {
    id: "connection-refused",
    area: Area::Network,
    title: "The connection was refused",
    outlook: Outlook::Depends,
    signs: &[
        // Go, net: ECONNREFUSED; "getsockopt:" up to Go 1.9 (Docker 17), no word before it up to Go 1.4 (Docker 1.6).
        certain(&[says("dial tcp {address}: connect: connection refused"), that("no gRPC client says it", not_grpc)]),
        certain(&[says("dial tcp {address}: getsockopt: connection refused")]),
        certain(&[says("dial tcp {address}: connection refused")]),
        // Windows, WSAECONNREFUSED.
        certain(&[says("dial tcp {address}: connectex: No connection could be made because the target machine actively refused it")]),
        certain(&[says("target machine actively refused it")]),
        // Shortened, or another program: curl, openssl.
        likely(&[says("connection refused"), that("it is not a socket of the node's runtime", not_local_socket)]),
        // CRI-O, server/image_pull.go (1.27 and later), says so for ECONNREFUSED alone; cri-dockerd for 502 to 504.
        possible(&[reason("RegistryUnavailable"), that("it is not Docker that says it", not_docker)]),
    ],
    settles: &[],
    refines: &[],
    meaning: "The image's name, its tag and all credentials are untouched by this: no registry was spoken to. The address was \
reached, and the machine there (or a firewall on the way) answered that nobody takes connections on that port.

Mostly the registry is down or restarting, or the port is wrong. Where the address is 127.0.0.1 or ::1 the node spoke to \
itself: \"localhost\" in an image's name is the node, neither your machine nor the cluster.

The refusing address can also be a mirror of the node's configuration (the address in the message then has `?ns=` in it), the \
registry's token server, or the host of its layers.",
    not_this: "No answer at all is connection-timed-out. A refusal under `proxyconnect` is proxy-failed, one at a DNS server is \
dns-lookup-failed, and one at a socket of the node (`dial unix`) is runtime-unavailable.",
    fixes: &[
        Fix {
            title: "Connect kind's nodes with the registry, or load the image",
            who: Who::NodeAdmin,
            only: &[Place::Cluster(Cluster::Kind), Place::Registry(Registry::Local)],
            steps: &[
                "Inside of a kind node localhost is the node's container. An image from your machine is brought in with \
`kind load docker-image {image}`.",
                "For a registry container: `docker network connect kind kind-registry`, and on each node a file \
/etc/containerd/certs.d/{registry}/hosts.toml with the line `[[host.\"http://kind-registry:5000\"]]`.",
            ],
            ..FIX
        },
        Fix {
            title: "Use k3d's own registry, or import the image",
            who: Who::NodeAdmin,
            only: &[Place::Cluster(Cluster::K3d), Place::Registry(Registry::Local)],
            steps: &[
                "Inside of a k3d node localhost is the node's container. An image from your machine is brought in with \
`k3d image import {image}`.",
                "For a registry: `k3d registry create`, and `k3d cluster create --registry-use k3d-registry:5000`; images are \
then named k3d-registry:5000/….",
            ],
            ..FIX
        },
        Fix {
            title: "Turn on minikube's registry, or load the image",
            who: Who::NodeAdmin,
            only: &[Place::Cluster(Cluster::Minikube), Place::Registry(Registry::Local)],
            steps: &[
                "Inside of minikube localhost is the node. An image from your machine is brought in with \
`minikube image load {image}`.",
                "`minikube addons enable registry` makes localhost:5000 answer on the node; push to it through \
`kubectl port-forward -n kube-system service/registry 5000:80`.",
            ],
            ..FIX
        },
        Fix {
            title: "Turn on MicroK8s' registry",
            who: Who::NodeAdmin,
            only: &[Place::Cluster(Cluster::Microk8s), Place::Registry(Registry::Local)],
            steps: &[
                "`microk8s enable registry` opens localhost:32000 on the node: name the image localhost:32000/….",
                "Or import it: `docker save {image} | microk8s images import`.",
            ],
            ..FIX
        },
        Fix {
            title: "Name a registry that the nodes can reach",
            only: &[Place::Registry(Registry::Local)],
            known: &["own_host"],
            steps: &[
                "Seen from a node, {own_host} is the node itself, not your machine. A registry that `kubectl port-forward` or Docker \
opens on your machine is not there either.",
                "Push the image to a registry that all nodes can reach, and set NEW_IMAGE to its full name there.",
            ],
            commands: &[remedies::CHANGE_IMAGE],
            warnings: remedies::CHANGE_IMAGE_WARNINGS,
            ..FIX
        },
        Fix {
            title: "Start the registry where the node looks for it",
            who: Who::NodeAdmin,
            only: &[Place::Registry(Registry::Local)],
            steps: &[
                "Nothing listens at {address}, seen from the node.",
                "If that is localhost, 127.0.0.1 or ::1, it is the node itself: run the registry on every node (a DaemonSet with \
hostPort, or a NodePort service: node ports answer on localhost only with kube-proxy in iptables mode).",
            ],
            checks: &[reads("curl -sSI http://{registry}/v2/ # on the node; 200 or 401 means that it answers")],
            ..FIX
        },
        HOSTS_OF_DOCKER_HUB,
        HOSTS_OF_ECR,
        HOSTS_OF_ACR,
        HOSTS_OF_GOOGLE,
        HOSTS_OF_REDIRECTORS,
        HOSTS_OF_OTHERS,
        Fix {
            title: "Start the registry, or open its port",
            who: Who::RegistryOwner,
            steps: &[
                "See that the registry runs and listens on the address and port that the node tried[: {address}].",
                "Behind a load balancer, an ingress or a service: see that it has healthy backends.",
                TRIES_AGAIN,
            ],
            checks: &[reads("curl -sSI https://{registry}/v2/ # on the node; 200 or 401 means that it answers")],
            ..FIX
        },
        Fix {
            title: "Correct host and port in the image's name",
            who: Who::Author,
            steps: &["Without a port the node tries 443. A registry on another port needs it in the name: HOST:PORT/NAME:TAG."],
            commands: &[remedies::CHANGE_IMAGE],
            warnings: remedies::CHANGE_IMAGE_WARNINGS,
            ..FIX
        },
        Fix {
            title: "See where the node was sent",
            who: Who::NodeAdmin,
            steps: &[
                "If the message's address has `?ns=` in it, a mirror refused: start it, or take it out of \
/etc/containerd/certs.d/*/hosts.toml, registries.yaml (k3s, RKE2) or /etc/containers/registries.conf.d.",
                "If a public name led to 127.0.0.1 or 0.0.0.0: see /etc/hosts and the DNS filter of the node.",
                "A firewall that rejects looks the same as a closed port: let it pass 443 from the nodes.",
            ],
            checks: &[reads("getent hosts {registry_host} # on the node")],
            ..FIX
        },
    ],
    see_also: &["connection-timed-out", "proxy-failed", "runtime-unavailable", "dns-lookup-failed"],
    links: &[
        "https://kind.sigs.k8s.io/docs/user/local-registry/",
        "https://minikube.sigs.k8s.io/docs/handbook/registry/",
        "https://microk8s.io/docs/registry-built-in",
    ],
};

fn not_grpc(failure: &crate::observations::Failure<'_>) -> bool {
    !failure.mentions("while dialing")
}

fn not_docker(failure: &crate::observations::Failure<'_>) -> bool {
    failure.place.runtime != Some(Runtime::Docker) && !failure.mentions("from daemon")
}

fn not_local_socket(failure: &crate::observations::Failure<'_>) -> bool {
    not_grpc(failure) && !failure.mentions("unix ") && !failure.mentions(".sock")
}
