//! The registry served something under this name that the runtime cannot use as an image.

use crate::cause::*;
use crate::causes::remedies;
use crate::observations::Failure;

pub(super) const CAUSE: Cause = Cause {
    id: "unsupported-image-format",
    area: Area::Reference,
    title: "What stands under this name is not an image that the runtime can use",
    outlook: Outlook::Final,
    signs: &[
        // schema 1. containerd 2.1, client/pull.go and resolver.go
        certain(&[says("is no longer supported since containerd")]),
        // containerd 2.0 and later, core/transfer/local/pull.go
        certain(&[says("schema 1 image manifests are no longer supported")]),
        // containerd 1.x, remotes/handlers.go, images/image.go, remotes/docker/schema1/converter.go
        certain(&[says("application/vnd.docker.distribution.manifest.v1+prettyjws not supported")]),
        certain(&[says("media-type: schema 1 not supported")]),
        certain(&[says("schema 1 conversion failed")]),
        certain(&[says("invalid schema 1 manifest")]),
        certain(&[says("not support for schema 1 manifests")]),
        certain(&[says("failed to resolve reference {frame}: no signatures$")]),
        likely(&[says(": no signatures$")]),
        certain(&[says("converter: expected schema1 document")]),
        // moby, distribution/errors.go (28 and later; 26 and 27), pull_v2.go
        certain(&[says("manifest version 2, schema 1 support has been removed")]),
        certain(&[says("manifest version 2, schema 1 support is disabled by default")]),
        certain(&[says("unsupported schema version {version}")]),
        certain(&[says("unsupported manifest format")]),
        // libtrust in docker, on schema 1 without a signature
        likely(&[says("missing signature key")]),
        // containers/image, manifest/docker_schema1.go
        certain(&[says("initializing image from source {reference} image ID {id} is invalid")]),
        likely(&[says("image ID {id} is invalid")]),
        // artifacts and media types. containerd, client/image.go and core/unpack: the configuration is not an image's
        certain(&[says("mismatched image rootfs and manifest layers")]),
        likely(&[says("number of layers and diffIDs don't match")]),
        // containerd, core/images/image.go, core/images/mediatypes.go
        certain(&[says("unexpected media type application/{kind} for"), that("it is no web page", not_text)]),
        likely(&[says("unexpected media type for {digest}: not found")]),
        certain(&[says("media-type: expected manifest but found index")]),
        certain(&[says("media-type: expected index but found manifest")]),
        likely(&[says("unrecognised mediatype {kind}")]),
        likely(&[says("could not fetch content descriptor {digest} (application/octet-stream) from remote")]),
        // moby, distribution/errors.go, pull_v2.go; daemon/containerd/image_snapshot.go
        certain(&[says("unsupported media type application/{kind}")]),
        // go-containerregistry, pkg/v1/remote (crane, kaniko, ko)
        certain(&[says("unsupported MediaType: {kind}")]),
        certain(&[says("Encountered remote {kind} when fetching")]),
        // moby 1.13 to 17.05, distribution/pull_v2.go: `target is plugin`, or of a kind that it does not know
        likely(&[says("daemon: target is {kind}$")]),
        certain(&[says("Running AI models directly by the Engine is not supported")]),
        // containers/image, manifest/ and internal/manifest/; CRI-O, podman
        certain(&[says("unsupported image-specific operation on artifact with type")]),
        certain(&[says("invalid mixed OCI image with Docker v2s2 config")]),
        certain(&[says("Unimplemented manifest MIME type")]),
        certain(&[says("Unimplemented manifest list MIME type")]),
        certain(&[says("unsupported docker v2s2 media type")]),
        certain(&[says("unsupported OCIv1 media type")]),
        certain(&[says("Treating manifest lists as individual manifests is not implemented")]),
        certain(&[says("rejecting ambiguous manifest")]),
        // BuildKit, util/imageutil
        certain(&[says("invalid ambiguous manifest and manifest list")]),
        certain(&[says("mediaType in manifest does not match manifest contents")]),
        // distribution, registry/handlers/manifests.go: an OCI image, and a client too old to ask for one
        certain(&[says("accept header does not support OCI")]),
        // layers. containerd, core/diff: a compression that it does not know
        certain(&[says("no processor for media-type")]),
        // encrypted images. ocicrypt, encryption.go; containers/image, copy/encryption.go
        certain(&[says("missing private key needed for decryption")]),
        certain(&[says("no suitable key unwrapper found")]),
        certain(&[says("Necessary DecryptParameters not present")]),
        likely(&[says("decrypting layer {digest}")]),
        // size. containerd, resolver.go; CRI-O, containers/image
        certain(&[says("rejecting {size} byte manifest for")]),
        likely(&[says("exceeded maximum allowed size of {size} bytes")]),
        // containerd, remotes/handlers.go: the server did not say how long it is
        possible(&[says("which reports content size of zero")]),
    ],
    settles: &[],
    refines: &["tag-not-found", "digest-not-found"],
    meaning: "Name, network and access are fine: the registry served what stands under this name. The container runtime cannot make a root file \
system of it.

Either it is no image at all: a Helm chart, a signature, an SBOM, a model or a plugin, all of which live in registries too, often right \
beside the image. Or it is an image in a format that this runtime does not know: Docker's schema 1 from before 2017, which containerd \
2.1 and Docker 28 have dropped; a compression (zstd) or manifest newer than the runtime; an encrypted image without a key on the node; a \
manifest larger than four megabytes. Or the registry, or a copy between registries, lost the media type.",
    not_this: "A web page in place of a manifest is not-a-registry. An image in a good format for another processor is platform-not-available. \
Content that is damaged is image-corrupted.",
    fixes: &[
        Fix {
            title: "Name the image and not its chart or signature",
            who: Who::Author,
            steps: &[
                "Look what stands there: `config.mediaType` of an image is application/vnd.docker.container.image.v1+json or \
application/vnd.oci.image.config.v1+json; a Helm chart has vnd.cncf.helm, a signature vnd.dev.cosign or a layer of simplesigning.",
                "`schemaVersion` 1 means schema 1: use a newer tag of the image.",
            ],
            checks: &[reads("crane manifest {image}"), reads("skopeo inspect --raw docker://{image}")],
            commands: &[remedies::CHANGE_IMAGE],
            warnings: remedies::CHANGE_IMAGE_WARNINGS,
            ..FIX
        },
        Fix {
            title: "Push the image again in a format of today",
            who: Who::RegistryOwner,
            steps: &[
                "Schema 1: pull it with Docker 25 or older, or with skopeo, and push it: `skopeo copy --format v2s2 docker://{image} \
docker://{image}`. Or build it anew.",
                "Old runtimes: build with `--provenance=false` and gzip layers (`docker buildx build --output \
type=image,push=true,compression=gzip,force-compression=true,oci-mediatypes=false`).",
                "If the registry is a proxy or an old version, let it store OCI media types (Artifactory, Nexus and Harbor need an update), and \
delete its copy.",
            ],
            ..FIX
        },
        Fix {
            title: "Bring the runtime of the node up to date, or give it the key",
            who: Who::NodeAdmin,
            steps: &[
                "zstd layers need containerd 1.5 or later, CRI-O 1.17, Docker 23; OCI indexes need Docker 17.12.",
                "Encrypted images: put the private key into /etc/containerd/ocicrypt/keys (containerd, with imgcrypt's stream processors in its \
config.toml) or /etc/crio/keys (CRI-O), and restart the runtime.",
            ],
            ..FIX
        },
    ],
    see_also: &["not-a-registry", "platform-not-available", "image-corrupted"],
    links: &[
        "https://docs.docker.com/engine/deprecated/#pushing-and-pulling-with-image-manifest-v2-schema-1",
        "https://github.com/opencontainers/image-spec/blob/main/manifest.md",
    ],
};

fn not_text(failure: &Failure<'_>) -> bool {
    !failure.message.masked.contains("media type text/")
}
