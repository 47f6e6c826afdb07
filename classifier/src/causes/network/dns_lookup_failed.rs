//! The node could not turn the registry's name into an address.

use crate::causes::remedies;
use super::*;

pub(super) const CAUSE: Cause = Cause {
    id: "dns-lookup-failed",
    area: Area::Network,
    title: "The node cannot look up the registry's name",
    outlook: Outlook::Depends,
    signs: &[
        // Go, net/net.go, DNSError.Error: "lookup NAME[ on SERVER]: REASON"; net/dnsclient_unix.go for the reasons.
        certain(&[says("lookup {host} on {dns}: no such host")]),
        // cut off after the name: whatever the resolver said, it was about this lookup
        likely(&[says("dial tcp: lookup {host}$")]),
        certain(&[says("lookup {host} on {dns}: server misbehaving")]),
        // A server that is silent, refuses or cannot be reached; "read udp A->B: i/o timeout", "dial udp B: connect: …".
        certain(&[says("lookup {host} on {dns}: read * i/o timeout")]),
        certain(&[says("lookup {host} on {dns}: * connection refused")]),
        certain(&[says("lookup {host} on {dns}: dial udp {address}: ")]),
        // "on SERVER" is only printed for a lookup that a server was asked for; a cancelled one is the canceller's.
        certain(&[says("lookup {host} on {dns}: "), that("the lookup was not merely called off", not_called_off)]),
        certain(&[says("lookup {host}: no such host")]),
        certain(&[says("lookup {host}: server misbehaving")]),
        certain(&[says("lookup {host}: i/o timeout")]),
        // cgo builds (getaddrinfo's own words) and Windows (getaddrinfow).
        certain(&[says("dial tcp: lookup {host}: "), that("the lookup was not merely called off", not_called_off)]),
        certain(&[says("Temporary failure in name resolution")]),
        certain(&[says("Name or service not known")]),
        certain(&[says("No address associated with hostname")]),
        certain(&[says("nodename nor servname provided")]),
        certain(&[says("getaddrinfow: ")]),
        certain(&[says("No such host is known")]),
        // The question went out and no answer came; nothing else in a pull speaks UDP.
        certain(&[says("read udp {addresses}: ")]),
        // curl; Node.js and others.
        certain(&[says("Could not resolve host")]),
        certain(&[says("getaddrinfo ENOTFOUND {host}")]),
        certain(&[says("getaddrinfo EAI_AGAIN {host}")]),
        // Whatever is left of the sentence after it was shortened.
        likely(&[says("no such host")]),
        likely(&[says("server misbehaving")]),
        likely(&[says("no answer from DNS server")]),
        likely(&[says("cannot unmarshal DNS message")]),
    ],
    settles: &[],
    // The lookup's own trouble is told in the words of a connection: to the DNS server.
    refines: &["connection-refused", "connection-timed-out", "connection-interrupted", "network-unreachable"],
    meaning: "Credentials, tag and registry were not reached: the pull ended before any connection, because the node asked its \
DNS for the host's name and got no address.

\"no such host\" means that the DNS answered and does not know the name: it is misspelt, it no longer exists, or it is known \
in a private zone only, which this resolver does not serve. \"server misbehaving\", a timeout or a refusal means that the DNS \
server itself failed.

The runtime asks the node's resolver (/etc/resolv.conf of the node). Names of services inside the cluster (….svc, \
….cluster.local) are not known there, and a test inside a pod asks another DNS.",
    not_this: "A name that was found, at an address that does not answer, is connection-timed-out or connection-refused. A proxy \
whose name cannot be looked up is proxy-failed.",
    fixes: &[
        Fix {
            title: "Check account, region and private DNS of the ECR registry",
            who: Who::ClusterAdmin,
            only: &[Place::Registry(Registry::Ecr)],
            steps: &[
                "The host is ACCOUNT.dkr.ecr.REGION.amazonaws.com: compare {registry} with it, digit by digit.",
                "Public DNS knows every such name. If the name is right, the VPC's DNS is off (enableDnsSupport, \
enableDnsHostnames), or the nodes ask a resolver of your own that does not forward amazonaws.com.",
                NOT_FROM_A_POD,
            ],
            checks: &[reads("getent hosts {registry_host} # on the node")],
            ..FIX
        },
        Fix {
            title: "Check the registry's name and its private DNS zone",
            who: Who::ClusterAdmin,
            only: &[Place::Registry(Registry::Acr)],
            steps: &[
                "Compare {registry} with the login server that `az acr show` names; deleted registries leave no name.",
                "With a private endpoint: the zone privatelink.azurecr.io must hold records for the registry and for its data \
endpoint, and must be linked to the virtual network of the nodes (and to that of a DNS server of your own).",
                NOT_FROM_A_POD,
            ],
            checks: &[reads("getent hosts {registry_host} # on the node")],
            ..FIX
        },
        Fix {
            title: "Give kind's or k3d's node a DNS that answers",
            who: Who::NodeAdmin,
            only: &[Place::Cluster(Cluster::Kind), Place::Cluster(Cluster::K3d)],
            steps: &[
                "The node is a container: it asks Docker's DNS (127.0.0.11), and that one asks the resolver of your machine.",
                "After a change of network or VPN restart Docker, then the node's container.",
                "A registry that runs as a container is known by its container's name, and only after \
`docker network connect kind NAME` (k3d: --registry-use).",
            ],
            checks: &[reads("docker exec {node} getent hosts {host}")],
            ..FIX
        },
        Fix {
            title: "Give minikube's node a DNS that answers",
            who: Who::NodeAdmin,
            only: &[Place::Cluster(Cluster::Minikube)],
            steps: &[
                "The node asks the resolver of your machine through the driver's network. After a change of network or VPN: \
`minikube stop`, `minikube start`.",
                "With VirtualBox: `minikube start --host-dns-resolver=true`, or --natnet-host-resolver.",
            ],
            checks: &[reads("minikube ssh -- nslookup {host}")],
            ..FIX
        },
        Fix {
            title: "Repair the node's DNS",
            who: Who::NodeAdmin,
            // Names that everybody's DNS knows: not misspelt, or the place would not have been recognized.
            only: &[
                Place::Registry(Registry::DockerHub),
                Place::Registry(Registry::EcrPublic),
                Place::Registry(Registry::ArtifactRegistry),
                Place::Registry(Registry::Gcr),
                Place::Registry(Registry::Ghcr),
                Place::Registry(Registry::Quay),
                Place::Registry(Registry::RedHat),
                Place::Registry(Registry::Kubernetes),
                Place::Registry(Registry::Microsoft),
            ],
            steps: &[
                "The DNS server {dns} was asked for {host}.",
                "On the node, see that /etc/resolv.conf (or systemd-resolved) names servers that answer, that UDP and TCP port \
53 to them are open, and that they may ask the internet.",
                "Where the nodes have no internet on purpose: mirror the image into a registry inside, or add the private zone \
(for Google: *.pkg.dev and *.gcr.io to 199.36.153.8/30).",
                NOT_FROM_A_POD,
                TRIES_AGAIN,
            ],
            checks: &[reads("getent hosts {host} # on the node"), reads("cat /etc/resolv.conf # on the node")],
            ..FIX
        },
        Fix {
            title: "Correct the host in the image's name",
            who: Who::Author,
            steps: &[
                "The node could not find {host}. Compare it letter by letter with the registry's name.",
                "A name that ends in .svc or .cluster.local, or has no dot, is known to pods only: expose that registry by an \
ingress, a load balancer or a node port, and name that.",
            ],
            commands: &[remedies::CHANGE_IMAGE],
            warnings: remedies::CHANGE_IMAGE_WARNINGS,
            ..FIX
        },
        Fix {
            title: "Make the nodes' resolver know the name",
            who: Who::NodeAdmin,
            steps: &[
                "The DNS server {dns} was asked.",
                "For a private zone: let the nodes' resolver forward it, link the zone to their network, or connect their \
VPN. For one machine a line in /etc/hosts of each node is enough.",
                "If the server does not answer at all: see /etc/resolv.conf of the node, and open UDP and TCP port 53.",
                NOT_FROM_A_POD,
                TRIES_AGAIN,
            ],
            checks: &[
                reads("getent hosts {host} # on the node"),
                reads("oc debug node/{node} -- chroot /host getent hosts {host} # OpenShift"),
            ],
            ..FIX
        },
    ],
    see_also: &["proxy-failed", "connection-timed-out", "network-unreachable", "registry-retired"],
    links: &[
        "https://kubernetes.io/docs/tasks/administer-cluster/dns-debugging-resolution/",
        "https://learn.microsoft.com/azure/container-registry/container-registry-private-link",
    ],
};

fn not_called_off(failure: &crate::observations::Failure<'_>) -> bool {
    !["operation was canceled", "context canceled", "unknown port"].iter().any(|words| failure.mentions(words))
}
