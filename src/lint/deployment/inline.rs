//! Dockerfiles that are written in other files, and the settings that their invocation adds.

use crate::deployment::{Build, InlineText};
use crate::lint::finding::{Edit, Finding, Location};
use crate::lint::settings::Settings;

/// The settings for a Dockerfile that is built in a certain way.
pub fn invocation_settings(settings: &Settings, build: &Build) -> Settings {
    let mut settings = settings.clone();
    // Arguments on jettison's command line are more specific than those of a file.
    let mut args = build.known_args();
    args.append(&mut settings.build_args);
    settings.build_args = args;
    if settings.target.is_none() {
        settings.target = build.target.as_ref().map(|target| target.value.clone());
    }
    settings.contexts = build.contexts.keys().cloned().collect();
    settings
}

/// Moves a finding from an inline text to its place in `file`, the text that contains it. Fixes
/// are moved too, or dropped where their characters have no counterpart.
pub fn in_file(mut finding: Finding, inline: &InlineText, file: &str) -> Finding {
    if let Location::Text(text) = &mut finding.location {
        text.span = inline.in_file(text.span);
        text.instruction = text.instruction.map(|span| inline.in_file(span));
    }
    for label in &mut finding.labels {
        if label.file.is_none() {
            label.span = inline.in_file(label.span);
        }
    }
    if let Some(fix) = &mut finding.fix {
        let edits: Option<Vec<Edit>> = fix
            .edits
            .iter()
            .map(|edit| moved(edit, inline, file))
            .collect();
        match edits {
            Some(edits) => fix.edits = edits,
            None => finding.fix = None,
        }
    }
    finding
}

/// An edit in the file. Further lines of its text are indented like the block.
fn moved(edit: &Edit, inline: &InlineText, file: &str) -> Option<Edit> {
    let (span, indent) = inline.editable(edit.span, file)?;
    // In Compose, `$` starts a variable, and HCL has templates.
    if edit.replacement.contains('$') {
        return None;
    }
    let replacement = edit.replacement.replace('\n', &format!("\n{indent}"));
    Some(Edit { span, replacement })
}
