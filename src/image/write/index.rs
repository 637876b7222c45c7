//! Images for several platforms under one name: an index with a manifest for each.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use oci_spec::image::{
    Arch, Descriptor, ImageIndex, ImageIndexBuilder, MediaType, Os, PlatformBuilder,
};

use super::super::digest::sha256;
use super::super::error::WriteError;
use super::super::oci::{self, Platform};
use super::super::progress::Progress;
use super::super::reference::Reference;
use super::super::{Config, Image};
use super::deliver::{Scratch, send_layout};
use super::metadata::{blob_path, descriptor, to_value};
use super::output::Output;
use super::tag::check_tag;
use super::{Form, Selection, WriteOptions, Written};

/// A writer that collects images in a temporary directory and writes their index to the destination
/// when it is complete.
pub struct IndexWriter {
    destination: Reference,
    options: WriteOptions,
    scratch: Scratch,
    manifests: Vec<Descriptor>,
}

impl std::fmt::Debug for IndexWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IndexWriter")
            .field("destination", &self.destination)
            .finish_non_exhaustive()
    }
}

impl IndexWriter {
    /// Creates a writer. Only layouts and registries have indexes.
    pub fn new(destination: &Reference, options: &WriteOptions) -> Result<Self, WriteError> {
        let is_remote = matches!(destination, Reference::Registry { .. });
        let is_layout = Form::of(destination).is_ok_and(|form| form != Form::DockerArchive);
        if !is_remote && !is_layout {
            return Err(WriteError::NoIndex {
                destination: destination.to_string(),
            });
        }
        // A name in a registry follows other rules, which are checked when it is parsed.
        if !is_remote && let Some(tag) = options.tag.as_deref().or(destination.name()) {
            check_tag(tag)?;
        }
        let scratch = Scratch::new(destination)?;
        fs::create_dir_all(scratch.path("layout/blobs/sha256"))
            .map_err(|error| scratch.error(error))?;
        let (destination, options) = (destination.clone(), options.clone());
        Ok(Self {
            destination,
            options,
            scratch,
            manifests: Vec::new(),
        })
    }

    /// Writes one image. Its platform is that of its configuration.
    pub fn add(
        &mut self,
        image: &Image,
        selection: &Selection,
        progress: &dyn Progress,
    ) -> Result<Written, WriteError> {
        let part = self.scratch.path("part");
        let nameless = WriteOptions {
            tag: None,
            ..self.options.clone()
        };
        let layout = Reference::Oci {
            path: part.clone(),
            name: None,
        };
        let written = super::write(image, selection, &layout, &nameless, progress)?;
        let index = self
            .take_part(&part)
            .map_err(|error| self.scratch.error(error))?;
        for mut manifest in index.manifests().iter().cloned() {
            manifest.set_platform(Some(platform(&image.config)));
            // The name belongs to the whole index, so a single image must not have it.
            manifest.set_annotations(None);
            self.manifests.push(manifest);
        }
        Ok(written)
    }

    /// Moves the blobs of an image from its own layout to the common one. Returns its index.
    fn take_part(&self, part: &Path) -> io::Result<ImageIndex> {
        let index = fs::read(part.join(oci::INDEX))?;
        let index = serde_json::from_slice(&index).map_err(io::Error::other)?;
        for blob in fs::read_dir(part.join("blobs/sha256"))? {
            let blob = blob?;
            let place = self
                .scratch
                .path("layout/blobs/sha256")
                .join(blob.file_name());
            // A blob shared by two platforms replaces itself.
            fs::rename(blob.path(), place)?;
        }
        // The next image is written to the same path, which must be free.
        fs::remove_dir_all(part)?;
        Ok(index)
    }

    /// Writes the index to the destination. Returns its digest.
    pub fn finish(self, progress: &dyn Progress) -> Result<String, WriteError> {
        let index = to_value(&built(self.manifests)).to_string();
        let digest = sha256(index.as_bytes());
        let mut root = descriptor(MediaType::ImageIndex, index.len() as u64, &digest);
        let is_remote = matches!(self.destination, Reference::Registry { .. });
        // In a registry, the tag is part of the address, not of the index.
        let named = if is_remote {
            None
        } else {
            self.options.tag.as_deref().or(self.destination.name())
        };
        root.set_annotations(named.map(|name| [(oci::NAME.to_owned(), name.to_owned())].into()));
        let root = to_value(&built(vec![root])).to_string();
        let layout = self.scratch.path("layout");
        self.scratch
            .write(&layout.join(blob_path(&digest)), &index)?;
        self.scratch.write(&layout.join(oci::INDEX), &root)?;
        if is_remote {
            send_layout(&self.destination, &layout, &self.options, progress)?;
            return Ok(digest);
        }
        let path = self.destination.path();
        let mut output = if Form::of(&self.destination)? == Form::Layout {
            Output::layout(path)?
        } else {
            Output::archive(path)?
        };
        let mut blobs: Vec<_> = fs::read_dir(layout.join("blobs/sha256"))
            .and_then(Iterator::collect)
            .map_err(|error| self.scratch.error(error))?;
        // A directory is unordered, but the archive must be the same each time.
        blobs.sort_by_key(fs::DirEntry::file_name);
        for blob in blobs {
            output.blob(|file, name| {
                *name = format!("blobs/sha256/{}", blob.file_name().display());
                let copied = File::open(blob.path()).and_then(|mut from| io::copy(&mut from, file));
                copied.map_err(|error| self.scratch.error(error))
            })?;
        }
        output.add(oci::INDEX, root.as_bytes())?;
        output.add(oci::LAYOUT, br#"{"imageLayoutVersion":"1.0.0"}"#)?;
        output.finish()?;
        Ok(digest)
    }
}

/// An OCI index of these manifests.
fn built(manifests: Vec<Descriptor>) -> ImageIndex {
    ImageIndexBuilder::default()
        .schema_version(2_u32)
        .media_type(MediaType::ImageIndex)
        .manifests(manifests)
        .build()
        .expect("every required field is set")
}

fn platform(config: &Config) -> oci_spec::image::Platform {
    let Platform {
        os,
        architecture,
        variant,
    } = Platform::of_config(config);
    let builder = PlatformBuilder::default()
        .os(Os::from(os.as_str()))
        .architecture(Arch::from(architecture.as_str()));
    let builder = if let Some(variant) = variant {
        builder.variant(variant)
    } else {
        builder
    };
    builder.build().expect("every required field is set")
}
