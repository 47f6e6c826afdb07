//! The registry's own health.

area! {
    registry_server_error,
}
