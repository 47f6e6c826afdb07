//! The credential was good once; its time is over.

use crate::causes::remedies;
use crate::cause::*;
use crate::observations::{Asked, Credential, Failure};
use crate::settle::Case;
use crate::settle::pull_secrets::object;

pub(super) const CAUSE: Cause = Cause {
    id: "credentials-expired",
    area: Area::Auth,
    title: "The login has expired",
    outlook: Outlook::Final,
    signs: &[
        // Amazon ECR, private and public, older and newer wording
        certain(&[says("authorization token has expired")]),
        // AWS SDK in ecr-credential-provider and docker-credential-ecr-login
        certain(&[says("The security token included in the request is expired")]),
        certain(&[says("ExpiredTokenException")]),
        // Docker Hub
        certain(&[says("access token is expired")]),
        // Quay, auth/oauth.py
        certain(&[says("access token has expired")]),
        // Entra ID, for the service principal of an Azure registry
        certain(&[says("AADSTS7000222")]),
        certain(&[says("The provided client secret keys * are expired")]),
        // golang-jwt, as used by distribution, Harbor and others: `token is expired by 25m6s`, `token has invalid claims: token is expired`
        certain(&[says("token is expired")]),
        certain(&[says("token has expired")]),
        certain(&[says("token expired")]),
        certain(&[says("expired token")]),
        // Artifactory access; jjwt; node jsonwebtoken
        certain(&[says("Token failed verification: expired")]),
        certain(&[says("JWT expired")]),
        certain(&[says("Jwt is expired")]),
        // PyJWT, as used by Quay
        likely(&[says("Signature has expired")]),
        likely(&[says("credentials have expired")]),
        likely(&[says("password has expired")]),
        // Amazon ECR answers a stale token with 400 (or 403, which is a missing right more often)
        possible(&[status(&[400]), that("Amazon ECR answered the request for the manifest", ecr_400)]),
    ],
    settles: &[
        Settling {
            from: &[
                "credentials-expired",
                "credentials-rejected",
                "credentials-missing",
                "permission-denied",
                "repository-not-found-or-private",
            ],
            question: "the token in a pull secret that fits the image says itself that it is over",
            when: settle,
        },
        Settling {
            from: &["credentials-expired"],
            question: "which pull secret was sent, where the words say that its login is over",
            when: sent,
        },
    ],
    refines: &["credentials-rejected", "permission-denied"],
    meaning: "The image, its name and the network are fine, and the login was good once: its time is over.

Tokens of clouds are short: an Amazon ECR token lasts 12 hours, an Azure one 3 hours, a Google access token one hour, \
the token of a CI job as long as the job. Copied into a \
pull secret, such a token works in the test and fails the next day, when a new node has to pull. Personal access tokens \
and client secrets end at the date that was chosen for them.

An expired login also stops the pull of public images of the same registry.",
    not_this: "A login that is refused without a word about time is credentials-rejected. A certificate that has \
expired is tls-certificate-expired.",
    fixes: &[
        Fix {
            title: "Let the nodes read from ECR, and take the pull secret away",
            who: Who::ClusterAdmin,
            ..remedies::EKS_NODE_ROLE
        },
        remedies::ATTACH_ACR,
        remedies::GKE_NODE_ACCOUNT,
        Fix {
            title: "Take the stale login for ECR Public away",
            only: &[Place::Registry(Registry::EcrPublic)],
            steps: &[
                "The images are public; only a stale token is refused. Remove the entry public.ecr.aws from the pull \
secret, from config.json on the node, or \
the secret from the pod: without a login the pull works.",
                "To stay logged in (for the higher limits), a token of `aws ecr-public get-login-password --region \
us-east-1` has to be renewed every 12 hours.",
            ],
            ..FIX
        },
        Fix {
            title: "Renew the ECR token in the pull secret",
            ..remedies::ecr::RENEW
        },
        remedies::ECR_PROVIDER,
        remedies::docker_hub::RENEW,
        remedies::acr::RENEW,
        remedies::google::RENEW,
        remedies::ghcr::RENEW,
        remedies::gitlab::RENEW,
        remedies::quay::RENEW,
        remedies::harbor::RENEW,
        remedies::artifactory::RENEW,
        remedies::nexus::RENEW,
        remedies::oci::RENEW,
        remedies::ibm::RENEW,
        remedies::red_hat::RENEW,
        remedies::any::RENEW,
        Fix {
            title: "Have the secret renewed before it ends",
            who: Who::ClusterAdmin,
            steps: &[
                "A CronJob, External Secrets Operator (generators for ECR, ACR and Artifact Registry) or a credential \
provider of the kubelet fetches a new token \
in time. Where the registry offers one, a robot account or deploy token without an end is simpler.",
            ],
            ..FIX
        },
    ],
    see_also: &["credentials-rejected", "permission-denied", "tls-certificate-expired"],
    links: &[
        "https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html",
        "https://kubernetes.io/docs/tasks/administer-cluster/kubelet-credential-provider/",
    ],
};

fn ecr_400(failure: &Failure<'_>) -> bool {
    matches!(failure.place.registry, Some(Registry::Ecr | Registry::EcrPublic))
        && failure.answered(Asked::Manifest, &[400])
}

fn settle(case: &Case<'_>) -> Verdict {
    let Some(secrets) = case.pull_secrets().filter(|_| case.credential_in_words() != Credential::NotSent) else {
        return Verdict::No;
    };
    let sent = secrets.sent();
    let over = sent.iter().find_map(|(secret, entry)| Some((*secret, *entry, case.is_over(secret, entry)?)));
    let Some((secret, entry, over)) = over else { return Verdict::No };
    let lines = vec![
        secrets.pod_line(),
        (object(secret), format!("has a login for {}, which fits the image; {}", entry.key, over.says)),
    ];
    Verdict::Proven(Proof {
        confidence: over.confidence,
        lines,
        values: vec![("secret", secret.metadata.name.clone())],
    })
}

/// The registry said it; the secrets say which one it was.
fn sent(case: &Case<'_>) -> Verdict {
    let Some(secrets) = case.pull_secrets() else { return Verdict::No };
    let sent = secrets.sent();
    // Each credential is one try: the answers stand in the order of the secrets.
    let tries = case.timeline.attempts.last().map(|attempt| attempt.messages.as_slice()).unwrap_or_default();
    let says = tries.iter().position(|message| message.text.as_str().to_ascii_lowercase().contains("expired"));
    let index = if sent.len() == tries.len() { says.unwrap_or(0) } else { 0 };
    if sent.len() > 1 && sent.len() != tries.len() {
        return Verdict::No;
    }
    let Some((secret, entry)) = sent.get(index) else { return Verdict::No };
    let lines = vec![
        secrets.pod_line(),
        (
            object(secret),
            format!(
                "has a login for {}, which fits the image: it was \
sent",
                entry.key
            ),
        ),
    ];
    Verdict::Proven(Proof {
        confidence: case.confidence,
        lines,
        values: vec![("secret", secret.metadata.name.clone())],
    })
}
