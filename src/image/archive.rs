//! A tar archive that is read in place: a sequence of entries, with their headers and the locations
//! of their contents.
//!
//! The `tar` crate lays out the fields. The walk over the blocks is our own, because that crate
//! reads extension headers of any size into memory, ends PAX records at the first line feed (a file
//! capability may contain one) and does not support PAX sparse files.
//!
//! If the formats are ambiguous, this reader behaves like Go's `archive/tar`, which Docker,
//! containerd and Podman use to read every layer. An entry that GNU tar or Python's `tarfile` would
//! interpret differently is refused: a scanner and a container must see the same files.

use std::collections::HashMap;

use tar::{EntryType, Header as Block};

use super::blob::Blob;
use super::error::{EntryError, Fault};
use super::limits::Limits;
use super::sparse;
use super::tree::{Content, Header, Kind, XATTR};

const BLOCK: usize = 512;
/// Extended attributes of a file: real ones have a few. Linux lists at most 64 KiB of names.
const MAX_ATTRIBUTES: usize = 1000;

/// An entry, with its name as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub name: Vec<u8>,
    /// The offset of its first header.
    pub place: u64,
    pub header: Header,
    pub node: Node,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Inode(Kind),
    HardLink { target: Vec<u8> },
}

impl Entry {
    /// Its approximate size on the heap, in bytes.
    pub(super) fn weight(&self) -> u64 {
        let node = match &self.node {
            Node::HardLink { target } | Node::Inode(Kind::Symlink { target }) => target.len(),
            Node::Inode(Kind::File(Content::Sparse { pieces, .. })) => {
                pieces.len() * size_of::<(u64, u64, u64)>()
            }
            Node::Inode(_) => 0,
        };
        let pax: usize = self
            .header
            .pax
            .iter()
            .map(|record| size_of_val(record) + record.0.len() + record.1.len())
            .sum();
        (self.name.len() + node + pax) as u64
    }
}

/// An iterator over the entries of an archive; the first error is the last item.
#[derive(Debug)]
pub(super) struct Entries<'a> {
    archive: Window<'a>,
    at: u64,
    limits: &'a Limits,
    over: bool,
}

/// The part of an archive that was read last, so that entries close to each other take one read.
#[derive(Debug)]
struct Window<'a> {
    blob: &'a Blob,
    start: u64,
    bytes: Vec<u8>,
}

// Layers have thousands of small files: one system call per header would dominate the run time.
const WINDOW: usize = 16 << 10;
/// Number of bytes to read after a large file, whose neighbor is probably large too.
const NARROW: usize = 2 << 10;

impl Window<'_> {
    fn block(&mut self, at: u64) -> Result<&[u8; BLOCK], Fault> {
        let end = self.start + self.bytes.len() as u64;
        if at < self.start || at + BLOCK as u64 > end {
            let is_near = at >= self.start && at < end + WINDOW as u64;
            self.bytes.resize(if is_near { WINDOW } else { NARROW }, 0);
            self.start = at;
            let count = self
                .blob
                .read_at(&mut self.bytes, at)
                .map_err(|error| Fault::Unreadable(error.to_string()))?;
            self.bytes.truncate(count);
        }
        let offset = usize::try_from(at - self.start).unwrap_or(usize::MAX);
        let block = self.bytes.get(offset..).and_then(<[u8]>::first_chunk);
        block.ok_or_else(|| Fault::Truncated {
            needed: BLOCK as u64,
            left: self.blob.size() - at,
        })
    }
}

/// The extension headers that precede an entry.
#[derive(Default)]
struct Extension {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    pax: Option<Vec<(String, Vec<u8>)>>,
}

impl Extension {
    fn is_empty(&self) -> bool {
        self.name.is_none() && self.link.is_none() && self.pax.is_none()
    }
}

/// Stores the content of an extension header. Refuses a second one of its kind: Go takes the last,
/// Python the first.
fn set_once<T>(place: &mut Option<T>, value: T) -> Result<(), Fault> {
    if place.replace(value).is_some() {
        return Err(Fault::SeveralExtensions);
    }
    Ok(())
}

