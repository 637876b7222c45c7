//! Analysis of an image for people: changes and waste of each layer, its files, and differences
//! between two images.

mod difference;
mod entry;
mod files;
mod layers;

pub use crate::image::How;
pub use difference::{Change, Changed, Difference, PackageChange, difference};
pub use entry::{Entry, EntryFacts, Usage, facts, usage};
pub use files::{ImageFiles, files};
pub use layers::{ImageLayers, LayerFacts, Wasted, layers};
