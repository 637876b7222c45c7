//! Files that a test needs although the plan lacks them are found.

use super::bench::{Bench, UNKNOWN};

const ARGUMENTS: [&str; 3] = [
    "--no-container",
    "--test-command",
    "\"$ENGINE\" run --rm \"$IMAGE\"",
];

/// The values of `--keep` that are proposed.
fn proposed(stdout: &str) -> Vec<&str> {
    let lines = stdout
        .lines()
        .filter_map(|line| line.strip_prefix("  --keep '"));
    lines.map(|line| line.trim_end_matches('\'')).collect()
}

#[test]
fn a_missing_file_is_added_and_reported_as_a_defect() {
    let bench = Bench::new(&[UNKNOWN[0]]);
    let ran = bench.slim(&ARGUMENTS);
    ran.assert(
        0,
        &[
            "this is a defect of jettison",
            "likely: [/opt/data/1]",
            "wrote docker-archive:slim.tar",
        ],
    );
    assert_eq!(proposed(&ran.stdout), ["/opt/data/1"]);
}

#[test]
fn exactly_the_needed_files_among_many_that_are_asked_for_are_added() {
    let bench = Bench::new(&[UNKNOWN[1], UNKNOWN[5], UNKNOWN[6]]).likes(&UNKNOWN);
    let ran = bench.slim(&ARGUMENTS);
    ran.assert(0, &["healed with 3 paths"]);
    assert_eq!(proposed(&ran.stdout), [UNKNOWN[1], UNKNOWN[5], UNKNOWN[6]]);
}

#[test]
fn files_after_the_first_missing_one_are_found_in_the_original() {
    // The program ends at the first, so a run of the slimmed image never asks for the others.
    let bench = Bench::new(&[UNKNOWN[0], UNKNOWN[3], UNKNOWN[7]]);
    let ran = bench.slim(&ARGUMENTS);
    ran.assert(0, &[]);
    assert_eq!(proposed(&ran.stdout), [UNKNOWN[0], UNKNOWN[3], UNKNOWN[7]]);
    let bench = Bench::new(&[UNKNOWN[0], UNKNOWN[3], UNKNOWN[7]]);
    let one_round = [&ARGUMENTS[..], &["--heal-rounds", "1"]].concat();
    bench.slim(&one_round).assert(0, &["healed with 3 paths"]);
}

#[test]
fn containers_that_jettison_starts_are_traced_too() {
    let bench = Bench::new(&[UNKNOWN[2]]);
    let ran = bench.slim(&[
        "--test-command",
        "\"$ENGINE\" logs \"$CONTAINER\" | grep works",
    ]);
    ran.assert(0, &[]);
    assert_eq!(proposed(&ran.stdout), [UNKNOWN[2]]);
}

#[test]
fn a_planted_loss_is_healed() {
    let bench = Bench::new(&["/app"]);
    let planted = ["--force", "--plant-loss", "/app"];
    let ran = bench.slim(&[&ARGUMENTS[..], &planted].concat());
    ran.assert(0, &[]);
    assert_eq!(proposed(&ran.stdout), ["/app"]);
    let bench = Bench::new(&["/app"]);
    let planted = ["--force", "--no-heal", "--plant-loss", "/app"];
    bench
        .slim(&[&ARGUMENTS[..], &planted].concat())
        .assert(1, &["cannot open /app"]);
}

#[test]
fn a_file_that_the_user_drops_is_not_added() {
    let bench = Bench::new(&[UNKNOWN[0]]);
    let ran = bench.slim(&[&ARGUMENTS[..], &["--drop", "/opt/data/*"]].concat());
    ran.assert(
        1,
        &[
            "`/opt/data/1` is required by the test, but `--drop` excludes it",
            "not healed",
        ],
    );
    assert!(!bench.has_written());
}

#[test]
fn a_search_without_a_run_left_says_that_it_may_have_added_too_much() {
    let bench = Bench::new(&[UNKNOWN[1], UNKNOWN[6]]).likes(&UNKNOWN);
    let ran = bench.slim(&[&ARGUMENTS[..], &["--heal-runs", "0"]].concat());
    ran.assert(0, &["perhaps more than it needs (`--heal-runs`)"]);
    assert_eq!(proposed(&ran.stdout), UNKNOWN);
}
