//! Images for several platforms under one name: an index with a manifest for each.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use oci_spec::image::{
    Arch, Descriptor, ImageIndex, ImageIndexBuilder, MediaType, Os, PlatformBuilder,
};
use serde_json::{Value, json};

use super::super::attestations::{
    ARTIFACT_TYPE, ATTESTATION, AttestationManifest, NewStatement, PREDICATE_TYPE,
    REFERENCE_DIGEST, REFERENCE_TYPE,
};
use super::super::digest::sha256;
use super::super::error::WriteError;
use super::super::name::{Name, check_stored};
use super::super::progress::Progress;
use super::super::reference::{Format, Reference};
use super::super::transport::deliver::{Scratch, send_layout};
use super::super::transport::oci_layout::{self, Platform, descriptor, new_blob_path, to_value};
use super::super::{Config, Image};
use super::output::Output;
use super::{FileDestination, Rest, Selection, WriteOptions, Written, format_of};

/// A writer that collects images in a temporary directory and writes their index to the destination
/// when it is complete.
pub struct IndexWriter {
    destination: Destination,
    options: WriteOptions,
    scratch: Scratch,
    manifests: Vec<Descriptor>,
}

/// The places that can hold several images under one name.
#[derive(Debug)]
enum Destination {
    Registry(Name),
    Layout {
        is_archive: bool,
        path: PathBuf,
        /// The name in the layout's index.
        name: Option<String>,
    },
}

