//! File capabilities: the extended attribute `security.capability`.
//!
//! Source: `include/uapi/linux/capability.h`, `struct vfs_cap_data` and `struct vfs_ns_cap_data`.

use crate::image::Header;
use crate::knowledge::capability_name;

/// Revisions 2 and 3 have 64 bits; the third also has the user ID of a namespace.
const REVISION_1: u32 = 0x0100_0000;
const REVISION_MASK: u32 = 0xff00_0000;

/// The names of the capabilities that a program gets from its file, in order of their numbers.
pub fn file_capabilities(header: &Header) -> Vec<&'static str> {
    let Some(value) = header.xattr("security.capability") else {
        return Vec::new();
    };
    let words: Vec<u32> = value
        .chunks_exact(4)
        .map(|chunk| u32::from_le_bytes(chunk.try_into().expect("a chunk has 4 bytes")))
        .collect();
    let Some(&magic) = words.first() else {
        return Vec::new();
    };
    let word = |at: usize| u64::from(words.get(at).copied().unwrap_or_default());
    // For each 32 capabilities, there is a word for the permitted and one for the inheritable set.
    let mut permitted = word(1);
    if magic & REVISION_MASK != REVISION_1 {
        permitted |= word(3) << 32;
    }
    let mut names = Vec::new();
    for number in 0..u64::BITS {
        if permitted >> number & 1 == 1
            && let Some(name) = capability_name(number)
        {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(words: &[u32]) -> Header {
        let mut header = Header::default();
        let bytes = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        header.set_xattr("security.capability", bytes);
        header
    }

    #[test]
    fn permitted_capabilities_are_read_from_each_revision() {
        // `setcap cap_net_raw+ep`, as written by Debian's iputils-ping, and its older form.
        assert_eq!(
            file_capabilities(&header(&[0x0200_0001, 1 << 13, 0, 0, 0])),
            ["NET_RAW"]
        );
        assert_eq!(
            file_capabilities(&header(&[0x0100_0001, 1 << 13, 0])),
            ["NET_RAW"]
        );
        let bpf = [0x0300_0001, 1, 0, 1 << 7, 0, 1000];
        assert_eq!(file_capabilities(&header(&bpf)), ["CHOWN", "BPF"]);
    }

    #[test]
    fn a_broken_attribute_gives_no_capabilities() {
        assert!(file_capabilities(&header(&[])).is_empty());
        assert!(file_capabilities(&Header::default()).is_empty());
    }
}
