//! Detection of file names that pre-commit passes and that look like options.
//!
//! pre-commit runs `entry`, then `args`, then the names of files, and a repository may have a file
//! named `--fix`. The `args` of our hooks end with `--`, but users who set their own replace them.

use std::ffi::OsString;
use std::fs;

use clap::CommandFactory as _;
use clap::error::ErrorKind;

use super::arguments::Arguments;
use crate::printable::escape;

/// If pre-commit runs jettison, refuses options that are also names of files.
pub(super) fn check_names(typed: &[OsString]) -> Result<(), clap::Error> {
    let has_separator = typed.iter().any(|argument| argument == "--");
    if std::env::var_os("PRE_COMMIT").is_none() || has_separator {
        return Ok(());
    }
    for argument in typed.iter().skip(1) {
        let is_option = argument.len() > 1 && argument.as_encoded_bytes().starts_with(b"-");
        if is_option && fs::symlink_metadata(argument).is_ok() {
            let name = argument.to_string_lossy();
            let message = format!(
                "`{}` is a file, but would be parsed as an option: end the hook's `args` with `--`",
                escape(&name)
            );
            return Err(Arguments::command().error(ErrorKind::ArgumentConflict, message));
        }
    }
    Ok(())
}