impl<'a> Entries<'a> {
    pub(super) fn new(archive: &'a Blob, limits: &'a Limits) -> Self {
        let archive = Window {
            blob: archive,
            start: 0,
            bytes: Vec::new(),
        };
        Self {
            archive,
            at: 0,
            limits,
            over: false,
        }
    }
}

impl Iterator for Entries<'_> {
    type Item = Result<Entry, EntryError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let place = self.at;
        let mut name = None;
        let entry = self
            .entry(place, &mut name)
            .map_err(|fault| EntryError { name, place, fault })
            .transpose();
        // After an error, the position is meaningless: arbitrary data would be read as headers.
        self.over = !matches!(entry, Some(Ok(_)));
        entry
    }
}

impl Entries<'_> {
    /// The next entry; none at the end. Sets `name` as soon as it is known.
    fn entry(&mut self, place: u64, name: &mut Option<Vec<u8>>) -> Result<Option<Entry>, Fault> {
        let mut extension = Extension::default();
        loop {
            let Some(block) = self.header()? else {
                // Extension headers at the end have no entry: the archive was truncated.
                return if extension.is_empty() {
                    Ok(None)
                } else {
                    Err(Fault::Dangling)
                };
            };
            match block.entry_type() {
                EntryType::GNULongName => set_once(&mut extension.name, self.text(&block)?)?,
                EntryType::GNULongLink => set_once(&mut extension.link, self.text(&block)?)?,
                EntryType::XHeader => {
                    set_once(&mut extension.pax, pax_records(&self.payload(&block)?)?)?;
                }
                // Go's reader treats a global header as an entry, so it discards the extension
                // headers before it.
                EntryType::XGlobalHeader if !extension.is_empty() => {
                    return Err(Fault::GlobalHeaderBetween);
                }
                // `git archive` writes one with the commit in a comment, which is irrelevant here.
                EntryType::XGlobalHeader => check_global(&pax_records(&self.payload(&block)?)?)?,
                _ => return self.described(&block, extension, place, name).map(Some),
            }
        }
    }

    fn described(
        &mut self,
        block: &Block,
        extension: Extension,
        place: u64,
        known_name: &mut Option<Vec<u8>>,
    ) -> Result<Entry, Fault> {
        let mut pax = Pax::new(extension.pax.unwrap_or_default())?;
        let sparse = sparse::Records::take(&mut pax.records)?;
        let name = one_of(extension.name.clone(), pax.take("path"))?;
        let name = match sparse.name().map(<[u8]>::to_vec) {
            // GNU tar also gives a sparse file a made-up name, `GNUSparseFile.PID/…`, for readers
            // that do not support the format.
            Some(real) => one_of(extension.name, Some(real))?,
            None => name,
        };
        let name = name.map_or_else(|| name_in_header(block), Ok)?;
        // From here on errors can name the entry.
        *known_name = Some(name.clone());
        self.check_path("name", &name)?;
        let link = one_of(extension.link, pax.take("linkpath"))?
            .unwrap_or_else(|| until_zero(&block.as_old().linkname).to_vec());
        let size = size(block, pax.take("size"))?;
        let header = header(block, &mut pax)?;
        let is_directory = is_directory(block, &name);
        check_sparse(block.entry_type(), is_directory, &sparse)?;
        check_slash(block, &name)?;
        let kind = match block.entry_type() {
            // The oldest format marks a directory only by the slash at the end of its name.
            EntryType::Regular if is_directory => Kind::Directory,
            EntryType::Regular => Kind::File(self.content(sparse, size)?),
            EntryType::GNUSparse => Kind::File(self.gnu_sparse(block, size)?),
            EntryType::Directory => Kind::Directory,
            EntryType::Symlink => Kind::Symlink {
                target: self.link_target(link)?,
            },
            EntryType::Link => {
                let node = Node::HardLink {
                    target: self.link_target(link)?,
                };
                return Ok(Entry {
                    name,
                    place,
                    header,
                    node,
                });
            }
            EntryType::Char => {
                let (major, minor) = device(block)?;
                Kind::Character { major, minor }
            }
            EntryType::Block => {
                let (major, minor) = device(block)?;
                Kind::Block { major, minor }
            }
            EntryType::Fifo => Kind::Fifo,
            // Go passes unknown types on and engines skip or refuse them; GNU tar extracts them as
            // files. Contiguous files, which were meant for a real-time system, are refused too.
            other => return Err(Fault::UnknownType(other.as_byte())),
        };
        Ok(Entry {
            name,
            place,
            header,
            node: Node::Inode(kind),
        })
    }

    fn content(&mut self, sparse: sparse::Records, size: u64) -> Result<Content, Fault> {
        let offset = self.at;
        self.skip(size)?;
        // The map of format 1.0 is the first part of the data. It contains its own length, so the
        // read is limited to the largest map that is accepted.
        let map = if sparse.has_map_in_data() {
            self.read(offset, size.min(sparse::MAX_MAP))?
        } else {
            Vec::new()
        };
        sparse.content(&map, size, offset)
    }

    /// The old GNU format: the map is in the header and in blocks after it.
    fn gnu_sparse(&mut self, block: &Block, size: u64) -> Result<Content, Fault> {
        let gnu = block.as_gnu().ok_or(Fault::SparseMap)?;
        let mut map = Vec::new();
        let mut more = gnu.isextended[0] != 0;
        collect_pieces(&gnu.sparse, &mut map)?;
        while more {
            // 21 pieces with an offset and a length of 12 bytes each, then the flag.
            let block = *self.archive.block(self.at)?;
            self.skip(BLOCK as u64)?;
            for piece in block[..504].chunks_exact(24) {
                map.extend(piece_of(&piece[..12], &piece[12..])?);
            }
            more = block[504] != 0;
            // There are more blocks as long as the flag is set.
            if map.len() > sparse::MAX_PIECES {
                return Err(Fault::SparseMap);
            }
        }
        let length = unsigned(&gnu.realsize, "size")?;
        let offset = self.at;
        self.skip(size)?;
        sparse::pieces(&map, length, offset, size)
    }

    fn link_target(&self, target: Vec<u8>) -> Result<Vec<u8>, Fault> {
        if target.is_empty() {
            return Err(Fault::EmptyLink);
        }
        self.check_path("link", &target)?;
        Ok(target)
    }

    fn check_path(&self, what: &'static str, path: &[u8]) -> Result<(), Fault> {
        // Readers written in C end the path there, so they would see another file.
        if path.contains(&0) {
            return Err(Fault::ZeroByte(what));
        }
        if path.len() > self.limits.path {
            return Err(Fault::TooLong {
                what,
                size: path.len() as u64,
                limit: self.limits.path as u64,
            });
        }
        let components = path
            .split(|&byte| byte == b'/')
            .filter(|component| !matches!(*component, b"" | b"."));
        // The target of a link creates no directories, so only names are limited in depth.
        if what == "name" && components.count() > self.limits.depth {
            return Err(Fault::TooDeep(self.limits.depth));
        }
        Ok(())
    }

    /// The next header; `None` at the end of the archive, which is marked by two blocks of zeros or
    /// the end of the data.
    fn header(&mut self) -> Result<Option<Block>, Fault> {
        if self.at >= self.archive.blob.size() {
            return Ok(None);
        }
        let bytes = *self.archive.block(self.at)?;
        self.skip(BLOCK as u64)?;
        // Two blocks of zeros end an archive. One alone ends it for some readers, while others skip
        // it and read on, so the next block must be zeros too, or be missing.
        if bytes.iter().all(|&byte| byte == 0) {
            let left = self.archive.blob.size() - self.at;
            let next = self.read(self.at, left.min(BLOCK as u64))?;
            return if next.iter().all(|&byte| byte == 0) {
                Ok(None)
            } else {
                Err(Fault::LoneZeroBlock)
            };
        }
        let mut block = Block::new_old();
        block.as_mut_bytes().copy_from_slice(&bytes);
        if has_valid_checksum(&block, &bytes) {
            Ok(Some(block))
        } else {
            Err(Fault::Checksum)
        }
    }

    /// The content of an extension header.
    fn payload(&mut self, block: &Block) -> Result<Vec<u8>, Fault> {
        let size = unsigned(&block.as_old().size, "size")?;
        let limit = self.limits.header;
        // Readers keep these headers in memory, so an archive could exhaust it.
        if size > limit {
            return Err(Fault::TooLong {
                what: "extension header",
                size,
                limit,
            });
        }
        let offset = self.at;
        self.skip(size)?;
        self.read(offset, size)
    }

    /// A GNU long name. It ends at the first zero byte.
    fn text(&mut self, block: &Block) -> Result<Vec<u8>, Fault> {
        Ok(until_zero(&self.payload(block)?).to_vec())
    }

    /// Skips `size` bytes and the padding of the last block, which may be missing at the end of an
    /// archive.
    fn skip(&mut self, size: u64) -> Result<(), Fault> {
        let left = self.archive.blob.size() - self.at;
        if size > left {
            return Err(Fault::Truncated { needed: size, left });
        }
        self.at += size.next_multiple_of(BLOCK as u64).min(left);
        Ok(())
    }

    /// Reads bytes that the archive is known to have.
    fn read(&mut self, offset: u64, size: u64) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::new();
        for at in (offset..offset + size).step_by(BLOCK) {
            let left = offset + size - at;
            if left < BLOCK as u64 {
                let mut rest = vec![0; usize::try_from(left).unwrap_or_default()];
                // The last block of an archive may be incomplete, so it cannot be read through the
                // window.
                self.archive
                    .blob
                    .read_at(&mut rest, at)
                    .map_err(|error| Fault::Unreadable(error.to_string()))?;
                bytes.extend_from_slice(&rest);
            } else {
                bytes.extend_from_slice(self.archive.block(at)?);
            }
        }
        Ok(bytes)
    }
}

