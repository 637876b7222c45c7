//! What slimming comes to, as data: by package, kind and reason, and what stayed that is risky.

use crate::knowledge::ProgramClass;
use std::collections::BTreeMap;

use crate::image::{Image, Kind, NameId, ReadError, Tree};
use crate::packages::{Package, Packages};
use crate::printable::escape_bytes;
use crate::slim::{Because, Count, Note, Plan, Root, Unmet, Why};

/// All that a report tells.
#[derive(Debug)]
pub struct Summary<'a> {
    /// The image as the user called it.
    pub name: &'a str,
    pub image: &'a Image,
    pub plan: &'a Plan,
    pub before: Count,
    pub after: Count,
    /// Most bytes before first; what is of no package has none.
    pub packages: Vec<(Option<&'a Package>, Sizes)>,
    /// Kinds of files, most bytes before first.
    pub kinds: Vec<(&'static str, Sizes)>,
    /// First reasons, most bytes first; `before` is what the same names had.
    pub reasons: Vec<(&'static str, Sizes)>,
    pub risky: Vec<Risk>,
    pub unmet: &'a [Unmet],
    pub notes: &'a [Note],
}

/// Regular files, each counted once for its first name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    pub files_before: usize,
    pub bytes_before: u64,
    pub files_after: usize,
    pub bytes_after: u64,
}

impl Sizes {
    fn add(&mut self, bytes: u64, is_kept: bool) {
        self.files_before += 1;
        self.bytes_before = self.bytes_before.saturating_add(bytes);
        if is_kept {
            self.files_after += 1;
            self.bytes_after = self.bytes_after.saturating_add(bytes);
        }
    }
}

/// A kept name that makes an attack easier, and the way to it from a root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Risk {
    pub name: NameId,
    pub what: &'static str,
    /// Paths with the reason of each.
    pub chain: Vec<String>,
}

/// Adds everything up.
pub fn summary<'a>(
    name: &'a str,
    image: &'a Image,
    packages: &'a Packages,
    plan: &'a Plan,
) -> Result<Summary<'a>, ReadError> {
    let tree = &image.tree;
    let mut of_packages = vec![Sizes::default(); packages.list.len()];
    let mut of_none = Sizes::default();
    let mut kinds: BTreeMap<&'static str, Sizes> = BTreeMap::new();
    let mut reasons: BTreeMap<&'static str, Sizes> = BTreeMap::new();
    for (name, bytes, kept) in files(tree, plan) {
        let of_package = packages.owner_rows(name).first();
        of_package
            .map_or(&mut of_none, |&row| &mut of_packages[row])
            .add(bytes, kept.is_some());
        kinds
            .entry(kind(image, name)?)
            .or_default()
            .add(bytes, kept.is_some());
        if let Some(why) = kept.and_then(|kept| plan.reasons(kept).first()) {
            reasons
                .entry(reason(&why.why))
                .or_default()
                .add(bytes, true);
        }
    }
    let rows = packages
        .list
        .iter()
        .map(Some)
        .zip(of_packages)
        .chain([(None, of_none)]);
    let mut packages: Vec<_> = rows.filter(|(_, sizes)| sizes.files_before > 0).collect();
    packages.sort_by_key(|(_, sizes)| std::cmp::Reverse(sizes.bytes_before));
    let totals = plan.totals();
    Ok(Summary {
        name,
        image,
        plan,
        before: totals.before,
        after: totals.after,
        packages,
        kinds: sorted(kinds, |sizes| sizes.bytes_before),
        reasons: sorted(reasons, |sizes| sizes.bytes_after),
        risky: risky(tree, plan),
        unmet: plan.unmet(),
        notes: plan.notes(),
    })
}

fn sorted(map: BTreeMap<&'static str, Sizes>, by: fn(&Sizes) -> u64) -> Vec<(&'static str, Sizes)> {
    let mut rows: Vec<_> = map.into_iter().collect();
    rows.sort_by_key(|(_, sizes)| std::cmp::Reverse(by(sizes)));
    rows
}

/// Every regular file once, by its first name: with its bytes, and the first of its names that is
/// kept.
fn files(tree: &Tree, plan: &Plan) -> Vec<(NameId, u64, Option<NameId>)> {
    let mut rows: Vec<Option<usize>> = vec![None; tree.inode_count()];
    let mut files: Vec<(NameId, u64, Option<NameId>)> = Vec::new();
    for name in tree.walk() {
        let Kind::File(content) = &tree.inode(name).kind else {
            continue;
        };
        let row = *rows[tree.inode_id(name).index()].get_or_insert(files.len());
        if row == files.len() {
            files.push((name, content.length(), None));
        }
        files[row].2 = files[row].2.or(plan.is_kept(name).then_some(name));
    }
    files
}

