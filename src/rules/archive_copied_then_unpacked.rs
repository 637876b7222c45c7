//! `archive-copied-then-unpacked`: an archive is copied in one layer and unpacked in another.

use std::collections::HashMap;

use super::support::archives::{ARCHIVES, ends_in, extracts, is_packed};
use super::support::steps::of_kind;
use crate::dockerfile::{Kind, Word};
use crate::lint::facts::Facts;
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "archive-copied-then-unpacked",
    page: include_str!("../../rules/lint/archive-copied-then-unpacked.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Programs that decompress a single file and therefore count only for names of tar archives.
const DECOMPRESSORS: [&str; 9] = [
    "gunzip",
    "bunzip2",
    "unlzma",
    "unxz",
    "zgz",
    "uncompress",
    "zcat",
    "gzcat",
    "unzstd",
];

/// The last call that unpacks a file, by stage and file name: its step and its location.
type Unpacked<'f> = HashMap<(Option<usize>, &'f str), (usize, Span)>;

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let mut unpacked: Option<Unpacked<'_>> = None;
    // Files of other stages are not archives of the build context, which ADD could unpack.
    for step in of_kind(cx, &[Kind::Copy]) {
        if step.flag("from").is_some() {
            continue;
        }
        let body = &step.instruction.body;
        let destination = body.destination().and_then(Word::literal);
        // COPY can rename the file, and the new name is the one that is unpacked.
        let renamed = base_name(destination.unwrap_or_default());
        for word in body.source_words() {
            let source = base_name(word.literal().unwrap_or_default());
            if !is_packed(source) {
                continue;
            }
            let name = if is_packed(renamed) { renamed } else { source };
            // Few Dockerfiles copy an archive, so the table is built only when it is needed.
            let unpacked = unpacked.get_or_insert_with(|| unpacked_files(cx.facts));
            if let Some((index, call)) = unpacked.get(&(step.stage, name))
                && *index > step.index
            {
                let message = format!("`{source}` is copied in one layer and unpacked in another");
                findings
                    .add(word.span, message)
                    .label(*call, "unpacked here")
                    .note("`ADD` unpacks local archives");
            }
        }
    }
}

/// The last component of a path; Windows paths have backslashes.
fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// The files that calls of the whole Dockerfile unpack.
fn unpacked_files<'f>(facts: &'f Facts<'_>) -> Unpacked<'f> {
    let mut files = HashMap::new();
    for run in facts.runs() {
        let stage = facts.steps[run.step].stage;
        for call in &run.calls {
            let extracts = extracts(call);
            if !extracts && !DECOMPRESSORS.contains(&call.name.as_str()) {
                continue;
            }
            for name in call.words().map(base_name) {
                // `gunzip x.gz` leaves one file, which ADD would not decompress.
                let is_archive = if extracts {
                    is_packed(name)
                } else {
                    ends_in(name, &ARCHIVES)
                };
                if is_archive {
                    files.insert((stage, name), (run.step, call.span));
                }
            }
        }
    }
    files
}
