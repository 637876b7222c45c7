//! Records the paths that programs write at run time, according to their rules.

use super::page::{KeepPage, Source, WrittenPattern};
use super::{template, wildcard, words};
use crate::image::NameId;
use crate::paths::file_name;
use crate::slim::keep::Keep;
use crate::slim::writes::{Write, Writer, WrittenKind};

/// Records the paths of a rule that fires, without those that configuration files name. `by`
/// triggers the rule.
pub(super) fn record_fixed(keep: &mut Keep<'_>, page: &'static KeepPage, by: Option<NameId>) {
    let about = by.map_or_else(Vec::new, |by| keep.tree().path(by));
    let about = String::from_utf8_lossy(&about);
    for written in &page.writes {
        if written.source != Source::Fixed {
            continue;
        }
        let Some(pattern) = template::with_file(written.pattern, &about) else {
            continue;
        };
        let has_variable = pattern.contains('$');
        for pattern in template::with_variables(&pattern, &keep.view.image.config) {
            // A page lists the directories of several distributions; the image has one of them.
            // A variable of the image means its value, whether that exists or not.
            let paths = if has_variable {
                vec![pattern.into_bytes()]
            } else {
                existing(keep, &pattern)
            };
            for path in paths {
                add(keep, page, written, &path, (by, None));
            }
        }
    }
}

/// Records the paths that a word in a configuration file of a rule means.
pub(super) fn record_word(
    keep: &mut Keep<'_>,
    page: &'static KeepPage,
    name: NameId,
    word: &words::Word<'_>,
) {
    for written in &page.writes {
        let Source::WordAfter(directive) = written.source else {
            continue;
        };
        if !word.comes_after(directive) {
            continue;
        }
        if let Some(path) = template::with_word(written.pattern, word.text, b"") {
            add(keep, page, written, &path, (Some(name), Some(word.line)));
        }
    }
}

/// The directories that match a pattern for one, or the files whose directory matches, whether
/// these exist or not.
fn existing(keep: &Keep<'_>, pattern: &str) -> Vec<Vec<u8>> {
    let tree = keep.tree();
    if let Some(directory) = pattern.strip_suffix('/') {
        let found = wildcard::expand(tree, directory.as_bytes());
        return found.iter().map(|found| tree.path(found.name)).collect();
    }
    let file = file_name(pattern);
    let directory = pattern.strip_suffix(file).unwrap_or_default();
    let mut paths = Vec::new();
    for found in wildcard::expand(tree, directory.trim_end_matches('/').as_bytes()) {
        paths.push([&tree.path(found.name), b"/".as_slice(), file.as_bytes()].concat());
    }
    paths
}

fn add(
    keep: &mut Keep<'_>,
    page: &'static KeepPage,
    written: &WrittenPattern,
    path: &[u8],
    (at, line): (Option<NameId>, Option<usize>),
) {
    let kind = if written.pattern.ends_with('/') {
        WrittenKind::Directory
    } else {
        WrittenKind::File
    };
    keep.run_time.add_write(Write {
        path: path.strip_suffix(b"/").unwrap_or(path).to_vec(),
        kind,
        lifetime: written.lifetime,
        by: Writer::Rule {
            rule: page.name,
            at,
            line,
        },
    });
}
