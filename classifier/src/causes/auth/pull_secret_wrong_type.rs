//! Facts only: the kubelet skips the secret, or its entry, without a word.

use super::{UNSENT, nothing_sent};
use crate::causes::remedies;
use crate::cause::*;
use crate::keyring::Keyring;
use crate::secret_facts::SecretFacts;
use crate::settle::Case;
use crate::settle::pull_secrets::{object, why_skipped, why_unusable};

pub(super) const CAUSE: Cause = Cause {
    id: "pull-secret-wrong-type",
    area: Area::Auth,
    title: "The kubelet skips the pull secret because of its type or shape",
    outlook: Outlook::Final,
    signs: &[],
    settles: &[
        Settling {
            from: UNSENT,
            question: "a secret that the pod names is passed over by the kubelet, or its entry for the image holds \
nothing to send",
            when: settle,
        },
    ],
    refines: &[],
    meaning: "The image and the registry are fine, and the pod names the secret: the kubelet passes over it, and says \
so nowhere.

It takes two kinds of secrets only: type `kubernetes.io/dockerconfigjson` with the key `.dockerconfigjson`, whose JSON \
has `auths`; and the older `kubernetes.io/dockercfg` with the key `.dockercfg`, whose JSON \
has not. A secret of type Opaque or kubernetes.io/basic-auth is skipped, and so is one of the right type with the other \
one's content.

An entry that holds only an `identitytoken`, or a file that only names a helper (`credsStore`, `credHelpers`), as \
`docker login` writes it on a desktop, has nothing the kubelet could send either.",
    not_this: "Content that cannot be decoded stops the pull with a message: that is pull-secret-invalid. A secret that \
is read and has no entry for this registry is pull-secret-wrong-registry.",
    fixes: &[
        Fix {
            title: "Make secret {secret} anew as a docker-registry secret",
            steps: &[
                "Set REGISTRY_USERNAME and REGISTRY_PASSWORD to an account or token that may pull from {repository}.",
                "The type of a secret cannot be changed: it is deleted, then created. The kubelet reads it anew at its \
next try, at most about five minutes later; the pod need not be made again.",
            ],
            commands: &[remedies::WRITE_SECRET],
            warnings: &["If something else than image pulls reads {secret} (a volume, an environment variable), create \
a second secret instead (SECRET_NAME) and attach it."],
            ..FIX
        },
        Fix {
            title: "Where a file is wanted, make it with `kubectl create secret docker-registry`",
            steps: &[
                "In a manifest, the secret needs `type: kubernetes.io/dockerconfigjson` and one key, .dockerconfigjson. \
The docker config must hold the password itself: on a desktop, log in with \
`docker --config DIRECTORY login` into an empty directory whose config.json says no credsStore, or with podman or crane.",
                "If External Secrets, Sealed Secrets, Vault or a chart writes the secret, set the type there.",
            ],
            ..FIX
        },
    ],
    see_also: &["pull-secret-invalid", "pull-secret-wrong-registry", "credentials-missing"],
    links: &["https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets"],
};

fn settle(case: &Case<'_>) -> Verdict {
    let Some(secrets) = nothing_sent(case) else { return Verdict::No };
    let read = secrets.read();
    let proven = |secret: &SecretFacts, says: String, confidence| {
        let lines = vec![secrets.pod_line(), (object(secret), says)];
        Verdict::Proven(Proof { confidence, lines, values: vec![("secret", secret.metadata.name.clone())] })
    };
    let near = match secrets.keyring() {
        Keyring::Candidates(candidates) => {
            let empty = candidates.iter().find_map(|candidate| {
                let secret = *read.get(candidate.secret)?;
                let entry = secret.entries.get(candidate.entry)?;
                Some((secret, format!("its entry for {} {}", entry.key, why_unusable(entry)?)))
            });
            return empty.map_or(Verdict::No, |(secret, says)| proven(secret, says, case.sureness()));
        }
        Keyring::NoMatch { nearest } => nearest.filter(|near| near.ignored),
        Keyring::NotAnImage | Keyring::Broken { .. } => return Verdict::No,
    };
    let meant = near.and_then(|near| read.get(near.secret).copied());
    if let Some((secret, says)) = meant.and_then(|secret| Some((secret, why_skipped(secret)?))) {
        return proven(secret, says, case.sureness());
    }
    // Skipped, and what it was meant for cannot be told.
    let skipped = read.iter().find_map(|secret| Some((*secret, why_skipped(secret)?)));
    match skipped {
        Some((secret, says)) if read.len() == 1 => proven(secret, says, case.sureness()),
        Some((secret, says)) => proven(secret, says, Confidence::Possible),
        None => Verdict::No,
    }
}
