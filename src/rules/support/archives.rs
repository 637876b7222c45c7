//! Archives: how their files are named, and which calls unpack them.

use crate::lint::facts::Call;

/// Names of archives that ADD unpacks.
pub(in crate::rules) const ARCHIVES: [&str; 13] = [
    ".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".tgz", ".tbz", ".tbz2", ".tb2", ".txz",
    ".tzst", ".tar.z", ".taz",
];

/// Compressed files that may be archives as well: what `tar` unpacks is one.
pub(in crate::rules) const COMPRESSED: [&str; 9] = [
    ".gz", ".bz2", ".xz", ".z", ".lz", ".lzma", ".tlz", ".tpz", ".tz",
];

pub(in crate::rules) fn ends_in(name: &str, endings: &[&str]) -> bool {
    let name = name.to_ascii_lowercase();
    endings.iter().any(|ending| name.ends_with(ending))
}

pub(in crate::rules) fn is_packed(name: &str) -> bool {
    ends_in(name, &ARCHIVES) || ends_in(name, &COMPRESSED)
}

/// `tar x…`, `tar -x…`, `tar --extract`.
pub(in crate::rules) fn extracts(call: &Call) -> bool {
    let is_bundle = |(at, word): (usize, &str)| match word.strip_prefix('-') {
        Some(options) => {
            !options.starts_with('-') && options.contains('x') && !options.contains('/')
        }
        None => at == 0 && word.contains('x') && word.bytes().all(|b| b.is_ascii_alphabetic()),
    };
    matches!(call.name.as_str(), "tar" | "bsdtar" | "gtar")
        && (call
            .words()
            .any(|word| matches!(word, "--extract" | "--get"))
            || call.words().enumerate().any(is_bundle))
}
