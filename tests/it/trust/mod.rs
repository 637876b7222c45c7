//! Repositories that mean harm: nothing in them starts a program, writes a file, or makes jettison
//! read what is not part of them.

mod blocking_git;
mod configuration;
mod deployments;
mod git;
mod ground;
mod images;
mod limits;
mod programs;
mod sizes;
mod symlinks;
mod system_calls;
