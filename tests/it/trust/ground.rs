//! A place for a hostile repository: the repository, what lies outside it, and the victim's home.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use assert_cmd::Command;
use serde_json::{Value, json};

/// Long enough for a loaded machine. A run that takes longer waits for something.
const PATIENCE: Duration = Duration::from_mins(2);
/// A finding of its own and a fix.
pub(crate) const DOCKERFILE: &str =
    "FROM debian:12\nADD app /app\nRUN echo $unquoted\nUSER root\nCMD [\"/app\"]\n";

pub(crate) struct Ground {
    _top: tempfile::TempDir,
    /// Without symlinks.
    pub(crate) top: PathBuf,
}

pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ground {
    /// A repository with a Dockerfile in it and in `sub`.
    #[expect(
        clippy::disallowed_methods,
        reason = "it is a path of the host, not one of an image"
    )]
    pub(crate) fn new() -> Self {
        let guard = tempfile::tempdir().expect("a temporary directory can be made");
        let top = fs::canonicalize(guard.path()).expect("it is there");
        let ground = Self { _top: guard, top };
        for directory in ["repo/.git", "repo/sub", "outside", "home", "tmp", "bin"] {
            fs::create_dir_all(ground.path(directory)).expect("directories can be made");
        }
        ground.write("repo/Dockerfile", DOCKERFILE);
        ground.write("repo/sub/Dockerfile", DOCKERFILE);
        ground.write(
            "outside/private",
            "FROM private:1\nADD secret /\nUSER root\n",
        );
        ground
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.top.join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("it is below")).expect("directories can be made");
        fs::write(path, text).expect("files can be written");
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).expect("it is there")
    }

    pub(crate) fn link(&self, target: &str, path: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("it is below")).expect("directories can be made");
        let _ = fs::remove_file(&path);
        symlink(target, path).expect("symlinks can be made");
    }

    pub(crate) fn fifo(&self, path: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("it is below")).expect("directories can be made");
        let status = std::process::Command::new("mkfifo").arg(path).status();
        assert!(status.expect("`mkfifo` starts").success());
    }

    /// A program that answers as ShellCheck does, and leaves a trace.
    pub(crate) fn program(&self, path: &str) -> String {
        let trace = self.path("ran");
        let text = format!(
            "#!/bin/sh\necho \"$0 $*\" >>'{}'\necho '{{\"comments\":[]}}'\n",
            trace.display()
        );
        self.write(path, &text);
        let path = self.path(path);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
        path.display().to_string()
    }

    /// What programs of [`Self::program`] were started since the last call.
    pub(crate) fn ran(&self) -> String {
        let trace = self.path("ran");
        let ran = fs::read_to_string(&trace).unwrap_or_default();
        let _ = fs::remove_file(trace);
        ran
    }

    /// jettison in the repository, with the victim's environment.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
        command.current_dir(self.path("repo")).env_clear();
        command.envs(self.environment()).timeout(PATIENCE);
        command
    }

    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let bin = self.path("bin");
        vec![
            ("HOME", self.path("home").display().to_string()),
            ("TMPDIR", self.path("tmp").display().to_string()),
            (
                "PATH",
                format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display()),
            ),
            ("NO_COLOR", "1".to_owned()),
            ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
        ]
    }

    pub(crate) fn lint(&self, arguments: &[&str]) -> Run {
        output_of(self.command().arg("lint").args(arguments))
    }

    /// What the language server answers where a file of the repository is opened.
    pub(crate) fn open(&self, path: &str, arguments: &[&str]) -> String {
        let uri = format!("file://{}", self.path(path).display());
        let mut command = self.command();
        command.arg("lsp").args(arguments);
        let run = output_of(command.write_stdin(session(&uri, DOCKERFILE)));
        assert_eq!(run.code, 0, "{}", run.err);
        run.out
    }

    /// Every file and symlink of the repository and outside: content, mode and time.
    pub(crate) fn snapshot(&self) -> BTreeMap<PathBuf, String> {
        let mut all = BTreeMap::new();
        for directory in ["repo", "outside", "home"] {
            for entry in walkdir::WalkDir::new(self.path(directory)) {
                let entry = entry.expect("it can be searched");
                let path = entry.path();
                // Answers of ShellCheck are kept there, and nothing else.
                if path.starts_with(self.path("home/.cache")) || path == self.path("home") {
                    continue;
                }
                let metadata = fs::symlink_metadata(path).expect("it is there");
                let content = if metadata.is_symlink() {
                    format!("{:?}", fs::read_link(path))
                } else if metadata.is_file() && metadata.len() < 1 << 20 {
                    format!(
                        "{:?}",
                        fs::read(path).map(|it| it.escape_ascii().to_string())
                    )
                } else {
                    format!("{:?}", metadata.file_type())
                };
                let facts = (metadata.mode(), metadata.ino(), metadata.mtime_nsec());
                all.insert(path.to_owned(), format!("{facts:?} {content}"));
            }
        }
        all
    }

    /// A real repository of git in the place of the mere directory.
    pub(crate) fn init(&self) {
        self.git(&["init", "--quiet"]);
        self.git(&["add", "Dockerfile"]);
        self.git(&["commit", "--quiet", "--message", "first"]);
        self.write("repo/Dockerfile", &format!("{DOCKERFILE}EXPOSE 80\n"));
        self.git(&["add", "."]);
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = self.git_output(arguments, "");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()
    }

    /// git as a person runs it.
    pub(crate) fn git_output(&self, arguments: &[&str], input: &str) -> std::process::Output {
        let mut git = std::process::Command::new("git");
        git.current_dir(self.path("repo")).env_clear();
        git.envs(self.environment());
        git.args(["-c", "user.name=a", "-c", "user.email=a@example.com"]);
        git.args(arguments);
        git.stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut git = git.spawn().expect("`git` starts");
        let mut stdin = git.stdin.take().expect("it is piped");
        // git may end without reading it.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        git.wait_with_output().expect("`git` ends")
    }
}

