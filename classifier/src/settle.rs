//! Facts of the cluster decide what the text left open: every cause's settlings are asked, none is named here.

use crate::cause::Confidence;
use crate::observations::{Facts, PlaceFacts, PodFacts, Timeline};
use crate::read::image_ref::ImageRef;

/// What a settling is asked about.
pub struct Case<'a> {
    /// Everything known of the cluster.
    pub facts: &'a Facts,
    /// The failing pull.
    pub timeline: &'a Timeline,
    /// Its image, if it can be parsed.
    pub image: Option<&'a ImageRef>,
    /// Its pod object, if it was read.
    pub pod: Option<&'a PodFacts>,
    /// Where it happens.
    pub place: &'a PlaceFacts,
    /// How sure the text made us of the cause that is being settled.
    pub confidence: Confidence,
}
