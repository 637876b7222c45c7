//! A loader of an image, and all that it reads before it searches.

use super::cache::Cache;
use super::conf::configured_directories;
use super::file::{Elf, Endian};
use super::search::{Files, file_name, parent};
use super::{musl, system};

/// Whose rules a loader follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flavor {
    Glibc,
    Musl,
}

/// What a process is started with and its loader obeys.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `LD_LIBRARY_PATH`; unset and empty are the same.
    pub library_path: Vec<u8>,
    /// The working directory, for relative and empty elements of search paths.
    pub directory: Vec<u8>,
}

/// One loader.
#[derive(Clone, Debug)]
pub struct Loader {
    pub flavor: Flavor,
    /// As programs name it.
    pub path: Vec<u8>,
    /// What it was asked to load for: it takes files of this machine only.
    pub(super) machine: Machine,
    pub(super) default_directories: Vec<Vec<u8>>,
    /// What `$LIB` stands for; several where the loader does not tell.
    pub(super) lib: Vec<Vec<u8>>,
    pub(super) platforms: &'static [&'static str],
    pub(super) legacy_subdirectories: Vec<&'static str>,
    pub(super) cache: Option<Cache>,
    pub(super) cache_abi: Option<u32>,
    /// Of `/etc/ld.so.conf`, where there is no cache.
    pub(super) configured: Vec<Vec<u8>>,
    /// Of `/etc/ld-musl-$ARCH.path`, where it exists.
    pub(super) musl_path: Option<Vec<u8>>,
    /// Files that it reads, whether they exist or not.
    pub reads: Vec<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Machine {
    pub(super) is_64: bool,
    pub(super) endian: Endian,
    pub(super) number: u16,
}

impl Machine {
    pub(super) fn of(elf: &Elf) -> Self {
        Self { is_64: elf.is_64, endian: elf.endian, number: elf.machine }
    }
}

const CACHE: &[u8] = b"/etc/ld.so.cache";
const CONFIGURATION: &[u8] = b"/etc/ld.so.conf";
const PRELOAD: &[u8] = b"/etc/ld.so.preload";

impl Loader {
    /// The loader at `path`, as it works for `program`.
    pub fn new<F: Files>(files: &F, path: &[u8], program: &Elf) -> Self {
        let bytes = files.read_path(path);
        let bytes = bytes.as_deref().unwrap_or_default();
        let flavor = flavor(path, bytes);
        let mut loader = Self {
            flavor,
            path: path.to_vec(),
            machine: Machine::of(program),
            default_directories: Vec::new(),
            lib: Vec::new(),
            platforms: system::platforms(program),
            legacy_subdirectories: system::legacy_subdirectories(program),
            cache: None,
            cache_abi: system::cache_abi(program),
            configured: Vec::new(),
            musl_path: None,
            reads: Vec::new(),
        };
        match flavor {
            Flavor::Glibc => loader.read_glibc(files, bytes, program),
            Flavor::Musl => loader.read_musl(files, bytes),
        }
        loader
    }

    /// Where a library's loader would be if a program of its kind loaded it.
    pub fn conventional_paths(library: &Elf) -> Vec<Vec<u8>> {
        system::conventional_loaders(library)
    }

    /// Whether this loader takes files of that kind.
    pub fn fits(&self, elf: &Elf) -> bool {
        self.machine == Machine::of(elf)
    }

    /// The libraries of `/etc/ld.so.preload`: parted by blanks or colons, comments left out. musl has no such file.
    pub fn preload_file<F: Files>(&self, files: &F) -> Vec<Vec<u8>> {
        if self.flavor == Flavor::Musl {
            return Vec::new();
        }
        let text = files.read_path(PRELOAD);
        let lines = text.as_deref().unwrap_or_default().split(|&byte| byte == b'\n');
        let lines = lines.map(|line| line.split(|&byte| byte == b'#').next().unwrap_or_default());
        lines.flat_map(preload_list).collect()
    }

    fn read_glibc<F: Files>(&mut self, files: &F, bytes: &[u8], program: &Elf) {
        self.lib = system::built_in_lib(bytes, program);
        self.default_directories = system::built_in_directories(bytes);
        if self.default_directories.is_empty() {
            self.default_directories = system::default_directories(program);
        }
        self.cache = files.read_path(CACHE).and_then(|bytes| Cache::parse(&bytes, program.endian).ok());
        if self.cache.is_none() {
            self.configured = configured_directories(files, CONFIGURATION);
        }
        self.reads = [CACHE, CONFIGURATION, PRELOAD].map(<[u8]>::to_vec).to_vec();
    }

    fn read_musl<F: Files>(&mut self, files: &F, bytes: &[u8]) {
        if let Some(path) = musl::path_file(&self.path, bytes) {
            self.musl_path = files.read_path(&path).map(|bytes| bytes.to_vec());
            self.reads = vec![path];
        }
    }
}

/// The libraries of `LD_PRELOAD` or of a line of the preload file.
pub(super) fn preload_list(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let separator = |byte: &u8| byte.is_ascii_whitespace() || *byte == b':';
    text.split(separator).filter(|name| !name.is_empty()).map(<[u8]>::to_vec)
}

/// musl's loader has its path file's name in it; so has the stand-in for glibc's loader that Alpine's gcompat
/// brings, which starts musl's.
fn flavor(path: &[u8], bytes: &[u8]) -> Flavor {
    let is_musl = file_name(path).starts_with(b"ld-musl-") || memchr::memmem::find(bytes, b"ld-musl-").is_some();
    if is_musl { Flavor::Musl } else { Flavor::Glibc }
}

/// The directory in front of the directory of a path: `/opt` for `/opt/lib/ld-musl-x86_64.so.1`, empty for `/lib/…`.
pub(super) fn prefix(path: &[u8]) -> &[u8] {
    match parent(parent(path)) {
        b"/" | b"." => b"",
        prefix => prefix,
    }
}
