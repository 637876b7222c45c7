//! Java class files, in a JAR file that is started.

use crate::sample;

pub(crate) fn run(bytes: &[u8]) {
    let archive = stored(&[("A.class", bytes)]);
    let files = [
        sample::program("/usr/bin/java", &sample::static_program()),
        sample::program("/usr/bin/date", &sample::static_program()),
        sample::data("/usr/lib/libjna.so", &sample::static_program()),
        sample::data("/app.jar", &archive),
    ];
    sample::check_image(&sample::image(
        &["/usr/bin/java", "-jar", "/app.jar"],
        files,
    ));
}

/// A ZIP archive whose entries are stored uncompressed.
fn stored(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let offset = number(archive.len());
        let common = [
            &[20, 0, 0, 0, 0, 0, 0, 0, 0, 0][..],
            &crc32(content).to_le_bytes(),
            &number(content.len()),
            &number(content.len()),
            &number(name.len())[..2],
            &[0, 0],
        ]
        .concat();
        directory.extend([b"PK\x01\x02\x14\0", &common[..]].concat());
        directory.extend([0; 10]);
        directory.extend(offset);
        directory.extend(name.as_bytes());
        archive.extend([b"PK\x03\x04", &common[..], name.as_bytes(), content].concat());
    }
    let (start, size) = (number(archive.len()), number(directory.len()));
    let count = &number(entries.len())[..2];
    archive.extend(directory);
    archive.extend([b"PK\x05\x06\0\0\0\0", count, count, &size, &start, &[0, 0]].concat());
    archive
}

fn number(size: usize) -> [u8; 4] {
    u32::try_from(size).expect("inputs are small").to_le_bytes()
}

/// Java's readers verify checksums.
fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for &byte in bytes {
        sum ^= u32::from(byte);
        for _ in 0..8 {
            sum = (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg());
        }
    }
    !sum
}
