//! `jettison slim` with a policy: the slimmed image must comply with it.

use super::{IMAGE, folder, run};

/// Exit status, whether an image was written, and what was said.
fn slim(config: &str, arguments: &[&str]) -> (i32, bool, String) {
    let folder = folder(IMAGE, config);
    let all = [
        &["slim", "app.tar", "-o", "docker-archive:slim.tar"],
        arguments,
    ]
    .concat();
    let (code, out, err) = run(folder.path(), &all);
    (code, folder.path().join("slim.tar").exists(), out + &err)
}

#[test]
fn removed_files_do_not_violate_the_policy() {
    let config = "[policy]\nforbid = ['sudo', 'shell', 'setuid']\nmax-packages = 1\nmax-files = 4\nmax-size = '50 kB'\n";
    let (code, written, said) = slim(config, &[]);
    assert_eq!((code, written), (0, true), "{said}");
}

#[test]
fn an_image_that_violates_the_policy_is_not_written() {
    let keep = ["--keep", "/usr/bin/sudo"];
    let (code, written, said) = slim("[policy]\nforbid = ['setuid']\nmax-packages = 1\n", &keep);
    assert_eq!((code, written), (1, false), "{said}");
    for expected in [
        "error[setuid-file]: setuid root program `/usr/bin/sudo`",
        "the policy forbids `setuid`",
        "`jettison why app.tar /usr/bin/sudo` shows what requires it",
        "image has 2 packages; the policy allows 1",
        "not written: the result violates the policy (`--force` overrides)",
    ] {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
    let excepted =
        "[policy]\nforbid = ['setuid']\n[[policy.allow]]\npackage = 'sudo'\nreason = 'x'\n";
    assert_eq!(slim(excepted, &keep).0, 0);
}

#[test]
fn force_writes_a_violating_image_and_still_fails() {
    let (code, written, said) = slim("[policy]\nmax-files = 1\n", &["--force"]);
    assert_eq!((code, written), (1, true), "{said}");
    assert!(
        said.contains("files-over-budget") && !said.contains("nothing is written"),
        "{said}"
    );
}

#[test]
fn packages_without_records_still_count() {
    let (code, _, said) = slim("[policy]\nmax-packages = 0\n", &["--no-package-records"]);
    assert_eq!(code, 1);
    assert!(
        said.contains("image has 1 package; the policy allows 0"),
        "{said}"
    );
}

#[test]
fn a_dry_run_fails_like_the_real_run() {
    let folder = folder(IMAGE, "[policy]\nmax-files = 1\n");
    let slim = |arguments: &[&str]| {
        run(
            folder.path(),
            &[&["slim", "app.tar", "--dry-run"], arguments].concat(),
        )
        .0
    };
    assert_eq!(slim(&[]), 1);
    assert_eq!(slim(&["--no-policy"]), 0);
    let other = folder.path().join("other.toml");
    std::fs::write(&other, "[policy]\nmax-files = 100\n").unwrap();
    assert_eq!(slim(&["--policy", "other.toml"]), 0);
    assert_eq!(slim(&["--policy", "missing.toml"]), 2);
    for empty in ["other.yaml", "empty.toml"] {
        std::fs::write(folder.path().join(empty), "").unwrap();
        assert_eq!(slim(&["--policy", empty]), 2, "{empty} has no policy");
    }
}

#[test]
fn measurements_before_writing_match_the_written_image() {
    let folder = folder(IMAGE, "");
    let (code, _, said) = run(
        folder.path(),
        &["slim", "app.tar", "-o", "docker-archive:slim.tar"],
    );
    assert_eq!(code, 0, "{said}");
    let budgets = "[policy]\nmax-packages = 0\nmax-files = 0\nmax-size = 0\n";
    std::fs::write(folder.path().join(".jettison.toml"), budgets).unwrap();
    let measured = |arguments: &[&str]| -> Vec<String> {
        let (_, out, _) = run(folder.path(), arguments);
        let lines = out.lines().filter(|line| line.starts_with("error["));
        lines.map(str::to_owned).collect()
    };
    let before = measured(&["slim", "app.tar", "--dry-run"]);
    assert_eq!(before.len(), 3, "{before:?}");
    assert_eq!(before, measured(&["lint", "slim.tar"]));
}

#[test]
fn lint_ends_with_a_summary_of_what_slim_would_remove() {
    let folder = folder(IMAGE, "");
    let (_, _, said) = run(folder.path(), &["lint", "app.tar"]);
    let last = said.lines().last().unwrap();
    let expected = "`jettison slim app.tar` would remove 100.1 kB of 101.1 kB: 4 files, 2 programs, 1 setuid file, 1 package";
    assert!(last.ends_with(expected), "{last}");
}
