//! Files that package managers, systems and programs leave in an image, as a text:
//!
//! ```text
//! <== /usr/sbin/nginx -g off     the command
//! ==! /usr/sbin/nginx            a program
//! ==@ /etc/mtab /proc/mounts     a symlink
//! ==> /etc/nginx/nginx.conf      a file of the lines that follow
//! ```

use jettison::fuzzing::Entry;
use jettison::image::{Content, Kind};

use crate::sample;

pub(crate) fn run(bytes: &[u8]) {
    let mut command = vec!["/usr/bin/app".to_owned()];
    let mut entries = vec![
        sample::program("/usr/bin/app", &sample::static_program()),
        sample::program("/usr/bin/sh", &sample::static_program()),
    ];
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        if let Some(words) = line.strip_prefix(b"<== ") {
            let words = String::from_utf8_lossy(words);
            command = words.split_whitespace().map(str::to_owned).collect();
        } else if let Some(path) = line.strip_prefix(b"==! ") {
            let program = Content::Bytes(sample::static_program());
            entries.push(entry(path, Kind::File(program)));
        } else if let Some(link) = line.strip_prefix(b"==@ ") {
            let mut words = link.splitn(2, |&byte| byte == b' ');
            let path = words.next().unwrap_or_default();
            let target = words.next().unwrap_or(b"/").trim_ascii_end().to_vec();
            entries.push(entry(path, Kind::Symlink { target }));
        } else if let Some(path) = line.strip_prefix(b"==> ") {
            entries.push(entry(path, Kind::File(Content::Bytes(Vec::new()))));
        } else if let [_, _, .., last] = &mut entries[..]
            && let Kind::File(Content::Bytes(content)) = &mut last.kind
        {
            content.extend_from_slice(line);
        }
    }
    sample::check_image(&sample::image(&command, entries));
}

fn entry(path: &[u8], kind: Kind) -> Entry {
    Entry {
        path: path.trim_ascii_end().to_vec(),
        mode: 0o755,
        kind,
    }
}
