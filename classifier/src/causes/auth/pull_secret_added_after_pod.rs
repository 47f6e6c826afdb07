//! Facts only: the service account lists the secret by now; the pod was admitted before it did.

use super::{UNSENT, nothing_sent};
use crate::causes::remedies;
use crate::cause::*;
use crate::settle::Case;

pub(super) const CAUSE: Cause = Cause {
    id: "pull-secret-added-after-pod",
    area: Area::Auth,
    title: "The pull secret was attached to the service account after the pod was created",
    outlook: Outlook::Final,
    signs: &[],
    settles: &[
        Settling {
            from: UNSENT,
            question: "the service account lists a pull secret that the pod does not have",
            when: settle,
        },
    ],
    refines: &[],
    meaning: "Image, registry, secret and service account are fine by now: the pod is older than the change.

A pod gets the list of pull secrets from its service account once, when it is created. Whatever is attached later \
reaches only pods that are created later; this pod would go on without a login for ever.",
    not_this: "If the service account does not list the secret yet, it is pull-secret-not-attached.",
    fixes: &[
        Fix {
            title: "Make the pod again",
            steps: &["Nothing else has to change: the new pod gets {secret} from its service account."],
            commands: &[remedies::RECREATE],
            ..FIX
        },
        Fix {
            title: "Create service account and secret before the workload",
            steps: &[
                "Where a chart or an operator makes all of them at once, the pod can be first. Name the secret in \
the pod template, which does not depend on the order, or let the \
workload wait for the service account (a sync wave in Argo CD, dependsOn in Flux).",
            ],
            ..FIX
        },
    ],
    see_also: &["pull-secret-not-attached", "credentials-missing"],
    links: &[
        "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#add-imagepullsecrets-to-a-service-account",
    ],
};

fn settle(case: &Case<'_>) -> Verdict {
    let Some(secrets) = nothing_sent(case) else { return Verdict::No };
    let Some(account) = secrets.account else { return Verdict::No };
    // A pod that lists a secret of its own gets none from its service account; a static pod gets none at all.
    let own_list = secrets.named.iter().any(|named| !account.pull_secrets.iter().any(|listed| listed == named.name));
    let is_static = secrets.pod.owner.as_deref().is_some_and(|owner| owner.starts_with("Node/"));
    if own_list || is_static {
        return Verdict::No;
    }
    let late = || account.pull_secrets.iter().filter(|listed| !secrets.pod.pull_secrets.contains(listed));
    let read = |name: &String| secrets.unnamed.iter().find(|secret| secret.metadata.name == *name).copied();
    let fitting = late().find_map(|name| read(name).filter(|secret| secrets.fits(secret)));
    let (name, confidence) = match fitting {
        Some(secret) => (secret.metadata.name.clone(), case.sureness()),
        // Listed, and nobody could look into it.
        None => match late().find(|name| read(name).is_none() && !secrets.is_missing(name)) {
            Some(name) => (name.clone(), Confidence::Likely),
            None => return Verdict::No,
        },
    };
    let mut lines = vec![secrets.pod_line()];
    lines.extend(secrets.account_line());
    if let Some(entry) = fitting.and_then(|secret| secrets.entry(secret)) {
        lines.push((
            format!("secret {}/{name}", secrets.pod.namespace),
            format!(
                "has a login for {}, which fits the \
image",
                entry.key
            ),
        ));
    }
    Verdict::Proven(Proof { confidence, lines, values: vec![("secret", name)] })
}
