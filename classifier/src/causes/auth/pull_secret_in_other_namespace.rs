//! Facts only: the secret exists, in a namespace where the kubelet does not look.

use super::{UNSENT, nothing_sent};
use crate::causes::remedies;
use crate::cause::*;
use crate::settle::Case;
use crate::settle::pull_secrets::{object, why_skipped};

pub(super) const CAUSE: Cause = Cause {
    id: "pull-secret-in-other-namespace",
    area: Area::Auth,
    title: "The pull secret exists in another namespace only",
    outlook: Outlook::Final,
    signs: &[],
    settles: &[
        Settling {
            from: &[UNSENT[0], UNSENT[1], UNSENT[2], UNSENT[3], "pull-secret-not-found"],
            question: "the secret that the pod names is missing in its namespace, and exists in another one",
            when: settle,
        },
    ],
    refines: &[],
    meaning:
        "The image, the registry and the secret itself are fine: the secret stands in another namespace than the pod.

The kubelet looks for pull secrets in the namespace of the pod, and nowhere else. A pull secret cannot be shared or \
referred to across namespaces; each namespace that pulls from \
the registry needs a copy of its own.",
    not_this: "A secret that exists in no namespace that could be looked at is pull-secret-not-found. One that stands \
in the right namespace and that nothing names is pull-secret-not-attached.",
    fixes: &[
        Fix {
            title: "Copy secret {secret} from namespace {other_namespace}",
            steps: &["Whoever runs this must be allowed to read secrets in {other_namespace}. The copy has to be \
renewed whenever the original is."],
            commands: &[changes(
                "kubectl get secret {secret} -n {other_namespace} -o go-template='{{{{index .data \
\".dockerconfigjson\" | base64decode}}}}' \
| kubectl create secret generic {secret} -n {namespace} --type=kubernetes.io/dockerconfigjson \
--from-file=.dockerconfigjson=/dev/stdin --dry-run=client -o yaml \
| kubectl apply -n {namespace} --server-side --force-conflicts -f -",
            )],
            ..FIX
        },
        Fix {
            title: "Attach it, if nothing names it yet",
            steps: &["If neither the pod nor its service account lists {secret}, attach it and make the pod again."],
            commands: &[remedies::ATTACH_SECRET, remedies::RECREATE],
            warnings: remedies::ATTACH_WARNINGS,
            ..FIX
        },
        remedies::any::GIVE,
        Fix {
            title: "Have one secret copied to all namespaces",
            who: Who::ClusterAdmin,
            steps: &[
                "kubernetes-reflector, External Secrets Operator (ClusterExternalSecret), Kyverno (a generate rule) and \
imagepullsecret-patcher keep copies in step, and attach them.",
            ],
            ..FIX
        },
        remedies::EVERY_NODE,
    ],
    see_also: &["pull-secret-not-found", "pull-secret-not-attached", "credentials-missing"],
    links: &["https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/"],
};

fn settle(case: &Case<'_>) -> Verdict {
    let Some(secrets) = nothing_sent(case) else { return Verdict::No };
    let missing = secrets.missing();
    // The best copy of a missing one: a secret of its name that fits, else one of its name.
    let of_name =
        || secrets.elsewhere.iter().filter(|secret| missing.contains(&secret.metadata.name.as_str())).copied();
    let copy = of_name()
        .find(|secret| secrets.fits(secret))
        .or_else(|| of_name().find(|secret| why_skipped(secret).is_none()));
    // A pod without any secret, and a secret elsewhere that would fit.
    let nothing_named = secrets.named.is_empty() && !secrets.unnamed.iter().any(|secret| secrets.fits(secret));
    let unused = || secrets.elsewhere.iter().filter(|secret| nothing_named && secrets.fits(secret)).copied().next();
    let Some(found) = copy.or_else(unused) else { return Verdict::No };
    let mut lines = vec![secrets.pod_line()];
    let (name, confidence) = (&found.metadata.name, if copy.is_some() { case.sureness() } else { Confidence::Likely });
    if copy.is_some() {
        lines.push((format!("secret {}/{name}", secrets.pod.namespace), "does not exist".to_owned()));
    } else {
        lines.extend(secrets.account_line());
    }
    let says = match secrets.entry(found) {
        Some(entry) => format!("exists, and has a login for {}, which fits the image", entry.key),
        None => "exists".to_owned(),
    };
    lines.push((object(found), says));
    let values = vec![
        ("secret", name.clone()),
        ("other_namespace", found.metadata.namespace.clone()),
        ("service_account", secrets.account_name().to_owned()),
    ];
    Verdict::Proven(Proof { confidence, lines, values })
}
