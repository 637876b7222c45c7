//! What a rule may read of an image.

use std::collections::BTreeSet;
use std::ops::Deref;

use super::Installed;
use super::accounts::Accounts;
use super::finding::Brought;
use super::policy::Policy;
use crate::advisories::Known;
use crate::elf::Elf;
use crate::image::{Config, DEFAULT_PATH, History, Image, Kind, NameId, ReadError, Tree};
use crate::inspect::{self, Files, Layers};
use crate::lint::Settings;
use crate::packages::Packages;
use crate::size;
use crate::slim::{Plan, View};

/// Files larger than this are not read for a rule's sake.
const MAX_READ: u64 = 64 << 20;
/// `/etc/passwd` and its like; each line takes some hundred bytes of memory.
const MAX_ACCOUNTS: u64 = 1 << 20;

/// An image, and what is known of it.
#[derive(Debug)]
pub struct Context<'a> {
    pub image: &'a Image,
    /// The name under which it was asked for.
    pub reference: &'a str,
    /// What the slimmer would keep; none where the image has no program.
    pub plan: Option<&'a Plan>,
    pub packages: &'a Packages,
    /// Vulnerabilities of these; none where nobody was asked.
    pub known: Option<&'a Known>,
    pub accounts: Accounts,
    pub files: Files,
    pub layers: Layers,
    /// What the user says of labels, ports and the like.
    pub settings: &'a Settings,
    pub policy: &'a Policy,
    /// Its files, each ELF file read once. What could not be read is looked at when the rules have
    /// spoken.
    view: View<'a>,
}

