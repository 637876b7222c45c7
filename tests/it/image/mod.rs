//! Images as files: what is read from archives made here, and what is written of them.

mod ambiguous;
mod documents;
mod hostile;
mod keeping;
mod layers;
mod names;
mod reading;
mod rootfs;
mod rootfs_writing;
mod writing;
