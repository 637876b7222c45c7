//! Layers that an image's own Dockerfile added to its base image.
//!
//! An image does not name its base. The history shows where it ends: official and other complete
//! images set a command last, so a `CMD` that layers follow is the base's.

use crate::image::{Image, Tree};

/// Files that only the image of a distribution brings, and that packages do not rewrite later.
const OF_DISTRIBUTION: [&str; 4] = [
    "/usr/lib/os-release",
    "/etc/os-release",
    "/etc/alpine-release",
    "/etc/redhat-release",
];

/// The first layer above the base image, counted from the lowest.
pub(super) fn first_own_layer(image: &Image) -> usize {
    let after_distribution = after_distribution(&image.tree, image.layers.len());
    let mut layers = 0;
    let mut end = after_distribution;
    for step in image.config.history() {
        if !step.empty_layer {
            layers += 1;
        }
        // The last command of all is the image's own: no layer follows it, and it ends nothing.
        if is_command(step.instruction()) && layers < image.layers.len() {
            end = end.max(layers);
        }
    }
    end
}

/// The layers up to the one that has the distribution; all layers of an image that has just one
/// with a distribution, and none of an image from `scratch`.
fn after_distribution(tree: &Tree, layers: usize) -> usize {
    // A directory of the host has no layers, and all of it counts as the base.
    if layers == 0 {
        return usize::MAX;
    }
    let mut after = 0;
    for path in OF_DISTRIBUTION {
        if let Ok(resolved) = tree.resolve_link(path.as_bytes()) {
            after = after.max(tree.inode(resolved.name).layer + 1);
        }
    }
    after
}

fn is_command(instruction: &str) -> bool {
    let keyword = instruction.split_whitespace().next().unwrap_or_default();
    keyword.eq_ignore_ascii_case("CMD")
}
