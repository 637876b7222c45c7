//! Bills of materials: the packages of an image, as SPDX and as `CycloneDX`. The output is
//! deterministic.

mod cyclonedx;
mod spdx;
mod time;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::packages::{Distribution, Package};

pub use cyclonedx::cyclonedx;
pub(super) use cyclonedx::identifier;
pub use spdx::spdx;
pub use time::time_of_image;

/// Contents of a bill of materials.
#[derive(Clone, Debug)]
pub struct Bill<'a> {
    /// The name of the image.
    pub name: &'a str,
    /// The installed packages, in order.
    pub packages: Vec<&'a Package>,
    /// For each of them, whether the program can reach one of its files; none if the program is not
    /// known.
    pub reachable: Option<Vec<bool>>,
    pub distribution: &'a Distribution,
    /// The time of the bill's creation.
    pub time: Timestamp,
}

impl Bill<'_> {
    /// A hash for the document's identifier, which is different for different bills.
    fn hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        // A zero byte ends each text, so that no two lists of texts have the same bytes.
        for text in [self.name, &self.time.to_string(), &self.distribution.id] {
            hash.update(text);
            hash.update([0]);
        }
        for package in &self.packages {
            hash.update(&package.purl);
            hash.update([0]);
        }
        for &is_reachable in self.reachable.iter().flatten() {
            hash.update([u8::from(is_reachable)]);
        }
        hash.finalize().into()
    }
}

/// The license of a package, if it is an SPDX expression of listed licenses. Validators reject
/// documents with others.
fn expression(package: &Package) -> Option<&str> {
    package
        .license
        .as_deref()
        .filter(|license| ::spdx::Expression::parse(license).is_ok())
}

pub(super) const TOOL: &str = env!("CARGO_PKG_NAME");
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");
