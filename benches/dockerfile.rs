//! Measures the time to parse Dockerfiles, with and without the shell scripts in them: all of
//! `testdata/dockerfiles` at once, and the directory in `JETTISON_CORPUS` (see
//! `tests/it/dockerfile_corpus.rs`). Times are per directory; bytes and items (files) per second
//! are shown too.

use std::fs;
use std::path::Path;

use divan::counter::{BytesCount, ItemsCount};
use jettison::dockerfile::{Body, Command, Dockerfile, Instruction, Script, parse, shell};
use jettison::source::Source;

fn main() {
    divan::main();
}

fn sources(folder: &Path) -> Vec<Source> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.flatten().map(|entry| entry.path());
    let samples = paths.filter(|path| path.extension().is_none_or(|end| end != "txt"));
    samples
        .filter_map(|path| Some(Source::new(path.to_string_lossy(), fs::read(&path).ok()?)))
        .collect()
}

fn samples() -> Vec<Source> {
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/dockerfiles"))
}

fn corpus() -> Vec<Source> {
    std::env::var_os("JETTISON_CORPUS").map_or_else(Vec::new, |folder| {
        sources(&Path::new(&folder).join("dockerfiles"))
    })
}

fn measure(bencher: divan::Bencher, sources: &[Source], read: fn(&Source) -> usize) {
    let bytes: usize = sources.iter().map(|source| source.bytes().len()).sum();
    let bencher = bencher
        .counter(BytesCount::new(bytes))
        .counter(ItemsCount::new(sources.len()));
    bencher.bench_local(|| sources.iter().map(read).sum::<usize>());
}

fn syntax(source: &Source) -> usize {
    parse(source).tokens.len()
}

fn syntax_and_shell(source: &Source) -> usize {
    let file: Dockerfile = parse(source);
    let scripts = file.instructions.iter().filter_map(script);
    scripts
        .map(|script| shell::parse(script).commands.len())
        .sum()
}

fn script(instruction: &Instruction) -> Option<&Script> {
    match &instruction.body {
        Body::Command(Command::Shell(script)) => Some(script),
        _ => None,
    }
}

#[divan::bench]
fn samples_syntax(bencher: divan::Bencher) {
    measure(bencher, &samples(), syntax);
}

#[divan::bench]
fn samples_syntax_and_shell(bencher: divan::Bencher) {
    measure(bencher, &samples(), syntax_and_shell);
}

#[divan::bench(sample_count = 20)]
fn corpus_syntax(bencher: divan::Bencher) {
    measure(bencher, &corpus(), syntax);
}

#[divan::bench(sample_count = 20)]
fn corpus_syntax_and_shell(bencher: divan::Bencher) {
    measure(bencher, &corpus(), syntax_and_shell);
}
