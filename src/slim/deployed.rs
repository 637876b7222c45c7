//! Containers that a deployment starts from the image: what they run, and where that is written.

use super::why::Field;

/// One container of a deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeployedContainer {
    /// Replaces the entry point of the image, and with it the image's command.
    pub entrypoint: Option<DeployedCommand>,
    /// Replaces the command of the image.
    pub command: Option<DeployedCommand>,
    /// Health checks, probes and hooks.
    pub checks: Vec<DeployedCommand>,
    /// Environment variables by name.
    pub variables: Vec<(String, DeployedValue)>,
    pub user: Option<DeployedValue>,
    pub working_dir: Option<DeployedValue>,
    pub mounts: Vec<DeployedMount>,
}

/// A command, and the place of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployedCommand {
    pub field: Field,
    /// The words, or the script of a shell.
    pub words: Vec<String>,
    /// Whether the image's shell runs the text.
    pub is_shell: bool,
}

/// A value, and the place of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployedValue {
    pub field: Field,
    pub value: String,
}

/// A path in the container at which something is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployedMount {
    pub target: DeployedValue,
    /// Whether the files of the image are the first content of what is mounted, as in a new volume
    /// of Compose.
    pub shows_image: bool,
}

impl DeployedContainer {
    /// Whether the container runs something else than the image's own program.
    pub fn starts_program(&self) -> bool {
        self.entrypoint.is_some() || self.command.is_some()
    }
}
