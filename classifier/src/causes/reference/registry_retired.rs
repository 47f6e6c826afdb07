//! The registry, or this part of it, was shut down, frozen or moved; the image's name says so, and the registry's answer fits.

use super::retired::{self, Left};
use crate::cause::*;
use crate::causes::remedies;
use crate::observations::Failure;
use crate::read::image_ref::ImageRef;

const GONE: Condition = that("the image's registry or repository was shut down", gone);
const RETIRED: Condition = that("the image's registry or repository was shut down, frozen or moved", retired);
const GCR: Condition = that("the image is at gcr.io", at_gcr);

pub(super) const CAUSE: Cause = Cause {
    id: "registry-retired",
    area: Area::Reference,
    title: "The image's registry or repository was shut down, frozen or moved",
    outlook: Outlook::Final,
    signs: &[
        // gcr.io says it itself since 2025-03-18; docker and CRI-O print the words, containerd the status of its HEAD
        certain(&[says("Container Registry is deprecated and shutting down")]),
        certain(&[GCR, status(&[412])]),
        certain(&[GCR, says("error parsing HTTP 412 response body: invalid character 'C'")]),
        certain(&[GCR, says("StatusCode: 412, *Container Registry is deprecated")]),
        // All others are known by name; the answer is any of those for "not here". Nothing is left: certain.
        certain(&[GONE, says("failed to resolve * {reference}: not found")]),
        certain(&[GONE, says("failed to resolve * {reference} not found")]),
        certain(&[GONE, code("MANIFEST_UNKNOWN")]),
        certain(&[GONE, says("reading manifest {tag} in {repository}: manifest unknown")]),
        certain(&[GONE, code("NAME_UNKNOWN")]),
        certain(&[GONE, says("manifest for {reference} not found")]),
        certain(&[GONE, says("pull access denied")]),
        certain(&[GONE, says("requested access to the resource is denied")]),
        certain(&[GONE, says("insufficient_scope")]),
        certain(&[GONE, code("DENIED")]),
        certain(&[GONE, code("UNAUTHORIZED")]),
        certain(&[GONE, says("not found or deleted")]),
        certain(&[GONE, code("BLOB_UNKNOWN")]),
        certain(&[GONE, says("unknown blob")]),
        likely(&[GONE, says("code = NotFound")]),
        certain(&[GONE, says("no such host")]),
        certain(&[GONE, status(&[401, 403, 404, 410, 412, 502])]),
        certain(&[GONE, says("error parsing HTTP 403 response body")]),
        // Frozen: the tag can also be misspelt.
        likely(&[RETIRED, says("failed to resolve * {reference}: not found")]),
        likely(&[RETIRED, says("failed to resolve * {reference} not found")]),
        likely(&[RETIRED, code("MANIFEST_UNKNOWN")]),
        likely(&[RETIRED, says("reading manifest {tag} in {repository}: manifest unknown")]),
        likely(&[RETIRED, code("NAME_UNKNOWN")]),
        likely(&[RETIRED, says("manifest for {reference} not found")]),
        likely(&[RETIRED, says("pull access denied")]),
        likely(&[RETIRED, says("requested access to the resource is denied")]),
        likely(&[RETIRED, says("access to the requested resource is not authorized")]),
        likely(&[RETIRED, says("insufficient_scope")]),
        likely(&[RETIRED, says("the needed permissions to perform this operation, and you may have invalid credentials")]),
        likely(&[RETIRED, status(&[401, 403, 404, 410, 412])]),
    ],
    settles: &[],
    refines: &[
        "tag-not-found",
        "digest-not-found",
        "repository-not-found",
        "repository-not-found-or-private",
        "not-a-registry",
        "credentials-missing",
        "credentials-rejected",
        "permission-denied",
        "dns-lookup-failed",
        "registry-server-error",
        "unknown-pull-failure",
    ],
    meaning: "Your cluster is not at fault, and nothing changed in it: the place that the image was pulled from is no longer what it was.

A registry that is shut down does not say so. It answers that the tag is missing, asks for a login, or is no longer in the DNS; what tells it \
is the name of the image. Nodes that pulled the image earlier still have it and go on running it, so that it fails on new nodes only, often \
months later.

Known are, among others, k8s.gcr.io (frozen in April 2023), gcr.io (closed in March 2025, except for projects that were carried over to Artifact \
Registry), versioned tags of docker.io/bitnami (moved in August 2025), MinIO at Docker Hub, Tiller, Tekton at gcr.io, and docker.pkg.github.com.",
    not_this: "A retired host that cannot be reached at all (time-outs, refused connections) may be a firewall that has not learned of the new host: \
then the network's cause is named. An image at gcr.io that is not in the list and not found is tag-not-found.",
    fixes: &[
        Fix {
            title: "Use the image at its new place",
            who: Who::Author,
            steps: &["{retired_story}", "When it happened: {retired_since}. Look whether this very tag was carried over: `crane manifest {replacement}`. \
If it was not, set NEW_IMAGE to one that was."],
            checks: &[reads("crane manifest {replacement}"), reads("skopeo inspect docker://{replacement}")],
            // The tag at hand may not have been carried over.
            commands: &[changes("kubectl set image[ -n {namespace}] {set_image} {container}=\"${{NEW_IMAGE:-{replacement}}}\"")],
            warnings: remedies::CHANGE_IMAGE_WARNINGS,
            ..FIX
        },
        Fix {
            title: "Find out where the image lives today",
            who: Who::Author,
            steps: &[
                "{retired_story}",
                "The project's current installation page or chart names its current registry; an old chart or manifest names the old one. \
Update the chart or manifest as a whole if you can: the newer image may need it.",
            ],
            commands: &[remedies::CHANGE_IMAGE],
            warnings: remedies::CHANGE_IMAGE_WARNINGS,
            ..FIX
        },
        Fix {
            title: "Carry your own project at gcr.io over to Artifact Registry",
            who: Who::RegistryOwner,
            only: &[Place::Registry(Registry::Gcr)],
            steps: &[
                "If the project is yours: `gcloud artifacts docker upgrade migrate --projects=PROJECT`. The names at gcr.io then go on \
working, served by Artifact Registry; the nodes need roles/artifactregistry.reader.",
            ],
            ..FIX
        },
        Fix {
            title: "Save the image from a node that still has it",
            who: Who::NodeAdmin,
            steps: &[
                "On a node where it runs: `ctr -n k8s.io images export image.tar {repository}[:{tag}]` (containerd) or `docker save -o image.tar {image}`; then push \
it to a registry of your own. Images without an owner get no security updates.",
            ],
            checks: &[reads("kubectl get nodes -o jsonpath='{{range .items[[*]]}}{{.metadata.name}}{{\" \"}}{{.status.images[[*]].names}}{{\"\\n\"}}{{end}}'")],
            ..FIX
        },
    ],
    see_also: &["tag-not-found", "repository-not-found-or-private", "dns-lookup-failed"],
    links: &[
        "https://kubernetes.io/blog/2023/03/10/image-registry-redirect/",
        "https://cloud.google.com/artifact-registry/docs/transition/prepare-gcr-shutdown",
        "https://github.com/bitnami/containers/issues/83267",
    ],
};

fn retired(failure: &Failure<'_>) -> bool {
    on_image(failure, |image| retired::find(image).is_some())
}

fn gone(failure: &Failure<'_>) -> bool {
    on_image(failure, |image| retired::find(image).is_some_and(|entry| entry.left == Left::Nothing))
}

fn at_gcr(failure: &Failure<'_>) -> bool {
    failure.place.registry == Some(Registry::Gcr)
}

/// Asks about the image of the pod, or else the one that the runtime names.
fn on_image(failure: &Failure<'_>, holds: impl Fn(&ImageRef) -> bool) -> bool {
    match failure.image {
        Some(image) => holds(image),
        None => failure.message.reference.as_deref().and_then(ImageRef::parse).is_some_and(|image| holds(&image)),
    }
}
