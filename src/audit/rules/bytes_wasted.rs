//! `bytes-wasted`: layers hold bytes that nobody sees any more.

use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule =
    Rule { name: "bytes-wasted", page: Some(include_str!("../../../rules/image/bytes-wasted.md")), check };

/// Below this, nobody pays for it.
const LEAST: u64 = 1 << 20;

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    for (at, layer) in cx.layers.layers.iter().enumerate() {
        if layer.wasted < LEAST {
            continue;
        }
        let report =
            findings.layer(at, format!("{} of this layer are replaced or removed above it", cx.size(layer.wasted)));
        let of_layer = cx.layers.wasted.iter().filter(|wasted| wasted.layers.contains(&at));
        let paths: Vec<String> = of_layer.take(3).map(|wasted| format!("`{}`", wasted.path.escape_ascii())).collect();
        report.note(format!("most of it: {}", paths.join(", ")));
    }
}
