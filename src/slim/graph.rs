//! The keep graph: the kept names and the reasons for them.
//!
//! Names are only added with [`Graph::keep`], with a reason, and the name that gives the reason is
//! already in the graph. The first reasons therefore form a tree that ends at the roots. All other
//! reasons are recorded in addition to the first.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::effort::{self, Allowance};
use super::why::{Confidence, Import, Why};
use crate::image::NameId;

/// Maximum number of reasons of one confidence that a name can give for another. A script may
/// mention a path on every line, and more reasons would explain nothing.
const MAX_BY_ONE: u32 = 8;

/// An edge of the graph, stored at the name that it keeps.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reason {
    /// The kept name that gives the reason; `None` for a [`Why::Root`].
    pub by: Option<NameId>,
    pub why: Why,
}

impl Reason {
    pub fn confidence(&self) -> Confidence {
        self.why.confidence()
    }
}

/// A name in a chain, and the reason that links it to the previous one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link<'a> {
    pub name: NameId,
    pub why: &'a Why,
}

/// A dependency that does not exist in the image. The plan continues without it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unmet {
    /// The file with the dependency.
    pub by: NameId,
    pub need: Need,
    /// The directories or paths that were tried, in order.
    pub looked_in: Vec<Vec<u8>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    Library(Vec<u8>),
    /// A library was found that the loader would refuse; the second field is the reason.
    BrokenLibrary(Vec<u8>, String),
    /// A version, in the second field, that a library must define for it.
    Version(Vec<u8>, Vec<u8>),
    Interpreter(Vec<u8>),
    Shebang(Vec<u8>),
    /// A module, by the name in an import on this line.
    Module(Import),
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
            Self::Module(Import { module, line }) => {
                write!(
                    f,
                    "the module `{}`, imported on line {line}",
                    module.escape_debug()
                )
            }
        }
    }
}

/// A step of tracing. What a name needs is kept in the step of the name or in a later one, so that
/// confidence only falls along a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Certain,
    Observed,
    Likely,
    /// Possible, for the first time in the chain.
    Possible,
    /// Possible, because something possible says so. A chain of guesses ends here.
    PossibleAgain,
}

impl Step {
    pub(super) const ALL: [Self; 5] = [
        Self::Certain,
        Self::Observed,
        Self::Likely,
        Self::Possible,
        Self::PossibleAgain,
    ];

    pub(super) fn confidence(self) -> Confidence {
        match self {
            Self::Certain => Confidence::Certain,
            Self::Observed => Confidence::Observed,
            Self::Likely => Confidence::Likely,
            Self::Possible | Self::PossibleAgain => Confidence::Possible,
        }
    }
}

/// Something unknown or unusual that a user may want to look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// The file that it is about; `None` if it is about the image configuration.
    pub at: Option<NameId>,
    /// The line in a script, counted from 1.
    pub line: Option<usize>,
    pub text: String,
}

/// Kept names with their reasons; see the module documentation.
#[derive(Clone, Debug)]
pub struct Graph {
    /// One row per name; the row of a name that is not kept is empty.
    reasons: Vec<Vec<Reason>>,
    /// In the order in which they were added.
    kept: Vec<NameId>,
    /// Hashes of names with their reasons, because the reasons themselves would be a copy of the
    /// graph.
    seen: HashSet<u64>,
    /// The number of reasons that the second name gave for the first.
    given: HashMap<(NameId, Option<NameId>, Confidence), u32>,
    /// The step in which each name was kept; a row a name.
    steps: Vec<Step>,
    /// The step that is traced.
    now: Step,
    /// Reasons that count in a later step.
    withheld: BTreeMap<Step, Vec<(NameId, Reason)>>,
    /// Mentions, which are weighed before they count, by step.
    mentions: BTreeMap<Step, Vec<(NameId, Reason)>>,
    /// Reasons by their giver, who is not kept, or not yet.
    parked: HashMap<NameId, Vec<(NameId, Why)>>,
    /// Names that must not be kept, even if other files need them.
    dropped: HashSet<NameId>,
    /// An observation takes the place of reasons for whole runtimes and features.
    is_observed: bool,
    /// The number of reasons that may still be given.
    effort: Allowance,
    /// The number of names with reasons of each giver that are recorded.
    most_given: usize,
}

