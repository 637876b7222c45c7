//! Checks a statement against the images that it is about.

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::comparison::{Compared, changed_settings, compare, entries};
use super::digest_set::DigestSet;
use super::predicate::{CarriedStatement, Entry, Predicate, Removed, RemovedPackage};
use super::statement::Statement;
use crate::image::{Image, Platform, ReadError};
use crate::packages::Packages;
use crate::printable::escape;
use crate::size::counted;

/// The image that was slimmed.
#[derive(Clone, Copy, Debug)]
pub struct Original<'a> {
    pub image: &'a Image,
    pub packages: &'a Packages,
}

/// A part of a statement that is not true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem(String);

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Maximum number of problems that are listed.
const MAX_PROBLEMS: usize = 1_000;

/// The images that statements are about, which are compared once for all of them.
#[derive(Debug)]
pub struct Images<'a> {
    image: &'a Image,
    original: Option<Original<'a>>,
    compared: OnceCell<Compared>,
}

impl<'a> Images<'a> {
    /// Without the original, the origin of the files and what was removed are not checked.
    pub fn new(image: &'a Image, original: Option<Original<'a>>) -> Self {
        Self {
            image,
            original,
            compared: OnceCell::new(),
        }
    }

    pub fn image(&self) -> &'a Image {
        self.image
    }

    pub fn has_original(&self) -> bool {
        self.original.is_some()
    }

    fn compared(&self) -> Result<&Compared, ReadError> {
        if let Some(compared) = self.compared.get() {
            return Ok(compared);
        }
        let compared = match self.original {
            Some(original) => compare(original.image, original.packages, self.image, false)?,
            None => Compared {
                files: entries(self.image)?,
                removed: Removed::default(),
            },
        };
        Ok(self.compared.get_or_init(|| compared))
    }
}

/// The problems of a statement about a slimmed image. `carried` are the statements about the
/// original that are attached to the result.
pub fn check(
    statement: &Statement<Predicate>,
    images: &Images<'_>,
    carried: &[CarriedStatement],
) -> Result<Vec<Problem>, ReadError> {
    let mut problems = Problems::default();
    let predicate = &statement.predicate;
    let image = images.image;
    check_result(statement, image, &mut problems);
    // Its files are those of another image, and anybody can attach such a statement.
    if problems.count > 0 {
        return Ok(problems.list());
    }
    // Others may have been attached to the original since.
    let carried: BTreeSet<&CarriedStatement> = carried.iter().collect();
    for named in &predicate.source.attestations {
        if !carried.contains(named) {
            let hash = escape(&named.sha256);
            problems.add(format!(
                "the statement sha256:{hash} about the source is not attached"
            ));
        }
    }
    let has_origin = images.has_original();
    if let Some(original) = images.original {
        check_source(predicate, image, original, &mut problems);
    }
    let compared = images.compared()?;
    check_entries(&predicate.files, &compared.files, has_origin, &mut problems);
    if has_origin {
        check_removed(&predicate.removed, &compared.removed, &mut problems);
    }
    Ok(problems.list())
}

#[derive(Default)]
struct Problems {
    first: Vec<Problem>,
    count: usize,
}

impl Problems {
    fn add(&mut self, text: impl Into<String>) {
        self.count += 1;
        if self.first.len() < MAX_PROBLEMS {
            self.first.push(Problem(text.into()));
        }
    }

    fn list(mut self) -> Vec<Problem> {
        if self.count > self.first.len() {
            let others = counted(self.count - self.first.len(), "problem");
            self.first.push(Problem(format!("{others} more")));
        }
        self.first
    }

    /// Adds a problem if a digest is not the one of an image.
    fn compare(&mut self, what: &str, stated: Option<&DigestSet>, is: Option<&String>) {
        if stated != is.map(|is| DigestSet::of(is)).as_ref() {
            let stated = stated.map_or("none".to_owned(), ToString::to_string);
            let is = is.map_or("none", String::as_str);
            self.add(format!(
                "{what} is {is}, but the statement is about {stated}"
            ));
        }
    }
}

/// Checks the digests of the image.
fn check_result(statement: &Statement<Predicate>, image: &Image, problems: &mut Problems) {
    let origin = &image.origin;
    let result = &statement.predicate.result;
    // An archive of Docker has no manifest, and its image is known by its configuration.
    let known = [&origin.digest, &origin.config_digest];
    let is_known = |digest: &DigestSet| known.into_iter().flatten().any(|known| digest.is(known));
    match &statement.subject[..] {
        [subject] if is_known(&subject.digest) => {}
        [subject] => {
            let digest = origin.digest.as_ref();
            let is = digest.or(origin.config_digest.as_ref());
            problems.compare("the image", Some(&subject.digest), is);
        }
        subjects => problems.add(format!(
            "the statement has {} subjects instead of one",
            subjects.len()
        )),
    }
    problems.compare(
        "the configuration of the image",
        Some(&result.config),
        origin.config_digest.as_ref(),
    );
}

