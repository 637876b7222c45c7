//! `privileged-port`: an unprivileged user listens on a privileged port.

use crate::dockerfile::{Body, Kind};
use crate::lint::facts::{Known, User};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "privileged-port",
    page: include_str!("../../rules/lint/privileged-port.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    // Windows has no such ports.
    let windows = stage.known.is_some_and(Known::is_windows);
    let Some(user) = stage.user.as_ref().filter(|_| !windows) else {
        return;
    };
    let Some(name) = user.name.as_deref().filter(|name| {
        !name.is_empty()
            && !User::is_root(name)
            && !name.to_ascii_lowercase().starts_with("container")
    }) else {
        return;
    };
    let grants = |call: &crate::lint::facts::Call| {
        call.name == "setcap" && call.words().any(|word| word.contains("cap_net_bind"))
    };
    if cx
        .facts
        .runs()
        .iter()
        .flat_map(|run| &run.calls)
        .any(grants)
    {
        return;
    }
    for step in cx
        .facts
        .lineage(stage.index)
        .filter(|step| step.kind() == Kind::Expose && !step.onbuild)
    {
        let Body::Words { words, .. } = &step.instruction.body else {
            continue;
        };
        for word in words {
            let Some(port) = cx.facts.expand(step, word) else {
                continue;
            };
            let number: Option<u16> = port
                .split(['/', '-'])
                .next()
                .and_then(|number| number.parse().ok());
            if number.is_some_and(|number| (1..1024).contains(&number)) {
                findings
                    .add(
                        word.span,
                        format!(
                            "`{name}` cannot listen on the privileged port {port} in every runtime"
                        ),
                    )
                    .label(user.span, "user set here");
            }
        }
    }
}
