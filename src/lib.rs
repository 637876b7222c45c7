pub mod dockerfile;
pub mod elf;
pub mod image;
pub mod lint;
pub mod rules;
pub mod slim;
pub mod source;
