pub mod dockerfile;
pub mod image;
pub mod source;
