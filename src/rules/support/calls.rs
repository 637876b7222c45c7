//! Calls that belong to commands of a script.

use crate::lint::facts::{Call, Run};

/// The program that a command of a script ultimately runs, after wrappers such as `sudo`.
pub(in crate::rules) fn of_command<'r>(run: &'r Run<'_>, command: usize) -> Option<&'r Call> {
    // Calls are in source order, like their commands.
    let index = run
        .calls
        .partition_point(|call| call.command < Some(command));
    let call = run.calls.get(index)?;
    // A command that consists only of assignments has no call.
    if call.command != Some(command) {
        return None;
    }
    Some(call)
}
