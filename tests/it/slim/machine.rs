//! An in-memory image with a few files, and the results of a loader or the slimmer for it.

use std::cell::OnceCell;
use std::ops::Deref;
use std::sync::Arc;

use jettison::elf::{
    self, Elf, ElfError, Environment, Files, Loader, Mode, Outcome, Process, Processor,
};
use jettison::evidence::observation::Observation;
use jettison::image::{
    Changes, Compression, Config, Content, Header, History, Image, Inode, InodeId, Kind, Layer,
    NameId, Options, Reference, ResolveError, Silent, Tree,
};
use jettison::report;
use jettison::slim::{Confidence, Modules, Plan, PlanError, PlanOptions, Slimming};
use serde_json::{Value, json};

use crate::builders::elf_file::ElfFile;

/// An image under construction. Directories come by themselves.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    tree: Tree,
    settings: Value,
    environment: Vec<String>,
    options: PlanOptions,
    layers: Vec<History>,
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self {
            tree: Tree::new(),
            settings: json!({}),
            environment: Vec::new(),
            options: PlanOptions::default(),
            layers: Vec::new(),
        }
    }

    fn insert(self, path: &str, kind: Kind, mode: u32) -> Self {
        self.entry(
            path,
            kind,
            Header {
                mode,
                ..Header::default()
            },
        )
    }

    /// An entry with all that an archive says of it.
    pub(crate) fn entry(mut self, path: &str, kind: Kind, header: Header) -> Self {
        let (directory, name) = path.rsplit_once('/').unwrap();
        let directory = self.make_directory(directory);
        let layer = self.layers.len().saturating_sub(1);
        self.tree.insert(
            directory,
            name.as_bytes(),
            Inode {
                kind,
                header,
                layer,
            },
        );
        self
    }

    /// Makes what is missing of a directory, following links in its path.
    fn make_directory(&mut self, path: &str) -> NameId {
        let mut at = NameId::ROOT;
        for component in path.split('/').filter(|component| !component.is_empty()) {
            let there = self.tree.resolve_from(at, component.as_bytes()).ok();
            at = there.map_or_else(
                || {
                    let header = Header {
                        mode: 0o755,
                        ..Header::default()
                    };
                    let inode = Inode {
                        kind: Kind::Directory,
                        header,
                        layer: self.layers.len().saturating_sub(1),
                    };
                    self.tree.insert(at, component.as_bytes(), inode)
                },
                |resolved| resolved.name,
            );
        }
        at
    }

    pub(crate) fn elf(self, path: &str, file: &ElfFile) -> Self {
        self.insert(path, Kind::File(Content::Bytes(file.bytes())), 0o755)
    }

    /// A program of root's that anybody runs as root.
    pub(crate) fn setuid(self, path: &str, file: &ElfFile) -> Self {
        self.insert(path, Kind::File(Content::Bytes(file.bytes())), 0o4755)
    }

    pub(crate) fn executable(self, path: &str, bytes: Vec<u8>) -> Self {
        self.insert(path, Kind::File(Content::Bytes(bytes)), 0o755)
    }

    /// A file that can be executed.
    pub(crate) fn script(self, path: &str, text: &str) -> Self {
        self.insert(path, Kind::File(Content::Bytes(text.into())), 0o755)
    }

    pub(crate) fn file(self, path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.insert(path, Kind::File(Content::Bytes(bytes.into())), 0o644)
    }

    pub(crate) fn directory(mut self, path: &str) -> Self {
        self.make_directory(path);
        self
    }

    pub(crate) fn link(self, path: &str, target: &str) -> Self {
        self.insert(
            path,
            Kind::Symlink {
                target: target.into(),
            },
            0o777,
        )
    }

    /// A second name.
    pub(crate) fn hard_link(mut self, path: &str, target: &str) -> Self {
        let (directory, name) = path.rsplit_once('/').unwrap();
        let directory = self.make_directory(directory);
        let target = self.tree.resolve_link(target.as_bytes()).unwrap().name;
        self.tree.link(directory, name.as_bytes(), target);
        self
    }

    /// A field of the image's configuration.
    pub(crate) fn set(mut self, field: &str, value: Value) -> Self {
        self.settings[field] = value;
        self
    }

    pub(crate) fn entrypoint(self, words: &[&str]) -> Self {
        self.set("Entrypoint", json!(words))
    }

    pub(crate) fn env(mut self, entry: &str) -> Self {
        self.environment.push(entry.to_owned());
        self
    }

    pub(crate) fn keep(mut self, pattern: &str) -> Self {
        self.options.keep.push(pattern.to_owned());
        self
    }

    /// What is dropped by hand.
    pub(crate) fn drop(mut self, pattern: &str) -> Self {
        self.options.drop.push(pattern.to_owned());
        self
    }

    pub(crate) fn modules(mut self, modules: Modules) -> Self {
        self.options.modules = modules;
        self
    }

    pub(crate) fn keep_companions(mut self) -> Self {
        self.options.keep_companions = true;
        self
    }

    pub(crate) fn level(mut self, level: Confidence) -> Self {
        self.options.level = level;
        self
    }

    pub(crate) fn observed(mut self, observation: Observation) -> Self {
        self.options.observed = Some(Arc::new(observation));
        self
    }

    /// What comes from now on is brought by another layer.
    pub(crate) fn layer(mut self, created_by: &str) -> Self {
        self.layers.push(History {
            created_by: created_by.to_owned(),
            ..History::default()
        });
        self
    }

    pub(crate) fn image(&self) -> Image {
        let directory = tempfile::tempdir().unwrap();
        let reference = Reference::Rootfs(directory.path().to_owned());
        let mut image = Image::open(&reference, &Options::default(), &Silent).unwrap();
        let mut settings = self.settings.clone();
        settings["Env"] = json!(self.environment);
        image.config =
            Config::new(json!({"architecture": "amd64", "os": "linux", "config": settings}));
        image.tree = self.tree.clone();
        let layer = |history: &History| Layer {
            digest: String::new(),
            diff_id: String::new(),
            media_type: String::new(),
            compression: Compression::None,
            stored_size: 0,
            size: 0,
            history: Some(history.clone()),
            changes: Changes::default(),
        };
        image.layers = self.layers.iter().map(layer).collect();
        image
    }

    pub(crate) fn try_plan(&self) -> Result<Planned, PlanError> {
        let image = self.image();
        let plan = jettison::slim::plan(&image, &self.options)?;
        assert_eq!(
            jettison::slim::verify(&image, &plan).unwrap(),
            [],
            "the plan loses something"
        );
        Ok(Planned { image, plan })
    }

    /// The failures of the plan's verification: `path: failure`.
    pub(crate) fn failures(&self) -> Vec<String> {
        let image = self.image();
        let plan = jettison::slim::plan(&image, &self.options).unwrap();
        let failures = jettison::slim::verify(&image, &plan).unwrap();
        failures
            .iter()
            .map(|failure| {
                let path = image.tree.path(failure.at).escape_ascii().to_string();
                format!("{path}: {}", failure.lost)
            })
            .collect()
    }

    /// The summary that `slim` prints.
    pub(crate) fn summary(&self) -> String {
        let image = self.image();
        let slimming = Slimming::new(&image, &self.options).unwrap();
        report::plan(&slimming).unwrap().into_text()
    }

    /// The text that a dry run prints behind it.
    pub(crate) fn dry_run(&self) -> String {
        let image = self.image();
        let slimming = Slimming::new(&image, &self.options).unwrap();
        report::dry_run(&slimming).unwrap().into_text()
    }

    pub(crate) fn plan(&self) -> Planned {
        self.try_plan().unwrap()
    }

    /// What the loader maps for a program, a line for each need: `by needs name: path (rule)`.
    pub(crate) fn load(&self, program: &str) -> Vec<String> {
        self.load_as(program, Mode::Superset, false)
    }

    /// The same on one processor.
    pub(crate) fn load_on(&self, program: &str, levels: &[&str]) -> Vec<String> {
        let levels = levels.iter().map(|&level| level.to_owned()).collect();
        let legacy = vec!["tls".to_owned(), "haswell".to_owned()];
        let processor = Processor {
            levels,
            platform: Some("haswell".to_owned()),
            legacy,
        };
        self.load_as(program, Mode::Exact(processor), false)
    }

    /// The same where the program has rights that its user has not.
    pub(crate) fn load_secure(&self, program: &str) -> Vec<String> {
        self.load_as(program, Mode::Superset, true)
    }

    fn load_as(&self, program: &str, mode: Mode, secure: bool) -> Vec<String> {
        let image = self.image();
        let files = TreeFiles::new(&self.tree);
        let program = program.as_bytes();
        let elf::Kind::File(file) = files.look(program) else {
            panic!("there is no such program")
        };
        let elf = files.elf(file).unwrap();
        let loader = Loader::with_mode(&files, elf.interpreter.as_ref().unwrap(), elf, mode);
        let library_path = image
            .config
            .env_value("LD_LIBRARY_PATH")
            .unwrap_or_default()
            .into();
        let directory = image.config.working_dir().into();
        let environment = Environment {
            library_path,
            directory,
            secure,
        };
        let mut process = Process::new(&files, &loader, &environment, program, file);
        process.load();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let mut lines = Vec::new();
        for request in process.requests() {
            let by = &process.objects()[request.by].path;
            let by = text(by.rsplit(|&byte| byte == b'/').next().unwrap());
            let line = format!("{by} needs {}", text(&request.name));
            match &request.outcome {
                Outcome::Found(hits) => lines.extend(hits.iter().map(|(object, path, found)| {
                    let broken = process.objects()[*object].broken.as_ref();
                    let broken = broken.map(|why| format!(", but {why}")).unwrap_or_default();
                    format!("{line}: {} ({found}){broken}", text(path))
                })),
                Outcome::Missing(missing) => {
                    let looked_in: Vec<String> =
                        missing.looked_in.iter().map(|path| text(path)).collect();
                    let nowhere = format!("not in {}", looked_in.join(" "));
                    let why = missing
                        .refused
                        .as_ref()
                        .map_or(nowhere, |why| format!("refused, {why}"));
                    lines.push(format!("{line}: {why}"));
                }
            }
        }
        lines
    }
}

