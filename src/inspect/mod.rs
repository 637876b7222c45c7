//! What is in an image: what each layer did and what it wastes, what its files are, and how two
//! images differ.

mod difference;
mod entry;
mod files;
mod layers;

pub use crate::image::How;
pub use difference::{Change, Changed, Difference, PackageChange, difference};
pub use entry::{Entry, Facts, Usage, facts, usage};
pub use files::{Files, files};
pub use layers::{LayerFacts, Layers, Wasted, layers};
