//! Where glibc's loader looks for a library, and in which order: `_dl_map_object` of elf/dl-load.c.

use super::loader::{Environment, Loader};
use super::search::{Files, Found, Kind, MAX_ELEMENTS, Place, join};
use super::token::{Tokens, expand};

/// What the search wants to know of an object: the one that needs, or one of those that loaded it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Requester<'a> {
    pub(super) path: &'a [u8],
    /// What `$ORIGIN` is for it.
    pub(super) origin: &'a [u8],
    pub(super) rpath: Option<&'a [u8]>,
    pub(super) runpath: Option<&'a [u8]>,
    pub(super) no_default_directories: bool,
}

/// One step of a search.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Directory(Place),
    /// The cache. Its entries in default directories are left out for who wants no default directories.
    Cache {
        no_default_directories: bool,
    },
}

/// The steps for any need of `chain[0]`, which `chain[1]` loaded, and so on up to the program.
pub(super) fn steps<F: Files>(
    files: &F,
    loader: &Loader,
    environment: &Environment,
    chain: &[Requester<'_>],
) -> Vec<Step> {
    let mut places = Vec::new();
    let Some(needs) = chain.first() else { return Vec::new() };
    // A RUNPATH switches off every RPATH, also those of who loaded this object.
    if needs.runpath.is_none() {
        for object in chain.iter().filter(|object| object.runpath.is_none()) {
            if let Some(rpath) = object.rpath {
                let found = Found::Rpath { of: object.path.to_vec() };
                search_path(rpath, b":", object.origin, loader, environment, &found, &mut places);
            }
        }
    }
    let program = chain.last().unwrap_or(needs);
    if !environment.library_path.is_empty() {
        let path = &environment.library_path;
        search_path(path, b":;", program.origin, loader, environment, &Found::LibraryPath, &mut places);
    }
    if let Some(runpath) = needs.runpath {
        search_path(runpath, b":", needs.origin, loader, environment, &Found::Runpath, &mut places);
    }
    let mut steps = with_subdirectories(files, loader, places);
    let no_default_directories = needs.no_default_directories;
    if loader.cache.is_some() {
        steps.push(Step::Cache { no_default_directories });
    }
    let place =
        |directory: &Vec<u8>, found| Place { directory: directory.clone(), found, variant: false, exists: true };
    let mut last: Vec<Place> = loader.configured.iter().map(|directory| place(directory, Found::Conf)).collect();
    if !no_default_directories {
        last.extend(loader.default_directories.iter().map(|directory| place(directory, Found::Default)));
    }
    steps.extend(with_subdirectories(files, loader, last));
    steps
}

/// The paths that a need with a slash in it, or with a token, may stand for.
pub(super) fn names(name: &[u8], origin: &[u8], loader: &Loader) -> Vec<(Vec<u8>, bool)> {
    expand(name, &Tokens { origin, lib: &loader.lib, platform: loader.platforms })
}

fn search_path(
    path: &[u8],
    separators: &[u8],
    origin: &[u8],
    loader: &Loader,
    environment: &Environment,
    found: &Found,
    places: &mut Vec<Place>,
) {
    let tokens = Tokens { origin, lib: &loader.lib, platform: loader.platforms };
    for element in path.split(|byte| separators.contains(byte)).take(MAX_ELEMENTS) {
        for (directory, variant) in expand(element, &tokens) {
            let end = directory.iter().rposition(|&byte| byte != b'/').map_or(0, |last| last + 1);
            // An empty element is the working directory.
            let directory = match &directory[..end] {
                [] if directory.starts_with(b"/") => b"/".to_vec(),
                [] => environment.directory.clone(),
                [b'/', ..] => directory[..end].to_vec(),
                relative => join(&environment.directory, relative),
            };
            places.push(Place { directory, found: found.clone(), variant, exists: true });
        }
    }
}

/// In front of each directory, what it has below it for some processors: all of `glibc-hwcaps`, and the directories
/// that loaders before 2.37 knew.
fn with_subdirectories<F: Files>(files: &F, loader: &Loader, places: Vec<Place>) -> Vec<Step> {
    let mut steps = Vec::with_capacity(places.len());
    for mut place in places {
        place.exists = files.look(&place.directory) != Kind::Missing;
        if !place.exists {
            steps.push(Step::Directory(place));
            continue;
        }
        let hwcaps = join(&place.directory, b"glibc-hwcaps");
        let mut below: Vec<Vec<u8>> = files.list(&hwcaps).iter().map(|level| join(&hwcaps, level)).collect();
        legacy_subdirectories(files, loader, &place.directory, 0, &mut below);
        let variant =
            |directory| Step::Directory(Place { directory, found: place.found.clone(), variant: true, exists: true });
        steps.extend(below.into_iter().map(variant));
        steps.push(Step::Directory(place));
    }
    steps
}

/// Such names stand below each other: `tls/haswell/x86_64`.
const MAX_LEGACY_DEPTH: usize = 4;

fn legacy_subdirectories<F: Files>(
    files: &F,
    loader: &Loader,
    directory: &[u8],
    depth: usize,
    below: &mut Vec<Vec<u8>>,
) {
    for name in &loader.legacy_subdirectories {
        let subdirectory = join(directory, name.as_bytes());
        if depth < MAX_LEGACY_DEPTH && files.look(&subdirectory) == Kind::Directory {
            legacy_subdirectories(files, loader, &subdirectory, depth + 1, below);
            below.push(subdirectory);
        }
    }
}

/// What the cache has for a name: paths, and whether some processors only use them. Of those that every processor
/// uses, the loader tries just the first.
pub(super) fn cached(loader: &Loader, name: &[u8], no_default_directories: bool) -> Vec<(Vec<u8>, bool)> {
    const KIND: u32 = 0xff;
    const ABI: u32 = 0xff00;
    const ELF: u32 = 1;
    const ELF_LIBC6: u32 = 3;
    let Some(cache) = &loader.cache else { return Vec::new() };
    let fits =
        |flags: u32| matches!(flags & KIND, ELF | ELF_LIBC6) && loader.cache_abi.is_none_or(|abi| flags & ABI == abi);
    let allowed = |path: &[u8]| {
        let directory = super::search::parent(path);
        !(no_default_directories && loader.default_directories.iter().any(|default| default == directory))
    };
    let mut paths = Vec::new();
    for entry in cache.entries(name).iter().filter(|entry| fits(entry.flags) && allowed(&entry.path)) {
        paths.push((entry.path.clone(), entry.variant));
        // Where the ABI has no number here, the file itself has to say whether it fits.
        if !entry.variant && loader.cache_abi.is_some() {
            break;
        }
    }
    paths
}