/// A plan and the image it is for.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) image: Image,
    pub(crate) plan: Plan,
}

impl Planned {
    pub(crate) fn name(&self, path: &str) -> NameId {
        self.image.tree.resolve_link(path.as_bytes()).unwrap().name
    }

    pub(crate) fn path(&self, name: NameId) -> String {
        String::from_utf8(self.image.tree.path(name)).unwrap()
    }

    pub(crate) fn keeps(&self, path: &str) -> bool {
        self.plan.is_kept(self.name(path))
    }

    /// The paths of all that is kept.
    pub(crate) fn kept(&self) -> Vec<String> {
        self.plan
            .kept()
            .iter()
            .map(|&name| self.path(name))
            .collect()
    }

    /// The chain of reasons, a line a name.
    pub(crate) fn why(&self, path: &str) -> Vec<String> {
        self.plan
            .why(self.name(path))
            .iter()
            .map(|link| format!("{}: {}", self.path(link.name), link.why))
            .collect()
    }

    /// All reasons for a name: who gives it, and it.
    pub(crate) fn reasons(&self, path: &str) -> Vec<String> {
        let by = |by: Option<NameId>| by.map_or_else(|| "the image".to_owned(), |by| self.path(by));
        let reasons = self.plan.reasons(self.name(path));
        reasons
            .iter()
            .map(|reason| format!("{}: {}", by(reason.by), reason.why))
            .collect()
    }

