//! Images as files: reading and writing of archives that are built here.

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
