//! `archive-copied-then-unpacked`: an archive is copied and unpacked in another layer.

use crate::dockerfile::{Body, Kind, Place};
use crate::lint::facts::{Call, Step};
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "archive-copied-then-unpacked",
    page: include_str!("../../rules/lint/archive-copied-then-unpacked.md"),
    check,
};

/// Names of archives that ADD unpacks.
const ARCHIVES: [&str; 13] = [
    ".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".tgz", ".tbz", ".tbz2", ".tb2", ".txz", ".tzst", ".tar.z",
    ".taz",
];
/// Compressed files that may be archives as well: what `tar` unpacks is one.
const COMPRESSED: [&str; 9] = [".gz", ".bz2", ".xz", ".z", ".lz", ".lzma", ".tlz", ".tpz", ".tz"];
const DECOMPRESSORS: [&str; 9] =
    ["gunzip", "bunzip2", "unlzma", "unxz", "zgz", "uncompress", "zcat", "gzcat", "unzstd"];

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for step in cx.facts.steps.iter().filter(|step| step.kind() == Kind::Copy && step.flag("from").is_none()) {
        let Body::Transfer { sources, destination, .. } = &step.instruction.body else { continue };
        let renamed = base_name(destination.literal().unwrap_or_default());
        for place in sources {
            let Place::Path(word) = place else { continue };
            let Some(source) = word.literal().map(base_name).filter(|name| is_packed(name)) else { continue };
            let name = if is_packed(renamed) { renamed } else { source };
            if let Some(call) = unpacking_call(cx, step, name) {
                findings
                    .add(word.span, format!("`{source}` is copied into one layer and unpacked in another"))
                    .label(call.span, "here")
                    .note("`ADD` unpacks it on the way");
            }
        }
    }
}

fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn ends_in(name: &str, endings: &[&str]) -> bool {
    let name = name.to_ascii_lowercase();
    endings.iter().any(|ending| name.ends_with(ending))
}

fn is_packed(name: &str) -> bool {
    ends_in(name, &ARCHIVES) || ends_in(name, &COMPRESSED)
}

/// The call of a later RUN of the stage that unpacks a file of this name.
fn unpacking_call<'f>(cx: &Context<'f>, step: &Step<'_>, name: &str) -> Option<&'f Call> {
    let later =
        cx.facts.runs().iter().filter(|run| run.step > step.index && cx.facts.steps[run.step].stage == step.stage);
    let unpacks = |call: &&Call| {
        let names_it = call.words().any(|word| base_name(word) == name);
        let decompresses = DECOMPRESSORS.contains(&call.name.as_str()) && ends_in(name, &ARCHIVES);
        names_it && (extracts(call) || decompresses)
    };
    later.flat_map(|run| &run.calls).find(unpacks)
}

/// `tar x…`, `tar -x…`, `tar --extract`.
fn extracts(call: &Call) -> bool {
    let is_bundle = |(at, word): (usize, &str)| match word.strip_prefix('-') {
        Some(options) => !options.starts_with('-') && options.contains('x') && !options.contains('/'),
        None => at == 0 && word.contains('x') && word.bytes().all(|b| b.is_ascii_alphabetic()),
    };
    matches!(call.name.as_str(), "tar" | "bsdtar" | "gtar")
        && (call.words().any(|word| matches!(word, "--extract" | "--get")) || call.words().enumerate().any(is_bundle))
}
