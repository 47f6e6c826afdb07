//! Facts only: the pod's secrets were read, and no entry in them fits the image.

use super::{UNSENT, nothing_sent};
use crate::causes::remedies;
use crate::cause::*;
use crate::keyring::Keyring;
use crate::secret_facts::SecretFacts;
use crate::settle::Case;
use crate::settle::pull_secrets::{object, why_not, why_skipped};

pub(super) const CAUSE: Cause = Cause {
    id: "pull-secret-wrong-registry",
    area: Area::Auth,
    title: "No entry of the pull secrets fits the image's registry",
    outlook: Outlook::Final,
    signs: &[],
    settles: &[
        Settling {
            from: UNSENT,
            question: "the pod's pull secrets were read, and no entry in them matches the image by the kubelet's rules",
            when: settle,
        },
    ],
    refines: &[],
    meaning: "The image is fine, and the kubelet found and read the pod's pull secrets: none of their entries is for \
the registry of this image, so it asked without a login.

The kubelet compares the entry's key with the image's name. The host must have the same parts (`*` stands for one part \
between two dots), the port must be the same or missing in both, and a \
path in the key must be the beginning of the image's path. `https://` before it does not matter. A key that a person \
would take for the same registry often is not: `registry-1.docker.io` or `hub.docker.com` \
instead of `https://index.docker.io/v1/`, a port too many, another region of a cloud registry, a tag in the key.",
    not_this: "Secrets that the kubelet skips as a whole, because of their type or shape, are pull-secret-wrong-type. A \
fitting secret that nothing names is pull-secret-not-attached.",
    fixes: &[
        Fix {
            title: "Write the secret for {registry_server}",
            known: &["near_secret"],
            steps: &[
                "Secret {near_secret} has a login for {secret_key}; the image needs one for {registry_server}.",
                "Set REGISTRY_USERNAME and REGISTRY_PASSWORD to an account or token that may pull from {repository}.",
                "The kubelet reads the secret anew at its next try, at most about five minutes later; the pod need not \
be made again.",
            ],
            commands: &[changes(
                "kubectl create secret docker-registry {near_secret}[ -n {namespace}] --docker-server={registry_server} \
--docker-username=\"$REGISTRY_USERNAME\" --docker-password=\"$REGISTRY_PASSWORD\" --dry-run=client -o yaml \
| kubectl replace[ -n {namespace}] --force -f -",
            )],
            warnings: &["The new secret holds this one registry. If other images need what else is in {near_secret}, \
take the next way."],
            ..FIX
        },
        Fix { title: "Or add a second secret for {registry_server}", ..remedies::any::GIVE },
        Fix {
            title: "Or write the image's name as the secret has it",
            steps: &[
                "If the image was meant to come from {secret_key}, the image reference names the wrong registry: \
correct it in the workload.",
            ],
            commands: &[remedies::CHANGE_IMAGE],
            warnings: remedies::CHANGE_IMAGE_WARNINGS,
            ..FIX
        },
    ],
    see_also: &["credentials-missing", "pull-secret-wrong-type", "pull-secret-not-attached"],
    links: &["https://kubernetes.io/docs/concepts/containers/images/#config-json"],
};

fn settle(case: &Case<'_>) -> Verdict {
    let Some(secrets) = nothing_sent(case) else { return Verdict::No };
    let read = secrets.read();
    let Keyring::NoMatch { nearest } = secrets.keyring() else { return Verdict::No };
    // Secrets that are passed over as a whole, and those that are not there, have causes of their own.
    let used: Vec<&SecretFacts> = read.iter().filter(|secret| why_skipped(secret).is_none()).copied().collect();
    let skipped_would_fit = nearest.as_ref().is_some_and(|near| near.ignored);
    if used.is_empty() || skipped_would_fit || !secrets.missing().is_empty() {
        return Verdict::No;
    }
    if !secrets.all_known() {
        return Verdict::Open {
            question: format!(
                "Whether the pull secrets that could not be read hold a login for {}.",
                secrets.registry()
            ),
            command: None,
        };
    }
    let near = nearest.as_ref().and_then(|near| Some((*read.get(near.secret)?, near)));
    let mut lines = vec![secrets.pod_line()];
    for secret in &used {
        let keys: Vec<&str> = secret.entries.iter().map(|entry| entry.key.as_str()).collect();
        let few = keys.iter().take(4).copied().collect::<Vec<_>>().join(", ");
        let more = if keys.len() > 4 { format!(" and {} more", keys.len() - 4) } else { String::new() };
        let why = match near {
            Some((of, near)) if std::ptr::eq(of, *secret) => {
                format!("; {} does not match {}: {}", near.key, secrets.repository(), why_not(near.miss))
            }
            _ => String::new(),
        };
        lines.push((object(secret), format!("has a login for {few}{more}{why}")));
    }
    let secret = near.map_or(used[0], |(secret, _)| secret);
    let key = near.map(|(_, near)| near.key.clone()).or_else(|| secret.entries.first().map(|entry| entry.key.clone()));
    // Writing the secret anew is right where its one entry was meant for this registry, and no other image of the pod needs it.
    let mut values = Vec::new();
    let needed = || secrets.pod.containers.iter().any(|container| secrets.fits_image(secret, &container.image));
    if near.is_some() || (read.len() == 1 && secret.entries.len() == 1 && !needed()) {
        values.push(("near_secret", secret.metadata.name.clone()));
        values.extend(key.map(|key| ("secret_key", key)));
    }
    Verdict::Proven(Proof { confidence: case.sureness(), lines, values })
}
