//! Helpers of the whole-program tests: the program itself, a folder of its own for each test, and an API server that answers
//! what a test wants, faults included.

pub mod fake_api;
pub mod folder;
pub mod program;
