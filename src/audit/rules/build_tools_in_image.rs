//! `build-tools-in-image`: a compiler is in the image.

use crate::audit::{Context, Findings, Rule};
use crate::knowledge::ProgramClass;

pub(super) const RULE: Rule = Rule {
    name: "build-tools-in-image",
    page: None,
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    let names: Vec<&str> = ProgramClass::BuildTool.names().collect();
    for (program, name) in cx.programs(&names) {
        findings.file(name, format!("the build tool `{program}` is in the image"));
    }
}
