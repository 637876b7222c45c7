//! Files and programs that variables name.

use crate::image::Config;
use crate::knowledge::{ProgramClass, VariableClass};
use crate::slim::keep::Keep;
use crate::slim::program_kind::is_setuid;
use crate::slim::why::{Root, Why};

/// Keeps what the variables of the image name.
pub(super) fn keep_variables(keep: &mut Keep<'_>, config: &Config) {
    for entry in config.env() {
        let Some((name, value)) = entry.split_once('=') else {
            continue;
        };
        let why = Why::Root(Root::Variable {
            name: name.to_owned(),
        });
        keep_variable(keep, name, value, why);
    }
}

/// Keeps the file or the program that the value of a variable names.
pub(super) fn keep_variable(keep: &mut Keep<'_>, name: &str, value: &str, why: Why) {
    // A value that is a path is likely read by the program.
    if value.starts_with('/') && !VariableClass::SearchPath.contains(name) {
        keep.keep_path(value.as_bytes(), None, why);
    } else if let Some(path) = added_program(keep, value) {
        keep.keep_path(&path, None, why);
    }
}

/// The program that a value such as `ffmpeg` names, if a layer above the base image added it. A
/// shell or a package manager is seldom what the variable is about.
fn added_program(keep: &Keep<'_>, value: &str) -> Option<Vec<u8>> {
    let mut classes = [ProgramClass::Shell, ProgramClass::PackageManager].into_iter();
    if value.contains('/') || classes.any(|class| class.contains(value)) {
        return None;
    }
    let path = keep.programs.find(keep.view, value.as_bytes())?;
    let program = keep.tree().resolve(&path).ok()?.name;
    if keep.is_added(program) && !is_setuid(keep.tree(), program) {
        Some(path)
    } else {
        None
    }
}
