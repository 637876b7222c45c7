//! `bytes-wasted`: layers contain files that later layers replace or remove.

use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "bytes-wasted",
    page: include_str!("../../rules/lint/bytes-wasted.md"),
    dockerfile: None,
    image: Some(check),
};

/// Less is not worth rewriting a Dockerfile for.
const MIN_BYTES: u64 = 1 << 20;

/// Databases that a package manager rewrites whenever it runs: nobody can avoid that.
const DATABASES: [&str; 7] = [
    "/var/lib/dpkg/",
    "/var/cache/debconf/",
    "/lib/apk/db/",
    "/usr/lib/apk/db/",
    "/var/lib/rpm/",
    "/usr/lib/sysimage/rpm/",
    "/etc/ld.so.cache",
];

/// The number of paths that a note names.
const NAMED: usize = 3;

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    for (at, layer) in cx.layers.layers.iter().enumerate() {
        let mut bytes = 0;
        let mut paths = Vec::new();
        for wasted in &cx.layers.wasted {
            if !wasted.layers.contains(&at) || is_database(&wasted.path) {
                continue;
            }
            bytes += wasted.bytes;
            if paths.len() < NAMED {
                paths.push(format!("`{}`", wasted.path.escape_ascii()));
            }
        }
        // A file that several layers replace counts in each, but a layer cannot waste more than it
        // has.
        let bytes = bytes.min(layer.wasted);
        if bytes >= MIN_BYTES {
            let size = cx.size(bytes);
            findings
                .add(
                    cx.at_layer(at),
                    format!("{size} of this layer are replaced or removed by later layers"),
                )
                .note(format!("most of it: {}", paths.join(", ")));
        }
    }
}

fn is_database(path: &[u8]) -> bool {
    DATABASES
        .iter()
        .any(|database| path.starts_with(database.as_bytes()))
}
