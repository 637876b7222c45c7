//! The input of image checks.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::ops::Deref;

use super::ImageInput;
use super::accounts::{Accounts, MAX_ACCOUNTS};
use super::policy::Policy;
use crate::advisories::KnownVulnerabilities;
use crate::elf::Elf;
use crate::image::{Config, DEFAULT_PATH, History, Image, Kind, NameId, ReadError, Tree};
use crate::inspect::{self, ImageFiles, ImageLayers};
use crate::lint::finding::{ImageLocation, Provenance};
use crate::lint::settings::Settings;
use crate::packages::Packages;
use crate::size;
use crate::slim::{Plan, View};

/// Maximum size of a file that is read for a rule, in bytes.
const MAX_READ: u64 = 64 << 20;

/// Maximum number of directories that are searched for programs.
const MAX_DIRECTORIES: usize = 1024;

/// One image, and the facts that rules share.
#[derive(Debug)]
pub struct ImageContext<'a> {
    pub image: &'a Image,
    /// The name given by the user.
    pub reference: &'a str,
    /// The slimmer's plan; `None` for an image without a program.
    pub plan: Option<&'a Plan>,
    pub packages: &'a Packages,
    /// Known vulnerabilities of the packages; `None` without an advisory database.
    pub vulnerabilities: Option<&'a KnownVulnerabilities>,
    /// The types of the statements that are attached to it; `None` if that is not known.
    pub attested: Option<&'a BTreeSet<String>>,
    pub accounts: Accounts,
    pub files: ImageFiles,
    pub layers: ImageLayers,
    history: Vec<History>,
    /// The history step that created each layer.
    provenances: Vec<Provenance>,
    pub settings: &'a Settings,
    pub policy: &'a Policy,
    /// Its files; each ELF file is parsed once. Files that could not be read are recorded.
    view: View<'a>,
    search_path: OnceCell<SearchPath>,
}

/// The directories in which programs are found. `PATH` may have a hundred thousand entries, and
/// hundreds of programs are asked for, so they are looked up once.
#[derive(Debug)]
struct SearchPath {
    /// The existing directories of `PATH`, each once, with the text that names it first.
    own: Vec<(String, NameId)>,
    /// The first of them, and the usual ones.
    all: Vec<NameId>,
}

impl<'a> ImageContext<'a> {
    pub(super) fn new(input: ImageInput<'a>, settings: &'a Settings, policy: &'a Policy) -> Self {
        let mut context = Self {
            image: input.image,
            reference: input.reference,
            plan: input.plan,
            packages: input.packages,
            vulnerabilities: input.vulnerabilities,
            attested: input.attested,
            accounts: Accounts::default(),
            files: inspect::files(input.image, 0),
            layers: inspect::layers(input.image),
            history: input.image.config.history(),
            provenances: provenances(input.image),
            settings,
            policy,
            view: View::new(input.image),
            search_path: OnceCell::new(),
        };
        // A missing file is treated as empty: there are no accounts.
        let [passwd, group, shadow] = ["/etc/passwd", "/etc/group", "/etc/shadow"]
            .map(|path| context.read_path(path).unwrap_or_default());
        context.accounts = Accounts::parse(&passwd, &group, &shadow);
        context
    }

    fn read_path(&self, path: &str) -> Option<Vec<u8>> {
        let name = self.find(path)?;
        if self.length(name) > MAX_ACCOUNTS as u64 {
            self.view.add_oversized(self.tree().inode_id(name));
            return None;
        }
        let bytes = self.read(name)?;
        Some(bytes.to_vec())
    }

    /// The files that rules requested but that are too large to be read, in the order of the tree.
    pub(super) fn oversized(&self) -> Vec<NameId> {
        let oversized = self.view.oversized();
        let is_oversized = |name: &NameId| oversized.contains(&self.tree().inode_id(*name));
        if oversized.is_empty() {
            Vec::new()
        } else {
            self.tree().walk().filter(is_oversized).collect()
        }
    }

    pub(super) fn failure(self) -> Option<ReadError> {
        self.view.failure()
    }

