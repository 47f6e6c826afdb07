//! The text shows that the pull fails, and not why.

use crate::cause::*;
use crate::causes::remedies;

pub(super) const CAUSE: Cause = Cause {
    id: "back-off-only",
    area: Area::Other,
    title: "The pull fails, and the text does not say why",
    outlook: Outlook::Depends,
    signs: &[
        // k8s, pkg/kubelet/images/image_manager.go: `Back-off pulling image "…"`, `Error: ErrImagePull`, `Error: ImagePullBackOff`;
        // the STATUS column of `kubectl get pods`; the waiting reason. None of them ever holds a cause.
        certain(&[that("no record tells why", |failure| failure.attempt.is_none())]),
    ],
    settles: &[],
    refines: &[],
    meaning: "Nothing in this text is at fault or free of it: ErrImagePull and ImagePullBackOff only say that a pull failed, and that the kubelet \
waits before it tries again (10 s at first, five minutes at most). The reason stands in another line, `Failed to pull image …`, \
and that line is not here.

Events live for one hour. `kubectl describe pods` of more than one pod prints none unless asked. A table of pods (`kubectl get \
pods`) never has them. Up to Kubernetes 1.31 the status of a waiting container says no more than the back-off; from 1.32 on it \
keeps the reason of the last attempt.

If many things fail at once, look for a circle: an admission webhook (cert-manager's, Kyverno's, a service mesh's injector) \
whose own pod waits for its image refuses every other pod meanwhile. The webhook's image comes first.",
    not_this: "`Back-off restarting failed container` is a crash loop: the image was pulled (not-a-pull-failure).",
    fixes: &[
        Fix {
            title: "Show the line that says why",
            steps: &[
                "Look for `Failed to pull image` in the events, and paste that.",
                "If the events are gone, the next attempt writes them anew, at most five minutes after the last.",
                "Where nobody looks at the cluster: the kubelet's log on {node} has it too (`journalctl -u kubelet | grep -i 'pull'`).",
            ],
            checks: &[
                reads("kubectl describe pod {pod}[ -n {namespace}] --show-events=true"),
                reads("kubectl get events[ -n {namespace}] --field-selector involvedObject.name={pod} --sort-by=.lastTimestamp"),
                reads("kubectl get pod {pod}[ -n {namespace}] -o jsonpath='{{.status.containerStatuses[[*]].state.waiting.message}}{{\"\\n\"}}'"),
            ],
            ..FIX
        },
        Fix {
            title: "Try again now, and read the new event",
            steps: &["A new pod does not wait for the back-off of the old one."],
            commands: &[remedies::RECREATE],
            ..FIX
        },
        Fix {
            title: "See whether a webhook waits for its own image",
            who: Who::ClusterAdmin,
            steps: &[
                "List all pods that wait for an image. If cert-manager's webhook, or another admission webhook, is among them, heal its image first: \
while it is down, creating and changing objects fails, and so may the repair of others.",
            ],
            checks: &[
                reads("kubectl get pods -A | grep -E 'ImagePull|ErrImage'"),
                reads("kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations"),
            ],
            ..FIX
        },
    ],
    see_also: &["unknown-pull-failure", "not-a-pull-failure"],
    links: &[
        "https://kubernetes.io/docs/concepts/containers/images/#imagepullbackoff",
        "https://cert-manager.io/docs/troubleshooting/webhook/",
    ],
};
