//! `wrong-architecture`: a program is for another processor than the image.

use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "wrong-architecture",
    page: Some(include_str!("../../../rules/lint/wrong-architecture.md")),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    let wanted: &[u16] = match cx.configuration().architecture() {
        "amd64" => &[62, 3],
        "386" => &[3],
        "arm64" => &[183, 40],
        "arm" => &[40],
        "ppc64le" => &[21],
        "s390x" => &[22],
        "riscv64" => &[243],
        _ => return,
    };
    for (name, elf) in cx.elfs() {
        // Firmware, test data and libraries for other machines lie in packages; what is reached is
        // what counts.
        if cx.is_reached(name) == Some(true) && !wanted.contains(&elf.machine) {
            let architecture = cx.configuration().architecture();
            findings.file(
                name,
                format!("it is not for `{architecture}`, which the image says it is for"),
            );
        }
    }
}
