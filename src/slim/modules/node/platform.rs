//! The platform of the image's Node, and the files of packages that are for other platforms.
//!
//! Packages with addons bring them for many platforms, or depend on one optional package for each.
//! The content of a file says what it is for, the name of a directory, and the manifest of a
//! package.

use std::collections::BTreeSet;

use super::leftovers::is_source;
use crate::elf::Elf;
use crate::image::{NameId, Tree};
use crate::paths::is_library_name;
use crate::slim::package_files::is_plain_file;
use crate::slim::view::View;

/// Bytes at the start of a file that tell its format.
const HEAD: usize = 1024;
/// Magic numbers of macOS: both byte orders of 32 and 64 bits. That of a file for several
/// architectures is also the one of Java's classes, which are no addons.
const MACH_O: [[u8; 4]; 5] = [
    [0xfe, 0xed, 0xfa, 0xce],
    [0xfe, 0xed, 0xfa, 0xcf],
    [0xce, 0xfa, 0xed, 0xfe],
    [0xcf, 0xfa, 0xed, 0xfe],
    [0xca, 0xfe, 0xba, 0xbe],
];
/// Platforms, as Node, Rust and others call them.
const OTHER_SYSTEMS: &[&str] = &[
    "aix", "android", "apple", "darwin", "freebsd", "ios", "mac", "macos", "netbsd", "openbsd",
    "osx", "sunos", "win", "win32", "win64", "windows",
];
/// Architectures, each with the one that Node calls it, and the ELF machine.
const ARCHITECTURES: &[(&str, &str, u16)] = &[
    ("386", "ia32", 3),
    ("aarch64", "arm64", 183),
    ("amd64", "x64", 62),
    ("arm", "arm", 40),
    ("arm64", "arm64", 183),
    ("armv6", "arm", 40),
    ("armv6l", "arm", 40),
    ("armv7", "arm", 40),
    ("armv7l", "arm", 40),
    ("i386", "ia32", 3),
    ("i686", "ia32", 3),
    ("ia32", "ia32", 3),
    ("loong64", "loong64", 258),
    ("loongarch64", "loong64", 258),
    ("mips", "mips", 8),
    ("mipsel", "mipsel", 8),
    ("mips64el", "mips64el", 8),
    ("powerpc64le", "ppc64", 21),
    ("ppc64", "ppc64", 21),
    ("ppc64le", "ppc64", 21),
    ("riscv64", "riscv64", 243),
    ("riscv64gc", "riscv64", 243),
    ("s390x", "s390x", 22),
    ("x64", "x64", 62),
    ("x86", "ia32", 3),
];
/// Other parts of the names of platforms.
const FILLERS: &[&str] = &[
    "eabi",
    "eabihf",
    "elf",
    "gnueabi",
    "gnueabihf",
    "le",
    "msvc",
    "pc",
    "unknown",
];

/// A libc that a file is linked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Libc {
    Glibc,
    Musl,
}

impl Libc {
    /// The libc of a program or library; none if it needs no libc.
    fn of(elf: &Elf) -> Option<Self> {
        let mut names = elf.needed.iter().chain(&elf.interpreter);
        names.find_map(|name| {
            let file_name = name.rsplit(|&byte| byte == b'/').next()?;
            if file_name.starts_with(b"libc.musl-")
                || file_name.starts_with(b"ld-musl-")
                || file_name == b"libc.so"
            {
                Some(Self::Musl)
            } else if file_name == b"libc.so.6" || file_name.starts_with(b"ld-linux") {
                Some(Self::Glibc)
            } else {
                None
            }
        })
    }

    /// The name in manifests.
    fn as_str(self) -> &'static str {
        match self {
            Self::Glibc => "glibc",
            Self::Musl => "musl",
        }
    }
}

/// The platforms on which the image's Node runs; none are known for an image without Node.
#[derive(Debug, Default)]
pub(in crate::slim) struct Platform {
    machines: BTreeSet<u16>,
    libcs: BTreeSet<Libc>,
}

impl Platform {
    /// Adds a program of Node.
    pub(super) fn add(&mut self, view: &View<'_>, node: &Elf) {
        self.machines.insert(node.machine);
        self.libcs.extend(Libc::of(node));
        // Debian has a package with musl.
        let has_musl = view.tree().resolve(b"/lib").is_ok_and(|libraries| {
            let mut names = view.tree().children(libraries.name);
            names.any(|name| view.tree().file_name(name).starts_with(b"ld-musl-"))
        });
        if has_musl {
            self.libcs.insert(Libc::Musl);
        }
    }

