//! The system calls of `lint` and `lsp` in a repository in which everything is hostile at once.
//!
//! `strace` sees what they execute, open for writing, rename, remove and connect to. CI must have
//! it; elsewhere, the programs and files that a repository would reach tell by themselves.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use assert_cmd::Command;

use super::ground::{DOCKERFILE, Ground, output_of, session};

/// Calls that start programs, change files or reach other machines.
const CALLS: &str = "trace=execve,execveat,open,openat,openat2,creat,rename,renameat,renameat2,\
    link,linkat,symlink,symlinkat,unlink,unlinkat,mkdir,mkdirat,mknod,mknodat,rmdir,chmod,fchmodat,\
    truncate,chown,lchown,fchownat,utimensat,setxattr,socket,connect,bind,mount,ptrace,kill";

/// A repository that tries everything.
fn hostile() -> Ground {
    let ground = Ground::new();
    let evil = ground.program("repo/evil");
    let outside = ground.path("outside").display().to_string();
    for name in ["shellcheck", "git", "less", "sh"] {
        ground.program(&format!("repo/{name}"));
        ground.program(&format!("repo/tools/{name}"));
    }
    ground.write("repo/.gitattributes", "* filter=evil diff=evil\n");
    ground.init();
    for (key, value) in [
        ("core.fsmonitor", evil.clone()),
        ("core.pager", evil.clone()),
        ("core.hooksPath", "tools".to_owned()),
        ("diff.external", evil.clone()),
        ("diff.evil.textconv", evil.clone()),
        ("filter.evil.clean", evil.clone()),
        ("filter.evil.smudge", evil.clone()),
        ("filter.evil.process", evil.clone()),
        ("core.sshCommand", evil.clone()),
        ("core.repositoryFormatVersion", "1".to_owned()),
        ("extensions.partialClone", "origin".to_owned()),
        ("remote.origin.promisor", "true".to_owned()),
        ("remote.origin.url", "ssh://127.0.0.1/x".to_owned()),
        ("alias.diff-index", format!("!{evil}")),
    ] {
        ground.git(&["config", key, &value]);
    }
    for (target, path) in [
        ("../outside/private", "repo/link.Dockerfile"),
        ("/dev/zero", "repo/zero.Dockerfile"),
        ("../outside", "repo/directory"),
        ("../outside/profile", "repo/out.sarif"),
        ("/dev/zero", "repo/sub/.gitignore"),
        ("../../outside/private", "repo/sub/.dockerignore"),
        ("../outside/baseline.json", "repo/known.json"),
    ] {
        ground.link(target, path);
    }
    ground.fifo("repo/fifo.Dockerfile");
    ground.fifo("repo/tools/.gitignore");
    ground.write(
        "repo/sub/.jettison.toml",
        &format!("shellcheck = '{evil}'\nformat = ['compact={outside}/profile']\n"),
    );
    ground.write(
        "repo/tools/.hadolint.yaml",
        &format!("format: json={outside}/profile\n"),
    );
    ground.write("repo/tools/Dockerfile", DOCKERFILE);
    ground.program("bin/shellcheck");
    ground.ran();
    ground
}

/// Commands, the directory that each is run in, and whether it may change Dockerfiles.
const COMMANDS: [(&str, &[&str], bool); 10] = [
    ("repo", &["lint"], false),
    ("repo", &["lint", "."], false),
    ("repo", &["lint", "--staged"], false),
    ("repo", &["lint", "--diff", "--unsafe-fixes"], false),
    ("repo", &["lint", "--format", "json"], false),
    ("repo/sub", &["lint"], false),
    ("repo/tools", &["lint", "--staged"], false),
    ("repo", &["lint", "sub/Dockerfile"], false),
    (
        "repo",
        &["lint", "-", "--stdin-filename", "sub/Dockerfile"],
        false,
    ),
    ("repo", &["lint", "--fix", "--unsafe-fixes"], true),
];

#[test]
fn a_hostile_repository_causes_no_unexpected_system_calls() {
    let ground = hostile();
    let outside = outside(&ground);
    for (directory, arguments, fixes) in COMMANDS {
        let before = ground.snapshot();
        let calls = traced(&ground, directory, arguments, DOCKERFILE.as_bytes());
        assert_calls(&ground, arguments, fixes, &calls);
        if !fixes {
            assert_eq!(ground.snapshot(), before, "{arguments:?}");
        }
    }
    for file in [
        "repo/Dockerfile",
        "repo/sub/Dockerfile",
        "repo/tools/x",
        "outside/private",
    ] {
        let uri = format!("file://{}", ground.path(file).display());
        let before = ground.snapshot();
        let calls = traced(&ground, "repo", &["lsp"], &session(&uri, DOCKERFILE));
        assert_calls(&ground, &["lsp", file], false, &calls);
        assert_eq!(ground.snapshot(), before, "{file}");
    }
    assert_eq!(self::outside(&ground), outside);
    let ran = ground.ran();
    let mine = ground.path("bin/shellcheck").display().to_string();
    assert!(!ran.is_empty(), "ShellCheck is asked");
    assert!(ran.lines().all(|line| line.starts_with(&mine)), "{ran}");
}

