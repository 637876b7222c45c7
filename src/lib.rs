pub mod dockerfile;
pub mod elf;
pub mod image;
pub mod slim;
pub mod source;
