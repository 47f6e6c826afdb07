//! limits

area! {}
