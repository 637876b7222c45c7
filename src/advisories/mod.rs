//! Known vulnerabilities: records of a local OSV export, and which of them are of what is installed
//! in an image.
//!
//! An export is what osv.dev gives away: a JSON file a vulnerability, in folders or in zips
//! (`Debian/all.zip`). Of a record only what is of the image stays in memory. Source:
//! <https://ossf.github.io/osv-schema/>, version 1.7.

mod affected;
mod ecosystem;
mod export;
mod find;
mod inflate;
mod known;
mod record;
mod severity;

pub use ecosystem::Coverage;
pub use export::{Error, Export, Limits, Reason};
pub use find::find;
pub use known::{Known, Vulnerability};
pub use severity::{Rating, Severity};
