//! Sources that COPY and ADD read from a build context with a `.dockerignore`.

use super::steps::of_kind;
use crate::dockerfile::{Body, CopySource, Kind};
use crate::lint::{DockerfileContext, clean};
use crate::source::Span;

/// Maximum number of bytes of paths that the patterns of a `.dockerignore` are compared with, which
/// takes about a second. A Dockerfile of a megabyte can have hundreds of thousands of sources, and
/// an ignore file thousands of patterns.
const MAX_COMPARED: u64 = 1 << 30;

/// The sources of a Dockerfile.
pub(in crate::rules) struct ContextSources {
    /// The location and the path of each source, up to the limit.
    pub(in crate::rules) sources: Vec<(Span, String)>,
    /// The first source beyond the limit.
    pub(in crate::rules) first_beyond: Option<Span>,
}

/// Collects the sources, except those from other stages and images, to which `.dockerignore` does
/// not apply.
pub(in crate::rules) fn read(cx: &DockerfileContext<'_>) -> ContextSources {
    let mut read = ContextSources {
        sources: Vec::new(),
        first_beyond: None,
    };
    let Some(ignore) = &cx.build.ignore else {
        return read;
    };
    let mut compared = 0;
    for step in of_kind(cx, &[Kind::Copy, Kind::Add]) {
        let Body::Transfer { sources, .. } = &step.instruction.body else {
            continue;
        };
        if step.onbuild || step.flag("from").is_some() {
            continue;
        }
        for source in sources {
            let CopySource::Path(word) = source else {
                continue;
            };
            let Some(path) = cx.facts.expand(step, word) else {
                continue;
            };
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
