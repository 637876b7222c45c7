//! The windows of the frames in a zstd blob: the bytes that a decoder keeps in memory.
//!
//! Source: RFC 8878, section 3.1.1.

use std::io;

use super::blob::Blob;

/// Bytes that are read at once: blocks with little content follow each other closely.
const READ: usize = 4 << 10;

/// The largest window of the frames in a blob, in bytes. What comes after something that is no
/// frame of the current format counts as large.
pub(super) fn largest_window(blob: &Blob) -> io::Result<u64> {
    let mut frames = Frames {
        blob,
        at: 0,
        start: 0,
        bytes: Vec::new(),
    };
    let mut largest = 0;
    while let Some(window) = frames.window()? {
        largest = largest.max(window);
    }
    Ok(largest)
}

/// The frames of a blob. Only their headers are read.
struct Frames<'a> {
    blob: &'a Blob,
    at: u64,
    /// The offset of the bytes that were read last.
    start: u64,
    bytes: Vec<u8>,
}

impl Frames<'_> {
    /// The window of the next frame, which is passed over; none at the end.
    fn window(&mut self) -> io::Result<Option<u64>> {
        const SKIPPABLE: u64 = 0x184d_2a50;
        const FRAME: u64 = 0xfd2f_b528;
        let Some(magic) = self.number(4)? else {
            return Ok(None);
        };
        if magic & !0xf == SKIPPABLE {
            let size = self.number(4)?.unwrap_or_default();
            self.skip(size);
            return Ok(Some(0));
        }
        // The decoder also knows older formats, which no writer of layers ever used.
        if magic != FRAME {
            self.skip(u64::MAX);
            return Ok(Some(u64::MAX));
        }
        let Some(descriptor) = self.number(1)? else {
            return Ok(None);
        };
        let window = self.window_of(descriptor)?;
        self.skip_blocks()?;
        // The checksum of the content.
        if descriptor & 0x04 != 0 {
            self.skip(4);
        }
        Ok(window)
    }

    /// The window in the header of a frame. A frame of a single segment has none, and its content
    /// takes its place.
    fn window_of(&mut self, descriptor: u64) -> io::Result<Option<u64>> {
        let is_single = descriptor & 0x20 != 0;
        let mut window = None;
        if !is_single {
            let Some(byte) = self.number(1)? else {
                return Ok(None);
            };
            let base = 1_u64 << (10 + (byte >> 3));
            window = Some(base + base / 8 * (byte & 7));
        }
        // The id of a dictionary.
        self.skip(match descriptor & 3 {
            3 => 4,
            bytes => bytes,
        });
        let content = match descriptor >> 6 {
            0 if is_single => self.number(1)?,
            0 => None,
            // The short form starts at 256, which makes no difference here.
            1 => self.number(2)?,
            2 => self.number(4)?,
            _ => self.number(8)?,
        };
        Ok(window.or(content))
    }

    fn skip_blocks(&mut self) -> io::Result<()> {
        while let Some(header) = self.number(3)? {
            let size = header >> 3;
            // The second type repeats one byte.
            let is_repeated = (header >> 1) & 3 == 1;
            self.skip(if is_repeated { 1 } else { size });
            if header & 1 != 0 {
                break;
            }
        }
        Ok(())
    }

    fn skip(&mut self, count: u64) {
        self.at = self.at.saturating_add(count);
    }

    /// A little-endian number of at most 8 bytes; `None` if the blob ends first.
    fn number(&mut self, count: usize) -> io::Result<Option<u64>> {
        let end = self.at.saturating_add(count as u64);
        if end > self.blob.size() {
            return Ok(None);
        }
        if self.at < self.start || end > self.start + self.bytes.len() as u64 {
            self.bytes.resize(READ, 0);
            let count = self.blob.read_at(&mut self.bytes, self.at)?;
            self.bytes.truncate(count);
            self.start = self.at;
        }
        let offset = usize::try_from(self.at - self.start).map_err(io::Error::other)?;
        self.at = end;
        let bytes = self.bytes[offset..offset + count].iter().rev();
        Ok(Some(
            bytes.fold(0, |number, &byte| (number << 8) | u64::from(byte)),
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn largest(frames: &[&[u8]]) -> u64 {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&frames.concat()).unwrap();
        largest_window(&Blob::spooled(file).unwrap()).unwrap()
    }

    /// A frame with a header after its magic number, and an empty last block.
    fn empty(header: &[u8]) -> Vec<u8> {
        [&[0x28, 0xb5, 0x2f, 0xfd][..], header, &[1, 0, 0]].concat()
    }

    const LARGE: u8 = 17 << 3;
    const USUAL: u8 = 13 << 3;

    #[test]
    fn a_window_size_is_a_power_of_two_plus_eighths() {
        assert_eq!(largest(&[&empty(&[0, USUAL])]), 8 << 20);
        assert_eq!(largest(&[&empty(&[0, USUAL | 3])]), 11 << 20);
        assert_eq!(largest(&[&empty(&[0, LARGE])]), 128 << 20);
    }

    #[test]
    fn the_window_of_a_single_segment_is_its_size() {
        assert_eq!(largest(&[&empty(&[0x20, 200])]), 200);
        assert_eq!(largest(&[&empty(&[0xa0, 0, 0, 0, 9])]), 9 << 24);
        assert_eq!(largest(&[&empty(&[0xe0, 0, 0, 0, 0, 1, 0, 0, 0])]), 1 << 32);
    }

    #[test]
    fn the_window_of_a_later_frame_is_found() {
        let large = empty(&[0, LARGE]);
        let skippable = [&b"\x52\x2a\x4d\x18\x03\0\0\0"[..], b"abc"].concat();
        // The last block repeats one byte 1024 times.
        let repeated = b"\x28\xb5\x2f\xfd\0\0\x03\x20\0\x07".to_vec();
        let noise: Vec<u8> = (0..200_000_u32)
            .map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()[2])
            .collect();
        let mut checked = zstd::Encoder::new(Vec::new(), 3).unwrap();
        checked.include_checksum(true).unwrap();
        checked.write_all(&noise).unwrap();
        for before in [
            skippable,
            repeated,
            empty(&[0x03, 0, 1, 2, 3, 4]),
            checked.finish().unwrap(),
            zstd::encode_all(&noise[..], 19).unwrap(),
            zstd::bulk::compress(&noise, 1).unwrap(),
            zstd::encode_all(vec![7; 1 << 20].as_slice(), 1).unwrap(),
        ] {
            assert!(largest(&[&before]) <= 8 << 20);
            assert_eq!(largest(&[&before, &large, &before]), 128 << 20);
        }
    }

    #[test]
    fn an_unknown_frame_counts_as_a_large_window_and_truncation_ends_the_search() {
        let usual = empty(&[0, USUAL]);
        assert_eq!(largest(&[&usual, b"\x27\xb5\x2f\xfd"]), u64::MAX);
        for end in 6..usual.len() {
            assert_eq!(largest(&[&usual[..end]]), 8 << 20);
        }
        assert_eq!(largest(&[&usual[..5]]), 0);
        assert_eq!(largest(&[]), 0);
    }
}
