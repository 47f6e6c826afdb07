//! What arrived, or what the node keeps, is not what its digest says.

use super::ON_ANOTHER_NODE;
use crate::cause::*;
use crate::causes::remedies;
use crate::observations::Failure;

pub(super) const CAUSE: Cause = Cause {
    id: "image-corrupted",
    area: Area::Node,
    title: "The image's data does not match its digest, or is damaged",
    outlook: Outlook::Depends,
    signs: &[
        // containerd, plugins/content/local/writer.go; `failed commit on ref "layer-sha256:…": `
        certain(&[says("unexpected commit digest")]),
        certain(&[says("unexpected commit size")]),
        // containerd, core/metadata/content.go
        certain(&[says("failed size validation: {got} != {wanted}")]),
        // containerd, core/content/proxy/content_writer.go
        certain(&[says("commit failed: unexpected digest")]),
        // containerd, core/unpack/unpacker.go and rootfs/apply.go; 2.2 names the digest in the middle
        certain(&[says("wrong diff id calculated on extraction")]),
        certain(&[says("wrong diff id {got} calculated on extraction")]),
        // moby, distribution/pull_v2.go
        certain(&[says("filesystem layer verification failed for digest")]),
        certain(&[says("image config verification failed for digest")]),
        certain(&[says("manifest verification failed for digest")]),
        certain(&[says("image verification failed for digest")]),
        certain(&[says("layers from manifest don't match image configuration")]),
        likely(&[says("invalid rootfs in image configuration")]),
        // containers/image: copy/digesting_reader.go, docker/docker_client.go, internal/image, storage/storage_dest.go
        certain(&[says("digest did not match, expected")]),
        certain(&[says("digest mismatch, expected")]),
        certain(&[says("manifest does not match provided manifest digest")]),
        certain(&[says("manifest does not match selected manifest digest")]),
        certain(&[says("download config.json digest * does not match expected")]),
        certain(&[says("blob digest mismatch")]),
        certain(&[says("blob size mismatch")]),
        certain(&[says("does not match config's DiffID")]),
        certain(&[says("uncompressed digest of layer * config claims")]),
        // containers/image, manifest: what came under the tag's name is no JSON, and no page either (that is not-a-registry)
        likely(&[says("initializing image from source * looking for beginning of value"), that("it is not HTML", not_html)]),
        likely(&[says("parse manifest * looking for beginning of value"), that("it is not HTML", not_html)]),
        // containers/storage, types/errors.go: the node's own store
        certain(&[says("layer content incorrect digest")]),
        certain(&[says("layer data item is missing")]),
        certain(&[says("image data item is missing")]),
        likely(&[says("layer not known"), that("it is about a pull or its check", about_store)]),
        possible(&[says("image not known"), that("it is about a pull or its check", about_store)]),
        // containerd, internal/cri/store/image: the image's record is there, its content is not
        likely(&[says("failed to generate image info")]),
        // go-containerregistry, pkg/v1/internal/verify; kaniko, crane, policy controllers
        certain(&[says("error verifying sha256 checksum")]),
        // buildkit and containerd, content copied from a cache
        certain(&[says("failed to verify digest")]),
        // Go's archive/tar, compress/gzip, compress/flate; klauspost/compress/zstd. Under extraction: the bytes are no layer.
        likely(&[says("archive/tar: {bad_header} tar header")]),
        likely(&[says("gzip: {bad_header} header")]),
        likely(&[says("gzip: invalid checksum")]),
        likely(&[says("zlib: invalid")]),
        likely(&[says("flate: corrupt input before offset")]),
        likely(&[says("bzip2 data invalid")]),
        likely(&[says("invalid input: magic number mismatch")]),
        likely(&[says("magic number mismatch")]),
        likely(&[says("invalid magic number")]),
        // pigz and gzip as helpers of docker and containerd (`unpigz: …: corrupted`, `gzip: stdin: …`)
        likely(&[says("crc32 mismatch")]),
        likely(&[says("invalid compressed data")]),
        likely(&[says("unpigz: * corrupted")]),
        // a layer that ends too early while it is unpacked, after its download: docker, containerd
        likely(&[says("failed to register layer: * unexpected EOF")]),
        likely(&[says("failed to extract layer * unexpected EOF")]),
        likely(&[says("untar re-exec error: * unexpected EOF")]),
        likely(&[says("unpacking failed (error: exit status 1; output: unexpected EOF)")]),
        // distribution, registry/api/errcode
        certain(&[code("MANIFEST_UNVERIFIED")]),
        certain(&[says("manifest failed signature verification")]),
        likely(&[code("DIGEST_INVALID")]),
        likely(&[says("provided digest did not match uploaded content")]),
    ],
    settles: &[],
    refines: &["unpack-failed", "connection-interrupted", "image-inspect-failed"],
    meaning: "The name of the image and the access to it are fine: something was delivered under that name. Its bytes are not \
those that the digest promises, so the runtime throws them away, as it must.

On the way, a proxy, a mirror or a pull-through cache may keep a broken or shortened copy, or put an error page in its place \
(a digest that begins with sha256:e3b0c442 is that of nothing at all). At the source, an interrupted push or a failing store \
can leave a damaged blob; then every node fails alike. On the node, a crash or a full disk can damage what was already \
there; then only that node fails.

A header or a checksum that gzip, zstd or tar does not accept means the same, or, with an old runtime, a compression that \
it does not know (zstd needs containerd 1.5, Docker 23, CRI-O 1.20).",
    not_this: "A download that ends too early is connection-interrupted. A digest that the registry does not have is \
digest-not-found. A manifest of an unknown kind is unsupported-image-format. Files that the node refuses to write are \
unpack-failed.",
    fixes: &[
        // The digest is compared before anything is unpacked, so the layer was pushed like this.
        Fix { known: &["bad_header"], ..BUILD_ANEW },
        Fix {
            title: "Find where the bytes go wrong, and clear that copy",
            who: Who::RegistryOwner,
            steps: &[
                "Check the image at the registry itself: `crane validate --remote` downloads every layer and compares the digests.",
                "If it passes, the damage is on the way or on the node. Delete the image from the mirror or pull-through cache that the \
nodes use (certs.d, registries.yaml, registries.conf), and exempt the registry from proxies that rewrite or cache downloads.",
                "If it fails, delete the image at the registry and push it again, as below.",
                "The kubelet tries again by itself, at most five minutes later.",
            ],
            checks: &[reads("crane validate --remote {image}"), reads("crane manifest {image}")],
            ..FIX
        },
        BUILD_ANEW,
        Fix {
            title: "Clear what the node keeps of the image",
            who: Who::NodeAdmin,
            only: &[Place::Runtime(Runtime::Crio)],
            steps: &[
                "`crictl rmi {image}` first; `podman system check --repair` with a recent podman.",
                "If the store itself is damaged (`layer not known`, `image not known`): drain the node, `systemctl stop kubelet crio`, `crio \
wipe -f`, start both again.",
            ],
            warnings: &["`crio wipe` deletes all images and containers of the node."],
            ..FIX
        },
        Fix {
            title: "Clear what the node keeps of the image",
            who: Who::NodeAdmin,
            steps: &[
                "If only one node fails: `crictl rmi {image}` there (Docker: `docker rmi {image}`), and let it pull again.",
                "containerd: `ctr -n k8s.io content ls | grep` the digest of the message, and `ctr -n k8s.io content rm` it.",
                "If it comes back on that node alone, check its disk and memory (`dmesg`, SMART), or replace it.",
            ],
            ..FIX
        },
        ON_ANOTHER_NODE,
    ],
    see_also: &["unpack-failed", "connection-interrupted", "unsupported-image-format", "digest-not-found"],
    links: &[
        "https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests",
        "https://github.com/google/go-containerregistry/blob/main/cmd/crane/doc/crane_validate.md",
    ],
};

const BUILD_ANEW: Fix = Fix {
    title: "Build the image anew, push it under a new tag, and use that",
    steps: &[
        "A new tag goes around every cache. Build without cache and push it, then set NEW_IMAGE to its full name.",
        "If layers \"already exist\" at the registry they are not sent again: delete the old image there first.",
    ],
    commands: &[remedies::CHANGE_IMAGE],
    warnings: remedies::CHANGE_IMAGE_WARNINGS,
    ..FIX
};

fn not_html(failure: &Failure<'_>) -> bool {
    !failure.message.text.as_str().contains("'<'")
}

/// CRI-O says the same of an artifact that it pulled and cannot run (LAB.md, 6.10): then the container is at fault.
fn about_store(failure: &Failure<'_>) -> bool {
    !failure.message.masked.contains("reading image ") && failure.message.reason.as_deref() != Some("CreateContainerError")
}