/// Whether the checksum of a header is right: the sum of its bytes, with spaces in place of the
/// checksum itself.
fn has_valid_checksum(block: &Block, bytes: &[u8; BLOCK]) -> bool {
    let Some(expected) = octal(&block.as_old().cksum) else {
        return false;
    };
    let (mut unsigned, mut signed) = (0_i64, 0_i64);
    for &byte in bytes[..148].iter().chain(&[b' '; 8]).chain(&bytes[156..]) {
        unsigned += i64::from(byte);
        // Some old writers added the bytes as signed ones, and Go accepts that too.
        signed += i64::from(byte.cast_signed());
    }
    expected == unsigned || expected == signed
}

/// The text in a field.
fn until_zero(field: &[u8]) -> &[u8] {
    let end = field.iter().position(|&byte| byte == 0);
    &field[..end.unwrap_or(field.len())]
}

/// The value in either of two extension headers, which must agree: if they differ, Go uses GNU's
/// and GNU tar uses PAX's.
fn one_of(first: Option<Vec<u8>>, second: Option<Vec<u8>>) -> Result<Option<Vec<u8>>, Fault> {
    match (first, second) {
        (Some(first), Some(second)) if first != second => Err(Fault::SeveralNames),
        (first, second) => Ok(first.or(second)),
    }
}

