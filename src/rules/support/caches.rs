//! Caches of package managers in an image: directories and their sizes.

use crate::knowledge::package_manager;
use crate::lint::{Findings, ImageContext};
use crate::size::counted;

/// The directories in which a package manager keeps its downloads.
pub(in crate::rules) fn directories_of(manager: &str) -> &'static [&'static str] {
    package_manager(manager).map_or(&[], |manager| &manager.caches)
}

/// Reports each of the directories that contains more than empty files. `what` names the cache, as
/// in "apk cache".
pub(in crate::rules) fn report(
    cx: &ImageContext<'_>,
    findings: &mut Findings,
    directories: &[&str],
    what: &str,
) {
    for directory in directories {
        let Some(directory) = cx.find(directory) else {
            continue;
        };
        let (mut files, mut bytes) = (0, 0);
        for name in cx.tree().below(directory) {
            // Package managers leave empty lock files behind, which take no space.
            if cx.length(name) > 0 {
                files += 1;
                bytes += cx.length(name);
            }
        }
        if files > 0 {
            let (path, files, size) = (cx.path(directory), counted(files, "file"), cx.size(bytes));
            let message = format!("{what} in `{path}` is left in the image ({files}, {size})");
            findings.add(cx.at_file(directory), message);
        }
    }
}
