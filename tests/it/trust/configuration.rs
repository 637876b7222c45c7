//! Configuration that comes with a repository says what is reported, and nothing else.

use std::fs;

use super::ground::{DOCKERFILE, Ground, give_away, is_root, output_of};

/// Commands that look for a configuration, from the repository's root.
const COMMANDS: [&[&str]; 8] = [
    &["lint"],
    &["lint", "Dockerfile"],
    &["lint", "sub"],
    &["lint", "-", "--stdin-filename", "sub/x.Dockerfile"],
    &["lint", "--staged"],
    &["lint", "--fix"],
    &["lint", "--diff"],
    &["lint", "--write-baseline", "known.json"],
];

/// Asserts that every command refuses a configuration with this reason, and does nothing.
fn assert_refused(ground: &Ground, name: &str, text: &str, reason: &str) {
    ground.write(&format!("repo/{name}"), text);
    let before = ground.snapshot();
    for arguments in COMMANDS {
        let run = output_of(ground.command().args(arguments).write_stdin(DOCKERFILE));
        assert_eq!(run.code, 2, "{text} {arguments:?}: {}", run.err);
        assert!(
            run.err.contains(reason),
            "{text} {arguments:?}: {}",
            run.err
        );
        assert!(run.err.contains(name), "{}", run.err);
    }
    let said = ground.open("repo/sub/Dockerfile", &[]);
    assert!(said.contains(reason), "{text}: {said}");
    let ran = ground.ran();
    let mine = ground.path("bin/shellcheck").display().to_string();
    assert!(
        ran.lines().all(|line| line.starts_with(&mine)),
        "{text}: {ran}"
    );
    assert_eq!(ground.snapshot(), before, "{text}");
    fs::remove_file(ground.path("repo").join(name)).expect("it is there");
}

#[test]
fn a_discovered_configuration_cannot_name_a_program() {
    let ground = Ground::new();
    let evil = ground.program("repo/evil");
    ground.program("repo/shellcheck");
    ground.program("bin/shellcheck");
    for program in [
        &evil,
        "./evil",
        "evil",
        "shellcheck",
        "../repo/evil",
        "/bin/sh",
        "",
    ] {
        assert_refused(
            &ground,
            ".jettison.toml",
            &format!("# a comment\nshellcheck = '{program}'\n"),
            &format!(
                "line 2, column 14: expected `true` or `false`: only a file passed with `--config` \
                 may set a program; use `--shellcheck {program}` instead"
            ),
        );
    }
    assert_refused(
        &ground,
        ".hadolint.yaml",
        "shellcheck: ./evil\n",
        "line 1, column 1: unknown field `shellcheck`",
    );
    ground.write("repo/.jettison.toml", "shellcheck = true\n");
    ground.lint(&[]);
    assert!(
        ground.ran().contains("bin/shellcheck"),
        "the one on PATH may be asked"
    );
    ground.write("repo/.jettison.toml", "shellcheck = false\n");
    ground.lint(&[]);
    assert_eq!(ground.ran(), "");
}

#[test]
fn a_program_may_be_named_on_the_command_line() {
    let ground = Ground::new();
    let mine = ground.program("bin/mine");
    ground.write("outside/mine.toml", "shellcheck = '../bin/mine'\n");
    ground.write("outside/name.toml", "shellcheck = 'mine'\n");
    for arguments in [
        ["--config", "../outside/mine.toml"],
        ["--config", "../outside/name.toml"],
        ["--shellcheck", &mine],
        ["--shellcheck", "mine"],
        ["--shellcheck", "../bin/mine"],
    ] {
        let run = ground.lint(&[&arguments[..], &["--no-cache"]].concat());
        assert_eq!(run.code, 1, "{arguments:?}: {}", run.err);
        assert!(ground.ran().contains("bin/mine --norc"), "{arguments:?}");
    }
    for (name, value) in [
        ("JETTISON_CONFIG", "../outside/mine.toml"),
        ("JETTISON_SHELLCHECK", "../bin/mine"),
    ] {
        let mut command = ground.command();
        output_of(command.args(["lint", "--no-cache"]).env(name, value));
        assert!(ground.ran().contains("bin/mine --norc"), "{name}");
    }
}

