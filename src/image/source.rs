//! Sources of images, opened once: a file, a directory, a stream, a registry or a daemon.

use std::path::Path;

use super::attestations::AttestationManifest;
use super::checks::Checks;
use super::config::Config;
use super::error::ReadError;
use super::limits::Budget;
use super::progress::Progress;
use super::reference::{Format, Reference};
use super::store::Store;
use super::transport::oci_layout::{self, Platform};
use super::transport::{self, Opened, docker_archive};
use super::{Image, Options, Origin, layer};

/// One or several images at one location. The blobs of a remote image are fetched when the image is
/// read, and not before.
#[derive(Debug)]
pub struct Source {
    reference: Reference,
    options: Options,
    budget: Budget,
    opened: Opened,
}

impl Source {
    pub fn open(
        reference: &Reference,
        options: &Options,
        progress: &dyn Progress,
    ) -> Result<Self, ReadError> {
        let budget = Budget::new(&options.limits);
        let reference = reference.resolved();
        let opened = transport::open(&reference, options, &budget, progress)?;
        Ok(Self {
            reference,
            options: options.clone(),
            budget,
            opened,
        })
    }

    /// The platforms for which there are images, in the order of the index; empty if the source
    /// states none.
    pub fn platforms(&self) -> Result<Vec<Platform>, ReadError> {
        match &self.opened {
            Opened::Blobs(store)
                if store.has(oci_layout::INDEX) && !self.is_docker_archive(store) =>
            {
                oci_layout::platforms(store, self.reference.stored_name(), &self.options.limits)
            }
            _ => Ok(Vec::new()),
        }
    }

    /// The attestations of one of the images, by the digest of its manifest. Only layouts and
    /// registries have them.
    pub fn attestations(&self, digest: &str) -> Result<Vec<AttestationManifest>, ReadError> {
        match &self.opened {
            Opened::Blobs(store)
                if store.has(oci_layout::INDEX) && !self.is_docker_archive(store) =>
            {
                oci_layout::attestations(store, digest, &self.options.limits)
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Reads the image for a platform: all headers of all layers, with all digests checked.
    pub fn image(&self, platform: &Platform, progress: &dyn Progress) -> Result<Image, ReadError> {
        let (image, checks) = self.image_checked_later(platform, progress)?;
        checks.finish()?;
        Ok(image)
    }

    /// Reads the image as [`image`](Self::image) does, with digests that are still being checked.
    /// Nothing from it may be shown or written before that is finished.
    pub fn image_checked_later(
        &self,
        platform: &Platform,
        progress: &dyn Progress,
    ) -> Result<(Image, Checks), ReadError> {
        let limits = &self.options.limits;
        let store = match &self.opened {
            Opened::Blobs(store) => store,
            Opened::Directory(path) => return Ok((self.directory(path)?, Checks::none())),
        };
        // An archive of Docker 25 and later has both documents; `manifest.json` is read, and
        // checked against the index.
        let (config, sources, origin) = if self.is_docker_archive(store) {
            docker_archive::open(store, self.reference.stored_name(), limits)?
        } else if self.format() != Some(Format::DockerArchive) && store.has(oci_layout::INDEX) {
            let name = self.reference.stored_name();
            oci_layout::open(store, name, platform, limits, progress)?
        } else {
            let reason = match self.format() {
                Some(Format::DockerArchive) => "it has no `manifest.json`",
                Some(Format::OciLayout | Format::OciArchive) => "it has no `index.json`",
                None => "it has neither `manifest.json` nor `index.json`",
            };
            return Err(ReadError::NotAnImage {
                path: store.path().to_owned(),
                reason,
            });
        };
        let layer::Stack {
            layers,
            materials,
            tree,
            checks,
        } = layer::read_all(&sources, &config, limits, &self.budget, progress)?;
        let blobs = sources.iter().map(|source| source.blob.size()).sum();
        // A compressed archive is smaller than its blobs, and the downloaded size determines how
        // large a file may plausibly be.
        let stored = store.stored_size().map_or(blobs, |size| size.min(blobs));
        let image = Image {
            longest: Image::longest_of(stored),
            config,
            layers,
            tree,
            origin,
            materials,
        };
        Ok((image, checks))
    }

    fn is_docker_archive(&self, store: &Store) -> bool {
        match self.format() {
            // The user named the format, so a second document of another format is ignored.
            Some(Format::OciLayout | Format::OciArchive) => false,
            Some(Format::DockerArchive) | None => store.has(docker_archive::MANIFEST),
        }
    }

    /// The format that the user named.
    fn format(&self) -> Option<Format> {
        match self.reference {
            Reference::File { format, .. } => Some(format),
            _ => None,
        }
    }

    fn directory(&self, path: &Path) -> Result<Image, ReadError> {
        if !std::fs::metadata(path)
            .map_err(ReadError::io(path))?
            .is_dir()
        {
            return Err(ReadError::NotAnImage {
                path: path.to_owned(),
                reason: "it is not a directory",
            });
        }
        let (tree, stored) =
            transport::rootfs::open(path, &self.options.left_out, &self.options.limits)?;
        let (config, layers, materials) = (Config::default(), Vec::new(), Vec::new());
        Ok(Image {
            longest: Image::longest_of(stored),
            config,
            layers,
            tree,
            origin: Origin::default(),
            materials,
        })
    }
}
