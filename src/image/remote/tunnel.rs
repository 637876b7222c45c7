//! A daemon on another machine, reached as Docker's own client does: the system's
//! `ssh`, with the user's keys and configuration, runs `docker system dial-stdio` there, which
//! passes on what it is told.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::trust;

/// A socket each connection to which is one to the daemon. It is there as long as this is.
#[derive(Debug)]
pub(super) struct Tunnel {
    folder: TempDir,
}

impl Tunnel {
    /// To the daemon of `ssh://[USER@]HOST[:PORT]`. Nothing is asked yet, so this fails on this
    /// machine's side only.
    pub(super) fn open(address: &str) -> io::Result<Self> {
        let tunnel = Self {
            folder: tempfile::tempdir()?,
        };
        let listener = UnixListener::bind(tunnel.socket())?;
        let address = address.to_owned();
        // It waits until the process ends: there is nothing to tell it before.
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let address = address.clone();
                std::thread::spawn(move || pass_on(connection, &address));
            }
        });
        Ok(tunnel)
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }
}

/// Lets `ssh` speak over a connection until one side ends it. Its own complaints go to standard
/// error.
fn pass_on(connection: UnixStream, address: &str) -> io::Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let program = trust::find_program("ssh", &path).ok_or(io::ErrorKind::NotFound)?;
    let mut ssh = Command::new(program);
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
    // The other ends of the connection are the child's alone now.
    drop(ssh);
    running.wait().map(drop)
}
