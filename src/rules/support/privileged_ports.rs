//! Ports below 1024, on which some runtimes let only root listen.

use crate::dockerfile::Kind;
use crate::lint::DockerfileContext;
use crate::lint::facts::{Facts, Stage};
use crate::source::Span;

/// The privileged ports that a stage or those that it is based on expose, with their places.
pub(in crate::rules) fn exposed(
    cx: &DockerfileContext<'_>,
    stage: &Stage<'_>,
) -> Vec<(String, Span)> {
    let mut ports = Vec::new();
    for step in cx.facts.lineage(stage.index) {
        let words = step.instruction.body.words();
        if step.kind() != Kind::Expose || step.onbuild {
            continue;
        }
        for word in words {
            if let Some(port) = cx.facts.expand(step, word)
                && is_privileged(&port)
            {
                ports.push((port, word.span));
            }
        }
    }
    ports
}

/// Whether any RUN gives a program the capability to listen on privileged ports.
pub(in crate::rules) fn grants_capability(facts: &Facts<'_>) -> bool {
    let mut calls = facts.calls();
    calls.any(|(_, call)| {
        call.name == "setcap" && call.words().any(|word| word.contains("cap_net_bind"))
    })
}

/// Whether a port, or the first one of a range, is below 1024.
fn is_privileged(port: &str) -> bool {
    let number = port.split(['/', '-']).next().unwrap_or_default();
    // Port 0 means any free port.
    number
        .parse::<u16>()
        .is_ok_and(|number| (1..1024).contains(&number))
}
