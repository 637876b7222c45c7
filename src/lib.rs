pub mod dockerfile;
pub mod elf;
pub mod image;
pub mod source;
