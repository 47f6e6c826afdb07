//! The hall: text of any form comes in, [`Observations`](crate::observations::Observations) go out. Names no cause.

pub mod image_ref;
