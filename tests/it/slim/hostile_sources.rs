//! Highly repetitive source files: they are analyzed in linear time.

use std::time::{Duration, Instant};

use super::machine::Machine;
use crate::builders::elf_file::{GLIBC, program};

/// Bytes of each source: what is quadratic in them takes minutes.
const LENGTH: usize = 2 << 20;

fn planned_in_time(path: &str, start: &str, piece: &str) {
    let text = format!("{start}{}", piece.repeat(LENGTH / piece.len()));
    let mut machine = Machine::new()
        .elf("/usr/bin/app", &program(GLIBC))
        .elf("/usr/bin/date", &program(GLIBC))
        .file("/app/lib/__init__.py", "")
        .file("/app/node_modules/a/package.json", "{}")
        .file(path, text.as_str());
    for number in 0..300 {
        machine = machine
            .file(&format!("/app/lib/{number}"), "")
            .file(&format!("/usr/lib/{number}.so"), "");
    }
    let began = Instant::now();
    machine.entrypoint(&["/usr/bin/app", path]).plan();
    let took = began.elapsed();
    assert!(
        took < Duration::from_secs(20),
        "{path}: {piece:?} took {took:?}"
    );
}

#[test]
fn strings_of_a_source_are_read_in_linear_time() {
    planned_in_time("/app/a.py", "subprocess\n", "'a'\n");
    planned_in_time("/app/a.rb", "", "`system 'a{\"b\"}'\n");
    planned_in_time("/usr/lib/python3/dist-packages/a.py", "", "os.system('a') ");
}

#[test]
fn commands_without_quotes_are_read_in_linear_time() {
    planned_in_time("/app/a.tcl", "", "exec ");
    planned_in_time("/app/a.tcl", "", "exec -a ü");
}

#[test]
fn imports_are_read_in_linear_time() {
    planned_in_time("/usr/lib/python3/dist-packages/a.py", "", "import pip\n");
    planned_in_time("/app/a.py", "", "import lib\n");
    planned_in_time("/app/a.js", "", "require('a');");
}

#[test]
fn libraries_of_a_source_are_read_in_linear_time() {
    planned_in_time("/app/a.py", "", "find_library(");
    planned_in_time("/app/a.py", "", "find_library('c')");
    planned_in_time("/app/a.py", "", "'libc.so.6' ");
}
