//! What the rules share that look for caches: the bytes below some folders.

use crate::lint::facts::packages;
use crate::lint::{Findings, ImageContext};
use crate::size::counted;

/// Where a package manager keeps what it has downloaded.
pub(in crate::rules) fn of(manager: &str) -> &'static [&'static str] {
    packages::named(manager).map_or(&[], |manager| manager.caches)
}

/// Reports each of these folders that has files in it. What a package manager locks with does not
/// count.
pub(in crate::rules) fn report(
    cx: &ImageContext<'_>,
    findings: &mut Findings,
    folders: &[&str],
    what: &str,
) {
    for folder in folders {
        let Some(folder) = cx.find(folder) else {
            continue;
        };
        let files = cx.tree().below(folder).filter(|&name| cx.length(name) > 0);
        let (count, bytes) = files.fold((0_usize, 0_u64), |(count, bytes), name| {
            (count + 1, bytes + cx.length(name))
        });
        if count > 0 {
            findings.add(
                cx.at_file(folder),
                format!(
                    "{what} is in the image: {} with {}",
                    counted(count, "file"),
                    cx.size(bytes)
                ),
            );
        }
    }
}
