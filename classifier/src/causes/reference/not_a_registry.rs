//! The host answered, and what it said is not the language of a registry.

use crate::cause::*;
use crate::causes::remedies;
use crate::observations::{Asked, Failure};

pub(super) const CAUSE: Cause = Cause {
    id: "not-a-registry",
    area: Area::Reference,
    title: "The host answered, but not as a registry does",
    outlook: Outlook::Final,
    signs: &[
        // docker 1.13 of Red Hat
        likely(&[says("error parsing HTTP response: invalid character '<' looking for beginning of value")]),
        // a web page in place of a manifest. containerd, core/images/image.go
        certain(&[says("unexpected media type text/{kind} for")]),
        // docker/distribution client: a body that is no JSON
        certain(&[says("error unmarshalling content: invalid character '<' looking for beginning of value")]),
        certain(&[says("unable to decode token response: invalid character '<'")]),
        likely(&[says("error parsing HTTP {code} response body: invalid character '<'")]),
        likely(&[says("error parsing HTTP 404 response body")]),
        likely(&[says("error parsing HTTP 200 response body")]),
        // encoding/json, in whatever frame: CRI-O and podman (manifest, token), BuildKit
        likely(&[says("invalid character '<' looking for beginning of value"), that("it is about a pull", about_pull)]),
        // containers/image, docker/errors.go: the first 50 bytes of a body
        likely(&[says("StatusCode: {code} *<!doctype"), that("it is no refusal", not_403)]),
        likely(&[says("StatusCode: {code} *<html"), that("it is no refusal", not_403)]),
        possible(&[says("StatusCode: 403, *<html")]),
        likely(&[says("StatusCode: 404,")]),
        likely(&[says("StatusCode: 200,")]),
        // containers/image, docker_client.go: /v2/ is not there; older wordings of the same
        certain(&[says("pinging container registry {host}: StatusCode: 404")]),
        certain(&[says("registry {host}: invalid status code from registry 404")]),
        certain(&[says("registry {host}: received unexpected HTTP status: 404")]),
        // a token server that is none. containerd, auth/fetch.go and authorizer.go
        certain(&[says("authorization server did not include a token in the response")]),
        certain(&[says("no realm specified for token auth challenge")]),
        certain(&[says("invalid token auth challenge realm")]),
        likely(&[says("failed to find supported auth scheme")]),
        likely(&[says("unable to decode token response")]),
        // containers/image, docker_client.go
        certain(&[says("missing realm in bearer auth challenge")]),
        likely(&[says("decoding bearer token (last URL")]),
        // docker 1.x, registry/auth.go
        likely(&[says("unsupported auth scheme")]),
        // net/http and containerd, resolver.go: a server that sends round in circles
        likely(&[says("stopped after 10 redirects")]),
        // containerd, resolver.go
        certain(&[says("in header not a valid digest")]),
        // a server that does not know the method, or sends elsewhere
        likely(&[that("the manifest was refused so", method_refused), status(&[405, 301, 302, 303, 307, 308])]),
        // net/http: the port speaks another protocol
        likely(&[says("malformed HTTP response"), that("it is no TLS record", no_tls_record)]),
        likely(&[says("malformed HTTP status code")]),
        likely(&[says("malformed HTTP version")]),
        likely(&[says("malformed MIME header line"), that("it is no rate limit", no_limit)]),
        likely(&[says("http2: frame too large")]),
        // anything else that could not be read
        possible(&[says("error parsing HTTP {code} response body")]),
    ],
    settles: &[],
    refines: &[],
    meaning: "The network is fine, and nothing is said about the image: a server answered. But it answered with a web page, a redirect, or some \
other thing that the registry protocol does not know, so it is not a registry, or not on this host, port and path.

Usual reasons: the reference names the web address of a product and not its registry (Nexus and GitLab have ports or hosts of their \
own for it; Artifactory and Harbor want the repository or project in the path); a mirror is configured without its path (`override_path` in \
containerd); the host name now belongs to someone else's web site; a company proxy, a login page or a captive portal answers in the \
registry's place; or the registry is down and its load balancer shows a page.",
    not_this: "A server that answers in plain HTTP is plain-http-registry. An answer of 500 and above is registry-server-error. JSON that says \
`manifest unknown` comes from a real registry: tag-not-found.",
    fixes: &[
        Fix {
            title: "Ask the host what it is",
            who: Who::Author,
            steps: &[
                "A registry answers `curl -si https://{registry}/v2/` with 200 or 401 and the header Docker-Distribution-Api-Version or \
WWW-Authenticate, and with JSON. A web page names its maker: a login, a proxy's refusal, a product's start page.",
                "Ask from the node if it uses a proxy: your own machine may get another answer.",
                "Then write the host, port and path that the registry's documentation gives for docker pull.",
            ],
            checks: &[reads("curl -si https://{registry}/v2/"), reads("crane manifest {image}")],
            commands: &[remedies::CHANGE_IMAGE],
            warnings: remedies::CHANGE_IMAGE_WARNINGS,
            ..FIX
        },
        Fix {
            title: "Correct the mirror of the node",
            who: Who::NodeAdmin,
            steps: &[
                "If the URL of the message has `?ns=` in it, or another host than {registry}, a mirror answered. containerd: \
/etc/containerd/certs.d/{registry}/hosts.toml; a mirror below a path is `[[host.\"https://MIRROR/v2/PATH\"]]` with `override_path = true`.",
                "k3s and RKE2: `mirrors:` and `rewrite:` in /etc/rancher/k3s/registries.yaml (/etc/rancher/rke2/registries.yaml). CRI-O: `location` \
of `[[[[registry.mirror]]]]` in /etc/containers/registries.conf. Docker: `registry-mirrors` in /etc/docker/daemon.json. Restart the service afterwards; \
containerd reads certs.d without.",
                "If a proxy answers, take {registry} out of it: NO_PROXY in the service's environment.",
            ],
            ..FIX
        },
        Fix {
            title: "Let the registry answer under its own host or port",
            who: Who::RegistryOwner,
            steps: &[
                "Nexus: give the Docker repository a connector port or a subdomain. Artifactory: choose the repository path or subdomain method, and \
write the reference accordingly. Behind nginx or an ingress: pass /v2/ (and the token path) to the registry unchanged.",
            ],
            ..FIX
        },
    ],
    see_also: &["plain-http-registry", "registry-server-error", "proxy-failed", "unsupported-image-format"],
    links: &[
        "https://github.com/opencontainers/distribution-spec/blob/main/spec.md#endpoints",
        "https://github.com/containerd/containerd/blob/main/docs/hosts.md",
    ],
};

fn about_pull(failure: &Failure<'_>) -> bool {
    ["manifest", "token", "image source", "image from source", "registry", "fetching"]
        .iter()
        .any(|word| failure.message.masked.contains(word))
}

/// A page with 403 is as likely a firewall's or a proxy's: permission-denied.
fn not_403(failure: &Failure<'_>) -> bool {
    !failure.mentions("StatusCode: 403")
}

fn method_refused(failure: &Failure<'_>) -> bool {
    failure.answered(Asked::Manifest, &[405, 301, 302, 303, 307, 308]) || failure.answered(Asked::Ping, &[301, 302, 303, 307, 308])
}

/// A TLS alert read as HTTP begins with the bytes 15 03: plain-http-registry.
fn no_tls_record(failure: &Failure<'_>) -> bool {
    !failure.message.masked.contains(r"\x15\x03")
}

/// Docker Hub's edge answers an abuse limit with a line that is no header.
fn no_limit(failure: &Failure<'_>) -> bool {
    !failure.message.masked.to_ascii_lowercase().contains("too many requests")
}
