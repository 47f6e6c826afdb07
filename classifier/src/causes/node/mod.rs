//! The node: its disk, its container runtime, and the images it already has.

area! {
    node_disk_full,
    pull_timed_out,
    image_corrupted,
    unpack_failed,
    runtime_unavailable,
    image_never_pulled,
    image_inspect_failed,
    image_not_on_node,
}

/// Whether a message is about a remote snapshotter (a program beside containerd, with a socket of its own) and not about the
/// runtime itself.
fn speaks_of_snapshotter(failure: &crate::observations::Failure<'_>) -> bool {
    let text = failure.message.text.as_str();
    ["stargz", "soci-snapshotter", "nydus", "overlaybd", "cvmfs"].iter().any(|name| text.contains(name))
}
