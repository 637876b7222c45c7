//! Library search of glibc's loader, in its order: `_dl_map_object` in elf/dl-load.c.

use super::cache::{Entry, Target};
use super::linker::{Environment, Loader, Mode};
use super::processor::Processor;
use super::search::{
    Files, Found, Kind, MAX_ELEMENTS, Place, Requester, Step, join, parent,
    without_trailing_slashes,
};
use super::tokens::{Tokens, expand, has_origin};

/// The steps for any dependency of `chain[0]`, which was loaded by `chain[1]`, and so on up to the
/// program. The steps that every search ends with are in the loader's `tail`.
pub(super) fn steps<F: Files>(
    files: &F,
    loader: &Loader,
    environment: &Environment,
    chain: &[Requester<'_>],
) -> Vec<Step> {
    let mut places = Vec::new();
    let Some(needs) = chain.first() else {
        return Vec::new();
    };
    let search = SearchPaths {
        loader,
        environment,
    };
    // A RUNPATH disables all RPATHs, including those of the objects that loaded this one.
    if needs.runpath.is_none() {
        search.add_rpaths(chain, &mut places);
    }
    // `$ORIGIN` in LD_LIBRARY_PATH refers to the program, no matter which object needs the library.
    let program = chain.last().unwrap_or(needs);
    if !environment.library_path.is_empty() && !environment.secure {
        let path = &environment.library_path;
        search.add(
            path,
            b":;",
            program.origin,
            &Found::LibraryPath,
            &mut places,
        );
    }
    // A RUNPATH comes after LD_LIBRARY_PATH and only applies to the object that contains it.
    if let Some(runpath) = needs.runpath {
        search.add(runpath, b":", needs.origin, &Found::Runpath, &mut places);
    }
    let mut steps = with_subdirectories(files, loader, places);
    if loader.cache.is_some() {
        steps.push(Step::Cache {
            no_default_directories: needs.no_default_directories,
        });
    }
    steps
}

/// The steps that every search ends with: the configured and the default directories.
pub(super) fn tail<F: Files>(files: &F, loader: &Loader) -> Vec<Step> {
    let mut places = Vec::new();
    for (directories, found) in [
        (&loader.configured, Found::Conf),
        (&loader.default_directories, Found::Default),
    ] {
        for directory in directories {
            // The loader itself searches it, without a cache of the configured directories.
            let is_default = loader.default_directories.contains(directory);
            places.push(Place {
                directory: directory.clone(),
                found: if is_default {
                    Found::Default
                } else {
                    found.clone()
                },
                variant: false,
                exists: true,
            });
        }
    }
    with_subdirectories(files, loader, places)
}

/// The possible paths of a dependency that contains a slash or a token.
pub(super) fn names(name: &[u8], origin: &[u8], loader: &Loader) -> Vec<(Vec<u8>, bool)> {
    expand(
        name,
        &Tokens {
            origin,
            lib: &loader.lib,
            platform: &loader.platforms,
        },
    )
}

/// The context in which search paths are parsed.
struct SearchPaths<'a> {
    loader: &'a Loader,
    environment: &'a Environment,
}

impl SearchPaths<'_> {
    /// Adds the RPATH directories of an object and of the objects that caused it to be loaded.
    fn add_rpaths(&self, chain: &[Requester<'_>], places: &mut Vec<Place>) {
        for object in chain.iter().filter(|object| object.runpath.is_none()) {
            if let Some(rpath) = object.rpath {
                let of = object.path.to_vec();
                self.add(rpath, b":", object.origin, &Found::Rpath { of }, places);
            }
        }
    }

    /// Adds the directories of a search path.
    fn add(
        &self,
        path: &[u8],
        separators: &[u8],
        origin: &[u8],
        found: &Found,
        places: &mut Vec<Place>,
    ) {
        let Self {
            loader,
            environment,
        } = *self;
        let tokens = Tokens {
            origin,
            lib: &loader.lib,
            platform: &loader.platforms,
        };
        for element in path
            .split(|byte| separators.contains(byte))
            .take(MAX_ELEMENTS)
        {
            let has_origin = has_origin(element);
            for (directory, variant) in expand(element, &tokens) {
                // A user could create a hard link to a privileged program in their own directory
                // and place libraries next to it.
                if environment.secure && has_origin && !is_trusted(&directory, loader) {
                    continue;
                }
                places.push(Place {
                    directory: absolute(&directory, environment),
                    found: found.clone(),
                    variant,
                    exists: true,
                });
            }
        }
    }
}

