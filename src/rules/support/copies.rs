//! Paths that COPY and ADD write.

use crate::dockerfile::{Body, CopySource, Kind};
use crate::lint::facts::{Facts, Step};
use crate::source::Span;

/// Whether a path ends in something like `.conf`: of a folder, COPY takes what is in it.
pub(in crate::rules) fn looks_like_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.get(1..)
        .is_some_and(|rest| rest.trim_end_matches('.').contains('.'))
}

/// The paths of the files that a COPY or ADD of single files makes; of what is a folder only its
/// name is known.
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
    let Some(to) = facts
        .expand(step, destination)
        .and_then(|to| Some((full(step, &to)?, to)))
    else {
        return Vec::new();
    };
    let (folder, written) = to;
    let into_folder =
        written.ends_with('/') || matches!(written.as_str(), "." | "./") || sources.len() > 1;
    let path = |source: &CopySource| {
        let CopySource::Path(word) = source else {
            return None;
        };
        let from = facts.expand(step, word)?;
        let name = from
            .split(['?', '#'])
            .next()?
            .trim_end_matches('/')
            .rsplit('/')
            .next()?
            .to_owned();
        let known =
            !name.is_empty() && !name.contains(['*', '?', '[']) && name != "." && name != "..";
        known.then(|| format!("{}/{name}", folder.trim_end_matches('/')))
    };
    let mut paths: Vec<String> = sources.iter().filter_map(path).collect();
    if !into_folder {
        // The destination is the file, or a folder that is there already.
        paths.push(folder);
    }
    paths.into_iter().map(|path| (path, step.span)).collect()
}

/// The absolute path, without `.` and a `/` at its end.
pub(in crate::rules) fn full(step: &Step<'_>, path: &str) -> Option<String> {
    let from = step.workdir.path.as_deref();
    let path = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("{}/{path}", from?.trim_end_matches('/'))
    };
    let parts: Vec<&str> = path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    (!parts.contains(&"..") && !path.starts_with("/-")).then(|| format!("/{}", parts.join("/")))
}
