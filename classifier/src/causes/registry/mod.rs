//! registry

area! {}