impl<'a> Context<'a> {
    pub(super) fn new(
        image: &'a Image,
        reference: &'a str,
        plan: Option<&'a Plan>,
        installed: Installed<'a>,
        settings: &'a Settings,
        policy: &'a Policy,
    ) -> Self {
        let mut context = Self {
            image,
            reference,
            plan,
            packages: installed.packages,
            known: installed.known,
            accounts: Accounts::default(),
            files: inspect::files(image, 0),
            layers: inspect::layers(image),
            settings,
            policy,
            view: View::new(image),
        };
        let text = |path: &str| {
            context
                .find(path)
                .filter(|&name| context.length(name) <= MAX_ACCOUNTS)
                .and_then(|name| context.read(name))
                .map(|bytes| bytes.to_vec())
        };
        let [passwd, group, shadow] =
            ["/etc/passwd", "/etc/group", "/etc/shadow"].map(|path| text(path).unwrap_or_default());
        context.accounts = Accounts::parse(&passwd, &group, &shadow);
        context
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

    /// What a path leads to, links followed; none where nothing is there.
    pub fn find(&self, path: &str) -> Option<NameId> {
        self.tree()
            .resolve(path.as_bytes())
            .ok()
            .map(|resolved| resolved.name)
    }

    /// The bytes of a regular file of ordinary size, by any name, also one that a later layer took
    /// away.
    pub fn read(&self, name: NameId) -> Option<impl Deref<Target = [u8]>> {
        if self.length(name) > MAX_READ {
            None
        } else {
            self.view.binary(name)
        }
    }

    /// All regular files that are there, in the order of the tree.
    pub fn files(&self) -> impl Iterator<Item = NameId> {
        self.tree().walk().filter(|&name| self.is_file(name))
    }

    /// Regular files of lower layers that a later one took away, with the layer that did, counted
    /// from the lowest.
    pub fn gone_files(&self) -> impl Iterator<Item = (NameId, usize)> {
        let layers = self.image.layers.iter().enumerate();
        let gone = layers
            .flat_map(|(at, layer)| layer.changes.gone.iter().map(move |gone| (gone.name, at)));
        gone.filter(|&(name, at)| self.is_file(name) && self.tree().inode(name).layer != at)
    }

    pub fn is_file(&self, name: NameId) -> bool {
        matches!(self.tree().inode(name).kind, Kind::File(_))
    }

    /// Whether somebody may start a file as a program.
    pub fn is_executable(&self, name: NameId) -> bool {
        self.is_file(name) && self.tree().inode(name).header.mode & 0o111 != 0
    }

    /// Bytes of a regular file.
    pub fn length(&self, name: NameId) -> u64 {
        match &self.tree().inode(name).kind {
            Kind::File(content) => content.length(),
            _ => 0,
        }
    }

    pub fn is_reached(&self, name: NameId) -> Option<bool> {
        self.plan.map(|plan| plan.is_kept(name))
    }

    /// The layer that brought a file, counted from the lowest; none where a directory was read.
    pub fn layer_of(&self, name: NameId) -> Option<usize> {
        Some(self.tree().inode(name).layer).filter(|&layer| layer < self.image.layers.len())
    }

    /// Directories in which the container looks for programs.
    pub fn search_path(&self) -> Vec<String> {
        let path = self
            .configuration()
            .env_value("PATH")
            .unwrap_or(DEFAULT_PATH);
        let mut seen = BTreeSet::new();
        path.split(':')
            .filter(|path| path.starts_with('/') && seen.insert(*path))
            .map(str::to_owned)
            .collect()
    }

    /// The programs of these names, each file once: on the search path, and in the usual places
    /// beside it.
    pub fn programs<'n>(&self, names: &[&'n str]) -> Vec<(&'n str, NameId)> {
        let mut directories = self.search_path();
        directories.extend(DEFAULT_PATH.split(':').map(str::to_owned));
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        for name in names {
            let paths = directories
                .iter()
                .map(|directory| format!("{directory}/{name}"));
            let files = paths
                .filter_map(|path| self.find(&path))
                .filter(|&file| self.is_executable(file));
            // A link to BusyBox is no program of its own.
            let own = files.filter(|&file| !is_multi_call(self.tree().file_name(file), name));
            found.extend(
                own.filter(|&file| seen.insert(self.tree().inode_id(file).index()))
                    .map(|file| (*name, file)),
            );
        }
        found
    }

    /// All ELF files that are there.
    pub fn elfs(&self) -> impl Iterator<Item = (NameId, &Elf)> {
        let mut seen = vec![false; self.tree().inode_count()];
        let is_new = move |name: &NameId| {
            !std::mem::replace(&mut seen[self.tree().inode_id(*name).index()], true)
        };
        let files = self
            .files()
            .filter(is_new)
            .filter(|&name| self.length(name) >= 64);
        files.filter_map(|name| Some((name, self.view.elf_of(name).ok()?)))
    }

    /// The number of the user whom the container runs as; none where it is a name that nobody has.
    pub fn runs_as(&self) -> Option<u64> {
        let said = self.configuration().user();
        let user = said.split(':').next().unwrap_or(said);
        match user {
            "" => Some(0),
            user => user
                .parse()
                .ok()
                .or_else(|| self.accounts.user(user).map(|user| user.uid)),
        }
    }

    /// How many files, and how many bytes, the package has that a file is of.
    pub fn rest_of_package(&self, name: NameId) -> Option<(usize, u64)> {
        let package = self.packages.owners(name).next()?;
        Some((
            package.files.len(),
            package.files.iter().map(|&name| self.length(name)).sum(),
        ))
    }

    pub fn size(&self, bytes: u64) -> String {
        size::size(bytes)
    }

    /// The steps of the history, with their layers.
    pub fn history(&self) -> Vec<(Option<usize>, String)> {
        let mut layer = 0;
        let steps = self.configuration().history().into_iter().map(|step| {
            let at = (!step.empty_layer).then_some(layer);
            layer += usize::from(!step.empty_layer);
            (
                at.filter(|&at| at < self.image.layers.len()),
                step.created_by,
            )
        });
        steps.collect()
    }

    /// Whether a file is there for tests: keys in such files are nobody's.
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

    pub(super) fn step_of_layer(&self, layer: usize) -> Brought {
        let history = self
            .image
            .layers
            .get(layer)
            .and_then(|layer| layer.history.as_ref());
        Brought {
            layer: Some(layer),
            created_by: history
                .map(|step| step.created_by.clone())
                .unwrap_or_default(),
        }
    }

    /// The last step of the history that is such an instruction.
    pub(super) fn step_of_instruction(&self, instruction: &str) -> Option<Brought> {
        let is_it = |step: &History| {
            step.instruction()
                .split_whitespace()
                .next()
                .is_some_and(|word| word.eq_ignore_ascii_case(instruction))
        };
        let step = self
            .configuration()
            .history()
            .into_iter()
            .rev()
            .find(is_it)?;
        Some(Brought {
            layer: None,
            created_by: step.created_by,
        })
    }
}

/// Whether a file under this name is one program of many names, asked for by another of them.
fn is_multi_call(file: &[u8], asked: &str) -> bool {
    matches!(
        file,
        b"busybox" | b"toybox" | b"coreutils" | b"busybox.static"
    ) && !matches!(asked, "sh" | "ash" | "busybox")
}
