//! Images as files: what is read from archives made here, and what is written of them.

mod ambiguous;
mod archives;
mod documents;
mod hostile;
mod hostile_layouts;
mod keeping;
mod layers;
mod names;
mod readers;
mod reading;
mod rootfs;
mod rootfs_writing;
mod writing;
