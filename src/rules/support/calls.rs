//! Calls that commands of a script make.

use crate::lint::facts::{Call, Run};

/// The program that a command of a script runs in the end, after `sudo` and the like.
pub(in crate::rules) fn of_command<'r>(run: &'r Run<'_>, command: usize) -> Option<&'r Call> {
    // Calls are in the order of the text, and so of their commands.
    let index = run
        .calls
        .partition_point(|call| call.command < Some(command));
    let call = run.calls.get(index)?;
    // A command of assignments alone has no call.
    if call.command != Some(command) {
        return None;
    }
    Some(call)
}
