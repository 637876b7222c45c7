//! `bytes-wasted`: layers hold bytes that nobody sees any more.

use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "bytes-wasted",
    page: Some(include_str!("../../../rules/lint/bytes-wasted.md")),
    check,
};

/// Below this, nobody pays for it.
const LEAST: u64 = 1 << 20;

/// What every package manager writes anew whenever it does something: nobody can help it.
const DATABASES: [&str; 7] = [
    "/var/lib/dpkg/",
    "/var/cache/debconf/",
    "/lib/apk/db/",
    "/usr/lib/apk/db/",
    "/var/lib/rpm/",
    "/usr/lib/sysimage/rpm/",
    "/etc/ld.so.cache",
];

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    for (at, layer) in cx.layers.layers.iter().enumerate() {
        let is_database = |path: &[u8]| {
            DATABASES
                .iter()
                .any(|database| path.starts_with(database.as_bytes()))
        };
        let of_layer = cx
            .layers
            .wasted
            .iter()
            .filter(|wasted| wasted.layers.contains(&at));
        let of_layer: Vec<_> = of_layer
            .filter(|wasted| !is_database(&wasted.path))
            .collect();
        let bytes = of_layer
            .iter()
            .map(|wasted| wasted.bytes)
            .sum::<u64>()
            .min(layer.wasted);
        if bytes >= LEAST {
            let report = findings.layer(
                at,
                format!(
                    "{} of this layer are replaced or removed above it",
                    cx.size(bytes)
                ),
            );
            let paths = of_layer
                .iter()
                .take(3)
                .map(|wasted| format!("`{}`", wasted.path.escape_ascii()));
            report.note(format!(
                "most of it: {}",
                paths.collect::<Vec<_>>().join(", ")
            ));
        }
    }
}
