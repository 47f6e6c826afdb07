//! policy

area! {}
