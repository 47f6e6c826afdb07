//! The way out is a proxy, and the proxy did not let the pull through.

use super::*;
use crate::observations::Failure;

pub(super) const CAUSE: Cause = Cause {
    id: "proxy-failed",
    area: Area::Network,
    title: "The proxy did not let the pull through",
    outlook: Outlook::Depends,
    signs: &[
        // Go, net/http/transport.go, dialConn: whatever goes wrong on the way to the proxy itself.
        certain(&[says("proxyconnect tcp: dial tcp {proxy}: ")]),
        certain(&[says("proxyconnect tcp: dial tcp: lookup {proxy} on {dns}: ")]),
        certain(&[says("proxyconnect tcp: ")]),
        // The same up to Go 1.8 (Docker 1.x to 17.06).
        certain(&[says("http: error connecting to proxy {proxy}: ")]),
        // The same place: an answer to CONNECT other than 200 becomes an error of its reason phrase alone, without a number.
        certain(&[says("Head {url}: {status}"), that("an HTTP status text without a number follows the address", status_text)]),
        certain(&[says("Get {url}: {status}"), that("an HTTP status text without a number follows the address", status_text)]),
        certain(&[says("Post {url}: {status}"), that("an HTTP status text without a number follows the address", status_text)]),
        likely(&[says("Head {url}: {status}"), that("a phrase that neither Go nor a registry prints follows the address", strange_phrase)]),
        likely(&[says("Get {url}: {status}"), that("a phrase that neither Go nor a registry prints follows the address", strange_phrase)]),
        likely(&[says("Post {url}: {status}"), that("a phrase that neither Go nor a registry prints follows the address", strange_phrase)]),
        certain(&[says("Head {url}: unknown status code")]),
        certain(&[says("Get {url}: unknown status code")]),
        // 407 is a proxy's answer only.
        certain(&[status(&[407])]),
        certain(&[says("Proxy Authentication Required")]),
        // Go, net/http/socks_bundle.go; golang.org/x/net/http/httpproxy, proxy.go.
        certain(&[says("socks connect tcp {proxy}->")]),
        certain(&[says("invalid proxy address")]),
        certain(&[says("proxy: unknown scheme")]),
        // Docker Desktop's forwarder, seen with 4.28 (docker/for-win issue 13994).
        certain(&[says("writing response to {host}: connecting to {proxy}: "), that("the two are not the same", forwarded)]),
        // curl, Python.
        certain(&[says("from proxy after CONNECT")]),
        certain(&[says("CONNECT tunnel failed")]),
        certain(&[says("Tunnel connection failed")]),
        // Pages that filtering proxies put in the registry's place.
        likely(&[says("<*Zscaler")]),
        likely(&[says("<*Squid")]),
        likely(&[says("<*FortiGuard")]),
        likely(&[says("<*Blue Coat")]),
    ],
    settles: &[],
    // What goes wrong with the proxy is told in the words of any other connection.
    refines: &[
        "dns-lookup-failed",
        "connection-refused",
        "connection-timed-out",
        "connection-interrupted",
        "network-unreachable",
        "tls-unknown-authority",
        "tls-certificate-expired",
        "tls-name-mismatch",
        "tls-handshake-failed",
        "plain-http-registry",
    ],
    meaning: "The registry was not asked, so neither the image nor a credential for it is at fault: the runtime is set up to go \
through a proxy, and that way ended at the proxy.

`proxyconnect` means that the proxy itself could not be reached or spoken to. A bare \"Forbidden\", \"Bad Gateway\" or \
\"Service Unavailable\" right after the address is the proxy's answer to the request for a tunnel: it does not allow the host, \
or could not reach it. \"Proxy Authentication Required\" (407) means that it wants a login.

The setting is the runtime's on the node (HTTPS_PROXY and NO_PROXY of its service), not the pod's and not your shell's.",
    not_this: "An answer with a number (`403 Forbidden`) is the registry's: permission-denied, credentials-missing and others. A \
proxy that opens TLS with a certificate of its own is tls-unknown-authority, and one that hangs up without an answer leaves the \
words of connection-interrupted.",
    fixes: &[
        Fix {
            title: "Give kind's nodes a proxy that they can reach",
            who: Who::NodeAdmin,
            only: &[Place::Cluster(Cluster::Kind)],
            steps: &[
                "kind copies HTTP_PROXY, HTTPS_PROXY and NO_PROXY of your shell into the nodes when it creates the cluster. \
127.0.0.1 in it is then the node's container, where no proxy runs.",
                "Let the proxy listen on an address that containers reach (the gateway of Docker's network kind, or \
host.docker.internal), set the variables to it or unset them, then `kind delete cluster` and `kind create cluster`.",
                "Or change it in place: in each node edit \
/etc/systemd/system.conf.d/proxy-default-environment.conf, then `systemctl daemon-reexec` and `systemctl restart containerd`.",
            ],
            checks: &[reads("docker exec {node} systemctl show-environment")],
            ..FIX
        },
        Fix {
            title: "Give minikube's node a proxy that it can reach",
            who: Who::NodeAdmin,
            only: &[Place::Cluster(Cluster::Minikube)],
            steps: &[
                "minikube takes HTTP_PROXY, HTTPS_PROXY and NO_PROXY of your shell at `minikube start`. 127.0.0.1 in it is the \
node itself: name the proxy by an address of your machine (host.minikube.internal).",
                "Put `minikube ip`, 10.96.0.0/12 and 192.168.0.0/16 into NO_PROXY, then `minikube stop` and `minikube start`.",
            ],
            ..FIX
        },
        Fix {
            title: "Change the cluster's proxy",
            who: Who::ClusterAdmin,
            only: &[Place::Cluster(Cluster::OpenShift)],
            steps: &[
                "`oc edit proxy.config.openshift.io/cluster`: spec.httpsProxy is the proxy's address (http://… unless the proxy \
itself speaks TLS), spec.noProxy lists what must go direct (internal registries, .svc, .cluster.local), spec.trustedCA names \
a ConfigMap in openshift-config with the CA of a proxy that opens TLS.",
            ],
            checks: &[reads("kubectl get proxy.config.openshift.io cluster -o yaml")],
            warnings: &["The machine config operator rolls the change out node by node: nodes drain and restart."],
            ..FIX
        },
        Fix {
            title: "Change the proxy of k3s or RKE2",
            who: Who::NodeAdmin,
            only: &[Place::Cluster(Cluster::K3s), Place::Cluster(Cluster::Rancher)],
            steps: &[
                "On each node set HTTP_PROXY, HTTPS_PROXY and NO_PROXY (or CONTAINERD_HTTP_PROXY … for the runtime alone) in \
/etc/systemd/system/k3s.service.env and k3s-agent.service.env; for RKE2 in /etc/default/rke2-server and \
/etc/default/rke2-agent.",
                "Restart the service: `systemctl restart k3s` (k3s-agent, rke2-server, rke2-agent).",
            ],
            warnings: &["NO_PROXY must hold the nodes' network, the pod and service ranges, .svc and .cluster.local."],
            ..FIX
        },
        Fix {
            title: "Change the proxy of MicroK8s",
            who: Who::NodeAdmin,
            only: &[Place::Cluster(Cluster::Microk8s)],
            steps: &[
                "Set HTTPS_PROXY, HTTP_PROXY and NO_PROXY in /var/snap/microk8s/current/args/containerd-env (newer versions read \
/etc/environment), then `microk8s stop` and `microk8s start`.",
            ],
            ..FIX
        },
        Fix {
            title: "Change the proxy of Docker Desktop",
            who: Who::NodeAdmin,
            only: &[Place::Cluster(Cluster::DockerDesktop)],
            steps: &[
                "Settings, Resources, Proxies: set the proxy by hand or turn it off, then Apply and restart. \
http.docker.internal:3128 in the message is Docker Desktop's own forwarder to it.",
            ],
            ..FIX
        },
        Fix {
            title: "Change the proxy of the AKS nodes",
            who: Who::ClusterAdmin,
            only: &[Place::Cluster(Cluster::Aks)],
            steps: &[
                "Write httpProxy, httpsProxy, noProxy and trustedCa into a JSON file and run `az aks update --http-proxy-config \
FILE`; the nodes are made again.",
            ],
            ..FIX
        },
        Fix {
            title: "Change the proxy of containerd's service",
            who: Who::NodeAdmin,
            only: &[Place::Runtime(Runtime::Containerd)],
            steps: &[
                "[The proxy that was tried: {proxy}. ]If the name or port is wrong, or it is 127.0.0.1 on a node where no proxy \
runs, correct it; write http://… unless the proxy itself speaks TLS.",
                "On the node write into /etc/systemd/system/containerd.service.d/http-proxy.conf, below `[[Service]]`, the lines \
`Environment=\"HTTPS_PROXY=http://PROXY:PORT\"` and `Environment=\"NO_PROXY=localhost,127.0.0.1,10.0.0.0/8,.svc,.cluster.local\"`.",
                "Internal registries go direct: add them to NO_PROXY ({registry_host}).",
                "Then `systemctl daemon-reload` and `systemctl restart containerd` (containers go on).",
                "A bare status text is the proxy's refusal: have {registry_host} and the hosts of its tokens and layers allowed \
there. 407: write USER:PASSWORD@ before the proxy's name.",
            ],
            checks: &[reads("systemctl show --property=Environment containerd # on the node")],
            ..FIX
        },
        Fix {
            title: "Change the proxy of CRI-O's service",
            who: Who::NodeAdmin,
            only: &[Place::Runtime(Runtime::Crio)],
            steps: &[
                "[The proxy that was tried: {proxy}. ]If the name or port is wrong, correct it; write http://… unless the proxy \
itself speaks TLS.",
                "On the node write into /etc/systemd/system/crio.service.d/http-proxy.conf, below `[[Service]]`, the lines \
`Environment=\"HTTPS_PROXY=http://PROXY:PORT\"` and `Environment=\"NO_PROXY=localhost,127.0.0.1,10.0.0.0/8,.svc,.cluster.local\"`; \
add internal registries to NO_PROXY.",
                "Then `systemctl daemon-reload` and `systemctl restart crio`. On OpenShift change \
proxy.config.openshift.io/cluster instead.",
                "A bare status text is the proxy's refusal: have {registry_host} and the hosts of its tokens and layers allowed \
there. 407: write USER:PASSWORD@ before the proxy's name.",
            ],
            checks: &[reads("systemctl show --property=Environment crio # on the node")],
            ..FIX
        },
        Fix {
            title: "Change the proxy of Docker's service",
            who: Who::NodeAdmin,
            only: &[Place::Runtime(Runtime::Docker)],
            steps: &[
                "[The proxy that was tried: {proxy}. ]If the name or port is wrong, correct it; write http://… unless the proxy \
itself speaks TLS.",
                "Docker 23 and later: in /etc/docker/daemon.json \
`\"proxies\": {{\"http-proxy\": \"http://PROXY:PORT\", \"https-proxy\": \"http://PROXY:PORT\", \"no-proxy\": \"localhost,127.0.0.0/8,.svc\"}}`. \
Older: the same variables in /etc/systemd/system/docker.service.d/http-proxy.conf.",
                "Internal registries go direct: add them to no-proxy. Then `systemctl daemon-reload` and `systemctl restart docker`.",
            ],
            checks: &[reads("docker info # on the node; shows HTTP Proxy, HTTPS Proxy, No Proxy")],
            warnings: &["A restart of Docker stops the node's containers unless live-restore is on."],
            ..FIX
        },
        HOSTS_OF_DOCKER_HUB,
        HOSTS_OF_ECR,
        HOSTS_OF_ACR,
        HOSTS_OF_GOOGLE,
        HOSTS_OF_REDIRECTORS,
        HOSTS_OF_OTHERS,
        Fix {
            title: "Change the proxy of the runtime on the nodes",
            who: Who::NodeAdmin,
            steps: &[
                "The proxy that was tried: {proxy}.",
                "The runtime's service has the setting (containerd, crio or docker: a drop-in under /etc/systemd/system/ with \
HTTPS_PROXY and NO_PROXY). Correct it, or add the registry to NO_PROXY, then `systemctl daemon-reload` and restart it.",
                "A bare status text is the proxy's refusal: have the registry's host, and those of its tokens and layers, \
allowed there. 407: write USER:PASSWORD@ before the proxy's name.",
            ],
            checks: &[reads("systemctl show --property=Environment containerd crio docker # on the node")],
            ..FIX
        },
    ],
    see_also: &["permission-denied", "connection-timed-out", "tls-unknown-authority", "dns-lookup-failed"],
    links: &[
        "https://docs.docker.com/engine/daemon/proxy/",
        "https://kind.sigs.k8s.io/docs/user/quick-start/#configure-kind-to-use-a-proxy",
        "https://docs.k3s.io/advanced#configuring-an-http-proxy",
        "https://docs.redhat.com/en/documentation/openshift_container_platform/latest/html/configuring_network_settings/enable-cluster-wide-proxy",
    ],
};

