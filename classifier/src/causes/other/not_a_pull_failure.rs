//! Something else failed. Never a finding: a page that explains why nothing was found.

use crate::cause::*;

pub(super) const CAUSE: Cause = Cause {
    id: "not-a-pull-failure",
    area: Area::Other,
    title: "This is not about pulling an image",
    outlook: Outlook::Depends,
    signs: &[],
    settles: &[],
    refines: &[],
    meaning: "The image is fine as far as this text tells: it was pulled, or nobody has tried yet. Something else keeps the pod from running.

- CrashLoopBackOff, `Back-off restarting failed container`, exit codes, OOMKilled: the image was pulled, and the program in it ends. \
`kubectl logs --previous` tells why. `exec format error` there means that the image is built for another processor.
- CreateContainerConfigError, `secret … not found`, `configmap … not found`, `couldn't find key`: a secret or ConfigMap that the \
container reads. It has nothing to do with pull secrets.
- CreateContainerError, RunContainerError, `OCI runtime create failed`, `no command specified`: the container could not be made or \
started. With `no command specified` or `image not known` the image may be a Helm chart or another artifact.
- FailedScheduling, `Insufficient cpu`, taints: no node was found, so nothing was pulled.
- FailedMount, FailedAttachVolume: a volume. FailedCreatePodSandBox without a word about an image: the network plug-in.
- FailedCreate, `exceeded quota`, `violates PodSecurity`, `failed calling webhook`: the pod was never made.
- Evicted: the node took the pod away, mostly for want of disk or memory.
- Successfully pulled image, `already present on machine`: the pull is done. Pulling image, and nothing after it: it is under way.

A webhook that does not answer (`failed calling webhook \"webhook.cert-manager.io\" … connection refused`) may itself wait for its \
image: then the failing pull is in the webhook's namespace, not here.",
    not_this: "ErrImagePull and ImagePullBackOff without any reason are a pull failure, with the cause not in the text: back-off-only.",
    fixes: &[
        Fix {
            title: "Look at what happened after the pull",
            checks: &[
                reads("kubectl describe pod {pod}[ -n {namespace}]"),
                reads("kubectl logs {pod}[ -n {namespace}] --all-containers --previous"),
            ],
            ..FIX
        },
        Fix {
            title: "See whether a webhook waits for its own image",
            who: Who::ClusterAdmin,
            steps: &[
                "`failed calling webhook` names the webhook; its service and pods are in the namespace after the first dot of the address in the \
message (`cert-manager-webhook.cert-manager.svc`). If they wait for an image, look there.",
            ],
            checks: &[reads("kubectl get pods -A | grep -E 'ImagePull|ErrImage'")],
            ..FIX
        },
    ],
    see_also: &["back-off-only", "unknown-pull-failure"],
    links: &[
        "https://kubernetes.io/docs/tasks/debug/debug-application/debug-pods/",
        "https://cert-manager.io/docs/troubleshooting/webhook/",
    ],
};
