//! The file that lists the root file systems after each step of a build, for `jettison slim` inside
//! a build. The frontend writes it.

use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::image::{History, State};
use crate::trust::{HostFile, limits};

/// A step of the build, lowest first.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Step {
    /// The directory with the root file system after the step.
    pub(super) root: String,
    /// The instruction as the history of the image has it; `None` for the base image.
    pub(super) created_by: Option<String>,
}

pub(super) fn read(path: &Path) -> anyhow::Result<Vec<State>> {
    let failed = || format!("cannot read `{}`", path.display());
    let text = HostFile::named(path)
        .read(limits::IMAGE_CONFIG)
        .with_context(failed)?;
    let steps: Vec<Step> = serde_json::from_slice(&text).with_context(failed)?;
    let state = |step: Step| State {
        root: step.root.into(),
        history: step.created_by.map(|created_by| History {
            created_by,
            ..History::default()
        }),
    };
    Ok(steps.into_iter().map(state).collect())
}
