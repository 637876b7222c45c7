//! Programs come from absolute directories of `PATH`, never from the one that jettison is in.

use super::ground::{Ground, output_of};

#[test]
fn no_program_is_found_in_the_current_directory() {
    let ground = Ground::new();
    ground.init();
    for directory in ["repo", "repo/sub", "repo/tools"] {
        for name in ["shellcheck", "git", "less", "sh", "ssh"] {
            ground.program(&format!("{directory}/{name}"));
        }
    }
    let paths = [
        "",
        ".",
        ":",
        "tools",
        "./tools:.",
        "sub/../tools",
        "../repo/tools:",
    ];
    for path in paths {
        let lint = |arguments: &[&str]| {
            output_of(
                ground
                    .command()
                    .env("PATH", path)
                    .arg("lint")
                    .args(arguments),
            )
        };
        let plain = lint(&[]);
        assert_eq!(plain.code, 1, "{path}: {}", plain.err);
        assert!(
            plain.err.contains("`shellcheck` is not on PATH"),
            "{path}: {}",
            plain.err
        );
        let staged = lint(&["--staged"]);
        assert_eq!(staged.code, 2);
        assert!(staged.err.contains("`git`"), "{path}: {}", staged.err);
        assert!(staged.err.contains("not on PATH"), "{path}: {}", staged.err);
        let named = lint(&["--shellcheck", "shellcheck"]);
        assert!(
            named.err.contains("cannot run `shellcheck`"),
            "{path}: {}",
            named.err
        );
        let mut explain = ground.command();
        output_of(explain.env("PATH", path).args(["explain", "root-user"]));
        assert_eq!(ground.ran(), "", "{path}");
    }
    // Relative entries do not hide absolute ones.
    ground.program("bin/shellcheck");
    let path = format!(
        ".:tools::{}:/usr/local/bin:/usr/bin:/bin",
        ground.path("bin").display()
    );
    for arguments in [
        &["lint", "--no-cache"][..],
        &["lint", "--staged", "--no-cache"],
    ] {
        assert_eq!(
            output_of(ground.command().env("PATH", &path).args(arguments)).code,
            1
        );
        let ran = ground.ran();
        assert!(
            ran.starts_with(&ground.path("bin/shellcheck").display().to_string()),
            "{ran}"
        );
        assert_eq!(ran.lines().count(), 1, "{ran}");
    }
}

#[test]
fn a_program_given_by_a_relative_path_is_run_from_the_current_directory() {
    let ground = Ground::new();
    ground.program("repo/sub/mine");
    // It is started in a temporary directory, where this path would lead elsewhere.
    let run = ground.lint(&["--shellcheck", "sub/mine"]);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(ground.ran().contains("/repo/sub/mine --norc"));
}