#[test]
fn a_discovered_configuration_cannot_write_files() {
    let ground = Ground::new();
    ground.link("../outside", "repo/directory");
    ground.link("../outside/private", "repo/out.json");
    let outside = ground.path("outside/profile").display().to_string();
    for format in [
        format!("compact={outside}"),
        "json=out.json".to_owned(),
        "sarif=new.sarif".to_owned(),
        "json=Dockerfile".to_owned(),
        "jsonl=../outside/private".to_owned(),
        "junit=sub/../../outside/private".to_owned(),
        "github=.git/hooks/pre-commit".to_owned(),
        "checkstyle=.GIT/config".to_owned(),
        "tty=directory/private".to_owned(),
        "text=/dev/stderr".to_owned(),
        "json=".to_owned(),
    ] {
        let reason = format!(
            "only a file passed with `--config` may write reports to files; \
             use `--format {format}` instead"
        );
        for (name, text, place) in [
            (
                ".jettison.toml",
                format!("format = '{format}'\n"),
                "line 1, column 10",
            ),
            (
                ".jettison.toml",
                format!("ignore = []\nformat = ['text', '{format}']\n"),
                "line 2, column 10",
            ),
            (
                ".hadolint.yaml",
                format!("format: '{format}'\n"),
                "line 1, column 9",
            ),
            (
                ".hadolint.yml",
                format!("formats: [text, '{format}']\n"),
                "line 1, column 17",
            ),
        ] {
            assert_refused(&ground, name, &text, &format!("{place}: {reason}"));
        }
    }
}

#[test]
fn a_discovered_configuration_may_choose_the_format_of_standard_output() {
    let ground = Ground::new();
    for (name, text) in [
        (".jettison.toml", "format = ['compact=-']\n"),
        (".hadolint.yaml", "format: compact\n"),
    ] {
        ground.write(&format!("repo/{name}"), text);
        let run = ground.lint(&["--select", "root-user"]);
        assert!(
            run.out.starts_with("Dockerfile:4:1: "),
            "{name}: {}",
            run.out
        );
        fs::remove_file(ground.path("repo").join(name)).expect("it is there");
    }
}

#[test]
fn output_files_may_be_named_on_the_command_line() {
    let ground = Ground::new();
    ground.write(
        "outside/ours.toml",
        "format = ['text', 'json=../outside/report.json']\n",
    );
    let run = ground.lint(&["--config", "../outside/ours.toml"]);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(ground.read("outside/report.json").starts_with('['));
    let mut command = ground.command();
    command
        .args(["lint"])
        .env("HADOLINT_FORMAT", "json=../outside/hadolint.json");
    assert_eq!(output_of(&mut command).code, 1);
    assert!(ground.read("outside/hadolint.json").starts_with('['));
}

#[test]
fn a_discovered_configuration_cannot_name_a_baseline_elsewhere() {
    let ground = Ground::new();
    let absolute = ground.path("outside/private").display().to_string();
    for path in [
        &absolute,
        "../outside/private",
        "sub/../../outside/private",
        "..",
        "/dev/zero",
    ] {
        assert_refused(
            &ground,
            ".jettison.toml",
            &format!("profile = 'default'\nbaseline = '{path}'\n"),
            &format!(
                "line 2, column 12: only a file passed with `--config` may name a file outside its \
                 directory; use `--baseline {path}` instead"
            ),
        );
    }
}

#[test]
fn a_baseline_in_a_discovered_configuration_must_really_lie_below_it() {
    let ground = Ground::new();
    ground.lint(&["--write-baseline", "sub/known.json"]);
    ground.write("repo/.git/known.json", &ground.read("repo/sub/known.json"));
    ground.write("outside/known.json", &ground.read("repo/sub/known.json"));
    ground.link("../outside/known.json", "repo/link.json");
    ground.link("../outside", "repo/directory");
    ground.link("/dev/zero", "repo/zero.json");
    ground.link("no-such-file", "repo/dangling.json");
    ground.lint(&["--write-baseline", "known.json"]);
    ground.link("known.json", "repo/inside.json");
    ground.fifo("repo/fifo.json");
    for (path, reason) in [
        ("link.json", "it is a symlink that points outside `.`"),
        ("directory/known.json", "it is outside `.`"),
        ("zero.json", "it is a symlink that points outside `.`"),
        ("dangling.json", "No such file"),
        ("fifo.json", "it is a FIFO, not a regular file"),
        ("sub", "it is a directory, not a regular file"),
        (".git/known.json", "it is in `.git`"),
    ] {
        ground.write("repo/.jettison.toml", &format!("baseline = '{path}'\n"));
        let run = ground.lint(&[]);
        assert_eq!(run.code, 2, "{path}");
        let expected = format!("cannot read `{path}`: {reason}");
        assert!(run.err.contains(&expected), "{path}: {}", run.err);
        let said = ground.open("repo/Dockerfile", &[]);
        assert!(said.contains("cannot read `"), "{path}: {said}");
    }
    for path in ["sub/known.json", "./sub/../sub/known.json", "inside.json"] {
        ground.write("repo/.jettison.toml", &format!("baseline = '{path}'\n"));
        let run = ground.lint(&[]);
        assert_eq!(run.code, 0, "{path}: {}", run.err);
    }
}

