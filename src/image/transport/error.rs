//! Errors of transfers between this machine and a registry or a daemon.

use std::error::Error;
use std::io;
use std::path::PathBuf;

/// An error of fetching or sending an image.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    #[error("`{transport}` is disabled in this build: it requires the `{feature}` feature")]
    Absent {
        transport: &'static str,
        feature: &'static str,
    },
    #[error("cannot start an event loop")]
    Start { source: io::Error },
    #[error("cannot spool `{what}` into a temporary file")]
    Spool { what: String, source: io::Error },
    #[error("cannot {act} `{place}`")]
    Registry {
        act: &'static str,
        place: String,
        source: Box<dyn Error + Send + Sync>,
    },
    #[error("cannot {act} `{place}`: {reason}")]
    Refused {
        act: &'static str,
        place: String,
        reason: String,
    },
    #[error("blob `{digest}` in `{place}` is larger than the {size} bytes in its descriptor")]
    TooLong {
        digest: String,
        place: String,
        size: u64,
    },
    #[error("{what} of `{place}` is larger than {limit} bytes")]
    Limit {
        what: &'static str,
        place: String,
        limit: u64,
    },
    #[error("cannot get the credentials for `{registry}` from `{}`: {reason}", file.display())]
    Credentials {
        registry: String,
        file: PathBuf,
        reason: String,
    },
    #[error("no daemon found to look up `{name}`: {}", tried.join("; "))]
    NoDaemon { name: String, tried: Vec<String> },
    #[error("no image `{name}` in {}", asked.join(" or "))]
    NoImage { name: String, asked: Vec<String> },
    #[error("the daemon at `{endpoint}` cannot {act} `{name}`")]
    Daemon {
        endpoint: String,
        act: &'static str,
        name: String,
        source: Box<dyn Error + Send + Sync>,
    },
    #[error("the layout to push is invalid: {reason}")]
    Layout { reason: String },
}

impl TransferError {
    #[cfg(any(feature = "registry", feature = "daemon"))]
    pub(super) fn spool(what: &str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Spool {
            what: what.to_owned(),
            source,
        }
    }
}
