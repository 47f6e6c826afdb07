//! The node has no room for the image: bytes, inodes, a quota, or the kubelet's own line for "too full".

use super::ON_ANOTHER_NODE;
use crate::cause::*;
use crate::observations::Failure;

pub(super) const CAUSE: Cause = Cause {
    id: "node-disk-full",
    area: Area::Node,
    title: "The node has no disk space left for the image",
    outlook: Outlook::Depends,
    signs: &[
        // ENOSPC, Linux. containerd `write …/ingest/<id>/data:`, CRI-O `storing blob to file "/var/tmp/…":`, docker
        // `failed to register layer: … write /x:`; bytes, inodes and project quotas all say it.
        certain(&[says("no space left on device"), that("it is the node's disk", of_the_node)]),
        // EDQUOT, the same places
        certain(&[says("disk quota exceeded"), that("it is the node's disk", of_the_node)]),
        // ERROR_DISK_FULL, Windows nodes
        certain(&[says("not enough space on the disk")]),
        // moby, daemon/graphdriver/devmapper/deviceset.go, poolHasFreeSpace; 1.9 to 24
        certain(&[says("thin pool has {count} free data blocks which is less than minimum required")]),
        certain(&[says("thin pool has {count} free metadata blocks which is less than minimum required")]),
        // k8s, pkg/kubelet/images/image_gc_manager.go: events FreeDiskSpaceFailed, ImageGCFailed; wording up to 1.33, and of 1.36
        possible(&[beside("failed to garbage collect required amount of images")]),
        possible(&[beside("insufficient free disk space on the node's image filesystem")]),
    ],
    settles: &[],
    refines: &["unpack-failed", "back-off-only", "unknown-pull-failure"],
    meaning: "The image, its name and the registry are fine: the download began, and the node could not write it down.

The same words stand for three shortages: bytes, inodes (many small files, `df -i`), and a quota on the directory. The path in \
the message tells which file system it is: the content store keeps the compressed layers, the snapshotter's or overlay \
directory the unpacked ones, /var/tmp or docker/tmp the download itself. An image needs room for both, often three times \
its size in the registry.

The kubelet deletes unused images when the disk is 85 % full (`imageGCHighThresholdPercent`) and evicts pods when less than \
15 % of the image file system or 10 % of the node's is free. Then the node carries the condition DiskPressure and gets no \
new pods. Waiting helps only if that clean-up frees enough.",
    not_this: "A read-only file system or an input/output error is a broken disk: unpack-failed. A pod that was evicted for disk \
pressure after its image had been pulled is no pull failure. A registry that is itself full answers with a 5xx: \
registry-server-error.",
    fixes: &[
        Fix {
            title: "Make room on the disk of your machine's Docker: the node lives there",
            only: &[Place::Cluster(Cluster::Kind), Place::Cluster(Cluster::K3d), Place::Cluster(Cluster::DockerDesktop)],
            steps: &[
                "The node is a container or a virtual machine of Docker. `docker system df` shows what fills its disk.",
                "`docker system prune` (and `docker builder prune`) removes what nothing uses; images inside of the node go with \
`docker exec {node} crictl rmi --prune`.",
                "With Docker Desktop, raise Settings, Resources, Virtual disk limit.",
            ],
            checks: &[reads("docker system df"), reads("docker exec {node} df -h /var")],
            warnings: &["`docker system prune` deletes stopped containers and unused images of your machine, not only those of the cluster."],
            ..FIX
        },
        Fix {
            title: "Make room in minikube",
            only: &[Place::Cluster(Cluster::Minikube)],
            steps: &[
                "`minikube ssh -- docker system prune` (or `minikube ssh -- sudo crictl rmi --prune`) removes unused images.",
                "A new cluster with a larger disk: `minikube delete`, then `minikube start --disk-size=40g`.",
            ],
            checks: &[reads("minikube ssh -- df -h /var")],
            warnings: &["`minikube delete` deletes everything in the cluster."],
            ..FIX
        },
        Fix {
            title: "Free or enlarge the node's disk",
            who: Who::NodeAdmin,
            steps: &[
                "On the node, see which file system of the path in the message is full: `df -h` for bytes, `df -i` for inodes.",
                "containerd and CRI-O: `crictl rmi --prune` removes images that no container uses. Docker: `docker system prune`.",
                "Look for logs and forgotten data: `du -xh --max-depth=2 /var | sort -h | tail -20`; `journalctl --vacuum-size=500M`.",
                "If it comes back, give the nodes larger disks (EKS: volume size of the launch template; GKE: boot disk size of the \
node pool; AKS: OS disk size of the node pool), or lower imageGCHighThresholdPercent in the kubelet's configuration, so that \
it cleans up earlier.",
                "Nothing more is needed: the kubelet tries the pull again by itself.",
            ],
            checks: &[
                reads("kubectl describe node {node}"),
                reads("kubectl get --raw /api/v1/nodes/{node}/proxy/stats/summary"),
                reads("kubectl get events -A --field-selector reason=FreeDiskSpaceFailed"),
            ],
            ..FIX
        },
        ON_ANOTHER_NODE,
        Fix {
            title: "Make the image smaller",
            steps: &[
                "Build in stages and copy only the result into the last one; start from a slim base; merge a layer that adds files \
with the one that deletes them.",
            ],
            checks: &[reads("crane manifest --platform linux/{arch} {image}")],
            ..FIX
        },
    ],
    see_also: &["unpack-failed", "image-corrupted", "pull-timed-out"],
    links: &[
        "https://kubernetes.io/docs/concepts/architecture/garbage-collection/#container-image-garbage-collection",
        "https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/",
    ],
};

/// The kernel says the same of cgroups, keys and watches when a container starts, and a registry of its own disk.
fn of_the_node(failure: &Failure<'_>) -> bool {
    let message = failure.message;
    !["/sys/fs/cgroup", "session keyring", "inotify"].iter().any(|words| message.masked.contains(words))
        && !message.answers.iter().any(|answer| answer.status >= 500)
}
