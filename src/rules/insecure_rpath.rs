//! `insecure-rpath`: a program searches for libraries in a directory that others may write to.

use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "insecure-rpath",
    page: include_str!("../../rules/lint/insecure-rpath.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    for (name, elf) in cx.elfs() {
        let lists = elf.rpath.iter().chain(&elf.runpath);
        let entries = lists.flat_map(|list| list.split(|&byte| byte == b':'));
        for entry in entries.map(String::from_utf8_lossy) {
            if let Some(reason) = insecure(cx, &entry) {
                let path = cx.path(name);
                let message = format!("`{path}` searches for libraries in {reason}");
                findings.add(cx.at_file(name), message);
                // One insecure entry is enough, because the file must be relinked anyway.
                break;
            }
        }
    }
}

/// The reason why an entry of the search path is insecure.
fn insecure(cx: &ImageContext<'_>, entry: &str) -> Option<String> {
    let is_temporary = ["/tmp", "/var/tmp", "/dev/shm"]
        .iter()
        .any(|directory| entry.starts_with(directory));
    // The loader reads an empty entry as the working directory, see ld.so(8). An entry with `$` is
    // relative to the program (`$ORIGIN`) or to the platform (`$LIB`).
    if entry.is_empty() {
        Some("the working directory (empty entry)".to_owned())
    } else if !entry.starts_with(['/', '$']) {
        Some(format!("the relative path `{entry}`"))
    } else if is_temporary || is_world_writable(cx, entry) {
        Some(format!("the world-writable directory `{entry}`"))
    } else {
        None
    }
}

/// Whether others may write to a directory, according to its mode in the image.
fn is_world_writable(cx: &ImageContext<'_>, path: &str) -> bool {
    let directory = cx.find(path);
    directory.is_some_and(|name| cx.tree().inode(name).header.mode & 0o002 != 0)
}
