//! Images as files: reading and writing of archives that are built here.

mod ambiguous_documents;
mod ambiguous_layers;
mod archives;
mod documents;
mod hostile;
mod hostile_layouts;
mod kept_layers;
mod layers;
mod names;
mod reading;
mod rest;
mod rootfs;
mod rootfs_writing;
mod shared;
mod writing;
