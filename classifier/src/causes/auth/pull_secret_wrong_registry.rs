//! Facts only: the pod's secrets were read, and no entry in them fits the image.

use super::super::remedies;
use crate::cause::*;

pub(super) const CAUSE: Cause = Cause {
    id: "pull-secret-wrong-registry",
    area: Area::Auth,
    title: "No entry of the pull secrets fits the image's registry",
    outlook: Outlook::Final,
    signs: &[],
    settles: &[],
    refines: &[],
    meaning: "The image is fine, and the kubelet found and read the pod's pull secrets: none of their entries is for the registry of this image, so it asked without a login.

The kubelet compares the entry's key with the image's name. The host must have the same parts (`*` stands for one part between two dots), the port must be the same or missing in both, and a \
path in the key must be the beginning of the image's path. `https://` before it does not matter. A key that a person would take for the same registry often is not: `registry-1.docker.io` or `hub.docker.com` \
instead of `https://index.docker.io/v1/`, a port too many, another region of a cloud registry, a tag in the key.",
    not_this: "Secrets that the kubelet skips as a whole, because of their type or shape, are pull-secret-wrong-type. A fitting secret that nothing names is pull-secret-not-attached.",
    fixes: &[
        Fix {
            title: "Write the secret for {registry_server}",
            steps: &[
                "The nearest entry of secret {secret} is for {secret_key}; the image needs {registry_server}.",
                "Set REGISTRY_USERNAME and REGISTRY_PASSWORD to an account or token that may pull from {repository}.",
                "The kubelet reads the secret anew at its next try, at most about five minutes later; the pod need not be made again.",
            ],
            commands: &[
                disrupts("kubectl delete secret {secret_name}[ -n {namespace}] --ignore-not-found"),
                remedies::WRITE_SECRET,
            ],
            warnings: &["The new secret holds this one registry. If other pods use other entries of {secret}, create a second secret instead (SECRET_NAME) and attach it too."],
            ..FIX
        },
        Fix {
            title: "Or write the image's name as the secret has it",
            steps: &["If the image was meant to come from {secret_key}, the image reference names the wrong registry: correct it in the workload."],
            commands: &[changes("kubectl set image[ -n {namespace}] {set_image} {container}=\"$NEW_IMAGE\"")],
            warnings: &["If Argo CD, Flux or Helm manages {owner}, change the image in git: they put the old one back."],
            ..FIX
        },
    ],
    see_also: &["credentials-missing", "pull-secret-wrong-type", "pull-secret-not-attached"],
    links: &["https://kubernetes.io/docs/concepts/containers/images/#config-json"],
};