impl Graph {
    /// An empty graph for a tree with this number of names.
    pub(super) fn new(name_count: usize) -> Self {
        Self {
            reasons: vec![Vec::new(); name_count],
            kept: Vec::new(),
            seen: HashSet::new(),
            given: HashMap::new(),
            steps: vec![Step::Certain; name_count],
            now: Step::Certain,
            withheld: BTreeMap::new(),
            mentions: BTreeMap::new(),
            parked: HashMap::new(),
            dropped: HashSet::new(),
            is_observed: false,
            effort: effort::reasons(name_count),
            most_given: effort::recorded_reasons(name_count),
        }
    }

    /// Whether so many reasons were given that more are ignored: the plan may lack files.
    pub(super) fn is_exhausted(&self) -> bool {
        self.effort.is_used_up()
    }

    /// Lets the reasons of a step count, except mentions.
    pub(super) fn open(&mut self, step: Step) {
        // The step is begun first, so that its reasons, which are released now, are not withheld
        // again.
        self.now = step;
        for (name, reason) in self.withheld.remove(&step).unwrap_or_default() {
            self.insert(name, reason);
        }
    }

    /// The step that is traced.
    pub(super) fn now(&self) -> Step {
        self.now
    }

    /// The mentions of the step that is traced, which come in again by [`admit`](Self::admit).
    pub(super) fn take_mentions(&mut self) -> Vec<(NameId, Reason)> {
        self.mentions.remove(&self.now).unwrap_or_default()
    }

    /// Lets a mention count that was taken.
    pub(super) fn admit(&mut self, name: NameId, reason: Reason) {
        if self.push(name, reason) {
            self.release(name);
        }
    }

    /// Lets reasons that an observation replaces count only as likely ones.
    pub(super) fn replace_by_observation(&mut self) {
        self.is_observed = true;
    }

    /// A name that is never kept from now on.
    pub(super) fn drop_name(&mut self, name: NameId) {
        self.dropped.insert(name);
    }

    /// Whether a name is never kept, because the user dropped it.
    pub fn is_dropped(&self, name: NameId) -> bool {
        self.dropped.contains(&name)
    }

    /// Keeps a name as soon as its dependent is kept and reasons of this confidence count. Adding
    /// the same reason again has no effect.
    pub(super) fn keep(&mut self, name: NameId, by: Option<NameId>, why: Why) {
        debug_assert!(
            by.is_some() != matches!(why, Why::Root(_)),
            "only a root has no dependent"
        );
        // The root directory always exists and needs no reason, and a name cannot keep itself.
        if name == NameId::ROOT || by == Some(name) || self.dropped.contains(&name) {
            return;
        }
        let reason = Reason { by, why };
        // A file without its directories would be worse than none, and there are few of these.
        if !matches!(reason.why, Why::Directory) && !self.effort.spend(1) {
            return;
        }
        if self.has_room(name, &reason) && self.is_new(name, &reason) {
            self.insert(name, reason);
        }
    }

    /// Whether a reason is recorded if it is new.
    fn has_room(&mut self, name: NameId, reason: &Reason) -> bool {
        let is_root = reason.by.is_none();
        if self.given.len() < self.most_given || is_root {
            return true;
        }
        // One reason more for a name that is kept explains it, but decides nothing.
        if self.is_kept(name) {
            return false;
        }
        self.effort.use_up();
        matches!(reason.why, Why::Directory)
    }

