//! A directory of the host as a root directory, read lazily: only requested files are accessed.
//!
//! The kernel resolves paths inside it (`openat2` with `RESOLVE_IN_ROOT`), so no symlink leads out.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::ops::Deref;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use memmap2::Mmap;
use rustix::fs::{FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use walkdir::WalkDir;

use super::source::Source;
use super::table::Table;
use crate::elf::{self, Elf, ElfError, Files, Kind, Privileges, Versions};

/// The files below a directory. Each is read once, even if it has several names.
#[derive(Debug)]
pub struct Host {
    root: OwnedFd,
    path: PathBuf,
    /// Whether it is the root directory of this process, where paths are resolved normally.
    is_own: bool,
    /// Paths that were looked up, and their entries.
    known: RwLock<HashMap<Vec<u8>, Kind<FileId>>>,
    /// By device and inode number.
    ids: RwLock<HashMap<(u64, u64), FileId>>,
    files: Table<Row>,
}

/// The index of a file that was looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(usize);

#[derive(Debug)]
struct Row {
    /// One of its paths.
    path: Vec<u8>,
    mode: u32,
    uid: u32,
    gid: u32,
    size: u64,
    facts: OnceLock<Result<(Elf, Versions), ElfError>>,
}

/// Maximum number of symlinks that are followed in a path: the limit of Linux.
const MAX_LINKS: usize = 40;

impl Host {
    /// Opens the directory at a path. Fails if there is none, and on kernels before 5.6, which
    /// cannot resolve paths inside it.
    pub fn open(path: &Path) -> io::Result<Self> {
        // `O_PATH` needs no permission to read the directory.
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(path, flags, Mode::empty())?;
        let host = Self {
            root,
            path: path.to_owned(),
            is_own: path == Path::new("/"),
            known: RwLock::default(),
            ids: RwLock::default(),
            files: Table::new(),
        };
        // This first lookup fails if the kernel does not support `openat2`, so that later errors
        // mean missing files.
        host.open_at(b"/", OFlags::PATH)?;
        Ok(host)
    }

    fn open_at(&self, path: &[u8], flags: OFlags) -> rustix::io::Result<OwnedFd> {
        // Magic links of `/proc` lead out of the root without being resolved as paths.
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        rustix::fs::openat2(
            &self.root,
            path,
            flags | OFlags::CLOEXEC,
            Mode::empty(),
            resolve,
        )
    }

    /// Looks up an entry without opening it, because opening a device could have side effects.
    fn stat(&self, path: &[u8]) -> rustix::io::Result<rustix::fs::Stat> {
        // In the root directory of this process, a plain `stat` returns the same result with fewer
        // system calls.
        if self.is_own && path.starts_with(b"/") {
            return rustix::fs::stat(path);
        }
        rustix::fs::fstat(self.open_at(path, OFlags::PATH)?)
    }

    fn look_up(&self, path: &[u8]) -> Kind<FileId> {
        let stat = match self.stat(path) {
            Ok(stat) => stat,
            Err(Errno::LOOP) => return Kind::Loop,
            Err(_) => return Kind::Missing,
        };
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => self.identify(path, &stat).map_or(Kind::Missing, Kind::File),
            FileType::Directory => Kind::Directory,
            _ => Kind::Special,
        }
    }

    fn identify(&self, path: &[u8], stat: &rustix::fs::Stat) -> Option<FileId> {
        let identity = (stat.st_dev, stat.st_ino);
        if let Some(&id) = read_lock(&self.ids).get(&identity) {
            return Some(id);
        }
        // Another thread may have added the file between the two locks.
        let mut ids = write_lock(&self.ids);
        if let Some(&id) = ids.get(&identity) {
            return Some(id);
        }
        let row = Row {
            path: path.to_vec(),
            mode: stat.st_mode,
            uid: stat.st_uid,
            gid: stat.st_gid,
            size: u64::try_from(stat.st_size).unwrap_or_default(),
            facts: OnceLock::new(),
        };
        let id = FileId(self.files.push(row)?);
        ids.insert(identity, id);
        Some(id)
    }

    fn open_file(&self, file: FileId) -> Option<File> {
        // The entry may have been replaced by a pipe or a terminal since it was looked up, and
        // opening it must not block.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        self.open_at(&self.files.get(file.0)?.path, flags)
            .ok()
            .map(File::from)
    }

    fn facts(&self, file: FileId) -> Result<&(Elf, Versions), ElfError> {
        let row = self.files.get(file.0).ok_or(ElfError::Unreadable)?;
        row.facts
            .get_or_init(|| self.parse(file))
            .as_ref()
            .map_err(Clone::clone)
    }

    fn parse(&self, file: FileId) -> Result<(Elf, Versions), ElfError> {
        let bytes = self.read(file).ok_or(ElfError::Unreadable)?;
        let elf = elf::parse(&bytes)?;
        let versions = elf.versions(&bytes);
        Ok((elf, versions))
    }

    /// The target of a symlink; `None` for other files.
    fn link(&self, path: &[u8]) -> Option<Vec<u8>> {
        // An empty path makes `readlinkat` read the link that the descriptor itself refers to.
        let link = self.open_at(path, OFlags::PATH | OFlags::NOFOLLOW).ok()?;
        rustix::fs::readlinkat(&link, "", Vec::new())
            .ok()
            .map(std::ffi::CString::into_bytes)
    }
}

