//! `debug-tool-in-image`: a tool for debugging or for looking into networks is in the image.

use crate::audit::{Context, Findings, Rule};
use crate::knowledge::ProgramClass;

pub(super) const RULE: Rule = Rule {
    name: "debug-tool-in-image",
    page: Some(include_str!("../../../rules/lint/debug-tool-in-image.md")),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    let names: Vec<&str> = ProgramClass::DebugTool.names().collect();
    for (program, name) in cx.programs(&names) {
        findings.file(
            name,
            format!("`{program}` helps whoever gets in more than the program"),
        );
    }
}
