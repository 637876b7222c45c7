//! The syntax that the frontend of a file does not have yet.

use crate::dockerfile::{Dockerfile, FEATURES};

/// The marks of syntax that the frontend of a file does not support. Empty for a file without a `#
/// syntax` directive, because the builder then uses its own frontend.
pub(in crate::lint) fn unknown_syntax(
    dockerfile: &Dockerfile,
) -> impl Iterator<Item = &'static str> {
    let version = dockerfile.frontend();
    FEATURES.iter().filter_map(move |feature| {
        if version?.lacks(feature) {
            Some(feature.mark)
        } else {
            None
        }
    })
}
