//! Evidence from containers: tests that run with the original and with the slimmed image, the files
//! that a test needs although the plan lacks them, and the files that programs touch in a run that
//! is watched.
//!
//! This is the only module that runs code of an image, and it does so only if the user asks for it
//! by name. Containers are started by Podman or Docker, through its command-line client. All that a
//! [`Session`] creates is removed when it ends, even if nothing can catch its end: see
//! [`watchdog`].

mod engine;
pub mod observation;
mod probe;
mod record;
mod session;
#[cfg(all(target_os = "linux", not(jettison_portable)))]
mod shim;
mod smallest;
mod stand_ins;
mod tests_of_image;
mod traced;
#[cfg(all(target_os = "linux", not(jettison_portable)))]
pub mod tracer;
#[cfg(all(target_os = "linux", not(jettison_portable)))]
mod tracer_files;
mod trial;
mod watchdog;

pub use engine::{Engine, EngineError, EngineKind};
pub use probe::Probe;
pub use record::{Healing, Record};
pub use session::Session;
#[cfg(all(target_os = "linux", not(jettison_portable)))]
pub use shim::stand_in;
pub use smallest::{Budget, smallest};
pub use tests_of_image::{Test, Tests};
pub use trial::{ContainerEnd, Ending, TestResult, Trial};
pub use watchdog::clean_up_after;
