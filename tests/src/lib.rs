//! Helpers of the whole-program tests: the program itself, a folder of its own for each test, a real API server, and one that
//! answers what a test wants, faults included.

pub mod api_server;
pub mod fake_api;
pub mod folder;
pub mod program;
pub mod recordings;
pub mod repository;

/// The Rust of the page is a doctest.
#[cfg(doctest)]
#[doc = include_str!("../../docs/embedding.md")]
pub struct Embedding;
