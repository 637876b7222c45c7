//! Options of the engine that runs containers, for every command that runs some.

use clap::Args;

use crate::evidence::{Engine, EngineError, EngineKind};

#[derive(Args, Debug)]
pub(super) struct EngineArguments {
    /// Argument for `podman run` or `docker run`, such as `--run-arg=--network=host`; may be
    /// repeated
    #[arg(long, value_name = "ARGUMENT", allow_hyphen_values = true)]
    pub(super) run_arg: Vec<String>,
    /// Engine that runs containers: `podman` or `docker` [default: the first of these in PATH]
    #[arg(long, value_name = "ENGINE")]
    engine: Option<EngineKind>,
}

impl EngineArguments {
    pub(super) fn find(&self) -> Result<Engine, EngineError> {
        Engine::find(self.engine)
    }
}
