//! Image references: a transport, a location, and a name if the location can contain several
//! images.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::suggestion;

/// An image as named on the command line, with skopeo's transports.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reference {
    /// `docker-archive:FILE[:NAME]`: the format of `docker save` and `podman save`.
    DockerArchive { path: PathBuf, name: Option<String> },
    /// `oci:DIRECTORY[:NAME]`: an OCI image layout.
    Oci { path: PathBuf, name: Option<String> },
    /// `oci-archive:FILE[:NAME]`: an OCI image layout in a tar archive.
    OciArchive { path: PathBuf, name: Option<String> },
    /// `rootfs:DIRECTORY`: a file system without a configuration.
    Rootfs { path: PathBuf },
    /// `docker-daemon:NAME`: an image in the store of Docker or Podman.
    DockerDaemon { name: PathBuf },
    /// `docker://NAME`: an image of a registry.
    Registry { name: PathBuf },
    /// `-`: standard input or output.
    Stream,
    /// A plain path, whose format is detected. If nothing exists there, it is the name of an image
    /// in a daemon.
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
/// skopeo transports that jettison does not support; they must not be mistaken for image names.
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
    #[error("the image name is empty")]
    Empty,
    #[error("`{given}` has no path after `{transport}:`")]
    NoPath {
        given: String,
        transport: &'static str,
    },
    #[error("`{given}` has no image name after `{transport}:`, as in `{example}`")]
    NoImage {
        given: String,
        transport: &'static str,
        example: &'static str,
    },
    #[error("`{given}` ends in a colon without an image name")]
    NoName { given: String },
    #[error(
        "unknown transport `{transport}` in `{given}`{}; the transports are {}; for a file, write \
         `./{given}`",
        suggested(*nearest),
        TRANSPORTS.map(|name| format!("`{name}:`")).join(", ")
    )]
    UnknownTransport {
        given: String,
        transport: String,
        nearest: Option<&'static str>,
    },
}

fn suggested(nearest: Option<&'static str>) -> String {
    match nearest {
        Some(name) => format!(" (did you mean `{name}`?)"),
        None => String::new(),
    }
}

impl Reference {
    /// The file or directory with the image, or the name of an image that is in neither.
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

    /// Whether an argument starts with a transport, so that it is not a file name, even if the rest
    /// is invalid.
    pub fn has_transport(given: &str) -> bool {
        given
            .split_once(':')
            .is_some_and(|(transport, _)| TRANSPORTS.contains(&transport))
    }

    /// The name of the image within its archive or layout.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::DockerArchive { name, .. }
            | Self::Oci { name, .. }
            | Self::OciArchive { name, .. } => name.as_deref(),
            Self::DockerDaemon { name } | Self::Registry { name } => name.to_str(),
            Self::Rootfs { .. } | Self::Stream | Self::Path(_) => None,
        }
    }

    /// The name of the image to request from a daemon; `None` if a file with this name exists.
    pub(super) fn daemon_image(&self) -> Option<&str> {
        match self {
            Self::DockerDaemon { name } => name.to_str(),
            // A file takes precedence over an image with the same name, so that a path never
            // requires the network.
            Self::Path(path) if !path.exists() => path.to_str().filter(|name| is_image_name(name)),
            _ => None,
        }
    }

    /// Whether the image is in a registry or a daemon.
    pub fn is_remote(&self) -> bool {
        matches!(self, Self::Registry { .. }) || self.daemon_image().is_some()
    }
}

/// Whether text can be an image name and does not look like a file name.
fn is_image_name(name: &str) -> bool {
    // A mistyped archive should be reported as a missing file.
    const ENDINGS: [&str; 5] = [".tar", ".gz", ".tgz", ".zst", ".oci"];
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-/:@".contains(&byte))
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
        // A slash or a dot before the colon means a path, or a registry with a port.
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
        // As in skopeo, the first colon ends the path; a directory may have one in its name, and
        // `rootfs:` has no image names.
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
    let is_daemon = transport == "docker-daemon";
    // skopeo's `docker:` needs two slashes, so `docker:app` is incomplete here too.
    let name = if is_daemon {
        rest
    } else {
        rest.strip_prefix("//").unwrap_or_default()
    };
    match name {
        "" if is_daemon => Err(ReferenceError::NoImage {
            given: given.into(),
            transport,
            example: "docker-daemon:app:latest",
        }),
        "" => Err(ReferenceError::NoImage {
            given: given.into(),
            transport,
            example: "docker://registry.example/app:latest",
        }),
        name if is_daemon => Ok(Reference::DockerDaemon { name: name.into() }),
        name => Ok(Reference::Registry { name: name.into() }),
    }
}

/// Handles an unknown transport: a typo, one of skopeo's, or the start of an image name.
fn unknown(given: &str, transport: &str) -> Result<Reference, ReferenceError> {
    let nearest = suggestion::closest(transport, TRANSPORTS);
    // `app:latest` also contains a colon, but no transport.
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
        match self.name() {
            Some(name) => write!(f, ":{name}"),
            None => Ok(()),
        }
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
        assert!(text.contains("did you mean `docker-archive`?"), "{text}");
        for given in ["containers-storage:app", "dir:/x", "Application:latest!"] {
            let error = given.parse::<Reference>().expect_err("no transport either");
            assert!(!error.to_string().contains("did you mean"), "{error}");
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
                    .starts_with(&format!("`{given}` has no image name after `{transport}:`")),
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
