//! A pull failed with words that no other cause knows.

use crate::cause::*;
use crate::causes::remedies;

pub(super) const CAUSE: Cause = Cause {
    id: "unknown-pull-failure",
    area: Area::Other,
    title: "The pull fails with an error that is not in the catalogue",
    outlook: Outlook::Depends,
    signs: &[
        // Its evidence is the whole message: whatever else matches stands further inside and comes first.
        possible(&[that("the pull failed", |failure| failure.attempt.is_some())]),
    ],
    settles: &[],
    refines: &[],
    meaning: "Nothing is known to be at fault: the kubelet or the runtime reports a failed pull, and its words fit none of the known causes.

The innermost part, at the end of the message, is usually the telling one; what stands before it are the programs that passed \
it on. The same pull done by hand on the node often says more.",
    not_this: "Where only the back-off is shown, without any error, it is back-off-only.",
    fixes: &[
        Fix {
            title: "Pull by hand on the node, and read the runtime's log",
            who: Who::NodeAdmin,
            steps: &[
                "On {node}: `crictl pull {image}` (Docker: `docker pull {image}`), and while it runs `journalctl -f -u containerd -u crio -u docker \
-u kubelet`.",
                "`pullImage was aborted by a Go panic`, `internal error`: a fault of the runtime itself; look for a newer version.",
                "`failed to record image pull intent`: the kubelet cannot write to /var/lib/kubelet/image_manager on the node: its disk is full, \
read-only, or belongs to somebody else.",
            ],
            checks: &[
                reads("kubectl describe pod {pod}[ -n {namespace}]"),
                reads("kubectl get node {node} -o wide"),
                reads("crane manifest {image}"),
            ],
            ..FIX
        },
        Fix {
            title: "Compare with another image and another node",
            who: Who::ClusterAdmin,
            steps: &[
                "If a well-known image fails on this node too, it is the node or its network. If this image fails on every node, it is the image, the \
registry or the access. A test pod answers both.",
            ],
            checks: &[reads("kubectl get pods -A -o wide --field-selector spec.nodeName={node}")],
            ..FIX
        },
        Fix {
            title: "Try again now",
            steps: &["The kubelet tries again by itself, at most five minutes later; a new pod does not wait."],
            commands: &[remedies::RECREATE],
            ..FIX
        },
    ],
    see_also: &["back-off-only", "not-a-pull-failure", "unpack-failed", "registry-server-error"],
    links: &["https://kubernetes.io/docs/concepts/containers/images/", "https://kubernetes.io/docs/tasks/debug/debug-cluster/crictl/"],
};
