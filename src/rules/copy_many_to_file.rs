//! `copy-many-to-file`: several files are copied to a destination that does not end in `/`.

use super::support::steps::of_kind;
use super::support::trailing_comments::trailing_comment;
use crate::dockerfile::{Body, Kind};
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "copy-many-to-file",
    page: include_str!("../../rules/lint/copy-many-to-file.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in of_kind(cx, &[Kind::Copy, Kind::Add]) {
        let Body::Transfer {
            sources,
            destination,
            json,
        } = &step.instruction.body
        else {
            continue;
        };
        // The words of a comment are not meant as sources: see `trailing-comment`.
        if sources.len() < 2 || trailing_comment(cx, step).is_some() {
            continue;
        }
        // A variable that is unknown here may well end in a `/`.
        let Some(path) = cx.facts.expand(step, destination) else {
            continue;
        };
        let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
        if matches!(name, "" | "." | "..") {
            continue;
        }
        let written = destination.text.as_str();
        let message = format!("destination `{written}` for several files must end in `/`");
        let report = findings.add(destination.span, message);
        // In a JSON form, the `/` would have to go inside the quotes.
        if !json && destination.literal() == Some(written) {
            let edit = Edit::replace(destination.span, format!("{written}/"));
            report.fix(Fix::safe("add a `/`", [edit]));
        }
    }
}
