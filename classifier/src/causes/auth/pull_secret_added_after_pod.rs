//! Facts only: the service account lists the secret by now; the pod was admitted before it did.

use super::super::remedies;
use crate::cause::*;

pub(super) const CAUSE: Cause = Cause {
    id: "pull-secret-added-after-pod",
    area: Area::Auth,
    title: "The pull secret was attached to the service account after the pod was created",
    outlook: Outlook::Final,
    signs: &[],
    settles: &[],
    refines: &[],
    meaning: "Image, registry, secret and service account are fine by now: the pod is older than the change.

A pod gets the list of pull secrets from its service account once, when it is created. Whatever is attached later reaches only pods that are created later; this pod would go on without a login for ever.",
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
            steps: &["Where a chart or an operator makes all of them at once, the pod can be first. Name the secret in the pod template, which does not depend on the order, or let the \
workload wait for the service account (a sync wave in Argo CD, dependsOn in Flux)."],
            ..FIX
        },
    ],
    see_also: &["pull-secret-not-attached", "credentials-missing"],
    links: &["https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#add-imagepullsecrets-to-a-service-account"],
};
