//! Who may pull: which credential the node sends, if any, and what the registry thinks of it.

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
