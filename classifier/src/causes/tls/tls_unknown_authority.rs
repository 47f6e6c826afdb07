//! The certificate may be fine; the node does not know who signed it.

use super::TRIES_AGAIN;
use crate::cause::*;

pub(super) const CAUSE: Cause = Cause {
    id: "tls-unknown-authority",
    area: Area::Tls,
    title: "The node does not trust who signed the registry's certificate",
    outlook: Outlook::Final,
    signs: &[
        // Go, crypto/x509/verify.go, UnknownAuthorityError (also with "possibly because of …" behind it).
        certain(&[says("certificate signed by unknown authority"), that("no signature of the image is checked", not_signature)]),
        // The same file: a chain with SHA-1 or an unknown algorithm; no roots on the node at all.
        certain(&[says("x509: cannot verify signature: ")]),
        certain(&[says("x509: failed to load system roots")]),
        // macOS.
        certain(&[says("certificate is not trusted")]),
        // OpenSSL's words: curl, Python, nginx in front.
        certain(&[says("unable to get local issuer certificate")]),
        certain(&[says("self signed certificate")]),
        certain(&[says("self-signed certificate")]),
        certain(&[says("unable to verify the first certificate")]),
        likely(&[says("certificate verify failed")]),
    ],
    settles: &[],
    refines: &[],
    meaning: "The image, its tag and the credentials are not at fault: the node reached the registry and broke off before it sent \
anything, because it does not know the authority behind the certificate it was shown.

Three things look like this: a registry with a certificate of its own (self-signed, or from a company's CA) that the node was \
never told of; a proxy or firewall that opens TLS and signs with its own CA, also for public registries; a server that does not \
send the intermediate certificate (browsers and some nodes still work then).

What counts is the trust of the runtime on the node. A CA in a pod, in a secret or on your own machine does nothing here.",
    not_this: "A certificate that is out of date is tls-certificate-expired, one for another name tls-name-mismatch. `remote error: \
tls: unknown certificate authority` is the registry's refusal of the node's client certificate: tls-handshake-failed.",
    fixes: &[
        Fix {
            title: "Give the cluster the registry's CA",
            who: Who::ClusterAdmin,
            only: &[Place::Cluster(Cluster::OpenShift)],
            steps: &[
                "Put the CA into a ConfigMap of openshift-config, under the registry's host (a port is written with two dots): \
`oc create configmap registry-cas -n openshift-config --from-file={registry_host}=ca.crt`, or `--from-file=HOST..5000=ca.crt`.",
                "Name it: `oc patch image.config.openshift.io/cluster --type merge -p \
'{{\"spec\":{{\"additionalTrustedCA\":{{\"name\":\"registry-cas\"}}}}}}'`. If one is named already, add the key to that ConfigMap.",
                "The CA of a proxy that opens TLS belongs into spec.trustedCA of proxy.config.openshift.io/cluster instead.",
                TRIES_AGAIN,
            ],
            checks: &[reads("kubectl get image.config.openshift.io cluster -o jsonpath='{{.spec.additionalTrustedCA.name}}'")],
            ..FIX
        },
        Fix {
            title: "Name the CA in registries.yaml",
            who: Who::NodeAdmin,
            only: &[Place::Cluster(Cluster::K3s), Place::Cluster(Cluster::Rancher)],
            steps: &[
                "On every node put the CA's file somewhere, and write into /etc/rancher/k3s/registries.yaml (RKE2: \
/etc/rancher/rke2/registries.yaml) below `configs:` the entry `\"{registry}\": {{tls: {{ca_file: /etc/rancher/registry-ca.crt}}}}`.",
                "Restart the service: `systemctl restart k3s` (k3s-agent, rke2-server, rke2-agent). Clusters made by Rancher: \
Cluster Management, Edit Config, Registries.",
                TRIES_AGAIN,
            ],
            ..FIX
        },
        Fix {
            title: "Give k3d's nodes the CA",
            who: Who::NodeAdmin,
            only: &[Place::Cluster(Cluster::K3d)],
            steps: &[
                "Make the cluster with `--volume /path/ca.crt:/etc/ssl/certs/registry-ca.crt@all` and \
`--registry-config registries.yaml`, where `configs:` has `\"{registry}\": {{tls: {{ca_file: /etc/ssl/certs/registry-ca.crt}}}}`.",
            ],
            ..FIX
        },
        Fix {
            title: "Give kind's nodes the CA",
            who: Who::NodeAdmin,
            only: &[Place::Cluster(Cluster::Kind)],
            steps: &[
                "For each node (`kind get nodes`): `docker cp ca.crt NODE:/usr/local/share/ca-certificates/registry.crt`, \
`docker exec NODE update-ca-certificates`, `docker exec NODE systemctl restart containerd`.",
                "It lasts as long as the cluster; extraMounts in the cluster's configuration keep it.",
                TRIES_AGAIN,
            ],
            ..FIX
        },
        Fix {
            title: "Give minikube the CA",
            who: Who::NodeAdmin,
            only: &[Place::Cluster(Cluster::Minikube)],
            steps: &[
                "`mkdir -p ~/.minikube/certs`, copy the CA there as registry.pem, then `minikube stop` and \
`minikube start --embed-certs`.",
                "Docker inside minikube also reads ~/.minikube/files/etc/docker/certs.d/{registry}/ca.crt at the next start.",
            ],
            ..FIX
        },
        Fix {
            title: "Name the CA in MicroK8s' certs.d",
            who: Who::NodeAdmin,
            only: &[Place::Cluster(Cluster::Microk8s)],
            steps: &[
                "On every node write /var/snap/microk8s/current/args/certs.d/{registry}/hosts.toml with the lines \
`server = \"https://{registry}\"`, `[[host.\"https://{registry}\"]]` and below it \
`ca = \"/var/snap/microk8s/current/args/certs.d/{registry}/ca.crt\"`.",
                TRIES_AGAIN,
            ],
            ..FIX
        },
        Fix {
            title: "Let Docker Desktop trust the CA",
            who: Who::NodeAdmin,
            only: &[Place::Cluster(Cluster::DockerDesktop)],
            steps: &[
                "Add the CA to your system's trusted certificates (macOS: keychain; Windows: Trusted Root Certification \
Authorities), or put it at ~/.docker/certs.d/{registry}/ca.crt, then restart Docker Desktop.",
            ],
            ..FIX
        },
        Fix {
            title: "Give the node pools the CA",
            who: Who::ClusterAdmin,
            only: &[Place::Cluster(Cluster::Gke), Place::Cluster(Cluster::Aks), Place::Cluster(Cluster::Eks)],
            steps: &[
                "GKE: `gcloud container clusters update NAME --containerd-config-from-file=FILE` with privateRegistryAccessConfig \
and the CA's secret. AKS: `az aks update --custom-ca-trust-certificates FILE`.",
                "EKS: in the node's user data put the CA into /etc/pki/ca-trust/source/anchors/, run `update-ca-trust` and restart \
containerd; on Bottlerocket set settings.pki.NAME.data and trusted = true.",
            ],
            warnings: &["Nodes are made again, or restart."],
            ..FIX
        },
        Fix {
            title: "Give containerd the CA",
            who: Who::NodeAdmin,
            only: &[Place::Runtime(Runtime::Containerd)],
            steps: &[
                "On every node put the CA at /etc/containerd/certs.d/{registry}/ca.crt and write \
/etc/containerd/certs.d/{registry}/hosts.toml with the lines `server = \"https://{registry}\"`, \
`[[host.\"https://{registry}\"]]` and below it `ca = \"/etc/containerd/certs.d/{registry}/ca.crt\"`. No restart is needed.",
                "The directory counts only if /etc/containerd/config.toml says `config_path = \"/etc/containerd/certs.d\"` below \
`[[plugins.'io.containerd.cri.v1.images'.registry]]` (containerd 1.x: `'io.containerd.grpc.v1.cri'`); after a change of that file \
restart containerd.",
                "For every registry at once, as behind a proxy that opens TLS: add the CA to the system's certificates \
(`update-ca-certificates`, or `update-ca-trust`) and restart containerd.",
                "k3s, RKE2 and MicroK8s make these files themselves: change registries.yaml, or MicroK8s' own certs.d.",
                TRIES_AGAIN,
            ],
            checks: &[
                reads("curl -vI https://{registry}/v2/ # on the node; shows issuer and chain"),
                reads("crictl pull {image} # on the node"),
            ],
            ..FIX
        },
        Fix {
            title: "Give CRI-O the CA",
            who: Who::NodeAdmin,
            only: &[Place::Runtime(Runtime::Crio)],
            steps: &[
                "On every node put the CA at /etc/containers/certs.d/{registry}/ca.crt (the folder has the port in its name if \
the image has). No restart is needed. On OpenShift use image.config.openshift.io instead.",
                "For every registry at once: add it to the system's certificates (`update-ca-trust`) and restart crio.",
                TRIES_AGAIN,
            ],
            checks: &[reads("curl -vI https://{registry}/v2/ # on the node; shows issuer and chain")],
            ..FIX
        },
        Fix {
            title: "Give Docker the CA",
            who: Who::NodeAdmin,
            only: &[Place::Runtime(Runtime::Docker)],
            steps: &[
                "On every node put the CA at /etc/docker/certs.d/{registry}/ca.crt (the folder has the port in its name if the \
image has). No restart is needed.",
                "For every registry at once: add it to the system's certificates (`update-ca-certificates`) and restart docker.",
                TRIES_AGAIN,
            ],
            checks: &[reads("curl -vI https://{registry}/v2/ # on the node; shows issuer and chain")],
            ..FIX
        },
        Fix {
            title: "Give the runtime on every node the CA",
            who: Who::NodeAdmin,
            steps: &[
                "containerd: /etc/containerd/certs.d/{registry}/ca.crt, named as `ca` in hosts.toml beside it. CRI-O: \
/etc/containers/certs.d/{registry}/ca.crt. Docker: /etc/docker/certs.d/{registry}/ca.crt. k3s and RKE2: registries.yaml.",
                "If the issuer is a proxy's (also for public registries), add the proxy's CA to the system's certificates and \
restart the runtime, or let the registry by-pass the inspection.",
                TRIES_AGAIN,
            ],
            checks: &[reads("curl -vI https://{registry}/v2/ # on the node; shows issuer and chain")],
            ..FIX
        },
        Fix {
            title: "Serve the whole chain, or a certificate that everybody trusts",
            who: Who::RegistryOwner,
            steps: &[
                "Put the intermediate certificates behind the server's own in its certificate file; the root is not needed.",
                "A certificate of a public authority (Let's Encrypt) needs no change on any node.",
            ],
            checks: &[reads("curl -vI https://{registry}/v2/")],
            ..FIX
        },
    ],
    see_also: &["tls-name-mismatch", "tls-certificate-expired", "tls-handshake-failed", "plain-http-registry", "proxy-failed"],
    links: &[
        "https://github.com/containerd/containerd/blob/main/docs/hosts.md",
        "https://docs.k3s.io/installation/private-registry",
        "https://docs.docker.com/engine/security/certificates/",
        "https://docs.redhat.com/en/documentation/openshift_container_platform/latest/html/images/image-configuration",
    ],
};

/// The same words stand in the verdict on an image's signature (c/image, signature/fulcio_cert.go).
fn not_signature(failure: &crate::observations::Failure<'_>) -> bool {
    !failure.mentions("source image rejected")
}