/// Size up to which a file is read instead of mapped: mapping it costs more, because all processors
/// must be interrupted when the mapping is removed.
const FEW_BYTES: u64 = 128 << 10;

enum Content {
    Read(Vec<u8>),
    Mapped(Mmap),
}

impl Deref for Content {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Read(bytes) => bytes,
            Self::Mapped(map) => map,
        }
    }
}

impl Files for Host {
    type Id = FileId;

    fn look(&self, path: &[u8]) -> Kind<FileId> {
        if let Some(&known) = read_lock(&self.known).get(path) {
            return known;
        }
        // The file system is accessed without the lock; two threads may look up the same path, with
        // the same result.
        let kind = self.look_up(path);
        write_lock(&self.known).insert(path.to_vec(), kind);
        kind
    }

    fn list(&self, directory: &[u8]) -> Vec<Vec<u8>> {
        let opened = self.open_at(directory, OFlags::RDONLY | OFlags::DIRECTORY);
        let Ok(entries) = opened.and_then(rustix::fs::Dir::read_from) else {
            return Vec::new();
        };
        let names = entries.filter_map(|entry| Some(entry.ok()?.file_name().to_bytes().to_vec()));
        let mut names: Vec<_> = names.filter(|name| name != b"." && name != b"..").collect();
        names.sort();
        names
    }

    fn read(&self, file: FileId) -> Option<impl Deref<Target = [u8]>> {
        let (opened, size) = (self.open_file(file)?, self.files.get(file.0)?.size);
        if size > FEW_BYTES {
            return crate::image::map_length(&opened, size)
                .ok()
                .map(Content::Mapped);
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).ok()?);
        opened
            // A file that grows while it is read is truncated to the size that it had at lookup.
            .take(size)
            .read_to_end(&mut bytes)
            .ok()
            .map(|_| Content::Read(bytes))
    }

    fn elf(&self, file: FileId) -> Result<&Elf, ElfError> {
        self.facts(file).map(|(elf, _)| elf)
    }

    fn real_path(&self, path: &[u8]) -> Option<Vec<u8>> {
        let mut real: Vec<u8> = Vec::new();
        let mut rest: Vec<Vec<u8>> = path
            .rsplit(|&byte| byte == b'/')
            .map(<[u8]>::to_vec)
            .collect();
        let mut links = 0;
        // Components are resolved one by one, because the kernel does not report the path of a file
        // opened with `openat2` inside a root.
        while let Some(component) = rest.pop() {
            match &component[..] {
                b"" | b"." => continue,
                b".." => {
                    // `..` is resolved after the symlinks before it, as the kernel does.
                    real.truncate(memchr::memrchr(b'/', &real).unwrap_or(0));
                    continue;
                }
                _ => {}
            }
            let next = [&real, &b"/"[..], &component].concat();
            match self.link(&next) {
                Some(_) if links == MAX_LINKS => return None,
                Some(target) => {
                    links += 1;
                    // An absolute target starts at the root directory that was opened.
                    if target.starts_with(b"/") {
                        real.clear();
                    }
                    rest.extend(target.rsplit(|&byte| byte == b'/').map(<[u8]>::to_vec));
                }
                None => real = next,
            }
        }
        if self.look(&real) == Kind::Missing {
            return None;
        }
        Some(real)
    }

    fn privileges(&self, file: FileId) -> Privileges {
        let Some(row) = self.files.get(file.0) else {
            return Privileges::default();
        };
        let mut privileges = Privileges::default();
        // `S_ISUID` and, below, `S_ISGID`.
        if row.mode & 0o4000 != 0 {
            privileges.setuid = Some(row.uid.into());
        }
        if row.mode & 0o2000 != 0 {
            privileges.setgid = Some(row.gid.into());
        }
        privileges
    }

    fn has_capabilities(&self, file: FileId) -> bool {
        self.open_file(file).is_some_and(|file| {
            // With an empty buffer, the call only returns the size.
            let size = rustix::fs::fgetxattr(&file, "security.capability", &mut [0_u8; 0][..]);
            size.is_ok_and(|size| size > 0)
        })
    }
}

/// Locks a table for reading. No thread panics while it writes, so a poisoned table is whole.
fn read_lock<T>(table: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    table.read().unwrap_or_else(PoisonError::into_inner)
}

fn write_lock<T>(table: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    table.write().unwrap_or_else(PoisonError::into_inner)
}

impl Source for Host {
    fn versions(&self, file: FileId) -> Option<&Versions> {
        self.facts(file).ok().map(|(_, versions)| versions)
    }

    /// Other file systems, such as `/proc`, are not entered.
    fn executables(&self) -> Vec<Vec<u8>> {
        let mut paths = Vec::new();
        // Programs in a directory that is not readable are not found.
        for entry in WalkDir::new(&self.path)
            .same_file_system(true)
            .into_iter()
            .filter_map(Result::ok)
        {
            let is_executable = entry.file_type().is_file()
                && entry
                    .metadata()
                    .is_ok_and(|metadata| metadata.mode() & 0o111 != 0);
            if is_executable && let Ok(below) = entry.path().strip_prefix(&self.path) {
                let below = below.to_owned().into_os_string().into_vec();
                paths.push([b"/", &below[..]].concat());
            }
        }
        paths.sort();
        paths
    }
}
