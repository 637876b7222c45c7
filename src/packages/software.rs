//! Programs that were installed without a package manager, such as the interpreters that language
//! images build below `/usr/local`: recognized by the names of their files and by the version in
//! them, as described in `rules/software.toml`.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use regex::bytes::Regex;

use super::ecosystem::{Description, Reader};
use super::{Ecosystem, Facts, Package, Scan, binaries};
use crate::elf::GoBuild;
use crate::image::{Image, InodeId, Kind, NameId, ReadError};
use crate::knowledge::{SoftwareFile, is_name_of_software, software, software_files};

/// Largest file that is searched, in bytes: the largest programs, such as databases in debug
/// builds, have some hundred megabytes.
const MAX_SEARCHED: u64 = 1 << 30;
/// Total size of all files of an image that are searched.
pub(super) const ALL_SEARCHED: u64 = 4 << 30;
/// Number of bytes that are searched at once.
const WINDOW: usize = 1 << 20;
/// Number of bytes that a window has in common with the next: the longest match.
const OVERLAP: usize = 512;
/// Number of texts in a file that look like its version but belong to another series.
const MAX_REFUSED: usize = 1000;

/// Described for the list of ecosystems.
pub(super) const ECOSYSTEM: Description = Description {
    read: Reader::Record(read),
    // Its records are about the versions of the original projects, and no other database names
    // these without a package manager.
    osv: Some("Bitnami"),
    osv_version: bitnami_version,
    normal_name: bitnami_name,
    ..Description::USUAL
};

