//! `invalid-onbuild`: ONBUILD contains an instruction that is not allowed there.

use crate::dockerfile::Kind;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "invalid-onbuild",
    page: include_str!("../../rules/lint/invalid-onbuild.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in cx.facts.steps.iter().filter(|step| step.onbuild) {
        // BuildKit rejects these three as triggers.
        if matches!(step.kind(), Kind::Onbuild | Kind::From | Kind::Maintainer) {
            let keyword = &step.instruction.keyword;
            let message = format!("`{}` is not allowed in `ONBUILD`", keyword.text);
            findings.add(keyword.span, message);
        }
    }
}
