//! The registry knows who asks, and does not let them have this image.

use crate::causes::remedies;
use crate::cause::*;
use crate::observations::{Answer, Asked, Credential, Failure};
use crate::settle::Case;
use crate::settle::pull_secrets::LoginSent;

pub(super) const CAUSE: Cause = Cause {
    id: "permission-denied",
    area: Area::Auth,
    title: "The registry forbids this pull",
    outlook: Outlook::Final,
    signs: &[
        // AWS IAM: `User: arn:… is not authorized to perform: ecr:BatchGetImage on resource: …`
        certain(&[says("is not authorized to perform")]),
        likely(&[says("AccessDeniedException")]),
        likely(&[says("<Code>AccessDenied")]),
        // Azure Container Registry: firewall, locked or quarantined images; Azure storage behind it
        certain(&[says("client with IP {address} is not allowed access")]),
        certain(&[says("The operation is disallowed on this registry, repository or image")]),
        certain(&[says("request is not authorized to perform this operation")]),
        // Google: gcr.io, VPC service controls
        certain(&[says("Caller does not have permission '{permission}")]),
        likely(&[says("Caller does not have permission")]),
        likely(&[says("Permission denied for * from request")]),
        certain(&[says("Request is prohibited by organization's policy")]),
        likely(&[says("API has not been used in project")]),
        likely(&[says("requires billing to be enabled")]),
        likely(&[says("Your client does not have permission to get URL")]),
        possible(&[says("Permission {permission} denied on resource")]),
        // ghcr.io: scopes of the token, and access of a workflow
        certain(&[says("installation not allowed to Read organization package")]),
        certain(&[says("does not match expected scopes")]),
        likely(&[says("permission_denied:")]),
        // Docker Hub
        certain(&[says("access token has insufficient scopes")]),
        // GitLab, which says it for a project that is not there as well
        possible(&[says("denied: access forbidden")]),
        // Harbor, src/server/middleware/vulnerable/vulnerable.go; a project that the account is no member of: v2auth/access.go
        certain(&[says("cannot be pulled due to configured policy")]),
        certain(&[says("vulnerability scanning cannot be pulled")]),
        // Harbor 1, src/core/middlewares/vulnerable/handler.go
        certain(&[says("is equal or higher than the threshold in project setting")]),
        possible(&[says("unauthorized to access repository: * action: pull")]),
        // Artifactory: Xray, and plain permissions
        certain(&[says("Artifact download request rejected")]),
        certain(&[says("download blocking policy configured in Xray")]),
        likely(&[says("client does not have permission for manifest")]),
        // Quay, endpoints/v2/errors.py NamespaceDisabled
        certain(&[says("This namespace is disabled")]),
        // IBM Cloud Container Registry
        likely(&[says("You are not authorized to access the specified resource")]),
        likely(&[says("exceeded your storage quota")]),
        // Huawei Cloud SWR, to an account that has logged in
        likely(&[says("you do not have the permission")]),
        // what registries of one's own making say
        likely(&[says("insufficient permissions")]),
        likely(&[says("does not have permission to pull")]),
        likely(&[says("not authorized to pull")]),
        // HTTP 403 and 451 to the request for the image itself; to the request for a token only if a login was sent
        likely(&[status(&[403, 451]), that("it answers the request for the image, not for a token", forbids_image)]),
        likely(&[
            says("failed to fetch oauth token"),
            status(&[403]),
            that("the registry refuses bad logins with 401", refuses_logins_with_401),
        ]),
        // containers/image: 403 to the first request, GET /v2/
        likely(&[says("pinging container registry {host} denied")]),
        // a 403 in frames that nobody has listed
        possible(&[status(&[403]), that("it answers no request for a token", |failure| !failure.answered(Asked::Token, &[403]))]),
        // Harbor's policies on HEAD, where the words are lost; at gcr.io 412 means that it was shut down
        possible(&[status(&[412]), that("the registry is not gcr.io", not_google)]),
    ],
    settles: &[
        Settling {
            from: &["repository-not-found-or-private"],
            question: "a login was sent, and the repository exists: another pod runs an image of it",
            when: |case| settle(case, Confidence::Likely),
        },
        Settling {
            from: &["permission-denied"],
            question: "which login was sent",
            when: |case| settle(case, case.confidence.max(Confidence::Likely)),
        },
    ],
    refines: &[],
    meaning: "The image's name and the network are fine: the registry was reached, and it says that this pull is not allowed.

Most often the identity is known and lacks a right: the IAM role of the node, the scope of a token, the membership of a \
robot account. It can also be a rule that has nothing to do with the \
identity: a firewall of the registry that does not know the node's address, a policy against vulnerable images, a \
quota, a lock.

A bare 403 does not say which: containerd before 2.3.3 loses the registry's words. On Amazon ECR it can also be an \
expired token.",
    not_this: "A login that the registry does not accept at all is credentials-rejected. Where the registry leaves open \
whether the repository exists, it is \
repository-not-found-or-private. A 403 from a proxy on the way (\"Forbidden\" without a number) is proxy-failed.",
    fixes: &[
        remedies::EKS_NODE_ROLE,
        Fix {
            title: "Allow the identity to read the repository",
            who: Who::RegistryOwner,
            only: &[Place::Registry(Registry::Ecr)],
            steps: &[
                "The identity needs ecr:GetAuthorizationToken on *, and ecr:BatchGetImage and \
ecr:GetDownloadUrlForLayer on the repository (the managed policy \
AmazonEC2ContainerRegistryReadOnly has them). From another account, the repository policy must allow it as well.",
                "The end of the message names the policy that is missing: identity-based (role), resource-based \
(repository), a service control policy, or the policy of a \
VPC endpoint. For a pull-through cache the first pull also needs ecr:BatchImportUpstreamImage and ecr:CreateRepository.",
                "If a pull secret with an ECR token is in use, it may only be over: such a token lasts 12 hours.",
            ],
            ..FIX
        },
        remedies::ATTACH_ACR,
        Fix {
            title: "Let the node through the registry's firewall, or give the identity AcrPull",
            who: Who::RegistryOwner,
            only: &[Place::Registry(Registry::Acr)],
            steps: &[
                "If the message names an IP: under Networking of the registry, allow that address (it is the cluster's \
outgoing one), or use a private endpoint whose names \
resolve in the cluster's network.",
                "Else give the identity the role AcrPull on the registry. An image can also be locked or quarantined: \
`az acr repository show --name NAME --image IMAGE`.",
            ],
            ..FIX
        },
        remedies::GKE_NODE_ACCOUNT,
        Fix {
            title: "Give the identity roles/artifactregistry.reader",
            who: Who::RegistryOwner,
            only: &[Place::Registry(Registry::ArtifactRegistry), Place::Registry(Registry::Gcr)],
            steps: &[
                "`gcloud artifacts repositories add-iam-policy-binding REPOSITORY --location=LOCATION --project=PROJECT \
--member=serviceAccount:ACCOUNT \
--role=roles/artifactregistry.reader`, in the project that owns the image. Project, location and repository stand in \
{repository}; the answer is the same when one of them is misspelt.",
                "The API artifactregistry.googleapis.com must be enabled in that project. VPC Service Controls refuse \
requests from outside of their perimeter.",
            ],
            ..FIX
        },
        Fix {
            title: "Give the token read:packages, and its owner access to the package",
            only: &[Place::Registry(Registry::Ghcr)],
            ..remedies::ghcr::RENEW
        },
        Fix {
            title: "Use a deploy token of the project with read_registry",
            only: &[Place::Registry(Registry::GitLab)],
            ..remedies::gitlab::RENEW
        },
        Fix {
            title: "Give the robot account Read on the repository",
            who: Who::RegistryOwner,
            only: &[Place::Registry(Registry::Quay)],
            steps: &[
                "In Quay, under Settings of {repository}, User and robot permissions, add the account that the pull \
secret uses, with Read. A namespace can also be disabled \
as a whole, by its administrator.",
            ],
            ..FIX
        },
        Fix {
            title: "Give the robot account the right to pull, or let the image pass the project's policy",
            who: Who::RegistryOwner,
            only: &[Place::Registry(Registry::Harbor)],
            steps: &[
                "In Harbor, the robot account (or user) must belong to the image's project and may pull there.",
                "If the message speaks of vulnerabilities or scanning: scan the image, mend it, or add the finding to \
the project's CVE allowlist.",
            ],
            ..FIX
        },
        Fix {
            title: "Give the user Read on the Docker repository",
            who: Who::RegistryOwner,
            only: &[Place::Registry(Registry::Artifactory), Place::Registry(Registry::Nexus)],
            steps: &[
                "Artifactory: the permission target must cover the repository (of a virtual one, also the local or \
remote behind it) and the path. Nexus: the privileges browse and read.",
                "If the message speaks of Xray, a watch with a download blocking policy holds the image back: ask who \
owns the policy.",
            ],
            ..FIX
        },
        Fix {
            title: "Allow the group to read the repository",
            who: Who::RegistryOwner,
            only: &[Place::Registry(Registry::Oci), Place::Registry(Registry::Ibm)],
            steps: &[
                "Oracle Cloud: a policy `Allow group GROUP to read repos in compartment COMPARTMENT`. IBM Cloud: the \
role Reader on Container Registry for the namespace; look also for \
context-based restrictions and quotas (`ibmcloud cr quota`).",
            ],
            ..FIX
        },
        remedies::OPENSHIFT_PULLER,
        Fix {
            title: "Find out which rule forbids it",
            who: Who::RegistryOwner,
            steps: &[
                "Ask the registry the same as the account of the pull secret: the words of the answer, which the event \
often lacks, name the rule.",
                "Then give the account the right to pull {repository}, or let the node's address through.",
                "If the same image is pulled from elsewhere with the same account, look for a firewall, a web filter or \
a geographic block between this node and {registry}.",
            ],
            checks: &[reads("crane manifest {image}"), reads("skopeo inspect --raw docker://{image}")],
            ..FIX
        },
        remedies::any::RENEW,
    ],
    see_also: &["repository-not-found-or-private", "credentials-rejected", "credentials-expired", "registry-blocked", "proxy-failed"],
    links: &[
        "https://docs.aws.amazon.com/AmazonECR/latest/userguide/security_iam_id-based-policy-examples.html",
        "https://learn.microsoft.com/azure/container-registry/container-registry-troubleshoot-access",
        "https://cloud.google.com/artifact-registry/docs/access-control",
    ],
};

fn forbids_image(failure: &Failure<'_>) -> bool {
    let forbids = |answer: &Answer| matches!(answer.status, 403 | 451) && answer.asked != Asked::Token;
    failure.message.answers.iter().any(forbids)
        && failure.message.credential != Credential::NotSent
        // containers/image speaks of its token request without an address.
        && !failure.message.masked.contains("Requesting bear")
}

fn refuses_logins_with_401(failure: &Failure<'_>) -> bool {
    !matches!(failure.place.registry, Some(Registry::Ghcr | Registry::GitLab))
        && !failure
            .message
            .answers
            .iter()
            .any(|answer| answer.url.as_deref().is_some_and(|url| url.contains("//ghcr.io/")))
}

fn not_google(failure: &Failure<'_>) -> bool {
    !matches!(failure.place.registry, Some(Registry::Gcr | Registry::ArtifactRegistry))
}

fn settle(case: &Case<'_>, confidence: Confidence) -> Verdict {
    let Some(LoginSent { secret, mut lines, .. }) = case.login_sent() else { return Verdict::No };
    let Some(line) = case.repository_in_use() else { return Verdict::No };
    lines.push(line);
    Verdict::Proven(Proof { confidence, lines, values: vec![("secret", secret.metadata.name.clone())] })
}
