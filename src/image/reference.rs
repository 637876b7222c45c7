//! Which image is meant: a transport, a place, and a name inside it where there may be several.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::suggestion;

/// An image as it is named on the command line, with the transports that skopeo made known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reference {
    /// `docker-archive:FILE[:NAME]`: what `docker save` and `podman save` write.
    DockerArchive { path: PathBuf, name: Option<String> },
    /// `oci:DIRECTORY[:NAME]`: an OCI image layout.
    Oci { path: PathBuf, name: Option<String> },
    /// `oci-archive:FILE[:NAME]`: an OCI image layout in a tar archive.
    OciArchive { path: PathBuf, name: Option<String> },
    /// `rootfs:DIRECTORY`: a file system without a configuration.
    Rootfs { path: PathBuf },
    /// `docker-daemon:NAME`: an image that Docker or Podman holds.
    DockerDaemon { name: PathBuf },
    /// `docker://NAME`: an image of a registry.
    Registry { name: PathBuf },
    /// `-`: standard input or output.
    Stream,
    /// A path alone, whose content tells what it is. What is no path is the name of an image that a
    /// daemon holds.
    Path(PathBuf),
}

const TRANSPORTS: [&str; 6] = [
    "docker-archive",
    "oci",
    "oci-archive",
    "rootfs",
    "docker-daemon",
    "docker",
];
/// Transports of skopeo that are none here; they must not be taken for names of images.
const FOREIGN: [&str; 6] = [
    "containers-storage",
    "dir",
    "ostree",
    "sif",
    "tarball",
    "atomic",
];

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    #[error("the name of the image is empty")]
    Empty,
    #[error("`{given}` names no path after `{transport}:`")]
    NoPath {
        given: String,
        transport: &'static str,
    },
    #[error("`{given}` names no image after `{transport}:`, it should be like `{example}`")]
    NoImage {
        given: String,
        transport: &'static str,
        example: &'static str,
    },
    #[error("`{given}` ends in a colon, an image name should follow")]
    NoName { given: String },
    #[error("unknown transport `{transport}` in `{given}`{}; known are {}; a file of that name is `./{given}`",
        nearest.map(|name| format!(", `{name}` is near")).unwrap_or_default(),
        TRANSPORTS.map(|name| format!("`{name}:`")).join(", "))]
    UnknownTransport {
        given: String,
        transport: String,
        nearest: Option<&'static str>,
    },
}

impl Reference {
    /// The file or directory that holds the image; of an image that is in none, its name.
    pub fn path(&self) -> &Path {
        match self {
            Self::DockerArchive { path, .. }
            | Self::Oci { path, .. }
            | Self::OciArchive { path, .. }
            | Self::Rootfs { path }
            | Self::DockerDaemon { name: path }
            | Self::Registry { name: path }
            | Self::Path(path) => path,
            Self::Stream => Path::new("-"),
        }
    }

    /// Whether an argument begins with a transport, so that it is no file's name, even if what
    /// follows is wrong.
    pub fn has_transport(given: &str) -> bool {
        given
            .split_once(':')
            .is_some_and(|(transport, _)| TRANSPORTS.contains(&transport))
    }

    /// The name of the image among those of its archive or layout.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::DockerArchive { name, .. }
            | Self::Oci { name, .. }
            | Self::OciArchive { name, .. } => name.as_deref(),
            Self::DockerDaemon { name } | Self::Registry { name } => name.to_str(),
            Self::Rootfs { .. } | Self::Stream | Self::Path(_) => None,
        }
    }

    /// The image that a daemon is to be asked for: a name that stands for no file.
    pub(super) fn daemon_image(&self) -> Option<&str> {
        match self {
            Self::DockerDaemon { name } => name.to_str(),
            Self::Path(path) if !path.exists() => path.to_str().filter(|name| is_image_name(name)),
            _ => None,
        }
    }

    /// Whether the image is elsewhere than in a file of this machine.
    pub fn is_remote(&self) -> bool {
        matches!(self, Self::Registry { .. }) || self.daemon_image().is_some()
    }
}

/// Whether it can be the name of an image, and nobody would expect it to be a file.
fn is_image_name(name: &str) -> bool {
    const ENDINGS: [&str; 5] = [".tar", ".gz", ".tgz", ".zst", ".oci"];
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/:@".contains(&byte);
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(plain)
        && !name.ends_with('/')
        && !ENDINGS.iter().any(|ending| name.ends_with(ending))
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(given: &str) -> Result<Self, ReferenceError> {
        if given.is_empty() {
            return Err(ReferenceError::Empty);
        }
        if given == "-" {
            return Ok(Self::Stream);
        }
        let (transport, rest) = match given.split_once(':') {
            Some((transport, rest)) if !transport.contains(['/', '.']) => (transport, rest),
            _ => return Ok(Self::Path(given.into())),
        };
        let Some(transport) = TRANSPORTS.into_iter().find(|&known| known == transport) else {
            return unknown(given, transport);
        };
        if matches!(transport, "docker" | "docker-daemon") {
            return remote(given, transport, rest);
        }
        let (path, name) = match rest.split_once(':') {
            Some((path, name)) if transport != "rootfs" => (path, Some(name)),
            _ => (rest, None),
        };
        if path.is_empty() {
            return Err(ReferenceError::NoPath {
                given: given.into(),
                transport,
            });
        }
        if name == Some("") {
            return Err(ReferenceError::NoName {
                given: given.into(),
            });
        }
        let (path, name) = (PathBuf::from(path), name.map(str::to_owned));
        Ok(match transport {
            "docker-archive" => Self::DockerArchive { path, name },
            "oci" => Self::Oci { path, name },
            "oci-archive" => Self::OciArchive { path, name },
            _ => Self::Rootfs { path },
        })
    }
}

