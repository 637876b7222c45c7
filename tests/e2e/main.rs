//! Real images, slimmed with the real binary: the behavior of their containers, and the remaining
//! files.
//!
//! A new image is a directory in `testdata/images` and needs no code:
//!
//! - `Dockerfile`, built on Debian's packages. Builds share downloaded packages and the base image,
//!   which is itself made of packages; stages that begin alike are built once.
//! - `prepare.sh` where it needs what Debian has no package of: puts it into folder `$1`, which the
//!   Dockerfile names `--from=prepared`.
//! - `behaviour.sh`, which drives containers of image `$1` and prints what they do, more than that
//!   they start; `behaviour.txt`, what it prints, before and after. `tests/e2e/behaviour.sh` says
//!   what the scripts share.
//! - `case.toml`: `gone`, paths that must not stay; `why`, a kept file and what must stand on its
//!   way; `set`, the smallest set of images that it is in: `quick` for `make e2e-quick`, `usual` for
//!   `make test`, or only `all`.
//!
//! Nobody tells jettison what to keep. The tests need root and podman, so plain `cargo test` leaves
//! them out; `make e2e` installs what they need, runs them, and prints a table. A name chooses
//! tests: `tests/e2e/run.sh nginx`.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "all of this is a test"
)]

mod case;
mod containers;
mod scanners;
mod table;

use case::Case;
use libtest_mimic::{Arguments, Trial};
use std::{fs, sync::Arc};

type Test = fn(&Case);

/// In the order of the run: long tests first, so that two builds run at the same time.
const TESTS: &[(&str, Test)] = &[
    (
        "original_behaves_as_its_case_says",
        original_behaves_as_its_case_says,
    ),
    (table::WORKS, slimmed_image_behaves_as_the_original),
    (
        "kept_entries_and_configuration_are_unchanged",
        kept_entries_and_configuration_are_unchanged,
    ),
    (
        "why_shows_the_chain_to_a_kept_file",
        why_shows_the_chain_to_a_kept_file,
    ),
];

const TESTS_OF_WRITING: &[(&str, Test)] = &[
    (
        "oci_layout_behaves_as_the_original",
        oci_layout_behaves_as_the_original,
    ),
    (
        "two_runs_write_the_same_bytes",
        two_runs_write_the_same_bytes,
    ),
    ("dry_run_writes_nothing", dry_run_writes_nothing),
    (
        "scanners_name_the_packages_that_remain",
        scanners::name_the_packages_that_remain,
    ),
];

/// These slim an image again, which takes a build server too long for all of its images. `make e2e`
/// runs them with every image.
const LONG_TESTS: &[(&str, Test)] = &[
    (
        "slimmed_image_and_its_rest_are_the_original",
        slimmed_image_and_its_rest_are_the_original,
    ),
    (
        "slim_passes_the_behaviour_script_as_its_test",
        slim_passes_the_behaviour_script_as_its_test,
    ),
];

