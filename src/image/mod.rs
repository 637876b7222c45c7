//! An image as a value: its configuration, its layers, its file system; and how it is read and written.

mod tree;

pub use tree::*;
