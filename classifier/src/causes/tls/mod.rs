//! Certificates and the handshake, and registries that speak plain HTTP.

area! {
    tls_unknown_authority,
    tls_certificate_expired,
    tls_name_mismatch,
    tls_handshake_failed,
    plain_http_registry,
}

/// Said after a repair on the nodes: nothing has to be made again.
const TRIES_AGAIN: &str = "The kubelet tries again by itself, at most about five minutes later.";
