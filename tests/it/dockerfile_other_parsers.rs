//! Other parsers as a second opinion: if they accept a file, they find the same instructions.
//!
//! `dockerfile-parser` and `parse-dockerfile` read the samples in
//! `testdata/dockerfiles`, and the corpus that `JETTISON_CORPUS` names (see
//! `dockerfile_corpus.rs`).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jettison::dockerfile::parse;
use jettison::source::Source;

/// A construct that a peer interprets differently than BuildKit.
struct Difference {
    construct: &'static str,
    is_in: fn(&str) -> bool,
}

const TWO_ESCAPES: Difference = Difference {
    construct: "two escape characters at the end of a line, which do not continue it",
    is_in: |text| {
        text.lines()
            .any(|line| line.trim_end().ends_with("\\\\") || line.trim_end().ends_with("``"))
    },
};

const ESCAPE_DIRECTIVE: Difference = Difference {
    construct: "the directive `escape`",
    is_in: |text| {
        text.lines()
            .take_while(|line| line.starts_with('#'))
            .any(|line| line.contains("escape"))
    },
};

#[expect(
    clippy::print_stderr,
    reason = "whoever runs the tests must see what was left out"
)]
fn files() -> Vec<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/dockerfiles");
    let corpus =
        std::env::var_os("JETTISON_CORPUS").map(|corpus| Path::new(&corpus).join("dockerfiles"));
    if corpus.is_none() {
        eprintln!("left out: JETTISON_CORPUS does not name a corpus of Dockerfiles");
    }
    let entries = [own]
        .into_iter()
        .chain(corpus)
        .flat_map(|folder| fs::read_dir(folder).expect("the folder is there"));
    let paths = entries.map(|entry| entry.expect("it is readable").path());
    // Beside the samples are what is expected of them, and git's settings.
    let is_other = |path: &PathBuf| {
        path.extension().is_some_and(|end| end == "txt") || path.ends_with(".gitattributes")
    };
    paths.filter(|path| !is_other(path)).collect()
}

/// Calls `peer` for every file; it returns the names of the instructions, in capitals, if it
/// accepts the text.
fn agree(peer: fn(&str) -> Option<Vec<String>>, differences: &[Difference]) {
    let (mut accepted, mut wrong, mut seen) = (0, Vec::new(), BTreeSet::new());
    for path in files() {
        let Ok(text) = String::from_utf8(fs::read(&path).expect("it is readable")) else {
            continue;
        };
        let Some(theirs) = peer(&text) else { continue };
        accepted += 1;
        let known = differences
            .iter()
            .find(|difference| (difference.is_in)(&text));
        let file = parse(&Source::new("Dockerfile", text));
        let ours: Vec<_> = file
            .instructions
            .iter()
            .map(|instruction| instruction.keyword.text.to_uppercase())
            .collect();
        match known {
            _ if ours == theirs => {}
            Some(difference) => drop(seen.insert(difference.construct)),
            None => wrong.push(format!("{}: {ours:?}, not {theirs:?}", path.display())),
        }
    }
    assert!(accepted >= 15, "the peer accepted only {accepted} files");
    assert!(
        wrong.is_empty(),
        "{} of {accepted} files differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    for difference in differences {
        assert!(
            seen.contains(difference.construct),
            "no difference any more: {}",
            difference.construct
        );
    }
}

#[test]
fn the_parse_dockerfile_crate_finds_the_same_instructions() {
    let names = |text: &str| {
        let file = parse_dockerfile::parse(text).ok()?;
        // Each variant has the name of its instruction.
        let name = |shown: String| shown.split('(').next().unwrap_or_default().to_uppercase();
        Some(
            file.instructions
                .iter()
                .map(|instruction| name(format!("{instruction:?}")))
                .collect(),
        )
    };
    agree(names, &[TWO_ESCAPES]);
}

#[test]
fn the_dockerfile_parser_crate_finds_the_same_instructions() {
    let names = |text: &str| {
        use dockerfile_parser::{Dockerfile, Instruction};
        let name = |instruction: &Instruction| match instruction {
            Instruction::From(_) => "FROM".to_owned(),
            Instruction::Arg(_) => "ARG".to_owned(),
            Instruction::Label(_) => "LABEL".to_owned(),
            Instruction::Run(_) => "RUN".to_owned(),
            Instruction::Entrypoint(_) => "ENTRYPOINT".to_owned(),
            Instruction::Cmd(_) => "CMD".to_owned(),
            Instruction::Copy(_) => "COPY".to_owned(),
            Instruction::Env(_) => "ENV".to_owned(),
            Instruction::Misc(misc) => misc.instruction.content.to_uppercase(),
        };
        Some(
            Dockerfile::parse(text)
                .ok()?
                .instructions
                .iter()
                .map(name)
                .collect(),
        )
    };
    agree(names, &[ESCAPE_DIRECTIVE, TWO_ESCAPES]);
}
