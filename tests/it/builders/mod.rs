//! Builders of test inputs: archives and images built byte by byte, ELF files, and images described
//! as text.

pub(crate) mod description;
pub(crate) mod images;

#[allow(unused_imports, reason = "not all test binaries build ELF files")]
pub(crate) use jettison::elf::example_file as elf_file;
