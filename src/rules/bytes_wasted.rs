//! `bytes-wasted`: layers contain files that later layers replace or remove.

use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "bytes-wasted",
    page: include_str!("../../rules/lint/bytes-wasted.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

/// The smallest amount of waste that is reported: 1 MiB. Less is not worth rewriting a Dockerfile
/// for.
const MIN_BYTES: u64 = 1 << 20;

/// Databases that a package manager rewrites whenever it runs, which cannot be avoided.
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
    for (index, layer) in cx.layers.layers.iter().enumerate() {
        let mut bytes = 0;
        let mut paths = Vec::new();
        for wasted in &cx.layers.wasted {
            if !wasted.layers.contains(&index) || is_database(&wasted.path) {
                continue;
            }
            bytes += wasted.bytes;
            // The list is sorted by size, largest first.
            if paths.len() < NAMED {
                paths.push(format!("`{}`", wasted.path.escape_ascii()));
            }
        }
        // A file that several layers replace counts in each of them, but a layer cannot waste more
        // than it contains.
        let bytes = bytes.min(layer.wasted);
        if bytes >= MIN_BYTES {
            let size = cx.size(bytes);
            let message = format!("later layers replace or remove {size} of this layer");
            findings
                .add(cx.at_layer(index), message)
                .note(format!("mostly {}", paths.join(", ")));
        }
    }
}

/// Whether a path belongs to the database of a package manager.
fn is_database(path: &[u8]) -> bool {
    DATABASES
        .iter()
        .any(|database| path.starts_with(database.as_bytes()))
}
