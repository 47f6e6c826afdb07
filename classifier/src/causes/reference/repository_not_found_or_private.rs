//! The registry refuses in a way that fits a missing repository and a closed one alike.

use super::LOAD_LOCAL;
use crate::causes::remedies;
use crate::cause::*;
use crate::observations::{Asked, Credential, Failure};

pub(super) const CAUSE: Cause = Cause {
    id: "repository-not-found-or-private",
    area: Area::Reference,
    title: "The repository does not exist, or may not be read: the registry does not say which",
    outlook: Outlook::Final,
    signs: &[
        // containerd, resolver.go and authorizer.go: a token was given, it does not reach this repository. Also ctr, BuildKit, ECS.
        certain(&[says("repository does not exist or may require authorization: server message: insufficient_scope")]),
        certain(&[says("server message: insufficient_scope: authorization failed")]),
        likely(&[says("repository does not exist or may require authorization: authorization failed$")]),
        likely(&[says("pull access denied, repository does not exist or may require authorization")]),
        // moby, distribution/errors.go, 17.06 and later; 29 without a tail
        certain(&[says("repository does not exist or may require *docker login*: denied: requested access to the resource is denied")]),
        certain(&[
            says("pull access denied for {repository}, repository does not exist or may require *docker login"),
            that("no reason follows", no_reason),
        ]),
        likely(&[says("pull access denied for {repository}, repository does not exist or may require *docker login")]),
        // moby 17.03 to 17.05
        certain(&[says("does not exist or no pull access")]),
        // docker 1.6 to 1.13, distribution/pull_v1.go: what the old index said, perhaps after v2 had refused
        possible(&[says("Error: image {reference} not found")]),
        // distribution, errcode: DENIED with its default words; containers/image prints the words alone
        likely(&[says("requested access to the resource is denied")]),
        // containers/image up to 5.9 and go-containerregistry print all errors, one after the other
        certain(&[says("requested access to the resource is denied"), says("unauthorized: authentication required")]),
        // Quay, endpoints/v2/errors.py: with and without credentials, missing and private
        likely(&[says("access to the requested resource is not authorized")]),
        // GitLab
        likely(&[says("denied: access forbidden")]),
        // Google Artifact Registry: an identity was presented
        certain(&[says("denied on resource * (or it may not exist)")]),
        // gcr.io
        certain(&[says("the needed permissions to perform this operation, and you may have invalid credentials")]),
        // containerd: GHCR, GitLab and Google refuse the anonymous token; CAUSES.md, rule 2
        likely(&[says("failed to fetch anonymous token"), status(&[403])]),
        // cut off after docker's and containerd's first words
        likely(&[says("pull access denied$")]),
        likely(&[says("pull access denied for {repository}$")]),
        likely(&[that("an anonymous token was refused", anonymous_token_refused), status(&[403])]),
        // containers/image: 403 of the token server, whether something was sent or not
        possible(&[says("Requesting bearer token"), status(&[403])]),
        possible(&[says("Requesting bear token"), status(&[403])]),
        // GHCR: the code and no words, as docker prints them
        likely(&[says("Head {url}: denied$")]),
        likely(&[says("Get {url}: denied$")]),
        possible(&[code("DENIED")]),
        // quay.io and Harbor give everybody a token and then say 401
        possible(&[that("the registry gives everybody a token", token_for_everybody), status(&[401])]),
    ],
    settles: &[],
    refines: &[],
    meaning: "The network is fine: the registry answered. It refused, in words that it uses for two things, so that nobody can find out \
which private repositories exist: the repository is not there, or it is there and this pull had no right to read it.

Undecided is which of the two. These would decide it: does the repository's page open in a browser without login; does a pull with an \
account that surely may read work (`docker login`, then `docker manifest inspect`); does another pod run this image; and did the \
kubelet send a credential at all.

Often it is a third thing: an image without a host (`web:1`) is looked for on Docker Hub as docker.io/library/web, although it stands in a \
registry of your own, or only on the machine it was built on.",
    not_this: "If the registry says that the repository is unknown it is repository-not-found. If it says that nothing was sent it is \
credentials-missing, that what was sent is wrong: credentials-rejected, that the identity lacks a right: permission-denied.",
    fixes: &[
        LOAD_LOCAL,
        remedies::ghcr::GIVE,
        remedies::gitlab::GIVE,
        remedies::quay::GIVE,
        remedies::harbor::GIVE,
        remedies::GKE_NODE_ACCOUNT,
        remedies::google::GIVE,
        remedies::EKS_NODE_ROLE,
        remedies::ecr::GIVE,
        remedies::ATTACH_ACR,
        remedies::acr::GIVE,
        remedies::OPENSHIFT_PULLER,
        remedies::oci::GIVE,
        remedies::ibm::GIVE,
        Fix {
            title: "Look first whether {repository} is spelt right, host included",
            who: Who::Author,
            steps: &[
                "Without a host in front ({bare_image}), an image is looked for on Docker Hub: is that where it was pushed?",
                "Ask with an account that may surely read it. If that account is told the same, the name is wrong.",
            ],
            checks: &[
                reads("crane manifest {image}"),
                reads("skopeo inspect docker://{image}"),
                reads("docker manifest inspect {image}"),
                reads("kubectl get pod[ -n {namespace}] {pod} -o jsonpath='{{.spec.imagePullSecrets}}'"),
            ],
            commands: &[remedies::CHANGE_IMAGE],
            warnings: remedies::CHANGE_IMAGE_WARNINGS,
            ..FIX
        },
        remedies::docker_hub::GIVE,
        remedies::any::GIVE,
        Fix {
            title: "Or make the repository public",
            who: Who::RegistryOwner,
            steps: &[
                "If everybody may have it, set the visibility of {repository} to public. On GitHub that is a setting of the package, not of \
the source repository; in Harbor and Quay one of the project or repository.",
            ],
            ..FIX
        },
    ],
    see_also: &["repository-not-found", "credentials-missing", "credentials-rejected", "permission-denied", "image-not-on-node"],
    links: &["https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/"],
};

/// docker 17 and 18, and 29, say no more; the others add a colon and what the registry said.
fn no_reason(failure: &Failure<'_>) -> bool {
    let words = &failure.message.masked;
    words.split_once("docker login").is_some_and(|(_, rest)| !rest.trim_start_matches(['\'', '"', '`', '’']).starts_with(':'))
}

fn anonymous_token_refused(failure: &Failure<'_>) -> bool {
    failure.message.credential == Credential::NotSent && failure.answered(Asked::Token, &[403])
}

/// A 401 to the manifest itself says nothing about what was sent there (containerd prints it in either case).
fn token_for_everybody(failure: &Failure<'_>) -> bool {
    matches!(failure.place.registry, Some(Registry::Quay | Registry::Harbor))
        && failure.message.credential == Credential::Unsaid
        && failure.answered(Asked::Manifest, &[401])
}
