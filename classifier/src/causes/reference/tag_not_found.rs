//! The registry knows the repository (or does not say) and has no such tag.

use crate::cause::*;

pub(super) const CAUSE: Cause = Cause {
    id: "tag-not-found",
    area: Area::Reference,
    title: "The registry has no image under this tag",
    outlook: Outlook::Final,
    signs: &[
        // containerd, core/remotes/docker/resolver.go: HEAD gave 404 on every host; 1.x and local pull, then transfer service.
        certain(&[says("failed to resolve reference * {reference}: not found$"), that("the image is named by tag", by_tag)]),
        certain(&[says("failed to resolve image: {reference}: not found$"), that("the image is named by tag", by_tag)]),
        // distribution, registry/api/errcode: MANIFEST_UNKNOWN; docker and CRI-O print it.
        certain(&[code("MANIFEST_UNKNOWN"), that("the image is named by tag", by_tag)]),
        // moby, distribution/errors.go
        certain(&[says("manifest for {reference} not found"), that("the image is named by tag", by_tag)]),
    ],
    settles: &[],
    refines: &[],
    meaning: "Network, registry and access are fine as far as they were used: the registry answered, and its answer is that \
nothing is stored under this tag.

The tag may be misspelt, not pushed yet, deleted by a clean-up rule, or pushed to another repository. Some registries give \
the same answer when the whole repository is missing: registry.k8s.io, Amazon ECR, Artifactory, Nexus and a plain \
distribution registry do; Docker Hub, GitHub and Quay ask for a login instead.",
    not_this: "A reference pinned by digest is digest-not-found. A tag that exists, but not for the node's processor, is \
platform-not-available. Where the registry says that the repository itself is unknown it is repository-not-found.",
    fixes: &[
        Fix {
            title: "Name a tag that exists",
            who: Who::Author,
            steps: &["Look which tags {repository} has, and compare them letter by letter with {tag}."],
            checks: &[reads("crane ls {repository}"), reads("skopeo list-tags docker://{repository}")],
            commands: &[changes("kubectl set image[ -n {namespace}] {set_image} {container}=\"$NEW_IMAGE\"")],
            warnings: &["If Argo CD, Flux or Helm manages {owner}, change the image in git: they put the old one back."],
            ..FIX
        },
        Fix {
            title: "Push the missing tag",
            who: Who::RegistryOwner,
            steps: &[
                "Push {image}, or restore it where a clean-up rule deleted it.",
                "The kubelet finds it by itself at its next attempt, at most about five minutes later.",
            ],
            checks: &[reads("crane manifest {image}")],
            ..FIX
        },
    ],
    see_also: &["digest-not-found", "repository-not-found", "platform-not-available", "registry-retired"],
    links: &["https://kubernetes.io/docs/concepts/containers/images/"],
};

fn by_tag(failure: &crate::observations::Failure<'_>) -> bool {
    !failure.by_digest()
}
