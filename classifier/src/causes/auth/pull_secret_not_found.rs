//! The pod names a pull secret that the kubelet could not get.

use super::{UNSENT, nothing_sent};
use crate::causes::remedies;
use crate::cause::*;
use crate::observations::{Credential, Failure};
use crate::settle::Case;
use crate::settle::pull_secrets::{object, why_skipped};

pub(super) const CAUSE: Cause = Cause {
    id: "pull-secret-not-found",
    area: Area::Auth,
    title: "A pull secret that the pod names does not exist in its namespace",
    outlook: Outlook::Final,
    signs: &[
        // kubelet >= 1.28, pkg/kubelet/kubelet_pods.go getPullSecretsForPod, event FailedToRetrieveImagePullSecret. It is repeated
        // for healthy pods too: it is the cause only of a pull that is refused (rule 10).
        certain(&[
            beside("Unable to retrieve some image pull secrets ({secret});"),
            that("the registry refused, and no credential was sent", refused_without_credential),
        ]),
        certain(&[
            beside("Unable to retrieve some image pull secrets"),
            that("the registry refused, and no credential was sent", refused_without_credential),
        ]),
        likely(&[
            beside("Unable to retrieve some image pull secrets ({secret});"),
            that("the registry refused", |failure| failure.refused()),
        ]),
        likely(&[
            beside("Unable to retrieve some image pull secrets"),
            that("the registry refused", |failure| failure.refused()),
        ]),
        // The same for the kubelet's log: kubelet_pods.go, structured since 1.21, one sentence before.
        likely(&[beside("Unable to retrieve pull secret"), that("the registry refused", |failure| failure.refused())]),
        // No other reason is shown.
        likely(&[
            beside("Unable to retrieve some image pull secrets ({secret});"),
            that("nothing tells why the pull fails", untold),
        ]),
        likely(&[
            beside("Unable to retrieve some image pull secrets"),
            that("nothing tells why the pull fails", untold),
        ]),
        likely(&[says("Unable to retrieve some image pull secrets ({secret});")]),
        likely(&[says("Unable to retrieve some image pull secrets")]),
        // the message was left out
        likely(&[reason("FailedToRetrieveImagePullSecret")]),
        likely(&[says("Unable to retrieve pull secret {secret} for")]),
        likely(&[says("Unable to retrieve pull secret")]),
        // kubelet up to 1.1, pkg/kubelet/kubelet.go syncPod
        likely(&[says("skipping: secrets {secret} not found")]),
    ],
    settles: &[
        Settling {
            from: &["pull-secret-not-found"],
            question: "which secret that the pod names does not exist in its namespace",
            when: |case| settle(case, case.confidence),
        },
        Settling {
            from: UNSENT,
            question: "a secret that the pod names does not exist in its namespace",
            when: |case| settle(case, case.sureness()),
        },
    ],
    refines: &[
        "credentials-missing",
        "credentials-rejected",
        "repository-not-found-or-private",
        "permission-denied",
        "back-off-only",
    ],
    meaning: "The image and the network are fine as far as they were used: the registry wants a login, and the secret \
that should hold it is not there.

The kubelet looks for a pull secret only in the namespace of the pod, under exactly the name that the pod (or its \
service account, when the pod was created) lists. A secret \
that it cannot get is skipped with a warning, and the pull goes on with the others, or without a login.

The same warning stands beside many healthy pods, whose image is public or already on the node. It matters where the \
registry refuses the pull, as it does here.",
    not_this: "A secret that exists and is read, but whose content breaks the reading, is pull-secret-invalid. A secret \
that exists and that nothing names is \
pull-secret-not-attached; one that exists only in another namespace is pull-secret-in-other-namespace.",
    fixes: &[
        Fix {
            title: "Create the secret under the name that the pod looks for",
            steps: &[
                "The pod looks for {secret}. If several names are missing, set SECRET_NAME to the one that is meant for \
{registry}.",
                "Set REGISTRY_USERNAME and REGISTRY_PASSWORD to an account or token that may pull from {repository}.",
                "The kubelet looks for the secret anew at its next try, at most about five minutes later; the pod need \
not be made again.",
            ],
            checks: &[reads("kubectl get secrets[ -n {namespace}]")],
            commands: &[remedies::WRITE_SECRET],
            ..FIX
        },
        Fix {
            title: "Or name the secret that is there",
            steps: &[
                "If the secret exists under another name, correct the name where it is listed: imagePullSecrets of the \
pod template, or of the service account.",
                "A pod gets the list of its service account when it is created: after a change there, make the pod again.",
            ],
            checks: &[
                reads(
                    "kubectl get serviceaccount {service_account}[ -n {namespace}] -o \
jsonpath='{{.imagePullSecrets[[*]].name}}{{\"\\n\"}}'",
                ),
                remedies::NAMED_SECRETS,
            ],
            ..FIX
        },
        Fix {
            title: "Or copy it from the namespace that has it",
            steps: &["A pull secret of another namespace is never used. Whoever may read it there can copy it, and a \
copy has to be renewed like the original."],
            checks: &[reads(
                "kubectl get secrets --all-namespaces --field-selector type=kubernetes.io/dockerconfigjson",
            )],
            ..FIX
        },
    ],
    see_also: &[
        "credentials-missing",
        "pull-secret-in-other-namespace",
        "pull-secret-not-attached",
        "pull-secret-invalid",
    ],
    links: &["https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/"],
};

fn refused_without_credential(failure: &Failure<'_>) -> bool {
    failure.message.credential == Credential::NotSent && failure.refused()
}

fn untold(failure: &Failure<'_>) -> bool {
    failure.timeline.attempts.is_empty()
}

fn settle(case: &Case<'_>, confidence: Confidence) -> Verdict {
    let Some(secrets) = nothing_sent(case) else { return Verdict::No };
    let missing = secrets.missing();
    let elsewhere = |name: &str| {
        secrets.elsewhere.iter().any(|secret| secret.metadata.name == name && why_skipped(secret).is_none())
    };
    let Some(name) = missing.iter().find(|name| !elsewhere(name)) else { return Verdict::No };
    let mut lines =
        vec![secrets.pod_line(), (format!("secret {}/{name}", secrets.pod.namespace), "does not exist".to_owned())];
    if let Some(other) = secrets.unnamed.iter().find(|secret| secrets.fits(secret)) {
        lines.push((
            object(other),
            "exists, and has a login that fits the image: perhaps the name is misspelt".to_owned(),
        ));
    }
    Verdict::Proven(Proof { confidence, lines, values: vec![("secret", (*name).to_owned())] })
}
