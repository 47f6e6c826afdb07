//! network

area! {}
