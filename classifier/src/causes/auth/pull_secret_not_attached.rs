//! Facts only: the right secret is there, and neither pod nor service account names it.

use super::{UNSENT, nothing_sent};
use crate::causes::remedies;
use crate::cause::*;
use crate::settle::Case;
use crate::settle::pull_secrets::{object};

pub(super) const CAUSE: Cause = Cause {
    id: "pull-secret-not-attached",
    area: Area::Auth,
    title: "A fitting pull secret is in the namespace, but nothing attaches it",
    outlook: Outlook::Final,
    signs: &[],
    settles: &[
        Settling {
            from: UNSENT,
            question: "a secret of the namespace fits the image, and neither the pod nor its service account names it",
            when: settle,
        },
    ],
    refines: &[],
    meaning: "The image, the registry and the secret are fine: a secret in this namespace has an entry for the image's \
registry. The kubelet did not use it, because a secret is \
used only if the pod lists it.

A pod lists a pull secret in two ways: by `imagePullSecrets` in its own template, or because its service account listed \
it when the pod was created. A pod that lists even one \
secret itself gets none from its service account. A secret that merely exists in the namespace, and one that is \
attached to the service account `default` while the pod runs as another, do nothing.",
    not_this: "If the service account lists the secret by now, and the pod is older than that, it is \
pull-secret-added-after-pod. If nothing in the namespace fits the registry, it is credentials-missing or \
pull-secret-wrong-registry.",
    fixes: &[
        Fix {
            title: "Attach secret {secret} to the service account of the pod",
            steps: &["A pod gets the list of its service account when it is created: make the pod again."],
            commands: &[remedies::ATTACH_SECRET, remedies::RECREATE],
            warnings: remedies::ATTACH_WARNINGS,
            ..FIX
        },
        Fix {
            title: "Or name it in the pod template",
            steps: &["Under spec.template.spec (of a pod: spec), write `imagePullSecrets:` and below it `- name: \
{secret}`. The list of the service account is then no longer used for these pods."],
            warnings: &["If Argo CD, Flux or Helm manages {owner}, make the change where it is kept, or it is taken back."],
            ..FIX
        },
    ],
    see_also: &["credentials-missing", "pull-secret-added-after-pod", "pull-secret-wrong-registry"],
    links: &["https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#add-imagepullsecrets-to-a-service-account"],
};

fn settle(case: &Case<'_>) -> Verdict {
    let Some(secrets) = nothing_sent(case) else { return Verdict::No };
    if !secrets.all_known() {
        return Verdict::No;
    }
    let Some(fitting) = secrets.unnamed.iter().find(|secret| secrets.fits(secret) && !secrets.account_lists(secret))
    else {
        return Verdict::No;
    };
    let Some(entry) = secrets.entry(fitting) else { return Verdict::No };
    let mut lines =
        vec![(object(fitting), format!("has a login for {}, which fits the image", entry.key)), secrets.pod_line()];
    lines.extend(secrets.account_line());
    let values =
        vec![("secret", fitting.metadata.name.clone()), ("service_account", secrets.account_name().to_owned())];
    Verdict::Proven(Proof { confidence: case.sureness(), lines, values })
}
