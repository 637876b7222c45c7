//! What a repository makes jettison read has an end.

use std::fs;

use super::ground::{DOCKERFILE, Ground, files, framed, output_of, session};
use serde_json::json;

/// Names of files that a search reads because they are there.
const IGNORE_FILES: [&str; 5] = [
    ".gitignore",
    ".ignore",
    ".dockerignore",
    "Dockerfile.dockerignore",
    ".git/info/exclude",
];

/// Runs with an address space of 2 GiB: whoever reads without an end fails.
fn lint(ground: &Ground, arguments: &[&str]) -> super::ground::Run {
    let mut shell = assert_cmd::Command::new("sh");
    shell
        .current_dir(ground.path("repo"))
        .env_clear()
        .envs(ground.environment());
    shell.timeout(std::time::Duration::from_mins(2));
    let script = "ulimit -v 2097152; exec \"$@\"";
    let program = env!("CARGO_BIN_EXE_jettison");
    let fixed = [
        "-c",
        script,
        "sh",
        program,
        "lint",
        "--no-shellcheck",
        "--format",
        "compact",
    ];
    shell.args(fixed).args(arguments);
    output_of(&mut shell)
}

#[test]
fn an_ignore_file_must_be_a_regular_file_of_the_repository() {
    let ground = Ground::new();
    let absolute = ground.path("outside/private").display().to_string();
    let both = ["Dockerfile", "sub/Dockerfile"];
    for directory in ["repo", "repo/sub"] {
        for name in IGNORE_FILES {
            let path = format!("{directory}/{name}");
            let up = "../".repeat(path.matches('/').count());
            let relative = format!("{up}outside/private");
            for target in ["/dev/zero", "/proc/self/environ", &absolute, &relative] {
                ground.link(target, &path);
                let run = lint(&ground, &[]);
                assert_eq!(files(&run.out), both, "{path} -> {target}: {}", run.err);
                let warning = "is ignored: it is a symlink that points outside";
                assert!(run.err.contains(warning), "{path} -> {target}: {}", run.err);
            }
            fs::remove_file(ground.path(&path)).expect("it is there");
            ground.fifo(&path);
            let run = lint(&ground, &[]);
            assert_eq!(files(&run.out), both, "{path}: {}", run.err);
            assert!(
                run.err.contains("it is a FIFO, not a regular file"),
                "{path}: {}",
                run.err
            );
            fs::remove_file(ground.path(&path)).expect("it is there");
            // Every file is left out by a list that is far too long.
            ground.write(&path, &"*\n".repeat(1 << 20));
            let run = lint(&ground, &[]);
            assert_eq!(files(&run.out), both, "{path}: {}", run.err);
            assert!(
                run.err.contains("it is larger than 256 KiB"),
                "{path}: {}",
                run.err
            );
            fs::remove_file(ground.path(&path)).expect("it is there");
        }
    }
}

#[test]
fn an_ignore_file_has_at_most_10_000_lines() {
    for name in IGNORE_FILES {
        let ground = Ground::new();
        ground.write(&format!("repo/{name}"), &"?\n".repeat(10_001));
        let run = lint(&ground, &[]);
        let warning = "is ignored: it has more than 10000 lines";
        assert!(run.err.contains(warning), "{name}: {}", run.err);
    }
}

#[test]
fn nested_ignore_files_share_one_limit() {
    let ground = Ground::new();
    let mut directory = "repo".to_owned();
    for level in 0..40 {
        ground.write(
            &format!("{directory}/.gitignore"),
            &format!("?{level}\n").repeat(4_000),
        );
        ground.write(&format!("{directory}/Dockerfile"), DOCKERFILE);
        directory.push_str("/deep");
    }
    let run = lint(&ground, &["--select", "root-user"]);
    assert_eq!(run.out.lines().count(), 41, "{}", run.err);
    let warnings = run
        .err
        .matches("are not used: with those in parent directories, they exceed 256 KiB");
    assert_eq!(warnings.count(), 38, "{}", run.err);
}

