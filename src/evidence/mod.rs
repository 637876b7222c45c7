//! Evidence from containers: the files that programs touch in runs that are watched.

pub mod observation;
#[cfg(target_os = "linux")]
pub mod tracer;
