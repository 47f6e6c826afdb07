//! The certificate is for another name.

use super::TRIES_AGAIN;
use crate::cause::*;
use crate::causes::remedies;

pub(super) const CAUSE: Cause = Cause {
    id: "tls-name-mismatch",
    area: Area::Tls,
    title: "The registry's certificate is for another name",
    outlook: Outlook::Final,
    signs: &[
        // Go, crypto/x509/verify.go, HostnameError.
        certain(&[says("certificate is valid for {names}, not {host}")]),
        certain(&[says("certificate is valid for * not {host}")]),
        // The same since Go 1.24.11 and 1.25.5, where the certificate has a hundred names or more.
        certain(&[says("but none matched {host}")]),
        certain(&[says("certificate is not valid for any names, but wanted to match {host}")]),
        certain(&[says("cannot validate certificate for {host} because it doesn't contain any IP SANs")]),
        // Go 1.15 and later.
        certain(&[says("certificate relies on legacy Common Name field")]),
        certain(&[says("Common Name is not a valid hostname")]),
        // OpenSSL's words: curl, Python.
        certain(&[says("does not match target host name")]),
        certain(&[says("no alternative certificate subject name matches target host name")]),
        certain(&[says("Hostname mismatch, certificate is not valid for")]),
    ],
    settles: &[],
    refines: &[],
    meaning: "The image, its tag and the credentials are not at fault: the node reached a server and broke off before it sent \
anything, because the certificate it was shown is not made out for the host in the image's name.

The message lists the names that the certificate has. If yours is missing there, the registry is addressed by a name or an \
address it was not certified for. If the names are those of something else (an ingress controller's default certificate, a \
proxy, another site), the request went to the wrong server.

A certificate that has a Common Name only counts as one without any name since 2020 (Go 1.15).",
    not_this: "A certificate that nobody on the node trusts is tls-unknown-authority: a runtime that finds both may report either.",
    fixes: &[
        Fix {
            title: "Name the registry as its certificate does",
            who: Who::Author,
            steps: &[
                "The certificate does not hold {host}.",
                "Use one of the names that the message lists, if it leads to the same registry. Pull secrets go by host: their key must be \
that name, too.",
            ],
            checks: &[reads("curl -vI https://{registry}/v2/ # shows subject and subjectAltName")],
            commands: &[remedies::CHANGE_IMAGE],
            warnings: remedies::CHANGE_IMAGE_WARNINGS,
            ..FIX
        },
        Fix {
            title: "Issue a certificate with the registry's name in it",
            who: Who::RegistryOwner,
            steps: &[
                "It needs {host} as a subject alternative name: `DNS:` for a name, `IP:` for an address (the Common Name does not \
count).",
                "With OpenSSL 1.1.1 and later: `openssl req -x509 -newkey rsa:4096 -nodes -days 365 -keyout tls.key -out tls.crt -subj \
/CN={registry_host} -addext subjectAltName=DNS:{registry_host}` (IP: for an address).",
                "Behind an ingress: if the shown certificate is its default one, see that the Ingress names this host under tls and \
that its secret exists in the same namespace.",
                TRIES_AGAIN,
            ],
            checks: &[reads("curl -vI https://{registry}/v2/ # shows subject and subjectAltName")],
            ..FIX
        },
        Fix {
            title: "See which server the node reaches under this name",
            who: Who::NodeAdmin,
            steps: &[
                "If the certificate belongs to something else, the name leads there: /etc/hosts, the node's DNS, a mirror in the \
runtime's configuration, or a proxy that opens TLS.",
                "If the certificate cannot be changed, add its name to /etc/hosts of every node (or to DNS) and use that name.",
            ],
            checks: &[reads("getent hosts {registry_host} # on the node")],
            ..FIX
        },
        Fix {
            title: "Switch the check off for this one registry",
            who: Who::NodeAdmin,
            steps: &[
                "containerd: /etc/containerd/certs.d/{registry}/hosts.toml with the lines `server = \"https://{registry}\"`, \
`[[host.\"https://{registry}\"]]` and below it `skip_verify = true`.",
                "k3s and RKE2: in registries.yaml below `configs:` the entry `\"{registry}\": {{tls: {{insecure_skip_verify: true}}}}`, then \
restart the service. CRI-O: `insecure = true` for the location in /etc/containers/registries.conf.d. Docker: \
insecure-registries in /etc/docker/daemon.json.",
            ],
            warnings: &["Anybody between the nodes and the registry can then change images and read pull secrets."],
            ..FIX
        },
    ],
    see_also: &["tls-unknown-authority", "tls-handshake-failed", "dns-lookup-failed"],
    links: &["https://pkg.go.dev/crypto/x509#HostnameError", "https://github.com/containerd/containerd/blob/main/docs/hosts.md"],
};