    /// Whether `os`, `cpu` and `libc` of a manifest exclude this platform: npm would not install
    /// the package.
    pub(super) fn is_excluded_by(&self, [os, cpu, libc]: &[Vec<&str>; 3]) -> bool {
        if os.is_empty() && cpu.is_empty() && libc.is_empty() {
            return false;
        }
        let mut architectures = BTreeSet::new();
        for (_, name, machine) in ARCHITECTURES {
            if self.machines.contains(machine) {
                architectures.insert(*name);
            }
        }
        // A machine without a name in the table, or a libc that is not known.
        let libcs: BTreeSet<&str> = self.libcs.iter().map(|it| it.as_str()).collect();
        !is_allowed(os, &BTreeSet::from(["linux"]))
            || !architectures.is_empty() && !is_allowed(cpu, &architectures)
            || !libcs.is_empty() && !is_allowed(libc, &libcs)
    }

    /// Whether a directory or a file of a package is for another platform.
    pub(super) fn is_foreign(&self, view: &View<'_>, name: NameId) -> bool {
        if self.machines.is_empty() {
            return false;
        }
        let tree = view.tree();
        if tree.is_directory(name) {
            return self.is_foreign_directory(tree, name);
        }
        is_binary_name(tree.file_name(name))
            && is_plain_file(tree, name)
            && self.is_foreign_binary(view, name)
    }

    fn is_foreign_directory(&self, tree: &Tree, name: NameId) -> bool {
        if self.suits(tree.file_name(name)) != Some(false) {
            return false;
        }
        let parent = tree.parent(name);
        if tree.file_name(parent) == b"prebuilds" {
            return true;
        }
        // The name is only that of a platform if there is such a directory for this one.
        let mut siblings = tree.children(parent);
        siblings.any(|sibling| {
            tree.is_directory(sibling) && self.suits(tree.file_name(sibling)) == Some(true)
        }) && !tree.below(name).any(|below| is_source(tree, below))
    }

    /// Whether the platform of a name such as `linux-x64` or `aarch64-apple-darwin` is this one;
    /// none if it is not the name of a platform.
    fn suits(&self, name: &[u8]) -> Option<bool> {
        let name = std::str::from_utf8(name).ok()?.to_ascii_lowercase();
        let name = name.replace("x86_64", "x64").replace("x86-64", "x64");
        let mut is_suitable = true;
        let mut is_platform = false;
        // `darwin-x64+arm64` is for two architectures.
        let mut architectures = Vec::new();
        for word in name.split(['-', '_', '.', '+']) {
            if OTHER_SYSTEMS.contains(&word) {
                is_suitable = false;
            } else if let Some(libc) = libc_of(word) {
                is_suitable &= self.libcs.is_empty() || self.libcs.contains(&libc);
            } else if let Some((_, _, machine)) = ARCHITECTURES.iter().find(|it| it.0 == word) {
                architectures.push(machine);
            } else if word != "linux" {
                if !FILLERS.contains(&word) {
                    return None;
                }
                continue;
            }
            is_platform = true;
        }
        if !is_platform {
            return None;
        }
        let runs = |machine: &&u16| self.machines.contains(machine);
        Some(is_suitable && (architectures.is_empty() || architectures.iter().any(runs)))
    }

    /// Whether the loader of this platform rejects a file.
    fn is_foreign_binary(&self, view: &View<'_>, name: NameId) -> bool {
        if let Ok(elf) = view.elf_of(name) {
            if !self.machines.contains(&elf.machine) {
                return true;
            }
            return match Libc::of(elf) {
                Some(Libc::Musl) => !self.libcs.is_empty() && !self.libcs.contains(&Libc::Musl),
                // musl takes the place of glibc's libraries, so this may work if there is no other.
                Some(Libc::Glibc) => {
                    self.libcs.len() == 1
                        && self.libcs.contains(&Libc::Musl)
                        && self.has_musl_beside(view, name)
                }
                None => false,
            };
        }
        let head = view.head(view.tree().inode_id(name), HEAD);
        let is_mach_o = MACH_O.iter().any(|magic| head.starts_with(magic));
        is_mach_o || is_native_pe(&head)
    }

    /// Whether there is an addon for musl in the same directory.
    fn has_musl_beside(&self, view: &View<'_>, name: NameId) -> bool {
        let tree = view.tree();
        let mut beside = tree.children(tree.parent(name));
        beside.any(|name| {
            is_binary_name(tree.file_name(name))
                && view.elf_of(name).is_ok_and(|elf| {
                    self.machines.contains(&elf.machine) && Libc::of(elf) == Some(Libc::Musl)
                })
        })
    }
}

/// `linuxmusl` is sharp's, `alpine` the one of VS Code.
fn libc_of(word: &str) -> Option<Libc> {
    match word {
        "glibc" | "gnu" => Some(Libc::Glibc),
        "alpine" | "linuxmusl" | "musl" | "musleabi" | "musleabihf" => Some(Libc::Musl),
        _ => None,
    }
}

