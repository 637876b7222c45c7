//! Real Dockerfiles are parsed like in BuildKit.
//!
//! `JETTISON_CORPUS` names a folder with `dockerfiles/*` and `buildkit.json`, BuildKit's verdict:
//! for each file `{"ok": bool, "instructions": [[NAME, first line, last line], …]}`. Without it,
//! there is nothing to compare with.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use jettison::dockerfile::{Dockerfile, Instruction, parse};
use jettison::source::Source;

#[derive(serde::Deserialize)]
struct Verdict {
    ok: bool,
    instructions: Vec<(String, usize, usize)>,
}

#[expect(
    clippy::print_stderr,
    reason = "whoever runs the tests must see what was left out"
)]
fn corpus() -> Option<(PathBuf, BTreeMap<String, Verdict>)> {
    let Some(folder) = std::env::var_os("JETTISON_CORPUS").map(PathBuf::from) else {
        eprintln!("skipped: JETTISON_CORPUS does not name a corpus of Dockerfiles");
        return None;
    };
    let verdicts =
        fs::read(folder.join("buildkit.json")).expect("the corpus has BuildKit's verdicts");
    Some((
        folder.join("dockerfiles"),
        serde_json::from_slice(&verdicts).expect("the verdicts are JSON"),
    ))
}

fn instructions(source: &Source, file: &Dockerfile) -> Vec<(String, usize, usize)> {
    let lines = |instruction: &Instruction| {
        let name = instruction.keyword.text.to_uppercase();
        (
            name,
            source.line(instruction.span.start),
            source.line(instruction.span.end),
        )
    };
    file.instructions.iter().map(lines).collect()
}

#[test]
fn instructions_and_lines_match_buildkit() {
    let Some((folder, verdicts)) = corpus() else {
        return;
    };
    let mut wrong = Vec::new();
    for (name, verdict) in &verdicts {
        let source = Source::new(
            name,
            fs::read(folder.join(name)).expect("every verdict has its file"),
        );
        let file = parse(&source);
        if verdict.ok != file.errors.is_empty() {
            wrong.push(format!(
                "{name}: accepted by BuildKit: {}; errors: {:?}",
                verdict.ok, file.errors
            ));
        } else if instructions(&source, &file) != verdict.instructions {
            wrong.push(format!(
                "{name}: {:?} is not {:?}",
                instructions(&source, &file),
                verdict.instructions
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} files differ:\n{}",
        wrong.len(),
        verdicts.len(),
        wrong.join("\n")
    );
}

#[test]
fn concatenated_tokens_equal_the_file() {
    let Some((folder, verdicts)) = corpus() else {
        return;
    };
    for name in verdicts.keys() {
        let source = Source::new(
            name,
            fs::read(folder.join(name)).expect("every verdict has its file"),
        );
        let text: String = parse(&source)
            .tokens
            .iter()
            .map(|token| source.slice(token.span))
            .collect();
        assert_eq!(text, source.text(), "{name}");
    }
}
