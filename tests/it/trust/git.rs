//! `lint --staged` asks git, and git obeys none of the keys with which a repository names programs.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use super::ground::{Ground, Run, files, give_away, is_root, output_of};

/// An object that is in no repository.
const MISSING: &str = "0123456789012345678901234567890123456789";

/// What a configuration may say to make some command of git run a program.
fn keys(evil: &str) -> Vec<(&'static str, String)> {
    let mut keys = vec![
        ("core.fsmonitor", evil.to_owned()),
        ("core.hooksPath", "hooks".to_owned()),
        ("core.pager", evil.to_owned()),
        ("pager.diff-index", evil.to_owned()),
        ("core.alternateRefsCommand", evil.to_owned()),
        ("core.editor", evil.to_owned()),
        ("core.askPass", evil.to_owned()),
        ("core.gitProxy", evil.to_owned()),
        ("credential.helper", format!("!{evil}")),
        ("diff.external", evil.to_owned()),
        ("diff.evil.command", evil.to_owned()),
        ("diff.evil.textconv", evil.to_owned()),
        ("filter.evil.clean", evil.to_owned()),
        ("filter.evil.smudge", evil.to_owned()),
        ("filter.evil.process", evil.to_owned()),
        ("merge.evil.driver", evil.to_owned()),
        ("uploadpack.packObjectsHook", evil.to_owned()),
        ("gpg.program", evil.to_owned()),
        ("ssh.variant", "simple".to_owned()),
    ];
    for alias in [
        "alias.diff-index",
        "alias.cat-file",
        "alias.rev-parse",
        "alias.hash-object",
    ] {
        keys.push((alias, format!("!{evil}")));
    }
    keys
}

/// A repository with something staged in which every key names a program.
fn hostile() -> (Ground, String) {
    let ground = Ground::new();
    let evil = ground.program("repo/evil");
    for hook in [
        "pre-commit",
        "post-index-change",
        "fsmonitor-watchman",
        "reference-transaction",
    ] {
        ground.program(&format!("repo/hooks/{hook}"));
    }
    ground.write(
        "repo/.gitattributes",
        "* filter=evil diff=evil merge=evil\n",
    );
    ground.init();
    for hook in ["post-index-change", "fsmonitor-watchman"] {
        ground.program(&format!("repo/.git/hooks/{hook}"));
    }
    (ground, evil)
}

fn set(ground: &Ground, key: &str, value: &str) {
    ground.git(&["config", key, value]);
    ground.ran();
}

#[test]
fn no_git_configuration_key_runs_a_program() {
    let (ground, evil) = hostile();
    for (key, value) in keys(&evil) {
        set(&ground, key, &value);
        for arguments in [&["--staged"][..], &["--staged", "Dockerfile", "sub"]] {
            let run = ground.lint(&[&["--format", "compact"], arguments].concat());
            assert_eq!(ground.ran(), "", "{key}");
            assert_eq!(run.code, 1, "{key}: {}", run.err);
            assert_eq!(files(&run.out), ["Dockerfile", "sub/Dockerfile"], "{key}");
        }
    }
    // The test can fail: a person's own git obeys.
    ground.git_output(&["status"], "");
    assert!(
        ground.ran().contains("/evil "),
        "`core.fsmonitor` is obeyed"
    );
}

#[test]
fn keys_in_included_git_configurations_run_no_program() {
    let (ground, evil) = hostile();
    ground.write(
        "repo/included",
        &format!("[core]\n\tfsmonitor = {evil}\n\tpager = {evil}\n"),
    );
    for key in ["include.path", "includeIf.gitdir:/.path"] {
        set(&ground, key, "../included");
        let run = ground.lint(&["--staged"]);
        assert_eq!(
            (run.code, ground.ran().as_str()),
            (1, ""),
            "{key}: {}",
            run.err
        );
        ground.git_output(&["status"], "");
        assert!(!ground.ran().is_empty(), "{key} is obeyed by git");
        ground.git(&["config", "--unset", key]);
    }
    ground.git(&["config", "extensions.worktreeConfig", "true"]);
    ground.git(&["config", "--worktree", "core.fsmonitor", &evil]);
    ground.ran();
    let run = ground.lint(&["--staged"]);
    assert_eq!((run.code, ground.ran().as_str()), (1, ""), "{}", run.err);
}

