//! Which image is meant: a transport, a place, and a name inside it where there may be several.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

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
    /// A path alone: its content tells what it is.
    Path(PathBuf),
}

const TRANSPORTS: [&str; 4] = ["docker-archive", "oci", "oci-archive", "rootfs"];

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    #[error("the name of the image is empty")]
    Empty,
    #[error("`{given}` names no path after `{transport}:`")]
    NoPath { given: String, transport: &'static str },
    #[error("`{given}` ends in a colon, an image name should follow")]
    NoName { given: String },
    #[error("unknown transport `{transport}` in `{given}`{}; known are {}; a file of that name is `./{given}`",
        nearest.map(|name| format!(", `{name}` is near")).unwrap_or_default(),
        TRANSPORTS.map(|name| format!("`{name}:`")).join(", "))]
    UnknownTransport { given: String, transport: String, nearest: Option<&'static str> },
}

impl Reference {
    /// The file or directory that holds the image.
    pub fn path(&self) -> &Path {
        match self {
            Self::DockerArchive { path, .. }
            | Self::Oci { path, .. }
            | Self::OciArchive { path, .. }
            | Self::Rootfs { path }
            | Self::Path(path) => path,
        }
    }

    /// The name of the image among those of its archive or layout.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::DockerArchive { name, .. } | Self::Oci { name, .. } | Self::OciArchive { name, .. } => {
                name.as_deref()
            }
            Self::Rootfs { .. } | Self::Path(_) => None,
        }
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(given: &str) -> Result<Self, ReferenceError> {
        if given.is_empty() {
            return Err(ReferenceError::Empty);
        }
        let (transport, rest) = match given.split_once(':') {
            Some((transport, rest)) if !transport.contains(['/', '.']) => (transport, rest),
            _ => return Ok(Self::Path(given.into())),
        };
        let Some(transport) = TRANSPORTS.into_iter().find(|&known| known == transport) else {
            return Err(unknown(given, transport));
        };
        let (path, name) = match rest.split_once(':') {
            Some((path, name)) if transport != "rootfs" => (path, Some(name)),
            _ => (rest, None),
        };
        if path.is_empty() {
            return Err(ReferenceError::NoPath { given: given.into(), transport });
        }
        if name == Some("") {
            return Err(ReferenceError::NoName { given: given.into() });
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

fn unknown(given: &str, transport: &str) -> ReferenceError {
    let distance = |name: &&str| strsim::damerau_levenshtein(name, transport);
    let nearest = TRANSPORTS.into_iter().min_by_key(distance).filter(|name| distance(name) <= 2);
    ReferenceError::UnknownTransport { given: given.into(), transport: transport.into(), nearest }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path().display();
        match self {
            Self::DockerArchive { .. } => write!(f, "docker-archive:{path}")?,
            Self::Oci { .. } => write!(f, "oci:{path}")?,
            Self::OciArchive { .. } => write!(f, "oci-archive:{path}")?,
            Self::Rootfs { .. } => write!(f, "rootfs:{path}")?,
            Self::Path(_) => write!(f, "{path}")?,
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
            "./app.tar",
            "dir/with:colon",
        ] {
            let reference: Reference = given.parse().expect(given);
            assert_eq!(reference.to_string(), given);
        }
    }

    #[test]
    fn a_name_follows_the_first_colon_after_the_path() {
        let reference: Reference = "docker-archive:a.tar:app:1".parse().expect("it is well formed");
        assert_eq!(reference.path(), Path::new("a.tar"));
        assert_eq!(reference.name(), Some("app:1"));
    }

    #[test]
    fn an_unknown_transport_is_named_with_the_nearest_known() {
        let error = "docker-archiv:a.tar".parse::<Reference>().expect_err("there is no such transport");
        let text = error.to_string();
        assert!(text.starts_with("unknown transport `docker-archiv` in `docker-archiv:a.tar`"), "{text}");
        assert!(text.contains("`docker-archive` is near"), "{text}");
        let error = "application:latest".parse::<Reference>().expect_err("no transport either");
        assert!(!error.to_string().contains("is near"), "{error}");
    }

    #[test]
    fn what_is_missing_is_said() {
        assert_eq!("".parse::<Reference>(), Err(ReferenceError::Empty));
        assert_eq!("oci:".parse::<Reference>(), Err(ReferenceError::NoPath { given: "oci:".into(), transport: "oci" }));
        assert_eq!("oci:dir:".parse::<Reference>(), Err(ReferenceError::NoName { given: "oci:dir:".into() }));
    }
}
