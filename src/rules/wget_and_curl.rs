//! `wget-and-curl`: a stage uses both wget and curl.

use std::collections::HashMap;

use crate::lint::{DockerfileContext, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "wget-and-curl",
    page: include_str!("../../rules/lint/wget-and-curl.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // The first call of each program, by stage. Stages do not share the programs they install.
    let mut seen: HashMap<Option<usize>, [Option<Span>; 2]> = HashMap::new();
    for run in cx.facts.runs() {
        let first = seen.entry(cx.facts.steps[run.step].stage).or_default();
        let mut reported = false;
        for call in &run.calls {
            let Some(which) = ["curl", "wget"].iter().position(|name| *name == call.name) else {
                continue;
            };
            first[which].get_or_insert(call.name_span);
            // One finding for each RUN is enough.
            if let Some(other) = first[1 - which]
                && !reported
            {
                let message = "both `wget` and `curl` are used in this stage";
                findings
                    .add(call.name_span, message)
                    .label(other, "the other one is used here");
                reported = true;
            }
        }
    }
}
