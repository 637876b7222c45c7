//! Library search of musl's loader: `load_library` in ldso/dynlink.c.

use super::linker::{Environment, Loader, prefix};
use super::search::{Found, MAX_ELEMENTS, Place, Requester, Step, join};
use super::tokens::{expand_origin_only, has_origin};

const DEFAULT_PATH: &[u8] = b"/lib:/usr/local/lib:/usr/lib";

/// The steps for any dependency of `chain[0]`: `LD_LIBRARY_PATH` first; then the RPATH of each
/// object up to the program, where a RUNPATH is equivalent and overrides an RPATH in the same
/// object; then the path file or, without it, the default directories.
pub(super) fn steps(
    loader: &Loader,
    environment: &Environment,
    chain: &[Requester<'_>],
) -> Vec<Step> {
    let mut steps = Vec::new();
    // In `__dls3`, musl ignores the variable for privileged programs.
    if !environment.secure {
        search_path(
            &environment.library_path,
            environment,
            &Found::LibraryPath,
            &mut steps,
        );
    }
    add_rpaths(environment, chain, &mut steps);
    match &loader.musl_path {
        Some(path) => {
            // Only the part before the first NUL is used.
            let path = path.split(|&byte| byte == 0).next().unwrap_or_default();
            search_path(path, environment, &Found::MuslPath, &mut steps);
        }
        // The file replaces the default directories.
        None => search_path(DEFAULT_PATH, environment, &Found::Default, &mut steps),
    }
    steps
}

/// Adds the RPATH or RUNPATH of an object and of the objects that caused it to be loaded.
fn add_rpaths(environment: &Environment, chain: &[Requester<'_>], steps: &mut Vec<Step>) {
    for (index, object) in chain.iter().enumerate() {
        // musl expands the path as a whole: one bad token disables all of it.
        let path = expand_origin_only(path_of(object), object.origin);
        // The user can choose the location of the program with a hard link, so `$ORIGIN` is not
        // available to a privileged program.
        let is_untrusted =
            environment.secure && index + 1 == chain.len() && has_origin(path_of(object));
        if !is_untrusted && let Some(path) = path {
            let of = object.path.to_vec();
            search_path(&path, environment, &Found::Rpath { of }, steps);
        }
    }
}

fn path_of<'a>(object: &Requester<'a>) -> &'a [u8] {
    object.runpath.or(object.rpath).unwrap_or_default()
}

/// Empty elements are skipped; a line break separates elements like a colon.
fn search_path(path: &[u8], environment: &Environment, found: &Found, steps: &mut Vec<Step>) {
    let elements = path
        .split(|byte| b":\n".contains(byte))
        .filter(|directory| !directory.is_empty());
    for directory in elements.take(MAX_ELEMENTS) {
        let directory = if directory.starts_with(b"/") {
            directory.to_vec()
        } else {
            join(&environment.directory, directory)
        };
        steps.push(Step::Directory(Place {
            directory,
            found: found.clone(),
            variant: false,
            exists: true,
        }));
    }
}

/// Names that refer to the loader itself, because it is the C library: `libc.so`,
/// `libpthread.so.0`, `libc.musl-x86_64.so.1`.
pub(super) fn is_reserved(name: &[u8]) -> bool {
    let reserved: [&[u8]; 7] = [
        b"c.",
        b"pthread.",
        b"rt.",
        b"m.",
        b"dl.",
        b"util.",
        b"xnet.",
    ];
    name.strip_prefix(b"lib")
        .is_some_and(|name| reserved.iter().any(|reserved| name.starts_with(reserved)))
}

/// The path file of the loader at `path`, such as `/etc/ld-musl-x86_64.path`; the architecture is
/// read from the loader's bytes.
pub(super) fn path_file(path: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    const MARK: &[u8] = b"/etc/ld-musl-";
    let start = memchr::memmem::find(bytes, MARK)?;
    let rest = &bytes[start..bytes.len().min(start + 64)];
    let file = &rest[..memchr::memchr(0, rest)?];
    file.ends_with(b".path")
        .then(|| [prefix(path), file].concat())
}
