//! Verification: everything that worked in the original image must also work with only the kept
//! names.

mod failure;
mod images;
mod kept;
mod missing;

pub use failure::{Failure, Lost};
pub use images::verify_against;
pub use kept::verify;
pub(super) use kept::verify_plan;
