//! Reading of many sources at once, each on a thread with a stack that is large enough for it.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::leftovers;
use super::packages::package_of;
use super::source::{self, Facts, Kind, Place, Requested};
use crate::image::NameId;
use crate::slim::view::View;

/// The stack of a thread that parses, which is only used as far as a source is nested.
const STACK: usize = 256 << 20;
/// Longer sources are data or generated bundles.
const MAX_SOURCE: usize = 8 << 20;

/// Bytes of sources that are read at the same time, unless one is longer. Their trees take many
/// times as much memory as their texts.
const BATCH: usize = 256 << 10;

/// Splits sources, each with its length in bytes, into lists that are read one after the other.
pub(super) fn batches(mut sources: &[(NameId, usize)]) -> Vec<&[(NameId, usize)]> {
    let mut batches = Vec::new();
    while !sources.is_empty() {
        let mut bytes = 0;
        let fits = |&&(_, length): &&(NameId, usize)| {
            bytes += length;
            bytes <= BATCH
        };
        let count = sources.iter().take_while(fits).count().max(1);
        let (batch, rest) = sources.split_at(count);
        batches.push(batch);
        sources = rest;
    }
    batches
}

/// The result of reading a source; empty for one that is too long.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) facts: Facts,
    pub(super) is_parsed: bool,
}

/// Reads sources on threads of its own.
#[derive(Debug)]
pub(super) struct SourceReader {
    threads: Option<rayon::ThreadPool>,
}

impl SourceReader {
    pub(super) fn start() -> Self {
        let threads = rayon::ThreadPoolBuilder::new().stack_size(STACK);
        Self {
            threads: threads.build().ok(),
        }
    }

    /// Reads sources, except those that are no longer affordable.
    pub(super) fn read_all(
        &self,
        view: &View<'_>,
        sources: &[(NameId, bool)],
    ) -> Vec<(NameId, Read)> {
        let read = |&(name, is_affordable): &(NameId, bool)| {
            if is_affordable {
                (name, read_file(view, name))
            } else {
                (name, Read::default())
            }
        };
        match &self.threads {
            Some(threads) => threads.install(|| sources.par_iter().map(read).collect()),
            // Without these threads nothing can be parsed safely.
            None => sources
                .iter()
                .map(|&(name, _)| (name, Read::default()))
                .collect(),
        }
    }
}

fn read_file(view: &View<'_>, name: NameId) -> Read {
    let path = String::from_utf8_lossy(&view.tree().path(name)).into_owned();
    let place = Place {
        path: &path,
        working_directory: view.image.config.working_dir(),
        is_packaged: package_of(view.tree(), name).is_some(),
    };
    match view.bytes(name) {
        Some(bytes) if bytes.len() <= MAX_SOURCE => {
            read_text(&String::from_utf8_lossy(&bytes), place)
        }
        _ => Read::default(),
    }
}

/// Reads a source; one that cannot be parsed is searched for requests.
fn read_text(text: &str, place: Place<'_>) -> Read {
    if let Some(facts) = source::read(text, place) {
        return Read {
            facts,
            is_parsed: true,
        };
    }
    let mut requests = BTreeMap::new();
    for request in leftovers::requests(text) {
        for kind in [Kind::Require, Kind::Import] {
            requests.insert((request.to_owned(), kind), Requested::optional(1));
        }
    }
    // Nothing runs these without a compiler, which is also what decides about computed names.
    let is_compiled = place.path.ends_with('x');
    Read {
        is_parsed: is_compiled,
        facts: Facts {
            requests,
            ..Facts::default()
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_sources_are_read_one_after_the_other() {
        let counts = |lengths: &[usize]| -> Vec<usize> {
            let sources = lengths.iter().map(|&length| (NameId::ROOT, length));
            let sources: Vec<(NameId, usize)> = sources.collect();
            batches(&sources).into_iter().map(<[_]>::len).collect()
        };
        assert_eq!(counts(&[BATCH / 2, BATCH / 2, 1]), [2, 1]);
        assert_eq!(counts(&[3 * BATCH, 3 * BATCH, 1, 1]), [1, 1, 2]);
        assert_eq!(counts(&[]), [0; 0]);
    }
}
