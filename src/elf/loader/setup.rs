//! The files that a loader reads before it searches: itself, its cache, its configuration.

use super::cache::Cache;
use super::ld_so_conf::configured_directories;
use super::linker::{Flavor, Loader, Machine, Mode, StandIn, preload_list};
use super::search::Files;
use super::{abi, glibc, musl};
use crate::elf::file::Elf;
use crate::paths::file_name_bytes;

/// The first glibc version that searches no subdirectories except `glibc-hwcaps`.
const NO_LEGACY: (u32, u32) = (2, 37);

/// The first glibc version that ignores the operating system and kernel version in the ABI note of
/// libraries.
const NO_ABI_TAG: (u32, u32) = (2, 36);

const CACHE: &[u8] = b"/etc/ld.so.cache";
const CONFIGURATION: &[u8] = b"/etc/ld.so.conf";
const PRELOAD: &[u8] = b"/etc/ld.so.preload";

impl Loader {
    /// The loader at `path`, set up for `program` on any processor.
    pub fn new<F: Files>(files: &F, path: &[u8], program: &Elf) -> Self {
        Self::with_mode(files, path, program, Mode::Superset)
    }

    /// The loader at `path`, set up for `program`. It caches data from these files, so it must not
    /// be used with others.
    pub fn with_mode<F: Files>(files: &F, path: &[u8], program: &Elf, mode: Mode) -> Self {
        let bytes = files.read_path(path);
        let bytes = bytes.as_deref().unwrap_or_default();
        let flavor = flavor(path, bytes);
        let mut loader = Self {
            flavor,
            path: path.to_vec(),
            machine: Machine::of(program),
            default_directories: Vec::new(),
            lib: Vec::new(),
            platforms: Vec::new(),
            legacy_subdirectories: Vec::new(),
            mode,
            obeys_abi_tag: false,
            tail: Vec::new(),
            cache: None,
            cache_abi: abi::cache_abi(program),
            configured: Vec::new(),
            musl_path: None,
            stands_for: None,
            reads: Vec::new(),
        };
        match flavor {
            Flavor::Glibc => loader.read_glibc(files, bytes, program),
            Flavor::Musl => loader.read_musl(files, bytes),
        }
        loader
    }

    /// The libraries in `/etc/ld.so.preload`, separated by whitespace or colons, without comments.
    /// musl has no such file, but a stand-in preloads a library.
    pub fn preload_file<F: Files>(&self, files: &F) -> Vec<Vec<u8>> {
        if self.flavor == Flavor::Musl {
            return self
                .stands_for
                .iter()
                .map(|stand_in| stand_in.preload.clone())
                .collect();
        }
        let text = files.read_path(PRELOAD);
        let lines = text
            .as_deref()
            .unwrap_or_default()
            .split(|&byte| byte == b'\n');
        // A `#` starts a comment, which glibc removes before it parses the list.
        let lines = lines.map(|line| line.split(|&byte| byte == b'#').next().unwrap_or_default());
        lines.flat_map(preload_list).collect()
    }

    fn read_glibc<F: Files>(&mut self, files: &F, bytes: &[u8], program: &Elf) {
        (self.platforms, self.legacy_subdirectories) = match &self.mode {
            Mode::Superset => (
                owned(abi::platforms(program)),
                owned(&abi::legacy_subdirectories(program)),
            ),
            Mode::Exact(processor) => (
                processor.platform.iter().cloned().collect(),
                processor.legacy.clone(),
            ),
        };
        // Loaders before 2.33 do not contain their version.
        let version = abi::glibc_version(bytes).unwrap_or_default();
        self.obeys_abi_tag = version < NO_ABI_TAG;
        if version >= NO_LEGACY {
            self.legacy_subdirectories.clear();
        }
        self.lib = abi::built_in_lib(bytes, program);
        self.default_directories = abi::built_in_directories(bytes);
        // The loader was built in an unusual way or is truncated.
        if self.default_directories.is_empty() {
            self.default_directories = abi::default_directories(program);
        }
        self.cache = files
            .read_path(CACHE)
            .and_then(|bytes| Cache::parse(&bytes, program.endian).ok());
        // The cache already contains the configured directories.
        if self.cache.is_none() {
            self.configured = configured_directories(files, CONFIGURATION);
        }
        // The tail depends on the configured and default directories, so it is built last.
        self.tail = glibc::tail(files, self);
        // Only `ldconfig` reads the configuration, but without it the cache could not be rebuilt.
        self.reads = [CACHE, CONFIGURATION, PRELOAD].map(<[u8]>::to_vec).to_vec();
    }

    fn read_musl<F: Files>(&mut self, files: &F, bytes: &[u8]) {
        self.stands_for = stand_in(bytes);
        // The name of the path file is stored in musl's loader, not in the stand-in.
        if let Some(path) = self
            .stands_for
            .as_ref()
            .map(|stand_in| stand_in.loader.clone())
        {
            let bytes = files.read_path(&path);
            self.read_path_file(files, &path, bytes.as_deref().unwrap_or_default());
        } else {
            self.read_path_file(files, &self.path.clone(), bytes);
        }
    }

    fn read_path_file<F: Files>(&mut self, files: &F, loader: &[u8], bytes: &[u8]) {
        if let Some(path) = musl::path_file(loader, bytes) {
            self.musl_path = files.read_path(&path).map(|bytes| bytes.to_vec());
            self.reads = vec![path];
        }
    }
}

/// gcompat's loader contains both paths as strings, set when it was built (`LINKER_PATH`).
fn stand_in(bytes: &[u8]) -> Option<StandIn> {
    let path = |mark: &[u8]| {
        let at = memchr::memmem::find(bytes, mark)?;
        let before = &bytes[at.saturating_sub(256)..at];
        let start = at - before.len() + memchr::memrchr(0, before)? + 1;
        let text = &bytes[start..bytes.len().min(start + 512)];
        Some(text[..memchr::memchr(0, text)?].to_vec()).filter(|path| path.starts_with(b"/"))
    };
    Some(StandIn {
        preload: path(b"libgcompat.so")?,
        loader: path(b"/ld-musl-")?,
    })
}

/// musl's loader contains the name of its path file; so does the stand-in for glibc's loader from
/// Alpine's gcompat, which starts musl's loader.
fn flavor(path: &[u8], bytes: &[u8]) -> Flavor {
    let is_musl = file_name_bytes(path).starts_with(b"ld-musl-")
        || memchr::memmem::find(bytes, b"ld-musl-").is_some();
    if is_musl { Flavor::Musl } else { Flavor::Glibc }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}
