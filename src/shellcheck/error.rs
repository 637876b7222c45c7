//! Errors of running ShellCheck.

use std::io;
use std::path::PathBuf;

/// The reason why ShellCheck gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ShellcheckError {
    #[error("cannot run `{}`", program.display())]
    Start { program: PathBuf, source: io::Error },
    #[error("cannot write scripts for ShellCheck to a temporary directory")]
    Scripts(#[source] io::Error),
    #[error("`{}` failed: {message}", program.display())]
    Failed { program: PathBuf, message: String },
    #[error("unexpected output of `{}` (ShellCheck 0.7 or later is required)", program.display())]
    Answer {
        program: PathBuf,
        source: serde_json::Error,
    },
}