/// The name in a plain header. POSIX has a field for its first part, which GNU's own format uses
/// for times; Python joins the two regardless of the format.
fn name_in_header(block: &Block) -> Result<Vec<u8>, Fault> {
    let bytes = block.as_bytes();
    let (name, prefix) = (until_zero(&bytes[..100]), until_zero(&bytes[345..500]));
    let is_star = bytes.ends_with(b"tar\0");
    match Magic::of(block) {
        _ if prefix.is_empty() => Ok(name.to_vec()),
        // In the `star` format, the prefix is shorter.
        Magic::Posix if is_star && prefix.len() > 131 => Err(Fault::Prefix),
        Magic::Posix => Ok([prefix, b"/", name].concat()),
        // GNU's own format has two times there, which are numbers. If one is not a number, Go reads
        // a prefix after all.
        Magic::Gnu if is_time(&bytes[345..357]) && is_time(&bytes[357..369]) => Ok(name.to_vec()),
        Magic::Gnu | Magic::Old => Err(Fault::Prefix),
    }
}

/// Whether a field is empty or a number.
fn is_time(field: &[u8]) -> bool {
    field[0] == 0 || number(field).is_some()
}

/// The format of a header as Go detects it: the version of POSIX headers is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Magic {
    Posix,
    Gnu,
    Old,
}

