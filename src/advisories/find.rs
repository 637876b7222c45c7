//! Matches the records of an export against the packages of an image.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{self, AtomicUsize};

use super::affected;
use super::ecosystem::{Candidate, Coverage, Index};
use super::export::{Export, ExportError, ExportErrorReason, ExportLimits};
use super::known::{KnownVulnerabilities, Vulnerability};
use super::record::{Affected, Glance, Record};
use super::severity;
use crate::packages::Order;
use crate::packages::Packages;

/// Longest summary, in characters; the rest is cut off.
const MAX_SUMMARY: usize = 160;
/// Longest identifier, in characters: no database has longer ones.
const MAX_NAME: usize = 100;

/// A record about packages of the image.
struct Match {
    record: Record,
    hits: Vec<Hit>,
}

/// An affected package of a record.
struct Hit {
    /// Its row in `record.affected`.
    affected: usize,
    /// The row of its scope.
    scope: usize,
    candidate: Candidate,
}

/// Reads the whole export and returns the vulnerabilities of the packages.
pub fn find(export: &Export, packages: &Packages) -> Result<KnownVulnerabilities, ExportError> {
    let index = Index::new(packages);
    let records: Vec<AtomicUsize> = index.scopes.iter().map(|_| AtomicUsize::new(0)).collect();
    let matches: Mutex<BTreeMap<String, Match>> = Mutex::default();
    let work = Work::new(export.limits);
    export.each(&|bytes| {
        let Some(found) = match_record(bytes, &index, &records, &work)? else {
            return Ok(());
        };
        let mut matches = matches
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        match matches.get(&found.record.id) {
            // A record can be in several files, such as `all.zip` and the file of its ecosystem.
            // The latest version counts.
            Some(before) if before.record.modified >= found.record.modified => {}
            _ => {
                matches.insert(found.record.id.clone(), found);
            }
        }
        Ok(())
    })?;
    let matches = matches
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let list = vulnerabilities(&index, matches.into_values());
    Ok(KnownVulnerabilities {
        list,
        coverage: coverage(&index, &records),
        unknown: unknown(&index, packages),
    })
}

/// The work for an image, on all threads.
struct Work {
    limits: ExportLimits,
    hits: AtomicUsize,
    comparisons: AtomicUsize,
}

impl Work {
    fn new(limits: ExportLimits) -> Self {
        Self {
            limits,
            hits: AtomicUsize::new(0),
            comparisons: AtomicUsize::new(0),
        }
    }

    /// Counts the comparison of a package with an affected one.
    fn compare(&self, affected: &Affected) -> Result<(), ExportErrorReason> {
        let events = affected.ranges.iter().map(|range| range.events.len());
        let count = 1 + affected.versions.len() + events.sum::<usize>();
        let before = self.comparisons.fetch_add(count, atomic::Ordering::Relaxed);
        if before.saturating_add(count) > self.limits.comparisons {
            return Err(ExportErrorReason::Comparisons(self.limits.comparisons));
        }
        Ok(())
    }

    /// Counts an affected package. Each takes about a kilobyte of memory.
    fn add_hit(&self) -> Result<(), ExportErrorReason> {
        if self.hits.fetch_add(1, atomic::Ordering::Relaxed) >= self.limits.hits {
            return Err(ExportErrorReason::Hits(self.limits.hits));
        }
        Ok(())
    }
}

