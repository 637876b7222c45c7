//! Sources of images, opened once: a file, a directory, a stream, a registry or a daemon.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use super::blob::Blob;
use super::checks::Checks;
use super::config::Config;
use super::error::ReadError;
use super::limits::Budget;
use super::oci::{self, Platform};
use super::progress::Progress;
use super::reference::Reference;
use super::store::Store;
use super::{Image, Options, Origin, docker, layer, remote, rootfs};

/// One or several images at one location. The blobs of a remote image are fetched when the image is
/// read, and not before.
#[derive(Debug)]
pub struct Source {
    reference: Reference,
    options: Options,
    budget: Budget,
    /// The blobs; none for a plain directory.
    store: Option<Store>,
}

impl Source {
    pub fn open(
        reference: &Reference,
        options: &Options,
        progress: &dyn Progress,
    ) -> Result<Self, ReadError> {
        let budget = Budget::new(&options.limits);
        let store = store(reference, options, &budget, progress)?;
        Ok(Self {
            reference: reference.clone(),
            options: options.clone(),
            budget,
            store,
        })
    }

    /// The platforms for which there are images, in the order of the index; empty if the source
    /// states none.
    pub fn platforms(&self) -> Result<Vec<Platform>, ReadError> {
        match &self.store {
            Some(store) if store.has(oci::INDEX) && !self.is_docker_archive(store) => {
                oci::platforms(store, self.name(), &self.options.limits)
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
        let Some(store) = &self.store else {
            let image = self.directory(self.reference.path())?;
            return Ok((image, Checks::none()));
        };
        // An archive of Docker 25 and later has both documents; `manifest.json` is read, and
        // checked against the index.
        let (config, sources, origin) = if self.is_docker_archive(store) {
            docker::open(store, self.name(), limits)?
        } else if !matches!(self.reference, Reference::DockerArchive { .. })
            && store.has(oci::INDEX)
        {
            oci::open(store, self.name(), platform, limits, progress)?
        } else {
            let reason = match self.reference {
                Reference::DockerArchive { .. } => "it has no `manifest.json`",
                Reference::Oci { .. } | Reference::OciArchive { .. } => "it has no `index.json`",
                _ => "it has neither `manifest.json` nor `index.json`",
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
        match self.reference {
            // The user named the format, so a second document of another format is ignored.
            Reference::Oci { .. } | Reference::OciArchive { .. } => false,
            _ => store.has(docker::MANIFEST),
        }
    }

    /// The name of the image among several. A registry or a daemon only returns the requested one.
    fn name(&self) -> Option<&str> {
        match self.reference {
            Reference::Registry { .. } | Reference::DockerDaemon { .. } => None,
            _ => self.reference.name(),
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
        let tree = rootfs::open(path, &self.options.left_out, &self.options.limits)?;
        let (config, layers, materials) = (Config::default(), Vec::new(), Vec::new());
        Ok(Image {
            // Files of the host are not compressed, so they cannot be decompression bombs.
            longest: u64::MAX,
            config,
            layers,
            tree,
            origin: Origin::default(),
            materials,
        })
    }
}

/// Opens the blobs of a reference; `None` for a plain directory, which only has files.
fn store(
    reference: &Reference,
    options: &Options,
    budget: &Budget,
    progress: &dyn Progress,
) -> Result<Option<Store>, ReadError> {
    let (path, limits) = (reference.path(), &options.limits);
    if let Some(name) = reference.daemon_image() {
        let shown = Path::new(name);
        let blob = remote::save(name, limits.uncompressed, progress)?;
        let blob = Blob::spooled(blob).map_err(ReadError::spool(name))?;
        return Store::archive_in(blob, shown, limits, budget).map(Some);
    }
    let is_directory = match reference {
        Reference::Rootfs { .. } => return Ok(None),
        // A directory without the file of a layout is a root file system.
        Reference::Path(_) if path.is_dir() && !is_layout(path) => return Ok(None),
        Reference::Registry { .. } => {
            let name = reference.name().unwrap_or_default();
            return Store::registry(name, options.connection, limits).map(Some);
        }
        Reference::Stream => {
            let shown = Path::new(STANDARD_INPUT);
            return Store::archive_in(
                standard_input(limits.uncompressed, progress)?,
                shown,
                limits,
                budget,
            )
            .map(Some);
        }
        // A shell passes `<(docker save app)` as the path of a FIFO, which can only be read once.
        _ if std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo()) => {
            let pipe = File::open(path).map_err(ReadError::io(path))?;
            let blob = spooled(pipe, path, limits.uncompressed, progress)?;
            return Store::archive_in(blob, path, limits, budget).map(Some);
        }
        Reference::Oci { .. } => true,
        Reference::Path(_) => path.is_dir(),
        Reference::DockerArchive { .. }
        | Reference::OciArchive { .. }
        | Reference::DockerDaemon { .. } => false,
    };
    if is_directory {
        Store::directory(path).map(Some)
    } else {
        Store::archive(path, limits, budget).map(Some)
    }
}

/// Whether a directory is an OCI layout. Anything with the name of the marker file counts, so that
/// a symlink in its place is an error.
fn is_layout(path: &Path) -> bool {
    std::fs::symlink_metadata(path.join(oci::LAYOUT)).is_ok()
}

const STANDARD_INPUT: &str = "standard input";

fn standard_input(limit: u64, progress: &dyn Progress) -> Result<Blob, ReadError> {
    let (stdin, path) = (io::stdin(), Path::new(STANDARD_INPUT));
    // Nobody types an archive: reading from a terminal would just appear to hang.
    if stdin.is_terminal() {
        return Err(ReadError::NotAnImage {
            path: path.to_owned(),
            reason: "it is a terminal",
        });
    }
    spooled(stdin.lock(), path, limit, progress)
}

/// Copies a stream to an unlinked temporary file. Errors name the path.
fn spooled(
    mut input: impl Read,
    path: &Path,
    limit: u64,
    progress: &dyn Progress,
) -> Result<Blob, ReadError> {
    let name = path.display().to_string();
    let mut file = tempfile::tempfile().map_err(ReadError::spool(&name))?;
    // The size is unknown, so the bar has no end.
    progress.start("reading a stream", 0);
    let mut chunk = vec![0; 1 << 20];
    let mut size = 0;
    loop {
        let count = match input.read(&mut chunk) {
            Ok(0) => return Blob::spooled(file).map_err(ReadError::spool(&name)),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(ReadError::io(path)(error)),
        };
        size += count as u64;
        // The writer may never stop and could fill the disk.
        if size > limit {
            return Err(ReadError::Limit {
                blob: name,
                what: "bytes",
                limit,
                flag: Some("--max-size"),
            });
        }
        file.write_all(&chunk[..count])
            .map_err(ReadError::spool(&name))?;
        progress.advance(count as u64);
    }
}
