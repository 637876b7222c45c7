//! Matches the records of an export against the packages of an image.

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::sync::atomic::{self, AtomicUsize};
use std::sync::{Mutex, PoisonError};

use super::affected;
use super::ecosystem::{Coverage, Index};
use super::export::{Export, ExportError, ExportErrorReason};
use super::known::KnownVulnerabilities;
use super::merge::{Found, Hit, Names, text_of_name, vulnerabilities};
use super::record::{Affected, Glance, Record, Text};
use super::severity::{self, Scores};
use super::work::Work;
use crate::packages::Packages;

/// Longest summary, in characters; the rest is cut off.
const MAX_SUMMARY: usize = 160;
/// Longest identifier, in characters: no database has longer ones.
const MAX_NAME: usize = 100;
/// Memory for a record about packages of the image, in bytes, in addition to its text.
const RECORD: usize = 100;

/// The parts of a record about packages of the image that are kept.
struct Match {
    modified: String,
    /// `None` if it affects none of them.
    found: Option<Box<Found>>,
}

/// Reads the whole export and returns the vulnerabilities of the packages.
pub fn find(export: &Export, packages: &Packages) -> Result<KnownVulnerabilities, ExportError> {
    let index = Index::new(packages);
    let records: Vec<AtomicUsize> = index.scopes.iter().map(|_| AtomicUsize::new(0)).collect();
    let matches: Mutex<BTreeMap<String, Match>> = Mutex::default();
    let work = Work::new(export.limits);
    export.each(&|bytes| {
        let Some((id, found)) = match_record(bytes, &index, &records, &work)? else {
            return Ok(());
        };
        let mut matches = matches.lock().unwrap_or_else(PoisonError::into_inner);
        match matches.get(&id) {
            // A record can be in several files, such as `all.zip` and the file of its ecosystem.
            // The latest version counts.
            Some(before) if before.modified >= found.modified => {}
            _ => {
                matches.insert(id, found);
            }
        }
        Ok(())
    })?;
    let matches = matches.into_inner().unwrap_or_else(PoisonError::into_inner);
    let found = matches.into_values().filter_map(|one| one.found);
    let list = vulnerabilities(&index, found, &work).map_err(|reason| export.error(reason))?;
    Ok(KnownVulnerabilities {
        list,
        coverage: coverage(&index, &records),
        unknown: unknown(&index, packages),
    })
}

/// Matches a record against the packages; `None` if it affects none of them or was withdrawn.
fn match_record(
    bytes: &[u8],
    index: &Index<'_>,
    records: &[AtomicUsize],
    work: &Work,
) -> Result<Option<(String, Match)>, ExportErrorReason> {
    let _turn = work.turn(bytes);
    // Names are compared first, because most records are about packages that are not in the image.
    let glance: Glance<'_> = serde_json::from_slice(bytes)?;
    if glance.is_withdrawn() || !is_of_image(&glance, index, records) {
        return Ok(None);
    }
    drop(glance);
    let record: Record<'_> = serde_json::from_slice(bytes)?;
    let (id, modified) = (record.id.to_string(), record.modified.to_string());
    work.add_text(id.len() + modified.len() + RECORD)?;
    let hits = hits(&record, index, work)?;
    // A record without a hit counts too, because it may replace an older version with a hit.
    let found = if hits.is_empty() {
        None
    } else {
        Some(Box::new(Found {
            names: names(&record, work)?,
            summary: summary(&record),
            hits,
        }))
    };
    Ok(Some((id, Match { modified, found })))
}

/// Returns true for a record with a package of the image, and counts the record for each ecosystem.
fn is_of_image(glance: &Glance<'_>, index: &Index<'_>, records: &[AtomicUsize]) -> bool {
    let mut is_of_image = false;
    let mut counted = vec![false; records.len()];
    for package in &glance.packages {
        let Some(scope) = index.scope(&package.ecosystem) else {
            continue;
        };
        // A record about several packages of an ecosystem is counted once.
        if !std::mem::replace(&mut counted[scope], true) {
            records[scope].fetch_add(1, atomic::Ordering::Relaxed);
        }
        is_of_image |= !index.candidates(scope, &package.name).is_empty();
    }
    is_of_image
}