/// The directory of a search path element, without trailing slashes.
fn absolute(element: &[u8], environment: &Environment) -> Vec<u8> {
    match without_trailing_slashes(element) {
        [] if element.starts_with(b"/") => b"/".to_vec(),
        // An empty element is the working directory.
        [] => environment.directory.clone(),
        path @ [b'/', ..] => path.to_vec(),
        relative => join(&environment.directory, relative),
    }
}

/// Whether a directory from `$ORIGIN` is inside one of the loader's default directories: only these
/// cannot be changed by the user of a privileged program (`is_trusted_path_normalize`).
fn is_trusted(directory: &[u8], loader: &Loader) -> bool {
    let directory = normalized(directory);
    for trusted in &loader.default_directories {
        // `/lib` is a prefix of `/lib64`, but does not contain it.
        if let Some(rest) = directory.strip_prefix(trusted.as_slice())
            && is_at_boundary(rest)
        {
            return true;
        }
    }
    false
}

fn is_at_boundary(rest: &[u8]) -> bool {
    rest.is_empty() || rest.starts_with(b"/")
}

/// Removes `.`, `..` and redundant slashes; symlinks are not followed.
fn normalized(path: &[u8]) -> Vec<u8> {
    let mut components: Vec<&[u8]> = Vec::new();
    for component in path.split(|&byte| byte == b'/') {
        match component {
            b"" | b"." => {}
            // `..` in the root is the root itself.
            b".." => drop(components.pop()),
            _ => components.push(component),
        }
    }
    components.iter().fold(Vec::new(), |mut path, component| {
        path.push(b'/');
        path.extend_from_slice(component);
        path
    })
}

/// Inserts before each directory its processor-specific subdirectories: those of `glibc-hwcaps`,
/// and those used by loaders before 2.37.
fn with_subdirectories<F: Files>(files: &F, loader: &Loader, places: Vec<Place>) -> Vec<Step> {
    let mut steps = Vec::with_capacity(places.len());
    let is_variant = loader.mode == Mode::Superset;
    for mut place in places {
        // A directory that does not exist has no subdirectories; it remains a step only to be
        // listed among the searched directories.
        place.exists = files.look(&place.directory) != Kind::Missing;
        if !place.exists {
            steps.push(Step::Directory(place));
            continue;
        }
        // `glibc-hwcaps` comes before the older directories.
        let mut below = levels(files, loader, &place.directory);
        legacy_subdirectories(
            files,
            loader,
            &place.directory,
            &loader.legacy_subdirectories,
            0,
            &mut below,
        );
        for directory in below {
            steps.push(Step::Directory(Place {
                directory,
                found: place.found.clone(),
                variant: is_variant,
                exists: true,
            }));
        }
        steps.push(Step::Directory(place));
    }
    steps
}

/// The directories below `glibc-hwcaps`: all, or those that the processor supports.
fn levels<F: Files>(files: &F, loader: &Loader, directory: &[u8]) -> Vec<Vec<u8>> {
    let hwcaps = join(directory, b"glibc-hwcaps");
    // Most directories have none, so this is checked before anything is listed.
    if files.look(&hwcaps) != Kind::Directory {
        return Vec::new();
    }
    match &loader.mode {
        Mode::Superset => files
            .list(&hwcaps)
            .iter()
            .map(|level| join(&hwcaps, level))
            .collect(),
        Mode::Exact(processor) => {
            let levels = processor
                .levels
                .iter()
                .map(|level| join(&hwcaps, level.as_bytes()));
            levels
                .filter(|level| files.look(level) == Kind::Directory)
                .collect()
        }
    }
}

