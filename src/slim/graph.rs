//! The keep graph: which names are kept, and why.
//!
//! A name gets in by [`Graph::keep`] only, with a reason, and the name that gives the reason is in
//! already. So the first reasons form a tree that ends at the roots. Every other reason is recorded
//! beside the first.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::why::{Confidence, Why};
use crate::image::NameId;

/// Reasons of one confidence that a name can give for another. A script may mention a path in every
/// line, and more reasons explain nothing.
const MAX_BY_ONE: u32 = 64;

/// One edge of the graph, at the name it keeps.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reason {
    /// The kept name that gives the reason; none for a [`Why::Root`].
    pub by: Option<NameId>,
    pub why: Why,
}

impl Reason {
    pub fn confidence(&self) -> Confidence {
        self.why.confidence()
    }
}

/// One name of a chain, and the reason that ties it to the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link<'a> {
    pub name: NameId,
    pub why: &'a Why,
}

/// A need that nothing in the image meets. The plan goes on without it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unmet {
    /// The file that needs it.
    pub by: NameId,
    pub need: Need,
    /// The directories, or paths, that were tried, in order.
    pub looked_in: Vec<Vec<u8>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    Library(Vec<u8>),
    /// A library was found that the loader would refuse; the second field is why.
    BrokenLibrary(Vec<u8>, String),
    /// A version, the second field, that a library should define for it.
    Version(Vec<u8>, Vec<u8>),
    Interpreter(Vec<u8>),
    Shebang(Vec<u8>),
}

impl std::fmt::Display for Need {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Library(soname) => write!(f, "the library `{}`", soname.escape_ascii()),
            Self::BrokenLibrary(soname, why) => {
                write!(f, "a loadable library `{}` ({why})", soname.escape_ascii())
            }
            Self::Version(library, version) => {
                write!(
                    f,
                    "version `{}` of `{}`",
                    version.escape_ascii(),
                    library.escape_ascii()
                )
            }
            Self::Interpreter(path) => write!(f, "the loader `{}`", path.escape_ascii()),
            Self::Shebang(path) => write!(f, "the interpreter `{}`", path.escape_ascii()),
        }
    }
}

/// Something that the plan cannot know, or that is odd, and that a person may want to look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// The file it is about; none where it is about the image's configuration.
    pub at: Option<NameId>,
    /// From 1, in a script.
    pub line: Option<usize>,
    pub text: String,
}

/// Kept names with their reasons; see the module's page.
#[derive(Clone, Debug)]
pub struct Graph {
    /// A row a name; one that is not kept has an empty row.
    reasons: Vec<Vec<Reason>>,
    /// In the order in which they came in.
    kept: Vec<NameId>,
    /// Hashes of a name and a reason for it: the reasons themselves would be a copy of the graph.
    seen: HashSet<u64>,
    /// The number of reasons that a name, the second, gave for the first.
    given: HashMap<(NameId, Option<NameId>, Confidence), u32>,
    /// The confidence that a reason needs to count.
    level: Confidence,
    /// Reasons that are not sure enough, by how sure they are.
    withheld: BTreeMap<Confidence, Vec<(NameId, Reason)>>,
    /// Reasons by their giver, who is not kept, or not yet.
    parked: HashMap<NameId, Vec<(NameId, Why)>>,
    /// Names that are not to be kept, whatever needs them.
    dropped: HashSet<NameId>,
}

impl Graph {
    /// An empty graph over a tree with this many rows of names.
    pub(super) fn new(name_count: usize) -> Self {
        Self {
            reasons: vec![Vec::new(); name_count],
            kept: Vec::new(),
            seen: HashSet::new(),
            given: HashMap::new(),
            level: Confidence::Certain,
            withheld: BTreeMap::new(),
            parked: HashMap::new(),
            dropped: HashSet::new(),
        }
    }

    /// Lets reasons count that are as sure as this.
    pub(super) fn open(&mut self, level: Confidence) {
        // The level is raised first, so that reasons of this level that are released now are not
        // withheld again.
        self.level = level;
        for (name, reason) in self.withheld.remove(&level).unwrap_or_default() {
            self.insert(name, reason);
        }
    }

