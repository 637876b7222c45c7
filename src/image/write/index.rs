//! Images for several platforms under one name: an index that leads to a manifest for each.

use std::fs::{self, File};
use std::io;

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

/// An index that grows by an image at a time, beside its destination, and is put there when it is
/// whole.
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
    /// Only layouts and registries know indexes.
    pub fn new(destination: &Reference, options: &WriteOptions) -> Result<Self, WriteError> {
        let is_remote = matches!(destination, Reference::Registry { .. });
        let is_layout = |form: Form| form != Form::DockerArchive;
        if !is_remote && !Form::of(destination).is_ok_and(is_layout) {
            return Err(WriteError::NoIndex {
                destination: destination.to_string(),
            });
        }
        if let Some(tag) = options
            .tag
            .as_deref()
            .or(destination.name())
            .filter(|_| !is_remote)
        {
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

    /// Writes one image, with its platform as its own configuration tells it.
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
        let io = |error| self.scratch.error(error);
        let index = fs::read(part.join(oci::INDEX)).map_err(io)?;
        let index: ImageIndex =
            serde_json::from_slice(&index).map_err(|error| io(io::Error::other(error)))?;
        for blob in fs::read_dir(part.join("blobs/sha256")).map_err(io)? {
            let blob = blob.map_err(io)?;
            let place = self
                .scratch
                .path("layout/blobs/sha256")
                .join(blob.file_name());
            fs::rename(blob.path(), place).map_err(io)?;
        }
        fs::remove_dir_all(&part).map_err(io)?;
        for mut manifest in index.manifests().iter().cloned() {
            manifest.set_platform(Some(platform(&image.config)));
            manifest.set_annotations(None);
            self.manifests.push(manifest);
        }
        Ok(written)
    }

    /// Puts the index where it belongs. Gives its digest.
    pub fn finish(self, progress: &dyn Progress) -> Result<String, WriteError> {
        let index = to_value(&built(self.manifests)).to_string();
        let digest = sha256(index.as_bytes());
        let mut root = descriptor(MediaType::ImageIndex, index.len() as u64, &digest);
        let named = self.options.tag.as_deref().or(self.destination.name());
        let is_remote = matches!(self.destination, Reference::Registry { .. });
        let named = named.filter(|_| !is_remote);
        root.set_annotations(named.map(|name| [(oci::NAME.to_owned(), name.to_owned())].into()));
        let root = to_value(&built(vec![root])).to_string();
        let layout = self.scratch.path("layout");
        let put = |name: &str, text: &str| {
            fs::write(layout.join(name), text).map_err(|error| self.scratch.error(error))
        };
        put(&blob_path(&digest), &index)?;
        put(oci::INDEX, &root)?;
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
