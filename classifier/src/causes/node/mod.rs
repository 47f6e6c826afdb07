//! node

area! {}