/// Matches a record against the packages; `None` if it affects none of them or was withdrawn.
fn match_record(
    bytes: &[u8],
    index: &Index<'_>,
    records: &[AtomicUsize],
    work: &Work,
) -> Result<Option<Match>, ExportErrorReason> {
    // Names are compared first, because most records are about packages that are not in the image.
    let glance: Glance<'_> = serde_json::from_slice(bytes)?;
    if glance.is_withdrawn() {
        return Ok(None);
    }
    let mut is_of_image = false;
    let mut counted = vec![false; records.len()];
    for affected in &glance.affected {
        let Some(package) = &affected.package else {
            continue;
        };
        let Some(scope) = index.scope(&package.ecosystem) else {
            continue;
        };
        // A record about several packages of an ecosystem is counted once.
        if !std::mem::replace(&mut counted[scope], true) {
            records[scope].fetch_add(1, atomic::Ordering::Relaxed);
        }
        is_of_image |= !index.candidates(scope, &package.name).is_empty();
    }
    if !is_of_image {
        return Ok(None);
    }
    let record: Record = serde_json::from_slice(bytes)?;
    let mut hits = Vec::new();
    for (row, affected) in record.affected.iter().enumerate() {
        let Some(package) = &affected.package else {
            continue;
        };
        let Some(scope) = index.scope(&package.ecosystem) else {
            continue;
        };
        let order = index.scopes[scope].0.order();
        for candidate in index.candidates(scope, &package.name) {
            work.compare(affected)?;
            if affected::hit(affected, &candidate.version, order).is_some() {
                work.add_hit()?;
                hits.push(Hit {
                    affected: row,
                    scope,
                    candidate: candidate.clone(),
                });
            }
        }
    }
    // A record without a hit counts too, because it may replace an older version with a hit.
    Ok(Some(Match { record, hits }))
}

/// Merges the records about each vulnerability of each package.
fn vulnerabilities(index: &Index<'_>, matches: impl Iterator<Item = Match>) -> Vec<Vulnerability> {
    // The same vulnerability has a record of the distribution, of GitHub and of the language.
    let mut all: BTreeMap<(String, usize), Vulnerability> = BTreeMap::new();
    for found in matches {
        let Names {
            ids,
            aliases,
            bulletin,
        } = names(&found.record);
        for hit in &found.hits {
            let order = index.scopes[hit.scope].0.order();
            let one = vulnerability(index, &found.record, hit, order);
            for id in &ids {
                let mut one = Vulnerability {
                    id: id.clone(),
                    names: aliases.clone(),
                    ..one.clone()
                };
                one.names.retain(|name| name != id);
                one.bulletins.extend(bulletin.clone());
                match all.entry((id.clone(), hit.candidate.subject)) {
                    std::collections::btree_map::Entry::Vacant(vacant) => {
                        vacant.insert(one);
                    }
                    std::collections::btree_map::Entry::Occupied(mut before) => {
                        add(before.get_mut(), one, order);
                    }
                }
            }
        }
    }
    let mut list: Vec<Vulnerability> = all.into_values().collect();
    list.sort_by(|one, other| {
        (&one.id, &one.package, &one.packages).cmp(&(&other.id, &other.package, &other.packages))
    });
    list
}

/// The names of the vulnerability that a record is about.
struct Names {
    /// Its main name; several if the record is a bulletin about several vulnerabilities.
    ids: Vec<String>,
    aliases: Vec<String>,
    bulletin: Option<String>,
}

fn names(record: &Record) -> Names {
    // Records of different databases are merged by CVE number, which most of them have in common.
    let mut ids = Vec::new();
    let mut bulletin = None;
    if let Some(own) = own_cve(record) {
        ids.push(clean(own));
    } else {
        // A distribution's bulletin names the vulnerabilities that it is about as `upstream`.
        ids.extend(cves(&record.upstream).map(clean));
        if ids.is_empty() {
            // Without a CVE number, the alphabetically first name is the same for all records that
            // list each other as aliases.
            let names = record.aliases.iter().chain([&record.id]);
            ids.extend(names.min().map(|name| clean(name)));
        } else {
            bulletin = Some(clean(&record.id));
        }
    }
    ids.sort();
    ids.dedup();
    let mut aliases: Vec<String> = record.aliases.iter().map(|name| clean(name)).collect();
    // A bulletin does not identify any of its vulnerabilities.
    if bulletin.is_none() {
        aliases.push(clean(&record.id));
    }
    aliases.sort();
    aliases.dedup();
    Names {
        ids,
        aliases,
        bulletin,
    }
}

/// Returns the CVE number of a record about one vulnerability: in its own name, as in
/// `DEBIAN-CVE-2024-2961`, or the first of its aliases.
fn own_cve(record: &Record) -> Option<&str> {
    match record.id.find("CVE-") {
        Some(start) => Some(&record.id[start..]),
        None => cves(&record.aliases).min(),
    }
}

fn cves(names: &[String]) -> impl Iterator<Item = &str> {
    names
        .iter()
        .map(String::as_str)
        .filter(|name| name.starts_with("CVE-"))
}

