//! `archive-copied-then-unpacked`: an archive is copied in one layer and unpacked in another.

use std::collections::HashMap;

use super::support::archives::{ARCHIVES, ends_in, extracts, is_packed};
use crate::dockerfile::{Body, CopySource, Kind};
use crate::lint::facts::Facts;
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "archive-copied-then-unpacked",
    page: include_str!("../../rules/lint/archive-copied-then-unpacked.md"),
    dockerfile: Some(check),
    image: None,
};

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

/// Per stage and name of a file, the last call that unpacks it: the step it stands in, and its
/// place.
type Unpacked<'f> = HashMap<(Option<usize>, &'f str), (usize, Span)>;

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let mut unpacked: Option<Unpacked<'_>> = None;
    for step in cx
        .facts
        .steps
        .iter()
        .filter(|step| step.kind() == Kind::Copy && step.flag("from").is_none())
    {
        let Body::Transfer {
            sources,
            destination,
            ..
        } = &step.instruction.body
        else {
            continue;
        };
        let renamed = base_name(destination.literal().unwrap_or_default());
        for place in sources {
            let CopySource::Path(word) = place else {
                continue;
            };
            let Some(source) = word.literal().map(base_name).filter(|name| is_packed(name)) else {
                continue;
            };
            let name = if is_packed(renamed) { renamed } else { source };
            let unpacked = unpacked.get_or_insert_with(|| unpacked_files(cx.facts));
            if let Some((_, call)) = unpacked
                .get(&(step.stage, name))
                .filter(|(at, _)| *at > step.index)
            {
                findings
                    .add(
                        word.span,
                        format!("`{source}` is copied in one layer and unpacked in another"),
                    )
                    .label(*call, "here")
                    .note("`ADD` unpacks local archives");
            }
        }
    }
}

fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn unpacked_files<'f>(facts: &'f Facts<'_>) -> Unpacked<'f> {
    let mut files = HashMap::new();
    for run in facts.runs() {
        let stage = facts.steps[run.step].stage;
        for call in &run.calls {
            let (extracts, decompresses) =
                (extracts(call), DECOMPRESSORS.contains(&call.name.as_str()));
            let names = call
                .words()
                .map(base_name)
                .filter(|_| extracts || decompresses);
            for name in names.filter(|name| {
                if extracts {
                    is_packed(name)
                } else {
                    ends_in(name, &ARCHIVES)
                }
            }) {
                files.insert((stage, name), (run.step, call.span));
            }
        }
    }
    files
}
