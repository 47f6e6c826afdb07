//! The node: its disk, its container runtime, and the images it already has.

use crate::cause::{FIX, Fix, Who, changes, reads};
use crate::causes::remedies;
use crate::observations::NodeFacts;
use crate::read::image_ref::ImageRef;
use crate::secret_facts::SecretFacts;
use crate::settle::Case;
use crate::settle::pull_secrets::PullSecrets;

area! {
    node_disk_full,
    pull_timed_out,
    image_corrupted,
    unpack_failed,
    runtime_unavailable,
    image_never_pulled,
    image_inspect_failed,
    image_not_on_node,
}

mod load;

/// For a failure of this node alone.
const ON_ANOTHER_NODE: Fix = Fix {
    title: "Let the pod run on another node meanwhile",
    who: Who::ClusterAdmin,
    steps: &[
        "Helps where other nodes pull the image without trouble. A cordoned node keeps its pods and gets no new ones; \
`kubectl uncordon {node}` takes it back.",
    ],
    commands: &[changes("kubectl cordon {node}"), remedies::RECREATE],
    warnings: &["A pod that is bound to this node (DaemonSet, local volume, node selector) will stay pending."],
    ..FIX
};

/// For a pod whose policy is Never.
const LET_THE_KUBELET_PULL: Fix = Fix {
    title: "Let the kubelet pull the image",
    known: &["set_image"],
    steps: &[
        "If the image is in a registry, the policy IfNotPresent uses the node's copy where there is one, and pulls it elsewhere.",
        "If it was never pushed, or is there under another name: push it, and set NEW_IMAGE to its full name. Without NEW_IMAGE it \
stays {image}.",
    ],
    checks: &[reads("crane manifest {image}")],
    commands: &[remedies::LET_IT_PULL],
    warnings: &[
        "All containers beside it that have the policy Never get the new one, too.",
        "If Argo CD, Flux or Helm manages {owner}, change the policy in git: they put the old one back.",
    ],
    ..FIX
};

/// Whether a message is about a remote snapshotter (a program beside containerd, with a socket of its own) and not about the
/// runtime itself.
fn speaks_of_snapshotter(failure: &crate::observations::Failure<'_>) -> bool {
    let text = failure.message.text.as_str();
    ["stargz", "soci-snapshotter", "nydus", "overlaybd", "cvmfs"].iter().any(|name| text.contains(name))
}

/// Whether the node's status names the image, by the whole reference that both spellings stand for.
fn has(node: &NodeFacts, image: &ImageRef) -> bool {
    node.images.iter().filter_map(|name| ImageRef::parse(name)).any(|known| {
        let tag = |image: &ImageRef| image.tag.clone().unwrap_or_else(|| "latest".to_owned());
        known.name() == image.name()
            && match (&image.digest, &known.digest) {
                (Some(wanted), Some(known)) => wanted == known,
                (None, None) => tag(&known) == tag(image),
                _ => false,
            }
    })
}

/// The node of the pod that is asked about.
fn node_of<'a>(case: &Case<'a>) -> Option<&'a NodeFacts> {
    case.facts.node(case.pod.and_then(|pod| pod.node.as_deref()).or(case.timeline.subject.node.as_deref())?)
}

/// The kubelet lists at most this many images in a node's status (`nodeStatusMaxImages`); a list as long as that may be cut off.
const MOST_IMAGES: usize = 50;

/// Whether an image that a node does not list is not there.
fn lists_all(node: &NodeFacts) -> bool {
    !node.images.is_empty() && node.images.len() < MOST_IMAGES
}

/// A secret of the namespace that fits the image while the pod sends none: others may have pulled the image with it.
fn unused_secret<'a>(secrets: &PullSecrets<'a>) -> Option<&'a SecretFacts> {
    let fitting = secrets.unnamed.iter().find(|secret| secrets.fits(secret)).copied();
    fitting.filter(|_| secrets.sent().is_empty())
}
