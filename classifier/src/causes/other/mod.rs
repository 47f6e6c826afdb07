//! What names no cause: nothing but the back-off, an error that nobody knows, and what is no pull failure at all.

area! {
    back_off_only,
    unknown_pull_failure,
    not_a_pull_failure,
}