    pub(crate) fn unmet(&self) -> Vec<String> {
        let line =
            |unmet: &jettison::slim::Unmet| format!("{} needs {}", self.path(unmet.by), unmet.need);
        self.plan.unmet().iter().map(line).collect()
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        let at = |note: &jettison::slim::Note| {
            note.at
                .map_or_else(|| "image".to_owned(), |at| self.path(at))
        };
        let line = |note: &jettison::slim::Note| {
            note.line.map(|line| format!(":{line}")).unwrap_or_default()
        };
        self.plan
            .notes()
            .iter()
            .map(|note| format!("{}{}: {}", at(note), line(note), note.text))
            .collect()
    }
}

/// The files of a tree, for the loader's rules.
pub(crate) struct TreeFiles<'a> {
    tree: &'a Tree,
    names: Vec<Option<NameId>>,
    elfs: Vec<OnceCell<Result<Elf, ElfError>>>,
}

impl<'a> TreeFiles<'a> {
    pub(crate) fn new(tree: &'a Tree) -> Self {
        let mut names = vec![None; tree.inode_count()];
        tree.walk()
            .for_each(|name| names[tree.inode_id(name).index()] = Some(name));
        let elfs = (0..tree.inode_count()).map(|_| OnceCell::new()).collect();
        Self { tree, names, elfs }
    }
}

impl Files for TreeFiles<'_> {
    type Id = InodeId;

    fn look(&self, path: &[u8]) -> elf::Kind<InodeId> {
        match self.tree.resolve(path) {
            Ok(resolved) => match self.tree.inode(resolved.name).kind {
                Kind::File(_) => elf::Kind::File(self.tree.inode_id(resolved.name)),
                Kind::Directory => elf::Kind::Directory,
                _ => elf::Kind::Special,
            },
            Err(ResolveError::TooManyLinks { .. }) => elf::Kind::Loop,
            Err(_) => elf::Kind::Missing,
        }
    }

    fn list(&self, directory: &[u8]) -> Vec<Vec<u8>> {
        let Ok(resolved) = self.tree.resolve(directory) else {
            return Vec::new();
        };
        self.tree
            .children(resolved.name)
            .map(|name| self.tree.file_name(name).to_vec())
            .collect()
    }

    fn read(&self, file: InodeId) -> Option<impl Deref<Target = [u8]>> {
        match &self.tree.inode(self.names[file.index()]?).kind {
            Kind::File(Content::Bytes(bytes)) => Some(bytes.as_slice()),
            _ => None,
        }
    }

    fn elf(&self, file: InodeId) -> Result<&Elf, ElfError> {
        let parse = || elf::parse(&self.read(file).unwrap());
        self.elfs[file.index()]
            .get_or_init(parse)
            .as_ref()
            .map_err(Clone::clone)
    }

    fn real_path(&self, path: &[u8]) -> Option<Vec<u8>> {
        Some(self.tree.path(self.tree.resolve(path).ok()?.name))
    }
}
