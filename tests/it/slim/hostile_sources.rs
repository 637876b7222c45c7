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
    planned_in_time("/usr/lib/python3/dist-packages/a.py", "", "popen");
    planned_in_time("/usr/lib/python3/dist-packages/a.py", "", "which(''");
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

#[test]
fn words_are_searched_in_all_of_a_long_path_in_linear_time() {
    let mut path = "PATH=".to_owned();
    let mut machine = Machine::new().file("/bin/sh", "");
    for number in 0..1000 {
        machine = machine.file(&format!("/a{number}/b"), "");
        path.push_str("/a");
        path.push_str(&number.to_string());
        path.push(':');
    }
    let unknown = (0..20_000)
        .map(|number| format!("p{number}\n"))
        .collect::<Vec<_>>()
        .concat();
    let script = format!("#!/bin/sh\n{unknown}{}. c\n", "b\n. none\n".repeat(5_000));
    let began = Instant::now();
    let planned = machine
        .script("/app", &script)
        .file("/a999/c", "/a5/b")
        .env(&path)
        .entrypoint(&["/app"])
        .plan();
    let took = began.elapsed();
    assert!(took < Duration::from_secs(30), "{took:?}");
    assert!(
        planned.keeps("/a999/c"),
        "it is read from the last directory"
    );
}

#[test]
fn a_program_that_is_not_found_names_a_part_of_a_long_path() {
    let entries = (0..50_000)
        .map(|number| format!(":/a{number}"))
        .collect::<Vec<_>>()
        .concat();
    let mut machine = Machine::new().file("/usr/bin/env", "").file("/bin/sh", "");
    let mut script = "#!/bin/sh\n".to_owned();
    for number in 0..100 {
        let path = format!("/usr/bin/f{number}");
        script.push_str(&path);
        script.push('\n');
        machine = machine.script(&path, "#!/usr/bin/env none\n");
    }
    let planned = machine
        .script("/app", &script)
        .env(&format!("PATH=/usr/bin{entries}"))
        .entrypoint(&["/app"])
        .plan();
    let unmet = planned.plan.unmet();
    assert!(unmet.len() >= 100, "{}", unmet.len());
    assert!(unmet.iter().all(|unmet| unmet.looked_in.len() <= 32));
}

#[test]
fn files_of_supervisord_that_include_each_other_are_read_once() {
    let include = "[include]\nfiles = /app/*.ini\n";
    let planned = Machine::new()
        .file("/usr/bin/supervisord", "")
        .file("/etc/supervisor/supervisord.conf", include)
        .file("/app/a.ini", include)
        .file("/app/b.ini", include)
        .keep("/etc/supervisor/*")
        .plan();
    assert!(planned.keeps("/app/b.ini"));
}
