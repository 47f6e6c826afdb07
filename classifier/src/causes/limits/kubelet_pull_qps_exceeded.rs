//! The kubelet's own limit on how often it asks the runtime to pull.

use crate::cause::*;

pub(super) const CAUSE: Cause = Cause {
    id: "kubelet-pull-qps-exceeded",
    area: Area::Limits,
    title: "The kubelet held the pull back: its own limit of pulls per second",
    outlook: Outlook::Transient,
    signs: &[
        // kubelet, pkg/kubelet/images/helpers.go throttledImageService
        certain(&[says("pull QPS exceeded")]),
    ],
    settles: &[],
    refines: &[],
    meaning: "Neither the image nor the registry has anything to do with it, and the registry was not even asked: the \
kubelet on this node starts a limited number of pulls a second, and \
many were wanted at once.

It heals by itself: the pull is tried again after the back-off. It shows after a node has started or a large rollout \
has put many pods on one node. The settings are registryPullQPS (5 a second where nothing is set) and \
registryBurst (10).",
    not_this: "A limit of the registry (429, toomanyrequests) is registry-rate-limited.",
    fixes: &[
        Fix {
            title: "Wait: the kubelet tries again by itself",
            steps: &[
                "The wait doubles with each failure, up to five minutes. If it goes away, nothing has to be done.",
            ],
            ..FIX
        },
        Fix {
            title: "Raise the limit on the nodes",
            who: Who::NodeAdmin,
            steps: &[
                "In the kubelet's configuration (often /var/lib/kubelet/config.yaml) set `registryPullQPS: 20` and \
`registryBurst: 40`; 0 for registryPullQPS takes the limit away. Then restart the kubelet.",
                "Managed clusters have their own place for it: the EKS bootstrap or nodeadm configuration, AKS and GKE \
node system configuration, a KubeletConfig on OpenShift.",
            ],
            ..FIX
        },
        Fix {
            title: "Start fewer pods of one node at once",
            steps: &[
                "Spread the pods (topologySpreadConstraints), let jobs and rollouts begin with fewer (parallelism, \
maxSurge), and use pull policy IfNotPresent with fixed tags: an image that is on the node is not pulled.",
            ],
            ..FIX
        },
    ],
    see_also: &["registry-rate-limited", "back-off-only"],
    links: &["https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/"],
};