/// Whether a list of a manifest, such as `["linux", "!arm"]`, allows one of these.
fn is_allowed(list: &[&str], ours: &BTreeSet<&str>) -> bool {
    let (denied, allowed): (Vec<&str>, Vec<&str>) =
        list.iter().partition(|word| word.starts_with('!'));
    ours.iter().any(|our| {
        let is_denied = denied.iter().any(|word| &word[1..] == *our);
        !is_denied && (allowed.is_empty() || allowed.contains(our) || allowed.contains(&"any"))
    })
}

/// Whether a file of this name is an addon or a library.
pub(super) fn is_binary_name(file_name: &[u8]) -> bool {
    let endings: [&[u8]; 3] = [b".node", b".dylib", b".dll"];
    endings.iter().any(|ending| file_name.ends_with(ending)) || is_library_name(file_name)
}

/// Whether a file is a library of Windows. Those of .NET have a header for it, and run anywhere.
fn is_native_pe(head: &[u8]) -> bool {
    let Some(start) = u32_at(head, 0x3c).filter(|_| head.starts_with(b"MZ")) else {
        return false;
    };
    if !head
        .get(start..)
        .is_some_and(|rest| rest.starts_with(b"PE\0\0"))
    {
        return false;
    }
    // The optional header follows that of the file. Its length before the directories depends on
    // the word size.
    let optional = start + 24;
    let directories = match head.get(optional..optional + 2) {
        Some([0x0b, 1]) => optional + 96,
        Some([0x0b, 2]) => optional + 112,
        _ => return false,
    };
    // The fifteenth directory is the header of .NET.
    u32_at(head, directories + 14 * 8) == Some(0)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    let number = u32::from_le_bytes(bytes.try_into().ok()?);
    usize::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use super::super::manifest::Manifest;
    use super::*;

    fn platform(machine: u16, libc: Libc) -> Platform {
        Platform {
            machines: BTreeSet::from([machine]),
            libcs: BTreeSet::from([libc]),
        }
    }

    #[test]
    fn names_of_platforms_are_compared_by_their_words() {
        let debian = platform(62, Libc::Glibc);
        for (name, expected) in [
            ("linux-x64", Some(true)),
            ("linux", Some(true)),
            ("x64", Some(true)),
            ("x86_64-unknown-linux-gnu", Some(true)),
            ("linux-x64+arm64", Some(true)),
            ("linux-arm64", Some(false)),
            ("linuxmusl-x64", Some(false)),
            ("x86_64-unknown-linux-musl", Some(false)),
            ("darwin-x64+arm64", Some(false)),
            ("aarch64-apple-darwin", Some(false)),
            ("win32-x64-msvc", Some(false)),
            ("arm64", Some(false)),
            ("lib", None),
            ("linux-tools", None),
            ("unknown", None),
            ("", None),
        ] {
            assert_eq!(debian.suits(name.as_bytes()), expected, "{name}");
        }
        let alpine = platform(183, Libc::Musl);
        assert_eq!(alpine.suits(b"linuxmusl-arm64"), Some(true));
        assert_eq!(alpine.suits(b"linux-arm64-gnu"), Some(false));
        assert_eq!(alpine.suits(b"linux-arm64"), Some(true));
    }

    #[test]
    fn manifests_allow_and_deny_platforms() {
        let node = platform(62, Libc::Glibc);
        for (manifest, is_excluded) in [
            ("{}", false),
            (
                r#"{"os": ["linux"], "cpu": ["x64"], "libc": ["glibc"]}"#,
                false,
            ),
            (r#"{"os": "linux", "cpu": "x64"}"#, false),
            (r#"{"os": ["!win32"]}"#, false),
            (r#"{"os": ["any"]}"#, false),
            (r#"{"os": ["darwin"]}"#, true),
            (r#"{"os": ["!linux"]}"#, true),
            (r#"{"cpu": ["arm64"]}"#, true),
            (r#"{"libc": ["musl"]}"#, true),
        ] {
            let manifest = Manifest::parse(manifest.as_bytes(), &std::rc::Rc::default());
            assert_eq!(
                node.is_excluded_by(&manifest.platforms()),
                is_excluded,
                "{manifest:?}"
            );
        }
    }

    #[test]
    fn libraries_of_dot_net_are_told_from_those_of_windows() {
        let mut pe = vec![0; 512];
        pe[..2].copy_from_slice(b"MZ");
        pe[0x3c] = 0x80;
        pe[0x80..0x84].copy_from_slice(b"PE\0\0");
        pe[0x98..0x9a].copy_from_slice(&[0x0b, 2]);
        assert!(is_native_pe(&pe));
        pe[0x98 + 112 + 14 * 8] = 1;
        assert!(!is_native_pe(&pe));
        assert!(!is_native_pe(b"MZ"));
        assert!(!is_native_pe(&pe[..0x9a]));
    }
}