/// Reason phrases of RFC 9110 and of proxies in wide use (nginx, squid, tinyproxy). Registries' own errors are lower case
/// (`unauthorized`, `denied`), so the case is compared.
const STATUS_TEXTS: &[&str] = &[
    "Bad Request",
    "Unauthorized",
    "Payment Required",
    "Forbidden",
    "Not Found",
    "Method Not Allowed",
    "Not Acceptable",
    "Proxy Authentication Required",
    "Request Timeout",
    "Conflict",
    "Gone",
    "Precondition Failed",
    "Misdirected Request",
    "Locked",
    "Too Many Requests",
    "Unavailable For Legal Reasons",
    "Internal Server Error",
    "Not Implemented",
    "Bad Gateway",
    "Service Unavailable",
    "Service Temporarily Unavailable",
    "Gateway Timeout",
    "Gateway Time-out",
    "HTTP Version Not Supported",
    "Network Authentication Required",
    "Moved Permanently",
    "Found",
    "Temporary Redirect",
    "Access Denied",
    "Access denied",
    "Filtered",
    "Unable to connect",
    "Proxy Error",
    "Host Not Found",
    "Tunnel Connection Failed",
];

fn status_text(failure: &Failure<'_>) -> bool {
    after_addresses(&failure.message.masked).any(|rest| {
        let mut texts = STATUS_TEXTS.iter().filter_map(|text| rest.strip_prefix(text));
        texts.any(|end| end.is_empty() || end.starts_with(['"', '\'', '`', '\n', ',', ';', '.', '(', ')', ']', '\\']) || end.starts_with(" ("))
    })
}

