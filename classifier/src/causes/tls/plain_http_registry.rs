//! One side speaks plain HTTP and the other TLS.

use super::TRIES_AGAIN;
use crate::cause::*;
use crate::observations::Failure;

pub(super) const CAUSE: Cause = Cause {
    id: "plain-http-registry",
    area: Area::Tls,
    title: "The registry speaks plain HTTP, the node HTTPS (or the reverse)",
    outlook: Outlook::Final,
    signs: &[
        // Go, net/http/client.go.
        certain(&[says("server gave HTTP response to HTTPS client")]),
        // The reverse: Go's own server, nginx, Apache; a TLS alert read as HTTP (net/http/response.go).
        certain(&[says("Client sent an HTTP request to an HTTPS server")]),
        certain(&[says("The plain HTTP request was sent to HTTPS port")]),
        certain(&[says("speaking plain HTTP to an SSL-enabled server port")]),
        certain(&[says(r#"malformed HTTP response "\x15\x03"#), that("HTTPS was not tried before", only_http)]),
        certain(&[says(r#"malformed HTTP response "\\x15\\x03"#), that("HTTPS was not tried before", only_http)]),
        certain(&[says(r#"malformed HTTP status code "\x15\x03"#), that("HTTPS was not tried before", only_http)]),
        // The reverse, as containerd shows it: an answer 400 to http:// at a port of TLS.
        certain(&[status(&[400]), that("the request went in plain HTTP to port 443 or 8443", http_to_tls_port)]),
        // Go, crypto/tls: the first bytes are no TLS. Mostly plain HTTP; any other protocol does it too.
        likely(&[says("first record does not look like a TLS handshake")]),
        // Up to Go 1.8: "HTTP/" read as a record, 20527 = "P/", 21584 = "TP".
        certain(&[says("tls: oversized record received with length 20527")]),
        likely(&[says("tls: oversized record received")]),
        likely(&[says("tls: unsupported SSLv2 handshake received")]),
        // OpenSSL's words.
        certain(&[says("wrong version number")]),
    ],
    settles: &[],
    refines: &["not-a-registry"],
    meaning: "The image, its tag and the credentials are not at fault: the registry answers, but the two sides do not speak the \
same protocol.

Runtimes use HTTPS for every registry, except localhost. A registry without a certificate has to be named to the runtime of \
every node as one that is spoken to in plain HTTP. A scheme in the image's name is not possible, and a setting on your own \
machine (or `docker push` that works there) changes nothing on the nodes.

The reverse happens too: the node's configuration says http:// for a registry that has TLS.",
    not_this: "A registry that has a certificate, but one that the node does not trust, is tls-unknown-authority. An answer in HTML is \
not-a-registry.",
    fixes: &[
        Fix {
            title: "Name the registry as insecure in the cluster's image configuration",
            who: Who::ClusterAdmin,
            only: &[Place::Cluster(Cluster::OpenShift)],
            steps: &[
                "`oc edit image.config.openshift.io/cluster`, and add {registry} to the list spec.registrySources.insecureRegistries.",
            ],
            checks: &[reads("kubectl get image.config.openshift.io cluster -o jsonpath='{{.spec.registrySources}}'")],
            warnings: &[
                "The machine config operator rolls it out node by node; nodes may drain and restart.",
                "Anybody between the nodes and the registry can then change images and read pull secrets.",
            ],
            ..FIX
        },
        Fix {
            title: "Name the registry with http:// in registries.yaml",
            who: Who::NodeAdmin,
            only: &[Place::Cluster(Cluster::K3s), Place::Cluster(Cluster::Rancher), Place::Cluster(Cluster::K3d)],
            steps: &[
                "On every node write into /etc/rancher/k3s/registries.yaml (RKE2: /etc/rancher/rke2/registries.yaml) below `mirrors:` \
the entry `\"{registry}\": {{endpoint: [[\"http://{registry}\"]]}}`.",
                "Restart the service: `systemctl restart k3s` (k3s-agent, rke2-server, rke2-agent). Clusters made by Rancher: \
Cluster Management, Edit Config, Registries.",
                "k3d: give the file at creation, `k3d cluster create --registry-config registries.yaml`, or use \
`k3d registry create`.",
                TRIES_AGAIN,
            ],
            warnings: &["Anybody between the nodes and the registry can then change images and read pull secrets."],
            ..FIX
        },
        Fix {
            title: "Name the registry in kind's certs.d",
            who: Who::NodeAdmin,
            only: &[Place::Cluster(Cluster::Kind)],
            steps: &[
                "On each node (`kind get nodes`, `docker exec -it NODE sh`) write /etc/containerd/certs.d/{registry}/hosts.toml with the \
line `[[host.\"http://{registry}\"]]`. For a registry container on Docker's network kind name that container: \
`[[host.\"http://kind-registry:5000\"]]`.",
                "Before kind 0.27 the cluster also needs containerdConfigPatches with `config_path = \"/etc/containerd/certs.d\"`.",
                TRIES_AGAIN,
            ],
            ..FIX
        },
        Fix {
            title: "Start minikube with the registry as insecure",
            who: Who::NodeAdmin,
            only: &[Place::Cluster(Cluster::Minikube)],
            steps: &[
                "`minikube delete`, then `minikube start --insecure-registry={registry}`: the flag counts only when the node is made.",
                "For images of your own: `minikube addons enable registry` and localhost:5000, or `minikube image load {image}`, need \
no setting.",
            ],
            warnings: &["`minikube delete` removes everything in that cluster."],
            ..FIX
        },
        Fix {
            title: "Name the registry in MicroK8s' certs.d",
            who: Who::NodeAdmin,
            only: &[Place::Cluster(Cluster::Microk8s)],
            steps: &[
                "On every node write /var/snap/microk8s/current/args/certs.d/{registry}/hosts.toml with the lines \
`server = \"http://{registry}\"` and `[[host.\"http://{registry}\"]]`, below it `capabilities = [[\"pull\", \"resolve\"]]`.",
                "MicroK8s' own registry (`microk8s enable registry`) is localhost:32000 and needs no setting.",
                TRIES_AGAIN,
            ],
            ..FIX
        },
        Fix {
            title: "Name the registry as insecure in Docker Desktop",
            who: Who::NodeAdmin,
            only: &[Place::Cluster(Cluster::DockerDesktop)],
            steps: &[
                "Settings, Docker Engine: add `\"insecure-registries\": [[\"{registry}\"]]`, then Apply and restart.",
            ],
            ..FIX
        },
        Fix {
            title: "Name the registry with http:// in containerd's certs.d",
            who: Who::NodeAdmin,
            only: &[Place::Runtime(Runtime::Containerd)],
            steps: &[
                "On every node write /etc/containerd/certs.d/{registry}/hosts.toml with the lines `server = \"http://{registry}\"` and \
`[[host.\"http://{registry}\"]]`, below it `capabilities = [[\"pull\", \"resolve\"]]`. No restart is needed.",
                "The directory counts only if /etc/containerd/config.toml says `config_path = \"/etc/containerd/certs.d\"` below \
`[[plugins.'io.containerd.cri.v1.images'.registry]]` (containerd 1.x: `'io.containerd.grpc.v1.cri'`); after a change of that file \
restart containerd.",
                "If the file is there already and says http:// although the registry has TLS: write https:// instead.",
                "k3s, RKE2 and MicroK8s make these files themselves: change registries.yaml, or MicroK8s' own certs.d.",
                TRIES_AGAIN,
            ],
            checks: &[reads("curl -sSI http://{registry}/v2/ # on the node"), reads("crictl pull {image} # on the node")],
            warnings: &["Anybody between the nodes and the registry can then change images and read pull secrets."],
            ..FIX
        },
        Fix {
            title: "Name the registry as insecure in CRI-O's registries.conf.d",
            who: Who::NodeAdmin,
            only: &[Place::Runtime(Runtime::Crio)],
            steps: &[
                "On every node write a file below /etc/containers/registries.conf.d/, for example 50-insecure.conf, with the lines \
`[[[[registry]]]]`, `location = \"{registry}\"` and `insecure = true`, then `systemctl reload crio`. On OpenShift use \
image.config.openshift.io instead.",
                TRIES_AGAIN,
            ],
            checks: &[reads("curl -sSI http://{registry}/v2/ # on the node")],
            warnings: &["Anybody between the nodes and the registry can then change images and read pull secrets."],
            ..FIX
        },
        Fix {
            title: "Name the registry as insecure in Docker's daemon.json",
            who: Who::NodeAdmin,
            only: &[Place::Runtime(Runtime::Docker)],
            steps: &[
                "On every node add `\"insecure-registries\": [[\"{registry}\"]]` to /etc/docker/daemon.json, then `systemctl reload docker`.",
                TRIES_AGAIN,
            ],
            checks: &[reads("docker info # on the node; lists Insecure Registries")],
            warnings: &["Anybody between the nodes and the registry can then change images and read pull secrets."],
            ..FIX
        },
        Fix {
            title: "Give the registry a certificate",
            who: Who::RegistryOwner,
            steps: &[
                "Serve it with TLS: a certificate in the registry itself (REGISTRY_HTTP_TLS_CERTIFICATE, REGISTRY_HTTP_TLS_KEY for \
the plain one), or an ingress or reverse proxy in front. With one of a public authority no node needs a setting.",
                "See that the image's name has the port that speaks TLS.",
            ],
            checks: &[
                reads("curl -sSI https://{registry}/v2/ # on the node"),
                reads("curl -sSI http://{registry}/v2/ # on the node"),
            ],
            ..FIX
        },
        Fix {
            title: "Tell the runtime of every node which protocol the registry speaks",
            who: Who::NodeAdmin,
            steps: &[
                "containerd: /etc/containerd/certs.d/{registry}/hosts.toml with `[[host.\"http://{registry}\"]]`. CRI-O: `insecure = true` \
for the location in /etc/containers/registries.conf.d. Docker: insecure-registries in /etc/docker/daemon.json. k3s and RKE2: \
an http:// endpoint in registries.yaml.",
            ],
            warnings: &["Anybody between the nodes and the registry can then change images and read pull secrets."],
            ..FIX
        },
    ],
    see_also: &["tls-unknown-authority", "tls-handshake-failed", "not-a-registry", "connection-refused"],
    links: &[
        "https://github.com/containerd/containerd/blob/main/docs/hosts.md",
        "https://docs.k3s.io/installation/private-registry",
        "https://distribution.github.io/distribution/about/insecure/",
        "https://minikube.sigs.k8s.io/docs/handbook/registry/",
    ],
};

/// Some programs try plain HTTP after HTTPS has failed, and print both errors: then the first one is the cause
/// (go-containerregistry, pkg/v1/remote/transport/ping.go).
fn only_http(failure: &Failure<'_>) -> bool {
    !failure.mentions("x509: ")
}

fn http_to_tls_port(failure: &Failure<'_>) -> bool {
    failure.message.answers.iter().filter_map(|answer| answer.url.as_deref()).any(|url| {
        let host = url.strip_prefix("http://").and_then(|rest| rest.split('/').next());
        host.is_some_and(|host| host.ends_with(":443") || host.ends_with(":8443"))
    })
}
