//! Names the cause of a failed container image pull, proves it with the words of the input, and tells the fix.

pub mod cause;
pub mod causes;
pub mod observations;
pub mod phrase;
pub mod read;
pub mod secret_facts;
pub mod settle;
pub mod text;
