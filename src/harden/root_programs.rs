//! Programs that need capabilities when root starts them.

use super::subject::Subject;
use crate::knowledge::{capabilities_of, needs_capabilities};

/// Programs that are started and need capabilities as root, by name, with the reason for each.
pub(super) fn privileged_starts(subject: &Subject<'_, '_>) -> Vec<(String, String)> {
    let tree = &subject.slimming.image.tree;
    let mut starts = privileged_calls(subject);
    for name in subject.started.iter() {
        let file_name = String::from_utf8_lossy(tree.file_name(name)).into_owned();
        let is_called = starts.iter().any(|(program, _)| *program == file_name);
        if !capabilities_of(&file_name).is_empty() && !is_called {
            let reason = format!("{} is started as root", subject.location(Some(name), None));
            starts.push((file_name, reason));
        }
    }
    starts
}

/// Calls in started scripts of programs that need capabilities as root, with the reason for each.
fn privileged_calls(subject: &Subject<'_, '_>) -> Vec<(String, String)> {
    let mut calls = Vec::new();
    for call in subject.started_calls() {
        if needs_capabilities(&call.program) {
            let at = subject.location(call.at, Some(call.line));
            calls.push((call.program.clone(), format!("{at} calls {}", call.program)));
        }
    }
    calls
}