/// Maximum number of nested directories: `tls/haswell/x86_64`.
const MAX_LEGACY_DEPTH: usize = 4;

/// Adds directories such as `tls/haswell`, the deepest first. A loader combines its names only in
/// their order; for an unknown processor, all orders are possible.
fn legacy_subdirectories<F: Files>(
    files: &F,
    loader: &Loader,
    directory: &[u8],
    names: &[String],
    depth: usize,
    below: &mut Vec<Vec<u8>>,
) {
    for (index, name) in names.iter().enumerate() {
        let subdirectory = join(directory, name.as_bytes());
        if depth < MAX_LEGACY_DEPTH && files.look(&subdirectory) == Kind::Directory {
            // A loader descends in the order of its list.
            let rest = if loader.mode == Mode::Superset {
                names
            } else {
                &names[index + 1..]
            };
            legacy_subdirectories(files, loader, &subdirectory, rest, depth + 1, below);
            below.push(subdirectory);
        }
    }
}

/// The cache entries for a name: paths, and whether they are specific to some processors. Of the
/// generic ones, the loader only tries the first.
pub(super) fn cached(
    loader: &Loader,
    name: &[u8],
    no_default_directories: bool,
) -> Vec<(Vec<u8>, bool)> {
    let entries = usable_entries(loader, name, no_default_directories);
    if let Mode::Exact(processor) = &loader.mode {
        return best_cached(&entries, processor, loader.cache_abi.is_some());
    }
    let mut paths = Vec::new();
    for entry in entries {
        paths.push((entry.path.clone(), entry.is_variant()));
        // If the ABI has no number here, the file itself must be checked.
        if !entry.is_variant() && loader.cache_abi.is_some() {
            break;
        }
    }
    paths
}

/// The cache entries for a name that the loader does not skip.
fn usable_entries<'l>(
    loader: &'l Loader,
    name: &[u8],
    no_default_directories: bool,
) -> Vec<&'l Entry> {
    const KIND: u32 = 0xff;
    const ABI: u32 = 0xff00;
    const ELF: u32 = 1;
    const ELF_LIBC6: u32 = 3;
    let Some(cache) = &loader.cache else {
        return Vec::new();
    };
    let mut entries = Vec::new();
    for entry in cache.entries(name) {
        // `ELF_LIBC5` entries are for programs of the 1990s.
        let is_kind = matches!(entry.flags & KIND, ELF | ELF_LIBC6);
        let is_abi = loader.cache_abi.is_none_or(|abi| entry.flags & ABI == abi);
        let directory = parent(&entry.path).to_vec();
        let is_default = loader.default_directories.contains(&directory);
        if is_kind && is_abi && !(no_default_directories && is_default) {
            entries.push(entry);
        }
    }
    entries
}

/// The entry for the processor's best level, or else the first generic one; the loader tries no
/// others.
fn best_cached(entries: &[&Entry], processor: &Processor, one: bool) -> Vec<(Vec<u8>, bool)> {
    let mut ranked: Vec<(usize, &Entry)> = Vec::new();
    for &entry in entries {
        let rank = match &entry.target {
            Target::All => Some(usize::MAX),
            Target::Level(level) => processor
                .levels
                .iter()
                .position(|known| known.as_bytes() == level),
            // The capabilities of an entry are not decoded; the generic entry works on every
            // processor.
            Target::Capabilities => None,
        };
        ranked.extend(rank.map(|rank| (rank, entry)));
    }
    ranked.sort_by_key(|&(rank, _)| rank);
    let count = if one { 1 } else { ranked.len() };
    ranked
        .iter()
        .take(count)
        .map(|(_, entry)| (entry.path.clone(), false))
        .collect()
}
