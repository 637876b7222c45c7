//! The fuzz targets without a fuzzer: each is run with its seeds, and with mutations of them that
//! are the same every time. `make fuzz` goes on from the same seeds by coverage.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

#[path = "../fuzz/src/sample.rs"]
mod sample;
#[path = "../fuzz/src/targets/mod.rs"]
mod targets;

/// About how often each target is run.
const RUNS: usize = 600;
/// As many changes one after another are made to a seed.
const CHANGES: usize = 8;

#[test]
fn class_files_are_read_or_refused() {
    replay("class");
}

#[test]
fn configuration_files_are_read_or_refused() {
    replay("config");
}

#[test]
fn dockerfiles_are_linted_and_fixes_converge() {
    replay("dockerfile");
}

#[test]
fn elf_files_are_read_or_refused() {
    replay("elf");
}

#[test]
fn sessions_of_an_editor_are_answered_or_ended() {
    replay("lsp");
}

#[test]
fn documents_of_images_are_read_or_refused() {
    replay("oci");
}

#[test]
fn advisories_are_read_or_refused() {
    replay("osv");
}

#[test]
fn records_of_packages_are_read_or_noted() {
    replay("records");
}

#[test]
fn rpm_databases_are_read_or_noted() {
    replay("rpm");
}

#[test]
fn scripts_are_traced() {
    replay("script");
}

#[test]
fn shell_text_is_parsed() {
    replay("shell");
}

#[test]
fn layers_are_written_as_they_were_read() {
    replay("tar");
}

#[test]
fn orders_of_versions_are_total() {
    replay("versions");
}

#[test]
fn zip_archives_are_read_or_noted() {
    replay("zip");
}

/// The seeds that a script makes, in a directory for each target.
static MADE: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds.py");
    let status = Command::new(script).arg(directory.path()).status();
    assert!(status.is_ok_and(|status| status.success()));
    directory
});

fn replay(name: &str) {
    let (_, target) = targets::TARGETS
        .iter()
        .find(|(known, _)| *known == name)
        .expect("the target is in the list");
    let seeds = seeds(name);
    assert!(!seeds.is_empty(), "{name} has no seeds");
    let mutations = (RUNS / seeds.len()).max(1);
    let mut random = Random(1);
    for seed in &seeds {
        target(seed);
        let mut input = seed.clone();
        for number in 1..=mutations {
            if number % CHANGES == 0 {
                input.clone_from(seed);
            }
            mutate(&mut input, &seeds, &mut random);
            target(&input);
        }
    }
}

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    let mut paths = Vec::new();
    for directory in [kept.join(name), MADE.path().join(name)] {
        // A target has seeds of one kind, or of both.
        let Ok(entries) = fs::read_dir(directory) else {
            continue;
        };
        paths.extend(entries.map(|entry| entry.expect("it can be listed").path()));
    }
    paths.sort_by(|one, other| one.file_name().cmp(&other.file_name()));
    let mut seeds = Vec::new();
    for path in paths {
        seeds.push(fs::read(path).expect("it can be read"));
    }
    seeds
}

/// Changes bytes, removes some, repeats some, or takes some from another seed.
fn mutate(input: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    let start = random.below(input.len() + 1);
    let end = (start + random.below(16)).min(input.len());
    match random.below(4) {
        0 => input[start..end].fill_with(|| random.byte()),
        1 => drop(input.drain(start..end)),
        2 => input.extend_from_within(start..end),
        _ => {
            let other = &seeds[random.below(seeds.len())];
            let from = random.below(other.len() + 1);
            let to = (from + random.below(64)).min(other.len());
            input.splice(start..end, other[from..to].iter().copied());
        }
    }
}

/// Numbers that are the same in every run: xorshift.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number less than `limit`.
    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() >> 32).unwrap_or_default() % limit
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[3]
    }
}