#[test]
fn no_key_runs_a_program_before_the_first_commit_either() {
    let ground = Ground::new();
    let evil = ground.program("repo/evil");
    ground.git(&["init", "--quiet"]);
    ground.git(&["add", "."]);
    for (key, value) in keys(&evil) {
        set(&ground, key, &value);
    }
    let run = ground.lint(&["--staged", "--format", "compact"]);
    assert_eq!(
        files(&run.out),
        ["Dockerfile", "sub/Dockerfile"],
        "{}",
        run.err
    );
    assert_eq!(ground.ran(), "");
    ground.git_output(&["status"], "");
    assert!(!ground.ran().is_empty(), "the test can fail");
}

#[test]
fn a_missing_git_object_is_not_fetched() {
    let (ground, evil) = hostile();
    for (key, value) in [
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("protocol.ext.allow", "always"),
        ("protocol.allow", "always"),
        ("core.sshCommand", &evil),
        ("remote.origin.uploadpack", &evil),
    ] {
        set(&ground, key, value);
    }
    ground.program("bin/git-remote-evil");
    let entry = format!("100644,{MISSING},missing.Dockerfile");
    ground.git(&["update-index", "--add", "--cacheinfo", &entry]);
    let here = ground.path("repo").display().to_string();
    let command = format!("ext::{evil} x");
    for url in [
        &command,
        "ssh://127.0.0.1/x",
        "evil://x",
        "http://127.0.0.1:9/x",
        &here,
    ] {
        set(&ground, "remote.origin.url", url);
        let run = ground.lint(&["--staged"]);
        assert_eq!(ground.ran(), "", "{url}");
        assert_eq!(run.code, 2, "{url}");
        let reason = "cannot read the staged `missing.Dockerfile`";
        assert!(run.err.contains(reason), "{url}: {}", run.err);
    }
    set(&ground, "remote.origin.url", &command);
    ground.git_output(&["cat-file", "--batch"], &format!("{MISSING}\n"));
    assert!(ground.ran().contains("/evil x"), "git itself fetches it");
}

#[test]
fn the_configuration_of_a_nested_bare_repository_is_ignored() {
    let (ground, evil) = hostile();
    // All of it can be committed, as no directory is named `.git`.
    let bare = ground.path("repo/vendor");
    ground.git(&["clone", "--quiet", "--bare", ".", "vendor"]);
    let bare_text = bare.display().to_string();
    ground.git(&["-C", &bare_text, "config", "core.fsmonitor", &evil]);
    ground.git(&["-C", &bare_text, "config", "core.bare", "false"]);
    ground.git(&["-C", &bare_text, "config", "core.worktree", ".."]);
    ground.ran();
    ground.git_output(&["-C", &bare_text, "status"], "");
    assert!(!ground.ran().is_empty(), "git itself obeys it");
    let mut command = ground.command();
    command.current_dir(&bare).args(["lint", "--staged"]);
    let run = output_of(&mut command);
    assert_eq!((run.code, ground.ran().as_str()), (2, ""), "{}", run.err);
    assert!(run.err.contains("bare repository"), "{}", run.err);
}

#[test]
fn a_repository_of_another_user_is_refused_with_a_hint_on_safe_directory() {
    if !is_root() {
        return;
    }
    let (ground, evil) = hostile();
    set(&ground, "core.fsmonitor", &evil);
    for path in ["repo", "repo/.git"] {
        give_away(&ground.path(path));
    }
    let run = ground.lint(&["--staged"]);
    assert_eq!((run.code, ground.ran().as_str()), (2, ""));
    let here = ground.path("repo").display().to_string();
    let expected = format!(
        "error: `git` cannot list the staged files: detected dubious ownership in repository at \
         '{here}'; `git config --global --add safe.directory {here}` allows it\n"
    );
    assert_eq!(run.err, expected);
}

#[test]
fn git_variables_that_a_hook_receives_are_respected() {
    let (ground, evil) = hostile();
    set(&ground, "core.fsmonitor", &evil);
    // `git commit FILE` gives its hooks an index of its own.
    fs::copy(
        ground.path("repo/.git/index"),
        ground.path("repo/.git/other"),
    )
    .expect("it is there");
    let mut git = std::process::Command::new("git");
    git.current_dir(ground.path("repo"))
        .env_clear()
        .envs(ground.environment());
    git.env("GIT_INDEX_FILE", ".git/other")
        .args(["-c", "core.fsmonitor=false"]);
    git.args(["rm", "--quiet", "--cached", "sub/Dockerfile"])
        .stdin(Stdio::null());
    assert!(git.status().expect("`git` starts").success());
    ground.ran();
    let mut command = ground.command();
    command
        .env("GIT_INDEX_FILE", ".git/other")
        .env("GIT_DIR", ".git");
    let run = output_of(command.args(["lint", "--staged", "--format", "compact"]));
    assert_eq!(files(&run.out), ["Dockerfile"], "{}", run.err);
    assert_eq!(ground.ran(), "");
}

