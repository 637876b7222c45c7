//! Options of a plan, and the errors that prevent one.

use std::sync::Arc;

use super::deployed::DeployedContainer;
use super::why::{Confidence, Field};
use crate::evidence::observation::Observation;
use crate::image::ReadError;

/// User options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanOptions {
    /// Globs for paths in the image. `*` stops at a slash, `**` does not; `/etc/nginx/**` matches
    /// everything below that directory, `/etc/nginx` only the directory itself.
    pub keep: Vec<String>,
    /// Globs for files to drop, with everything below them, even if they are needed.
    pub drop: Vec<String>,
    /// Paths that a test of the slimmed image has asked for.
    pub asked_for: Vec<Vec<u8>>,
    /// The files that programs of the image used in runs that were watched.
    pub observed: Option<Arc<Observation>>,
    /// Containers of deployments that are started from the image.
    pub deployed: Vec<DeployedContainer>,
    /// The minimum confidence of a reason that counts.
    pub level: Confidence,
    /// Keep the companion programs of the program that the image starts.
    pub keep_companions: bool,
    /// Leave out the package records that only scanners read.
    pub no_package_records: bool,
    /// The part of the packages that an application can import to keep.
    pub modules: Modules,
}

/// The part of installed packages of languages that is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Modules {
    /// All packages.
    Whole,
    /// The packages that something reached imports, with all of their modules.
    #[default]
    Packages,
    /// The modules that are reached, and the data of their packages.
    Exact,
}

impl Modules {
    /// All levels, from the one that keeps the most.
    pub const ALL: [Self; 3] = [Self::Whole, Self::Packages, Self::Exact];

    /// The name of the level in options and configuration files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "off",
            Self::Packages => "packages",
            Self::Exact => "exact",
        }
    }
}

impl std::str::FromStr for Modules {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        for level in Self::ALL {
            if level.as_str() == text {
                return Ok(level);
            }
        }
        Err("expected `off`, `packages` or `exact`".to_owned())
    }
}

impl Default for PlanOptions {
    /// Every reason counts, so that everything continues to work.
    fn default() -> Self {
        Self {
            keep: Vec::new(),
            drop: Vec::new(),
            asked_for: Vec::new(),
            observed: None,
            deployed: Vec::new(),
            level: Confidence::Possible,
            keep_companions: false,
            modules: Modules::default(),
            no_package_records: false,
        }
    }
}

/// The reason why no plan could be made.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error(
        "the image has neither ENTRYPOINT nor CMD, so its program is unknown: \
         specify it with `--entrypoint`, or the files to keep with `--keep`"
    )]
    NoProgram,
    #[error(
        "`{program}`, the {field} program, is not in the image{}: specify another with `{}`",
        listed(looked_in),
        field.option()
    )]
    ProgramNotFound {
        field: Field,
        program: String,
        looked_in: Vec<Vec<u8>>,
    },
    #[error(
        "the image starts systemd, and {reason}: specify the service's program with \
         `--entrypoint`, or the files to keep with `--keep`"
    )]
    Systemd { reason: String },
    #[error(
        "`{script}:{line}` starts `{word}`, which is computed at run time, so the program is \
         unknown: specify it with `--keep`"
    )]
    ProgramComputed {
        script: String,
        line: usize,
        word: String,
    },
    #[error("`{option} {pattern}` matches nothing in the image")]
    MatchesNothing {
        option: &'static str,
        pattern: String,
    },
    #[error("`{option} {pattern}`: invalid glob")]
    Glob {
        option: &'static str,
        pattern: String,
        source: globset::Error,
    },
    #[error(transparent)]
    Read(#[from] ReadError),
}

fn listed(directories: &[Vec<u8>]) -> String {
    if directories.is_empty() {
        return String::new();
    }
    let directories: Vec<String> = directories
        .iter()
        .map(|path| format!("`{}`", path.escape_ascii()))
        .collect();
    format!(" (looked in {})", directories.join(", "))
}
