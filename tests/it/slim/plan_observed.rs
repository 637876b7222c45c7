//! Files that programs used in observed runs, and the level that keeps only these.

use jettison::evidence::observation::{Act, Observation};
use jettison::slim::Confidence;

use super::machine::Machine;
use super::plan_paths::merged_usr;
use crate::builders::elf_file::{GLIBC, library, program};

/// A program that calls `localtime`, and files that no reason but an observation keeps.
fn machine() -> Machine {
    merged_usr()
        .elf("/usr/bin/app", &program(GLIBC).imports("localtime"))
        .file("/etc/localtime", "TZif")
        .file("/opt/data/one.txt", "1")
        .file("/opt/data/two.txt", "2")
        .directory("/opt/state")
        .link("/opt/current", "data")
        .elf(
            "/opt/lib/plugin.so",
            &library("plugin.so").needs("libz.so.1"),
        )
        .elf("/usr/lib/libz.so.1", &library("libz.so.1"))
        .script("/opt/run.sh", "#!/usr/bin/app\n")
        .entrypoint(&["app"])
}

fn observation(records: &[(&str, Act)]) -> Observation {
    let mut observation = Observation::default();
    for (path, act) in records {
        observation.add(path.as_bytes(), *act, b"/usr/bin/app");
    }
    observation
}

#[test]
fn an_observed_file_is_kept_with_the_program_that_used_it() {
    let observed = observation(&[("/opt/data/one.txt", Act::Opened)]);
    let planned = machine().observed(observed).plan();
    assert!(planned.keeps("/opt/data/one.txt"));
    assert!(!planned.keeps("/opt/data/two.txt"));
    assert_eq!(
        planned.why("/opt/data/one.txt"),
        ["/opt/data/one.txt: opened by `/usr/bin/app` in an observed run"]
    );
}

#[test]
fn symlinks_on_an_observed_path_are_kept_with_their_targets() {
    let observed = observation(&[("/opt/current/../data/./one.txt", Act::LookedUp)]);
    let planned = machine().observed(observed).plan();
    for path in ["/opt/current", "/opt/data", "/opt/data/one.txt"] {
        assert!(planned.keeps(path), "{path}");
    }
}

#[test]
fn a_path_that_was_created_keeps_its_directory_only() {
    let created = observation(&[("/opt/state/pid", Act::Created)]);
    let planned = machine().observed(created).plan();
    assert!(planned.keeps("/opt/state"));
    let missing = observation(&[
        ("/opt/state/pid", Act::Missing),
        ("/opt/data", Act::Missing),
    ]);
    let planned = machine().observed(missing).plan();
    assert!(!planned.keeps("/opt/state") && !planned.keeps("/opt/data"));
}

#[test]
fn what_an_observed_file_needs_is_kept_as_of_any_file() {
    let observed = observation(&[
        ("/opt/lib/plugin.so", Act::Opened),
        ("/opt/run.sh", Act::Executed),
    ]);
    let planned = machine()
        .level(Confidence::Observed)
        .observed(observed)
        .plan();
    assert!(planned.keeps("/usr/lib/libz.so.1"));
    assert_eq!(
        planned
            .plan
            .graph()
            .confidence(planned.name("/usr/lib/libz.so.1")),
        Confidence::Observed
    );
}

#[test]
fn at_the_observed_level_a_feature_without_use_is_dropped_and_named() {
    let unused = machine()
        .level(Confidence::Observed)
        .observed(observation(&[]));
    assert!(!unused.clone().plan().keeps("/etc/localtime"));
    let summary = unused.summary();
    assert!(
        summary.contains("used by no observed run, and dropped:"),
        "{summary}"
    );
    assert!(
        summary.contains("Local time zone (time-zones): 1 file"),
        "{summary}"
    );
    let used = observation(&[("/etc/localtime", Act::Opened)]);
    let planned = machine().level(Confidence::Observed).observed(used).plan();
    assert!(planned.keeps("/etc/localtime"));
    // At other levels, an observation adds files and drops none.
    for level in [
        Confidence::Certain,
        Confidence::Likely,
        Confidence::Possible,
    ] {
        let planned = machine().level(level).observed(observation(&[])).plan();
        assert!(planned.keeps("/etc/localtime"), "{level}");
    }
}

#[test]
fn the_observed_level_is_counted_only_with_an_observation() {
    let levels = |machine: Machine| {
        let planned = machine.plan();
        let levels = planned.plan.totals().levels.iter();
        levels.map(|(level, _)| *level).collect::<Vec<_>>()
    };
    let others = [
        Confidence::Certain,
        Confidence::Likely,
        Confidence::Possible,
    ];
    assert_eq!(levels(machine()), others);
    assert_eq!(
        levels(machine().observed(observation(&[]))),
        Confidence::ALL
    );
}