/// One word alone, or two to six that begin with capitals: proxies answer so ("authenticationrequired", "Category Blocked").
fn strange_phrase(failure: &Failure<'_>) -> bool {
    // What registries and Go say in one word.
    const KNOWN: &[&str] =
        &["denied", "unauthorized", "unknown", "unavailable", "unsupported", "toomanyrequests", "timeout"];
    after_addresses(&failure.message.masked).any(|rest| {
        let phrase = rest.trim_end_matches(|c: char| c.is_whitespace() || "\"'.)]*".contains(c));
        let letters = |word: &str| word.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-');
        let mut words = phrase.split(' ');
        match phrase.split(' ').count() {
            1 => phrase.len() > 5 && letters(phrase) && !KNOWN.iter().any(|known| phrase.eq_ignore_ascii_case(known)),
            2..=6 => words.all(|word| word.starts_with(|c: char| c.is_ascii_uppercase()) && letters(word)),
            _ => false,
        }
    })
}

/// Docker Desktop's forwarder tells what it did: "writing response to HOST:443: connecting to PROXY: …". Without a proxy both are
/// the same host.
fn forwarded(failure: &Failure<'_>) -> bool {
    let text = failure.message.text.as_str();
    let word = |mark: &str| text.split_once(mark).and_then(|(_, rest)| rest.split_once(": ")).map(|(word, _)| word);
    matches!((word("writing response to "), word(": connecting to ")), (Some(host), Some(proxy)) if host != proxy)
}

/// What follows each `Head "ADDRESS": `, as net/url prints a failed request.
fn after_addresses(text: &str) -> impl Iterator<Item = &str> {
    ["Head", "Get", "Post"].into_iter().flat_map(move |method| {
        text.match_indices(method).filter_map(move |(at, _)| {
            let rest = text[at + method.len()..].strip_prefix(char::is_whitespace)?;
            let (address, rest) = rest.split_once(": ")?;
            (!address.is_empty() && !address.contains(char::is_whitespace)).then_some(rest)
        })
    })
}
