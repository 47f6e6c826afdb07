//! auth

area! {}
