//! ELF files: as read by the loader, and all other facts.

use std::collections::BTreeSet;

use jettison::elf::{self, Elf};
use jettison::image::Image;
use jettison::loading::{self, ImageFiles};

use crate::sample;

/// Maximum length of texts that code refers to, as in the slimmer.
const LONGEST: usize = 64;

pub(crate) fn run(bytes: &[u8]) {
    let parsed = elf::parse(bytes);
    assert_eq!(parsed, elf::parse(bytes));
    let [note] = elf::sections(bytes, [b".note.package"], LONGEST);
    assert!(note.is_none_or(|note| note.len() <= LONGEST));
    elf::go_build(bytes);
    inside(bytes, &elf::library_names(bytes));
    inside(bytes, &elf::absolute_paths(bytes));
    if let Ok(elf) = &parsed {
        facts(elf, bytes);
    }
    loaded(bytes);
}

fn facts(elf: &Elf, bytes: &[u8]) {
    assert_eq!(elf::facts(elf, bytes).ok(), elf::facts(elf, bytes).ok());
    assert_eq!(elf::memory(elf, bytes).ok(), elf::memory(elf, bytes).ok());
    elf::announced(elf, bytes);
    inside(bytes, &elf::referred_texts(bytes, elf, LONGEST));
    elf.versions(bytes);
    for symbols in [
        elf.imports(bytes).count(),
        elf.exports(bytes).count(),
        elf.strong_imports(bytes).count(),
    ] {
        assert!(symbols <= bytes.len());
    }
}

/// Checks that texts are contained in the bytes of the file.
fn inside(bytes: &[u8], texts: &BTreeSet<&[u8]>) {
    assert!(texts.iter().all(|text| text.len() <= bytes.len()));
}

/// Loads the file as a program, as a library and as a loader.
fn loaded(bytes: &[u8]) {
    let files = [
        sample::program("/app", bytes),
        sample::program("/lib64/ld-linux-x86-64.so.2", bytes),
        sample::program("/lib/ld-musl-x86_64.so.1", bytes),
        sample::data("/lib/x86_64-linux-gnu/libc.so.6", bytes),
        sample::data("/usr/lib/liba.so", bytes),
    ];
    let image = sample::image(&["/app"], files);
    assert_eq!(closure(&image), closure(&image));
    sample::check_image(&image);
}

fn closure(image: &Image) -> Vec<loading::Closure> {
    let settings = loading::Settings {
        level: Some("x86-64-v3".to_owned()),
        symbols: true,
        ..loading::Settings::default()
    };
    loading::closures(&ImageFiles::new(image), &settings, &[b"/app".to_vec()])
}
