//! Image references: a transport, a location, and a name if the location can contain several
//! images.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::name::{Name, NameError};
use crate::suggestion;

/// An image as named on the command line, with skopeo's transports.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reference {
    /// `docker-archive:FILE[:NAME]`, `oci:DIRECTORY[:NAME]` or `oci-archive:FILE[:NAME]`: one of
    /// the images in a file or a directory. The name is any text that its index has.
    File {
        format: Format,
        path: PathBuf,
        name: Option<String>,
    },
    /// `rootfs:DIRECTORY`: a file system without a configuration.
    Rootfs(PathBuf),
    /// `docker-daemon:NAME`: an image in the store of Docker or Podman.
    Daemon(Name),
    /// `docker://NAME`: an image of a registry.
    Registry(Name),
    /// `-`: standard input or output.
    Stream,
    /// A plain path, whose format is detected.
    Path(PathBuf),
    /// Text that can be a path and a name: a path if something exists there, and otherwise an image
    /// in a daemon.
    PathOrDaemon { path: PathBuf, name: Name },
}

/// A format for images in a file or a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// The format of `docker save` and `podman save`.
    DockerArchive,
    /// An OCI image layout.
    OciLayout,
    /// An OCI image layout in a tar archive.
    OciArchive,
}

impl Format {
    const fn transport(self) -> &'static str {
        match self {
            Self::DockerArchive => "docker-archive",
            Self::OciLayout => "oci",
            Self::OciArchive => "oci-archive",
        }
    }
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
    #[error("{error}; for a file, write `./{given}`")]
    Name { given: String, error: NameError },
    #[error(transparent)]
    RemoteName(#[from] NameError),
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
    /// The file or directory with the image; none for an image that is in neither.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File { path, .. }
            | Self::Rootfs(path)
            | Self::Path(path)
            | Self::PathOrDaemon { path, .. } => Some(path),
            Self::Daemon(_) | Self::Registry(_) | Self::Stream => None,
        }
    }

    /// Whether an argument starts with a transport, so that it is not a file name, even if the rest
    /// is invalid.
    pub fn has_transport(given: &str) -> bool {
        given
            .split_once(':')
            .is_some_and(|(transport, _)| TRANSPORTS.contains(&transport))
    }

    /// The name of the image among those of its archive or layout.
    pub fn stored_name(&self) -> Option<&str> {
        match self {
            Self::File { name, .. } => name.as_deref(),
            _ => None,
        }
    }

    /// The name of an image in a registry or a daemon.
    pub fn remote_name(&self) -> Option<&Name> {
        match self {
            Self::Daemon(name) | Self::Registry(name) => Some(name),
            _ => None,
        }
    }

    /// The name of the image, wherever it is; a file or a directory may have none.
    pub fn image_name(&self) -> Option<String> {
        match self.stored_name() {
            Some(name) => Some(name.to_owned()),
            None => self.remote_name().map(ToString::to_string),
        }
    }

    /// Decides whether a text is a path or a name.
    #[must_use]
    pub fn resolved(&self) -> Self {
        match self {
            // A file wins over an image of the same name, so that a path never needs the network.
            Self::PathOrDaemon { path, .. } if path.exists() => Self::Path(path.clone()),
            Self::PathOrDaemon { name, .. } => Self::Daemon(name.clone()),
            other => other.clone(),
        }
    }
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
            _ => return Ok(plain(given)),
        };
        match transport {
            "docker-archive" => file(given, Format::DockerArchive, rest),
            "oci" => file(given, Format::OciLayout, rest),
            "oci-archive" => file(given, Format::OciArchive, rest),
            // A directory may have a colon in its name, and `rootfs:` has no image names.
            "rootfs" if rest.is_empty() => Err(ReferenceError::NoPath {
                given: given.into(),
                transport: "rootfs",
            }),
            "rootfs" => Ok(Self::Rootfs(rest.into())),
            "docker-daemon" if rest.is_empty() => Err(ReferenceError::NoImage {
                given: given.into(),
                transport: "docker-daemon",
                example: "docker-daemon:app:latest",
            }),
            "docker-daemon" => Ok(Self::Daemon(rest.parse()?)),
            // skopeo's `docker:` needs two slashes, so `docker:app` is incomplete here too.
            "docker" => match rest.strip_prefix("//") {
                None | Some("") => Err(ReferenceError::NoImage {
                    given: given.into(),
                    transport: "docker",
                    example: "docker://registry.example/app:latest",
                }),
                Some(name) => Ok(Self::Registry(name.parse()?)),
            },
            _ => unknown(given, transport),
        }
    }
}

