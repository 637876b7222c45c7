//! Archives: their file names, and the calls that unpack them.

use crate::lint::facts::Call;

/// Name suffixes of archives that ADD unpacks.
pub(in crate::rules) const ARCHIVES: [&str; 13] = [
    ".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".tgz", ".tbz", ".tbz2", ".tb2", ".txz",
    ".tzst", ".tar.z", ".taz",
];

/// Suffixes of compressed files that may be archives as well; a file unpacked by `tar` is one.
// `ADD` does not unpack a compressed file that is not a tar archive. These suffixes are ambiguous,
// so they count only if a `tar` reads the file.
pub(in crate::rules) const COMPRESSED: [&str; 10] = [
    ".gz", ".bz2", ".xz", ".z", ".zst", ".lz", ".lzma", ".tlz", ".tpz", ".tz",
];

/// Whether a file name has one of these endings, in any case.
pub(in crate::rules) fn ends_in(name: &str, endings: &[&str]) -> bool {
    let name = name.to_ascii_lowercase();
    endings.iter().any(|ending| name.ends_with(ending))
}

/// Whether a file may be an archive, judged by its name.
pub(in crate::rules) fn is_packed(name: &str) -> bool {
    ends_in(name, &ARCHIVES) || ends_in(name, &COMPRESSED)
}

/// Whether a call unpacks an archive: `tar x…`, `tar -x…`, `tar --extract`.
pub(in crate::rules) fn extracts(call: &Call) -> bool {
    if !matches!(call.name.as_str(), "tar" | "bsdtar" | "gtar") {
        return false;
    }
    call.words().enumerate().any(|(index, word)| {
        matches!(word, "--extract" | "--get") || is_extracting_bundle(index, word)
    })
}

/// Whether a word is a bundle of short options with `x` among them.
fn is_extracting_bundle(index: usize, word: &str) -> bool {
    match word.strip_prefix('-') {
        // A `/` indicates a value attached to its option: `-C/usr/x`.
        Some(options) => {
            !options.starts_with('-') && options.contains('x') && !options.contains('/')
        }
        // Only the first word can contain options without a dash; later ones are file names.
        None => index == 0 && word.contains('x') && word.bytes().all(|b| b.is_ascii_alphabetic()),
    }
}