    /// Whether a reason is new and within the limit on the number of reasons.
    fn is_new(&mut self, name: NameId, reason: &Reason) -> bool {
        // The confidence is part of the key, so that many weak mentions do not crowd out a later,
        // more certain reason.
        let key = (name, reason.by, reason.confidence());
        let given = self.given.entry(key).or_default();
        // More reasons from the same dependent would explain nothing.
        if *given >= MAX_BY_ONE {
            return false;
        }
        // A hash collision would only lose an additional reason, which does not affect any
        // decision.
        let mut hasher = DefaultHasher::new();
        (name, reason).hash(&mut hasher);
        let is_new = self.seen.insert(hasher.finish());
        *given += u32::from(is_new);
        is_new
    }

    /// Counts the names that are looked at for a reason. Returns false if there are too many.
    pub(super) fn look_at(&mut self, names: usize) -> bool {
        let is_allowed = self.effort.spend(names);
        if !is_allowed {
            self.effort.use_up();
        }
        is_allowed
    }

    /// Adds a reason, and the reasons that were parked until its name is kept.
    fn insert(&mut self, name: NameId, reason: Reason) {
        if self.add(name, reason) {
            self.release(name);
        }
    }

    /// Adds the reasons that were parked until a name is kept.
    fn release(&mut self, name: NameId) {
        // A stack instead of recursion: a chain of parked reasons may be as long as the image has
        // names.
        let mut coming = self.parked_by(name);
        while let Some((name, reason)) = coming.pop() {
            if self.add(name, reason) {
                coming.extend(self.parked_by(name));
            }
        }
    }

    /// Takes the reasons that a name gave before it was kept, the last one first.
    fn parked_by(&mut self, name: NameId) -> Vec<(NameId, Reason)> {
        // Reasons given by the same name keep their order.
        let parked = self.parked.remove(&name).unwrap_or_default();
        let by = Some(name);
        let reasons = parked.into_iter().rev();
        reasons
            .map(|(kept, why)| (kept, Reason { by, why }))
            .collect()
    }

    /// Adds a reason; returns true if it is the name's first.
    fn add(&mut self, name: NameId, reason: Reason) -> bool {
        // A name may be dropped while its reason was parked or withheld.
        if self.dropped.contains(&name) {
            return false;
        }
        // The dependent is not kept yet, and may never be, so its reasons are parked.
        if let Some(by) = reason.by.filter(|&by| !self.is_kept(by)) {
            self.parked.entry(by).or_default().push((name, reason.why));
            return false;
        }
        // Beyond the last step, a guess based on another guess is mere chance.
        let Some(step) = self.step(&reason) else {
            return false;
        };
        // Mentions wait until all else of their step is known. A command in a file that is only
        // mentioned itself is one as well: nothing shows that it ever runs.
        let is_command = matches!(reason.why, Why::Command { .. }) && step >= Step::Possible;
        let waiting = if reason.why.is_mention() || is_command {
            &mut self.mentions
        } else if step > self.now {
            &mut self.withheld
        } else {
            return self.push(name, reason);
        };
        waiting
            .entry(step.max(self.now))
            .or_default()
            .push((name, reason));
        false
    }

    /// The step in which a reason counts; none for a guess that is one too many.
    fn step(&self, reason: &Reason) -> Option<Step> {
        let giver = reason.by.map_or(Step::Certain, |by| self.step_of(by));
        let confidence = if self.is_observed && reason.why.is_replaced_by_observation() {
            reason.confidence().max(Confidence::Likely)
        } else {
            reason.confidence()
        };
        Some(match (confidence, giver) {
            (Confidence::Certain, _) => giver,
            (Confidence::Observed, _) => giver.max(Step::Observed),
            (Confidence::Likely, _) => giver.max(Step::Likely),
            (Confidence::Possible, Step::Certain | Step::Observed | Step::Likely) => Step::Possible,
            (Confidence::Possible, Step::Possible) => Step::PossibleAgain,
            (Confidence::Possible, Step::PossibleAgain) => return None,
        })
    }

    /// The step in which a kept name was kept.
    fn step_of(&self, name: NameId) -> Step {
        self.steps[name.index()]
    }

    /// The confidence that a kept name is needed: that of its first chain of reasons.
    pub fn confidence(&self, name: NameId) -> Confidence {
        self.step_of(name).confidence()
    }

