//! `url-in-copy`: the source of a COPY is a URL or a repository.

use super::support::keywords::in_case_of;
use super::support::remotes::Remote;
use super::support::steps::of_kind;
use super::support::words::known_value;
use crate::dockerfile::{Kind, Word, WordPart};
use crate::lint::facts::Step;
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "url-in-copy",
    page: include_str!("../../rules/lint/url-in-copy.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Flags that ADD does not have.
const FLAGS: [&str; 2] = ["from", "parents"];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in of_kind(cx, &[Kind::Copy]) {
        // One finding for each instruction: another keyword resolves them all.
        let Some((word, what)) = step
            .instruction
            .body
            .source_words()
            .find_map(|word| remote(cx, step, word))
        else {
            continue;
        };
        let report = findings.add(word.span, format!("`COPY` cannot download {what}"));
        // ADD copies the other sources as well.
        if FLAGS.iter().all(|flag| step.flag(flag).is_none()) {
            let edit = Edit::replace(
                step.instruction.keyword.span,
                in_case_of(step.instruction, "ADD"),
            );
            report.fix(Fix::marked_unsafe("use `ADD`", [edit]));
        }
    }
}

/// A source outside the build context, and a description of it.
fn remote<'w>(
    cx: &DockerfileContext<'_>,
    step: &Step<'_>,
    word: &'w Word,
) -> Option<(&'w Word, &'static str)> {
    let value = known_value(cx, step, word);
    let text = match (&value, word.parts.first()) {
        (Some(value), _) => value.as_str(),
        // A scheme is enough, whatever variables follow.
        (None, Some(WordPart::Literal(start))) if start.contains("://") => start.as_str(),
        _ => return None,
    };
    match Remote::of(text)? {
        Remote::Http => Some((word, "a URL")),
        Remote::Git => Some((word, "a Git repository")),
        // COPY reads it as a path.
        Remote::GithubPath => None,
    }
}
