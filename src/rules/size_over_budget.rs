//! `size-over-budget`: the image is larger than the policy allows.

use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "size-over-budget",
    page: include_str!("../../rules/lint/size-over-budget.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    // A registry stores replaced and removed files too, and every host downloads them.
    let wasted = cx.layers.wasted_bytes();
    let bytes = cx.files.bytes.saturating_add(wasted);
    let Some(most) = cx.policy.max_size else {
        return;
    };
    if bytes <= most {
        return;
    }
    let (mut size, mut allowed) = (cx.size(bytes), cx.size(most));
    if size == allowed {
        // The two sizes are different, but look the same when they are rounded.
        (size, allowed) = (format!("{bytes} bytes"), format!("{most}"));
    }
    let message = format!("image size is {size}; the policy allows {allowed}");
    let mut report = match largest_layer(cx) {
        Some((layer, bytes)) => findings
            .add(cx.at_layer(layer), message)
            .note(format!("this is the largest layer: {}", cx.size(bytes))),
        None => findings.add(cx.at_image(), message),
    }
    .because(cx.policy.budget("max-size"));
    if wasted > 0 {
        let wasted = cx.size(wasted);
        report = report.note(format!("later layers replace or remove {wasted} of it"));
    }
    if let Some(plan) = cx.plan {
        let reachable = cx.size(plan.totals().after.bytes);
        report.note(format!("reachable from the entry point: {reachable}"));
    }
}

/// The first of the largest layers with its size, unless all are empty.
fn largest_layer(cx: &ImageContext<'_>) -> Option<(usize, u64)> {
    let mut largest: Option<(usize, u64)> = None;
    for (index, layer) in cx.layers.layers.iter().enumerate() {
        if layer.bytes > largest.map_or(0, |(_, bytes)| bytes) {
            largest = Some((index, layer.bytes));
        }
    }
    largest
}
