//! `build-tools-in-image`: a compiler is in the image.

use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "build-tools-in-image",
    page: None,
    check,
};

const TOOLS: [&str; 17] = [
    "gcc", "cc", "g++", "c++", "clang", "ld", "as", "make", "cmake", "ninja", "meson", "rustc",
    "cargo", "go", "javac", "gfortran", "tcc",
];

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    for (program, name) in cx.programs(&TOOLS) {
        findings.file(name, format!("the build tool `{program}` is in the image"));
    }
}
