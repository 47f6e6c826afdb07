//! The pod forbids pulling, and the node does not have the image, or not for this pod.

use super::{LET_THE_KUBELET_PULL, load};
use crate::cause::*;
use crate::causes::remedies::{self, ATTACH_SECRET, ATTACH_WARNINGS, RECREATE};
use crate::settle::Case;
use crate::settle::pull_secrets::object;

pub(super) const CAUSE: Cause = Cause {
    id: "image-never-pulled",
    area: Area::Node,
    title: "The pod forbids pulling (imagePullPolicy: Never), and the node does not have the image",
    outlook: Outlook::Final,
    signs: &[
        // k8s, pkg/kubelet/images/image_manager.go, imageNotPresentOnNeverPolicyError; all versions
        certain(&[says("is not present with pull policy of Never")]),
        // k8s, pkg/kubelet/images/types.go: event reason, waiting reason, STATUS column, `Error: …`
        certain(&[reason("ErrImageNeverPull")]),
        certain(&[says("ErrImageNeverPull")]),
    ],
    settles: &[Settling {
        from: &["image-never-pulled"],
        question: "is the image on the node for others, and does a secret of the namespace fit it?",
        when: there_for_others,
    }],
    refines: &["back-off-only"],
    meaning: "Network, registry and credentials play no part in this: with `imagePullPolicy: Never` the kubelet does not ask a registry. It \
looks on the node where the pod landed, and says that the image is not there.

An image that Docker on your machine has (`docker images`) is not on the node: kind, minikube, k3d and MicroK8s have stores of \
their own, and a cluster of several nodes has one on each. It must be there under the exact name: `web:1` in a pod means \
`docker.io/library/web:1`; podman builds `localhost/web:1`; a missing tag is `latest`. containerd must have it in the \
namespace `k8s.io`.

From Kubernetes 1.35 on (with a gate from 1.33 on) the same words are printed for an image that is there but was pulled with \
somebody's credentials that this pod does not have, and for a second name (`ctr images tag`) of an image that the kubelet \
pulled: the kubelet remembers content, not names.",
    not_this: "An image that exists nowhere but on somebody's machine, with another pull policy, shows as repository-not-found-or-private, \
and with the facts of the cluster as image-not-on-node.",
    fixes: &[
        Fix {
            title: "Attach {secret}, which fits the image, and make the pod again",
            known: &["secret", "listed_on"],
            steps: &[
                "Kubernetes 1.35 and later (1.33 with the gate KubeletEnsureSecretPulledImages): the node has the image, and what was pulled \
with a pull secret is only for pods that have this secret, too.",
            ],
            commands: &[ATTACH_SECRET, RECREATE],
            warnings: ATTACH_WARNINGS,
            ..FIX
        },
        Fix {
            title: "Attach {secret}, which fits the image, and let the kubelet pull where it has to",
            known: &["secret"],
            steps: &[
                "Kubernetes 1.35 and later (1.33 with the gate KubeletEnsureSecretPulledImages): what was pulled with a pull secret is only \
for pods that have this secret, too. And where the image is not on the node, pulling it takes the secret as well.",
            ],
            commands: &[ATTACH_SECRET, remedies::LET_IT_PULL],
            warnings: ATTACH_WARNINGS,
            ..FIX
        },
        load::KIND,
        load::MINIKUBE,
        load::K3D,
        load::MICROK8S,
        load::K3S,
        load::DOCKER_DESKTOP,
        LET_THE_KUBELET_PULL,
        load::ANY,
        Fix {
            title: "Exempt such images from the check of credentials",
            who: Who::ClusterAdmin,
            steps: &[
                "In the kubelet's configuration (Kubernetes 1.33 and later): `imagePullCredentialsVerificationPolicy: \
NeverVerifyAllowlistedImages` with the image in `preloadedImagesVerificationAllowlist`, or `NeverVerify` for all; then restart the kubelet.",
            ],
            ..FIX
        },
    ],
    see_also: &["image-not-on-node", "repository-not-found-or-private", "image-inspect-failed", "pull-secret-not-attached"],
    links: &[
        "https://kubernetes.io/docs/concepts/containers/images/#image-pull-policy",
        "https://kind.sigs.k8s.io/docs/user/quick-start/#loading-an-image-into-your-cluster",
        "https://minikube.sigs.k8s.io/docs/handbook/pushing/",
        "https://kubernetes.io/docs/concepts/containers/images/#ensureimagepullcredentialverification",
    ],
};

/// What the kubelet pulled with a secret it gives to no pod without it (KubeletEnsureSecretPulledImages).
fn there_for_others(case: &Case<'_>) -> Verdict {
    let (Some(secrets), Some(image)) = (case.pull_secrets(), case.image) else { return Verdict::No };
    let Some(node) = super::node_of(case) else { return Verdict::No };
    let listed = super::has(node, image);
    let Some(fitting) = super::unused_secret(&secrets) else { return Verdict::No };
    let mut lines = vec![(object(fitting), "fits the image, and the pod does not name it".to_owned()), secrets.pod_line()];
    if listed {
        lines.push((format!("node {}", node.name), format!("has {}", image.text)));
    }
    let mut values = vec![
        ("secret", fitting.metadata.name.clone()),
        ("service_account", secrets.account_name().to_owned()),
    ];
    // What the node reports is up to some minutes old: an image that was pulled just now is not in it.
    values.extend(listed.then(|| ("listed_on", node.name.clone())));
    Verdict::Proven(Proof { confidence: Confidence::Likely, lines, values })
}
