//! Whole root directories: compares every program with its own loader in a chroot.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::answer::{answer_of, jettison, listed};
use super::build::Workshop;

/// Compares all programs in a root directory. Returns their number.
fn compare(root: &Path) -> usize {
    let root = root.to_str().unwrap();
    let rows = jettison(&[&format!("rootfs:{root}"), "--format=json"]);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let loaded: Vec<&Value> = rows
        .iter()
        .filter(|row| row["loader"].is_string())
        .collect();
    let differs = |row: &&&Value| {
        let ours = answer_of(row);
        let theirs = listed(root, &text(&row["loader"]), &text(&row["program"]), "");
        let differs = ours != theirs;
        if differs {
            let only_ours: Vec<_> = ours.difference(&theirs).collect();
            let only_theirs: Vec<_> = theirs.difference(&ours).collect();
            println!(
                "{}: only ours {only_ours:?}, only theirs {only_theirs:?}",
                row["program"]
            );
        }
        differs
    };
    let different = loaded.iter().filter(differs).count();
    println!(
        "{root}: {} of {} programs agree",
        loaded.len() - different,
        loaded.len()
    );
    assert_eq!(different, 0, "programs differ");
    loaded.len()
}

#[test]
fn every_program_of_a_debian_root_loads_the_libraries_its_loader_lists() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/loader/debian");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/deps/root.sh");
    assert!(Command::new(script).arg(&root).status().unwrap().success());
    let programs = compare(&root);
    assert!(programs >= 400, "{programs} programs are too few");
}

/// Programs and libraries in every combination of library locations and search methods.
#[test]
fn every_program_of_a_musl_root_loads_the_libraries_its_loader_lists() {
    let workshop = Workshop::new("musl-gcc");
    let loader = fs::read("/lib/ld-musl-x86_64.so.1").unwrap();
    workshop.write("lib/ld-musl-x86_64.so.1", &loader);
    workshop.write("etc/ld-musl-x86_64.path", b"/lib:/opt/configured\n/usr/lib");
    let places = [
        "lib",
        "usr/lib",
        "opt/configured",
        "opt/private",
        "usr/local/lib",
    ];
    for (number, place) in places.iter().enumerate() {
        workshop.library(
            &format!("{place}/lib{number}.so"),
            &format!("lib{number}.so"),
            &[],
        );
    }
    let paths = [
        "",
        "-Wl,-rpath,/opt/private",
        "-Wl,-rpath,$ORIGIN/../opt/private",
        "-Wl,-rpath,$LIB:/opt/private",
    ];
    let mut programs = 0;
    for needs in 1_usize..1 << places.len() {
        for (number, path) in paths.iter().enumerate() {
            let libraries = places
                .iter()
                .enumerate()
                .filter(|(index, _)| needs & (1 << index) != 0);
            let mut arguments: Vec<String> = libraries
                .map(|(index, place)| format!("@/{place}/lib{index}.so"))
                .collect();
            arguments.extend((!path.is_empty()).then(|| (*path).to_owned()));
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let name = format!("bin/p{needs}-{number}");
            workshop.program(&name, &arguments);
            programs += 1;
        }
    }
    let root = workshop.path("");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(root.join("lib/ld-musl-x86_64.so.1"), mode).unwrap();
    assert_eq!(compare(&root), programs);
}
