//! The work for an image and what is kept of records, counted on all threads.
//!
//! Records and images are limited one by one, but an image may have 200,000 packages of one name,
//! and a record may have as many entries, versions and names for each of them.

use std::cmp::Ordering;
use std::sync::atomic::{self, AtomicUsize};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::export::{ExportErrorReason, ExportLimits};
use crate::packages::Order;

/// Smallest record that is matched alone, in bytes. Such records are rare, and the names of their
/// packages take more memory than their text.
const LARGE: usize = 1 << 20;
/// The cost of comparing the shortest versions, in bytes of versions.
const COMPARISON: usize = 8;

pub(super) struct Work {
    limits: ExportLimits,
    hits: AtomicUsize,
    comparisons: AtomicUsize,
    compared: AtomicUsize,
    text: AtomicUsize,
    large: Mutex<()>,
}

impl Work {
    pub(super) fn new(limits: ExportLimits) -> Self {
        Self {
            limits,
            hits: AtomicUsize::new(0),
            comparisons: AtomicUsize::new(0),
            compared: AtomicUsize::new(0),
            text: AtomicUsize::new(0),
            large: Mutex::default(),
        }
    }

    /// Waits until no other large record is matched.
    pub(super) fn turn(&self, record: &[u8]) -> Option<MutexGuard<'_, ()>> {
        if record.len() < LARGE {
            None
        } else {
            Some(self.large.lock().unwrap_or_else(PoisonError::into_inner))
        }
    }

    /// Counts an entry, a version or an event of a record for one package.
    pub(super) fn count_version(&self) -> Result<(), ExportErrorReason> {
        let most = self.limits.comparisons;
        count(&self.comparisons, 1, most).ok_or(ExportErrorReason::Comparisons(most))
    }

    /// Compares versions and counts their bytes: some orders parse both as a whole.
    pub(super) fn compare(
        &self,
        order: Order,
        one: &str,
        other: &str,
    ) -> Result<Ordering, ExportErrorReason> {
        let most = self.limits.compared;
        let bytes = one.len() + other.len() + COMPARISON;
        count(&self.compared, bytes, most).ok_or(ExportErrorReason::Compared(most))?;
        Ok(order.compare(one, other))
    }

    /// Counts an affected package.
    pub(super) fn add_hit(&self) -> Result<(), ExportErrorReason> {
        let most = self.limits.hits;
        count(&self.hits, 1, most).ok_or(ExportErrorReason::Hits(most))
    }

    /// Checks the number of vulnerabilities of all packages.
    pub(super) fn check_vulnerabilities(&self, count: usize) -> Result<(), ExportErrorReason> {
        if count > self.limits.hits {
            Err(ExportErrorReason::Hits(self.limits.hits))
        } else {
            Ok(())
        }
    }

    /// Counts text that is kept until the report is written.
    pub(super) fn add_text(&self, bytes: usize) -> Result<(), ExportErrorReason> {
        let most = self.limits.text;
        count(&self.text, bytes, most).ok_or(ExportErrorReason::Text(most))
    }
}

/// Adds to a counter; `None` if it is above the limit then.
fn count(counter: &AtomicUsize, more: usize, most: usize) -> Option<()> {
    let before = counter.fetch_add(more, atomic::Ordering::Relaxed);
    if before.saturating_add(more) > most {
        None
    } else {
        Some(())
    }
}
