//! `port-out-of-range`: EXPOSE names a port that cannot be.

use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule =
    Rule { name: "port-out-of-range", page: include_str!("../../rules/lint/port-out-of-range.md"), check };

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for port in cx.facts.steps.iter().flat_map(|step| cx.facts.ports(step)) {
        let largest = port.first.max(port.last);
        if largest.is_some_and(|number| number > u32::from(u16::MAX)) {
            findings.add(port.span, format!("`{}` is beyond the last port, 65535", port.text));
        }
    }
}
