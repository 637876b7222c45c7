//! Real images, slimmed by the real binary: what their containers do, and what is left of them.
//!
//! A case is a folder of `testdata/images`: a Dockerfile, `case.toml` (how it is slimmed and what is asked about it),
//! `behaviour.sh`, which drives a container of the image, and `behaviour.txt`, what that prints before and after.
//! They need root and podman, so plain `cargo test` leaves them out; `make e2e` installs what they need and runs them.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "all of this is a test")]

mod case;
mod containers;
mod faults;
mod round_trip;

use case::Case;
use std::fs;

macro_rules! images {
    ($($name:ident),+) => {$(
        mod $name {
            use super::Case;
            use std::sync::LazyLock;

            static CASE: LazyLock<Case> = LazyLock::new(|| Case::build_and_slim(stringify!($name)));

            #[test]
            fn original_behaves_as_its_case_says() {
                super::original_behaves_as_its_case_says(&CASE);
            }

            #[test]
            fn slimmed_image_behaves_as_the_original() {
                super::slimmed_image_behaves_as_the_original(&CASE);
            }

            #[test]
            fn oci_layout_behaves_as_the_original() {
                super::oci_layout_behaves_as_the_original(&CASE);
            }

            #[test]
            fn kept_entries_and_configuration_are_unchanged() {
                super::kept_entries_and_configuration_are_unchanged(&CASE);
            }

            #[test]
            fn two_runs_write_the_same_bytes() {
                super::two_runs_write_the_same_bytes(&CASE);
            }

            #[test]
            fn dry_run_writes_nothing() {
                super::dry_run_writes_nothing(&CASE);
            }

            #[test]
            fn why_names_the_way_to_a_kept_file() {
                super::why_names_the_way_to_a_kept_file(&CASE);
            }
        }
    )+};
}

images!(nginx, redis, runpath);

fn original_behaves_as_its_case_says(case: &Case) {
    assert_eq!(containers::behaviour(case, &case.name_of_original()), case.expected_behaviour());
}

fn slimmed_image_behaves_as_the_original(case: &Case) {
    let image = containers::load(&case.slimmed(), &case.name_of("slimmed"));
    assert_eq!(containers::behaviour(case, image.name()), case.expected_behaviour());
}

fn oci_layout_behaves_as_the_original(case: &Case) {
    let layout = format!("oci:{}", case.path("layout"));
    case.slim_to(&layout, &[]);
    let image = containers::load(&layout, &case.name_of("layout"));
    assert_eq!(containers::behaviour(case, image.name()), case.expected_behaviour());
}

fn kept_entries_and_configuration_are_unchanged(case: &Case) {
    let original = containers::copy_to_directory(&case.original(), &case.path("original.dir"));
    let slimmed = containers::copy_to_directory(&case.slimmed(), &case.path("slimmed.dir"));
    println!("{}", containers::assert_unchanged(&original, &slimmed, case.gone()));
}

fn two_runs_write_the_same_bytes(case: &Case) {
    let again = case.path("again.tar");
    case.slim_to(&format!("docker-archive:{again}"), &[]);
    let (first, second) = (fs::read(case.path("slimmed.tar")).unwrap(), fs::read(again).unwrap());
    assert!(first == second, "{} and {} bytes differ", first.len(), second.len());
}

fn dry_run_writes_nothing(case: &Case) {
    let absent = case.path("absent.tar");
    let report = case.slim_to(&format!("docker-archive:{absent}"), &["--dry-run"]);
    assert!(!report.is_empty());
    assert!(!fs::exists(absent).unwrap());
}

fn why_names_the_way_to_a_kept_file(case: &Case) {
    let chain = case.why();
    for step in case.way() {
        assert!(chain.contains(step), "no `{step}` in:\n{chain}");
    }
}
