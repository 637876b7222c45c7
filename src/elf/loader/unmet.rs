//! Versions that objects require but their libraries do not define: `_dl_check_map_versions` in
//! glibc.

use super::linker::Flavor;
use super::process::Process;
use super::search::Files;
use crate::elf::versions::Versions;

/// A required version that a library does not define, so that the loader aborts the process.
/// Objects are identified by index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnmetVersion {
    pub by: usize,
    pub library: usize,
    pub version: Vec<u8>,
}

impl<F: Files> Process<'_, F> {
    /// All unmet versions, in load order. A library that defines no versions at all is accepted,
    /// and musl does not check versions. `versions` returns those of an ELF file.
    pub fn unmet_versions<'v>(
        &self,
        versions: impl Fn(F::Id) -> Option<&'v Versions>,
    ) -> Vec<UnmetVersion> {
        let mut unmet = Vec::new();
        if self.flavor() == Flavor::Musl {
            return unmet;
        }
        let objects = self.objects();
        for (by, object) in objects
            .iter()
            .enumerate()
            .filter(|(_, object)| object.broken.is_none())
        {
            let needs = versions(object.file)
                .map(|versions| versions.needs.as_slice())
                .unwrap_or_default();
            for need in needs {
                // A library that was not found has been reported as missing.
                let Some(library) = self.find(&need.library) else {
                    continue;
                };
                let defined =
                    versions(objects[library].file).map(|versions| versions.definitions.as_slice());
                // glibc calls this "no version information available" and only warns.
                let Some(defined) = defined.filter(|defined| !defined.is_empty()) else {
                    continue;
                };
                let missing = need
                    .versions
                    .iter()
                    .filter(|version| !defined.contains(version));
                unmet.extend(missing.map(|version| UnmetVersion {
                    by,
                    library,
                    version: version.clone(),
                }));
            }
        }
        unmet
    }
}
