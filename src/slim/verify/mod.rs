//! Verification: what worked in the whole image works among the kept names alone.

mod failure;
mod images;
mod kept;

pub use failure::{Failure, Lost};
pub use images::verify_against;
pub use kept::verify;
pub(super) use kept::verify_plan;
