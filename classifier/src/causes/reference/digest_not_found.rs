//! What is named by digest is not there: the pinned image, a child of the index, or a blob.

use crate::cause::*;
use crate::causes::remedies;
use crate::observations::{Asked, Failure};

const BY_DIGEST: Condition = that("what is missing is named by digest", by_digest);

pub(super) const CAUSE: Cause = Cause {
    id: "digest-not-found",
    area: Area::Reference,
    title: "The registry has nothing with this digest",
    outlook: Outlook::Final,
    signs: &[
        // the same words as for a missing tag; see there for the programs
        certain(&[says("failed to resolve reference {frame}: {reference}: not found"), BY_DIGEST]),
        certain(&[says("failed to resolve image: {reference}: not found"), BY_DIGEST]),
        certain(&[says("failed to resolve reference {frame}: {reference} not found"), BY_DIGEST]),
        certain(&[says("no available registry endpoint: {reference} not found"), BY_DIGEST]),
        certain(&[says("failed to resolve image {frame}: {reference} not found"), BY_DIGEST]),
        certain(&[says("failed to resolve reference {reference}: not found"), BY_DIGEST]),
        certain(&[says("failed to resolve ref {frame}: {reference}: not found"), BY_DIGEST]),
        certain(&[says("failed to resolve ref {reference}: not found"), BY_DIGEST]),
        certain(&[says("failed to resolve source metadata for {frame}: {reference}: not found"), BY_DIGEST]),
        certain(&[says("failed to create LLB definition: {reference}: not found"), BY_DIGEST]),
        certain(&[says("failed to solve: {frame}: {reference}: not found"), BY_DIGEST]),
        certain(&[says("failed to solve: {reference}: not found"), BY_DIGEST]),
        likely(&[says("image {frame}: {reference}: not found$"), BY_DIGEST]),
        certain(&[code("MANIFEST_UNKNOWN"), BY_DIGEST]),
        certain(&[says("reading manifest {digest} in {repository}: manifest unknown"), BY_DIGEST]),
        certain(&[says("error from registry: manifest unknown"), BY_DIGEST]),
        certain(&[says("manifest for {reference} not found"), BY_DIGEST]),
        certain(&[says("image manifest does not exist for tag or digest"), BY_DIGEST]),
        certain(&[says("Requested image not found"), BY_DIGEST]),
        certain(&[says("not exist within the repository with name {repository}"), BY_DIGEST]),
        certain(&[says("The named manifest is not known to the registry"), BY_DIGEST]),
        // Harbor, pkg/artifact/dao
        certain(&[says("artifact {reference} not found"), BY_DIGEST]),
        likely(&[that("the registry has no such manifest", manifest_404), status(&[404]), BY_DIGEST]),
        // containerd, resolver.go, fetcher.go: the tag was found, a child manifest or a blob was not
        certain(&[says("content at {url} not found: not found")]),
        certain(&[says("could not fetch content descriptor {digest} ({kind}) from remote: not found")]),
        certain(&[says("could not fetch content {digest} from remote: not found")]),
        // distribution, errcode: BLOB_UNKNOWN, MANIFEST_BLOB_UNKNOWN; "unknown blob" is docker's older wording of it
        certain(&[code("BLOB_UNKNOWN")]),
        certain(&[code("MANIFEST_BLOB_UNKNOWN")]),
        certain(&[says("blob unknown to registry")]),
        certain(&[says("fetching blob: blob unknown")]),
        certain(&[says("unknown blob")]),
        likely(&[that("the registry has no such blob", blob_404), status(&[404])]),
    ],
    settles: &[],
    refines: &[],
    meaning: "Network, registry and access are fine as far as they were used: the registry answered, and what it was asked for by digest \
is not there.

Where the pod pins the image (`name@sha256:…`), that very image was deleted, untagged and cleaned up, or never pushed to this repository; a tag \
of the same name can still exist, with another digest. A tag beside the digest is ignored.

Where the pod names a tag, the tag exists, but it is the table of contents of something that is gone: the image for this platform, or \
one of its layers. That is damage in the registry: a clean-up that deleted children, a garbage collection during a push, or a mirror that was \
copied in part.",
    not_this: "A missing tag is tag-not-found. Content that arrives and has the wrong digest is image-corrupted. Content missing on the node itself \
(`content digest …: not found`) is unpack-failed.",
    fixes: &[
        Fix {
            title: "Pin a digest that exists, or name a tag",
            who: Who::Author,
            steps: &[
                "Ask the registry which digest the tag has today, and compare it with {digest}.",
                "A digest belongs to one repository: the same image pushed elsewhere, or compressed anew, has another digest.",
            ],
            checks: &[
                reads("crane digest {repository}[:{tag}]"),
                reads("skopeo inspect --raw docker://{repository}[:{tag}]"),
            ],
            commands: &[remedies::CHANGE_IMAGE],
            warnings: remedies::CHANGE_IMAGE_WARNINGS,
            ..FIX
        },
        Fix {
            title: "Push the image again, whole",
            who: Who::RegistryOwner,
            steps: &[
                "Push {image} again from where it was built, or copy it whole from another registry, with all platforms: `crane copy` or \
`skopeo copy --all`. A push skips layers that the registry believes to have: restart a distribution registry after its garbage collection, or \
its cache answers wrongly.",
                "Change the rule that deleted it: retention rules must keep untagged children of tagged indexes, and digests that are still in use.",
                "If a mirror or pull-through cache stands in between, delete its copy, so that it fetches the image anew.",
            ],
            checks: &[reads("crane validate --remote {image}")],
            ..FIX
        },
    ],
    see_also: &["tag-not-found", "image-corrupted", "platform-not-available"],
    links: &["https://kubernetes.io/docs/concepts/containers/images/#image-names"],
};

fn by_digest(failure: &Failure<'_>) -> bool {
    failure.misses_digest()
}

fn manifest_404(failure: &Failure<'_>) -> bool {
    failure.answered(Asked::Manifest, &[404]) && !failure.mentions("StatusCode:") && !failure.mentions("response body")
}

fn blob_404(failure: &Failure<'_>) -> bool {
    failure.answered(Asked::Blob, &[404])
}