/// An image in a file or a directory.
fn file(given: &str, format: Format, rest: &str) -> Result<Reference, ReferenceError> {
    // As in skopeo, the first colon ends the path.
    let (path, name) = match rest.split_once(':') {
        Some((path, name)) => (path, Some(name)),
        None => (rest, None),
    };
    if path.is_empty() {
        return Err(ReferenceError::NoPath {
            given: given.into(),
            transport: format.transport(),
        });
    }
    if name == Some("") {
        return Err(ReferenceError::NoName {
            given: given.into(),
        });
    }
    Ok(Reference::File {
        format,
        path: path.into(),
        name: name.map(str::to_owned),
    })
}

/// A text without a transport.
fn plain(given: &str) -> Reference {
    // A mistyped archive should be reported as a missing file.
    const ENDINGS: [&str; 5] = [".tar", ".gz", ".tgz", ".zst", ".oci"];
    let path = PathBuf::from(given);
    match given.parse() {
        Ok(name) if !ENDINGS.iter().any(|ending| given.ends_with(ending)) => {
            Reference::PathOrDaemon { path, name }
        }
        _ => Reference::Path(path),
    }
}

/// Handles an unknown transport: a typo, one of skopeo's, or the start of an image name.
fn unknown(given: &str, transport: &str) -> Result<Reference, ReferenceError> {
    let nearest = suggestion::closest(transport, TRANSPORTS);
    if nearest.is_none() && !FOREIGN.contains(&transport) {
        match given.parse::<Name>() {
            // `app:latest` has a colon too, and no transport.
            Ok(_) => return Ok(plain(given)),
            // `App:latest` was meant as a name, and `dir:/x y` as a transport.
            Err(error) if given.bytes().all(may_be_in_a_name) => {
                let given = given.into();
                return Err(ReferenceError::Name { given, error });
            }
            Err(_) => {}
        }
    }
    Err(ReferenceError::UnknownTransport {
        given: given.into(),
        transport: transport.into(),
        nearest,
    })
}

fn may_be_in_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._-/:@".contains(&byte)
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { format, path, name } => {
                write!(f, "{}:{}", format.transport(), path.display())?;
                match name {
                    Some(name) => write!(f, ":{name}"),
                    None => Ok(()),
                }
            }
            Self::Rootfs(path) => write!(f, "rootfs:{}", path.display()),
            Self::Daemon(name) => write!(f, "docker-daemon:{name}"),
            Self::Registry(name) => write!(f, "docker://{name}"),
            Self::Stream => f.write_str("-"),
            Self::Path(path) | Self::PathOrDaemon { path, .. } => write!(f, "{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_is_displayed_as_it_was_written() {
        for given in [
            "docker-archive:a.tar",
            "docker-archive:a.tar:local/app:1",
            "oci:dir",
            "oci:/some/dir:name",
            "oci-archive:x.tar:latest",
            "rootfs:/",
            "docker-daemon:app:latest",
            "docker://registry.example:5000/team/app:1",
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
    fn the_image_name_follows_the_first_colon_after_the_path() {
        let reference: Reference = "docker-archive:a.tar:app:1"
            .parse()
            .expect("it is well formed");
        assert_eq!(reference.path(), Some(Path::new("a.tar")));
        assert_eq!(reference.stored_name(), Some("app:1"));
    }

    #[test]
    fn an_unknown_transport_gets_a_suggestion() {
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

    fn resolved(given: &str) -> Reference {
        given.parse::<Reference>().expect(given).resolved()
    }

    #[test]
    fn an_image_name_that_is_not_a_file_refers_to_the_daemon() {
        for name in [
            "app",
            "app:latest",
            "localhost/team/app:1",
            "registry.example:5000/app",
        ] {
            let expected = Reference::Daemon(name.parse().expect(name));
            assert_eq!(resolved(name), expected);
            assert_eq!(resolved(&format!("docker-daemon:{name}")), expected);
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
            let found = resolved(path);
            assert!(!matches!(found, Reference::Daemon(_)), "{path}: {found:?}");
        }
    }

    #[test]
    fn an_error_names_the_missing_part_of_a_reference() {
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

    #[test]
    fn an_invalid_image_name_is_reported_with_its_invalid_part() {
        for (given, part) in [
            ("docker://Nö/app", "`Nö`"),
            ("docker-daemon:App", "`App`"),
            ("docker://app@sha256:abc", "`sha256:abc`"),
            ("Team:1", "`Team`"),
        ] {
            let error = given.parse::<Reference>().expect_err(given).to_string();
            assert!(error.starts_with("invalid image name `"), "{error}");
            assert!(error.contains(part), "{error}");
        }
    }
}