/// What lies outside the repository.
fn outside(ground: &Ground) -> Vec<(PathBuf, String)> {
    let all = ground.snapshot().into_iter();
    all.filter(|(path, _)| !path.starts_with(ground.path("repo")))
        .collect()
}

/// The calls of a command; none without `strace`. Relative entries in `PATH` are part of the
/// attack.
fn traced(ground: &Ground, directory: &str, arguments: &[&str], input: &[u8]) -> Vec<String> {
    let program = env!("CARGO_BIN_EXE_jettison");
    let trace = ground.path("trace");
    let mut command = if has_strace() {
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-s", "4096", "-e", CALLS, "-o"]);
        command.arg(&trace).arg("--").arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir(ground.path(directory)).env_clear();
    command.envs(ground.environment());
    let path = format!(
        ".:tools::{}:/usr/local/bin:/usr/bin:/bin",
        ground.path("bin").display()
    );
    command.env("PATH", path).args(arguments);
    output_of(command.write_stdin(input));
    let calls = fs::read_to_string(&trace).unwrap_or_default();
    assert!(
        !has_strace() || calls.contains("execve("),
        "nothing was traced"
    );
    calls.lines().map(str::to_owned).collect()
}

#[allow(
    clippy::print_stderr,
    reason = "whoever runs the tests should know what was left out"
)]
fn has_strace() -> bool {
    let mut strace = std::process::Command::new("strace");
    strace.args(["-qq", "-e", "trace=none", "--", "true"]);
    let status = strace.stdout(Stdio::null()).stderr(Stdio::null()).status();
    let works = status.is_ok_and(|status| status.success());
    if !works {
        assert!(
            std::env::var_os("CI").is_none(),
            "`strace` is not there, or may not trace"
        );
        eprintln!("`strace` is not there: calls are not looked at");
    }
    works
}

fn assert_calls(ground: &Ground, arguments: &[&str], fixes: bool, calls: &[String]) {
    for line in calls {
        // After the number of the process.
        let call = line
            .split_once(' ')
            .map_or("", |(_, call)| call.trim_start());
        let Some((name, rest)) = call.split_once('(') else {
            // A signal, an exit, or the end of a call that was seen begin.
            continue;
        };
        let is_allowed = match name {
            "execve" => may_run(ground, arguments, rest),
            "open" | "openat" => !writes(rest) || may_write(ground, fixes, rest),
            "rename" | "renameat" | "renameat2" | "unlink" | "unlinkat" | "mkdir" | "mkdirat"
            | "rmdir" | "chmod" | "fchmodat" => may_write(ground, fixes, rest),
            _ => !name
                .chars()
                .all(|letter| letter.is_ascii_lowercase() || letter == '_'),
        };
        assert!(is_allowed, "{arguments:?}: {line}");
    }
}

/// jettison, ShellCheck by its absolute path, and git with what makes it obey nobody.
fn may_run(ground: &Ground, arguments: &[&str], rest: &str) -> bool {
    let Some(program) = quoted(rest).into_iter().next() else {
        return false;
    };
    let shellcheck = ground.path("bin/shellcheck");
    let is_git = ["/usr/local/bin/git", "/usr/bin/git", "/bin/git"].contains(&program.as_str());
    // What it becomes is a call of its own.
    let is_becoming = program == "/proc/self/exe" && rest.contains("\"--become-program\"");
    program == env!("CARGO_BIN_EXE_jettison")
        || is_becoming
        || Path::new(&program) == shellcheck
        || (is_git && arguments.contains(&"--staged") && rest.contains("\"core.fsmonitor=false\""))
}

fn writes(rest: &str) -> bool {
    ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND"]
        .iter()
        .any(|flag| rest.contains(flag))
}

/// Temporary files, and a Dockerfile that is fixed with the file that is renamed to it.
fn may_write(ground: &Ground, fixes: bool, rest: &str) -> bool {
    let paths = quoted(rest);
    let repository = ground.path("repo");
    let dockerfiles = ["Dockerfile", "sub/Dockerfile", "tools/Dockerfile"];
    !paths.is_empty()
        && paths.iter().map(Path::new).all(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            // A path below a directory that was opened before. That it is one of the repository is
            // seen from what lies outside, which stays as it was.
            let is_below_open = path.starts_with("/proc/self/fd");
            let is_beside = name.starts_with(".jettison-")
                && (is_below_open
                    || dockerfiles
                        .iter()
                        .any(|file| repository.join(file).parent() == path.parent()));
            let is_dockerfile = (is_below_open && name == "Dockerfile")
                || dockerfiles.iter().any(|file| repository.join(file) == path);
            path.starts_with(ground.path("tmp"))
                || path == ground.path("home/.cache")
                || path == ground.path("home/.cache/jettison")
                || path.starts_with(ground.path("home/.cache/jettison/shellcheck"))
                || path == Path::new("/dev/null")
                // The mark that a program of this test leaves.
                || path == ground.path("ran")
                || is_in_scripts(path)
                || (fixes && (is_beside || is_dockerfile))
        })
}

/// A script that is given to ShellCheck is removed by its name in the temporary directory.
fn is_in_scripts(path: &Path) -> bool {
    path.to_str()
        .is_some_and(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The texts between quotes.
fn quoted(rest: &str) -> Vec<String> {
    rest.split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}
