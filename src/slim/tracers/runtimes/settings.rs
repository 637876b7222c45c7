//! Settings of an application that name a program: `"converter": "pandoc"` in JSON,
//! `CONVERTER=pandoc` in a `.env` file. The source that starts the program only reads the setting.

use std::collections::BTreeMap;

use super::calls::{program_of, strings};
use super::programs::keep_mentioned;
use super::source::added_programs;
use super::state::State;
use crate::image::NameId;
use crate::slim::application_texts::{Owner, owner_of_text};
use crate::slim::keep::Keep;
use crate::slim::tracers::shell::Lines;

/// Longer files are data.
const MAX_SETTINGS: usize = 1 << 20;

/// Keeps the programs that a file of settings names. A layer above the base image must have added
/// them: someone installed them for this image.
pub(super) fn trace(state: &mut State, keep: &mut Keep<'_>, name: NameId) {
    let path = keep.tree().path(name);
    if !is_settings(keep.tree().file_name(name)) {
        return;
    }
    if added_programs(state, keep).is_empty()
        || owner_of_text(keep, name, &path) != Some(Owner::Application)
    {
        return;
    }
    let Some(bytes) = keep.view.bytes(name) else {
        return;
    };
    if bytes.len() > MAX_SETTINGS {
        return;
    }
    if !keep.effort.sources.spend(bytes.len()) {
        let text = "too many source files in the image: this one is not analyzed".to_owned();
        return keep.note(Some(name), None, text);
    }
    let text = String::from_utf8_lossy(&bytes);
    let added = added_programs(state, keep);
    let mut named: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, value) in values(&text) {
        if let Some(program) = program_of(value)
            && added.contains(program.as_bytes())
        {
            named.entry(program).or_insert(at);
        }
    }
    if named.is_empty() {
        return;
    }
    let lines = Lines::of(&text, 0);
    for (program, at) in named {
        keep_mentioned(keep, name, program, lines.line(at));
    }
}

/// Whether a file has the name of settings. The manifests of package managers name many programs
/// for other purposes: the type of a repository is `git`.
fn is_settings(file_name: &[u8]) -> bool {
    const ENDINGS: [&[u8]; 10] = [
        b".cfg",
        b".conf",
        b".config",
        b".env",
        b".ini",
        b".json",
        b".properties",
        b".toml",
        b".yaml",
        b".yml",
    ];
    const MANIFESTS: [&[u8]; 8] = [
        b"Cargo.toml",
        b"bower.json",
        b"composer.json",
        b"deno.json",
        b"package-lock.json",
        b"package.json",
        b"pyproject.toml",
        b"tsconfig.json",
    ];
    ENDINGS.iter().any(|ending| file_name.ends_with(ending)) && !MANIFESTS.contains(&file_name)
}

/// The values in a text, with their places: quoted strings that are not keys, and what follows `=`,
/// `:` or the dash of a list on a line.
fn values(text: &str) -> Vec<(usize, &str)> {
    let mut values = Vec::new();
    for (at, literal) in strings(text) {
        let after = &text.as_bytes()[at + literal.len() + 2..];
        let next = after.iter().find(|byte| !byte.is_ascii_whitespace());
        if next != Some(&b':') {
            values.push((at, literal));
        }
    }
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let code = line.trim();
        let value = match code.split_once(['=', ':']) {
            Some((_, value)) => Some(value),
            None => code.strip_prefix("- "),
        };
        if let Some(value) = value
            && !code.starts_with(['#', ';'])
        {
            values.push((start, value.trim()));
        }
        start += line.len();
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_from_keys_and_comments() {
        let found = |text: &str| {
            let values = values(text).into_iter();
            values
                .map(|(_, value)| value.to_owned())
                .filter(|value| value.bytes().all(|byte| byte.is_ascii_lowercase()))
                .collect::<Vec<_>>()
        };
        assert_eq!(found("{\"gs\": [\"pandoc\", \"-q\"]}"), ["pandoc"]);
        assert_eq!(found("CONVERTER=pandoc\n# CONVERTER=gs\n"), ["pandoc"]);
        assert_eq!(
            found("convert:\n  - pandoc\n  with: gs\n"),
            ["", "pandoc", "gs"]
        );
    }

    #[test]
    fn a_manifest_is_not_settings() {
        assert!(is_settings(b"config.json") && is_settings(b".env"));
        assert!(!is_settings(b"package.json") && !is_settings(b"main.py"));
    }
}