impl Magic {
    fn of(block: &Block) -> Self {
        match &block.as_bytes()[257..265] {
            [b'u', b's', b't', b'a', b'r', 0, ..] => Self::Posix,
            b"ustar  \0" => Self::Gnu,
            _ => Self::Old,
        }
    }
}

/// The bytes of content that follow a header. Only a size that does not fit in the header may be
/// given only in a PAX record: readers without PAX support would parse the content as entries.
fn size(block: &Block, record: Option<Vec<u8>>) -> Result<u64, Fault> {
    const MOST_IN_OCTAL: u64 = 0o77_777_777_777;
    let in_header = unsigned(&block.as_old().size, "size")?;
    let Some(record) = record else {
        return Ok(in_header);
    };
    let size = decimal(&record).ok_or(Fault::Number("size"))?;
    // A size that fits into the field must be the same in both places.
    if size != in_header && size <= MOST_IN_OCTAL {
        return Err(Fault::Sizes {
            record: size,
            header: in_header,
        });
    }
    Ok(size)
}

/// Whether an entry is a directory: the oldest format has no type for it, but a slash.
fn is_directory(block: &Block, name: &[u8]) -> bool {
    // A NUL in place of a type indicates the format of Seventh Edition Unix.
    let is_old = block.as_old().linkflag[0] == 0;
    block.entry_type() == EntryType::Directory || (is_old && name.ends_with(b"/"))
}

fn has_content(kind: EntryType) -> bool {
    matches!(kind, EntryType::Regular | EntryType::GNUSparse)
}

/// Refuses sparse records on an entry without content, and a second map in addition to GNU's own.
fn check_sparse(
    kind: EntryType,
    is_directory: bool,
    sparse: &sparse::Records,
) -> Result<(), Fault> {
    let has_room = !is_directory && has_content(kind) && kind != EntryType::GNUSparse;
    if sparse.is_present() && !has_room {
        return Err(Fault::SparseMap);
    }
    Ok(())
}

/// Refuses files whose names end in a slash: GNU tar treats them as directories, and so does Python
/// for the short name in the oldest format.
fn check_slash(block: &Block, name: &[u8]) -> Result<(), Fault> {
    let ends = name.ends_with(b"/");
    let old = block.as_old();
    let is_wrong = if old.linkflag[0] == 0 {
        ends != until_zero(&old.name).ends_with(b"/")
    } else {
        ends && has_content(block.entry_type())
    };
    if is_wrong {
        return Err(Fault::FileWithSlash);
    }
    Ok(())
}

/// Refuses global records that describe entries: GNU tar and Python apply them to every entry that
/// follows, container engines do not.
fn check_global(records: &[(String, Vec<u8>)]) -> Result<(), Fault> {
    match records.iter().find(|(key, _)| describes_entry(key)) {
        Some((key, _)) => Err(Fault::GlobalRecord(key.clone())),
        None => Ok(()),
    }
}

fn collect_pieces(pieces: &[tar::GnuSparseHeader], map: &mut Vec<(u64, u64)>) -> Result<(), Fault> {
    for piece in pieces {
        map.extend(piece_of(&piece.offset, &piece.numbytes)?);
    }
    Ok(())
}

/// The offset and length of a piece; `None` if the fields are unused.
fn piece_of(offset: &[u8], length: &[u8]) -> Result<Option<(u64, u64)>, Fault> {
    if offset[0] == 0 || length[0] == 0 {
        return Ok(None);
    }
    Ok(Some((
        unsigned(offset, "sparse offset")?,
        unsigned(length, "sparse length")?,
    )))
}

/// PAX records, which are read one after another. The remaining records are written back unchanged.
struct Pax {
    records: Vec<(String, Vec<u8>)>,
}

