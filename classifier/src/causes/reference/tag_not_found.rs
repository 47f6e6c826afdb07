//! The registry knows the repository (or does not say) and has no such tag.

use super::LOAD_LOCAL;
use crate::cause::*;
use crate::causes::remedies;
use crate::observations::{Asked, Failure};

const BY_TAG: Condition = that("the image is named by tag", by_tag);

pub(super) const CAUSE: Cause = Cause {
    id: "tag-not-found",
    area: Area::Reference,
    title: "The registry has no image under this tag",
    outlook: Outlook::Final,
    signs: &[
        // buildpacks/lifecycle and imgutil: any 404 to the manifest
        possible(&[says("image {image} does not exist in registry")]),
        // containerd, core/remotes/docker/resolver.go: HEAD gave 404 on every host; 1.3 and later, then the transfer service (2.1).
        // ctr, nerdctl and docker with the containerd store say the same.
        certain(&[says("failed to resolve reference {frame}: {reference}: not found"), BY_TAG]),
        certain(&[says("failed to resolve image: {reference}: not found"), BY_TAG]),
        // containerd 1.1 and 1.2: no colon; the CRI plugin of that time tried its endpoints itself
        certain(&[says("failed to resolve reference {frame}: {reference} not found"), BY_TAG]),
        certain(&[says("no available registry endpoint: {reference} not found"), BY_TAG]),
        certain(&[says("failed to resolve image {frame}: {reference} not found"), BY_TAG]),
        // the same as people shorten it
        certain(&[says("failed to resolve reference {reference}: not found"), BY_TAG]),
        // the same, shortened by whoever tells it
        likely(&[says("failed to pull image {image}: not found$"), BY_TAG]),
        // Amazon ECS agent and Fargate, around containerd's words
        certain(&[says("failed to resolve ref {frame}: {reference}: not found"), BY_TAG]),
        certain(&[says("failed to resolve ref {reference}: not found"), BY_TAG]),
        // BuildKit, client/llb/sourceresolver, older frontends
        certain(&[says("failed to resolve source metadata for {frame}: {reference}: not found"), BY_TAG]),
        certain(&[says("failed to create LLB definition: {reference}: not found"), BY_TAG]),
        certain(&[says("failed to solve: {frame}: {reference}: not found"), BY_TAG]),
        certain(&[says("failed to solve: {reference}: not found"), BY_TAG]),
        // containerd's words with no frame at all
        likely(&[says("image {frame}: {reference}: not found$"), BY_TAG]),
        // distribution, registry/api/errcode: MANIFEST_UNKNOWN; docker, CRI-O, podman and crane print it
        certain(&[code("MANIFEST_UNKNOWN"), BY_TAG]),
        certain(&[says("reading manifest {tag} in {repository}: manifest unknown"), BY_TAG]),
        certain(&[says("error from registry: manifest unknown"), BY_TAG]),
        // moby, distribution/errors.go
        certain(&[says("manifest for {reference} not found"), BY_TAG]),
        // moby, distribution/pull_v2.go; 1.9 said "for tag"
        certain(&[says("image manifest does not exist for tag or digest"), BY_TAG]),
        certain(&[says("image manifest does not exist for tag {reference}"), BY_TAG]),
        // docker 1.3 to 1.13, graph/pull.go and distribution/pull_v1.go
        certain(&[says("Tag {reference} not found in repository {repository}")]),
        // what the old index said last, of a missing repository too
        likely(&[says("Error: image {reference} not found")]),
        // registries' own messages. Amazon ECR, also through its API
        certain(&[says("Requested image not found"), BY_TAG]),
        certain(&[says("not exist within the repository with name {repository}"), BY_TAG]),
        // Azure and Microsoft Container Registry
        certain(&[says("manifest tagged by {reference} is not found")]),
        // Google's registries
        certain(&[says("Failed to fetch {reference} from request"), BY_TAG]),
        // Artifactory
        certain(&[says("The named manifest is not known to the registry"), BY_TAG]),
        // Harbor, controller/artifact and the proxy cache: code NOT_FOUND, which clients print as "unknown"
        certain(&[says("artifact {reference} not found"), BY_TAG]),
        certain(&[says("resource not found: repo {repository}, tag {reference} not found")]),
        certain(&[says("the tag {reference} is not found")]),
        // Quay, endpoints/v2/errors.py
        certain(&[says("Tag has expired")]),
        certain(&[says("Tag {reference} was deleted or has expired")]),
        // a client that prints the bare answer
        likely(&[that("the registry has no such manifest", manifest_404), status(&[404]), BY_TAG]),
        // a message that was cut off after gRPC's word; it is said of other things too
        possible(&[says("code = NotFound$")]),
        possible(&[says("code = NotFound desc =$")]),
    ],
    settles: &[],
    refines: &[],
    meaning: "Network, registry and access are fine as far as they were used: the registry answered, and its answer is that \
nothing is stored under this tag.

The tag may be misspelt, not pushed yet, deleted by a clean-up rule, expired, or pushed to another repository or registry. An image without a \
tag means `latest`, which many repositories do not have.

Some registries give the same answer when the whole repository is missing: registry.k8s.io, Amazon ECR, Artifactory, Nexus and a plain \
distribution registry do; Docker Hub, GitHub and Quay ask for a login instead.",
    not_this: "A reference pinned by digest is digest-not-found. A tag that exists, but not for the node's processor, is \
platform-not-available. Where the registry says that the repository itself is unknown it is repository-not-found.",
    fixes: &[
        Fix {
            title: "Name a tag that exists",
            who: Who::Author,
            steps: &[
                "Look which tags {repository} has, and compare them letter by letter with {tag}: v1.4 and 1.4 are different tags.",
                "In the browser or with the cloud's own tool: Docker Hub, Quay, GitHub Packages and Harbor list the tags; `aws ecr \
describe-images --repository-name NAME`, `az acr repository show-tags --name REGISTRY --repository NAME`, `gcloud artifacts docker tags \
list REPOSITORY`.",
            ],
            checks: &[reads("crane ls {repository}"), reads("skopeo list-tags docker://{repository}")],
            commands: &[remedies::CHANGE_IMAGE],
            warnings: remedies::CHANGE_IMAGE_WARNINGS,
            ..FIX
        },
        Fix {
            title: "Push the missing tag",
            who: Who::RegistryOwner,
            steps: &[
                "Push {image}, or restore it where a clean-up rule deleted it. Look whether the pipeline that builds it succeeded, and \
where it pushed to.",
                "The kubelet finds it by itself at its next attempt, at most about five minutes later.",
            ],
            checks: &[reads("crane manifest {image}"), reads("docker manifest inspect {image}")],
            ..FIX
        },
        LOAD_LOCAL,
    ],
    see_also: &["digest-not-found", "repository-not-found", "platform-not-available", "registry-retired", "image-not-on-node"],
    links: &["https://kubernetes.io/docs/concepts/containers/images/"],
};

fn by_tag(failure: &Failure<'_>) -> bool {
    !failure.misses_digest()
}

fn manifest_404(failure: &Failure<'_>) -> bool {
    // A body that could not be read came from something else: not-a-registry.
    failure.answered(Asked::Manifest, &[404]) && !failure.mentions("StatusCode:") && !failure.mentions("response body")
}
