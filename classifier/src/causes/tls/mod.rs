//! tls

area! {}
