//! Stubs for transports that were disabled at build time; each call returns an error that names the
//! missing feature.

#[cfg(not(feature = "registry"))]
pub(in crate::image) use registry::{Fetched, Registry};

#[cfg(not(feature = "daemon"))]
pub(in crate::image) use daemon::{load, save};

#[cfg(not(feature = "registry"))]
mod registry {
    use std::fs::File;
    use std::path::Path;

    use crate::image::name::Name;
    use crate::image::progress::Progress;
    use crate::image::transport::{Connection, TransferError};

    const ABSENT: TransferError = TransferError::Absent {
        transport: "docker://",
        feature: "registry",
    };

    /// A manifest or an index. None is ever created.
    #[derive(Debug)]
    pub(in crate::image) struct Fetched {
        pub bytes: Vec<u8>,
        pub digest: Option<String>,
        pub media_type: Option<String>,
    }

    /// A type without values, so that only the constructors can be called.
    #[derive(Debug)]
    pub(in crate::image) enum Registry {}

    impl Registry {
        pub(in crate::image) fn pull(
            _name: &Name,
            _connection: Connection,
        ) -> Result<Self, TransferError> {
            Err(ABSENT)
        }

        pub(in crate::image) fn image_name(&self) -> String {
            match *self {}
        }

        pub(in crate::image) fn manifest(
            &self,
            _digest: Option<&str>,
            _limit: u64,
        ) -> Result<Fetched, TransferError> {
            match *self {}
        }

        pub(in crate::image) fn referrers(
            &self,
            _digest: &str,
            _limit: u64,
        ) -> Result<Option<Vec<u8>>, TransferError> {
            match *self {}
        }

        pub(in crate::image) fn blobs(
            &self,
            _wanted: &[(String, u64)],
            _progress: &dyn Progress,
        ) -> Result<Vec<File>, TransferError> {
            match *self {}
        }

        pub(in crate::image) fn push(
            _name: &Name,
            _connection: Connection,
            _layout: &Path,
            _mounts: Option<&Name>,
            _progress: &dyn Progress,
        ) -> Result<String, TransferError> {
            Err(ABSENT)
        }
    }
}

#[cfg(not(feature = "daemon"))]
mod daemon {
    use std::fs::File;

    use crate::image::name::Name;
    use crate::image::progress::Progress;
    use crate::image::transport::TransferError;

    const ABSENT: TransferError = TransferError::Absent {
        transport: "docker-daemon:",
        feature: "daemon",
    };

    pub(in crate::image) fn save(
        _name: &Name,
        _limit: u64,
        _progress: &dyn Progress,
    ) -> Result<File, TransferError> {
        Err(ABSENT)
    }

    pub(in crate::image) fn load(
        _name: &Name,
        _archive: &File,
        _progress: &dyn Progress,
    ) -> Result<(), TransferError> {
        Err(ABSENT)
    }
}