#[test]
fn staged_files_are_limited_in_size() {
    let (ground, _) = hostile();
    let mut large = fs::File::create(ground.path("repo/large.Dockerfile")).expect("it is ours");
    large
        .write_all(&vec![b'#'; (1 << 20) + 1])
        .expect("it can be written");
    ground.git(&["-c", "filter.evil.clean=", "add", "large.Dockerfile"]);
    let run = ground.lint(&["--staged"]);
    assert_eq!(run.code, 2);
    let expected = "cannot read the staged `large.Dockerfile`: it is larger than 1 MiB";
    assert!(run.err.contains(expected), "{}", run.err);
    let run = ground.lint(&["--staged", "large.Dockerfile"]);
    assert_ne!(run.code, 2, "naming it raises the limit: {}", run.err);
}

#[test]
fn a_replaced_git_object_is_checked_as_it_would_be_committed() {
    let (ground, _) = hostile();
    let staged = ground.git(&["rev-parse", ":Dockerfile"]);
    ground.write("repo/clean", "FROM debian:12\nUSER 1\n");
    let clean = ground.git(&["hash-object", "-w", "--no-filters", "clean"]);
    ground.git(&["replace", &staged, &clean]);
    let run = ground.lint(&["--staged", "--format", "compact", "--select", "root-user"]);
    assert_eq!(files(&run.out), ["Dockerfile", "sub/Dockerfile"]);
}

/// A Dockerfile with a finding that the other one does not have.
const STAGED: &str = "FROM debian:12\nUSER root\n";

/// Stages a text at a path without a file in the working tree.
fn stage(ground: &Ground, path: &str, text: &str) {
    ground.write("outside/text", text);
    let object = ground.git(&["hash-object", "-w", "--no-filters", "../outside/text"]);
    let entry = format!("100644,{object},{path}");
    ground.git(&["update-index", "--add", "--cacheinfo", &entry]);
}

#[test]
fn a_sparse_checkout_hides_no_staged_file() {
    let ground = Ground::new();
    ground.write("repo/other/f", "");
    ground.write("repo/sub/inner/Dockerfile", "FROM debian:12\nUSER 1\n");
    ground.write("repo/sub/inner/x", "FROM debian:12\nUSER 1\n");
    ground.init();
    ground.git(&["commit", "--quiet", "--message", "second"]);
    stage(&ground, "sub/inner/Dockerfile", STAGED);
    stage(&ground, "sub/inner/x", STAGED);
    let tree = ground.git(&["write-tree"]);
    ground.git(&["reset", "--quiet", "--hard"]);
    ground.git(&[
        "sparse-checkout",
        "set",
        "--cone",
        "--sparse-index",
        "other",
    ]);
    ground.git(&["read-tree", &tree]);
    ground.git(&["sparse-checkout", "reapply"]);
    // The test can fail: git has collapsed the directory.
    let index = ground.git(&["ls-files", "--sparse"]);
    assert!(index.lines().any(|line| line.ends_with('/')), "{index}");
    let all = ["--staged", "--format", "compact", "--select", "root-user"];
    for (paths, expected) in [
        (&[][..], &["sub/inner/Dockerfile"][..]),
        (&["sub"], &["sub/inner/Dockerfile"]),
        (&["sub/inner"], &["sub/inner/Dockerfile"]),
        (&["sub/inner/Dockerfile"], &["sub/inner/Dockerfile"]),
        (&["sub/inner/x"], &["sub/inner/x"]),
        (&["other"], &[]),
    ] {
        let run = ground.lint(&[&all, paths].concat());
        assert_eq!(files(&run.out), expected, "{paths:?}: {}", run.err);
    }
    let after = ground.git(&["ls-files", "--sparse"]);
    assert_eq!(after, index, "a check does not write the index");
}

