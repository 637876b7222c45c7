//! An image, a stand-in for Podman that runs it, and jettison.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output};

use crate::builders::images::{Directory, Tar, config, docker_archive};

/// Files of the image that nothing refers to, so that no plan has them.
pub(super) const UNKNOWN: [&str; 8] = [
    "/opt/data/1",
    "/opt/data/2",
    "/opt/data/3",
    "/opt/data/4",
    "/opt/data/5",
    "/opt/data/6",
    "/opt/data/7",
    "/opt/data/8",
];

/// The directories of the stand-in's store, and that for temporary files.
const DIRECTORIES: [&str; 4] = ["images", "layers", "containers", "tmp"];

pub(super) struct Bench {
    directory: Directory,
}

impl Bench {
    /// The program of the image needs these files.
    pub(super) fn new(needs: &[&str]) -> Self {
        let bench = Self {
            directory: Directory::new(),
        };
        let mut tar = Tar::new().entry(b'0', "app", "", b"a program", |header| {
            header.set_mode(0o755);
        });
        tar = tar.directory("opt").directory("opt/data");
        for path in UNKNOWN {
            tar = tar.file(&path[1..], b"data");
        }
        let layer = tar.end();
        let mut config = config(std::slice::from_ref(&layer));
        config["config"]["ExposedPorts"] = serde_json::json!({"8080/tcp": {}, "53/udp": {}});
        bench.write("app.tar", docker_archive(&[layer], &config, &["app:1"]));
        bench.write("needs", lines(needs));
        bench.write("likes", "");
        bench.write("ports", "");
        bench.program("bin/podman", include_str!("podman.sh"));
        for directory in DIRECTORIES {
            fs::create_dir(bench.path(directory)).unwrap();
        }
        bench
    }

    /// The program looks for these files, but works without them.
    pub(super) fn likes(self, paths: &[&str]) -> Self {
        self.write("likes", lines(paths));
        self
    }

    /// The port of the container that the image exposes is this one on the host.
    pub(super) fn port(self, address: SocketAddr) -> Self {
        self.write("ports", format!("8080/tcp -> {address}\n"));
        self
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        self.directory.file(name, content.as_ref());
    }

    pub(super) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// A script in the current directory of jettison.
    pub(super) fn program(&self, name: &str, text: &str) {
        self.write(name, text);
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// `jettison slim` with more arguments.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jettison"));
        command
            .args([
                "slim",
                "app.tar",
                "-o",
                "docker-archive:slim.tar",
                "--no-policy",
            ])
            .args(arguments)
            .current_dir(self.directory.path())
            .env("FAKE", self.directory.path())
            .env("TMPDIR", self.path("tmp"))
            .env(
                "PATH",
                format!("{}:/usr/bin:/bin", self.path("bin").display()),
            );
        command
    }

    /// Runs it, and checks that nothing remains in the engine or in the directory for temporary
    /// files.
    pub(super) fn slim(&self, arguments: &[&str]) -> Ran {
        let ran = Ran::of(&self.command(arguments).output().unwrap());
        assert_eq!(self.remains(), Vec::<String>::new(), "{}", ran.stderr);
        ran
    }

    /// Containers, images, layers and temporary files that are left.
    pub(super) fn remains(&self) -> Vec<String> {
        let mut names = Vec::new();
        for directory in DIRECTORIES {
            for entry in fs::read_dir(self.path(directory)).unwrap() {
                names.push(entry.unwrap().path().display().to_string());
            }
        }
        names
    }

    pub(super) fn has_written(&self) -> bool {
        self.path("slim.tar").exists()
    }
}

fn lines(paths: &[&str]) -> String {
    let mut lines = String::new();
    for path in paths {
        lines.push_str(path);
        lines.push('\n');
    }
    lines
}

/// The result of a run.
pub(super) struct Ran {
    pub(super) status: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Ran {
    pub(super) fn of(output: &Output) -> Self {
        Self {
            status: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Checks the exit status and that the output has these texts.
    #[track_caller]
    pub(super) fn assert(&self, status: i32, texts: &[&str]) {
        let all = format!("{}{}", self.stdout, self.stderr);
        assert_eq!(self.status, Some(status), "{all}");
        for text in texts {
            assert!(all.contains(text), "no `{text}` in:\n{all}");
        }
    }
}