const FOLDERS: [(&str, &str); 9] = [
    ("/usr/share/doc/", "documentation"),
    ("/usr/share/man/", "documentation"),
    ("/usr/share/info/", "documentation"),
    ("/usr/share/locale/", "translations"),
    ("/usr/include/", "headers"),
    ("/var/lib/dpkg/", "package databases"),
    ("/var/lib/apt/", "package databases"),
    ("/var/cache/", "caches"),
    ("/etc/", "configuration"),
];

const ENDINGS: [(&str, &str); 12] = [
    (".py", "Python"),
    (".pyc", "Python"),
    (".pm", "Perl"),
    (".pl", "Perl"),
    (".rb", "Ruby"),
    (".js", "JavaScript"),
    (".mjs", "JavaScript"),
    (".cjs", "JavaScript"),
    (".jar", "Java"),
    (".h", "headers"),
    (".a", "static libraries"),
    (".mo", "translations"),
];

/// What sort of file this is, for a person.
fn kind(image: &Image, name: NameId) -> Result<&'static str, ReadError> {
    let tree = &image.tree;
    let path = tree.path(name);
    let find = |table: &[(&'static str, &'static str)], fits: fn(&[u8], &[u8]) -> bool| {
        table
            .iter()
            .find(|(part, _)| fits(&path, part.as_bytes()))
            .map(|&(_, kind)| kind)
    };
    if let Some(kind) = find(&FOLDERS, <[u8]>::starts_with) {
        return Ok(kind);
    }
    if let Some(kind) = find(&ENDINGS, <[u8]>::ends_with) {
        return Ok(kind);
    }
    let bytes = image.head(tree.inode_id(name), 4)?;
    Ok(match () {
        () if bytes.starts_with(b"\x7fELF") && is_library(tree.file_name(name)) => "libraries",
        () if bytes.starts_with(b"\x7fELF") => "programs",
        () if bytes.starts_with(b"#!") => "scripts",
        () => "data",
    })
}

fn is_library(file_name: &[u8]) -> bool {
    file_name.ends_with(b".so") || memchr::memmem::find(file_name, b".so.").is_some()
}

/// Reasons of one sort under one name.
fn reason(why: &Why) -> &'static str {
    match why {
        Why::Root(Root::Program(_)) => "the program of the configuration",
        Why::Root(Root::Glob { .. }) => "asked for with --keep",
        Why::Root(
            Root::Rule {
                because: Because::Always,
                ..
            }
            | Root::PackageDatabase,
        ) => "always kept",
        Why::Root(Root::Rule { .. }) | Why::Rule { .. } => "by a keep rule",
        Why::Root(Root::Brought { .. }) => "added by COPY or ADD",
        Why::MayOpen { .. } | Why::Announced { .. } => "libraries that may be opened by name",
        Why::Root(_) => "named in the configuration",
        Why::Target | Why::OnTheWay | Why::Directory => "on the way to something that is kept",
        Why::Interpreter | Why::LoaderReads => "loaders",
        Why::Needed { .. } | Why::Filter { .. } | Why::Injected { .. } => {
            "libraries that are needed"
        }
        Why::Opened { .. } => "libraries that the C library opens",
        Why::Shebang | Why::Command { .. } | Why::Mention { .. } | Why::Include { .. } => {
            "used by a script"
        }
        Why::Record { .. } => "records of packages",
        #[allow(
            unreachable_patterns,
            reason = "there are more ways in than are told apart here"
        )]
        _ => "other reasons",
    }
}

fn risky(tree: &Tree, plan: &Plan) -> Vec<Risk> {
    let mut risks: Vec<Risk> = Vec::new();
    let totals = plan.totals();
    let mut add = |name: NameId, what| {
        let shown = |name| escape_bytes(&tree.path(name));
        let chain = plan
            .why(name)
            .iter()
            .map(|link| format!("{}: {}", shown(link.name), link.why))
            .collect();
        risks.push(Risk { name, what, chain });
    };
    totals.shells.iter().for_each(|&name| add(name, "a shell"));
    totals
        .privileged
        .iter()
        .for_each(|&name| add(name, "setuid, setgid or with capabilities"));
    for &name in plan.kept() {
        let inode = tree.inode(name);
        let is_program = matches!(inode.kind, Kind::File(_)) && inode.header.mode & 0o111 != 0;
        let file_name = tree.file_name(name);
        if is_program && ProgramClass::PackageManager.contains(file_name) {
            add(name, "a package manager");
        }
        if is_program && ProgramClass::Downloader.contains(file_name) {
            add(name, "it connects to elsewhere");
        }
        let is_open = match inode.kind {
            Kind::File(_) => inode.header.mode & 0o2 != 0,
            Kind::Directory => inode.header.mode & 0o1002 == 0o2,
            _ => false,
        };
        if is_open {
            add(name, "anybody may write it");
        }
    }
    risks
}
