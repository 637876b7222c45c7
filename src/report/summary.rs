//! Summary of slimming for reports: sizes by package, kind and reason, and risky files that are
//! kept.

use std::collections::BTreeMap;

use super::missed::Missed;
use super::unused_packages::{UnusedPackage, unused_packages};
use crate::evidence::Record;
use crate::image::{Image, Kind, NameId, ReadError, Tree};
use crate::knowledge::ProgramClass;
use crate::packages::{Package, Packages};
use crate::paths::is_library_name;
use crate::printable::escape_bytes;
use crate::slim::{Because, Count, Note, Plan, Root, Unmet, Why};

/// Contents of a report on slimming.
#[derive(Debug)]
pub struct Summary<'a> {
    /// The name of the image as given on the command line.
    pub name: &'a str,
    pub image: &'a Image,
    pub plan: &'a Plan,
    pub before: Count,
    pub after: Count,
    /// Packages, and `None` for files without one, by size before slimming, the largest first.
    pub packages: Vec<PackageRow<'a>>,
    /// Kinds of files, by size before slimming, the largest first.
    pub kinds: Vec<(&'static str, Sizes)>,
    /// First reasons, by size of the kept files, the largest first. The original sizes are those of
    /// the same files.
    pub reasons: Vec<(&'static str, Sizes)>,
    pub risky: Vec<Risk>,
    /// Packages that are named in the image's own RUN instructions but have no kept files, with
    /// their sizes.
    pub missed_packages: Vec<(&'a Package, u64)>,
    /// Packages of applications that nothing imports.
    pub unused_packages: Vec<UnusedPackage<'a>>,
    /// File names of companions of the image's own program that are not kept.
    pub missed_companions: Vec<String>,
    pub unmet: &'a [Unmet],
    pub notes: &'a [Note],
    /// Tests of the result, if there were any.
    pub tests: Option<&'a Record>,
}

/// A package of the image.
#[derive(Clone, Copy, Debug)]
pub struct PackageRow<'a> {
    /// `None` for all files without a package.
    pub package: Option<&'a Package>,
    pub sizes: Sizes,
    /// The largest kept file of the package, with its size.
    pub largest: Option<(u64, NameId)>,
}

impl<'a> PackageRow<'a> {
    fn new(package: Option<&'a Package>) -> Self {
        Self {
            package,
            sizes: Sizes::default(),
            largest: None,
        }
    }

    fn add(&mut self, file: &CountedFile) {
        self.sizes.add(file.bytes, file.kept.is_some());
        let largest = self.largest.map_or(0, |(bytes, _)| bytes);
        if let Some(kept) = file.kept
            && (self.largest.is_none() || file.bytes > largest)
        {
            self.largest = Some((file.bytes, kept));
        }
    }
}

/// Sizes of regular files. A file with several hard links is counted once, for its first name.
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

/// A kept file that makes an attack easier, with the reasons from a root to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Risk {
    pub name: NameId,
    /// The kind of risk.
    pub what: &'static str,
    /// Paths with their reasons.
    pub chain: Vec<String>,
}

/// Computes the summary of a plan.
pub fn summary<'a>(
    name: &'a str,
    image: &'a Image,
    packages: &'a Packages,
    plan: &'a Plan,
) -> Result<Summary<'a>, ReadError> {
    let tree = &image.tree;
    let mut of_packages: Vec<PackageRow<'_>> = Vec::with_capacity(packages.list.len());
    for package in &packages.list {
        of_packages.push(PackageRow::new(Some(package)));
    }
    // Files without a package have a row too, so that the rows add up to the image.
    let mut of_none = PackageRow::new(None);
    let mut kinds: BTreeMap<&'static str, Sizes> = BTreeMap::new();
    let mut reasons: BTreeMap<&'static str, Sizes> = BTreeMap::new();
    for file in files(tree, plan) {
        let (bytes, is_kept) = (file.bytes, file.kept.is_some());
        // Some files belong to two packages. Counting them for the first keeps the sum right.
        let row = match packages.owner_rows(file.name).first() {
            Some(&row) => &mut of_packages[row],
            None => &mut of_none,
        };
        row.add(&file);
        let kind = kinds.entry(kind(image, file.name)?).or_default();
        kind.add(bytes, is_kept);
        if let Some(first) = file.kept.and_then(|kept| plan.reasons(kept).first()) {
            let reason = reasons.entry(reason(&first.why)).or_default();
            reason.add(bytes, true);
        }
    }
    of_packages.push(of_none);
    // Virtual packages and packages whose files are unknown have no size to show.
    of_packages.retain(|row| row.sizes.files_before > 0);
    of_packages.sort_by_key(|row| std::cmp::Reverse(row.sizes.bytes_before));
    let totals = plan.totals();
    let missed = Missed::of(image, packages, plan);
    Ok(Summary {
        name,
        image,
        plan,
        before: totals.before,
        after: totals.after,
        packages: of_packages,
        kinds: sorted(kinds, |sizes| sizes.bytes_before),
        reasons: sorted(reasons, |sizes| sizes.bytes_after),
        risky: risky(tree, plan),
        missed_packages: missed.packages,
        missed_companions: missed.companions,
        unused_packages: unused_packages(image, packages, plan),
        unmet: plan.unmet(),
        notes: plan.notes(),
        tests: None,
    })
}

fn sorted(map: BTreeMap<&'static str, Sizes>, by: fn(&Sizes) -> u64) -> Vec<(&'static str, Sizes)> {
    let mut rows: Vec<_> = map.into_iter().collect();
    rows.sort_by_key(|(_, sizes)| std::cmp::Reverse(by(sizes)));
    rows
}

