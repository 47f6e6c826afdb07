//! Facts only: the secret exists, in a namespace where the kubelet does not look.

use super::super::remedies;
use crate::cause::*;

pub(super) const CAUSE: Cause = Cause {
    id: "pull-secret-in-other-namespace",
    area: Area::Auth,
    title: "The pull secret exists in another namespace only",
    outlook: Outlook::Final,
    signs: &[],
    settles: &[],
    refines: &[],
    meaning: "The image, the registry and the secret itself are fine: the secret stands in another namespace than the pod.

The kubelet looks for pull secrets in the namespace of the pod, and nowhere else. A pull secret cannot be shared or referred to across namespaces; each namespace that pulls from \
the registry needs a copy of its own.",
    not_this: "A secret that exists in no namespace that could be looked at is pull-secret-not-found. One that stands in the right namespace and that nothing names is pull-secret-not-attached.",
    fixes: &[
        Fix {
            title: "Copy secret {secret} from namespace {other_namespace}",
            steps: &["Whoever runs this must be allowed to read secrets in {other_namespace}. The copy has to be renewed whenever the original is."],
            commands: &[
                changes(
                    "kubectl get secret {secret} -n {other_namespace} -o go-template='{{{{index .data \".dockerconfigjson\" | base64decode}}}}' \
| kubectl create secret generic {secret} -n {namespace} --type=kubernetes.io/dockerconfigjson --from-file=.dockerconfigjson=/dev/stdin --dry-run=client -o yaml \
| kubectl apply -n {namespace} --server-side --force-conflicts -f -",
                ),
            ],
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
                "kubernetes-reflector, External Secrets Operator (ClusterExternalSecret), Kyverno (a generate rule) and imagepullsecret-patcher keep copies in step, and attach them.",
            ],
            ..FIX
        },
        remedies::EVERY_NODE,
    ],
    see_also: &["pull-secret-not-found", "pull-secret-not-attached", "credentials-missing"],
    links: &["https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/"],
};
