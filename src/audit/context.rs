//! What a rule may read of an image.

use std::cell::RefCell;

use super::accounts::Accounts;
use super::finding::Brought;
use crate::image::{Bytes, Config, History, Image, Kind, NameId, ReadError, Tree};
use crate::lint::Settings;
use crate::packages::Packages;
use crate::slim::Plan;

/// Files larger than this are not read for a rule's sake.
const MAX_READ: u64 = 64 << 20;

/// An image, and what is known of it.
#[derive(Debug)]
pub struct Context<'a> {
    pub image: &'a Image,
    /// The name under which it was asked for.
    pub reference: &'a str,
    /// What the slimmer would keep; none where the image has no program.
    pub plan: Option<&'a Plan>,
    pub packages: &'a Packages,
    pub accounts: Accounts,
    /// What the user says of labels, ports and the like.
    pub settings: &'a Settings,
    /// The first file that could not be read; it is looked at when the rules have spoken.
    failure: RefCell<Option<ReadError>>,
}

impl<'a> Context<'a> {
    pub(super) fn new(
        image: &'a Image,
        reference: &'a str,
        plan: Option<&'a Plan>,
        packages: &'a Packages,
        settings: &'a Settings,
    ) -> Result<Self, ReadError> {
        let mut context = Self {
            image,
            reference,
            plan,
            packages,
            accounts: Accounts::default(),
            settings,
            failure: RefCell::default(),
        };
        let text = |path: &str| context.find(path).and_then(|name| context.read(name)).map(|bytes| bytes.to_vec());
        let [passwd, group, shadow] =
            ["/etc/passwd", "/etc/group", "/etc/shadow"].map(|path| text(path).unwrap_or_default());
        context.accounts = Accounts::parse(&passwd, &group, &shadow);
        context.failure.take().map_or(Ok(context), Err)
    }

    pub(super) fn failure(self) -> Option<ReadError> {
        self.failure.into_inner()
    }

    pub fn tree(&self) -> &'a Tree {
        &self.image.tree
    }

    pub fn configuration(&self) -> &'a Config {
        &self.image.config
    }

    /// What a path leads to, links followed; none where nothing is there.
    pub fn find(&self, path: &str) -> Option<NameId> {
        self.tree().resolve(path.as_bytes()).ok().map(|resolved| resolved.name)
    }

    /// The bytes of a regular file of ordinary size, by any name, also one that a later layer took away.
    pub fn read(&self, name: NameId) -> Option<Bytes<'a>> {
        match &self.tree().inode(name).kind {
            Kind::File(content) if content.length() <= MAX_READ => {}
            _ => return None,
        }
        match self.image.read(name) {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                self.failure.borrow_mut().get_or_insert(error);
                None
            }
        }
    }

    /// All regular files that are there, in the order of the tree.
    pub fn files(&self) -> impl Iterator<Item = NameId> {
        self.tree().walk().filter(|&name| self.is_file(name))
    }

    /// Regular files of lower layers that a later one took away, with the layer that did, counted from the lowest.
    pub fn gone_files(&self) -> impl Iterator<Item = (NameId, usize)> {
        let layers = self.image.layers.iter().enumerate();
        let gone = layers.flat_map(|(at, layer)| layer.changes.gone.iter().map(move |gone| (gone.name, at)));
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

    pub(super) fn step_of_layer(&self, layer: usize) -> Brought {
        let history = self.image.layers.get(layer).and_then(|layer| layer.history.as_ref());
        Brought { layer: Some(layer), created_by: history.map(|step| step.created_by.clone()).unwrap_or_default() }
    }

    /// The last step of the history that is such an instruction.
    pub(super) fn step_of_instruction(&self, instruction: &str) -> Option<Brought> {
        let is_it = |step: &History| {
            let said = step.created_by.strip_prefix("/bin/sh -c #(nop)").unwrap_or(&step.created_by).trim_start();
            said.split_whitespace().next().is_some_and(|word| word.eq_ignore_ascii_case(instruction))
        };
        let step = self.configuration().history().into_iter().rev().find(is_it)?;
        Some(Brought { layer: None, created_by: step.created_by })
    }
}
