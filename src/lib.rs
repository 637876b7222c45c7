pub mod dockerfile;
pub mod image;
pub mod lint;
pub mod rules;
pub mod source;