/// Makes a name from a record safe to print, because the export is untrusted.
fn clean(name: &str) -> String {
    one_line(name, MAX_NAME)
}

/// Returns the vulnerability of a hit, without its names.
fn vulnerability(index: &Index<'_>, record: &Record, hit: &Hit, order: Order) -> Vulnerability {
    let affected = &record.affected[hit.affected];
    let candidate = &hit.candidate;
    let subject = &index.subjects[candidate.subject];
    // Evaluated again instead of being stored with the hit, because the fix borrows from the
    // record.
    let evaluated = affected::hit(affected, &candidate.version, order);
    // Distribution records often have only details.
    let summary = if record.summary.trim().is_empty() {
        &record.details
    } else {
        &record.summary
    };
    Vulnerability {
        id: String::new(),
        names: Vec::new(),
        bulletins: Vec::new(),
        summary: one_line(summary.trim_start(), MAX_SUMMARY),
        severity: severity::of(record, affected),
        ecosystem: affected
            .package
            .as_ref()
            .map(|package| clean(&package.ecosystem))
            .unwrap_or_default(),
        package: subject.name.clone(),
        version: subject.version.clone(),
        fixed: evaluated.and_then(|hit| hit.fixed).map(clean),
        packages: candidate.packages.clone(),
    }
}

/// Merges another record about the same vulnerability: the later fix and the higher severity count.
fn add(before: &mut Vulnerability, one: Vulnerability, order: Order) {
    merge(&mut before.names, one.names);
    merge(&mut before.bulletins, one.bulletins);
    merge(&mut before.packages, one.packages);
    if before.summary.is_empty() {
        before.summary = one.summary;
    }
    // Only the later version satisfies both records.
    let is_later = match (&before.fixed, &one.fixed) {
        (Some(before), Some(one)) => order.compare(before, one) == Ordering::Less,
        (None, Some(_)) => true,
        (_, None) => false,
    };
    if is_later {
        before.fixed = one.fixed;
        before.ecosystem = one.ecosystem;
    }
    let weights = (
        weight(one.severity.as_ref()),
        weight(before.severity.as_ref()),
    );
    if weights.0.partial_cmp(&weights.1) == Some(Ordering::Greater) {
        before.severity = one.severity;
    }
}

/// Sort key of severities: a CVSS score is more precise than a database's rating, so it takes
/// precedence.
fn weight(
    severity: Option<&severity::VulnerabilitySeverity>,
) -> Option<(bool, severity::Rating, f64)> {
    let severity = severity?;
    let score = severity.cvss.as_ref().map_or(0.0, |cvss| cvss.0);
    Some((severity.cvss.is_some(), severity.rating, score))
}

/// Merges two sorted lists.
fn merge<T: Ord>(before: &mut Vec<T>, more: Vec<T>) {
    before.extend(more);
    before.sort();
    before.dedup();
}

/// Returns the first line of a text from a record, without control characters and cut to a length.
fn one_line(text: &str, most: usize) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut letters = line
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter });
    let mut line: String = letters.by_ref().take(most).collect();
    if letters.next().is_some() {
        line.push('…');
    }
    line.trim_end().to_owned()
}

/// Counts, for each ecosystem of the image, its packages and the records in the export.
fn coverage(index: &Index<'_>, records: &[AtomicUsize]) -> Vec<Coverage> {
    let mut coverage = Vec::new();
    for (scope, records) in records.iter().enumerate() {
        let candidates = index.scopes[scope].1.values().flatten();
        let packages: BTreeSet<usize> = candidates
            .flat_map(|candidate| candidate.packages.iter().copied())
            .collect();
        coverage.push(Coverage {
            ecosystem: index.title(scope),
            packages: packages.len(),
            records: records.load(atomic::Ordering::Relaxed),
        });
    }
    coverage
}

/// Counts the packages that no ecosystem of the schema covers.
fn unknown(index: &Index<'_>, packages: &Packages) -> usize {
    let mut known = vec![false; packages.list.len()];
    for (_, names) in &index.scopes {
        for candidate in names.values().flatten() {
            for &row in &candidate.packages {
                known[row] = true;
            }
        }
    }
    known.iter().filter(|known| !**known).count()
}
