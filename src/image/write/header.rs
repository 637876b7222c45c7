//! The header blocks of an entry: ustar, and PAX records for values that do not fit.

use std::borrow::Cow;

use tar::{EntryType, Header as Block};

use super::super::tree::{Header, Kind};

/// The kind of an entry in the archive: an inode, or another name of one that has been written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Node<'a> {
    Inode(&'a Kind),
    HardLink { target: &'a [u8] },
}

/// The sizes of the fields for a name and its prefix.
const NAME: usize = 100;
const PREFIX: usize = 155;
/// The largest numbers in 11 and in 7 octal digits.
const MAX_LONG: u64 = 0o777_7777_7777;
const MAX_SHORT: u64 = 0o777_7777;

/// All blocks before the content of an entry. Names have no leading `/`; the name of a directory
/// ends in one.
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
    if let (Some((prefix, rest)), Some(ustar)) = (split(name), block.as_ustar_mut()) {
        ustar.prefix[..prefix.len()].copy_from_slice(prefix);
        ustar.name[..rest.len()].copy_from_slice(rest);
    } else {
        text(&mut block.as_old_mut().name, name, "path", &mut records);
    }
    text(
        &mut block.as_old_mut().linkname,
        link,
        "linkpath",
        &mut records,
    );
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
    // This comes last, because the checksum covers all other fields.
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

/// The parts of a name that only fits into a header as a prefix and the rest, without the slash
/// between them. A record would take two more blocks, which adds up in images with deep paths.
fn split(name: &[u8]) -> Option<(&[u8], &[u8])> {
    if name.len() <= NAME {
        return None;
    }
    // The slash at the end of a directory's name belongs to the rest.
    let end = (name.len() - 1).min(PREFIX + 1);
    let slash = name[..end].iter().rposition(|&byte| byte == b'/')?;
    let (prefix, rest) = (&name[..slash], &name[slash + 1..]);
    if prefix.is_empty() || rest.len() > NAME {
        return None;
    }
    Some((prefix, rest))
}

/// Fills a field with a text. A text that is too long is also written as a record.
fn text(
    field: &mut [u8],
    value: &[u8],
    key: &'static str,
    records: &mut Vec<(&'static str, Vec<u8>)>,
) {
    // Readers without PAX get a truncated name, which is better than none.
    let fits = value.len() <= field.len();
    let shown = if fits { value.len() } else { field.len() };
    field[..shown].copy_from_slice(&value[..shown]);
    if !fits {
        records.push((key, value.to_vec()));
    }
}

/// The number for a field. If it is too large, it is written as a record, and the field is zero.
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

/// A device number: seven octal digits or, as read by Go and GNU tar, a binary number marked by the
/// first bit, because PAX has no record for it.
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
        // Before 1970 or after 2242. A record with a fraction is already among those of the entry.
        _ => {
            if header.pax.iter().all(|(key, _)| key != "mtime") {
                records.push(("mtime", header.mtime.to_string().into_bytes()));
            }
            0
        }
    }
}

/// Lowers the times of a header to the youngest, in seconds since 1970. The header is borrowed if
/// no time is later.
pub(super) fn clamped(header: &Header, youngest: Option<i64>) -> Cow<'_, Header> {
    let Some(youngest) = youngest else {
        return Cow::Borrowed(header);
    };
    let has_later = header
        .pax
        .iter()
        .any(|(key, value)| is_time(key) && is_later(value, youngest));
    if header.mtime <= youngest && !has_later {
        return Cow::Borrowed(header);
    }
    let mut header = header.clone();
    header.mtime = header.mtime.min(youngest);
    // The plain header has room for the new time, so the record is no longer needed.
    header
        .pax
        .retain(|(key, value)| key != "mtime" || !is_later(value, youngest));
    for (key, value) in &mut header.pax {
        if is_time(key) && is_later(value, youngest) {
            *value = youngest.to_string().into_bytes();
        }
    }
    Cow::Owned(header)
}

fn is_time(key: &str) -> bool {
    matches!(key, "mtime" | "atime" | "ctime")
}

/// Whether a time of a PAX record, which may have a fraction, is after the youngest.
fn is_later(text: &[u8], youngest: i64) -> bool {
    let point = text.iter().position(|&byte| byte == b'.');
    let (whole, fraction) = text.split_at(point.unwrap_or(text.len()));
    let Ok(whole) = str::from_utf8(whole) else {
        return false;
    };
    let Ok(seconds) = whole.parse::<i64>() else {
        return false;
    };
    // The same second with a fraction is later too.
    let has_rest = fraction.iter().any(|byte| !matches!(byte, b'.' | b'0'));
    seconds > youngest || (seconds == youngest && has_rest)
}

/// The extension header with these records and the original ones of the entry; empty if there are
/// none.
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
    // The name that GNU tar and Python use; readers ignore it.
    let name = b"././@PaxHeader";
    block.as_old_mut().name[..name.len()].copy_from_slice(name);
    block.set_size(data.len() as u64);
    block.set_cksum();
    let mut blocks = block.as_bytes().to_vec();
    data.resize(data.len().next_multiple_of(512), 0);
    blocks.append(&mut data);
    blocks
}

/// A record `LENGTH KEY=VALUE\n`, whose length includes its own digits.
fn record(key: &str, value: &[u8]) -> Vec<u8> {
    // An additional digit in the length can increase the length again, hence the loop.
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
    fn the_length_of_a_pax_record_includes_its_own_digits() {
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
    fn only_values_that_do_not_fit_get_an_extension_header() {
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

    #[test]
    fn a_long_name_is_split_at_a_slash_if_both_parts_fit() {
        let name = |parts: &[usize]| {
            let parts: Vec<Vec<u8>> = parts.iter().map(|&length| vec![b'a'; length]).collect();
            parts.join(&b'/')
        };
        let lengths = |parts: &[usize]| {
            let name = name(parts);
            split(&name).map(|(prefix, rest)| (prefix.len(), rest.len()))
        };
        assert_eq!(lengths(&[100]), None);
        assert_eq!(lengths(&[50, 50]), Some((50, 50)));
        assert_eq!(lengths(&[155, 100]), Some((155, 100)));
        assert_eq!(lengths(&[155, 99, 0]), Some((155, 100)));
        assert_eq!(lengths(&[156, 50]), None);
        assert_eq!(lengths(&[155, 101]), None);
        assert_eq!(lengths(&[101, 0]), None);
        assert_eq!(lengths(&[0, 101]), None);
    }
}
