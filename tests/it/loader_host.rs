//! Compares the loader's rules with the loader itself: the libraries that this machine's programs
//! load according to `ld.so --list`.
//!
//! `LOADER_HOST_PROGRAMS` names a directory whose programs are all compared, and counted.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::fs;
use std::ops::Deref;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use jettison::elf::{self, Elf, ElfError, Environment, Files, Kind, Loader, Outcome, Process};

/// The files of this machine.
#[derive(Default)]
struct Host {
    elfs: Mutex<HashMap<u64, &'static Result<Elf, ElfError>>>,
    paths: Mutex<HashMap<u64, Vec<u8>>>,
}

fn path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

impl Files for Host {
    /// Device and inode number, mixed: a test may hope that they do not collide.
    type Id = u64;

    fn look(&self, at: &[u8]) -> Kind<u64> {
        let Ok(metadata) = fs::metadata(path(at)) else {
            return Kind::Missing;
        };
        let id = metadata.dev().rotate_left(40) ^ metadata.ino();
        self.paths.lock().unwrap().insert(id, at.to_vec());
        if metadata.is_file() {
            Kind::File(id)
        } else if metadata.is_dir() {
            Kind::Directory
        } else {
            Kind::Special
        }
    }

    fn list(&self, directory: &[u8]) -> Vec<Vec<u8>> {
        let entries = fs::read_dir(path(directory)).into_iter().flatten();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_vec())
            .collect();
        names.sort();
        names
    }

    fn read(&self, file: u64) -> Option<impl Deref<Target = [u8]>> {
        fs::read(path(&self.paths.lock().unwrap()[&file])).ok()
    }

    fn elf(&self, file: u64) -> Result<&Elf, ElfError> {
        if let Some(elf) = self.elfs.lock().unwrap().get(&file) {
            return elf.as_ref().map_err(Clone::clone);
        }
        let elf = Box::leak(Box::new(elf::parse(&self.read(file).unwrap())));
        self.elfs.lock().unwrap().insert(file, elf);
        elf.as_ref().map_err(Clone::clone)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the root directory is this machine's"
    )]
    fn real_path(&self, at: &[u8]) -> Option<Vec<u8>> {
        Some(fs::canonicalize(path(at)).ok()?.into_os_string().into_vec())
    }
}

/// The paths that our loader maps for a program, its loader among them;
/// `None` for what asks for no loader. A need that is not met is in it as the loader tells it:
/// `libx.so.1 => not found`.
fn ours(host: &Host, program: &Path) -> Option<BTreeSet<String>> {
    let program = program.as_os_str().as_bytes();
    let Kind::File(file) = host.look(program) else {
        return None;
    };
    let elf = host.elf(file).ok()?;
    let loader = Loader::new(host, elf.interpreter.as_ref()?, elf);
    let environment = Environment {
        library_path: Vec::new(),
        directory: b"/".to_vec(),
        secure: false,
    };
    let mut process = Process::new(host, &loader, &environment, program, file);
    process.load();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let objects = process
        .objects()
        .iter()
        .skip(1)
        .filter(|object| !object.variant);
    let missing = process
        .requests()
        .iter()
        .filter(|request| matches!(request.outcome, Outcome::Missing(_)));
    let mut mapped: BTreeSet<String> = objects.map(|object| text(&object.path)).collect();
    mapped.extend(missing.map(|request| format!("{} => not found", text(&request.name))));
    Some(mapped)
}

/// The same, as the program's own loader says it; `None` where it refuses to.
fn theirs(program: &Path, interpreter: &str) -> Option<BTreeSet<String>> {
    let mut command = Command::new(interpreter);
    command
        .arg("--list")
        .arg(program)
        .current_dir("/")
        .env_remove("LD_LIBRARY_PATH")
        .env_remove("LD_PRELOAD");
    let output = command.output().unwrap();
    // It fails, but lists, where a library is missing.
    let listing = String::from_utf8(output.stdout).unwrap();
    if listing.contains("statically linked") || (listing.is_empty() && !output.status.success()) {
        return None;
    }
    // musl's tells what is missing elsewhere.
    let errors = String::from_utf8(output.stderr).unwrap();
    let missing = errors.lines().filter_map(|line| {
        let (name, problem) = line
            .strip_prefix("Error loading shared library ")?
            .split_once(": ")?;
        problem
            .starts_with("No such file")
            .then(|| format!("{name} => not found"))
    });
    let lines = listing
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("linux-vdso"));
    let object = |line: &str| {
        if line.ends_with("not found") {
            return line.to_owned();
        }
        let path = line.split(" => ").last().unwrap_or(line);
        path.split(" (").next().unwrap_or(path).to_owned()
    };
    Some(lines.map(object).chain(missing).collect())
}

fn interpreter(program: &Path) -> Option<String> {
    let elf = elf::parse(&fs::read(program).ok()?).ok()?;
    String::from_utf8(elf.interpreter?).ok()
}

/// What both say, or nothing where the program is none that a loader starts.
type Answers = (BTreeSet<String>, BTreeSet<String>);

fn answers(host: &Host, program: &Path) -> Option<Answers> {
    let interpreter = interpreter(program)?;
    let ours = ours(host, program)?;
    let theirs = theirs(program, &interpreter)?;
    Some((ours, theirs))
}

#[test]
fn programs_of_this_machine_load_the_libraries_their_loader_lists() {
    let host = Host::default();
    let mut compared = 0;
    for program in [
        "/bin/sh",
        "/usr/bin/env",
        "/bin/ls",
        "/usr/bin/find",
        "/usr/bin/tar",
        "/bin/bash",
    ] {
        if let Some((ours, theirs)) = answers(&host, Path::new(program)) {
            assert_eq!(ours, theirs, "{program}");
            compared += 1;
        }
    }
    assert!(
        compared > 0,
        "this machine has none of the programs, or its loader lists nothing"
    );
}

#[test]
fn every_program_of_a_given_directory_loads_the_libraries_its_loader_lists() {
    let Some(directory) = std::env::var_os("LOADER_HOST_PROGRAMS") else {
        return;
    };
    let host = Host::default();
    let mut programs: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    programs.sort();
    let mut compared = 0;
    let mut different = Vec::new();
    for program in &programs {
        let Some((ours, theirs)) = answers(&host, program) else {
            continue;
        };
        compared += 1;
        if ours != theirs {
            let only =
                |one: &BTreeSet<String>, other| one.difference(other).cloned().collect::<Vec<_>>();
            let (only_ours, only_theirs) = (only(&ours, &theirs), only(&theirs, &ours));
            different.push(format!(
                "{}: only ours {only_ours:?}, only theirs {only_theirs:?}",
                program.display()
            ));
        }
    }
    println!(
        "{} of {compared} programs agree",
        compared - different.len()
    );
    assert!(
        different.is_empty(),
        "{} of {compared} programs differ:\n{}",
        different.len(),
        different.join("\n")
    );
    assert!(compared > 0, "no programs there");
}