impl Pax {
    /// Refuses several records with the same key and different values, because not all readers use
    /// the last one. Records of sparse maps may be repeated.
    fn new(all: Vec<(String, Vec<u8>)>) -> Result<Self, Fault> {
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut records: Vec<(String, Vec<u8>)> = Vec::new();
        for (key, value) in all {
            if !sparse::repeats(&key) {
                if let Some(&place) = places.get(&key) {
                    // A repeated identical record is harmless, and some writers produce it.
                    if records[place].1 != value {
                        return Err(Fault::RepeatedRecord(key));
                    }
                    continue;
                }
                places.insert(key.clone(), records.len());
            }
            records.push((key, value));
        }
        Ok(Self { records })
    }

    /// An empty value means that the field of the plain header counts.
    fn take(&mut self, key: &str) -> Option<Vec<u8>> {
        let place = self.records.iter().position(|(known, _)| known == key)?;
        let (_, value) = self.records.remove(place);
        if value.is_empty() { None } else { Some(value) }
    }
}

/// Parses records of the form `LENGTH KEY=VALUE\n`, in which the length counts every byte of the
/// record.
fn pax_records(mut bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, Fault> {
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let space = bytes
            .iter()
            .take(20)
            .position(|&byte| byte == b' ')
            .ok_or(Fault::PaxRecord)?;
        let length = decimal(&bytes[..space]).and_then(|length| usize::try_from(length).ok());
        let record = length
            .and_then(|length| bytes.get(space + 1..length))
            .ok_or(Fault::PaxRecord)?;
        bytes = &bytes[space + 1 + record.len()..];
        // The end of the value is determined by the length, not by the first line feed: the binary
        // value of a file capability may contain one.
        let record = record.strip_suffix(b"\n").ok_or(Fault::PaxRecord)?;
        let equals = record
            .iter()
            .position(|&byte| byte == b'=')
            .ok_or(Fault::PaxRecord)?;
        let key = str::from_utf8(&record[..equals]).map_err(|_| Fault::PaxRecord)?;
        if key.is_empty() || key.contains('\0') {
            return Err(Fault::PaxRecord);
        }
        // A comment of a megabyte shrinks to a kilobyte in the blob, and would be kept in memory.
        // No reader makes anything of it.
        if key != "comment" {
            records.push((key.to_owned(), record[equals + 1..].to_vec()));
        }
    }
    Ok(records)
}

/// Whether a record is one of the standard records of an entry, a sparse map, an extended attribute
/// or a file flag.
fn describes_entry(key: &str) -> bool {
    const STANDARD: [&str; 10] = [
        "path", "linkpath", "size", "uid", "gid", "uname", "gname", "mtime", "atime", "ctime",
    ];
    const PREFIXES: [&str; 3] = ["GNU.", "SCHILY.", "LIBARCHIVE."];
    let has_prefix = PREFIXES.iter().any(|prefix| key.starts_with(prefix));
    has_prefix || STANDARD.contains(&key)
}

fn header(block: &Block, pax: &mut Pax) -> Result<Header, Fault> {
    let old = block.as_old();
    let mode = unsigned(&old.mode, "mode")?;
    let uid = owner_id(pax.take("uid"), &old.uid, "user ID")?;
    let gid = owner_id(pax.take("gid"), &old.gid, "group ID")?;
    // The oldest format has no owner names: these bytes are padding there.
    let names = match Magic::of(block) {
        Magic::Posix | Magic::Gnu => &block.as_bytes()[265..329],
        Magic::Old => &[0; 64],
    };
    let (user, group) = names.split_at(32);
    let user = pax
        .take("uname")
        .unwrap_or_else(|| until_zero(user).to_vec());
    let group = pax
        .take("gname")
        .unwrap_or_else(|| until_zero(group).to_vec());
    if user.contains(&0) || group.contains(&0) {
        return Err(Fault::ZeroByte("owner"));
    }
    let mtime = modification_time(&old.mtime, pax)?;
    check_attributes(pax)?;
    // The mask drops the type of the file, which some writers store above; the rest always fits.
    let mode = u32::try_from(mode & 0o7777).map_err(|_| Fault::Number("mode"))?;
    Ok(Header {
        mode,
        uid,
        gid,
        user,
        group,
        mtime,
        pax: std::mem::take(&mut pax.records),
    })
}

