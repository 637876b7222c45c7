//! `volume-over-system-path`: a volume of the configuration lies over what the kernel has there.

use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "volume-over-system-path",
    page: None,
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    for volume in cx.configuration().volumes() {
        let path = volume.trim_end_matches('/');
        if [
            "/proc", "/sys", "/dev", "/etc", "/usr", "/bin", "/lib", "/boot",
        ]
        .contains(&path)
        {
            findings.config(
                "VOLUME",
                format!("`{path}` is the system's, and a volume lies over it"),
            );
        }
    }
}
