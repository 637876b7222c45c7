//! `wrong-architecture`: a program is built for another architecture than the image's.

use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "wrong-architecture",
    page: include_str!("../../rules/lint/wrong-architecture.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    let architecture = cx.configuration().architecture();
    let Some(machines) = machines(architecture) else {
        return;
    };
    for (name, elf) in cx.elfs() {
        // Packages contain firmware, test data and libraries for other machines; only reachable
        // files matter.
        if cx.is_reached(name) == Some(true) && !machines.contains(&elf.machine) {
            let path = cx.path(name);
            let message =
                format!("`{path}` is not built for the image's architecture, `{architecture}`");
            findings.add(cx.at_file(name), message);
        }
    }
}

/// The values of `e_machine` in ELF headers that run on an architecture with this name in Go.
fn machines(architecture: &str) -> Option<&'static [u16]> {
    match architecture {
        // These two also run the 32-bit programs of their family.
        "amd64" => Some(&[62, 3]),
        "386" => Some(&[3]),
        "arm64" => Some(&[183, 40]),
        "arm" => Some(&[40]),
        "ppc64le" => Some(&[21]),
        "s390x" => Some(&[22]),
        "riscv64" => Some(&[243]),
        _ => None,
    }
}
