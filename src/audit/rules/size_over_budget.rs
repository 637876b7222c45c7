//! `size-over-budget`: the image has more bytes than the policy allows.

use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "size-over-budget",
    page: Some(include_str!("../../../rules/lint/size-over-budget.md")),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    let wasted = cx.layers.wasted_bytes();
    let bytes = cx.files.bytes.saturating_add(wasted);
    let Some(most) = cx.policy.max_size.filter(|&most| bytes > most) else {
        return;
    };
    let (mut has, mut may) = (cx.size(bytes), cx.size(most));
    if has == may {
        // Rounded they are one, and neither is.
        (has, may) = (format!("{bytes} bytes"), format!("{most}"));
    }
    let biggest = (0..cx.layers.layers.len())
        .rev()
        .max_by_key(|&at| cx.layers.layers[at].bytes);
    let message = format!("the image has {has}, {may} are allowed");
    let mut report = match biggest.filter(|&at| cx.layers.layers[at].bytes > 0) {
        Some(at) => {
            let note = format!(
                "{} of it are of this layer, the biggest",
                cx.size(cx.layers.layers[at].bytes)
            );
            findings.layer(at, message).note(note)
        }
        None => findings.image(message),
    }
    .because(cx.policy.budget("max-size"));
    if wasted > 0 {
        report = report.note(format!(
            "{} of it are replaced or removed by later layers",
            cx.size(wasted)
        ));
    }
    if let Some(plan) = cx.plan {
        report.note(format!(
            "the program can reach {}",
            cx.size(plan.totals().after.bytes)
        ));
    }
}
