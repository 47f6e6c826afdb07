//! other

area! {}
