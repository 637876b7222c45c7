//! `exposed-ssh-port`: the configuration speaks of a login by SSH.

use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "exposed-ssh-port",
    page: None,
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    if cx
        .configuration()
        .exposed_ports()
        .iter()
        .any(|port| port.split('/').next() == Some("22"))
    {
        findings.config(
            "EXPOSE",
            "port 22 is for logins, and a container needs none",
        );
    }
}
