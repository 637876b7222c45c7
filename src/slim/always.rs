//! What every image keeps, whatever it runs.

use super::trace::Trace;
use super::why::{Root, Why};
use crate::image::{NameId, Tree};

/// What of a path is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    /// The entry, and where it is a link what that leads to.
    Entry,
    /// Every empty directory below it: a program that has one made expects it.
    EmptyDirectories,
    /// Every directory below it, without the files: those are of an earlier run.
    Directories,
    /// The same, but only those that are in it.
    OwnDirectories,
}

struct Always {
    paths: &'static [&'static str],
    what: What,
    because: &'static str,
}

const ALWAYS: &[Always] = &[
    Always {
        paths: &["/etc/passwd", "/etc/group"],
        what: What::Entry,
        because: "the runtime and every program look up users there",
    },
    Always {
        paths: &["/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf"],
        what: What::Entry,
        because: "name lookups obey it",
    },
    Always {
        paths: &["/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/etc/mtab"],
        what: What::Entry,
        because: "the runtime mounts its own over it",
    },
    Always {
        paths: &[
            "/etc/os-release",
            "/usr/lib/os-release",
            "/etc/lsb-release",
            "/etc/debian_version",
            "/etc/alpine-release",
            "/etc/redhat-release",
            "/etc/centos-release",
            "/etc/fedora-release",
            "/etc/rocky-release",
            "/etc/almalinux-release",
            "/etc/oracle-release",
            "/etc/system-release",
            "/etc/amazon-linux-release",
            "/etc/SuSE-release",
            "/etc/photon-release",
            "/etc/mariner-release",
            "/etc/wolfi-release",
            "/etc/arch-release",
        ],
        what: What::Entry,
        because: "it says which distribution this is",
    },
    Always { paths: &["/dev", "/proc", "/sys"], what: What::Entry, because: "the runtime mounts it" },
    Always { paths: &["/tmp", "/var/tmp"], what: What::Entry, because: "programs put temporary files there" },
    Always {
        paths: &["/run", "/var/run", "/var/lock", "/var/log", "/var/cache", "/var/lib"],
        what: What::Entry,
        because: "programs put their state there",
    },
    Always { paths: &["/root", "/home"], what: What::Entry, because: "home directories are there" },
    Always {
        paths: &["/var", "/run", "/srv", "/home"],
        what: What::EmptyDirectories,
        because: "an empty directory there is a program's",
    },
    Always {
        paths: &["/run", "/var/log", "/var/spool"],
        what: What::Directories,
        because: "a program writes its state there",
    },
    Always {
        paths: &["/var/lib", "/var/cache"],
        what: What::OwnDirectories,
        because: "a program writes its state there",
    },
];

pub(super) fn keep(trace: &mut Trace<'_>) {
    for always in ALWAYS {
        for path in always.paths {
            let why = Why::Root(Root::Always { because: always.because });
            match always.what {
                What::Entry => drop(trace.keep_entry(path.as_bytes(), None, why)),
                What::EmptyDirectories => keep_empty_directories(trace, path.as_bytes(), &why),
                What::Directories => keep_directories(trace, path.as_bytes(), &why, |_, _| true),
                What::OwnDirectories => {
                    keep_directories(trace, path.as_bytes(), &why, |tree, (parent, name)| tree.parent(name) == parent);
                }
            }
        }
    }
}

/// State that no program but a package manager has.
const PACKAGE_MANAGERS: &[&str] = &[
    "/var/cache/apk",
    "/var/cache/apt",
    "/var/cache/debconf",
    "/var/cache/dnf",
    "/var/cache/ldconfig",
    "/var/cache/pacman",
    "/var/cache/yum",
    "/var/cache/zypp",
    "/var/lib/apt",
    "/var/lib/dnf",
    "/var/lib/dpkg",
    "/var/lib/pacman",
    "/var/lib/rpm",
    "/var/lib/yum",
    "/var/log/apt",
];

fn is_package_managers(path: &[u8]) -> bool {
    PACKAGE_MANAGERS.iter().any(|directory| {
        path.strip_prefix(directory.as_bytes()).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    })
}

/// Keeps every empty directory below a path, by the same reason. Links are not followed.
pub(super) fn keep_empty_directories(trace: &mut Trace<'_>, path: &[u8], why: &Why) {
    keep_directories(trace, path, why, |tree, (_, name)| tree.children(name).next().is_none());
}

/// Keeps the directories below a path that are wanted; the test is given the directory at the path, and each.
fn keep_directories(
    trace: &mut Trace<'_>,
    path: &[u8],
    why: &Why,
    is_wanted: impl Fn(&Tree, (NameId, NameId)) -> bool,
) {
    let tree = trace.tree();
    let Ok(resolved) = tree.resolve_link(path) else { return };
    let below = tree.below(resolved.name).filter(|&name| tree.is_directory(name));
    for name in below.filter(|&name| is_wanted(tree, (resolved.name, name))) {
        if !is_package_managers(&tree.path(name)) {
            trace.graph.keep(name, None, why.clone());
        }
    }
}
