//! Whether the versions that an object wants are in the libraries that it gets (`_dl_check_map_versions` of glibc).

use super::source::Source;
use crate::elf::{Flavor, Loader, Process};

/// A version that a library should define, and does not: the loader ends the process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnmetVersion {
    /// The path of the object that wants it.
    pub by: Vec<u8>,
    /// The path of the library that lacks it.
    pub library: Vec<u8>,
    pub version: Vec<u8>,
}

/// All unmet versions of a process, in load order. A library that defines no versions at all is taken as it is, and
/// musl asks for none.
pub(super) fn unmet<S: Source>(source: &S, loader: &Loader, process: &Process<'_, S>) -> Vec<UnmetVersion> {
    let mut unmet = Vec::new();
    if loader.flavor == Flavor::Musl {
        return unmet;
    }
    for object in process.objects().iter().filter(|object| object.broken.is_none()) {
        let needs = source.versions(object.file).map(|versions| versions.needs.as_slice()).unwrap_or_default();
        for need in needs {
            let Some(provider) = process.find(&need.library).map(|provider| &process.objects()[provider]) else {
                continue;
            };
            let Some(defined) = source.versions(provider.file).filter(|versions| !versions.definitions.is_empty())
            else {
                continue;
            };
            let missing = need.versions.iter().filter(|version| !defined.definitions.contains(version));
            unmet.extend(missing.map(|version| UnmetVersion {
                by: object.path.clone(),
                library: provider.path.clone(),
                version: version.clone(),
            }));
        }
    }
    unmet
}
