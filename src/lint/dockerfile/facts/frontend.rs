//! The frontend that a `# syntax` directive selects, and the syntax that it does not have yet.

use crate::dockerfile::{Dockerfile, FEATURES, FrontendVersion};

/// The marks of the syntax that the frontend of a file does not have. None for a file without a
/// `# syntax` directive: the builder brings its own frontend.
pub(in crate::lint) fn unknown_syntax(
    dockerfile: &Dockerfile,
) -> impl Iterator<Item = &'static str> {
    let version = version(dockerfile);
    FEATURES.iter().filter_map(move |feature| {
        if version?.lacks(feature) {
            Some(feature.mark)
        } else {
            None
        }
    })
}

fn version(dockerfile: &Dockerfile) -> Option<FrontendVersion> {
    let mut directives = dockerfile.directives.iter();
    let syntax = directives.find(|directive| directive.name == "syntax")?;
    FrontendVersion::of_image(&syntax.value)
}
