//! Files that the image's own Dockerfile added: the files of COPY and ADD instructions are the
//! application, except for history, caches and development files of packages.

use crate::image::{History, Image, Kind};
use crate::slim::keep::Keep;
use crate::slim::tracers::runtimes::without_leftovers;
use crate::slim::why::Root;

/// A layer with one of these files belongs to a distribution, regardless of its instruction.
const OF_DISTRIBUTION: &[&str] = &[
    "/etc/os-release",
    "/usr/lib/os-release",
    "/etc/alpine-release",
    "/etc/debian_version",
    "/etc/redhat-release",
    "/var/lib/dpkg/status",
    "/lib/apk/db/installed",
    "/usr/lib/apk/db/installed",
    "/var/lib/rpm/rpmdb.sqlite",
    "/var/lib/rpm/Packages",
];

/// Characters of an instruction that are shown.
pub(super) const SHOWN: usize = 60;

pub(super) fn keep(keep: &mut Keep<'_>) {
    let tree = keep.tree();
    let instructions = instructions(keep.view.image);
    // An image without COPY and ADD contains no application of its own.
    if instructions.iter().all(Option::is_none) {
        return;
    }
    // The walk visits a directory before its entries, so the entries of a skipped directory are
    // skipped too.
    for name in without_leftovers(tree, &keep.installed, tree.walk()) {
        let inode = tree.inode(name);
        // Directories are kept with their files; an empty directory was added on purpose.
        let is_meant =
            !matches!(inode.kind, Kind::Directory) || tree.children(name).next().is_none();
        if is_meant && let Some(Some(by)) = instructions.get(inode.layer) {
            keep.keep_added(name, Root::Brought { by: by.clone() });
        }
    }
}

/// The COPY or ADD of each layer that contains application files.
fn instructions(image: &Image) -> Vec<Option<String>> {
    let tree = &image.tree;
    let mut instructions: Vec<Option<String>> = image
        .layers
        .iter()
        .map(|layer| layer.history.as_ref().and_then(instruction))
        .collect();
    // Base images add a whole root file system with one ADD; that is not an application, and
    // keeping all of it would defeat the purpose.
    for path in OF_DISTRIBUTION {
        if let Ok(resolved) = tree.resolve_link(path.as_bytes())
            && let Some(instruction) = instructions.get_mut(tree.inode(resolved.name).layer)
        {
            *instruction = None;
        }
    }
    instructions
}

/// The COPY or ADD that created a layer.
fn instruction(step: &History) -> Option<String> {
    // The history is the only trace of the Dockerfile in the image.
    let text = step.instruction();
    let keyword = text.split_whitespace().next().unwrap_or_default();
    let is_copy = ["COPY", "ADD"]
        .iter()
        .any(|known| keyword.eq_ignore_ascii_case(known));
    if !is_copy {
        return None;
    }
    Some(text.chars().take(SHOWN).collect())
}

#[cfg(test)]
mod tests {
    use super::History;

    fn instruction(created_by: &str) -> Option<String> {
        super::instruction(&History {
            created_by: created_by.to_owned(),
            ..History::default()
        })
    }

    #[test]
    fn copied_paths_are_read_from_the_history_text_of_every_builder() {
        assert_eq!(
            instruction("COPY a /b # buildkit").as_deref(),
            Some("COPY a /b")
        );
        assert_eq!(
            instruction("/bin/sh -c #(nop) ADD file:12 in / ").as_deref(),
            Some("ADD file:12 in /")
        );
        assert_eq!(instruction("/bin/sh -c #(nop)  CMD [\"bash\"]"), None);
        assert_eq!(instruction("RUN /bin/sh -c cp a b # buildkit"), None);
    }
}
