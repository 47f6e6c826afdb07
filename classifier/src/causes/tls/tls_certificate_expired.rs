//! A certificate's time is over, or has not come; or the node's clock is wrong.

use super::TRIES_AGAIN;
use crate::cause::*;

pub(super) const CAUSE: Cause = Cause {
    id: "tls-certificate-expired",
    area: Area::Tls,
    title: "The registry's certificate is out of date",
    outlook: Outlook::Final,
    signs: &[
        // Go, crypto/x509/verify.go: both times are printed (Go 1.15 and later).
        certain(&[says("certificate has expired or is not yet valid: current time {now} is after {until}"), SERVER]),
        certain(&[says("certificate has expired or is not yet valid: current time {now} is before {from}"), SERVER]),
        certain(&[says("x509: certificate has expired or is not yet valid"), SERVER]),
        // OpenSSL's words; macOS.
        certain(&[says("certificate has expired"), SERVER]),
        certain(&[says("certificate is expired")]),
        certain(&[says("certificate is not yet valid"), SERVER]),
        // Go, crypto/tls/alert.go: the registry says it of the node's client certificate.
        certain(&[says("remote error: tls: expired certificate")]),
        certain(&[says("remote error: expired certificate")]),
    ],
    settles: &[],
    refines: &["tls-handshake-failed"],
    meaning: "The image, its tag and the credentials are not at fault: the node broke off before it sent anything, because a \
certificate of the registry (or of the authority behind it) is past its end, or not yet begun.

Compare the two times in the message. If the first one, \"current time\", is wrong, the node's clock is, which happens to \
virtual machines that slept. If it is right, the certificate has to be renewed.

If public registries fail like this on old nodes only, the node's own list of authorities is out of date. `remote error` turns \
it around: there it is the node's client certificate that the registry finds expired.",
    not_this: "An expired token or password is credentials-expired. A certificate that nobody on the node trusts is \
tls-unknown-authority.",
    fixes: &[
        Fix {
            title: "Set the clock of the virtual machine right, or renew the certificate",
            who: Who::NodeAdmin,
            only: &[
                Place::Cluster(Cluster::Minikube),
                Place::Cluster(Cluster::DockerDesktop),
                Place::Cluster(Cluster::Kind),
                Place::Cluster(Cluster::K3d),
            ],
            steps: &[
                "The node's clock said {now}.",
                "If that is wrong (after sleep): restart Docker Desktop or `minikube stop` and `minikube start`; in WSL \
`wsl --shutdown`.",
                "If it is right: the registry's certificate ended at {until}; its owner has to renew it.",
            ],
            checks: &[reads("docker exec {node} date -u")],
            ..FIX
        },
        Fix {
            title: "Renew the registry's certificate",
            who: Who::RegistryOwner,
            steps: &[
                "The certificate ended at {until}; the node's clock said {now}.",
                "It begins at {from} only; the node's clock said {now}. If the clock is right, wait or issue it anew.",
                "Renew it and reload the server in front (ingress, load balancer, registry). With cert-manager see why it was not \
renewed: `kubectl get certificate,certificaterequest,order,challenge -A`.",
                "See that the intermediate certificates in the file are in date too.",
                TRIES_AGAIN,
            ],
            checks: &[reads("curl -vI https://{registry}/v2/ # shows start date and expire date")],
            ..FIX
        },
        Fix {
            title: "Set the node's clock right",
            who: Who::NodeAdmin,
            steps: &[
                "The node's clock said {now}.",
                "If that is wrong: `timedatectl set-ntp true` (or `systemctl restart chronyd`), and let UDP port 123 out to a time \
server.",
                "If public registries fail on this node alone: update its ca-certificates package and restart the runtime.",
            ],
            checks: &[reads("date -u; timedatectl # on the node"), reads("chronyc tracking # on the node")],
            ..FIX
        },
        Fix {
            title: "Renew the node's client certificate",
            who: Who::NodeAdmin,
            steps: &[
                "If the message says `remote error`: replace the client certificate that the runtime shows to the registry \
(`client` in containerd's hosts.toml, /etc/containers/certs.d/{registry}/client.cert, /etc/docker/certs.d/{registry}/client.cert).",
            ],
            ..FIX
        },
    ],
    see_also: &["tls-unknown-authority", "credentials-expired", "tls-handshake-failed"],
    links: &["https://cert-manager.io/docs/troubleshooting/", "https://pkg.go.dev/crypto/x509#CertificateInvalidError"],
};

/// The same words stand in the verdict on an image's signature (c/image, signature/fulcio_cert.go).
const SERVER: Condition = that("no signature of the image is checked", not_signature);

fn not_signature(failure: &crate::observations::Failure<'_>) -> bool {
    !failure.mentions("source image rejected")
}
