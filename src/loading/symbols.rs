//! Symbols that no object of a process defines, as reported by `ldd -r`.

use std::collections::HashSet;

use super::source::Source;
use crate::elf::Process;

/// A symbol that some object must define, but none does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unresolved {
    /// The path of the object that requires it.
    pub by: Vec<u8>,
    pub symbol: Vec<u8>,
}

/// All unresolved symbols, in load order. Weak ones may be undefined; versions are checked
/// elsewhere.
pub(super) fn unresolved<S: Source>(source: &S, process: &Process<'_, S>) -> Vec<Unresolved> {
    let mut wanted: Vec<Unresolved> = Vec::new();
    let mut defined: HashSet<Vec<u8>> = HashSet::new();
    for object in process
        .objects()
        .iter()
        .filter(|object| object.broken.is_none())
    {
        let (Ok(elf), Some(bytes)) = (source.elf(object.file), source.read(object.file)) else {
            continue;
        };
        let strong = elf.strong_imports(&bytes);
        wanted.extend(strong.map(|symbol| Unresolved {
            by: object.path.clone(),
            symbol: symbol.to_vec(),
        }));
        // All objects of a process share one scope, so the definition may be in any of them.
        defined.extend(elf.exports(&bytes).map(<[u8]>::to_vec));
    }
    // The last object may define a symbol that the first one requires, so this is checked at the
    // end.
    wanted.retain(|wanted| !defined.contains(&wanted.symbol));
    wanted
}