#[test]
fn a_warning_about_an_ignore_file_is_printed_once() {
    let ground = Ground::new();
    ground.link("/dev/zero", "repo/.dockerignore");
    ground.write("repo/a.Dockerfile", DOCKERFILE);
    for arguments in [&[][..], &["--fix", "--unsafe-fixes"]] {
        let run = lint(&ground, arguments);
        assert_eq!(
            run.err.matches("`.dockerignore` is ignored").count(),
            1,
            "{}",
            run.err
        );
    }
    let said = ground.open("repo/Dockerfile", &["--no-shellcheck"]);
    assert!(
        said.contains(".dockerignore` is ignored: it is a symlink"),
        "{said}"
    );
}

#[test]
fn every_kind_of_ignore_file_is_respected() {
    let ground = Ground::new();
    for directory in [
        "vendor",
        "vendor/keep",
        "old",
        "build",
        "excluded",
        "global",
        "ignored",
    ] {
        ground.write(&format!("repo/{directory}/Dockerfile"), DOCKERFILE);
    }
    ground.write(
        "repo/.gitignore",
        "\u{feff}old/\n/build\nignored\n[\n*.Dockerfile\n",
    );
    ground.write("repo/vendor/.gitignore", "*\n!keep\n!keep/**\n");
    ground.write("repo/.ignore", "!ignored\n");
    ground.write("repo/.git/info/exclude", "/excluded\n");
    ground.write("home/.config/git/ignore", "global/\n");
    ground.write("repo/x.Dockerfile", DOCKERFILE);
    let expected = [
        "Dockerfile",
        "ignored/Dockerfile",
        "sub/Dockerfile",
        "vendor/keep/Dockerfile",
    ];
    assert_eq!(files(&lint(&ground, &[]).out), expected);
    // The lists of the repository hold in its directories, those above it do not.
    ground.write(".gitignore", "*\n");
    ground.write("repo/.gitignore", "/sub/x.Dockerfile\n");
    ground.write("repo/sub/x.Dockerfile", DOCKERFILE);
    assert_eq!(files(&lint(&ground, &["sub"]).out), ["sub/Dockerfile"]);
    assert_eq!(files(&lint(&ground, &["old"]).out), ["old/Dockerfile"]);
    // A worktree has the list of its repository.
    ground.write("repo/tree/.git", "gitdir: ../.git/worktrees/tree\n");
    ground.write("repo/.git/worktrees/tree/commondir", "../..\n");
    ground.write("repo/tree/Dockerfile", DOCKERFILE);
    ground.write("repo/tree/excluded/Dockerfile", DOCKERFILE);
    assert_eq!(files(&lint(&ground, &["tree"]).out), ["tree/Dockerfile"]);
}

#[test]
fn a_hostile_git_file_of_a_worktree_is_ignored() {
    let ground = Ground::new();
    fs::remove_dir(ground.path("repo/.git")).expect("it is there");
    let both = ["Dockerfile", "sub/Dockerfile"];
    ground.fifo("repo/.git");
    assert_eq!(files(&lint(&ground, &[]).out), both);
    for target in ["/dev/zero", "no-such-file", "../outside"] {
        ground.link(target, "repo/.git");
        assert_eq!(files(&lint(&ground, &[]).out), both, "{target}");
    }
    fs::remove_file(ground.path("repo/.git")).expect("it is there");
    ground.fifo("outside/git/commondir");
    let outside = ground.path("outside").display().to_string();
    for text in [
        format!("gitdir: {outside}/git\n"),
        format!("gitdir: {outside}/private\n"),
        "gitdir: /dev/zero\n".to_owned(),
        "x".repeat(1 << 20),
    ] {
        ground.write("repo/.git", &text);
        assert_eq!(files(&lint(&ground, &[]).out), both, "{text:.40}");
    }
}