#[test]
fn no_form_of_the_git_index_hides_a_staged_file() {
    for change in [
        &["update-index", "--split-index"][..],
        &["update-index", "--index-version", "4"],
        &["update-index", "--skip-worktree", "sub/Dockerfile"],
        &["update-index", "--assume-unchanged", "sub/Dockerfile"],
        &["update-index", "--untracked-cache"],
        &["update-index", "--chmod=+x", "sub/Dockerfile"],
        &["mv", "sub/Dockerfile", "sub/app.DOCKERFILE"],
    ] {
        let ground = Ground::new();
        ground.init();
        ground.git(change);
        let run = ground.lint(&["--staged", "--format", "compact", "--select", "root-user"]);
        assert_eq!(
            files(&run.out).len(),
            2,
            "{change:?}: {} {}",
            run.out,
            run.err
        );
    }
}

fn staged_from(ground: &Ground, directory: &str, arguments: &[&str]) -> Run {
    let mut command = ground.command();
    command.current_dir(ground.path(directory));
    command.args([
        "lint",
        "--staged",
        "--format",
        "compact",
        "--select",
        "root-user",
    ]);
    output_of(command.args(arguments))
}

#[test]
fn a_staged_path_above_the_current_directory_is_checked() {
    let ground = Ground::new();
    ground.write("repo/other/deep/f", "");
    ground.write("repo/sub/custom", STAGED);
    ground.init();
    let here = ground.path("repo/sub").display().to_string();
    let link = ground.path("link");
    std::os::unix::fs::symlink(ground.path("repo"), &link).expect("symlinks can be made");
    let by_link = link.join("sub/custom").display().to_string();
    for (path, expected) in [
        ("../..", &["../../Dockerfile", "../../sub/Dockerfile"][..]),
        ("../../sub", &["../../sub/Dockerfile"]),
        ("../../sub/Dockerfile", &["../../sub/Dockerfile"]),
        ("../../other/../sub/custom", &["../../sub/custom"]),
        (&here, &["../../sub/Dockerfile"]),
        (&by_link, &["../../sub/custom"]),
        (".", &[]),
    ] {
        let run = staged_from(&ground, "repo/other/deep", &[path]);
        assert_eq!(files(&run.out), expected, "{path}: {}", run.err);
        assert_eq!(
            run.code,
            i32::from(!expected.is_empty()),
            "{path}: {}",
            run.err
        );
    }
    let run = staged_from(
        &ground,
        "repo/sub",
        &["--exclude", "/Dockerfile", "..", "custom"],
    );
    assert_eq!(files(&run.out), ["../Dockerfile", "custom"], "{}", run.err);
    // A path outside the repository is an error, not a clean result.
    for path in ["../../../..", "../../../outside/private", "/etc"] {
        let run = staged_from(&ground, "repo/other/deep", &[path]);
        assert_eq!(run.code, 2, "{path}: {}", run.out);
        assert!(
            run.err.contains("is outside repository"),
            "{path}: {}",
            run.err
        );
    }
}

#[test]
fn a_staged_path_at_which_git_finds_nothing_is_reported() {
    let ground = Ground::new();
    ground.init();
    ground.write("repo/module/.git/HEAD", "");
    ground.write("repo/module/Dockerfile", STAGED);
    for (path, reason) in [
        (
            "Dokerfile",
            "there is no such file, and nothing is staged there",
        ),
        (
            "no/such/directory",
            "there is no such file, and nothing is staged there",
        ),
        ("module", "it is in another repository"),
        ("module/Dockerfile", "it is in another repository"),
    ] {
        let run = staged_from(&ground, "repo", &[path, "sub"]);
        let warning = format!("warning: `{path}` is not checked: {reason}\n");
        assert!(run.err.contains(&warning), "{path}: {}", run.err);
        assert_eq!(files(&run.out), ["sub/Dockerfile"], "{path}");
    }
    // A staged file need not be in the working tree.
    fs::remove_file(ground.path("repo/sub/Dockerfile")).expect("it is there");
    let run = staged_from(&ground, "repo", &["sub/Dockerfile"]);
    assert_eq!(
        (files(&run.out), run.err.as_str()),
        (vec!["sub/Dockerfile".to_owned()], "")
    );
}

#[test]
fn a_staged_path_given_through_a_symlink_is_that_of_its_target() {
    let ground = Ground::new();
    ground.write("repo/sub/custom", STAGED);
    ground.link("sub", "repo/link");
    ground.link("sub/custom", "repo/file");
    ground.init();
    for (path, expected) in [
        ("link", "sub/Dockerfile"),
        ("link/Dockerfile", "sub/Dockerfile"),
        ("link/custom", "sub/custom"),
        ("file", "sub/custom"),
    ] {
        let run = staged_from(&ground, "repo", &[path]);
        assert_eq!(files(&run.out), [expected], "{path}: {}", run.err);
    }
}
