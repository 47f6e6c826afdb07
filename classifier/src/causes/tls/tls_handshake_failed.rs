//! Node and registry could not agree on TLS, for another reason than trust, dates and names.

use super::TRIES_AGAIN;
use crate::cause::*;
use crate::observations::Failure;

pub(super) const CAUSE: Cause = Cause {
    id: "tls-handshake-failed",
    area: Area::Tls,
    title: "The TLS handshake with the registry failed",
    outlook: Outlook::Final,
    signs: &[
        // Go, crypto/tls/alert.go: an alert that the registry sent.
        certain(&[says("remote error: tls: protocol version not supported")]),
        certain(&[says("remote error: tls: handshake failure")]),
        certain(&[says("remote error: tls: certificate required")]),
        certain(&[says("remote error: tls: unrecognized name")]),
        certain(&[says("remote error: tls: ")]),
        // The same up to Go 1.6 (Docker 1.12), where "tls:" is missing.
        certain(&[says("remote error: handshake failure")]),
        certain(&[says("remote error: bad certificate")]),
        certain(&[says("remote error: protocol version not supported")]),
        certain(&[says("remote error: internal error")]),
        // Go, crypto/tls: our side breaks off.
        certain(&[says("tls: server selected")]),
        certain(&[says("tls: server chose an unconfigured cipher suite")]),
        certain(&[says("tls: no supported versions satisfy")]),
        certain(&[says("tls: downgrade attempt detected")]),
        certain(&[says("tls: received unexpected handshake message")]),
        certain(&[says("tls: failed to parse certificate from server")]),
        certain(&[says("tls: invalid signature by the server certificate")]),
        certain(&[says("tls: handshake failure")]),
        likely(&[says("tls: "), that("no other trouble with certificates is told", no_other)]),
        // Go, crypto/x509: a certificate or an authority that breaks the rules.
        certain(&[says("x509: certificate is not authorized to sign other certificates")]),
        certain(&[says("x509: a root or intermediate certificate is not authorized")]),
        certain(&[says("x509: certificate specifies an incompatible key usage")]),
        certain(&[says("x509: too many intermediates")]),
        certain(&[says("x509: negative serial number")]),
        certain(&[says("x509: unhandled critical extension")]),
        certain(&[says("certificate is not standards compliant")]),
        likely(&[says("x509: "), that("no other trouble with certificates is told", no_other)]),
        // containerd, core/remotes/docker/config/hosts.go; c/image, pkg/tlsclientconfig; moby, registry/registry.go: the
        // node's files for this registry.
        certain(&[says("unable to load CA cert")]),
        certain(&[says("unable to read CA cert")]),
        certain(&[says("unable to initialize cert pool")]),
        certain(&[says("unable to get system cert pool")]),
        certain(&[says("failed to load X509 key pair")]),
        certain(&[says("failed to load cert file")]),
        certain(&[says("unable to read CERT file")]),
        certain(&[says("but no corresponding key file was specified")]),
        certain(&[says("for client certificate {certificate}. CA certificates must use the extension .crt")]),
        certain(&[says("missing client certificate {certificate} for key {key}")]),
        // OpenSSL's words: curl, nginx in front.
        certain(&[says("sslv3 alert handshake failure")]),
        certain(&[says("No required SSL certificate was sent")]),
        certain(&[says("The SSL certificate error")]),
    ],
    settles: &[],
    refines: &[],
    meaning: "The image, its tag and the credentials are not at fault: node and registry reached each other and could not agree how \
to encrypt, so nothing was asked.

`remote error` means that the registry broke off: it wants a client certificate (\"certificate required\", \"bad certificate\", \
\"unknown certificate authority\"), does not know the name it was asked for (\"unrecognized name\"), or offers only versions and \
ciphers that the node refuses (\"protocol version not supported\", \"handshake failure\"). Without `remote error` it was the node \
that broke off.

Something between the two that opens or filters TLS can cause the same. `unable to load …` is the node's own configuration \
for this registry.",
    not_this: "Trust, dates and names have causes of their own: tls-unknown-authority, tls-certificate-expired, tls-name-mismatch. A \
handshake that times out is connection-timed-out, a port that answers without TLS plain-http-registry.",
    fixes: &[
        Fix {
            title: "Find out what the registry offers and wants",
            who: Who::RegistryOwner,
            steps: &[
                "The check shows version, cipher and whether a client certificate is asked for. Offer TLS 1.2 or 1.3 with a \
current cipher: runtimes refuse TLS 1.0 and 1.1 since 2021, and RSA key exchange since 2024.",
                "\"unrecognized name\", \"handshake failure\" or \"internal error\" from an ingress or load balancer: it has no \
certificate for this host. Add the host there.",
                "A broken certificate (not authorized to sign, negative serial number, critical extension) has to be issued anew.",
                TRIES_AGAIN,
            ],
            checks: &[
                reads("curl -vI https://{registry}/v2/ # on the node"),
                reads("openssl s_client -connect {registry_host}:443 -servername {registry_host} </dev/null # on the node"),
            ],
            ..FIX
        },
        Fix {
            title: "Give the runtime a client certificate",
            who: Who::NodeAdmin,
            steps: &[
                "If the registry asks for one. containerd: in /etc/containerd/certs.d/{registry}/hosts.toml below \
`[[host.\"https://{registry}\"]]` the line `client = [[[[\"/etc/certs/client.cert\", \"/etc/certs/client.key\"]]]]`. CRI-O: client.cert and \
client.key in /etc/containers/certs.d/{registry}/. Docker: the same in /etc/docker/certs.d/{registry}/. k3s and RKE2: cert_file \
and key_file below `tls` in registries.yaml, then restart the service.",
                TRIES_AGAIN,
            ],
            ..FIX
        },
        Fix {
            title: "Mend the runtime's certificate files",
            who: Who::NodeAdmin,
            steps: &[
                "If the message speaks of a file: see that it exists on this node, can be read and is PEM. CAs end in .crt, client \
certificates in .cert with a .key of the same name.",
            ],
            checks: &[reads("ls -l /etc/containerd/certs.d/{registry} /etc/containers/certs.d/{registry} /etc/docker/certs.d/{registry} # on the node")],
            ..FIX
        },
        Fix {
            title: "Look for something between that opens or filters TLS",
            who: Who::ClusterAdmin,
            steps: &["Compare the check's output on the node with a machine elsewhere. If they differ, let the registry by-pass it."],
            checks: &[reads("curl -vI https://{registry}/v2/ # on the node, and elsewhere")],
            ..FIX
        },
    ],
    see_also: &["tls-unknown-authority", "plain-http-registry", "connection-timed-out", "proxy-failed"],
    links: &["https://github.com/containerd/containerd/blob/main/docs/hosts.md", "https://pkg.go.dev/crypto/tls#AlertError"],
};

/// What the causes beside this one, and the connection's own, are recognized by.
fn no_other(failure: &Failure<'_>) -> bool {
    const OTHERS: &[&str] = &[
        "unknown authority",
        "expired",
        "not yet valid",
        "certificate is valid for",
        "not valid for any names",
        "IP SANs",
        "Common Name",
        "none matched",
        "cannot verify signature",
        "system roots",
        "not trusted",
        "first record does not look like",
        "oversized record",
        "SSLv2 handshake",
        "bad record MAC",
        "handshake timeout",
        "source image rejected",
        "signature verification",
    ];
    !OTHERS.iter().any(|words| failure.mentions(words))
}
