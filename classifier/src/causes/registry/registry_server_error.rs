//! The registry, its token server or its storage failed by itself.

use crate::cause::*;
use crate::observations::Failure;

/// HTTP's server errors, Cloudflare's own (520 to 530) and the two of some load balancers.
const SERVER_ERRORS: &[u16] = &[
    500, 501, 502, 503, 504, 505, 506, 507, 508, 509, 510, 511, 520, 521, 522, 523, 524, 525, 526, 527, 529, 530, 598, 599,
];

pub(super) const CAUSE: Cause = Cause {
    id: "registry-server-error",
    area: Area::Registry,
    title: "The registry failed with an error of its own",
    outlook: Outlook::Transient,
    signs: &[
        // every client: an answer of 500 and above from the registry, its token server, its storage or a mirror
        certain(&[status(SERVER_ERRORS), that("it is not docker's own API that answered", not_docker_api)]),
        // docker/distribution client, containers/image distribution_error.go
        certain(&[says("received unexpected HTTP status: 500")]),
        certain(&[says("received unexpected HTTP status: 502")]),
        certain(&[says("received unexpected HTTP status: 503")]),
        certain(&[says("received unexpected HTTP status: 504")]),
        // docker 1.x, registry/session.go
        certain(&[says("Status 500 trying to pull repository")]),
        certain(&[says("Status 502 trying to pull repository")]),
        certain(&[says("Status 503 trying to pull repository")]),
        certain(&[says("Status 504 trying to pull repository")]),
        certain(&[says("Server error: {status} trying to pull {repository} blob")]),
        // containers/image before 5.x, and its token requests up to 5.34
        certain(&[says("invalid status code from registry 500")]),
        certain(&[says("invalid status code from registry 502")]),
        certain(&[says("invalid status code from registry 503")]),
        certain(&[says("invalid status code from registry 504")]),
        // Docker's registries behind a load balancer, as HTML
        likely(&[says("502 Bad Gateway")]),
        likely(&[says("503 Service Temporarily Unavailable")]),
        likely(&[says("504 Gateway Time-out")]),
        likely(&[says("500 Internal Server Error"), that("it is not docker's own API that answered", not_docker_api)]),
        // distribution, errcode
        certain(&[code("UNAVAILABLE")]),
        likely(&[says("unknown: unknown error")]),
        likely(&[says("error from registry: unknown error")]),
        likely(&[says("error from registry: service unavailable")]),
        likely(&[code("UNSUPPORTED")]),
        // Harbor, lib/http/error.go masks what happened inside
        likely(&[says("unknown: internal server error")]),
        // Google Artifact Registry says NAME_UNKNOWN for it
        certain(&[says("Failed to compute blob liveness for manifest")]),
        // distribution, storage drivers
        likely(&[says("s3aws: {error}")]),
        likely(&[says("The AWS Access Key Id you provided does not exist")]),
        // the storage behind the registry refuses the address that the registry has just signed
        likely(&[says("Request has expired")]),
        likely(&[says("The request signature we calculated does not match")]),
        likely(&[says("Server failed to authenticate the request")]),
        likely(&[says("The difference between the request time and the current time is too large")]),
        // Nexus: the registry behind a proxy repository failed, and Nexus stopped asking it
        certain(&[says("Remote Auto Blocked until")]),
        likely(&[says("Remote Manually Blocked")]),
    ],
    settles: &[],
    refines: &[],
    meaning: "The image's name and your credentials are not at fault, as far as this answer tells: the server that was asked could not do its \
work, and said so with a status of 500 or above.

That server is the registry, the token server that it sends clients to, the storage behind it, a load balancer in front of it, or a mirror or \
cache that the node is told to use. The host in the message says which. Public registries heal within minutes to hours; the kubelet goes on trying \
and pulls as soon as they do.",
    not_this: "A proxy between node and registry that fails by itself is proxy-failed. Too many requests (429) is registry-rate-limited. A registry \
that does not answer at all is connection-timed-out or connection-refused.",
    fixes: &[
        Fix {
            title: "Wait, and look whether {registry} has trouble",
            who: Who::Author,
            steps: &[
                "The kubelet tries again by itself, at most every five minutes. Nothing need be deleted.",
                "Status pages: Docker Hub www.dockerstatus.com, GitHub www.githubstatus.com, Quay status.redhat.com, GitLab status.gitlab.com, Google \
status.cloud.google.com, AWS health.aws.amazon.com, Azure azure.status.microsoft.",
                "Ask from elsewhere: if it works there, a proxy or mirror near the node is what fails.",
            ],
            checks: &[reads("curl -si https://{registry}/v2/"), reads("crane manifest {image}")],
            ..FIX
        },
        Fix {
            title: "Go round it: use a mirror, or keep a copy in a registry of your own",
            who: Who::ClusterAdmin,
            steps: &[
                "Copy what must always be there: `crane copy {image} REGISTRY/NAME:TAG`, and name that in the pods.",
                "If the message names a mirror (`?ns=` in the address) that is down, take it out: /etc/containerd/certs.d/{registry}/hosts.toml, \
/etc/rancher/k3s/registries.yaml, /etc/containers/registries.conf or /etc/docker/daemon.json. containerd up to 1.7 shows a mirror's error even \
if the registry itself could serve.",
            ],
            ..FIX
        },
        Fix {
            title: "Repair the registry",
            who: Who::RegistryOwner,
            steps: &[
                "Its own log has the reason: storage that is full, read-only or refuses the registry's keys; a database that is gone; memory; a load \
balancer with no healthy member or with a time-out that is shorter than a large layer.",
                "If only layers fail with AccessDenied, SignatureDoesNotMatch or Request has expired: compare the clocks of registry and node, and \
whether a proxy changes the signed address.",
            ],
            ..FIX
        },
    ],
    see_also: &["proxy-failed", "registry-rate-limited", "connection-timed-out", "not-a-registry"],
    links: &["https://kubernetes.io/docs/concepts/containers/images/#imagepullbackoff"],
};

/// `request returned 500 Internal Server Error for API route and version …docker.sock…`: CAUSES.md, rule 8.
fn not_docker_api(failure: &Failure<'_>) -> bool {
    let words = failure.message.text.as_str();
    !["docker.sock", "docker_engine", "for API route and version"].iter().any(|sign| words.contains(sign))
}
