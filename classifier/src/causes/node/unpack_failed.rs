//! The layers arrived and could not be laid out on the node's disk.

use super::ON_ANOTHER_NODE;
use crate::cause::*;
use crate::causes::remedies;
use crate::observations::Failure;

pub(super) const CAUSE: Cause = Cause {
    id: "unpack-failed",
    area: Area::Node,
    title: "The node could not unpack the image",
    outlook: Outlook::Depends,
    signs: &[
        // User namespaces (rootless, kind in podman, sysbox): an owner that is not mapped.
        // containerd, pkg/archive/tar.go
        certain(&[says("failed to Lchown {path} for UID")]),
        // moby, pkg/idtools
        certain(&[says("cannot be mapped to a host ID")]),
        // containers/storage, pkg/idtools and userns.go
        certain(&[says("insufficient UIDs or GIDs available in the user namespace")]),
        certain(&[says("insufficient UIDs or GIDs available in user namespace")]),
        certain(&[says("might not be enough IDs available in the namespace")]),
        certain(&[says("not enough unused IDs in user namespace")]),
        certain(&[says("lchown * invalid argument")]),
        certain(&[says("lchown * operation not permitted")]),
        // Windows: hcsshim and moby's windowsfilter
        certain(&[says("hcsshim::ImportLayer")]),
        certain(&[says("hcsshim::ProcessBaseLayer")]),
        certain(&[says("hcsshim::ProcessUtilityVMImage")]),
        certain(&[says("failed to register layer: re-exec error")]),
        // moby, pkg/chrootarchive, up to 1.13 without a frame around it
        likely(&[says("untar re-exec error")]),
        certain(&[says("ProcessBaseLayer {path}")]),
        certain(&[says("ProcessUtilityVMImage {path}")]),
        // containerd, core/unpack/unpacker.go: snapshots out of step with what is on the disk
        certain(&[says("failed to prepare extraction snapshot")]),
        certain(&[says("unable to prepare extraction snapshot")]),
        certain(&[says("failed to stat snapshot")]),
        certain(&[says("failed to commit snapshot")]),
        certain(&[says("missing parent {key} bucket: not found")]),
        certain(&[says("parent snapshot {digest} does not exist")]),
        certain(&[says("target snapshot {digest}: already exists")]),
        // containerd, core/metadata/content.go and core/diff/apply: a layer is gone from the node's own store
        certain(&[says("failed to get reader from content store")]),
        certain(&[says("content digest {digest}: not found")]),
        // containerd: no such snapshotter, or its socket is dead (stargz, soci, nydus, overlaybd)
        certain(&[says("snapshotter not loaded")]),
        certain(&[says("can not find snapshotter")]),
        certain(&[says("unable to resolve snapshotter")]),
        certain(&[says("unable to initialize unpacker")]),
        certain(&[says("no unpack platforms defined")]),
        certain(&[says("dial unix {socket}: connect: connection refused"), that("the socket is a snapshotter's", super::speaks_of_snapshotter)]),
        certain(&[says("dial unix {socket}: connect: no such file or directory"), that("the socket is a snapshotter's", super::speaks_of_snapshotter)]),
        // containerd, core/mount; moby and containers/storage, overlay drivers
        certain(&[says("mount callback failed on")]),
        certain(&[says("fstype: overlay, flags:")]),
        certain(&[says("fstype: bind, flags:")]),
        certain(&[says("creating overlay mount to")]),
        certain(&[says("failed to register layer: max depth exceeded")]),
        likely(&[says("max depth exceeded")]),
        likely(&[says("failed to mount {path}:")]),
        likely(&[says("failed to unmount {path}:")]),
        // containerd, pkg/archive/tar.go; moby and containers/storage, pkg/archive
        // a hard link whose target no layer has (link(2)): the content is what the digest says, so it was made so
        certain(&[says("failed to extract layer"), says("link {target} {bad_entry} no such file or directory")]),
        certain(&[says("unpacking failed (error:"), says("link {target} {bad_entry} no such file or directory")]),
        certain(&[says("failed to convert whiteout file")]),
        certain(&[says("unhandled tar header {bad_entry}")]),
        certain(&[says("failed to setxattr")]),
        certain(&[says("cannot overwrite directory * with non-directory")]),
        certain(&[says("cannot overwrite non-directory * with directory")]),
        // moby, layer/layer.go and daemon: the store lost a layer
        certain(&[says("layer does not exist")]),
        certain(&[says("/var/lib/docker/tmp/{file}: no such file or directory")]),
        certain(&[says("readlink /var/lib/docker/overlay2"), that("the image is being pulled", not_inspect)]),
        // the disk itself: EROFS, EIO, EUCLEAN
        likely(&[says("read-only file system")]),
        likely(&[says("input/output error")]),
        likely(&[says("structure needs cleaning")]),
        // frames: what is inside them and known to nobody else
        likely(&[says("failed to register layer:")]),
        likely(&[says("failed to extract layer {digest}:")]),
        likely(&[says("failed to extract layer (* to {snapshotter} as")]),
        likely(&[says("apply layer error for")]),
        likely(&[says("ApplyLayer exit status")]),
        likely(&[says("ApplyLayer stdout:")]),
        likely(&[says("error processing tar file(")]),
        likely(&[says("processing tar file(")]),
        likely(&[says("unpacking failed (error:")]),
        likely(&[says("adding layer with blob")]),
        likely(&[says("committing the finished image:")]),
        likely(&[says("creating layer with ID")]),
        // containerd CRI, image_pull.go: after the download. `get image config descriptor` is no such frame: LAB.md, 5.1, 5.2.
        likely(&[says("failed to create image reference")]),
        likely(&[says("failed to update image store")]),
        likely(&[says("from containerd image store")]),
        possible(&[says("failed to unpack image on snapshotter"), that("the image is of a kind that can be unpacked", an_image)]),
        possible(&[says("failed to copy: write /")]),
        possible(&[says("storing blob to file {file}: open")]),
        possible(&[says("storing blob to file {file}: write")]),
    ],
    settles: &[],
    refines: &[],
    meaning: "The registry and the access to it are fine: the layers were downloaded. The node could not turn them into files.

The last words of the message are the operating system's. `Lchown … invalid argument` and `cannot be mapped` mean a user \
namespace (rootless, kind under podman, sysbox) that is smaller than the numeric owners in the image. `missing parent bucket`, \
`parent snapshot does not exist`, `layer does not exist` and `content digest … not found` mean that the runtime's books and its \
disk disagree, mostly after a crash, a full disk or hand-made deletions. `operation not permitted` and `permission denied` come \
from a security module, a virus scanner or a runtime in a container. `read-only file system` and `input/output error` are a \
failing disk. On Windows the layer needs another build of the host.

If all nodes fail alike, the image is the suspect (a hard link to a missing file, more than 127 layers); if one node does, \
its disk is.",
    not_this: "`no space left on device` is node-disk-full. A wrong digest, a bad gzip or tar header is image-corrupted. Helm charts and \
other artifacts are unsupported-image-format. `exec format error` comes after a good pull.",
    fixes: &[
        Fix {
            title: "Build the image anew, and use that",
            known: &["bad_entry"],
            steps: &[
                "The layer arrived as it was pushed, and every node fails at the same place of it: the image itself is at fault. \
Build it again, without squashing or rewriting layers, and push it under a new tag. Then set NEW_IMAGE to its full name.",
            ],
            checks: &[reads("crane export {image} - | tar -tvf - | sort -k2 | tail")],
            commands: &[remedies::CHANGE_IMAGE],
            warnings: remedies::CHANGE_IMAGE_WARNINGS,
            ..FIX
        },
        Fix {
            title: "Repair the runtime's store on that node",
            who: Who::NodeAdmin,
            only: &[Place::Runtime(Runtime::Containerd)],
            steps: &[
                "`crictl rmi {image}` and let it pull again. For `content digest … not found`: `ctr -n k8s.io content rm` that digest first; \
`discard_unpacked_layers = true` together with a second snapshotter causes it too.",
                "If snapshots are missing: drain the node, `systemctl stop kubelet containerd`, move /var/lib/containerd away, start both \
again. The node pulls its images anew.",
                "A remote snapshotter (stargz, soci, nydus): `systemctl status` it, and `ctr plugins ls | grep snapshotter`.",
                "`read-only file system`, `input/output error`: look at `dmesg` and replace the disk or the node.",
            ],
            checks: &[reads("kubectl describe node {node}")],
            warnings: &["Without /var/lib/containerd all containers of the node are gone: drain first."],
            ..FIX
        },
        Fix {
            title: "Repair the runtime's store on that node",
            who: Who::NodeAdmin,
            only: &[Place::Runtime(Runtime::Crio)],
            steps: &[
                "`crictl rmi {image}` and let it pull again.",
                "`insufficient UIDs or GIDs`: give the user more subordinate ids in /etc/subuid and /etc/subgid, then `podman system migrate`.",
                "If layers are missing: drain the node, `systemctl stop kubelet crio`, `crio wipe -f`, start both again.",
            ],
            checks: &[reads("kubectl describe node {node}")],
            warnings: &["`crio wipe` deletes all images and containers of the node."],
            ..FIX
        },
        Fix {
            title: "Repair the runtime's store on that node",
            who: Who::NodeAdmin,
            only: &[Place::Runtime(Runtime::Docker)],
            steps: &[
                "`docker rmi {image}`, then let it pull again; `systemctl restart docker` if /var/lib/docker/tmp is gone.",
                "If layers are missing: drain the node, stop kubelet and docker, move /var/lib/docker away, start both again.",
                "`error creating overlay mount`, `invalid argument`: the disk's file system must give file types (`xfs_info` shows \
ftype=1), and Docker in Docker needs a volume at /var/lib/docker.",
                "Windows: the image's build must fit the host's; see `docker version` and the image's os.version.",
            ],
            checks: &[reads("kubectl describe node {node}")],
            warnings: &["Without /var/lib/docker all containers and images of the node are gone: drain first."],
            ..FIX
        },
        Fix {
            title: "Repair the node",
            who: Who::NodeAdmin,
            steps: &[
                "See whether other nodes pull the image. If only this one fails, remove what it has of the image (`crictl rmi {image}`), \
look at `dmesg` for disk errors, and replace the node if they are there.",
                "`Lchown`, `cannot be mapped`, `insufficient UIDs`: larger ranges in /etc/subuid and /etc/subgid (65536 at least), then \
restart the rootless runtime.",
            ],
            checks: &[reads("kubectl describe node {node}"), reads("kubectl get pods -A -o wide --field-selector spec.nodeName={node}")],
            ..FIX
        },
        ON_ANOTHER_NODE,
        Fix {
            title: "Build the image another way, and use that",
            steps: &[
                "Where every node fails: build it again with BuildKit and few layers, with numeric owners below 65536, without devices and \
exotic extended attributes; or flatten it with `crane flatten`. Then set NEW_IMAGE to its full name.",
            ],
            checks: &[reads("crane export {image} - | tar -tvf - | sort -k2 | tail")],
            commands: &[remedies::CHANGE_IMAGE],
            warnings: remedies::CHANGE_IMAGE_WARNINGS,
            ..FIX
        },
    ],
    see_also: &["image-corrupted", "node-disk-full", "unsupported-image-format", "runtime-unavailable"],
    links: &[
        "https://github.com/containerd/containerd/blob/main/docs/snapshotters/README.md",
        "https://learn.microsoft.com/en-us/virtualization/windowscontainers/deploy-containers/version-compatibility",
    ],
};

/// Under the same frame containerd says that there is no image of this kind, or for this platform.
fn an_image(failure: &Failure<'_>) -> bool {
    !["media type", "rootfs", "platform", "diffID"].iter().any(|words| failure.message.masked.contains(words))
}

/// The same words about an image that is only looked up are image-inspect-failed.
fn not_inspect(failure: &Failure<'_>) -> bool {
    !matches!(failure.message.reason.as_deref(), Some("ImageInspectError" | "InspectFailed"))
        && !failure.message.masked.contains("inspect image")
}