#[test]
fn a_discovered_dockerfile_has_at_most_1_mib() {
    let ground = Ground::new();
    let large = format!("{DOCKERFILE}{}", "#\n".repeat(1 << 19));
    ground.write("repo/large.Dockerfile", &large);
    let run = lint(&ground, &[]);
    assert_eq!(run.code, 2);
    let expected = "error: cannot read `large.Dockerfile`: it is larger than 1 MiB; \
                    name it on the command line to allow up to 4 MiB";
    assert!(run.err.contains(expected), "{}", run.err);
    assert_eq!(
        files(&run.out),
        ["Dockerfile", "sub/Dockerfile"],
        "the others are checked"
    );
    let named = lint(&ground, &["--select", "root-user", "large.Dockerfile"]);
    assert_eq!(files(&named.out), ["large.Dockerfile"], "{}", named.err);
    let sparse = fs::File::create(ground.path("repo/large.Dockerfile")).expect("it is ours");
    sparse.set_len(1 << 40).expect("it may be sparse");
    assert!(lint(&ground, &[]).err.contains("it is larger than 1 MiB"));
    let named = lint(&ground, &["large.Dockerfile"]);
    assert!(
        named.err.contains("it is larger than 4 MiB"),
        "{}",
        named.err
    );
}

#[test]
fn all_discovered_dockerfiles_together_are_limited_in_size() {
    let ground = Ground::new();
    for number in 0..80 {
        let path = ground.path(&format!("repo/{number}.Dockerfile"));
        let file = fs::File::create(path).expect("it is ours");
        file.set_len(1 << 20).expect("it may be sparse");
    }
    let run = lint(&ground, &["--select", "root-user"]);
    assert_eq!(run.code, 2);
    assert!(
        run.err
            .contains("the Dockerfiles are larger than 64 MiB in total"),
        "{}",
        run.err
    );
}

#[test]
fn named_configurations_and_baselines_are_limited_in_size() {
    let ground = Ground::new();
    for (name, limit) in [("config.toml", 2 << 20), ("baseline.json", 65 << 20)] {
        let file = fs::File::create(ground.path("repo").join(name)).expect("it is ours");
        file.set_len(limit).expect("it may be sparse");
    }
    let config = lint(&ground, &["--config", "config.toml"]);
    assert!(
        config.err.contains("it is larger than 1 MiB"),
        "{}",
        config.err
    );
    let baseline = lint(&ground, &["--baseline", "baseline.json"]);
    assert!(
        baseline.err.contains("it is larger than 64 MiB"),
        "{}",
        baseline.err
    );
}

#[test]
fn hostile_editor_messages_never_crash_the_server() {
    let ground = Ground::new();
    let lsp = |input: Vec<u8>| {
        let mut command = ground.command();
        output_of(command.args(["lsp", "--no-shellcheck"]).write_stdin(input))
    };
    let uri = format!("file://{}/Dockerfile", ground.path("repo").display());
    let valid = session(&uri, DOCKERFILE);
    assert_eq!(lsp(valid.clone()).code, 0);
    for start in [
        "Content-Length: 18446744073709551616\r\n\r\n".to_owned(),
        "Content-Length: -1\r\n\r\n".to_owned(),
        "Content-Length: 67108864\r\n\r\nshort".to_owned(),
        "Content-Length: 4\r\n\r\nnull".to_owned(),
        format!("X: {}", "x".repeat(1 << 20)),
        "X: y\r\n".repeat(1 << 10),
    ] {
        let run = lsp(start.clone().into_bytes());
        assert_eq!(run.code, 2, "{start:.40}: {}", run.err);
        assert!(
            run.err.starts_with("error: the "),
            "{start:.40}: {}",
            run.err
        );
    }
    // A message that is too long is passed over, and the session goes on.
    let greeting = json!({ "processId": null, "rootUri": null, "capabilities": {} });
    let mut input = framed(&json!({ "id": 1, "method": "initialize", "params": greeting }));
    input.extend(framed(&json!({ "method": "initialized", "params": {} })));
    let long = (64 << 20) + 1;
    input.extend(format!("Content-Length: {long}\r\n\r\n").bytes());
    input.resize(input.len() + long, b' ');
    input.extend(framed(&json!({ "id": 2, "method": "shutdown" })));
    input.extend(framed(&json!({ "method": "exit" })));
    let run = lsp(input);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(
        run.out.contains("ignored a message larger than 64 MiB"),
        "{}",
        run.out
    );
    assert!(run.out.contains(r#""id":2"#), "{}", run.out);
    // A text that is too long for a Dockerfile is not checked.
    let run = lsp(session(&uri, &"#".repeat((16 << 20) + 1)));
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("is not checked: it is larger than 4 MiB"));
}