    /// A name that is never kept from now on.
    pub(super) fn drop_name(&mut self, name: NameId) {
        self.dropped.insert(name);
    }

    /// Keeps a name, as soon as its giver is kept and such reasons count. Giving a reason again
    /// changes nothing.
    pub(super) fn keep(&mut self, name: NameId, by: Option<NameId>, why: Why) {
        debug_assert!(
            by.is_some() != matches!(why, Why::Root(_)),
            "only a root has no dependent"
        );
        // The root directory is the image; it needs no reason. And nothing keeps itself.
        if name == NameId::ROOT || by == Some(name) || self.dropped.contains(&name) {
            return;
        }
        let reason = Reason { by, why };
        if self.is_new(name, &reason) {
            self.insert(name, reason);
        }
    }

    /// Whether a reason was not given before, and is not one of too many.
    fn is_new(&mut self, name: NameId, reason: &Reason) -> bool {
        // The confidence is a part of the key: many weak mentions must not use up the room of a
        // later, surer reason.
        let key = (name, reason.by, reason.confidence());
        let given = self.given.entry(key).or_default();
        // More reasons of the same giver explain nothing.
        if *given >= MAX_BY_ONE {
            return false;
        }
        // A collision would lose a reason that is not the first, which changes no decision.
        let mut hasher = DefaultHasher::new();
        (name, reason).hash(&mut hasher);
        let is_new = self.seen.insert(hasher.finish());
        *given += u32::from(is_new);
        is_new
    }

    /// Adds a reason, and those that were parked until its name is kept.
    fn insert(&mut self, name: NameId, reason: Reason) {
        // A stack instead of recursion: a chain of parked reasons may be as long as the image has
        // names.
        let mut coming = vec![(name, reason)];
        while let Some((name, reason)) = coming.pop() {
            if !self.add(name, reason) {
                continue;
            }
            // The reasons of one giver keep the order in which they were given.
            let released = self.parked.remove(&name).unwrap_or_default();
            coming.extend(released.into_iter().rev().map(|(kept, why)| {
                let by = Some(name);
                (kept, Reason { by, why })
            }));
        }
    }

    /// Adds a reason; true where it is the name's first.
    fn add(&mut self, name: NameId, reason: Reason) -> bool {
        // A name may be dropped while its reason was parked or withheld.
        if self.dropped.contains(&name) {
            return false;
        }
        // The giver is not kept yet, and may never be: its reasons wait for it.
        if let Some(by) = reason.by.filter(|&by| !self.is_kept(by)) {
            self.parked.entry(by).or_default().push((name, reason.why));
            return false;
        }
        let confidence = reason.confidence();
        // Reasons that are not sure enough wait for their level.
        if confidence > self.level {
            self.withheld
                .entry(confidence)
                .or_default()
                .push((name, reason));
            return false;
        }
        let reasons = &mut self.reasons[name.index()];
        reasons.push(reason);
        // Only the first reason makes a name new to the tracers.
        let is_first = reasons.len() == 1;
        if is_first {
            self.kept.push(name);
        }
        is_first
    }

    pub fn is_kept(&self, name: NameId) -> bool {
        name == NameId::ROOT || !self.reasons[name.index()].is_empty()
    }

    /// In the order in which they came in: a name comes after the one that gave its first reason.
    pub fn kept(&self) -> &[NameId] {
        &self.kept
    }

    /// All reasons for a name, the first one first; none for a name that is not kept.
    pub fn reasons(&self, name: NameId) -> &[Reason] {
        &self.reasons[name.index()]
    }

    /// The first reasons from a root to this name; empty where it is not kept.
    pub fn chain(&self, name: NameId) -> Vec<Link<'_>> {
        let mut chain = Vec::new();
        let mut at = Some(name);
        while let Some(name) = at {
            // A name that is not kept has no reasons, and its chain is empty.
            let Some(reason) = self.reasons[name.index()].first() else {
                break;
            };
            chain.push(Link {
                name,
                why: &reason.why,
            });
            // The giver was kept before the name was, so following givers ends at a root and never
            // in a circle.
            at = reason.by;
        }
        chain.reverse();
        chain
    }
}
