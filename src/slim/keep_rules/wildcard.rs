//! Wildcards for paths in an image: matches paths, and lists the names in a tree that match a
//! pattern.
//!
//! `*`, `?` and `[a-z]` stop at a slash; `**` matches any number of components. A trailing slash
//! only matches directories.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::image::{Kind, NameId, Tree};
use crate::slim::effort::Allowance;

/// Any number of components.
const ANY: &[u8] = b"**";
/// Number of matches that are found again if another way leads to the same directory.
const REPEATED: usize = 16;

/// Whether a path matches a pattern as a whole.
pub(in crate::slim) fn matches(pattern: &[u8], path: &[u8]) -> bool {
    // Nearly all patterns already differ at one of the ends. A path may have hundreds of components
    // between them, which are then not even split.
    let may_match = |pattern: Option<&[u8]>, name: Option<&[u8]>| match (pattern, name) {
        (Some(ANY), _) => true,
        (Some(pattern), Some(name)) => matches_name(pattern, name),
        (pattern, name) => pattern == name,
    };
    may_match(split(pattern).next_back(), split(path).next_back())
        && may_match(split(pattern).next(), split(path).next())
        && matches_components(&components(pattern), &components(path))
}

/// Whether a path, or a directory above it, matches a pattern.
pub(in crate::slim) fn covers(pattern: &[u8], path: &[u8]) -> bool {
    if !split(pattern).any(|component| component == ANY) {
        let mut names = split(path);
        let mut wanted = split(pattern).peekable();
        return wanted.peek().is_some()
            && wanted.all(|component| {
                let name = names.next();
                name.is_some_and(|name| matches_name(component, name))
            });
    }
    let path = components(path);
    let pattern = components(pattern);
    (1..=path.len()).any(|count| matches_components(&pattern, &path[..count]))
}

fn split(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    path.split(|&byte| byte == b'/')
        .filter(|component| !component.is_empty())
}

fn components(path: &[u8]) -> Vec<&[u8]> {
    let mut components: Vec<&[u8]> = split(path).collect();
    // One `**` after another changes nothing, but would multiply the attempts.
    components.dedup_by(|next, one| *next == ANY && *one == ANY);
    components
}

fn matches_components(pattern: &[&[u8]], path: &[&[u8]]) -> bool {
    match pattern.split_first() {
        None => path.is_empty(),
        // Without another one, what follows must be the end of the path.
        Some((&ANY, rest)) if !rest.contains(&ANY) => {
            let start = path.len().checked_sub(rest.len());
            start.is_some_and(|start| matches_components(rest, &path[start..]))
        }
        Some((&ANY, rest)) => {
            // Patterns have at most one or two `**`, so there are few nested attempts.
            (0..=path.len()).any(|skipped| matches_components(rest, &path[skipped..]))
        }
        Some((first, rest)) => path.split_first().is_some_and(|(name, others)| {
            matches_name(first, name) && matches_components(rest, others)
        }),
    }
}

/// Whether one component matches, in time bounded by the product of the lengths.
pub(in crate::slim) fn matches_name(pattern: &[u8], name: &[u8]) -> bool {
    // Only the last star is ever tried again: an earlier one could only match what the later one
    // covers too. That keeps the time quadratic; recursion would be exponential.
    let (mut at, mut place) = (0, 0);
    // The position of the last star, and the end of its match.
    let mut star: Option<(usize, usize)> = None;
    while place < name.len() {
        match one(&pattern[at..], name[place]) {
            // A star first matches nothing.
            Some(_) if pattern[at] == b'*' => {
                star = Some((at, place));
                at += 1;
            }
            Some(length) => {
                at += length;
                place += 1;
            }
            // On a mismatch, the last star matches one more byte.
            None => {
                let Some((star_at, reached)) = star else {
                    return false;
                };
                star = Some((star_at, reached + 1));
                (at, place) = (star_at + 1, reached + 1);
            }
        }
    }
    pattern[at..].iter().all(|&byte| byte == b'*')
}

/// The length of the pattern's first element, if it matches the byte.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match *pattern.first()? {
        b'*' | b'?' => Some(1),
        b'[' => match set(pattern) {
            Some((members, length)) if members.contains(byte) => Some(length),
            // An unclosed bracket is an ordinary character, as in a shell.
            None if byte == b'[' => Some(1),
            _ => None,
        },
        literal if literal == byte => Some(1),
        _ => None,
    }
}

