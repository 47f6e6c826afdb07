//! Words for the values of a report, the same in every renderer.

use crate::cause::{Confidence, Outlook, Who};
use crate::observations::{ContainerKind, Source, State};
use crate::report::Finding;

/// One of three words.
pub fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Certain => "certain",
        Confidence::Likely => "likely",
        Confidence::Possible => "possible",
    }
}

/// Whether waiting helps.
pub fn outlook(outlook: Outlook) -> &'static str {
    match outlook {
        Outlook::Final => "waiting will not help",
        Outlook::Transient => "it may pass by itself",
        Outlook::Depends => "waiting may help",
    }
}

/// Who acts.
pub fn who(who: Who) -> &'static str {
    match who {
        Who::Author => "whoever deploys the workload",
        Who::ClusterAdmin => "the cluster's administrator",
        Who::NodeAdmin => "whoever administers the node",
        Who::RegistryOwner => "the registry's owner",
    }
}

/// The kind of a container, before its name.
pub fn kind(kind: ContainerKind) -> &'static str {
    match kind {
        ContainerKind::Regular => "container",
        ContainerKind::Init => "init container",
        ContainerKind::Sidecar => "sidecar",
        ContainerKind::Ephemeral => "ephemeral container",
        ContainerKind::ImageVolume => "image volume",
        ContainerKind::Sandbox => "sandbox (pause) image",
    }
}

/// The kind of record a proof is from.
pub fn source(source: Source) -> &'static str {
    match source {
        Source::Event => "event",
        Source::Status => "status",
        Source::Log => "log",
        Source::Tool => "tool",
        Source::Text => "text",
        Source::Object => "fact",
    }
}

/// How it stands, where that is not "failing".
pub fn state(finding: &Finding) -> Option<&'static str> {
    match finding.state {
        State::Failing => None,
        State::Retrying => Some("A new attempt is under way."),
        State::Healed => Some("It healed by itself: the image was pulled later, nothing is to be done."),
    }
}

/// `shop/web-5d9c`, or what else is known of whose pull it is.
pub fn subject(finding: &Finding) -> Option<String> {
    match (&finding.namespace, &finding.pod) {
        (Some(namespace), Some(pod)) => Some(format!("{namespace}/{pod}")),
        (None, Some(pod)) => Some(pod.clone()),
        _ => None,
    }
}

/// Seconds as people say them: `40 s`, `4 min`, `3 h`.
pub fn duration(seconds: u64) -> String {
    match seconds {
        0..=99 => format!("{seconds} s"),
        100..=5999 => format!("{} min", seconds.div_ceil(60)),
        6000..=172_799 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}
