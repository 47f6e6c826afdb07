//! Rules that refuse an image on purpose.

area! {
    signature_rejected,
    registry_blocked,
}