/// The members of `[a-z_]`, or all other characters after `!` or `^`.
struct Set<'a> {
    members: &'a [u8],
    inverted: bool,
}

fn set(pattern: &[u8]) -> Option<(Set<'_>, usize)> {
    let inside = &pattern[1..];
    // POSIX specifies `!`; most shells accept `^` as well.
    let inverted = matches!(inside.first(), Some(b'!' | b'^'));
    let start = usize::from(inverted);
    // A bracket right at the start is a member and does not close the set.
    let end = start
        + 1
        + inside
            .get(start + 1..)?
            .iter()
            .position(|&byte| byte == b']')?;
    Some((
        Set {
            members: &inside[start..end],
            inverted,
        },
        end + 2,
    ))
}

impl Set<'_> {
    fn contains(&self, byte: u8) -> bool {
        let mut rest = self.members;
        let mut found = false;
        while let Some((&first, others)) = rest.split_first() {
            // A hyphen between two characters is a range; at the end it is a member.
            if let [b'-', last, ..] = others {
                found |= (first..=*last).contains(&byte);
                rest = &others[2..];
            } else {
                found |= first == byte;
                rest = others;
            }
        }
        found != self.inverted
    }
}

fn is_wild(component: &[u8]) -> bool {
    component.iter().any(|byte| b"*?[".contains(byte))
}

/// An entry that matches a pattern, and the symlinks and directories on the path to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::slim) struct Named {
    pub(in crate::slim) name: NameId,
    pub(in crate::slim) crossed: Vec<NameId>,
}

/// Finds the names in a tree that a pattern matches. Links in the middle of a path are followed,
/// one at its end is the answer.
pub(in crate::slim) fn expand(tree: &Tree, pattern: &[u8]) -> Vec<Named> {
    expand_within(tree, pattern, &mut Allowance::unlimited())
}

/// The same, until as many names as allowed were compared with the pattern.
pub(in crate::slim) fn expand_within(
    tree: &Tree,
    pattern: &[u8],
    names: &mut Allowance,
) -> Vec<Named> {
    // Patterns also come from words, and a relative one has no directory to start from.
    if !pattern.starts_with(b"/") {
        return Vec::new();
    }
    let components = components(pattern);
    let mut expansion = Expansion {
        tree,
        directories_only: pattern.ends_with(b"/"),
        names,
        found: Vec::new(),
        is_deep: components.iter().filter(|name| **name == ANY).count() > 1,
        walked: HashMap::new(),
        taken: HashSet::new(),
        recorded: HashSet::new(),
    };
    expansion.walk(NameId::ROOT, &mut Vec::new(), &components);
    expansion.found
}

struct Expansion<'a> {
    tree: &'a Tree,
    directories_only: bool,
    /// Names that may still be compared.
    names: &'a mut Allowance,
    found: Vec<Named>,
    /// Whether the pattern has several `**`.
    is_deep: bool,
    /// Directories with the number of components that were left there, and what was found. Symlinks
    /// may lead to one directory in any number of ways, of which each would be walked.
    walked: HashMap<(NameId, usize), Range<usize>>,
    taken: HashSet<NameId>,
    /// The names on the ways to what was found.
    recorded: HashSet<NameId>,
}

