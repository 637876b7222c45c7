//! Every script of this machine that its shell accepts is read without errors:
//! `cargo test --test shell -- [--dockerfiles] [PATH…]`.
//!
//! Without a path, the scripts of the usual directories of a Linux system. With `--dockerfiles`,
//! the paths are directories of Dockerfiles, and the scripts are those of their instructions.
//! Without dash and bash it fails. Errors in scripts that bash refuses must be reported: with
//! `--dockerfiles` those that are not are counted, too.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use jettison::dockerfile::{self, Body, shell};
use jettison::source::Source;

const DIRECTORIES: &[&str] = &[
    "/etc",
    "/usr/bin",
    "/usr/lib",
    "/usr/local",
    "/usr/sbin",
    "/usr/share",
    "/var/lib/dpkg/info",
];

/// Longer scripts are over the limit of the parser.
const MAX_SCRIPT: usize = 384 << 10;

#[derive(Default)]
struct Counts {
    accepted: usize,
    with_holes: usize,
    refused: usize,
    overlooked: usize,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let of_dockerfiles = arguments.iter().any(|argument| argument == "--dockerfiles");
    let mut paths: Vec<PathBuf> = arguments
        .iter()
        .filter(|argument| !argument.starts_with("--"))
        .map(PathBuf::from)
        .collect();
    if paths.is_empty() {
        paths = DIRECTORIES.iter().map(PathBuf::from).collect();
    }
    let mut counts = Counts::default();
    for path in &paths {
        for entry in walkdir::WalkDir::new(path).sort_by_file_name() {
            // A directory that is not readable has nothing to say.
            let Ok(entry) = entry else { continue };
            if !entry.file_type().is_file() {
                continue;
            }
            if of_dockerfiles {
                check_dockerfile(entry.path(), &mut counts);
            } else {
                check_file(entry.path(), &mut counts);
            }
        }
    }
    println!(
        "{} scripts that their shell accepts, {} with holes; {} that it refuses, {} without error",
        counts.accepted, counts.with_holes, counts.refused, counts.overlooked
    );
    if counts.accepted > 0 && counts.with_holes == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Checks a file that begins with `#!` and a shell.
fn check_file(path: &Path, counts: &mut Counts) {
    let Ok(bytes) = fs::read(path) else { return };
    let Ok(text) = String::from_utf8(bytes) else {
        return;
    };
    let line = text.lines().next().unwrap_or_default();
    let Some(line) = line.strip_prefix("#!") else {
        return;
    };
    let words = line.split_whitespace();
    let program = words.filter_map(|word| word.rsplit('/').next());
    let shell = match program.filter(|word| *word != "env").next() {
        Some("sh" | "dash") => "dash",
        Some("bash") => "bash",
        _ => return,
    };
    if text.len() <= MAX_SCRIPT {
        check(&path.display().to_string(), shell, &text, counts);
    }
}

fn check_dockerfile(path: &Path, counts: &mut Counts) {
    let Ok(text) = fs::read_to_string(path) else {
        return;
    };
    let source = Source::new(path.display().to_string(), text);
    for instruction in dockerfile::parse(&source).instructions {
        if let Body::Command(dockerfile::Command::Shell(script)) = instruction.body {
            let place = source.line(instruction.span.start);
            let name = format!("{}:{place}", path.display());
            check(&name, "bash", script.text.as_str(), counts);
        }
    }
}

fn check(name: &str, shell: &str, text: &str, counts: &mut Counts) {
    let errors = shell::parse_text(text).errors;
    if !accepts(shell, text) {
        counts.refused += 1;
        if errors.is_empty() {
            counts.overlooked += 1;
            println!("{name}: {shell} refuses it, and no error is found");
        }
        return;
    }
    counts.accepted += 1;
    if let Some(error) = errors.first() {
        counts.with_holes += 1;
        let line = text[..error.start].matches('\n').count() + 1;
        println!("{name}:{line}: {:?}", &text[error.range()]);
    }
}

fn accepts(shell: &str, text: &str) -> bool {
    let mut process = Command::new(shell)
        .arg("-n")
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the shell is installed");
    let mut input = process.stdin.take().expect("a pipe");
    // A shell that refuses the script may close the pipe before it has read all.
    let _ = input.write_all(text.as_bytes());
    drop(input);
    process.wait().expect("the shell ends").success()
}