pub(crate) fn output_of(command: &mut Command) -> Run {
    let output = command.output().expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Run {
        code: output
            .status
            .code()
            .unwrap_or_else(|| panic!("killed: {output:?}")),
        out: text(&output.stdout),
        err: text(&output.stderr),
    }
}

/// All that an editor sends in a session in which it opens one file.
pub(crate) fn session(uri: &str, text: &str) -> Vec<u8> {
    let document = json!({ "uri": uri, "languageId": "dockerfile", "version": 1, "text": text });
    let place =
        json!({ "textDocument": { "uri": uri }, "position": { "line": 0, "character": 0 } });
    let greeting = json!({ "processId": null, "rootUri": null, "capabilities": {} });
    let messages = [
        json!({ "id": 1, "method": "initialize", "params": greeting }),
        json!({ "method": "initialized", "params": {} }),
        json!({ "method": "textDocument/didOpen", "params": { "textDocument": document } }),
        // What was opened is checked before a request is answered.
        json!({ "id": 2, "method": "textDocument/hover", "params": place }),
        json!({ "id": 3, "method": "shutdown" }),
        json!({ "method": "exit" }),
    ];
    messages
        .into_iter()
        .flat_map(|message| framed(&message))
        .collect()
}

pub(crate) fn framed(message: &Value) -> Vec<u8> {
    let mut message = message.clone();
    message["jsonrpc"] = json!("2.0");
    let text = message.to_string();
    format!("Content-Length: {}\r\n\r\n{text}", text.len()).into_bytes()
}

/// The files that lines of a compact report name, each once.
pub(crate) fn files(report: &str) -> Vec<String> {
    let mut files: Vec<String> = report
        .lines()
        .filter_map(|line| Some(line.split_once(':')?.0.to_owned()))
        .collect();
    files.dedup();
    files
}

pub(crate) fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    assert!(
        root || std::env::var_os("CI").is_none(),
        "tests of other users' files need root"
    );
    root
}

pub(crate) fn give_away(path: &Path) {
    std::os::unix::fs::lchown(path, Some(12345), Some(12345)).expect("root may give files away");
}