fn main() {
    let arguments = Arguments::from_args();
    let cases: Vec<Arc<Case>> = Case::chosen().into_iter().map(Arc::new).collect();
    let results = Arc::new(table::Results::default());
    let mut trials = Vec::new();
    for &(test, check) in TESTS {
        trials.extend(cases.iter().map(|case| trial(case, test, check, &results)));
    }
    for &(test, check) in TESTS_OF_WRITING {
        trials.extend(
            cases
                .iter()
                .filter(|case| case.writes())
                .map(|case| trial(case, test, check, &results)),
        );
    }
    for &(test, check) in LONG_TESTS {
        trials.extend(
            cases
                .iter()
                .filter(|case| case.has_long_tests())
                .map(|case| trial(case, test, check, &results)),
        );
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !arguments.list {
        table::print(&cases, &results);
    }
    conclusion.exit();
}

fn trial(
    case: &Arc<Case>,
    test: &'static str,
    check: Test,
    results: &Arc<table::Results>,
) -> Trial {
    let (case, results) = (Arc::clone(case), Arc::clone(results));
    Trial::test(format!("{}::{test}", case.name()), move || {
        results.begin(&case, test);
        check(&case);
        results.passed(&case, test);
        Ok(())
    })
}

fn original_behaves_as_its_case_says(case: &Case) {
    case.original();
    assert_text_eq(
        &containers::behaviour(case, &case.name_of("original")),
        &case.expected_behaviour(),
    );
}

fn slimmed_image_behaves_as_the_original(case: &Case) {
    let image = containers::load(&case.slimmed(), &case.name_of("slimmed"));
    assert_text_eq(
        &containers::behaviour(case, image.name()),
        &case.expected_behaviour(),
    );
}

fn oci_layout_behaves_as_the_original(case: &Case) {
    let layout = format!("oci:{}", case.path("layout"));
    case.slim_to(&layout, &[]);
    let image = containers::load(&layout, &case.name_of("layout"));
    assert_text_eq(
        &containers::behaviour(case, image.name()),
        &case.expected_behaviour(),
    );
}

fn slim_passes_the_behaviour_script_as_its_test(case: &Case) {
    let report = case.slim_with_its_test();
    let passed = format!("test `{}` passed", case.behaviour_script());
    assert!(report.contains(&passed), "{report}");
    assert!(!report.contains("healed"), "{report}");
}

fn kept_entries_and_configuration_are_unchanged(case: &Case) {
    let original = containers::copy_to_directory(&case.original(), &case.path("original.dir"));
    let slimmed = containers::copy_to_directory(&case.slimmed(), &case.path("slimmed.dir"));
    println!(
        "{}",
        containers::assert_unchanged(&original, &slimmed, case.gone())
    );
    let _ = (fs::remove_dir_all(original), fs::remove_dir_all(slimmed));
}

/// The layers of the rest begin with those of the slimmed image, and `restore` needs nothing else.
fn slimmed_image_and_its_rest_are_the_original(case: &Case) {
    let (rest, again) = (case.path("rest.tar"), case.path("restored.tar"));
    let [rest_image, again_image] = [&rest, &again].map(|path| format!("docker-archive:{path}"));
    let slim = format!("docker-archive:{}", case.path("beside.tar"));
    println!("{}", case.slim_to(&slim, &["--rest", &rest_image]));
    let [original, all] = [
        (case.original(), "whole.dir"),
        (rest_image.clone(), "rest.dir"),
    ]
    .map(|(image, name)| containers::unpack_to_directory(&image, &case.path(name)));
    println!("{}", containers::assert_complete(&original, &all));
    case::restore(&rest_image, &again_image);
    let _ = fs::remove_dir_all(all);
    let restored = containers::unpack_to_directory(&again_image, &case.path("restored.dir"));
    println!("{}", containers::assert_complete(&original, &restored));
    let _ = (fs::remove_dir_all(original), fs::remove_dir_all(restored));
    for path in [rest, again, case.path("beside.tar")] {
        fs::remove_file(path).unwrap();
    }
}

fn two_runs_write_the_same_bytes(case: &Case) {
    let again = case.path("again.tar");
    case.slimmed();
    case.slim_to(&format!("docker-archive:{again}"), &[]);
    let (first, second) = (
        fs::read(case.path("slimmed.tar")).unwrap(),
        fs::read(again).unwrap(),
    );
    assert!(
        first == second,
        "{} and {} bytes differ",
        first.len(),
        second.len()
    );
}

fn dry_run_writes_nothing(case: &Case) {
    let absent = case.path("absent.tar");
    let report = case.slim_to(&format!("docker-archive:{absent}"), &["--dry-run"]);
    assert!(!report.is_empty());
    assert!(!fs::exists(absent).unwrap());
}

fn why_shows_the_chain_to_a_kept_file(case: &Case) {
    let chain = case.why();
    for step in case.way() {
        assert!(chain.contains(step), "no `{step}` in:\n{chain}");
    }
}

/// Fails with both texts unescaped, because they have many lines.
fn assert_text_eq(now: &str, expected: &str) {
    assert!(
        now == expected,
        "it prints:\n{now}\ninstead of:\n{expected}"
    );
}
