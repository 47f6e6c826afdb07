//! The kubelet asked the runtime whether the image is there, and got an error.

use super::ON_ANOTHER_NODE;
use crate::cause::*;

pub(super) const CAUSE: Cause = Cause {
    id: "image-inspect-failed",
    area: Area::Node,
    title: "The runtime could not say whether the node has the image",
    outlook: Outlook::Depends,
    signs: &[
        // k8s, pkg/kubelet/images/types.go, ErrImageInspect: waiting reason, STATUS column, `Error: …`
        likely(&[reason("ImageInspectError")]),
        likely(&[says("ImageInspectError")]),
        // k8s, pkg/kubelet/images/image_manager.go, imagePullPrecheck; 1.32 and later print an empty name
        likely(&[says("failed to inspect image")]),
        // dockershim and cri-dockerd
        likely(&[says("unable to inspect image")]),
    ],
    settles: &[],
    refines: &["back-off-only"],
    meaning: "The registry plays no part in this: the kubelet had not asked it yet. Before a pull it asks the runtime on the node whether the \
image is there already, and the runtime answered with an error.

What stands behind it is the runtime's: a store that is damaged after a crash or a full disk (`readlink \
/var/lib/docker/overlay2: invalid argument`, `layer not known`), a runtime that does not answer within two minutes, or, with \
CRI-O, a short name that it cannot or may not resolve. The kubelet asks again every few seconds, without the growing pauses of \
a failed pull.",
    not_this: "Where the words behind it are clear, that cause is named: short-name-unresolved, runtime-unavailable, \
invalid-image-reference, image-corrupted.",
    fixes: &[
        Fix {
            title: "Repair Docker's store on the node",
            who: Who::NodeAdmin,
            only: &[Place::Runtime(Runtime::Docker)],
            steps: &[
                "`docker image inspect {image}` on the node shows the same error; `docker rmi -f {image}` often heals it.",
                "`readlink /var/lib/docker/overlay2/l: invalid argument`: links were lost in a crash. Drain the node, stop kubelet and docker, \
move /var/lib/docker away, start both again.",
            ],
            warnings: &["Without /var/lib/docker all containers and images of the node are gone: drain first."],
            ..FIX
        },
        Fix {
            title: "Ask the runtime what is wrong with the image",
            who: Who::NodeAdmin,
            steps: &[
                "On {node}: `crictl inspecti {image}` gives the same error without the kubelet; `journalctl -u containerd -u crio -e` tells more.",
                "`crictl rmi {image}` and a fresh pull heal a damaged copy. If `crictl images` hangs, restart the runtime, and look at the \
load of the disk.",
                "With CRI-O, write the full name in the pod (docker.io/library/nginx, not nginx).",
            ],
            checks: &[reads("kubectl describe node {node}"), reads("kubectl describe pod {pod}[ -n {namespace}]")],
            ..FIX
        },
        ON_ANOTHER_NODE,
    ],
    see_also: &["runtime-unavailable", "short-name-unresolved", "image-corrupted", "image-never-pulled"],
    links: &["https://kubernetes.io/docs/concepts/containers/images/", "https://kubernetes.io/docs/tasks/debug/debug-cluster/crictl/"],
};