/// The packages of the image that a record affects, by subject. A record may name a package many
/// times, for example once for each of its repositories.
fn hits(
    record: &Record<'_>,
    index: &Index<'_>,
    work: &Work,
) -> Result<BTreeMap<usize, Hit>, ExportErrorReason> {
    let scores = Scores::read(record.severity)?;
    let mut hits = BTreeMap::new();
    record.affected.each(|affected: Affected<'_>| {
        add_hits(&mut hits, record, &scores, &affected, index, work)
    })?;
    Ok(hits)
}

fn add_hits(
    hits: &mut BTreeMap<usize, Hit>,
    record: &Record<'_>,
    scores: &Scores,
    affected: &Affected<'_>,
    index: &Index<'_>,
    work: &Work,
) -> Result<(), ExportErrorReason> {
    let Some(package) = &affected.package else {
        return Ok(());
    };
    let Some(scope) = index.scope(&package.ecosystem) else {
        return Ok(());
    };
    let order = index.scopes[scope].0.order();
    let mut severity = None;
    for &row in index.candidates(scope, &package.name) {
        work.count_version()?;
        let candidate = &index.candidates[row];
        let Some(hit) = affected::hit(affected, &candidate.version, order, work)? else {
            continue;
        };
        work.add_hit()?;
        // The severity is the same for all packages of an entry.
        let severity = match &severity {
            Some(severity) => severity,
            None => severity.insert(severity::of(record, scores, affected)?),
        };
        let hit = Hit {
            order,
            candidates: BTreeSet::from([row]),
            ecosystem: clean(&package.ecosystem),
            severity: severity.clone(),
            fixed: hit.fixed.as_deref().map(clean),
        };
        match hits.entry(candidate.subject) {
            Entry::Vacant(vacant) => {
                work.add_text(hit.text())?;
                vacant.insert(hit);
            }
            Entry::Occupied(mut before) => {
                before.get_mut().merge(&hit);
            }
        }
    }
    Ok(())
}

fn names(record: &Record<'_>, work: &Work) -> Result<Names, ExportErrorReason> {
    let (mut aliases, mut ids) = (BTreeSet::new(), BTreeSet::new());
    let mut bulletin = None;
    record
        .aliases
        .each(|Text(name)| add_name(&mut aliases, &name, work))?;
    // Records of different databases are merged by CVE number, which most of them have in common.
    // That of a record about one vulnerability is in its own name, as in `DEBIAN-CVE-2024-2961`, or
    // the first of its aliases.
    if let Some(start) = record.id.find("CVE-") {
        ids.insert(clean(&record.id[start..]));
    } else if let Some(cve) = aliases.iter().find(|name| name.starts_with("CVE-")) {
        ids.insert(cve.clone());
    } else {
        // A distribution's bulletin names the vulnerabilities that it is about as `upstream`.
        record.upstream.each(|Text(name)| {
            if name.starts_with("CVE-") {
                add_name(&mut ids, &name, work)
            } else {
                Ok(())
            }
        })?;
        if ids.is_empty() {
            // Without a CVE number, the alphabetically first name is the same for all records that
            // list each other as aliases.
            let own = clean(&record.id);
            ids.insert(
                aliases
                    .first()
                    .map_or(&own, |first| first.min(&own))
                    .clone(),
            );
        } else {
            bulletin = Some(clean(&record.id));
        }
    }
    // A bulletin does not identify any of its vulnerabilities.
    if bulletin.is_none() {
        add_name(&mut aliases, &record.id, work)?;
    }
    Ok(Names {
        ids,
        aliases,
        bulletin,
    })
}

fn add_name(
    names: &mut BTreeSet<String>,
    name: &str,
    work: &Work,
) -> Result<(), ExportErrorReason> {
    let name = clean(name);
    if !names.contains(&name) {
        work.add_text(text_of_name(&name))?;
        names.insert(name);
    }
    Ok(())
}

/// Makes a name from a record safe to print, because the export is untrusted.
fn clean(name: &str) -> String {
    one_line(name, MAX_NAME)
}

fn summary(record: &Record<'_>) -> String {
    // Distribution records often have only details.
    let summary = if record.summary.trim().is_empty() {
        &record.details
    } else {
        &record.summary
    };
    one_line(summary.trim_start(), MAX_SUMMARY)
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
        let packages: BTreeSet<usize> = index.packages(scope).collect();
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
    for row in (0..index.scopes.len()).flat_map(|scope| index.packages(scope)) {
        known[row] = true;
    }
    known.iter().filter(|known| !**known).count()
}
