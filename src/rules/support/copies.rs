//! Paths that COPY and ADD write.

use crate::dockerfile::{Body, CopySource, Kind, Word};
use crate::lint::facts::{Facts, Step};
use crate::paths::file_name;
use crate::source::Span;

/// Whether a path has an extension such as `.conf`, so that it is a file rather than a directory.
///
/// The difference matters because `COPY` copies the contents of a directory, not the directory.
pub(in crate::rules) fn looks_like_file(path: &str) -> bool {
    // The first byte is skipped: `.git` and `.config` are hidden directories, not extensions.
    let name = file_name(path);
    name.get(1..)
        .is_some_and(|rest| rest.trim_end_matches('.').contains('.'))
}

/// The source of a step if it is the whole build context: the first `.` of `COPY . .`.
pub(in crate::rules) fn whole_context<'w>(
    facts: &Facts<'_>,
    step: &Step<'w>,
) -> Option<(&'w Word, String)> {
    // A stage contains only files that the build added.
    if step.flag("from").is_some() {
        return None;
    }
    let mut sources = facts.source_paths(step);
    sources.find(|(_, path)| matches!(path.as_str(), "." | "./" | "/" | "*" | "./*" | "/*" | "/."))
}

/// The paths that a COPY or ADD of single files creates. The contents of a directory are unknown.
pub(in crate::rules) fn copied_files(facts: &Facts<'_>, step: &Step<'_>) -> Vec<(String, Span)> {
    let Body::Transfer {
        sources,
        destination,
        ..
    } = &step.instruction.body
    else {
        return Vec::new();
    };
    if !matches!(step.kind(), Kind::Copy | Kind::Add) {
        return Vec::new();
    }
    let Some(written) = facts.expand(step, destination) else {
        return Vec::new();
    };
    let Some(target) = absolute_path(step, &written) else {
        return Vec::new();
    };
    // With several sources, the builder requires a directory.
    let is_directory =
        written.ends_with('/') || matches!(written.as_str(), "." | "./") || sources.len() > 1;
    let mut paths = Vec::new();
    for source in sources {
        if let Some(name) = copied_name(facts, step, source) {
            paths.push((
                format!("{}/{name}", target.trim_end_matches('/')),
                step.span,
            ));
        }
    }
    if !is_directory {
        // Without a trailing `/`, the destination is the new file, unless a directory with that
        // name exists in the image. Both paths are listed, because the existing directories are
        // unknown.
        paths.push((target, step.span));
    }
    paths
}

/// The name under which a source is copied into a directory, if it is one file with a known name.
fn copied_name(facts: &Facts<'_>, step: &Step<'_>, source: &CopySource) -> Option<String> {
    let CopySource::Path(word) = source else {
        return None;
    };
    let from = facts.expand(step, word)?;
    // ADD names a download after the path of its URL, without query and fragment.
    let path = from.split(['?', '#']).next()?.trim_end_matches('/');
    let name = file_name(path);
    if matches!(name, "" | "." | "..") || name.contains(['*', '?', '[']) {
        return None;
    }
    Some(name.to_owned())
}

/// The absolute path, without `.` components and a trailing `/`.
pub(in crate::rules) fn absolute_path(step: &Step<'_>, path: &str) -> Option<String> {
    let from = step.workdir.path.as_deref();
    let path = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("{}/{path}", from?.trim_end_matches('/'))
    };
    // A path such as `/-x` comes from an option that was read as a path.
    if path.starts_with("/-") {
        return None;
    }
    normalized(&path)
}

/// An absolute path without `.` components and a trailing `/`.
pub(in crate::rules) fn normalized(path: &str) -> Option<String> {
    let parts: Vec<&str> = path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    // `..` cannot be resolved without the files: the component before it may be a symlink.
    if parts.contains(&"..") {
        return None;
    }
    Some(format!("/{}", parts.join("/")))
}