/// Checks the digests of the original, and the configuration that was made of its own.
fn check_source(
    predicate: &Predicate,
    image: &Image,
    original: Original<'_>,
    problems: &mut Problems,
) {
    let (source, origin) = (&predicate.source, &original.image.origin);
    // The same image has no manifest in an archive of Docker.
    if source.manifest.is_some() && origin.digest.is_some() {
        problems.compare(
            "the manifest of the original",
            source.manifest.as_ref(),
            origin.digest.as_ref(),
        );
    }
    problems.compare(
        "the configuration of the original",
        source.config.as_ref(),
        origin.config_digest.as_ref(),
    );
    let platform = Platform::of_config(&image.config).to_string();
    if source.platform != platform {
        let stated = escape(&source.platform);
        problems.add(format!(
            "the image is for {platform}, but the statement says {stated}"
        ));
    }
    let changed = changed_settings(&original.image.config, &image.config);
    let stated = &predicate.result.changed_settings;
    if *stated != changed {
        problems.add(format!(
            "changed settings: {}, but the statement says {}",
            listed(&changed),
            listed(stated)
        ));
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    escape(&names.join(", ")).into_owned()
}

/// Compares the stated entries with those of the image. Their origin counts only if it is known.
fn check_entries(stated: &[Entry], are: &[Entry], has_origin: bool, problems: &mut Problems) {
    // Two entries for one path would be read differently by others.
    let is_sorted = stated
        .windows(2)
        .all(|pair| order(&pair[0], &pair[1]).is_lt());
    if !is_sorted {
        problems.add("the files are not in the order of their paths, or one is repeated");
        return;
    }
    let (mut stated, mut are) = (stated.iter().peekable(), are.iter().peekable());
    loop {
        let order = match (stated.peek(), are.peek()) {
            (None, None) => return,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(stated), Some(is)) => order(stated, is),
        };
        // The peeks have shown that both exist where both are taken.
        let stated = if order.is_le() { stated.next() } else { None };
        let is = if order.is_ge() { are.next() } else { None };
        match (stated, is) {
            (Some(stated), Some(is)) => check_entry(stated, is, has_origin, problems),
            (Some(stated), None) => {
                problems.add(format!("{}: not in the image", escape(&stated.path)));
            }
            (None, Some(is)) => {
                problems.add(format!("{}: not in the statement", escape(&is.path)));
            }
            (None, None) => return,
        }
    }
}

/// Encoded paths have the order of their bytes: `%` comes before all letters, but so do others, so
/// they are decoded.
fn order(one: &Entry, other: &Entry) -> Ordering {
    let [one, other] = [one, other].map(|entry| percent_encoding::percent_decode_str(&entry.path));
    one.cmp(other)
}

fn check_entry(stated: &Entry, is: &Entry, has_origin: bool, problems: &mut Problems) {
    let path = escape(&stated.path);
    if stated.path != is.path {
        problems.add(format!("{path}: not encoded as `{}`", escape(&is.path)));
    }
    if stated.kind != is.kind {
        problems.add(format!("{path}: another type of file than stated"));
    } else if stated.sha256 != is.sha256 {
        problems.add(format!("{path}: its content is not the one stated"));
    } else if stated.target != is.target {
        problems.add(format!("{path}: its target is not the one stated"));
    } else if has_origin && stated.status != is.status {
        problems.add(format!(
            "{path}: {}, but the statement says {}",
            is.status, stated.status
        ));
    } else if has_origin && stated.original != is.original {
        problems.add(format!(
            "{path}: its original content is not the one stated"
        ));
    }
}

fn by_purl(removed: &Removed) -> BTreeMap<&str, &RemovedPackage> {
    let packages = removed.packages.iter();
    packages
        .map(|package| (package.purl.as_str(), package))
        .collect()
}

fn check_removed(stated: &Removed, is: &Removed, problems: &mut Problems) {
    let (stated_by_purl, by_purl) = (by_purl(stated), by_purl(is));
    for (purl, package) in &by_purl {
        if stated_by_purl.get(purl) != Some(package) {
            problems.add(format!(
                "{}: {} of its files were removed and {} kept, but the statement says otherwise",
                escape(purl),
                package.files,
                package.kept
            ));
        }
    }
    for purl in stated_by_purl.keys() {
        if !by_purl.contains_key(purl) {
            let purl = escape(purl);
            problems.add(format!("{purl}: no files of this package were removed"));
        }
    }
    if stated.other != is.other {
        problems.add(format!(
            "{} files without a package were removed, but the statement says {}",
            is.other.files, stated.other.files
        ));
    }
    // Repeated packages, or another order.
    if problems.count == 0 && stated.packages != is.packages {
        problems.add("the removed packages are not sorted by purl, or one is repeated");
    }
}
