//! Programs that are installed without a package manager, from `rules/software.toml`: the names of
//! their files, and where their version is in these files.

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use regex::bytes::{Captures, Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use serde::Deserialize;

/// Stands for a version in the patterns of the table: numbers separated by dots, and a
/// pre-release.
const VERSION: &str =
    r"(?P<version>\d{1,5}(?:\.\d{1,5}){1,4}(?:[-.~]?(?:alpha|beta|rc)[-.]?\d{0,3})?)";

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let file: File = toml::from_str(include_str!("../../rules/software.toml"))
        .expect("the tests read the table");
    let (mut patterns, mut rows) = (Vec::new(), Vec::new());
    for (row, software) in file.software.iter().enumerate() {
        for pattern in &software.files {
            patterns.push(whole(pattern));
            rows.push(row);
        }
    }
    let by_name = file.software.iter().enumerate();
    Table {
        by_name: by_name
            .map(|(row, software)| (software.name.clone(), row))
            .collect(),
        files: RegexSetBuilder::new(patterns)
            .unicode(false)
            .build()
            .expect("the tests compile the patterns"),
        rows,
        list: file.software,
    }
});

#[derive(Debug)]
struct Table {
    list: Vec<Software>,
    by_name: HashMap<String, usize>,
    /// The patterns for file names of all rows.
    files: RegexSet,
    /// The row of each of these patterns.
    rows: Vec<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    software: Vec<Software>,
}

/// A program, or a group of programs and libraries that are released together.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Software {
    pub name: String,
    /// Patterns for the names of its files.
    files: Vec<String>,
    /// Pattern for the directory of these files.
    directory: Option<String>,
    /// Patterns for the bytes around its version in these files.
    #[serde(default)]
    patterns: Vec<String>,
    /// Modules of Go, one of which a program of that name is built from.
    #[serde(default)]
    pub modules: Vec<String>,
    /// Vendor and product in the names of CPE.
    cpe: Option<String>,
    /// Name of the image in `rules/end-of-life.toml` that has the same versions.
    pub image: Option<String>,
    /// Name in Bitnami's vulnerability database, if it is another one.
    bitnami: Option<String>,
    #[serde(skip)]
    compiled: OnceLock<Compiled>,
}

#[derive(Debug)]
struct Compiled {
    files: Vec<Regex>,
    directory: Option<Regex>,
    patterns: Vec<Regex>,
}

/// A file that may be a program of the table, according to its path.
#[derive(Debug)]
pub struct SoftwareFile<'p> {
    pub software: &'static Software,
    /// The version, if the path has it.
    pub version: Option<&'p [u8]>,
    /// The beginning of the version, if the name of the file has it.
    series: Option<&'p [u8]>,
}

/// The rows whose files can have a name, in the order of the table.
pub fn is_name_of_software(file_name: &[u8]) -> bool {
    TABLE.files.is_match(file_name)
}

/// The rows that a file may belong to, in the order of the table.
pub fn software_files<'p>(directory: &'p [u8], file_name: &'p [u8]) -> Vec<SoftwareFile<'p>> {
    let mut rows: Vec<usize> = TABLE.files.matches(file_name).into_iter().collect();
    // A row has several patterns, and a name may match more than one of them.
    for index in &mut rows {
        *index = TABLE.rows[*index];
    }
    rows.dedup();
    let rows = rows.into_iter();
    rows.filter_map(|row| TABLE.list[row].file(directory, file_name))
        .collect()
}

/// The row of a name.
pub fn software(name: &str) -> Option<&'static Software> {
    TABLE.by_name.get(name).map(|&row| &TABLE.list[row])
}

/// The names of all rows, in the order of the table.
pub fn software_names() -> impl Iterator<Item = &'static str> {
    TABLE.list.iter().map(|software| &*software.name)
}

impl Software {
    fn compiled(&self) -> &Compiled {
        self.compiled.get_or_init(|| Compiled {
            files: self.files.iter().map(|text| regex(&whole(text))).collect(),
            directory: self.directory.as_ref().map(|text| regex(&whole(text))),
            patterns: self.patterns.iter().map(|text| regex(text)).collect(),
        })
    }

