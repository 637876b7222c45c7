//! Which records of an export are of the packages of an image.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{self, AtomicUsize};

use super::affected;
use super::ecosystem::{Candidate, Coverage, Index};
use super::export::{Error, Export, Reason};
use super::known::{Known, Vulnerability};
use super::record::{Affected, Glance, Record};
use super::severity;
use crate::packages::Order;
use crate::packages::Packages;

/// A summary longer than this is cut off.
const MAX_SUMMARY: usize = 160;
/// Identifiers longer than this are nobody's.
const MAX_NAME: usize = 100;

/// One record that speaks of packages of the image.
struct Match {
    record: Record,
    /// A row of what is affected, and the row of the scope, for each package that is.
    hits: Vec<(usize, usize, Candidate)>,
}

/// Reads the whole export and gives what it knows of the packages.
pub fn find(export: &Export, packages: &Packages) -> Result<Known, Error> {
    let index = Index::new(packages);
    let records: Vec<AtomicUsize> = index.scopes.iter().map(|_| AtomicUsize::new(0)).collect();
    let matches: Mutex<BTreeMap<String, Match>> = Mutex::default();
    export.each(&|bytes| {
        let Some(found) = look(bytes, &index, &records)? else {
            return Ok(());
        };
        let mut matches = matches
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        match matches.get(&found.record.id) {
            // Of two that claim the same name the later one counts.
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
    let list = together(
        &index,
        matches.into_values().filter(|found| !found.hits.is_empty()),
    );
    Ok(Known {
        list,
        coverage: coverage(&index, &records),
        unknown: unknown(&index, packages),
    })
}

/// What a record has to do with the image; none where it is of other packages, or taken back.
fn look(bytes: &[u8], index: &Index<'_>, records: &[AtomicUsize]) -> Result<Option<Match>, Reason> {
    let glance: Glance<'_> = serde_json::from_slice(bytes)?;
    if glance.is_withdrawn() {
        return Ok(None);
    }
    let mut is_of_image = false;
    let mut counted = vec![false; records.len()];
    for package in glance
        .affected
        .iter()
        .filter_map(|affected| affected.package.as_ref())
    {
        let Some(scope) = index.scope(&package.ecosystem) else {
            continue;
        };
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
        let order = index.scopes[scope].0.order;
        for candidate in index.candidates(scope, &package.name) {
            if affected::hit(affected, &candidate.version, order).is_some() {
                hits.push((row, scope, candidate.clone()));
            }
        }
    }
    // Kept without a hit too: an older record of this name may have one.
    Ok(Some(Match { record, hits }))
}

/// What several records say of one vulnerability of one package.
fn together(index: &Index<'_>, matches: impl Iterator<Item = Match>) -> Vec<Vulnerability> {
    let mut all: BTreeMap<(String, usize), Vulnerability> = BTreeMap::new();
    for found in matches {
        let Called {
            ids,
            also,
            bulletin,
        } = called(&found.record);
        for (row, scope, candidate) in &found.hits {
            let affected = &found.record.affected[*row];
            let order = index.scopes[*scope].0.order;
            let one = vulnerability(index, &found.record, affected, candidate, order);
            for id in &ids {
                let mut one = Vulnerability {
                    id: id.clone(),
                    names: also.clone(),
                    ..one.clone()
                };
                one.names.retain(|name| name != id);
                one.bulletins.extend(bulletin.clone());
                match all.entry((id.clone(), candidate.subject)) {
                    std::collections::btree_map::Entry::Vacant(vacant) => {
                        vacant.insert(one);
                    }
                    std::collections::btree_map::Entry::Occupied(mut before) => {
                        add(before.get_mut(), one, order)
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

/// What a record says that it is about.
struct Called {
    /// What the vulnerability is called first: several, where the record is a bulletin about
    /// several.
    ids: Vec<String>,
    also: Vec<String>,
    bulletin: Option<String>,
}

fn called(record: &Record) -> Called {
    let clean = |name: &String| one_line(name, MAX_NAME);
    let is_cve = |name: &&String| name.starts_with("CVE-");
    // `DEBIAN-CVE-2024-2961` is a record of one vulnerability.
    let own = record.id.find("CVE-").map(|at| record.id[at..].to_owned());
    let alias = || record.aliases.iter().filter(is_cve).min().cloned();
    let upstream = || record.upstream.iter().filter(is_cve).map(clean);
    let (mut ids, bulletin): (Vec<String>, _) = match own.or_else(alias) {
        Some(own) => (vec![clean(&own)], None),
        None if upstream().next().is_some() => (upstream().collect(), Some(clean(&record.id))),
        None => (
            record
                .aliases
                .iter()
                .chain([&record.id])
                .min()
                .map(clean)
                .into_iter()
                .collect(),
            None,
        ),
    };
    ids.sort();
    ids.dedup();
    let own = bulletin.is_none().then_some(&record.id);
    let mut also: Vec<String> = record.aliases.iter().chain(own).map(clean).collect();
    also.sort();
    also.dedup();
    Called {
        ids,
        also,
        bulletin,
    }
}

fn vulnerability(
    index: &Index<'_>,
    record: &Record,
    affected: &Affected,
    candidate: &Candidate,
    order: Order,
) -> Vulnerability {
    let subject = &index.subjects[candidate.subject];
    let hit = affected::hit(affected, &candidate.version, order);
    let summary = if record.summary.trim().is_empty() {
        &record.details
    } else {
        &record.summary
    };
    let name = |package: &super::record::Package| one_line(&package.ecosystem, MAX_NAME);
    Vulnerability {
        id: String::new(),
        names: Vec::new(),
        bulletins: Vec::new(),
        summary: one_line(summary.trim_start(), MAX_SUMMARY),
        severity: severity::of(record, affected),
        ecosystem: affected.package.as_ref().map(name).unwrap_or_default(),
        package: subject.name.clone(),
        version: subject.version.clone(),
        fixed: hit
            .and_then(|hit| hit.fixed)
            .map(|fixed| one_line(fixed, MAX_NAME)),
        packages: candidate.packages.clone(),
    }
}

/// Adds what another record says: it is over when it is over for both, and as grave as the graver
/// one says.
fn add(before: &mut Vulnerability, one: Vulnerability, order: Order) {
    merge(&mut before.names, one.names);
    merge(&mut before.bulletins, one.bulletins);
    merge(&mut before.packages, one.packages);
    if before.summary.is_empty() {
        before.summary = one.summary;
    }
    let is_later = match (&before.fixed, &one.fixed) {
        (Some(before), Some(one)) => order.compare(before, one) == Ordering::Less,
        (None, Some(_)) => true,
        (_, None) => false,
    };
    if is_later {
        before.fixed = one.fixed;
        before.ecosystem = one.ecosystem;
    }
    // A score says more than a word.
    let weight = |severity: &Option<severity::Severity>| {
        severity.as_ref().map(|severity| {
            (
                severity.cvss.is_some(),
                severity.rating,
                severity.cvss.as_ref().map_or(0.0, |cvss| cvss.0),
            )
        })
    };
    if weight(&one.severity).partial_cmp(&weight(&before.severity)) == Some(Ordering::Greater) {
        before.severity = one.severity;
    }
}

/// Puts two ordered lists together.
fn merge<T: Ord>(before: &mut Vec<T>, more: Vec<T>) {
    before.extend(more);
    before.sort();
    before.dedup();
}

/// The first line of others' text, without what a terminal would obey, and not too long.
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

fn coverage(index: &Index<'_>, records: &[AtomicUsize]) -> Vec<Coverage> {
    let count = |scope: usize| {
        let mut rows: Vec<usize> = index.scopes[scope]
            .1
            .values()
            .flatten()
            .flat_map(|candidate| candidate.packages.iter().copied())
            .collect();
        rows.sort_unstable();
        rows.dedup();
        rows.len()
    };
    let one = |(scope, records): (usize, &AtomicUsize)| Coverage {
        ecosystem: index.called(scope),
        packages: count(scope),
        records: records.load(atomic::Ordering::Relaxed),
    };
    records.iter().enumerate().map(one).collect()
}

fn unknown(index: &Index<'_>, packages: &Packages) -> usize {
    let candidates = index
        .scopes
        .iter()
        .flat_map(|(_, names)| names.values().flatten());
    let mut known = vec![false; packages.list.len()];
    candidates
        .flat_map(|candidate| &candidate.packages)
        .for_each(|&row| known[row] = true);
    known.iter().filter(|known| !**known).count()
}
