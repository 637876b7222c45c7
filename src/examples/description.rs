//! Images described as text.

use std::collections::BTreeSet;
use std::io::Write as _;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tar::{EntryType, Header};

use crate::elf::example_file::{self, GLIBC};
use crate::hash::hex;
use crate::image::{Image, Options, Reference, Silent};

use super::error::{DescriptionError, ExampleError};
use super::lines::{Entry, Line, lines};

/// Size in bytes of the header of an entry.
const BLOCK: usize = 512;

/// Files before the first `layer` line belong to a layer with this history.
const BASE: &str = "/bin/sh -c #(nop) ADD file:base in / ";

/// The permission to listen on low ports, as an extended attribute.
const CAPABILITY: &[u8] = b"\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// Maximum number of layers and other steps.
const MAX_STEPS: usize = 1_000;
/// Maximum size in bytes of the layers of a described image.
const MAX_SIZE: usize = 64 << 20;

/// The description of an image.
#[derive(Clone, Debug)]
pub struct Description<'a> {
    pub lines: Vec<Line<'a>>,
}

impl<'a> Description<'a> {
    pub fn parse(text: &'a str) -> Result<Self, DescriptionError> {
        Ok(Self {
            lines: lines(text)?,
        })
    }

    /// The sum of the sizes that `size=` gives to files, in bytes.
    pub fn stated_size(&self) -> u64 {
        let mut size: u64 = 0;
        for line in &self.lines {
            if let Some((_, rest)) = line.rest.split_once("size=") {
                let digits = rest.split_whitespace().next().unwrap_or_default();
                size = size.saturating_add(digits.parse().unwrap_or_default());
            }
        }
        size
    }

    /// The values of all lines of a kind, such as `policy`.
    pub fn values(&self, kind: &str) -> Vec<&'a str> {
        let mut values = Vec::new();
        for line in &self.lines {
            if line.kind == kind {
                values.push(line.rest);
            }
        }
        values
    }

    /// Builds a Docker archive.
    pub fn archive(&self) -> Result<Vec<u8>, DescriptionError> {
        let mut archive = Archive::new();
        for line in &self.lines {
            archive.add(line)?;
            if archive.size > MAX_SIZE {
                return Err(line.error(format!("the image is larger than {MAX_SIZE} bytes")));
            }
        }
        Ok(archive.finish())
    }

    /// Builds the image and reads it.
    pub fn image(&self) -> Result<Image, ExampleError> {
        let archive = self.archive()?;
        let mut file = tempfile::Builder::new().suffix(".tar").tempfile()?;
        file.write_all(&archive)?;
        let reference = Reference::Path(file.path().to_owned());
        Ok(Image::open(&reference, &Options::default(), &Silent)?)
    }
}

/// A Docker archive under construction.
struct Archive {
    layers: Vec<Layer>,
    /// The symlinks of all layers.
    links: BTreeSet<String>,
    history: Vec<Value>,
    /// The `config` field of the image configuration.
    settings: Value,
    /// The other fields.
    document: Value,
    name: String,
    /// Bytes of all layers so far.
    size: usize,
}

impl Archive {
    fn new() -> Self {
        Self {
            layers: vec![Layer::new(BASE)],
            links: BTreeSet::new(),
            history: Vec::new(),
            settings: json!({"Env": []}),
            document: json!({
                "architecture": "amd64",
                "os": "linux",
                "created": "2026-01-01T00:00:00Z",
            }),
            name: "app:1".to_owned(),
            size: 0,
        }
    }

    fn add(&mut self, line: &Line<'_>) -> Result<(), DescriptionError> {
        match line.kind {
            _ if line.is_entry() => self.add_entry(line)?,
            "layer" | "step" if self.history.len() >= MAX_STEPS => {
                return Err(line.error("the image has too many layers and steps".to_owned()));
            }
            "layer" => {
                self.record_layer();
                self.layers.push(Layer::new(line.rest));
            }
            "step" => {
                self.record_layer();
                self.history
                    .push(json!({"created_by": line.rest, "empty_layer": true}));
                self.layer().created_by.clear();
            }
            "name" => line.rest.clone_into(&mut self.name),
            "architecture" | "created" => self.document[line.kind] = line.rest.into(),
            // These describe inputs of the check instead of the image.
            "policy" | "osv" => {}
            _ => self.configure(line)?,
        }
        Ok(())
    }

    fn layer(&mut self) -> &mut Layer {
        self.layers.last_mut().expect("there is a base layer")
    }

