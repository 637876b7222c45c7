//! Builders of what the tests read: archives and images byte by byte, ELF files, and images from a
//! description in lines of text.

pub(crate) mod description;
pub(crate) mod elf_file;
pub(crate) mod images;