/// An image in a registry or a daemon.
fn remote(given: &str, transport: &'static str, rest: &str) -> Result<Reference, ReferenceError> {
    let no_image = |example| ReferenceError::NoImage {
        given: given.into(),
        transport,
        example,
    };
    if transport == "docker-daemon" {
        return match rest {
            "" => Err(no_image("docker-daemon:app:latest")),
            name => Ok(Reference::DockerDaemon { name: name.into() }),
        };
    }
    match rest.strip_prefix("//") {
        None | Some("") => Err(no_image("docker://registry.example/app:latest")),
        Some(name) => Ok(Reference::Registry { name: name.into() }),
    }
}

/// What stands before the colon is no transport: a slip, one that is known elsewhere, or the name
/// of an image.
fn unknown(given: &str, transport: &str) -> Result<Reference, ReferenceError> {
    let nearest = suggestion::closest(transport, TRANSPORTS);
    if nearest.is_none() && !FOREIGN.contains(&transport) && is_image_name(given) {
        return Ok(Reference::Path(given.into()));
    }
    Err(ReferenceError::UnknownTransport {
        given: given.into(),
        transport: transport.into(),
        nearest,
    })
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path().display();
        match self {
            Self::DockerArchive { .. } => write!(f, "docker-archive:{path}")?,
            Self::Oci { .. } => write!(f, "oci:{path}")?,
            Self::OciArchive { .. } => write!(f, "oci-archive:{path}")?,
            Self::Rootfs { .. } => write!(f, "rootfs:{path}")?,
            Self::DockerDaemon { .. } => return write!(f, "docker-daemon:{path}"),
            Self::Registry { .. } => return write!(f, "docker://{path}"),
            Self::Path(_) | Self::Stream => write!(f, "{path}")?,
        }
        self.name().map_or(Ok(()), |name| write!(f, ":{name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_transport_is_read_and_shown_alike() {
        for given in [
            "docker-archive:a.tar",
            "docker-archive:a.tar:local/app:1",
            "oci:dir",
            "oci:/some/dir:name",
            "oci-archive:x.tar:latest",
            "rootfs:/",
            "docker-daemon:app:latest",
            "docker://registry.example:5000/team/app@sha256:abc",
            "-",
            "app:latest",
            "./app.tar",
            "dir/with:colon",
        ] {
            let reference: Reference = given.parse().expect(given);
            assert_eq!(reference.to_string(), given);
        }
    }

    #[test]
    fn a_name_follows_the_first_colon_after_the_path() {
        let reference: Reference = "docker-archive:a.tar:app:1"
            .parse()
            .expect("it is well formed");
        assert_eq!(reference.path(), Path::new("a.tar"));
        assert_eq!(reference.name(), Some("app:1"));
    }

    #[test]
    fn an_unknown_transport_is_named_with_the_nearest_known() {
        let error = "docker-archiv:a.tar"
            .parse::<Reference>()
            .expect_err("there is no such transport");
        let text = error.to_string();
        assert!(
            text.starts_with("unknown transport `docker-archiv` in `docker-archiv:a.tar`"),
            "{text}"
        );
        assert!(text.contains("`docker-archive` is near"), "{text}");
        for given in ["containers-storage:app", "dir:/x", "Application:latest!"] {
            let error = given.parse::<Reference>().expect_err("no transport either");
            assert!(!error.to_string().contains("is near"), "{error}");
        }
    }

    #[test]
    fn what_is_no_file_is_an_image_of_a_daemon_if_it_can_be() {
        let daemon = |given: &str| {
            given
                .parse::<Reference>()
                .expect(given)
                .daemon_image()
                .map(str::to_owned)
        };
        for name in [
            "app",
            "app:latest",
            "localhost/team/app:1",
            "registry.example:5000/app@sha256:abc",
        ] {
            assert_eq!(daemon(name).as_deref(), Some(name));
            assert_eq!(
                daemon(&format!("docker-daemon:{name}")).as_deref(),
                Some(name)
            );
        }
        for path in [
            "Cargo.toml",
            "./app",
            "/app",
            "no-such.tar",
            "app.tar.gz",
            "dir/",
            "docker://app",
            "oci:x",
        ] {
            assert_eq!(daemon(path), None, "{path}");
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        for (given, transport) in [
            ("docker:app", "docker"),
            ("docker://", "docker"),
            ("docker-daemon:", "docker-daemon"),
        ] {
            let error = given.parse::<Reference>().expect_err(given);
            assert!(
                error
                    .to_string()
                    .starts_with(&format!("`{given}` names no image after `{transport}:`")),
                "{error}"
            );
        }
        assert_eq!("".parse::<Reference>(), Err(ReferenceError::Empty));
        assert_eq!(
            "oci:".parse::<Reference>(),
            Err(ReferenceError::NoPath {
                given: "oci:".into(),
                transport: "oci"
            })
        );
        assert_eq!(
            "oci:dir:".parse::<Reference>(),
            Err(ReferenceError::NoName {
                given: "oci:dir:".into()
            })
        );
    }
}
