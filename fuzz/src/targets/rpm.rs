//! rpm's databases in their three formats, and the headers in them.

use crate::sample;

pub(crate) fn run(bytes: &[u8]) {
    let is_database = bytes.starts_with(b"SQLite format 3")
        || bytes.starts_with(b"RpmP")
        || bytes
            .get(12..16)
            .is_some_and(|magic| magic == [0x61, 0x15, 6, 0]);
    let native = if is_database {
        bytes.to_vec()
    } else {
        native(bytes)
    };
    let files = [
        sample::data("/usr/lib/sysimage/rpm/rpmdb.sqlite", bytes),
        sample::data("/usr/lib/sysimage/rpm/Packages.db", &native),
        sample::data("/var/lib/rpm/Packages", bytes),
        sample::program("/usr/bin/bash", &sample::static_program()),
    ];
    sample::check_image(&sample::image(&["/usr/bin/bash"], files));
}

/// A database in rpm's own format with one header.
fn native(header: &[u8]) -> Vec<u8> {
    let mut file = b"RpmP".to_vec();
    for number in [0_u32, 1, 1, 2, 0, 0, 0] {
        file.extend(number.to_le_bytes());
    }
    file.extend(b"Slot");
    let blocks = u32::try_from(header.len().div_ceil(16) + 2).unwrap_or(u32::MAX);
    for number in [1, 256, blocks] {
        file.extend(number.to_le_bytes());
    }
    file.resize(4096, 0);
    file.extend(b"BlbS");
    let length = u32::try_from(header.len()).unwrap_or(u32::MAX);
    for number in [1, 1, length] {
        file.extend(number.to_le_bytes());
    }
    file.extend(header);
    file.resize(file.len().next_multiple_of(16) + 16, 0);
    file
}
