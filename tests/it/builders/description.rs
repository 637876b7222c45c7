//! Images described as text, as in rule pages.
//!
//! ```text
//! file /etc/passwd uid=0 mode=0644 cap "root:x:0:0::/root:/bin/sh\n"
//! dir /tmp mode=0777
//! link /bin/sh -> dash
//! gone /root/.ssh/id_rsa
//! elf /usr/bin/app needs=libc.so.6 runpath=$ORIGIN imports=getaddrinfo fixed
//! elf /usr/bin/old stack=rwx no-relro fixed-address text-relocations size=200000
//! layer RUN apt-get install -y curl
//! step USER app
//! user app | entrypoint /app --flag | cmd sh | env A=b | label a=b | expose 22/tcp | name app:latest | volume /x | healthcheck /c
//! policy [policy]
//! ```
//!
//! What follows `policy` is a line of `.jettison.toml`. Directories on the way are made.
//! `layer` starts a new layer with its line of history; files before the first one are in a layer of `ADD
//! file:base in /`.

use std::collections::BTreeSet;
use std::path::Path;

use jettison::config;
use jettison::image::{Image, Options, Silent};
use jettison::lint::image::Policy;
use jettison::rules::registry;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tar::{EntryType, Header};

use super::elf_file;

struct Layer {
    created_by: String,
    tar: tar::Builder<Vec<u8>>,
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

    fn entry(&mut self, line: &Line<'_>, kind: EntryType, mode: u32, content: &[u8]) {
        self.parents(line.path);
        let mut header = Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(
            line.value("mode=")
                .map_or(mode, |mode| u32::from_str_radix(mode, 8).unwrap()),
        );
        header.set_uid(line.value("uid=").map_or(0, |uid| uid.parse().unwrap()));
        header.set_gid(line.value("gid=").map_or(0, |gid| gid.parse().unwrap()));
        header.set_mtime(0);
        if line.has("cap") {
            let value = b"\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0".as_slice();
            self.tar
                .append_pax_extensions([("SCHILY.xattr.security.capability", value)])
                .unwrap();
        }
        let path = line.path.trim_start_matches('/');
        let mut content = content.to_vec();
        if let Some(size) = line.value("size=") {
            content.resize(size.parse().unwrap(), 0);
        }
        let content = content.as_slice();
        header.set_size(content.len() as u64);
        match line.target {
            Some(target) => self.tar.append_link(&mut header, path, target).unwrap(),
            None => self.tar.append_data(&mut header, path, content).unwrap(),
        }
        if kind == EntryType::Directory {
            self.directories.insert(line.path.to_owned());
        }
    }

    fn parents(&mut self, path: &str) {
        let ends: Vec<usize> = path
            .match_indices('/')
            .map(|(at, _)| at)
            .filter(|&at| at > 0)
            .collect();
        for end in ends {
            if self.directories.insert(path[..end].to_owned()) {
                let mut header = Header::new_ustar();
                header.set_entry_type(EntryType::Directory);
                header.set_mode(0o755);
                header.set_size(0);
                self.tar
                    .append_data(&mut header, path[1..end].to_owned() + "/", &b""[..])
                    .unwrap();
            }
        }
    }
}

/// `file PATH words… "content"`, `link PATH -> TARGET`.
struct Line<'a> {
    kind: &'a str,
    path: &'a str,
    words: Vec<&'a str>,
    target: Option<&'a str>,
    content: Vec<u8>,
}

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Self {
        let (head, content) = line.split_once(" \"").map_or((line, ""), |(head, rest)| {
            (head, rest.trim_end().strip_suffix('"').unwrap())
        });
        let (head, target) = head
            .split_once(" -> ")
            .map_or((head, None), |(head, target)| (head, Some(target.trim())));
        let mut words = head.split_whitespace();
        let kind = words.next().unwrap();
        let path = words.next().unwrap_or_default();
        Self {
            kind,
            path,
            words: words.collect(),
            target,
            content: unescaped(content),
        }
    }

    fn has(&self, word: &str) -> bool {
        self.words.contains(&word)
    }

    fn value(&self, key: &str) -> Option<&'a str> {
        self.words.iter().find_map(|word| word.strip_prefix(key))
    }
}

fn unescaped(text: &str) -> Vec<u8> {
    // `ab@*1000` means `ab` repeated a thousand times.
    let text = text
        .replace("\\n", "\n")
        .replace("\\t", "\t")
        .replace("\\0", "\0")
        .replace("\\\"", "\"");
    match text.rsplit_once("@*") {
        Some((unit, times)) => unit.repeat(times.parse().unwrap()).into_bytes(),
        None => text.into_bytes(),
    }
}

/// What is said of images that a description's `policy` says, on the first day of 2026.
pub(crate) fn policy(text: &str) -> Policy {
    let lines: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("policy "))
        .collect();
    let config = config::parse(Path::new("policy.toml"), &lines.join("\n"), registry()).unwrap();
    Policy {
        today: "2026-01-01".parse().ok(),
        ..config.policy
    }
}

/// The image of a description.
pub(crate) fn image(text: &str) -> Image {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.tar");
    std::fs::write(&path, archive(text)).unwrap();
    Image::open(
        &path.to_str().unwrap().parse().unwrap(),
        &Options::default(),
        &Silent,
    )
    .unwrap()
}

