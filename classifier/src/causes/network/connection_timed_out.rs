//! Packets went out and nothing (or too little) came back in time.

use super::*;

pub(super) const CAUSE: Cause = Cause {
    id: "connection-timed-out",
    area: Area::Network,
    title: "The registry did not answer in time",
    outlook: Outlook::Depends,
    signs: &[
        // Go, net: no answer to the first packet within the dialler's time (30 s in containerd and c/image).
        certain(&[says("dial tcp {address}: i/o timeout")]),
        // The kernel gave up first (ETIMEDOUT); "getsockopt:" up to Go 1.9; "operation timed out" on macOS.
        certain(&[says("dial tcp {address}: connect: connection timed out")]),
        certain(&[says("dial tcp {address}: getsockopt: connection timed out")]),
        certain(&[says("dial tcp {address}: connection timed out")]),
        certain(&[says("dial tcp {address}: connect: operation timed out")]),
        // Windows, WSAETIMEDOUT.
        certain(&[says("did not properly respond after a period of time, or established connection failed")]),
        // Go, net/http/transport.go, client.go, h2_bundle.go.
        certain(&[says("TLS handshake timeout")]),
        certain(&[says("timeout awaiting response headers")]),
        certain(&[says("exceeded while awaiting headers")]),
        certain(&[says("request canceled while waiting for connection")]),
        certain(&[says("or context cancellation while reading body")]),
        certain(&[says("exceeded while reading body")]),
        // Go, net: silence in the middle of an open connection.
        certain(&[says("read tcp {addresses}: read: connection timed out")]),
        certain(&[says("read tcp {addresses}: i/o timeout")]),
        certain(&[says("write tcp {addresses}: i/o timeout")]),
        certain(&[says("write tcp {addresses}: write: connection timed out")]),
        // Docker 1.x, registry/session.go (v1 protocol).
        certain(&[says("Network timed out while trying to connect to")]),
        // A deadline ran out while one request was under way: no answer, without saying at which step.
        likely(&[says("Head {url}: context deadline exceeded")]),
        likely(&[says("Get {url}: context deadline exceeded")]),
        likely(&[says("Post {url}: context deadline exceeded")]),
        // Shortened, or another program.
        likely(&[says("i/o timeout"), that("it is not a socket of the node's runtime", not_local_socket)]),
        likely(&[says("connection timed out"), that("it is not a socket of the node's runtime", not_local_socket)]),
        possible(&[says("dial tcp {address}: operation was canceled")]),
    ],
    settles: &[],
    refines: &[],
    meaning: "The image's name, its tag and the credentials are not judged by this: the node sent its request and heard nothing in \
time.

`dial tcp …: i/o timeout` says that not even a connection came about: a firewall drops the packets, the node has no way out \
(a private subnet without NAT), or the address is dead. `TLS handshake timeout` and `awaiting headers` say that the connection \
stood and then went silent: large packets are lost on the way (MTU), or something between is overloaded.

The silent host need not be the registry: a pull also asks the registry's token server and the host of its layers. The \
message names the one that was silent.",
    not_this: "A lookup that times out is dns-lookup-failed, a proxy that does not answer is proxy-failed. A pull that ran and was \
called off without a word about a connection is pull-timed-out.",
    fixes: &[
        HOSTS_OF_DOCKER_HUB,
        HOSTS_OF_ECR,
        HOSTS_OF_ACR,
        HOSTS_OF_GOOGLE,
        HOSTS_OF_REDIRECTORS,
        HOSTS_OF_OTHERS,
        Fix {
            title: "Give private nodes a way out",
            who: Who::ClusterAdmin,
            only: &[Place::Cluster(Cluster::Eks), Place::Cluster(Cluster::Aks), Place::Cluster(Cluster::Gke)],
            steps: &[
                "Nodes without public addresses need NAT: a NAT gateway in the route table of their subnet (EKS), Cloud NAT \
(GKE), or the cluster's outbound type and its firewall (AKS).",
                "See the security groups, network ACLs and firewall policies of the nodes: 443 out, and the answers in.",
                NOT_FROM_A_POD,
                TRIES_AGAIN,
            ],
            checks: &[reads("curl -sSI -m 20 https://{registry}/v2/ # on the node; 200 or 401 means that the way is open")],
            ..FIX
        },
        Fix {
            title: "Open the way from the nodes to the registry",
            who: Who::ClusterAdmin,
            steps: &[
                "No answer came from {address}.",
                "Let firewalls, security groups and routes pass it from the nodes, for every host that the message names. \
Compare with a node on which it works.",
                "If the way out is a proxy, the runtime must know it: see proxy-failed.",
                NOT_FROM_A_POD,
                TRIES_AGAIN,
            ],
            checks: &[reads("curl -sSI -m 20 https://{registry}/v2/ # on the node; 200 or 401 means that the way is open")],
            ..FIX
        },
        Fix {
            title: "Look for packets that are too large",
            who: Who::NodeAdmin,
            steps: &[
                "If connections come about and then hang (TLS handshake timeout, awaiting headers), try a smaller MTU on the \
node's interface, and let firewalls pass ICMP \"fragmentation needed\". VPNs, tunnels and nested virtual machines are the \
usual place.",
            ],
            checks: &[reads("ping -M do -s 1472 -c 3 {registry_host} # on the node; no answer, and one with -s 1372: the MTU")],
            ..FIX
        },
        Fix {
            title: "Pull through a mirror nearby",
            who: Who::NodeAdmin,
            steps: &[
                "Where the registry is far, filtered or overloaded: copy the image into a registry of your own, or name a \
pull-through cache in /etc/containerd/certs.d/{registry}/hosts.toml, registries.yaml (k3s, RKE2), \
/etc/containers/registries.conf.d (CRI-O) or registry-mirrors in /etc/docker/daemon.json (Docker Hub only).",
            ],
            ..FIX
        },
    ],
    see_also: &["connection-refused", "dns-lookup-failed", "proxy-failed", "pull-timed-out", "connection-interrupted"],
    links: &[
        "https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html",
        "https://cloud.google.com/vpc/docs/configure-private-google-access",
        "https://learn.microsoft.com/azure/container-registry/container-registry-firewall-access-rules",
    ],
};

fn not_local_socket(failure: &crate::observations::Failure<'_>) -> bool {
    !failure.mentions("unix ") && !failure.mentions(".sock") && !failure.mentions("lookup ")
}
