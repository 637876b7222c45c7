//! Images described as text, for the examples on the pages of rules and keep rules and for other
//! tests. `rules/guide/adding-a-rule.md` documents the notation.

pub(crate) mod lines;

use std::collections::BTreeSet;
use std::path::Path;

use jettison::config;
use jettison::image::{Image, Options};
use jettison::lint::image::Policy;
use jettison::rules::registry;
use serde_json::{Value, json};
use tar::{EntryType, Header};

use super::elf_file::{self, GLIBC};
use super::images::{docker_archive, open_with, sha256};
use lines::{Entry, Line, lines};

/// Files before the first `layer` line belong to a layer with this history.
const BASE: &str = "/bin/sh -c #(nop) ADD file:base in / ";

/// The permission to listen on low ports, as an extended attribute.
const CAPABILITY: &[u8] = b"\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// Builds the image from a description.
pub(crate) fn image(text: &str) -> Image {
    open_with(&archive(text), &Options::default()).unwrap()
}

/// Builds a Docker archive from a description.
pub(crate) fn archive(text: &str) -> Vec<u8> {
    let mut archive = Archive::new();
    for line in lines(text) {
        archive.add(&line);
    }
    archive.finish()
}

/// The policy in the `policy` lines of a description, as of 2026-01-01.
pub(crate) fn policy(text: &str) -> Policy {
    let policy = values(text, "policy").join("\n");
    let config = config::parse(Path::new("policy.toml"), &policy, registry()).unwrap();
    Policy {
        today: "2026-01-01".parse().ok(),
        ..config.policy
    }
}

/// The OSV records in the `osv` lines of a description.
pub(crate) fn osv_records(text: &str) -> Vec<&str> {
    values(text, "osv")
}

fn values<'a>(text: &'a str, kind: &str) -> Vec<&'a str> {
    let mut values = Vec::new();
    for line in lines(text) {
        if line.kind == kind {
            values.push(line.rest);
        }
    }
    values
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
        }
    }

    fn add(&mut self, line: &Line<'_>) {
        match line.kind {
            "file" | "elf" | "library" | "dir" | "link" | "gone" => self.add_entry(line),
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
            _ => self.configure(line),
        }
    }

    fn layer(&mut self) -> &mut Layer {
        self.layers.last_mut().expect("there is a base layer")
    }

    /// Adds the history of the current layer.
    fn record_layer(&mut self) {
        let created_by = self.layer().created_by.clone();
        self.history.push(json!({"created_by": created_by}));
    }

    fn add_entry(&mut self, line: &Line<'_>) {
        let mut entry = Entry::parse(line);
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
        let layer = self.layers.last_mut().expect("there is a base layer");
        layer.add_parents(&entry.path, &self.links);
        layer.append(&entry, kind, mode);
    }

    /// Sets a field of the image configuration.
    fn configure(&mut self, line: &Line<'_>) {
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
            "env" => settings["Env"].as_array_mut().unwrap().push(rest.into()),
            "label" => {
                let (name, value) = rest.split_once('=').expect("a label has a value");
                settings["Labels"][name] = value.into();
            }
            "expose" => settings["ExposedPorts"][rest] = json!({}),
            "volume" => settings["Volumes"][rest] = json!({}),
            "user" => settings["User"] = rest.into(),
            "workdir" => settings["WorkingDir"] = rest.into(),
            other => panic!("`{other}` describes nothing"),
        }
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
            let archive = layer.tar.into_inner().unwrap();
            diff_ids.push(format!("sha256:{}", sha256(&archive)));
            archives.push(archive);
        }
        self.document["config"] = self.settings;
        self.document["history"] = self.history.into();
        self.document["rootfs"] = json!({"type": "layers", "diff_ids": diff_ids});
        docker_archive(&archives, &self.document, &[self.name.as_str()])
    }
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
            self.tar.append_data(&mut header, name, &b""[..]).unwrap();
        }
    }

    fn append(&mut self, entry: &Entry<'_>, kind: EntryType, mode: u32) {
        let mut content = entry.content.clone();
        if let Some(size) = entry.value("size") {
            content.resize(size.parse().unwrap(), 0);
        }
        let mode = match entry.value("mode") {
            Some(mode) => u32::from_str_radix(mode, 8).unwrap(),
            None => mode,
        };
        let mut header = Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(entry.value("uid").map_or(0, |uid| uid.parse().unwrap()));
        header.set_gid(entry.value("gid").map_or(0, |gid| gid.parse().unwrap()));
        header.set_mtime(0);
        header.set_size(content.len() as u64);
        if entry.has("cap") {
            let record = ("SCHILY.xattr.security.capability", CAPABILITY);
            self.tar.append_pax_extensions([record]).unwrap();
        }
        let path = entry.path.trim_start_matches('/');
        match entry.target {
            Some(target) => self.tar.append_link(&mut header, path, target).unwrap(),
            None => self
                .tar
                .append_data(&mut header, path, content.as_slice())
                .unwrap(),
        }
        if kind == EntryType::Directory {
            self.directories.insert(entry.path.clone());
        }
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
        elf_file::library(entry.value("soname").unwrap_or(name))
    } else {
        elf_file::program(entry.value("interpreter").unwrap_or(GLIBC))
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
        let content = str::from_utf8(&entry.content).expect("slices are text");
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