    pub fn tree(&self) -> &'a Tree {
        &self.image.tree
    }

    pub fn configuration(&self) -> &'a Config {
        &self.image.config
    }

    /// The file at a path, with symlinks followed; `None` if there is none.
    pub fn find(&self, path: &str) -> Option<NameId> {
        self.tree()
            .resolve(path.as_bytes())
            .ok()
            .map(|resolved| resolved.name)
    }

    /// The bytes of a regular file, even if a later layer removed it; `None` if it is too large.
    pub fn read(&self, name: NameId) -> Option<impl Deref<Target = [u8]>> {
        if self.length(name) > MAX_READ {
            self.view.add_oversized(self.tree().inode_id(name));
            None
        } else {
            self.view.binary(name)
        }
    }

    /// All regular files, in the order of the tree.
    pub fn files(&self) -> impl Iterator<Item = NameId> {
        self.tree().walk().filter(|&name| self.is_file(name))
    }

    /// Regular files that a later layer removed, with that layer, counted from the lowest.
    pub fn removed_files(&self) -> impl Iterator<Item = (NameId, usize)> {
        let layers = self.image.layers.iter().enumerate();
        let gone = layers
            .flat_map(|(at, layer)| layer.changes.gone.iter().map(move |gone| (gone.name, at)));
        // A file that is removed in the same layer is not stored in any layer.
        gone.filter(|&(name, at)| self.is_file(name) && self.tree().inode(name).layer != at)
    }

    pub fn is_file(&self, name: NameId) -> bool {
        matches!(self.tree().inode(name).kind, Kind::File(_))
    }

    /// Whether a file is executable as a program.
    pub fn is_executable(&self, name: NameId) -> bool {
        self.is_file(name) && self.tree().inode(name).header.mode & 0o111 != 0
    }

    /// The length of a regular file; 0 for anything else.
    pub fn length(&self, name: NameId) -> u64 {
        match &self.tree().inode(name).kind {
            Kind::File(content) => content.length(),
            _ => 0,
        }
    }

    /// Whether the program can reach a file; `None` for an image without a program.
    pub fn is_reached(&self, name: NameId) -> Option<bool> {
        self.plan.map(|plan| plan.is_reached(name))
    }

    /// The layer that added a file, counted from the lowest; `None` for an image that was read from
    /// a directory.
    pub fn layer_of(&self, name: NameId) -> Option<usize> {
        let layer = self.tree().inode(name).layer;
        if layer < self.image.layers.len() {
            Some(layer)
        } else {
            None
        }
    }

    /// The directories of `PATH` that exist, each once, with the absolute path that names it first.
    pub fn search_path(&self) -> &[(String, NameId)] {
        &self.directories().own
    }

    fn directories(&self) -> &SearchPath {
        self.search_path.get_or_init(|| {
            let path = self.configuration().env_value("PATH");
            let own = self.existing_directories(path.unwrap_or(DEFAULT_PATH));
            // Programs outside a reduced `PATH` can still be started by their path.
            let usual = self.existing_directories(DEFAULT_PATH);
            let mut seen = BTreeSet::new();
            let names = own.iter().take(MAX_DIRECTORIES).chain(&usual);
            let names = names.map(|&(_, name)| name);
            let all = names.filter(|&name| seen.insert(name)).collect();
            SearchPath { own, all }
        })
    }

    fn existing_directories(&self, path: &str) -> Vec<(String, NameId)> {
        let mut seen = BTreeSet::new();
        let mut directories = Vec::new();
        for path in path.split(':') {
            if path.starts_with('/')
                && let Some(name) = self.find(path)
                && self.tree().is_directory(name)
                && seen.insert(name)
            {
                directories.push((path.to_owned(), name));
            }
        }
        directories
    }

    /// The programs with these names in `PATH` and the usual directories, each file once.
    pub fn programs<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Vec<NameId> {
        let tree = self.tree();
        let mut seen = BTreeSet::new();
        let mut programs = Vec::new();
        for name in names {
            for &directory in &self.directories().all {
                let Ok(resolved) = tree.resolve_from(directory, name.as_bytes()) else {
                    continue;
                };
                let file = resolved.name;
                // A link to BusyBox is not a separate program.
                if self.is_executable(file)
                    && !is_multi_call(tree.file_name(file), name)
                    && seen.insert(tree.inode_id(file).index())
                {
                    programs.push(file);
                }
            }
        }
        programs
    }

    /// All ELF files; one with several names once.
    pub fn elfs(&self) -> impl Iterator<Item = (NameId, &Elf)> {
        /// A 32-bit ELF header, the smaller one, has 52 bytes, and no program consists only of a
        /// header.
        const SHORTEST: u64 = 64;
        let mut seen = vec![false; self.tree().inode_count()];
        self.files().filter_map(move |name| {
            let is_seen = &mut seen[self.tree().inode_id(name).index()];
            if std::mem::replace(is_seen, true) || self.length(name) < SHORTEST {
                return None;
            }
            Some((name, self.view.elf_of(name).ok()?))
        })
    }

    /// The UID that the container runs as; `None` for a name without an account.
    pub fn runs_as(&self) -> Option<u64> {
        let setting = self.configuration().user();
        let user = setting.split(':').next().unwrap_or(setting);
        // Runtimes start images without a user as root.
        if user.is_empty() {
            return Some(0);
        }
        if let Ok(uid) = user.parse() {
            return Some(uid);
        }
        self.accounts.user(user).map(|user| user.uid)
    }

    /// The number and total size of the files of the package that owns a file.
    pub fn size_of_package(&self, name: NameId) -> Option<(usize, u64)> {
        // Several packages may own a directory, but only one a file.
        let package = self.packages.owners(name).next()?;
        Some((
            package.files.len(),
            package.files.iter().map(|&name| self.length(name)).sum(),
        ))
    }

    pub fn size(&self, bytes: u64) -> String {
        size::size(bytes)
    }

    /// The steps of the history with their layers, counted from the lowest.
    pub fn history(&self) -> Vec<(Option<usize>, &str)> {
        let mut steps = Vec::new();
        let mut next = 0;
        for step in &self.history {
            let mut layer = None;
            if !step.empty_layer {
                // A history may list more layers than the image has.
                if next < self.image.layers.len() {
                    layer = Some(next);
                }
                next += 1;
            }
            steps.push((layer, step.created_by.as_str()));
        }
        steps
    }

    /// Whether a file is test data or an example: keys in such files are public.
    pub fn is_test_data(&self, name: NameId) -> bool {
        let path = self.tree().path(name).to_ascii_lowercase();
        path.split(|&byte| byte == b'/').any(|part| {
            matches!(
                part,
                b"test"
                    | b"tests"
                    | b"testdata"
                    | b"fixtures"
                    | b"examples"
                    | b"example"
                    | b"doc"
                    | b"docs"
            )
        })
    }

    /// The path of a file, escaped for use in messages.
    pub fn path(&self, name: NameId) -> String {
        self.tree().path(name).escape_ascii().to_string()
    }

    /// Whether the configuration names a program to start.
    pub fn has_command(&self) -> bool {
        let config = self.configuration();
        !config.entrypoint().is_empty() || !config.cmd().is_empty()
    }

    /// The location of a file, even if a later layer removed it.
    pub fn at_file(&self, name: NameId) -> ImageLocation {
        let package = self.packages.owners(name).next();
        ImageLocation {
            path: Some(self.tree().path(name)),
            provenance: self.layer_of(name).map(|layer| self.added_by(layer)),
            reachable: self.is_reached(name),
            package: package.map(|package| format!("{} {}", package.name, package.version)),
        }
    }

    /// The location of a layer, counted from the lowest.
    pub fn at_layer(&self, layer: usize) -> ImageLocation {
        ImageLocation {
            provenance: Some(self.added_by(layer)),
            ..ImageLocation::default()
        }
    }

    /// The location of a configuration setting: the last such instruction in the history.
    pub fn at_instruction(&self, instruction: &str) -> ImageLocation {
        // A later instruction of the same name overrides an earlier one.
        let mut steps = self.history.iter().enumerate().rev();
        let step = steps.find(|(_, step)| is_named(step, instruction));
        ImageLocation {
            provenance: step.map(|(index, step)| Provenance {
                step: Some(index),
                layer: None,
                created_by: step.instruction().into(),
            }),
            ..ImageLocation::default()
        }
    }

    /// The image as a whole.
    pub fn at_image(&self) -> ImageLocation {
        ImageLocation::default()
    }

    /// The history step that created a layer.
    fn added_by(&self, layer: usize) -> Provenance {
        match self.provenances.get(layer) {
            Some(provenance) => provenance.clone(),
            None => Provenance {
                layer: Some(layer),
                ..Provenance::default()
            },
        }
    }
}

/// The history step that created each layer.
fn provenances(image: &Image) -> Vec<Provenance> {
    let history = image.config.history();
    let mut steps = history.iter().enumerate();
    let mut provenances = Vec::with_capacity(image.layers.len());
    for (index, layer) in image.layers.iter().enumerate() {
        // Only steps with a layer are relevant, and an image may have fewer of them than layers.
        let step = steps.find(|(_, step)| !step.empty_layer);
        let recorded = layer.history.as_ref();
        provenances.push(Provenance {
            step: step.map(|(at, _)| at),
            layer: Some(index),
            created_by: recorded.map_or("", History::instruction).into(),
        });
    }
    provenances
}

/// Whether a step of the history is an instruction of this name.
fn is_named(step: &History, instruction: &str) -> bool {
    let first = step.instruction().split_whitespace().next();
    first.is_some_and(|word| word.eq_ignore_ascii_case(instruction))
}

/// Whether a file is a multi-call binary, found under one of its many names.
fn is_multi_call(file: &[u8], asked: &str) -> bool {
    // BusyBox counts as a shell, because it always includes one.
    matches!(
        file,
        b"busybox" | b"toybox" | b"coreutils" | b"busybox.static"
    ) && !matches!(asked, "sh" | "ash" | "busybox")
}