const LOUD: &str = "[severity]\nroot-user = 'error'\n";

/// Whether the configuration [`LOUD`] holds for a file.
fn is_loud(ground: &Ground, directory: &str, arguments: &[&str]) -> bool {
    let mut command = ground.command();
    command.current_dir(ground.path(directory));
    command.args(["lint", "--select", "root-user", "--format", "compact"]);
    let run = output_of(command.args(arguments));
    assert_eq!(run.code, 1, "{}", run.err);
    run.out.contains(": error: ")
}

#[test]
fn the_search_for_a_configuration_ends_at_the_repository_and_at_home() {
    for name in [".jettison.toml", ".hadolint.yaml"] {
        let text = match name {
            ".jettison.toml" => LOUD,
            _ => "override: {error: [DL3002]}\n",
        };
        let ground = Ground::new();
        ground.write(name, text);
        assert!(
            !is_loud(&ground, "repo", &["sub/Dockerfile"]),
            "above the repository"
        );
        ground.write("home/project/Dockerfile", DOCKERFILE);
        assert!(!is_loud(&ground, "home/project", &[]), "above home");
        fs::create_dir(ground.path("repo/tree")).expect("it can be made");
        ground.write("repo/tree/.git", "gitdir: ../.git/worktrees/tree\n");
        ground.write("repo/tree/Dockerfile", DOCKERFILE);
        ground.write(&format!("repo/{name}"), text);
        assert!(!is_loud(&ground, "repo/tree", &[]), "above a worktree");
        assert!(
            is_loud(&ground, "repo", &["sub/Dockerfile"]),
            "of the repository"
        );
        assert!(is_loud(&ground, "repo/sub", &[]), "from a directory in it");
        ground.link("../repo/sub", "outside/link");
        assert!(
            is_loud(&ground, "outside", &["link"]),
            "by a symlink that was named"
        );
        ground.write(&format!("home/{name}"), text);
        assert!(is_loud(&ground, "home/project", &[]), "of home");
    }
}

#[test]
fn configuration_of_another_user_is_ignored_with_a_warning() {
    if !is_root() {
        return;
    }
    for name in [".jettison.toml", ".hadolint.yaml"] {
        let ground = Ground::new();
        let text = match name {
            ".jettison.toml" => LOUD,
            _ => "override: {error: [DL3002]}\n",
        };
        let path = ground.path("repo/sub").join(name);
        let lint = |arguments: &[&str]| {
            let select = ["sub", "--select", "root-user", "--format", "compact"];
            ground.lint(&[&select, arguments].concat())
        };
        let warning = format!(
            "warning: `{}` is ignored: it is owned by another user; \
             use `--config` to read it anyway\n",
            path.display()
        );
        ground.write(&format!("repo/sub/{name}"), text);
        assert!(lint(&[]).out.contains(": error: "));
        give_away(&path);
        for arguments in [&[][..], &["--quiet"]] {
            let run = lint(arguments);
            assert!(!run.out.contains(": error: "), "{}", run.out);
            assert!(run.err.starts_with(&warning), "{}", run.err);
        }
        assert!(
            ground
                .open("repo/sub/Dockerfile", &[])
                .contains("it is owned by another user")
        );
        let named = path.display().to_string();
        assert!(
            lint(&["--config", &named]).out.contains(": error: "),
            "who names it means it"
        );
        // One of ours further up holds in its place.
        ground.write(&format!("repo/{name}"), text);
        assert!(lint(&[]).out.contains(": error: "));
        fs::remove_file(ground.path("repo").join(name)).expect("it is there");
        // A symlink of theirs to a file of ours, and the other way round.
        ground.write("repo/ours", text);
        ground.link("../ours", &format!("repo/sub/{name}"));
        assert!(lint(&[]).out.contains(": error: "));
        give_away(&path);
        assert!(lint(&[]).err.starts_with(&warning));
        ground.link("../ours", &format!("repo/sub/{name}"));
        give_away(&ground.path("repo/ours"));
        assert!(lint(&[]).err.starts_with(&warning));
        // `sudo` says whose terminal it is.
        let mut command = ground.command();
        command
            .args(["lint", "sub", "--format", "compact"])
            .env("SUDO_UID", "12345");
        assert!(output_of(&mut command).out.contains(": error: "));
    }
}