impl Destination {
    fn of(destination: &Reference, options: &WriteOptions) -> Result<Self, WriteError> {
        if let Reference::Registry(name) = destination {
            return Ok(Self::Registry(name.clone()));
        }
        let (format, path) = (format_of(destination), destination.path());
        let (Some(format @ (Format::OciLayout | Format::OciArchive)), Some(path)) = (format, path)
        else {
            return Err(WriteError::NoIndex {
                destination: destination.to_string(),
            });
        };
        let name = options.tag.as_deref().or(destination.stored_name());
        if let Some(name) = name {
            check_stored(name)?;
        }
        Ok(Self::Layout {
            is_archive: format == Format::OciArchive,
            path: path.to_owned(),
            name: name.map(str::to_owned),
        })
    }
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
        let scratch = Scratch::new(destination)?;
        let destination = Destination::of(destination, options)?;
        fs::create_dir_all(scratch.path("layout/blobs/sha256"))
            .map_err(|error| scratch.error(error))?;
        Ok(Self {
            destination,
            options: options.clone(),
            scratch,
            manifests: Vec::new(),
        })
    }

    /// Writes one image, perhaps one of a slimmed image and its rest. Its platform is that of its
    /// configuration.
    pub fn add(
        &mut self,
        image: &Image,
        selection: &Selection,
        rest: Option<Rest>,
        progress: &dyn Progress,
    ) -> Result<Written, WriteError> {
        let part = self.scratch.path("part");
        let nameless = WriteOptions {
            tag: None,
            rest,
            ..self.options.clone()
        };
        let layout = FileDestination {
            format: Some(Format::OciLayout),
            path: &part,
            name: None,
        };
        let written = super::to_file(image, selection, &layout, &nameless, progress)?;
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

    /// Attaches statements to an image that was added, by the digest of its manifest.
    pub fn attest(&mut self, digest: &str, statements: &[NewStatement]) -> Result<(), WriteError> {
        let of_image = |manifest: &&Descriptor| manifest.digest().as_ref() == digest;
        let image = self.manifests.iter().find(of_image);
        let image = image.expect("an image is attested after it was added");
        // Without a platform and annotations, which belong to its place in the index.
        let subject = descriptor(MediaType::ImageManifest, image.size(), digest);
        let mut layers = Vec::new();
        for statement in statements {
            let mut layer = to_value(&self.blob(
                MediaType::Other(statement.media_type.clone()),
                &statement.bytes,
            )?);
            layer["annotations"] = json!({PREDICATE_TYPE: statement.predicate_type});
            layers.push(layer);
        }
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MediaType::ImageManifest,
            "artifactType": ARTIFACT_TYPE,
            "config": self.blob(MediaType::EmptyJSON, b"{}")?,
            "layers": layers,
            "subject": subject,
        });
        let mut manifest = self.blob(MediaType::ImageManifest, manifest.to_string().as_bytes())?;
        manifest.set_artifact_type(Some(MediaType::Other(ARTIFACT_TYPE.to_owned())));
        self.list_attestation(manifest, digest);
        Ok(())
    }

    /// Adds an attestation of another image, the original, without a change: it still says what it
    /// describes.
    pub fn carry(
        &mut self,
        attestation: &AttestationManifest,
        described: &str,
    ) -> Result<(), WriteError> {
        let manifest = self.blob(MediaType::ImageManifest, &attestation.bytes)?;
        for (descriptor, blob) in attestation.blobs() {
            let place = self.blob_place(descriptor.digest().as_ref());
            let file = File::create(place).and_then(|file| blob.copy_to(&file));
            file.map_err(|error| self.scratch.error(error))?;
        }
        let mut carried = manifest;
        carried.set_media_type(attestation.descriptor.media_type().clone());
        let artifact_type = attestation.descriptor.artifact_type().clone();
        carried.set_artifact_type(artifact_type);
        self.list_attestation(carried, described);
        Ok(())
    }

    /// Lists an attestation as BuildKit does: with an unknown platform, so that engines do not take
    /// it for an image.
    fn list_attestation(&mut self, mut manifest: Descriptor, described: &str) {
        // Two platforms may be the same image.
        let digest = manifest.digest();
        if self.manifests.iter().any(|known| known.digest() == digest) {
            return;
        }
        let platform = PlatformBuilder::default()
            .os(Os::from("unknown"))
            .architecture(Arch::from("unknown"))
            .build()
            .expect("every required field is set");
        manifest.set_platform(Some(platform));
        manifest.set_annotations(Some(
            [
                (REFERENCE_TYPE.to_owned(), ATTESTATION.to_owned()),
                (REFERENCE_DIGEST.to_owned(), described.to_owned()),
            ]
            .into(),
        ));
        self.manifests.push(manifest);
    }

    /// Writes a blob and returns its descriptor.
    fn blob(&self, media_type: MediaType, bytes: &[u8]) -> Result<Descriptor, WriteError> {
        let digest = sha256(bytes);
        let place = self.blob_place(&digest);
        fs::write(place, bytes).map_err(|error| self.scratch.error(error))?;
        Ok(descriptor(media_type, bytes.len() as u64, &digest))
    }

    fn blob_place(&self, digest: &str) -> PathBuf {
        self.scratch.path("layout").join(new_blob_path(digest))
    }

    /// Moves the blobs of an image from its own layout to the common one. Returns its index.
    fn take_part(&self, part: &Path) -> io::Result<ImageIndex> {
        let index = fs::read(part.join(oci_layout::INDEX))?;
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
        let index = ordered(&built(self.manifests)).to_string();
        let digest = sha256(index.as_bytes());
        let mut root = descriptor(MediaType::ImageIndex, index.len() as u64, &digest);
        let named = match &self.destination {
            Destination::Layout { name, .. } => name.as_deref(),
            // In a registry the tag is part of the address, not of the index.
            Destination::Registry(_) => None,
        };
        root.set_annotations(
            named.map(|name| [(oci_layout::NAME.to_owned(), name.to_owned())].into()),
        );
        let root = to_value(&built(vec![root])).to_string();
        let layout = self.scratch.path("layout");
        self.scratch
            .write(&layout.join(new_blob_path(&digest)), &index)?;
        self.scratch.write(&layout.join(oci_layout::INDEX), &root)?;
        let mut output = match &self.destination {
            Destination::Registry(name) => {
                send_layout(name, &layout, &self.options, progress)?;
                return Ok(digest);
            }
            Destination::Layout {
                is_archive: false,
                path,
                ..
            } => Output::layout(path)?,
            Destination::Layout { path, .. } => Output::archive(path)?,
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
        output.add(oci_layout::INDEX, root.as_bytes())?;
        output.add(oci_layout::LAYOUT, br#"{"imageLayoutVersion":"1.0.0"}"#)?;
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

/// The JSON of an index. The type stores annotations in a hash map, whose order changes from run to
/// run.
fn ordered(index: &ImageIndex) -> Value {
    let mut index = to_value(index);
    for manifest in index["manifests"].as_array_mut().into_iter().flatten() {
        if let Some(annotations) = manifest.get_mut("annotations") {
            annotations.sort_all_objects();
        }
    }
    index
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
