//! Sources that COPY and ADD read from a build context with a `.dockerignore`.

use super::Facts;
use crate::lint::dockerfile::build_context::{IgnoreFile, clean};
use crate::source::Span;

/// The most bytes of paths that the patterns of a `.dockerignore` are compared with, which takes
/// about a second. A file of a megabyte can have hundreds of thousands of sources, and an ignore
/// file thousands of patterns.
const MAX_COMPARED: u64 = 1 << 30;

/// The sources of a file.
#[derive(Debug)]
pub struct ContextSources {
    /// The place and the path of each, up to the limit.
    pub sources: Vec<(Span, String)>,
    /// The first source beyond the limit.
    pub first_beyond: Option<Span>,
}

/// Reads the sources, without those of other stages and images, which are not filtered.
pub(super) fn read(facts: &Facts<'_>, ignore: &IgnoreFile) -> ContextSources {
    let mut read = ContextSources {
        sources: Vec::new(),
        first_beyond: None,
    };
    let mut compared = 0;
    for step in &facts.steps {
        if step.onbuild || step.flag("from").is_some() {
            continue;
        }
        for (word, path) in facts.source_paths(step) {
            if is_remote(&path) {
                continue;
            }
            compared += ignore.bytes_to_compare(&clean(&path));
            if compared > MAX_COMPARED {
                read.first_beyond = Some(word.span);
                return read;
            }
            read.sources.push((word.span, path));
        }
    }
    read
}

/// Whether a source is downloaded instead of read from the build context.
fn is_remote(path: &str) -> bool {
    path.contains("://") || path.starts_with("git@")
}
