//! The pull was given up without a word about the network: a watchdog saw no progress, or a deadline passed.

use crate::cause::*;
use crate::causes::remedies;
use crate::observations::Failure;

pub(super) const CAUSE: Cause = Cause {
    id: "pull-timed-out",
    area: Area::Node,
    title: "The pull made no progress and was given up",
    outlook: Outlook::Depends,
    signs: &[
        // containerd, internal/cri/server/images/image_pull.go, pullProgressReporter (log of containerd); 1.6 and later
        certain(&[says("cancel pulling image * because of no progress in {duration}")]),
        // k8s, pkg/kubelet/dockershim/libdocker and cri-dockerd, kube_docker_client.go; 1.4 said "no progress for"
        certain(&[says("cancel pulling image * because it exceeded image pull deadline")]),
        certain(&[says("cancel pulling image * because of no progress for")]),
        // cri-o, server/image_pull.go (log of CRI-O, pull_progress_timeout)
        certain(&[says("timed out on waiting up to {duration} for image pull progress updates")]),
        // dockershim and cri-dockerd, libdocker: a call to docker's API took over two minutes
        certain(&[says("operation timeout: context deadline exceeded")]),
        // moby, distribution/xfer/download.go
        certain(&[says("download cancelled during retry delay")]),
        certain(&[says("layer registration cancelled")]),
        // nomad, drivers/docker/docker.go
        certain(&[says("image pull aborted due to inactivity")]),
        // containerd 1.6 and later: the watchdog cancels the pull's context; nothing stands between frame and cause
        likely(&[says("context canceled"), that("no address is named", no_network)]),
        // CRI-O with words behind it
        likely(&[says("happened during read: context canceled")]),
        // any: a deadline of the caller. CAUSES.md, rule 13: with a host inside it is the network's.
        likely(&[says("context deadline exceeded"), that("no address is named", no_network)]),
        // grpc-go, when the caller went away
        likely(&[says("stream terminated by RST_STREAM with error code: CANCEL")]),
        // net/http up to Go 1.6 in docker: what the dockershim's watchdog left behind
        likely(&[says("net/http: request canceled$")]),
        // a request with its address, and no more: it was the pull that ended, or the network; see connection-timed-out
        possible(&[says("context canceled$")]),
        possible(&[says("context deadline exceeded$")]),
        // tools that wait for a pull: kubeadm, kind, minikube, CI runners
        possible(&[says("timed out waiting for * image")]),
        possible(&[says("pull timed out")]),
    ],
    settles: &[],
    refines: &["unpack-failed"],
    meaning: "The name of the image and the credentials are fine as far as they were used: somebody on the node stopped waiting \
for the pull.

containerd gives a pull up when not a single byte arrived for `image_pull_progress_timeout` (five minutes, one minute in \
1.7.0), CRI-O after `pull_progress_timeout` (off unless set), dockershim and cri-dockerd after `--image-pull-progress-deadline` \
(one minute). What remains in the event is `context canceled`, or `context deadline exceeded`; the log of the runtime names \
the image and the time. The kubelet itself sets no limit to a pull.

Usual reasons: a proxy, firewall or VPN that lets the download begin and then drops it; a registry or mirror that is slow for \
large layers; a disk so busy that unpacking stands still; many pulls at once. The words are also left by a runtime that is \
restarted, or a pod deleted, in the middle of a pull; then the next attempt succeeds.",
    not_this: "`i/o timeout`, `TLS handshake timeout` and `Client.Timeout exceeded` name an address: connection-timed-out. A runtime \
that stops answering is runtime-unavailable. A download that breaks off with EOF or a reset is connection-interrupted.",
    fixes: &[
        Fix {
            title: "Bring the image into minikube another way",
            only: &[Place::Cluster(Cluster::Minikube)],
            steps: &[
                "Old releases give a pull two minutes (cri-dockerd before 0.2.6): update minikube, then `minikube delete` and \
`minikube start`.",
                "Or pull it where there is no such limit: `minikube image load {image}` (from your machine's Docker), or `minikube ssh \
-- docker pull {image}`. The pod needs imagePullPolicy IfNotPresent to use it.",
            ],
            ..FIX
        },
        Fix {
            title: "Find out where the download stands still",
            who: Who::NodeAdmin,
            steps: &[
                "On the node, pull by hand and watch: `crictl pull {image}` (CRI-O, containerd) or `docker pull {image}`. If a layer \
stops at the same place each time, look at proxies, firewalls and the MTU between node and registry; if all is slow, at the \
disk (`iostat -x 5`) and at how many pulls run at a time.",
                "The runtime's log has the proof: `journalctl -u containerd | grep 'no progress'`; with CRI-O `journalctl -u crio | grep \
'progress'`.",
                "A pull-through cache close to the nodes cures slow and distant registries.",
            ],
            checks: &[
                reads("kubectl get events[ -n {namespace}] --field-selector involvedObject.name={pod}"),
                reads("crane manifest {image}"),
            ],
            ..FIX
        },
        Fix {
            title: "Give containerd more time",
            who: Who::NodeAdmin,
            only: &[Place::Runtime(Runtime::Containerd)],
            steps: &[
                "/etc/containerd/config.toml, version 3 (containerd 2): under `[[plugins.\"io.containerd.cri.v1.images\"]]` set \
`image_pull_progress_timeout = \"15m\"`.",
                "Version 2 (containerd 1.6, 1.7): the same line under `[[plugins.\"io.containerd.grpc.v1.cri\"]]`.",
                "`systemctl restart containerd`. Running containers go on.",
            ],
            ..FIX
        },
        Fix {
            title: "Give CRI-O more time",
            who: Who::NodeAdmin,
            only: &[Place::Runtime(Runtime::Crio)],
            steps: &[
                "Write /etc/crio/crio.conf.d/90-pull.conf with the lines `[[crio.image]]` and `pull_progress_timeout = \"0s\"` (no limit), \
or a longer time.",
                "`systemctl restart crio`.",
            ],
            ..FIX
        },
        Fix {
            title: "Give dockershim or cri-dockerd more time",
            who: Who::NodeAdmin,
            only: &[Place::Runtime(Runtime::Docker)],
            steps: &[
                "Add `--image-pull-progress-deadline=15m` to the arguments of cri-dockerd (its systemd unit), with Kubernetes 1.23 and \
older to those of the kubelet, and restart it.",
            ],
            ..FIX
        },
        Fix {
            title: "Try again at once",
            steps: &[
                "Layers that have arrived are kept by containerd, so each attempt starts further on.",
                "The kubelet tries again by itself, at most five minutes later; a new pod does not wait.",
            ],
            commands: &[remedies::RECREATE],
            ..FIX
        },
        Fix {
            title: "Make the image smaller",
            steps: &["Split layers of several GB, and leave out what the program does not need: a layer is the unit of a download."],
            ..FIX
        },
    ],
    see_also: &["connection-timed-out", "connection-interrupted", "runtime-unavailable", "node-disk-full"],
    links: &[
        "https://github.com/containerd/containerd/blob/main/docs/cri/config.md",
        "https://github.com/cri-o/cri-o/blob/main/docs/crio.conf.5.md",
    ],
};

/// Whether the words are about the pull as a whole, and not about one request.
fn no_network(failure: &Failure<'_>) -> bool {
    let text = &failure.message.masked;
    !["dial tcp", "lookup ", "Client.Timeout", "Get \"", "Head \"", "Post \"", "Get http", "Head http", "awaiting headers", "dial unix"]
        .iter()
        .any(|words| text.contains(words))
}