/// The programs that were found, and what limits the search.
pub(super) struct Search {
    /// The files of each program, by name and version.
    found: BTreeMap<(&'static str, String), Vec<NameId>>,
    /// Files that were searched, and all files of the distribution's packages once the first file
    /// was searched.
    seen: Option<HashSet<InodeId>>,
    /// Bytes that may still be searched.
    left: u64,
}

impl Search {
    pub(super) fn new(image: &Image) -> Self {
        Self {
            found: BTreeMap::new(),
            seen: None,
            left: ALL_SEARCHED.min(image.plausible_size()),
        }
    }
}

impl Package {
    /// The name of the package in the format of CPE 2.3, if it is known.
    pub fn cpe(&self) -> Option<String> {
        if self.ecosystem != Ecosystem::Software {
            return None;
        }
        software(&self.name)?.cpe(&self.version)
    }
}

fn read(scan: &mut Scan<'_>, name: NameId) -> Result<(), ReadError> {
    let tree = scan.tree();
    let file_name = tree.file_name(name);
    // Most files of an image are refused here.
    if !is_name_of_software(file_name) {
        return Ok(());
    }
    let Kind::File(content) = &tree.inode(name).kind else {
        return Ok(());
    };
    let directory = tree.path(tree.parent(name));
    let files = software_files(&directory, file_name);
    if files.is_empty() || !is_new(scan, name) || !scan.is_readable(name, MAX_SEARCHED) {
        return Ok(());
    }
    let Some(left) = scan.search.left.checked_sub(content.length()) else {
        scan.note(
            name,
            "too many large programs: the versions of some are unknown",
        );
        return Ok(());
    };
    scan.search.left = left;
    for file in files {
        if let Some(version) = version(scan, name, &file)? {
            let key = (&*file.software.name, version);
            scan.search.found.entry(key).or_default().push(name);
            // The rows of vendors come before the row of the original.
            break;
        }
    }
    Ok(())
}

/// Adds the programs that were found to the list.
pub(super) fn finish(scan: &mut Scan<'_>) {
    for ((name, version), files) in std::mem::take(&mut scan.search.found) {
        let facts = Facts {
            name: name.to_owned(),
            version,
            ..Facts::default()
        };
        scan.add(Ecosystem::Software, facts, files[0], files);
    }
}

/// Whether a file was not searched before under another name, and is not part of a package of the
/// distribution, whose versions contain its fixes.
fn is_new(scan: &mut Scan<'_>, name: NameId) -> bool {
    let tree = &scan.image.tree;
    let seen = scan.search.seen.get_or_insert_with(|| {
        let packages = scan.list.iter();
        let packages = packages.filter(|package| package.ecosystem.is_distribution());
        let files = packages.flat_map(|package| &package.files);
        files.map(|&file| tree.inode_id(file)).collect()
    });
    seen.insert(tree.inode_id(name))
}

/// The version of a file, if it is of the program that its path suggests.
fn version(
    scan: &Scan<'_>,
    name: NameId,
    file: &SoftwareFile<'_>,
) -> Result<Option<String>, ReadError> {
    if let Some(version) = file.version {
        return Ok(Some(decoded(version)));
    }
    let inode = scan.tree().inode_id(name);
    let modules = &file.software.modules;
    // A name such as `consul` alone says little, but programs of Go record their modules.
    if !modules.is_empty() {
        let Some(build) = binaries::go_build(scan.image, inode)? else {
            return Ok(None);
        };
        if !is_built_from(&build, modules) {
            return Ok(None);
        }
        if let Some(version) = linked_version(&build).or_else(|| module_version(&build, modules)) {
            return Ok(Some(version));
        }
    }
    search(scan.image, inode, file)
}

/// Whether the main package of a Go program is in one of these modules, or the program consists of
/// little more than one of them, such as a build of Caddy with plugins.
fn is_built_from(build: &GoBuild, modules: &[String]) -> bool {
    build.modules.lines().any(|line| {
        let mut words = line.split('\t');
        let is_named = matches!(words.next(), Some("path" | "mod" | "dep"));
        let path = words.next().unwrap_or_default();
        is_named
            && modules.iter().any(|module| {
                path.strip_prefix(&**module)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
    })
}

/// The version that a linker option wrote into a variable of a Go program:
/// `-X github.com/docker/cli/cli/version.Version=28.2.2`.
fn linked_version(build: &GoBuild) -> Option<String> {
    let mut lines = build.modules.lines();
    let flags = lines.find_map(|line| line.strip_prefix("build\t-ldflags="))?;
    let words = flags.split(|letter: char| letter.is_whitespace() || matches!(letter, '"' | '\''));
    for word in words {
        let Some((variable, value)) = word.split_once('=') else {
            continue;
        };
        let variable = variable.rsplit('.').next().unwrap_or_default();
        let value = value.trim_start_matches('v').trim_end_matches('\\');
        let is_version = ["version", "gitversion", "buildversion"]
            .iter()
            .any(|known| variable.eq_ignore_ascii_case(known));
        if is_version && value.starts_with(|first: char| first.is_ascii_digit()) {
            return Some(value.to_owned());
        }
    }
    None
}

/// The version of the first of these modules that a Go program has with one.
fn module_version(build: &GoBuild, modules: &[String]) -> Option<String> {
    build.modules.lines().find_map(|line| {
        let words: Vec<&str> = line.split('\t').take(3).collect();
        let ["mod" | "dep", path, version] = words[..] else {
            return None;
        };
        let version = version.strip_prefix('v')?;
        // A pseudo-version names a commit: `v0.0.0-20191109021931-daa7c04131f5`.
        let is_release = !version.starts_with("0.0.0-");
        if is_release && modules.iter().any(|module| module == path) {
            Some(version.trim_end_matches("+incompatible").to_owned())
        } else {
            None
        }
    })
}

/// The version in the content of a file. Programs can be large, so that one window of them after
/// the other is read.
fn search(
    image: &Image,
    inode: InodeId,
    file: &SoftwareFile<'_>,
) -> Result<Option<String>, ReadError> {
    let (mut window, mut offset, mut refused) = (Vec::new(), 0, 0);
    loop {
        let part = image.range(inode, offset, WINDOW)?;
        if part.is_empty() || refused > MAX_REFUSED {
            return Ok(None);
        }
        offset += part.len() as u64;
        // A shorter part is the end of the file, so that nothing can follow a match there.
        let is_last = part.len() < WINDOW;
        window.drain(..window.len().saturating_sub(OVERLAP));
        window.extend_from_slice(&part);
        for pattern in file.software.patterns() {
            let found = find(pattern, &window, is_last, file, &mut refused);
            if found.is_some() {
                return Ok(found);
            }
        }
    }
}

/// The first version in a part of a file that its name allows.
fn find(
    pattern: &Regex,
    window: &[u8],
    is_last: bool,
    file: &SoftwareFile<'_>,
    refused: &mut usize,
) -> Option<String> {
    for captures in pattern.captures_iter(window) {
        let version = captures.name("version")?;
        // The rest of it may be in the next window, which begins with the end of this one.
        if !is_last && version.end() == window.len() {
            return None;
        }
        if file.allows(version.as_bytes()) {
            return Some(decoded(version.as_bytes()));
        }
        *refused += 1;
        if *refused > MAX_REFUSED {
            return None;
        }
    }
    None
}

fn decoded(version: &[u8]) -> String {
    String::from_utf8_lossy(version).into_owned()
}

fn bitnami_name(name: &str) -> Cow<'_, str> {
    match software(name) {
        Some(known) => Cow::Borrowed(known.bitnami()),
        None => Cow::Borrowed(name),
    }
}

/// The version as Bitnami writes it: three numbers, and Java's eighth version is not `1.8`.
fn bitnami_version(_: &str, version: &str) -> String {
    let version = match version.strip_prefix("1.8.0_") {
        Some(update) => format!("8.0.{update}"),
        None => version.to_owned(),
    };
    match version.matches('.').count() {
        0 => version + ".0.0",
        1 => version + ".0",
        _ => version,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(modules: &str) -> GoBuild {
        GoBuild {
            version: "go1.22.1".into(),
            modules: modules.into(),
        }
    }

    #[test]
    fn the_version_of_a_go_program_is_linked_into_it_or_that_of_its_module() {
        let modules = ["example.com/app".to_owned()];
        let linked = "build\t-ldflags=\"-s -X \\\"example.com/app/version.Commit=1a\\\" \
                      -X \\\"example.com/app/version.Version=v1.2.3\\\"\"";
        assert_eq!(linked_version(&build(linked)).as_deref(), Some("1.2.3"));
        assert_eq!(
            linked_version(&build("build\t-ldflags=-X main.version=dev")),
            None
        );
        for (lines, expected) in [
            ("mod\texample.com/app\tv1.4.0\th1:x", Some("1.4.0")),
            (
                "mod\tcaddy\t(devel)\ndep\texample.com/app\tv2.0.0+incompatible\t",
                Some("2.0.0"),
            ),
            ("mod\texample.com/app\t(devel)\t", None),
            (
                "mod\texample.com/app\tv0.0.0-20191109021931-daa7c04131f5",
                None,
            ),
            ("mod\texample.com/app2\tv1.0.0", None),
        ] {
            assert_eq!(
                module_version(&build(lines), &modules).as_deref(),
                expected,
                "{lines}"
            );
        }
    }

    #[test]
    fn a_go_program_is_recognized_by_a_module_and_not_by_its_name_alone() {
        let modules = ["example.com/app".to_owned()];
        assert!(is_built_from(
            &build("path\texample.com/app/cmd/app"),
            &modules
        ));
        assert!(!is_built_from(
            &build("path\texample.com/application"),
            &modules
        ));
    }

    #[test]
    fn versions_have_the_form_of_bitnami() {
        for (version, expected) in [
            ("1.8.0_392", "8.0.392"),
            ("17.2", "17.2.0"),
            ("21", "21.0.0"),
        ] {
            assert_eq!(bitnami_version("", version), expected);
        }
    }
}