/// Refuses more extended attributes than a file can have: each hard link to the file compares them.
fn check_attributes(pax: &Pax) -> Result<(), Fault> {
    let keys = pax.records.iter().map(|(key, _)| key);
    if keys.filter(|key| key.starts_with(XATTR)).count() > MAX_ATTRIBUTES {
        return Err(Fault::TooManyAttributes(MAX_ATTRIBUTES));
    }
    Ok(())
}

/// A numeric owner: the field of the plain header has room for 2,097,151 only, so larger numbers
/// are in a record.
fn owner_id(record: Option<Vec<u8>>, field: &[u8], what: &'static str) -> Result<u64, Fault> {
    match record {
        Some(text) => decimal(&text).ok_or(Fault::Number(what)),
        None => unsigned(field, what),
    }
}

/// Whole seconds, rounded down. A record with a fraction is kept as well.
fn modification_time(field: &[u8], pax: &mut Pax) -> Result<i64, Fault> {
    let Some(place) = pax
        .records
        .iter()
        .position(|(key, value)| key == "mtime" && !value.is_empty())
    else {
        return number(field).ok_or(Fault::Number("modification time"));
    };
    let seconds = floor_seconds(&pax.records[place].1).ok_or(Fault::Number("modification time"))?;
    // The writer itself creates a record of whole seconds if they do not fit in the header.
    if pax.records[place].1 == seconds.to_string().as_bytes() {
        pax.records.remove(place);
    }
    Ok(seconds)
}

fn floor_seconds(text: &[u8]) -> Option<i64> {
    let text = str::from_utf8(text).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds: i64 = if whole == "-" { 0 } else { whole.parse().ok()? };
    // `-1.5` lies between -2 and -1, so its whole second is -2.
    let down = whole.starts_with('-') && fraction.bytes().any(|byte| byte != b'0');
    seconds.checked_sub(i64::from(down))
}

fn device(block: &Block) -> Result<(u32, u32), Fault> {
    // The oldest format has no devices, so these bytes are padding.
    if Magic::of(block) == Magic::Old {
        return Ok((0, 0));
    }
    let bytes = block.as_bytes();
    let major = device_number(&bytes[329..337])?;
    let minor = device_number(&bytes[337..345])?;
    Ok((major, minor))
}

fn device_number(field: &[u8]) -> Result<u32, Fault> {
    u32::try_from(unsigned(field, "device")?).map_err(|_| Fault::Number("device"))
}

fn unsigned(field: &[u8], what: &'static str) -> Result<u64, Fault> {
    number(field)
        .and_then(|value| u64::try_from(value).ok())
        .ok_or(Fault::Number(what))
}

/// A number in a header: octal digits or, if the first bit is set, binary.
fn number(field: &[u8]) -> Option<i64> {
    let (&first, rest) = field.split_first()?;
    if first & 0x80 != 0 {
        // Two's complement in all bits except that one. There are at most twelve bytes, so every
        // value fits in an `i128`.
        let sign = if first & 0x40 != 0 { 0x80 } else { 0 };
        let start = i128::from(first & 0x7f) - sign;
        let value = rest
            .iter()
            .fold(start, |value, &byte| value * 256 + i128::from(byte));
        return i64::try_from(value).ok();
    }
    octal(field)
}

/// Octal digits surrounded by spaces, up to a NUL. An empty field is zero. A NUL before the digits
/// ends the field for Python, but not for Go.
fn octal(field: &[u8]) -> Option<i64> {
    let start = field.iter().position(|byte| !matches!(byte, b' ' | 0));
    if start.is_some_and(|start| field[..start].contains(&0)) {
        return None;
    }
    let digits = until_zero(field).trim_ascii();
    digits.iter().try_fold(0_i64, |value, byte| match byte {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add(i64::from(byte - b'0')),
        _ => None,
    })
}

/// Only decimal digits, without sign or spaces.
pub(super) fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |value, byte| match byte {
        b'0'..=b'9' => value.checked_mul(10)?.checked_add(u64::from(byte - b'0')),
        _ => None,
    })
}
