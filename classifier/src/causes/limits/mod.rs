//! How often one may pull: the registry's limits and the kubelet's own.

area! {
    registry_rate_limited,
    kubelet_pull_qps_exceeded,
}
