//! Known vulnerabilities: reads a local OSV export and matches its records against the packages
//! installed in an image.
//!
//! An export is what osv.dev publishes: one JSON file for each vulnerability, in directories or in
//! ZIP files (`Debian/all.zip`). Only records that affect the image stay in memory. Source:
//! <https://ossf.github.io/osv-schema/>, version 1.7.

mod affected;
mod ecosystem;
mod export;
mod find;
mod inflate;
mod known;
mod merge;
mod record;
mod severity;
mod work;

pub use ecosystem::Coverage;
pub use export::{Export, ExportError, ExportErrorReason, ExportLimits};
pub use find::find;
pub use known::{KnownVulnerabilities, Vulnerability};
pub use severity::{Rating, VulnerabilitySeverity};
