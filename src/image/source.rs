//! Sources of images, opened once: a file, a directory, a stream, a registry or a daemon.

use std::fs::File;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use super::blob::Blob;
use super::checks::Checks;
use super::config::Config;
use super::error::ReadError;
use super::limits::{Budget, Limits};
use super::progress::Progress;
use super::reference::{Format, Reference};
use super::store::Store;
use super::transport::oci_layout::{self, Platform};
use super::transport::{self, docker_archive, stream};
use super::{Image, Options, Origin, layer};

/// One or several images at one location. The blobs of a remote image are fetched when the image is
/// read, and not before.
#[derive(Debug)]
pub struct Source {
    reference: Reference,
    options: Options,
    budget: Budget,
    blobs: Blobs,
}

/// The content of a source.
#[derive(Debug)]
enum Blobs {
    In(Store),
    /// A root file system, which has files only.
    Directory(PathBuf),
}

impl Source {
    pub fn open(
        reference: &Reference,
        options: &Options,
        progress: &dyn Progress,
    ) -> Result<Self, ReadError> {
        let budget = Budget::new(&options.limits);
        let reference = reference.resolved();
        let blobs = blobs(&reference, options, &budget, progress)?;
        Ok(Self {
            reference,
            options: options.clone(),
            budget,
            blobs,
        })
    }

    /// The platforms for which there are images, in the order of the index; none where the source
    /// states none.
    pub fn platforms(&self) -> Result<Vec<Platform>, ReadError> {
        match &self.blobs {
            Blobs::In(store) if store.has(oci_layout::INDEX) && !self.is_docker_archive(store) => {
                oci_layout::platforms(store, self.reference.stored_name(), &self.options.limits)
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Reads the image for a platform: every header of every layer, all digests checked.
    pub fn image(&self, platform: &Platform, progress: &dyn Progress) -> Result<Image, ReadError> {
        let (image, checks) = self.image_checked_later(platform, progress)?;
        checks.finish()?;
        Ok(image)
    }

    /// Reads the image as [`image`](Self::image) does, with digests that are still being checked.
    /// Nothing of it may be shown or written before that is finished.
    pub fn image_checked_later(
        &self,
        platform: &Platform,
        progress: &dyn Progress,
    ) -> Result<(Image, Checks), ReadError> {
        let limits = &self.options.limits;
        let store = match &self.blobs {
            Blobs::In(store) => store,
            Blobs::Directory(path) => return Ok((self.directory(path)?, Checks::none())),
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
        // A compressed archive is smaller than its blobs, and what was downloaded is what counts
        // for how large a file may plausibly be.
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
        let tree = transport::rootfs::open(path, &self.options.left_out, &self.options.limits)?;
        let (config, layers, materials) = (Config::default(), Vec::new(), Vec::new());
        Ok(Image {
            // Files of the host are not compressed, so none can be larger than it seems.
            longest: u64::MAX,
            config,
            layers,
            tree,
            origin: Origin::default(),
            materials,
        })
    }
}

/// Opens the blobs of a reference.
fn blobs(
    reference: &Reference,
    options: &Options,
    budget: &Budget,
    progress: &dyn Progress,
) -> Result<Blobs, ReadError> {
    let limits = &options.limits;
    let store = match reference {
        Reference::Daemon(name) | Reference::PathOrDaemon { name, .. } => {
            let shown = name.to_string();
            let archive = transport::save(name, limits.uncompressed, progress)?;
            let archive = Blob::spooled(archive).map_err(ReadError::spool(&shown))?;
            Store::archive_in(archive, Path::new(&shown), limits, budget)
        }
        Reference::Registry(name) => Store::registry(name, options.connection, limits),
        Reference::Stream => {
            let archive = stream::standard_input(limits.uncompressed, progress)?;
            Store::archive_in(archive, Path::new(stream::STANDARD_INPUT), limits, budget)
        }
        Reference::Rootfs(path) => return Ok(Blobs::Directory(path.clone())),
        // A directory without the file of a layout is a root file system.
        Reference::Path(path) if path.is_dir() && !is_layout(path) => {
            return Ok(Blobs::Directory(path.clone()));
        }
        Reference::Path(path) if path.is_dir() => Store::directory(path),
        Reference::File {
            format: Format::OciLayout,
            path,
            ..
        } if !is_fifo(path) => Store::directory(path),
        Reference::Path(path) | Reference::File { path, .. } => {
            archive(path, limits, budget, progress)
        }
    };
    store.map(Blobs::In)
}

fn archive(
    path: &Path,
    limits: &Limits,
    budget: &Budget,
    progress: &dyn Progress,
) -> Result<Store, ReadError> {
    if !is_fifo(path) {
        return Store::archive(path, limits, budget);
    }
    // A shell passes `<(docker save app)` as the path of a FIFO, which can be read once only.
    let pipe = File::open(path).map_err(ReadError::io(path))?;
    let blob = stream::spooled(pipe, path, limits.uncompressed, progress)?;
    Store::archive_in(blob, path, limits, budget)
}

fn is_fifo(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo())
}

/// Whether a directory is an OCI layout. Anything with the name of the marker file counts, so that
/// a symlink in its place is an error.
fn is_layout(path: &Path) -> bool {
    std::fs::symlink_metadata(path.join(oci_layout::LAYOUT)).is_ok()
}