    fn file<'p>(&'static self, directory: &'p [u8], name: &'p [u8]) -> Option<SoftwareFile<'p>> {
        let compiled = self.compiled();
        let of_name = compiled.files.iter().find_map(|file| file.captures(name))?;
        let of_directory = match &compiled.directory {
            Some(pattern) => Some(pattern.captures(directory)?),
            None => None,
        };
        let version = group(&of_name, "version");
        Some(SoftwareFile {
            software: self,
            version: version.or_else(|| group(of_directory.as_ref()?, "version")),
            series: group(&of_name, "series"),
        })
    }

    /// The patterns for its version in a file, each with a group of that name.
    pub fn patterns(&self) -> &[Regex] {
        &self.compiled().patterns
    }

    /// Its name in Bitnami's vulnerability database.
    pub fn bitnami(&self) -> &str {
        self.bitnami.as_ref().unwrap_or(&self.name)
    }

    /// The name of a version in the format of CPE 2.3.
    pub fn cpe(&self, version: &str) -> Option<String> {
        let product = self.cpe.as_ref()?;
        let mut cpe = format!("cpe:2.3:a:{product}:");
        for letter in version.chars() {
            if !letter.is_ascii_alphanumeric() && !matches!(letter, '.' | '-' | '_') {
                cpe.push('\\');
            }
            cpe.push(letter);
        }
        cpe.push_str(":*:*:*:*:*:*:*");
        Some(cpe)
    }
}

impl SoftwareFile<'_> {
    /// Whether a version that was found in the file is one that its name allows:
    /// `libpython3.12.so.1.0` also has versions of other libraries.
    pub fn allows(&self, version: &[u8]) -> bool {
        self.series.is_none_or(|series| {
            version
                .strip_prefix(series)
                .is_some_and(|rest| rest.first().is_none_or(|&byte| byte == b'.'))
        })
    }
}

fn group<'p>(captures: &Captures<'p>, name: &str) -> Option<&'p [u8]> {
    captures.name(name).map(|found| found.as_bytes())
}

/// A pattern that matches only a whole text.
fn whole(pattern: &str) -> String {
    let pattern = pattern.replace("{version}", VERSION);
    format!("^(?:{pattern})$")
}

/// Compiles a pattern of the table. Files are bytes, so no class is one of Unicode.
fn regex(pattern: &str) -> Regex {
    RegexBuilder::new(&pattern.replace("{version}", VERSION))
        .unicode(false)
        .build()
        .expect("the tests compile the patterns")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_row_of_software_compiles_and_leads_to_a_version() {
        let mut names = HashSet::new();
        for software in &TABLE.list {
            let name = &software.name;
            assert!(names.insert(name), "{name} has two rows");
            let compiled = software.compiled();
            let mut all = compiled.files.iter().chain(&compiled.directory);
            let in_path = all.any(|regex| regex.capture_names().flatten().any(|n| n == "version"));
            let patterns = compiled.patterns.len();
            assert!(
                in_path || patterns + software.modules.len() > 0,
                "{name} has no version"
            );
            for pattern in &compiled.patterns {
                let mut groups = pattern.capture_names().flatten();
                assert!(groups.any(|group| group == "version"), "{name}: {pattern}");
            }
            if let Some(cpe) = &software.cpe {
                assert_eq!(cpe.matches(':').count(), 1, "{name}");
            }
        }
        assert!(names.len() >= 60, "{}", names.len());
    }

    #[test]
    fn a_file_name_limits_the_version_to_its_series() {
        let files = software_files(b"/usr/local/lib", b"libpython3.1.so.1.0");
        let [file] = &files[..] else {
            panic!("{files:?}");
        };
        assert!(file.allows(b"3.1.4") && file.allows(b"3.1"));
        assert!(!file.allows(b"3.12.1") && !file.allows(b"2.7.18"));
    }

    #[test]
    fn a_cpe_escapes_what_is_special_in_it() {
        let software = software("openjdk").expect("a row");
        assert_eq!(
            software.cpe("17.0.9+9").as_deref(),
            Some(r"cpe:2.3:a:oracle:openjdk:17.0.9\+9:*:*:*:*:*:*:*")
        );
    }
}
