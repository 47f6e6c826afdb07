//! Who may pull: which credential the node sends, if any, and what the registry thinks of it.

use crate::cause::Confidence;
use crate::settle::Case;
use crate::settle::pull_secrets::PullSecrets;

area! {
    credentials_missing,
    credentials_rejected,
    credentials_expired,
    permission_denied,
    pull_secret_not_found,
    pull_secret_invalid,
    credential_provider_failed,
    pull_secret_not_attached,
    pull_secret_in_other_namespace,
    pull_secret_wrong_registry,
    pull_secret_wrong_type,
    pull_secret_added_after_pod,
}

/// What the text may tell of a pull for which no credential was sent.
const UNSENT: &[&str] =
    &["credentials-missing", "repository-not-found-or-private", "credentials-rejected", "permission-denied"];

/// The pod's pull secrets, where none of them was sent: none has a credential for the image, and the words leave room for that. A
/// refusal that the text makes sure of was the answer to a login.
fn nothing_sent<'a>(case: &Case<'a>) -> Option<PullSecrets<'a>> {
    let refused = matches!(case.from, "credentials-rejected" | "permission-denied");
    let room = case.words_allow_nothing_sent() && !(refused && case.confidence == Confidence::Certain);
    case.pull_secrets().filter(|secrets| room && secrets.sent().is_empty())
}
