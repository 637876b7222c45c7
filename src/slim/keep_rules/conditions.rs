//! Additional conditions of a rule: the distribution, existing files, the glibc version.

use super::page::Only;
use super::wildcard::expand;
use crate::slim::view::View;

/// Whether all conditions are met.
pub(super) fn hold(view: &View<'_>, only: &Only) -> bool {
    let mut there = only.there.iter();
    // A condition that a page does not specify is met by every image.
    (only.distributions.is_empty() || is_one_of(view, &only.distributions))
        && (only.there.is_empty()
            || there.any(|pattern| !expand(view.tree(), pattern.as_bytes()).is_empty()))
        && only
            .glibc_before
            .is_none_or(|limit| glibc_version(view).is_some_and(|version| version < limit))
}

fn text(view: &View<'_>, path: &str) -> Option<Vec<u8>> {
    let name = view.resolve(path.as_bytes()).ok()?.name;
    view.bytes(name).map(|bytes| bytes.to_vec())
}

/// Whether `ID` or a word of `ID_LIKE` in os-release is among these.
fn is_one_of(view: &View<'_>, distributions: &[&str]) -> bool {
    // os-release(5): the file in `/etc` takes precedence over the one in `/usr/lib`.
    let release = text(view, "/etc/os-release")
        .or_else(|| text(view, "/usr/lib/os-release"))
        .unwrap_or_default();
    let release = String::from_utf8_lossy(&release);
    let values = release.lines().filter_map(|line| {
        line.strip_prefix("ID=")
            .or_else(|| line.strip_prefix("ID_LIKE="))
    });
    let mut words = values.flat_map(|value| value.trim_matches(['"', '\'']).split_whitespace());
    words.any(|word| distributions.contains(&word))
}

const LIBC: [&str; 4] = [
    "/lib/*/libc.so.6",
    "/usr/lib/*/libc.so.6",
    "/lib64/libc.so.6",
    "/usr/lib*/libc.so.6",
];

/// The version in glibc's banner: `stable release version 2.36.`
fn glibc_version(view: &View<'_>) -> Option<(u32, u32)> {
    const MARK: &[u8] = b"stable release version ";
    // The first one that exists is used: if there are several, they are for different architectures
    // and have the same version.
    let libc = LIBC
        .iter()
        .find_map(|pattern| expand(view.tree(), pattern.as_bytes()).into_iter().next())?;
    let path = view.tree().path(libc.name);
    let bytes = view.binary(view.resolve(&path).ok()?.name)?;
    let start = memchr::memmem::find(&bytes, MARK)? + MARK.len();
    let text = bytes.get(start..bytes.len().min(start + 8))?;
    let text: String = text
        .iter()
        .map(|&byte| char::from(byte))
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    let (major, minor) = text.trim_end_matches('.').split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