    /// Adds a reason that takes effect now; returns true if it is the name's first.
    fn push(&mut self, name: NameId, reason: Reason) -> bool {
        // A name may be dropped while it was mentioned.
        if self.dropped.contains(&name) {
            return false;
        }
        let reasons = &mut self.reasons[name.index()];
        // Most names have one reason, and a vector would begin with room for four.
        if reasons.is_empty() {
            reasons.reserve_exact(1);
        }
        reasons.push(reason);
        // Only the first reason makes a name new to the tracers.
        let is_first = reasons.len() == 1;
        if is_first {
            self.kept.push(name);
            self.steps[name.index()] = self.now;
        }
        is_first
    }

    pub fn is_kept(&self, name: NameId) -> bool {
        name == NameId::ROOT || !self.reasons[name.index()].is_empty()
    }

    /// In the order in which they were added: a name comes after the one that gave its first
    /// reason.
    pub fn kept(&self) -> &[NameId] {
        &self.kept
    }

    /// Whether any reason for a name marks it as the user's own.
    pub(super) fn is_users(&self, name: NameId) -> bool {
        let mut reasons = self.reasons(name).iter();
        reasons.any(|reason| reason.why.is_users())
    }

    /// All reasons for a name, the first one first; empty for a name that is not kept.
    pub fn reasons(&self, name: NameId) -> &[Reason] {
        &self.reasons[name.index()]
    }

    /// The chain of first reasons from a root to this name; empty if it is not kept.
    pub fn chain(&self, name: NameId) -> Vec<Link<'_>> {
        let mut chain = Vec::new();
        let mut at = Some(name);
        while let Some(name) = at {
            // A name that is not kept has no reasons, so its chain is empty.
            let Some(reason) = self.reasons[name.index()].first() else {
                break;
            };
            chain.push(Link {
                name,
                why: &reason.why,
            });
            // The dependent was kept before the name, so following dependents ends at a root and
            // never in a cycle.
            at = reason.by;
        }
        chain.reverse();
        chain
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slim::why::Root;

    /// The first names of a tree with some files.
    fn some(count: usize) -> Vec<NameId> {
        let mut tree = crate::image::Tree::new();
        for number in 0..count {
            let inode = crate::image::Inode {
                kind: crate::image::Kind::Directory,
                header: crate::image::Header::default(),
                layer: 0,
            };
            tree.insert(NameId::ROOT, number.to_string().as_bytes(), inode);
        }
        tree.walk().collect()
    }

    #[test]
    fn the_reasons_of_an_image_are_limited_together() {
        let names = some(3);
        let mut graph = Graph::new(4);
        graph.keep(names[0], None, Why::Root(Root::PackageDatabase));
        assert!(graph.look_at(usize::try_from(graph.effort.left() - 1).unwrap()));
        assert!(!graph.is_exhausted());
        graph.keep(names[1], Some(names[0]), Why::Target);
        assert!(graph.is_kept(names[1]) && graph.is_exhausted());
        graph.keep(names[2], Some(names[0]), Why::Target);
        assert!(!graph.is_kept(names[2]));
        // The directories of what is kept are kept in any case.
        graph.keep(names[2], Some(names[1]), Why::Directory);
        assert!(graph.is_kept(names[2]));
        assert!(!graph.look_at(1));
    }

    #[test]
    fn beyond_the_limit_what_is_kept_gets_no_more_reasons() {
        let names = some(3);
        let mut graph = Graph::new(4);
        graph.keep(names[0], None, Why::Root(Root::PackageDatabase));
        graph.keep(names[1], Some(names[0]), Why::Target);
        graph.most_given = graph.given.len();
        graph.keep(names[0], Some(names[1]), Why::OnTheWay);
        assert_eq!(graph.reasons(names[0]).len(), 1);
        assert!(!graph.is_exhausted(), "nothing is lost");
        graph.keep(names[2], Some(names[1]), Why::OnTheWay);
        assert!(graph.is_exhausted());
    }
}
