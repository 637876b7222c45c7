//! Images in which each of many things leads to each of many others: one of the first is enough.

use std::fmt::Write as _;

use super::machine::{Machine, Planned};
use crate::builders::elf_file::{GLIBC, program};

/// The number of reasons for which a path is kept.
fn reasons(planned: &Planned, path: &str) -> usize {
    let name = planned.image.tree.resolve(path.as_bytes()).unwrap().name;
    planned.plan.reasons(name).len()
}

#[test]
fn an_environment_with_many_names_of_python_is_walked_for_one() {
    let mut machine = Machine::new()
        .elf("/venv/bin/python", &program(GLIBC))
        .file("/venv/pyvenv.cfg", "")
        .file("/venv/lib/python3/site-packages/a/m.py", "");
    for number in 0..200 {
        let name = format!("/venv/bin/python{number}");
        machine = machine.hard_link(&name, "/venv/bin/python");
    }
    let planned = machine.entrypoint(&["/venv/bin/python"]).plan();
    assert!(planned.keeps("/venv/bin/python199"), "it takes no space");
    let module = "/venv/lib/python3/site-packages/a/m.py";
    assert!(planned.keeps(module));
    assert!(
        reasons(&planned, module) < 4,
        "{}",
        reasons(&planned, module)
    );
    assert!(reasons(&planned, "/venv/pyvenv.cfg") < 4);
}

#[test]
fn a_library_and_a_search_path_of_many_pythons_are_walked_for_one() {
    let mut machine = Machine::new()
        .file("/usr/lib/python3/os.py", "")
        .file("/usr/lib/python3/site-packages/s.py", "")
        .file("/p/m.py", "")
        .env("PYTHONPATH=/p:/p/:/none");
    let mut script = "#!/bin/sh\n".to_owned();
    for number in 0..100 {
        let name = format!("/usr/bin/python3{}", ".".repeat(number));
        script.push_str(&name);
        script.push('\n');
        machine = machine.elf(&name, &program(GLIBC));
    }
    let planned = machine
        .file("/bin/sh", "")
        .script("/app", &script)
        .entrypoint(&["/app"])
        .plan();
    for path in [
        "/usr/lib/python3/os.py",
        "/usr/lib/python3/site-packages/s.py",
        "/p/m.py",
    ] {
        assert!(planned.keeps(path), "{path}");
        assert!(
            reasons(&planned, path) < 4,
            "{path}: {}",
            reasons(&planned, path)
        );
    }
}

#[test]
fn packages_are_found_in_any_existing_directory_of_a_long_node_path() {
    let mut nowhere = String::new();
    for number in 0..5_000 {
        write!(nowhere, "/n{number}:").expect("a string can be written to");
    }
    let planned = Machine::new()
        .elf("/usr/bin/node", &program(GLIBC))
        .file("/app/a.js", "require('p');require('q');require('none')")
        .file("/first/p/package.json", "{}")
        .file("/last/p/package.json", "{}")
        .file("/last/q/package.json", "{}")
        .env(&format!("NODE_PATH={nowhere}/first:/first/.:/last"))
        .entrypoint(&["/usr/bin/node", "/app/a.js"])
        .plan();
    assert!(planned.keeps("/first/p/package.json"));
    assert!(
        !planned.keeps("/last/p/package.json"),
        "the first one is loaded"
    );
    assert!(planned.keeps("/last/q/package.json"));
}

#[test]
fn a_pattern_that_many_lines_use_is_one_reason() {
    let mut machine = Machine::new().file("/bin/sh", "");
    for number in 0..20 {
        machine = machine.file(&format!("/d/{number}"), "");
    }
    let lines = "cat \"$f\"\ncp $f /x\n".repeat(2_000);
    let script = format!("#!/bin/sh\nfor f in /d/*; do\n{lines}done\n");
    let planned = machine.script("/app", &script).entrypoint(&["/app"]).plan();
    assert!(planned.keeps("/d/19"));
    assert!(reasons(&planned, "/d/19") < 4);
    assert_eq!(planned.notes(), Vec::<String>::new());
}