impl Expansion<'_> {
    fn walk(&mut self, at: NameId, crossed: &mut Vec<NameId>, pattern: &[&[u8]]) {
        // Without symlinks, one `**` leads to each directory once.
        if crossed.is_empty() && !self.is_deep {
            return self.walk_first(at, crossed, pattern);
        }
        let place = (at, pattern.len());
        if let Some(found) = self.walked.get(&place) {
            let found = found.clone();
            return self.repeat(found, crossed);
        }
        let start = self.found.len();
        self.walk_first(at, crossed, pattern);
        self.walked.insert(place, start..self.found.len());
    }

    /// Adds another way to matches that were found before.
    fn repeat(&mut self, found: Range<usize>, crossed: &[NameId]) {
        if self.is_recorded(crossed) {
            return;
        }
        for index in found.take(REPEATED) {
            let name = self.found[index].name;
            self.found.push(Named {
                name,
                crossed: crossed.to_vec(),
            });
            self.recorded.extend(crossed);
        }
    }

    fn is_recorded(&self, crossed: &[NameId]) -> bool {
        crossed.iter().all(|name| self.recorded.contains(name))
    }

    fn walk_first(&mut self, at: NameId, crossed: &mut Vec<NameId>, pattern: &[&[u8]]) {
        let tree = self.tree;
        let Some((&first, rest)) = pattern.split_first() else {
            return;
        };
        match first {
            // Words in a configuration may contain `.` and `..`, and are inserted in patterns
            // unchanged.
            b"." => self.walk(at, crossed, rest),
            b".." => self.walk(tree.parent(at), crossed, rest),
            // At the end, it matches everything below; in the middle, every directory, including
            // the current one.
            b"**" if rest.is_empty() => {
                for name in tree.below(at) {
                    if !self.names.spend(1) {
                        return;
                    }
                    self.take(name, crossed);
                }
            }
            b"**" => self.walk_below(at, crossed, rest),
            _ if is_wild(first) => {
                for name in tree.children(at) {
                    if !self.names.spend(1) {
                        return;
                    }
                    if matches_name(first, tree.file_name(name)) {
                        self.step(name, crossed, rest);
                    }
                }
            }
            _ => {
                if let Some(name) = tree.child(at, first) {
                    self.step(name, crossed, rest);
                }
            }
        }
    }

    /// Continues in a directory and in all directories below it.
    fn walk_below(&mut self, at: NameId, crossed: &mut Vec<NameId>, rest: &[&[u8]]) {
        let tree = self.tree;
        self.walk(at, crossed, rest);
        // Symlinks are not followed here, because a symlink to the root would walk the whole image.
        let below: Vec<NameId> = tree
            .below(at)
            .filter(|&name| tree.is_directory(name))
            .collect();
        for directory in below {
            self.walk(directory, crossed, rest);
        }
    }

    /// Continues after a matching entry.
    fn step(&mut self, name: NameId, crossed: &mut Vec<NameId>, rest: &[&[u8]]) {
        let tree = self.tree;
        // The last component is the entry itself: a symlink is kept, and its target because of the
        // symlink.
        if rest.is_empty() {
            return self.take(name, crossed);
        }
        if tree.is_directory(name) {
            return self.walk(name, crossed, rest);
        }
        let Kind::Symlink { target } = &tree.inode(name).kind else {
            return;
        };
        if let Ok(resolved) = tree.resolve_from(tree.parent(name), target)
            && tree.is_directory(resolved.name)
        {
            // The list is shared by all branches of the walk and truncated when this one is done.
            let before = crossed.len();
            crossed.push(name);
            crossed.extend(resolved.crossed);
            crossed.push(resolved.name);
            self.walk(resolved.name, crossed, rest);
            crossed.truncate(before);
        }
    }

    fn take(&mut self, name: NameId, crossed: &[NameId]) {
        if name == NameId::ROOT || self.directories_only && !self.tree.is_directory(name) {
            return;
        }
        if self.taken.insert(name) || !self.is_recorded(crossed) {
            self.recorded.extend(crossed);
            self.found.push(Named {
                name,
                crossed: crossed.to_vec(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Content, Header, Inode};

    #[test]
    fn one_star_stops_at_a_slash_and_two_stars_do_not() {
        for (pattern, path, expected) in [
            ("/etc/*.conf", "/etc/a.conf", true),
            ("/etc/*.conf", "/etc/a/b.conf", false),
            ("/etc/**", "/etc/a/b.conf", true),
            ("/etc/**/b.conf", "/etc/b.conf", true),
            (
                "/**/site-packages/certifi/*",
                "/opt/v/lib/site-packages/certifi/cacert.pem",
                true,
            ),
            ("/lib/lib[a-c]?.so.*", "/lib/libb1.so.6", true),
            ("/lib/lib[!a-c]?.so", "/lib/libb1.so", false),
            ("/a*b*c", "/aXbYbZ", false),
            ("/a*b*c", "/aXbYbc", true),
            ("/usr/bin/[", "/usr/bin/[", true),
        ] {
            assert_eq!(
                matches(pattern.as_bytes(), path.as_bytes()),
                expected,
                "{pattern} {path}"
            );
        }
    }

    #[test]
    fn any_number_of_components_may_be_anywhere_in_a_pattern() {
        for (pattern, path, expected) in [
            ("/**", "/a/b", true),
            ("/**/a/**/b", "/a/x/a/y/b", true),
            ("/**/a/**/b", "/x/b/a", false),
            ("/**/a/**", "/x/y/a/b", true),
            ("/**/a/**", "/x/y/b", false),
            ("/**/b/c", "/b/c", true),
            ("/**/b/c", "/c", false),
            ("/a/**/c/", "/a//c", true),
            ("", "", true),
            ("/", "/a", false),
            ("/a", "", false),
        ] {
            let found = matches(pattern.as_bytes(), path.as_bytes());
            assert_eq!(found, expected, "{pattern} {path}");
        }
    }

    #[test]
    fn a_pattern_covers_everything_below_a_match() {
        assert!(covers(b"/usr/share/doc", b"/usr/share/doc/x/y"));
        assert!(!covers(b"/usr/share/doc", b"/usr/share/docs"));
        assert!(!covers(b"/usr/share/doc", b"/usr/share"));
        assert!(covers(b"/**/doc", b"/usr/share/doc/x/y"));
        assert!(!covers(b"/**/doc", b"/usr/share/docs"));
        assert!(!covers(b"/", b"/usr"));
    }

    #[test]
    fn symlinks_in_the_middle_of_a_pattern_are_followed() {
        let mut tree = Tree::new();
        let mut add = |directory: NameId, name: &str, kind| {
            tree.insert(
                directory,
                name.as_bytes(),
                Inode {
                    kind,
                    header: Header::default(),
                    layer: 0,
                },
            )
        };
        let usr = add(NameId::ROOT, "usr", Kind::Directory);
        let lib = add(usr, "lib", Kind::Directory);
        let arch = add(lib, "x86_64-linux-gnu", Kind::Directory);
        let module = add(arch, "m.so", Kind::File(Content::Bytes(Vec::new())));
        let link = add(
            NameId::ROOT,
            "lib",
            Kind::Symlink {
                target: b"usr/lib".to_vec(),
            },
        );
        add(
            NameId::ROOT,
            "loop",
            Kind::Symlink {
                target: b"/loop".to_vec(),
            },
        );
        let found = expand(&tree, b"/lib/*/*.so");
        assert_eq!(
            found,
            [Named {
                name: module,
                crossed: vec![link, usr, lib]
            }]
        );
        assert_eq!(
            expand(&tree, b"/lib")
                .iter()
                .map(|named| named.name)
                .collect::<Vec<_>>(),
            [link]
        );
        assert_eq!(
            expand(&tree, b"/usr/**/")
                .iter()
                .map(|named| named.name)
                .collect::<Vec<_>>(),
            [lib, arch]
        );
        assert_eq!(
            (expand(&tree, b"/loop/x"), expand(&tree, b"usr")),
            (vec![], vec![])
        );
    }

    /// A directory with `count` symlinks to itself and a file.
    fn tree_of_loops(count: usize) -> Tree {
        let mut tree = Tree::new();
        let mut add = |directory: NameId, name: &str, kind| {
            let inode = Inode {
                kind,
                header: Header::default(),
                layer: 0,
            };
            tree.insert(directory, name.as_bytes(), inode)
        };
        let directory = add(NameId::ROOT, "d", Kind::Directory);
        for number in 0..count {
            let target = b".".to_vec();
            add(directory, &format!("l{number}"), Kind::Symlink { target });
        }
        add(directory, "f", Kind::File(Content::Bytes(Vec::new())));
        tree
    }

    #[test]
    fn ways_through_symlinks_do_not_multiply() {
        let tree = tree_of_loops(1000);
        for pattern in [
            "/d/*/*/*/*/*/*/f",
            "/d/*/*/*/**",
            "/**/l*/**/l*/**/l*/f",
            "/**/**/**/**/f",
        ] {
            let found = expand(&tree, pattern.as_bytes());
            assert!(found.len() < 20_000, "{pattern}: {}", found.len());
        }
    }

    #[test]
    fn each_symlink_is_on_a_way() {
        let tree = tree_of_loops(50);
        let found = expand(&tree, b"/d/l*/f");
        let mut ways: Vec<NameId> = found
            .iter()
            .flat_map(|named| &named.crossed)
            .copied()
            .filter(|&name| matches!(tree.inode(name).kind, Kind::Symlink { .. }))
            .collect();
        ways.dedup();
        assert_eq!(ways.len(), 50);
    }
}