#[test]
fn a_discovered_configuration_must_be_a_regular_file_of_the_repository() {
    for name in [".jettison.toml", ".hadolint.yaml"] {
        let ground = Ground::new();
        let path = format!("repo/{name}");
        ground.write("outside/config", "");
        ground.fifo("repo/fifo");
        for (target, reason) in [
            ("../outside/config", "it is a symlink that points outside"),
            ("/dev/zero", "it is a symlink that points outside"),
            ("/proc/self/environ", "it is a symlink that points outside"),
            ("fifo", "it is a FIFO, not a regular file"),
            (".git/config", "it is in `.git`"),
            ("no-such-file", "No such file"),
        ] {
            ground.write("repo/.git/config", "");
            ground.link(target, &path);
            let run = ground.lint(&["sub"]);
            assert_eq!(run.code, 2, "{target}");
            let expected = format!("error: cannot read `{name}`: {reason}");
            assert!(run.err.starts_with(&expected), "{target}: {}", run.err);
            let said = ground.open("repo/sub/Dockerfile", &[]);
            assert!(said.contains(reason), "{target}: {said}");
        }
        ground.write("repo/sub/shared", "");
        ground.link("sub/shared", &path);
        assert_eq!(ground.lint(&[]).code, 1, "it stays in the repository");
        fs::remove_file(ground.path(&path)).expect("it is there");
        fs::create_dir(ground.path(&path)).expect("it can be made");
        assert_eq!(ground.lint(&[]).code, 1, "a directory is no configuration");
        fs::remove_dir(ground.path(&path)).expect("it is there");
        ground.write(&path, &"#".repeat((1 << 20) + 1));
        let run = ground.lint(&[]);
        assert!(run.err.contains("it is larger than 1 MiB"), "{}", run.err);
    }
}

#[test]
fn a_named_file_must_not_be_a_symlink_to_a_device() {
    let ground = Ground::new();
    // In a repository, it is refused because it leads out of it.
    let zero = "../home/zero";
    ground.link("/dev/zero", "home/zero");
    for option in ["--config", "--baseline"] {
        let run = ground.lint(&[option, zero]);
        assert_eq!(run.code, 2);
        let expected = "error: cannot read `../home/zero`: it is a device, not a regular file";
        assert!(run.err.starts_with(expected), "{option}: {}", run.err);
        let run = ground.lint(&[option, "/dev/zero"]);
        assert!(
            run.err.contains("it is larger than "),
            "{option}: {}",
            run.err
        );
    }
    let run = ground.lint(&[zero]);
    assert!(
        run.err.contains("it is a device, not a regular file"),
        "{}",
        run.err
    );
    let mut migrate = ground.command();
    let run = output_of(migrate.args(["config", "migrate", zero]));
    assert!(
        run.err.contains("it is a device, not a regular file"),
        "{}",
        run.err
    );
}

#[test]
fn the_policy_is_discovered_by_the_same_rules_as_the_configuration() {
    let ground = Ground::new();
    ground.link("/dev/zero", "repo/.jettison.toml");
    let slim = ["slim", "rootfs:.", "-o", "docker-archive:../outside/x.tar"];
    let run = output_of(ground.command().args(slim));
    assert_eq!(run.code, 2);
    assert!(
        run.err
            .contains("cannot read `.jettison.toml`: it is a symlink"),
        "{}",
        run.err
    );
    ground.link("/dev/zero", "repo/.hadolint.yaml");
    let run = output_of(ground.command().args(["config", "migrate"]));
    assert!(
        run.err
            .contains("cannot read `.hadolint.yaml`: it is a symlink"),
        "{}",
        run.err
    );
}
