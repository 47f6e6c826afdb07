//! Facts of a pull secret.

/// Facts of a pull secret.
#[derive(Clone, Debug, Default)]
pub struct SecretFacts {}
