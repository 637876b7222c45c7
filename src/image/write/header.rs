//! The header blocks of one entry: ustar, and PAX records for what does not fit into it.

use std::borrow::Cow;

use tar::{EntryType, Header as Block};

use super::super::tree::{Header, Kind};

/// What an entry is in the archive: an inode, or another name of one that stands before it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Node<'a> {
    Inode(&'a Kind),
    HardLink { target: &'a [u8] },
}

/// The largest number in eleven and in seven octal digits.
const MAX_LONG: u64 = 0o777_7777_7777;
const MAX_SHORT: u64 = 0o777_7777;

/// All blocks before the content of an entry. Names have no leading `/`; a directory's ends in one.
pub(super) fn blocks(name: &[u8], node: Node<'_>, header: &Header) -> Vec<u8> {
    let mut block = Block::new_ustar();
    let mut records: Vec<(&str, Vec<u8>)> = Vec::new();
    let link = match node {
        Node::HardLink { target } => target,
        Node::Inode(Kind::Symlink { target }) => target,
        Node::Inode(_) => b"",
    };
    block.set_entry_type(entry_type(node));
    block.set_mode(header.mode);
    let old = block.as_old_mut();
    text(&mut old.name, name, "path", &mut records);
    text(&mut old.linkname, link, "linkpath", &mut records);
    block.set_size(number(size(node), MAX_LONG, "size", &mut records));
    block.set_uid(number(header.uid, MAX_SHORT, "uid", &mut records));
    block.set_gid(number(header.gid, MAX_SHORT, "gid", &mut records));
    block.set_mtime(modification_time(header, &mut records));
    if let Some(ustar) = block.as_ustar_mut() {
        text(&mut ustar.uname, &header.user, "uname", &mut records);
        text(&mut ustar.gname, &header.group, "gname", &mut records);
        let (major, minor) = match node {
            Node::Inode(&(Kind::Character { major, minor } | Kind::Block { major, minor })) => {
                (major, minor)
            }
            _ => (0, 0),
        };
        ustar.dev_major = device(major);
        ustar.dev_minor = device(minor);
    }
    block.set_cksum();
    let mut blocks = pax(
        records.iter().map(|(key, value)| (*key, value.as_slice())),
        header,
    );
    blocks.extend_from_slice(block.as_bytes());
    blocks
}

pub(super) fn size(node: Node<'_>) -> u64 {
    match node {
        Node::Inode(Kind::File(content)) => content.length(),
        _ => 0,
    }
}

fn entry_type(node: Node<'_>) -> EntryType {
    match node {
        Node::HardLink { .. } => EntryType::Link,
        Node::Inode(kind) => match kind {
            Kind::File(_) => EntryType::Regular,
            Kind::Directory => EntryType::Directory,
            Kind::Symlink { .. } => EntryType::Symlink,
            Kind::Character { .. } => EntryType::Char,
            Kind::Block { .. } => EntryType::Block,
            Kind::Fifo => EntryType::Fifo,
        },
    }
}

/// Fills a field, or gives the record that takes its place.
fn text(
    field: &mut [u8],
    value: &[u8],
    key: &'static str,
    records: &mut Vec<(&'static str, Vec<u8>)>,
) {
    let fits = value.len() <= field.len();
    let shown = if fits { value.len() } else { field.len() };
    field[..shown].copy_from_slice(&value[..shown]);
    if !fits {
        records.push((key, value.to_vec()));
    }
}

/// What the field shall hold.
fn number(
    value: u64,
    most: u64,
    key: &'static str,
    records: &mut Vec<(&'static str, Vec<u8>)>,
) -> u64 {
    if value <= most {
        return value;
    }
    records.push((key, value.to_string().into_bytes()));
    0
}

/// Seven octal digits, or, as Go and GNU read it, a binary number after a set bit: PAX has no
/// record for it.
fn device(number: u32) -> [u8; 8] {
    let mut field = [0; 8];
    if u64::from(number) <= MAX_SHORT {
        field[..7].copy_from_slice(format!("{number:07o}").as_bytes());
    } else {
        field[0] = 0x80;
        field[4..].copy_from_slice(&number.to_be_bytes());
    }
    field
}

fn modification_time(header: &Header, records: &mut Vec<(&'static str, Vec<u8>)>) -> u64 {
    match u64::try_from(header.mtime) {
        Ok(seconds) if seconds <= MAX_LONG => seconds,
        _ => {
            if header.pax.iter().all(|(key, _)| key != "mtime") {
                records.push(("mtime", header.mtime.to_string().into_bytes()));
            }
            0
        }
    }
}

/// A header without times after the youngest, which is in seconds since 1970; borrowed where it has
/// none.
pub(super) fn clamped(header: &Header, youngest: Option<i64>) -> Cow<'_, Header> {
    let is_time = |key: &str| matches!(key, "mtime" | "atime" | "ctime");
    let Some(youngest) = youngest else {
        return Cow::Borrowed(header);
    };
    let is_young = |text: &[u8]| {
        let (whole, fraction) = text
            .iter()
            .position(|&byte| byte == b'.')
            .map_or((text, &[][..]), |at| text.split_at(at));
        let seconds = str::from_utf8(whole)
            .ok()
            .and_then(|seconds| seconds.parse::<i64>().ok());
        let has_rest = fraction.iter().any(|byte| !matches!(byte, b'.' | b'0'));
        seconds.is_some_and(|seconds| seconds > youngest || (seconds == youngest && has_rest))
    };
    let has_young = header
        .pax
        .iter()
        .any(|(key, value)| is_time(key) && is_young(value));
    if header.mtime <= youngest && !has_young {
        return Cow::Borrowed(header);
    }
    let mut header = header.clone();
    header.mtime = header.mtime.min(youngest);
    header
        .pax
        .retain(|(key, value)| key != "mtime" || !is_young(value));
    for (_, value) in header
        .pax
        .iter_mut()
        .filter(|(key, value)| is_time(key) && is_young(value))
    {
        *value = youngest.to_string().into_bytes();
    }
    Cow::Owned(header)
}

/// An extension header with these records and those that the entry came with; nothing where there
/// are none.
fn pax<'a>(records: impl Iterator<Item = (&'a str, &'a [u8])>, header: &'a Header) -> Vec<u8> {
    let kept = header
        .pax
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_slice()));
    let mut data = Vec::new();
    for (key, value) in records.chain(kept) {
        data.extend_from_slice(&record(key, value));
    }
    if data.is_empty() {
        return data;
    }
    let mut block = Block::new_ustar();
    block.set_entry_type(EntryType::XHeader);
    block.set_mode(0o644);
    let name = b"././@PaxHeader";
    block.as_old_mut().name[..name.len()].copy_from_slice(name);
    block.set_size(data.len() as u64);
    block.set_cksum();
    let mut blocks = block.as_bytes().to_vec();
    data.resize(data.len().next_multiple_of(512), 0);
    blocks.append(&mut data);
    blocks
}

/// `LENGTH KEY=VALUE\n`, where the length counts its own digits too.
fn record(key: &str, value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut length = rest;
    while rest + length.to_string().len() != length {
        length = rest + length.to_string().len();
    }
    let mut record = format!("{length} {key}=").into_bytes();
    record.extend_from_slice(value);
    record.push(b'\n');
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_counts_its_own_length() {
        assert_eq!(record("a", b"b"), b"6 a=b\n");
        for size in 0..1200 {
            let record = record("key", &vec![b'x'; size]);
            let length =
                String::from_utf8(record.split(|&byte| byte == b' ').next().unwrap().to_vec())
                    .unwrap();
            assert_eq!(length.parse::<usize>().unwrap(), record.len());
        }
    }

    #[test]
    fn what_fits_needs_no_extension_header() {
        let header = Header {
            mode: 0o644,
            uid: MAX_SHORT,
            mtime: 1,
            ..Header::default()
        };
        assert_eq!(
            blocks(&[b'a'; 100], Node::Inode(&Kind::Fifo), &header).len(),
            512
        );
        assert_eq!(
            blocks(&[b'a'; 101], Node::Inode(&Kind::Fifo), &header).len(),
            3 * 512
        );
    }
}