    /// Adds the history of the current layer.
    fn record_layer(&mut self) {
        let created_by = self.layer().created_by.clone();
        self.history.push(json!({"created_by": created_by}));
    }

    fn add_entry(&mut self, line: &Line<'_>) -> Result<(), DescriptionError> {
        let mut entry = Entry::parse(line)?;
        let (kind, mode) = match line.kind {
            "file" if is_in_bin(&entry.path) => (EntryType::Regular, 0o755),
            "file" => (EntryType::Regular, 0o644),
            "dir" => (EntryType::Directory, 0o755),
            "link" => {
                self.links.insert(entry.path.clone());
                (EntryType::Symlink, 0o777)
            }
            "gone" => {
                entry.path = whiteout(&entry.path);
                (EntryType::Regular, 0o644)
            }
            kind => {
                entry.content = elf(kind, &entry);
                (EntryType::Regular, 0o755)
            }
        };
        let length = entry
            .number("size", 10)?
            .map_or(entry.content.len(), |size| size as usize);
        self.size = self.size.saturating_add(length).saturating_add(BLOCK);
        if self.size > MAX_SIZE {
            return Ok(());
        }
        entry.content.resize(length, 0);
        let layer = self.layers.last_mut().expect("there is a base layer");
        layer.add_parents(&entry.path, &self.links);
        layer.append(&entry, kind, mode)
    }

    /// Sets a field of the image configuration.
    fn configure(&mut self, line: &Line<'_>) -> Result<(), DescriptionError> {
        let settings = &mut self.settings;
        let rest = line.rest;
        let words: Vec<&str> = rest.split_whitespace().collect();
        match line.kind {
            "entrypoint" => settings["Entrypoint"] = json!(words),
            "shell-entrypoint" => settings["Entrypoint"] = json!(["/bin/sh", "-c", rest]),
            "cmd" => settings["Cmd"] = json!(words),
            "healthcheck" => {
                let mut test = vec!["CMD"];
                test.extend(words);
                settings["Healthcheck"] = json!({"Test": test});
            }
            "env" => settings["Env"]
                .as_array_mut()
                .expect("it is created as a list")
                .push(rest.into()),
            "label" => {
                let Some((name, value)) = rest.split_once('=') else {
                    return Err(line.error(format!("label `{rest}` has no value")));
                };
                settings["Labels"][name] = value.into();
            }
            "expose" => settings["ExposedPorts"][rest] = json!({}),
            "volume" => settings["Volumes"][rest] = json!({}),
            "user" => settings["User"] = rest.into(),
            "workdir" => settings["WorkingDir"] = rest.into(),
            other => return Err(line.error(format!("`{other}` describes nothing"))),
        }
        Ok(())
    }

    fn finish(mut self) -> Vec<u8> {
        for layer in &self.layers {
            let created_by = layer.created_by.as_str();
            let mut steps = self.history.iter();
            // `layer` and `step` lines have added the history of the layers above them.
            if !created_by.is_empty() && !steps.any(|step| step["created_by"] == created_by) {
                self.history.push(json!({"created_by": created_by}));
            }
        }
        let mut archives = Vec::new();
        let mut diff_ids = Vec::new();
        for layer in self.layers {
            let archive = layer.tar.into_inner().expect("memory can be written");
            diff_ids.push(format!("sha256:{}", digest(&archive)));
            archives.push(archive);
        }
        self.document["config"] = self.settings;
        self.document["history"] = self.history.into();
        self.document["rootfs"] = json!({"type": "layers", "diff_ids": diff_ids});
        docker_archive(&archives, &self.document, &self.name)
    }
}

/// A Docker archive as created by Podman.
fn docker_archive(layers: &[Vec<u8>], config: &Value, name: &str) -> Vec<u8> {
    let config = config.to_string();
    let config_name = format!("{}.json", digest(config.as_bytes()));
    let mut tar = tar::Builder::new(Vec::new());
    let mut names = Vec::new();
    for layer in layers {
        let name = format!("{}.tar", digest(layer));
        append_file(&mut tar, &name, layer);
        names.push(name);
    }
    let manifest = json!([{"Config": config_name, "RepoTags": [name], "Layers": names}]);
    append_file(&mut tar, &config_name, config.as_bytes());
    append_file(&mut tar, "manifest.json", manifest.to_string().as_bytes());
    tar.into_inner().expect("memory can be written")
}

fn append_file(tar: &mut tar::Builder<Vec<u8>>, name: &str, content: &[u8]) {
    let mut header = Header::new_ustar();
    header.set_mode(0o644);
    header.set_size(content.len() as u64);
    tar.append_data(&mut header, name, content)
        .expect("the name is short, and memory can be written");
}

fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

struct Layer {
    created_by: String,
    tar: tar::Builder<Vec<u8>>,
    /// The directories that this layer contains.
    directories: BTreeSet<String>,
}

impl Layer {
    fn new(created_by: &str) -> Self {
        Self {
            created_by: created_by.to_owned(),
            tar: tar::Builder::new(Vec::new()),
            directories: BTreeSet::new(),
        }
    }

    /// Adds the missing directories above a path.
    fn add_parents(&mut self, path: &str, links: &BTreeSet<String>) {
        for (end, _) in path.match_indices('/').skip(1) {
            let directory = &path[..end];
            // A directory entry would replace the symlink. Readers create the directories behind
            // the symlink.
            if links.contains(directory) {
                return;
            }
            if !self.directories.insert(directory.to_owned()) {
                continue;
            }
            let mut header = Header::new_ustar();
            header.set_entry_type(EntryType::Directory);
            header.set_mode(0o755);
            header.set_size(0);
            let name = format!("{}/", &directory[1..]);
            // An invalid name is reported for the entry itself.
            let _ = self.tar.append_data(&mut header, name, &b""[..]);
        }
    }

    fn append(
        &mut self,
        entry: &Entry<'_>,
        kind: EntryType,
        mode: u32,
    ) -> Result<(), DescriptionError> {
        let mut header = Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(entry.number("mode", 8)?.unwrap_or(mode));
        header.set_uid(entry.number("uid", 10)?.unwrap_or(0).into());
        header.set_gid(entry.number("gid", 10)?.unwrap_or(0).into());
        header.set_mtime(0);
        header.set_size(entry.content.len() as u64);
        if entry.has("cap") {
            let record = ("SCHILY.xattr.security.capability", CAPABILITY);
            self.tar
                .append_pax_extensions([record])
                .expect("memory can be written");
        }
        let path = entry.path.trim_start_matches('/');
        let written = match entry.target {
            Some(target) => self.tar.append_link(&mut header, path, target),
            None => self
                .tar
                .append_data(&mut header, path, entry.content.as_slice()),
        };
        // For example, `tar` refuses a path with `..`.
        written.map_err(|error| entry.error(error.to_string()))?;
        if kind == EntryType::Directory {
            self.directories.insert(entry.path.clone());
        }
        Ok(())
    }
}

/// Files in directories for programs are executable unless their mode says otherwise.
fn is_in_bin(path: &str) -> bool {
    let (directory, _) = path.rsplit_once('/').expect("paths are absolute");
    directory
        .split('/')
        .any(|name| name == "bin" || name == "sbin")
}

/// The marker of a path that this layer removes.
fn whiteout(path: &str) -> String {
    let (directory, name) = path.rsplit_once('/').expect("paths are absolute");
    format!("{directory}/.wh.{name}")
}

/// A program or library, followed by the text that it contains.
fn elf(kind: &str, entry: &Entry<'_>) -> Vec<u8> {
    let mut file = if kind == "library" {
        let name = entry.path.rsplit('/').next().unwrap_or_default();
        example_file::library(entry.value("soname").unwrap_or(name))
    } else {
        example_file::program(entry.value("interpreter").unwrap_or(GLIBC))
    };
    if entry.has("fixed") {
        file = file.fixed();
    }
    file = match entry.value("stack") {
        Some("rwx") => file.stack(7),
        None | Some("rw") => file.stack(6),
        // No program header describes the stack.
        Some(_) => file,
    };
    if !entry.has("no-relro") {
        file = file.relro();
    }
    if !entry.has("fixed-address") {
        file = file.movable();
    }
    if entry.has("text-relocations") {
        file = file.text_relocations();
    }
    if entry.has("arm64") {
        file = file.machine(183);
    }
    for symbol in entry.values("imports") {
        file = file.imports(symbol);
    }
    for library in entry.values("needs") {
        file = file.needs(library);
    }
    if let Some(path) = entry.value("runpath") {
        file = file.runpath(path);
    }
    if let Some(path) = entry.value("rpath") {
        file = file.rpath(path);
    }
    let has_slices = entry.has("slices");
    if has_slices {
        let content = String::from_utf8_lossy(&entry.content);
        let texts: Vec<&str> = content.split('\0').collect();
        file = file.refers_to(&texts);
    }
    let mut bytes = file.bytes();
    if !has_slices && !entry.content.is_empty() {
        bytes.push(0);
        bytes.extend(&entry.content);
        bytes.push(0);
    }
    bytes
}
