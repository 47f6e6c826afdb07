//! The node has no way to that address, and knows it.

use super::*;

pub(super) const CAUSE: Cause = Cause {
    id: "network-unreachable",
    area: Area::Network,
    title: "The node has no route to the registry",
    outlook: Outlook::Depends,
    signs: &[
        // Go, net, with Linux' words; "getsockopt:" up to Go 1.9, none up to Go 1.4.
        certain(&[says("dial tcp {address}: connect: no route to host")]),
        certain(&[says("dial tcp {address}: connect: network is unreachable")]),
        certain(&[says("dial tcp {address}: getsockopt: no route to host")]),
        certain(&[says("dial tcp {address}: getsockopt: network is unreachable")]),
        certain(&[says("dial tcp {address}: no route to host")]),
        certain(&[says("dial tcp {address}: network is unreachable")]),
        certain(&[says("dial tcp {address}: connect: network is down")]),
        certain(&[says("dial tcp {address}: connect: host is down")]),
        certain(&[says("read tcp {addresses}: read: no route to host")]),
        // The node cannot even begin: no free port, no such family, a local filter, no file left.
        certain(&[says("dial tcp {address}: connect: cannot assign requested address")]),
        certain(&[says("dial tcp {address}: connect: address family not supported by protocol")]),
        certain(&[says("dial tcp {address}: connect: permission denied")]),
        certain(&[says("dial tcp {address}: connect: operation not permitted")]),
        certain(&[says("dial tcp {address}: connect: invalid argument")]),
        certain(&[says("dial tcp {address}: socket: ")]),
        certain(&[says("no suitable address found")]),
        // Windows, WSAENETUNREACH, WSAEHOSTUNREACH.
        certain(&[says("A socket operation was attempted to an unreachable")]),
        // Shortened, or another program.
        likely(&[says("no route to host"), that("no lookup is spoken of", not_lookup)]),
        likely(&[says("network is unreachable"), that("no lookup is spoken of", not_lookup)]),
    ],
    settles: &[],
    refines: &[],
    meaning: "Neither the image nor the registry nor a credential is at fault here: the node's own network says that it has no way \
to this address.

\"network is unreachable\" is the node's routing table: no default route, or, if the address is in brackets (IPv6), a name that \
has an IPv6 address on a node that has no IPv6. \"no route to host\" comes from the last hop or from a firewall that rejects: \
the machine is off, in another network, or filtered. The rarer forms mean that the node ran out of ports or files, or that a \
local filter forbids it.",
    not_this: "Silence is connection-timed-out, a closed port connection-refused. A DNS server or a proxy that cannot be reached is \
dns-lookup-failed or proxy-failed.",
    fixes: &[
        Fix {
            title: "Give private nodes a way out",
            who: Who::ClusterAdmin,
            only: &[Place::Cluster(Cluster::Eks), Place::Cluster(Cluster::Aks), Place::Cluster(Cluster::Gke)],
            steps: &[
                "The nodes tried {address}.",
                "Give their subnet a default route: a NAT gateway (EKS), Cloud NAT or Private Google Access (GKE), or the \
cluster's outbound type (AKS); or private endpoints for the registry and for the storage of its layers.",
                NOT_FROM_A_POD,
                TRIES_AGAIN,
            ],
            checks: &[reads("ip route; ip -6 route # on the node")],
            ..FIX
        },
        Fix {
            title: "Bring the node's network back after a change",
            who: Who::NodeAdmin,
            only: &[
                Place::Cluster(Cluster::Minikube),
                Place::Cluster(Cluster::Kind),
                Place::Cluster(Cluster::K3d),
                Place::Cluster(Cluster::DockerDesktop),
            ],
            steps: &[
                "The node lives on a virtual network of your machine. After sleep, or a change of network or VPN, restart Docker \
or the virtual machine (`minikube stop`, `minikube start`).",
                "A VPN that takes all private ranges also takes the node's network: exclude it there.",
                "If the address is IPv6 and your network has none: turn IPv6 off in Docker, or prefer IPv4.",
            ],
            checks: &[reads("docker exec {node} ip route")],
            ..FIX
        },
        Fix {
            title: "Give the node a route to the registry",
            who: Who::NodeAdmin,
            steps: &[
                "The node tried {address}.",
                "If it is an IPv6 address: give the node an IPv6 route, or let it prefer IPv4 (in /etc/gai.conf the line \
`precedence ::ffff:0:0/96 100`), or turn IPv6 off (`sysctl -w net.ipv6.conf.all.disable_ipv6=1`).",
                "Else see the node's default route, and whether the machine at that address is up and lets the nodes' network \
in (firewalld and iptables REJECT rules answer \"no route to host\").",
                "\"cannot assign requested address\": the node has no free ports (see `ss -s`). \"permission denied\" or \
\"operation not permitted\": a local firewall, SELinux or an agent on the node forbids it.",
                NOT_FROM_A_POD,
                TRIES_AGAIN,
            ],
            checks: &[
                reads("ip route get \"$(getent ahostsv4 {registry_host} | cut -d' ' -f1 | head -n1)\" # on the node"),
                reads("curl -4 -sSI -m 20 https://{registry}/v2/ # on the node; works with -4 only: IPv6 is the trouble"),
            ],
            ..FIX
        },
    ],
    see_also: &["connection-timed-out", "connection-refused", "dns-lookup-failed"],
    links: &["https://kubernetes.io/docs/concepts/cluster-administration/networking/"],
};

fn not_lookup(failure: &crate::observations::Failure<'_>) -> bool {
    !failure.mentions("lookup ")
}