/// A regular file of the image.
struct CountedFile {
    /// The first of its names.
    name: NameId,
    bytes: u64,
    /// The first of its names that is kept.
    kept: Option<NameId>,
}

/// All regular files. A file with several hard links occurs once.
fn files(tree: &Tree, plan: &Plan) -> Vec<CountedFile> {
    let mut rows: Vec<Option<usize>> = vec![None; tree.inode_count()];
    let mut files = Vec::new();
    for name in tree.walk() {
        let Kind::File(content) = &tree.inode(name).kind else {
            continue;
        };
        // The first name determines the package and the kind.
        let row = *rows[tree.inode_id(name).index()].get_or_insert(files.len());
        if row == files.len() {
            files.push(CountedFile {
                name,
                bytes: content.length(),
                kept: None,
            });
        }
        let file = &mut files[row];
        if file.kept.is_none() && plan.is_kept(name) {
            file.kept = Some(name);
        }
    }
    files
}

/// Kinds of files by directory, which takes precedence over the extension: a script in
/// `/usr/share/doc/` is documentation.
const DIRECTORIES: [(&str, &str); 9] = [
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

/// Kinds of files by extension.
const EXTENSIONS: [(&str, &str); 12] = [
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

/// The kind of a file, for people.
fn kind(image: &Image, name: NameId) -> Result<&'static str, ReadError> {
    let tree = &image.tree;
    let path = tree.path(name);
    for (directory, kind) in DIRECTORIES {
        if path.starts_with(directory.as_bytes()) {
            return Ok(kind);
        }
    }
    for (extension, kind) in EXTENSIONS {
        if path.ends_with(extension.as_bytes()) {
            return Ok(kind);
        }
    }
    // The content is read last, because it may be in a compressed layer of gigabytes.
    let bytes = image.head(tree.inode_id(name), 4)?;
    Ok(match () {
        // Libraries and position-independent programs have the same type, so they are distinguished
        // by name.
        () if bytes.starts_with(b"\x7fELF") && is_library_name(tree.file_name(name)) => "libraries",
        () if bytes.starts_with(b"\x7fELF") => "programs",
        () if bytes.starts_with(b"#!") => "scripts",
        () => "data",
    })
}

/// The group of a reason. A plan has more kinds of reasons than a table should have rows.
fn reason(why: &Why) -> &'static str {
    match why {
        Why::Root(Root::Program(_)) => "entry point or command",
        Why::Root(Root::Glob { .. }) => "kept by --keep",
        Why::Root(Root::Observed { .. }) => "used in observed runs",
        Why::Root(Root::Companion) => "kept by --keep-companions",
        Why::Root(
            Root::Rule {
                because: Because::Always,
                ..
            }
            | Root::PackageDatabase,
        ) => "always kept",
        Why::Root(Root::Rule { .. }) | Why::Rule { .. } => "keep rules",
        Why::Root(Root::Brought { .. }) => "added by COPY or ADD",
        Why::Root(Root::Made { .. }) => "created by RUN",
        Why::MayOpen { .. } | Why::Announced { .. } => "libraries that may be loaded by name",
        Why::Root(_) => "named in the image configuration",
        Why::Target | Why::OnTheWay | Why::Directory => "directories and symlinks of kept files",
        Why::Interpreter | Why::LoaderReads => "loaders",
        Why::Needed { .. } | Why::Filter { .. } | Why::Injected { .. } => "required libraries",
        Why::Opened { .. } => "libraries loaded by the C library",
        Why::Shebang
        | Why::Command { .. }
        | Why::Mention { .. }
        | Why::Named { .. }
        | Why::Include { .. } => "used by scripts",
        Why::Unit { .. } | Why::UnitSetting { .. } => "systemd units",
        Why::DataPackage { .. } => "data packages",
        Why::Record { .. } => "package records",
        #[allow(
            unreachable_patterns,
            reason = "a new kind of reason may not have a group yet"
        )]
        _ => "other reasons",
    }
}

fn risky(tree: &Tree, plan: &Plan) -> Vec<Risk> {
    let mut risks: Vec<Risk> = Vec::new();
    let totals = plan.totals();
    for &name in &totals.shells {
        risks.push(risk(tree, plan, name, "shell"));
    }
    for &name in &totals.privileged {
        risks.push(risk(tree, plan, name, "setuid, setgid or capabilities"));
    }
    for &name in plan.kept() {
        let inode = tree.inode(name);
        // A file with a program's name that is not executable, such as its configuration, is not a
        // risk.
        let is_program = matches!(inode.kind, Kind::File(_)) && inode.header.mode & 0o111 != 0;
        let file_name = tree.file_name(name);
        if is_program && ProgramClass::PackageManager.contains(file_name) {
            risks.push(risk(tree, plan, name, "package manager"));
        }
        // An attacker needs one to download other tools into a container.
        if is_program && ProgramClass::Downloader.contains(file_name) {
            risks.push(risk(tree, plan, name, "can download files"));
        }
        let is_world_writable = match inode.kind {
            Kind::File(_) => inode.header.mode & 0o2 != 0,
            // In a sticky directory such as `/tmp`, users cannot replace files of others.
            Kind::Directory => inode.header.mode & 0o1002 == 0o2,
            // The mode of a symlink has no effect.
            _ => false,
        };
        if is_world_writable {
            risks.push(risk(tree, plan, name, "world-writable"));
        }
    }
    risks
}

fn risk(tree: &Tree, plan: &Plan, name: NameId, what: &'static str) -> Risk {
    let mut chain = Vec::new();
    for link in plan.why(name) {
        let path = escape_bytes(&tree.path(link.name));
        chain.push(format!("{path}: {}", link.why));
    }
    Risk { name, what, chain }
}
