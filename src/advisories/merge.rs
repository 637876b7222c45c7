//! Merges the records about each vulnerability of each package: the same vulnerability has a record
//! of the distribution, of GitHub and of the language.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};

use super::ecosystem::{Candidate, Index};
use super::export::ExportErrorReason;
use super::known::Vulnerability;
use super::severity::{Rating, VulnerabilitySeverity};
use super::work::Work;
use crate::packages::Order;

/// Memory for a name in a list, in bytes, in addition to its text.
const NAME: usize = 32;

/// The parts of a record that are kept if it affects packages of the image.
pub(super) struct Found {
    pub(super) names: Names,
    pub(super) summary: String,
    /// By subject.
    pub(super) hits: BTreeMap<usize, Hit>,
}

/// The names of the vulnerability that a record is about.
pub(super) struct Names {
    /// Its main name; several if the record is a bulletin about several vulnerabilities.
    pub(super) ids: BTreeSet<String>,
    pub(super) aliases: BTreeSet<String>,
    pub(super) bulletin: Option<String>,
}

/// How a record affects the packages of a subject.
#[derive(Clone)]
pub(super) struct Hit {
    pub(super) order: Order,
    /// The rows of the candidates. A candidate may have all packages of the image, and a subject
    /// has at most a few candidates.
    pub(super) candidates: BTreeSet<usize>,
    pub(super) ecosystem: String,
    pub(super) severity: Option<VulnerabilitySeverity>,
    pub(super) fixed: Option<String>,
}

impl Hit {
    /// Merges a hit of the same subject: the later fix and the higher severity count.
    pub(super) fn merge(&mut self, other: &Self) {
        self.candidates.extend(&other.candidates);
        // Only the later version satisfies both records.
        let is_later = match (&self.fixed, &other.fixed) {
            (Some(before), Some(one)) => self.order.compare(before, one) == Ordering::Less,
            (None, Some(_)) => true,
            (_, None) => false,
        };
        if is_later {
            self.fixed.clone_from(&other.fixed);
            self.ecosystem.clone_from(&other.ecosystem);
        }
        let [before, one] = [self, other].map(|hit| weight(hit.severity.as_ref()));
        if one.partial_cmp(&before) == Some(Ordering::Greater) {
            self.severity.clone_from(&other.severity);
        }
    }

    /// The bytes of its texts.
    pub(super) fn text(&self) -> usize {
        let vector = match &self.severity {
            Some(VulnerabilitySeverity {
                cvss: Some((_, vector)),
                ..
            }) => vector.len(),
            _ => 0,
        };
        self.ecosystem.len() + self.fixed.as_ref().map_or(0, String::len) + vector
    }
}

/// Sort key of severities: a CVSS score is more precise than a database's rating, so it takes
/// precedence.
fn weight(severity: Option<&VulnerabilitySeverity>) -> Option<(bool, Rating, f64)> {
    let severity = severity?;
    let score = severity.cvss.as_ref().map_or(0.0, |cvss| cvss.0);
    Some((severity.cvss.is_some(), severity.rating, score))
}

/// The bytes of a name in a list.
pub(super) fn text_of_name(name: &str) -> usize {
    name.len() + NAME
}

/// All statements of records about a vulnerability of a subject.
struct Merged {
    names: BTreeSet<String>,
    bulletins: BTreeSet<String>,
    summary: String,
    hit: Hit,
}

/// Merges the records about each vulnerability of each package.
pub(super) fn vulnerabilities(
    index: &Index<'_>,
    records: impl Iterator<Item = Box<Found>>,
    work: &Work,
) -> Result<Vec<Vulnerability>, ExportErrorReason> {
    let mut all: BTreeMap<(String, usize), Merged> = BTreeMap::new();
    for record in records {
        for (&subject, hit) in &record.hits {
            for id in &record.names.ids {
                merge(&mut all, (id, subject), &record, hit, index, work)?;
                // A bulletin may be about as many vulnerabilities as the image has packages.
                work.check_vulnerabilities(all.len())?;
            }
        }
    }
    let mut list = Vec::with_capacity(all.len());
    for ((id, subject), merged) in all {
        list.push(vulnerability(id, subject, merged, index));
    }
    list.sort_by(|one, other| {
        (&one.id, &one.package, &one.packages).cmp(&(&other.id, &other.package, &other.packages))
    });
    Ok(list)
}

/// Adds a record about one of its vulnerabilities. All texts that are copied are counted.
fn merge(
    all: &mut BTreeMap<(String, usize), Merged>,
    (id, subject): (&str, usize),
    record: &Found,
    hit: &Hit,
    index: &Index<'_>,
    work: &Work,
) -> Result<(), ExportErrorReason> {
    let merged = match all.entry((id.to_owned(), subject)) {
        Entry::Occupied(before) => {
            let merged = before.into_mut();
            for &row in hit.candidates.difference(&merged.hit.candidates) {
                work.add_text(index.candidates[row].text)?;
            }
            merged.hit.merge(hit);
            merged
        }
        Entry::Vacant(vacant) => {
            let texts = [id, &record.summary, index.subjects[subject].name];
            let texts: usize = texts.map(str::len).iter().sum();
            work.add_text(texts + index.subjects[subject].version.len() + hit.text())?;
            for &row in &hit.candidates {
                work.add_text(index.candidates[row].text)?;
            }
            vacant.insert(Merged {
                names: BTreeSet::new(),
                bulletins: BTreeSet::new(),
                summary: String::new(),
                hit: hit.clone(),
            })
        }
    };
    for name in record.names.aliases.iter().filter(|name| *name != id) {
        work.add_text(text_of_name(name))?;
        merged.names.insert(name.clone());
    }
    if let Some(bulletin) = &record.names.bulletin {
        work.add_text(text_of_name(bulletin))?;
        merged.bulletins.insert(bulletin.clone());
    }
    if merged.summary.is_empty() {
        merged.summary.clone_from(&record.summary);
    }
    Ok(())
}

fn vulnerability(id: String, subject: usize, merged: Merged, index: &Index<'_>) -> Vulnerability {
    let Merged {
        names,
        bulletins,
        summary,
        hit,
    } = merged;
    let subject = &index.subjects[subject];
    let candidates = hit.candidates.iter().map(|&row| &index.candidates[row]);
    Vulnerability {
        id,
        names: names.into_iter().collect(),
        bulletins: bulletins.into_iter().collect(),
        summary,
        severity: hit.severity,
        ecosystem: hit.ecosystem,
        package: subject.name.to_owned(),
        version: subject.version.clone().into_owned(),
        fixed: hit.fixed,
        packages: rows(candidates),
    }
}

/// The packages of candidates, which may have some in common.
fn rows<'c>(candidates: impl Iterator<Item = &'c Candidate<'c>>) -> Vec<usize> {
    let mut rows: Vec<usize> = Vec::new();
    for candidate in candidates {
        rows.extend(&candidate.packages);
    }
    rows.sort_unstable();
    rows.dedup();
    rows
}
