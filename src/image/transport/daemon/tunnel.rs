//! A daemon on another machine, reached as Docker's own client does: the system's `ssh`, with the
//! user's keys and configuration, runs `docker system dial-stdio` there, which forwards its input
//! and output to the daemon.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::trust;

/// A socket that forwards each connection to the daemon. It exists as long as this value.
#[derive(Debug)]
pub(super) struct Tunnel {
    directory: TempDir,
}

impl Tunnel {
    /// Opens a tunnel to the daemon of `ssh://[USER@]HOST[:PORT]`. `ssh` is started at the first
    /// connection, so this only fails for local reasons.
    pub(super) fn open(address: &str) -> io::Result<Self> {
        let tunnel = Self {
            directory: tempfile::tempdir()?,
        };
        let listener = UnixListener::bind(tunnel.socket())?;
        let address = address.to_owned();
        // The thread runs until the process ends; nothing has to be cleaned up before that.
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let address = address.clone();
                std::thread::spawn(move || forward(connection, &address));
            }
        });
        Ok(tunnel)
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.directory.path().join("socket")
    }
}

/// Runs `ssh` over a connection until one side closes it. Its own messages go to standard error.
fn forward(connection: UnixStream, address: &str) -> io::Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let program = trust::find_program("ssh", &path).ok_or(io::ErrorKind::NotFound)?;
    let mut ssh = Command::new(program);
    // `--` keeps a host that starts with a hyphen from being an option, such as `-oProxyCommand`.
    ssh.args([
        "-T",
        "-o",
        "ConnectTimeout=30",
        "--",
        address,
        "docker",
        "system",
        "dial-stdio",
    ]);
    ssh.stdin(OwnedFd::from(connection.try_clone()?))
        .stdout(OwnedFd::from(connection));
    let mut running = ssh.spawn()?;
    // The command holds copies of the connection, which would keep it open after `ssh` ends.
    drop(ssh);
    running.wait().map(drop)
}