/// The docker archive of a description.
pub(crate) fn archive(text: &str) -> Vec<u8> {
    let mut layers = vec![Layer::new("/bin/sh -c #(nop) ADD file:base in / ")];
    let mut history: Vec<Value> = Vec::new();
    let mut settings = json!({"Env": []});
    let mut name = "app:1".to_owned();
    let mut top =
        json!({"architecture": "amd64", "os": "linux", "created": "2026-01-01T00:00:00Z"});
    let is_of_image = |line: &&str| !line.trim().is_empty() && !line.starts_with("policy ");
    for line in text.lines().filter(is_of_image) {
        let rest = line.split_once(' ').map_or("", |(_, rest)| rest);
        let parsed = Line::parse(line);
        let layer = layers.last_mut().unwrap();
        let words = || Value::from(rest.split_whitespace().collect::<Vec<_>>());
        match parsed.kind {
            "file" => layer.entry(
                &parsed,
                EntryType::Regular,
                if parsed.path.contains("bin/") {
                    0o755
                } else {
                    0o644
                },
                &parsed.content,
            ),
            "elf" => layer.entry(&parsed, EntryType::Regular, 0o755, &elf(&parsed)),
            "dir" => layer.entry(&parsed, EntryType::Directory, 0o755, b""),
            "link" => layer.entry(&parsed, EntryType::Symlink, 0o777, b""),
            "gone" => {
                let (folder, name) = parsed.path.rsplit_once('/').unwrap();
                let whiteout = format!("{folder}/.wh.{name}");
                layer.entry(
                    &Line {
                        path: &whiteout,
                        ..parsed
                    },
                    EntryType::Regular,
                    0o644,
                    b"",
                );
            }
            "layer" => {
                history.push(json!({"created_by": layer.created_by}));
                layers.push(Layer::new(rest));
            }
            "step" => {
                history.push(json!({"created_by": layer.created_by}));
                history.push(json!({"created_by": rest, "empty_layer": true}));
                layer.created_by.clear();
            }
            "entrypoint" => settings["Entrypoint"] = words(),
            "shell-entrypoint" => settings["Entrypoint"] = json!(["/bin/sh", "-c", rest]),
            "cmd" => settings["Cmd"] = words(),
            "healthcheck" => {
                settings["Healthcheck"] = json!({"Test": std::iter::once("CMD").chain(rest.split_whitespace()).collect::<Vec<_>>()});
            }
            "env" => settings["Env"].as_array_mut().unwrap().push(rest.into()),
            "label" => {
                settings["Labels"][rest.split_once('=').unwrap().0] =
                    rest.split_once('=').unwrap().1.into();
            }
            "expose" => settings["ExposedPorts"][rest] = json!({}),
            "volume" => settings["Volumes"][rest] = json!({}),
            "user" => settings["User"] = rest.into(),
            "workdir" => settings["WorkingDir"] = rest.into(),
            "name" => rest.clone_into(&mut name),
            "architecture" | "created" => top[parsed.kind] = rest.into(),
            other => panic!("`{other}` describes nothing"),
        }
    }
    for layer in &layers {
        if !layer.created_by.is_empty()
            && !history
                .iter()
                .any(|step| step["created_by"] == layer.created_by.as_str())
        {
            history.push(json!({"created_by": layer.created_by}));
        }
    }
    let archives: Vec<Vec<u8>> = layers
        .into_iter()
        .map(|layer| layer.tar.into_inner().unwrap())
        .collect();
    let diff_ids: Vec<String> = archives
        .iter()
        .map(|archive| format!("sha256:{}", sha256(archive)))
        .collect();
    top["config"] = settings;
    top["history"] = history.into();
    top["rootfs"] = json!({"type": "layers", "diff_ids": diff_ids});
    docker_archive(&archives, &top, &name)
}

fn elf(line: &Line<'_>) -> Vec<u8> {
    let mut file = match line.value("soname=") {
        Some(soname) => elf_file::library(soname),
        None => elf_file::program(
            line.value("interpreter=")
                .unwrap_or("/lib64/ld-linux-x86-64.so.2"),
        ),
    };
    if line.has("fixed") {
        file = file.fixed();
    }
    file = match line.value("stack=").unwrap_or("rw") {
        "rwx" => file.stack(7),
        "rw" => file.stack(6),
        _ => file,
    };
    if !line.has("no-relro") {
        file = file.relro();
    }
    if !line.has("fixed-address") {
        file = file.movable();
    }
    if line.has("text-relocations") {
        file = file.text_relocations();
    }
    if line.has("arm64") {
        file = file.machine(183);
    }
    for symbol in line
        .words
        .iter()
        .filter_map(|word| word.strip_prefix("imports="))
    {
        file = file.imports(symbol);
    }
    for need in line
        .words
        .iter()
        .filter_map(|word| word.strip_prefix("needs="))
    {
        file = file.needs(need);
    }
    if let Some(path) = line.value("runpath=") {
        file = file.runpath(path);
    }
    if let Some(path) = line.value("rpath=") {
        file = file.rpath(path);
    }
    file.bytes()
}

fn sha256(bytes: &[u8]) -> String {
    let digits = Sha256::digest(bytes)
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .collect::<Vec<u8>>();
    digits
        .into_iter()
        .map(|digit| char::from_digit(digit.into(), 16).unwrap())
        .collect()
}

fn docker_archive(archives: &[Vec<u8>], config: &Value, name: &str) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut add = |name: &str, bytes: &[u8]| {
        let mut header = Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, bytes).unwrap();
    };
    let names: Vec<String> = (0..archives.len()).map(|at| format!("{at}.tar")).collect();
    names
        .iter()
        .zip(archives)
        .for_each(|(name, archive)| add(name, archive));
    add("config.json", config.to_string().as_bytes());
    let manifest = json!([{"Config": "config.json", "RepoTags": [name], "Layers": names}]);
    add("manifest.json", manifest.to_string().as_bytes());
    tar.into_inner().unwrap()
}
