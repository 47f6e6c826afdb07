//! The registry says that the repository or project itself does not exist.

use crate::cause::*;
use crate::causes::remedies;
use crate::observations::{Credential, Failure};
use crate::settle::Case;
use crate::settle::pull_secrets::object;

const REALLY: Condition = that("the registry does not say so of trouble of its own", not_internal);

pub(super) const CAUSE: Cause = Cause {
    id: "repository-not-found",
    area: Area::Reference,
    title: "The registry has no such repository",
    outlook: Outlook::Final,
    signs: &[
        // distribution, errcode: NAME_UNKNOWN; all clients print it
        certain(&[code("NAME_UNKNOWN"), REALLY]),
        certain(&[says("repository name not known to registry")]),
        // moby, distribution/errors.go
        certain(&[says("repository {repository} not found: name unknown"), REALLY]),
        likely(&[says("repository {repository} not found$")]),
        // Amazon ECR, also through its API
        certain(&[says("The repository with name {repository} does not exist in the registry with id")]),
        certain(&[says("RepositoryNotFoundException")]),
        // Harbor, pkg/repository and pkg/project: printed as "unknown: …"
        certain(&[says("unknown: repository {repository} not found")]),
        certain(&[says("unknown: project {repository} not found")]),
        certain(&[says("unauthorized: project {repository} not found")]),
        // Google's registries
        certain(&[says("Project {repository} not found or deleted")]),
        certain(&[says("Repository {repository} not found"), code("NAME_UNKNOWN")]),
        // docker 1.x, registry/session.go: the old index protocol
        likely(&[says("Status 404 trying to pull repository")]),
    ],
    settles: &[Settling {
        from: &["repository-not-found-or-private"],
        question: "a login was sent and accepted by Docker Hub, and no pod is seen to run an image of the repository",
        when: settle,
    }],
    refines: &[],
    meaning: "Network and credentials are fine as far as they were used: the registry answered, and says that it has no repository (or project) \
of this name.

The path may be misspelt, lack a part (Harbor wants PROJECT/NAME, Artifact Registry PROJECT/REPOSITORY/NAME, GitLab GROUP/PROJECT, Artifactory \
often the repository's key), or carry one too many. Or the repository stands elsewhere: in another account or region (Amazon ECR has one \
registry for each), in another registry, or it was renamed or deleted. Registries that do not create repositories at the first push, like \
Amazon ECR, say this until somebody creates it.",
    not_this: "Where the registry does not say whether it is missing or closed, it is repository-not-found-or-private. A repository that is there \
and lacks the tag is tag-not-found.",
    fixes: &[
        Fix {
            title: "Name the repository in the right account and region, or create it",
            who: Who::Author,
            only: &[Place::Registry(Registry::Ecr)],
            steps: &[
                "The host holds account and region: ACCOUNT.dkr.ecr.REGION.amazonaws.com. Compare both with where the image was pushed.",
                "List what is there: `aws ecr describe-repositories --registry-id ACCOUNT --region REGION`. Create it: `aws ecr \
create-repository --repository-name {repository_path} --region REGION`, then push. Other regions need replication.",
                "With a pull-through cache, the repository is made at the first pull: the node role needs ecr:CreateRepository and \
ecr:BatchImportUpstreamImage, and the path must begin with the prefix of the rule.",
            ],
            commands: &[remedies::CHANGE_IMAGE],
            warnings: remedies::CHANGE_IMAGE_WARNINGS,
            ..FIX
        },
        Fix {
            title: "Name the repository correctly",
            who: Who::Author,
            steps: &[
                "Compare {repository} part by part with what the registry shows: host, project or organization, repository.",
                "Without a host in front ({bare_image}), an image is looked for on Docker Hub: write the host of your registry there.",
            ],
            checks: &[reads("crane ls {repository}"), reads("crane catalog {registry}")],
            commands: &[remedies::CHANGE_IMAGE],
            warnings: remedies::CHANGE_IMAGE_WARNINGS,
            ..FIX
        },
        Fix {
            title: "Create the repository and push the image",
            who: Who::RegistryOwner,
            steps: &[
                "Create {repository}, or its project, and push {image}. The kubelet finds it by itself at its next attempt, at most about five \
minutes later.",
            ],
            ..FIX
        },
    ],
    see_also: &["repository-not-found-or-private", "tag-not-found", "registry-retired"],
    links: &["https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes"],
};

/// Artifact Registry says NAME_UNKNOWN of its own trouble too: "Failed to compute blob liveness for manifest".
fn not_internal(failure: &Failure<'_>) -> bool {
    !failure.message.masked.contains("ailed to compute blob liveness")
        && !failure.message.masked.contains("does not exist or no pull access")
}

fn settle(case: &Case<'_>) -> Verdict {
    let Some(secrets) = case.pull_secrets().filter(|_| case.credential_in_words() != Credential::NotSent) else { return Verdict::No };
    let sent = secrets.sent();
    let Some((secret, entry)) = sent.first() else { return Verdict::No };
    if sent.iter().any(|(secret, entry)| case.is_over(secret, entry).is_some()) || case.repository_in_use().is_some() {
        return Verdict::No;
    }
    // Docker Hub refuses a wrong login before it speaks of the repository; others say the same to a login without rights.
    if case.place.registry != Some(Registry::DockerHub) {
        return Verdict::Open {
            question: format!("{} holds a login that was sent: is {} missing, or may this account not see it?", object(secret), secrets.repository()),
            command: Some(format!("crane ls {}", secrets.repository())),
        };
    }
    let says = format!("has a login for {}, which fits the image: it was sent, and {} does not show this account any such repository", entry.key, secrets.registry());
    let lines = vec![secrets.pod_line(), (object(secret), says)];
    Verdict::Proven(Proof { confidence: Confidence::Likely, lines, values: vec![("secret", secret.metadata.name.clone())] })
}
