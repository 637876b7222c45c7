//! Images as files: what is read from archives made here, and what is written of them.

mod build;
mod hostile;
mod layers;
mod names;
mod reading;
mod rootfs;
mod writing;
