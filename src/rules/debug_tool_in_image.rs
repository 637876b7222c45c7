//! `debug-tool-in-image`: a debugger or a network tool is in the image.

use crate::knowledge::ProgramClass;
use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "debug-tool-in-image",
    page: include_str!("../../rules/lint/debug-tool-in-image.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    // Links to BusyBox are not among these: removing one would not remove the program.
    for name in cx.programs(ProgramClass::DebugTool.names()) {
        let path = cx.path(name);
        let message = format!("debugging tool `{path}` is in the image");
        findings.add(cx.at_file(name), message);
    }
}
