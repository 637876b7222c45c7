//! `end-of-life-base`: the distribution gets no more fixes.

use crate::audit::{Context, Findings, Rule};
use crate::lint::facts::{ImageRef, end_of_life};

pub(super) const RULE: Rule = Rule {
    name: "end-of-life-base",
    page: None,
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    let distribution = &cx.packages.distribution;
    let name = match distribution.id.as_str() {
        "amzn" => "amazonlinux",
        "opensuse-leap" => "opensuse/leap",
        other => other,
    };
    // Of `3.18.4` the table has `3.18`.
    let ended = end_of_life(&ImageRef::parse(&format!(
        "{name}:{}",
        distribution.version_id
    )));
    if let (Some(end), false) = (ended, name.is_empty() || distribution.version_id.is_empty()) {
        let report = match cx.find("/etc/os-release") {
            Some(file) => findings.file(
                file,
                format!("`{}` has had no fixes since {}", end.what, end.day),
            ),
            None => return,
        };
        if !distribution.pretty_name.is_empty() {
            report.note(format!("it calls itself {}", distribution.pretty_name));
        }
    }
}
