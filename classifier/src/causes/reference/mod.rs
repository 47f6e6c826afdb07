//! The image reference, or what it names: does it exist, and can the node use it?

area! {
    tag_not_found,
}
