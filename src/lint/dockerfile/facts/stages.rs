//! Build stages, their bases, and whether the final image needs them.

use std::collections::BTreeSet;
use std::ops::Range;

use super::base::Known;
use super::image_ref::ImageRef;
use super::scope::{UNKNOWN, glob_matches};
use super::steps::{Step, User, Workdir};
use crate::dockerfile::{Body, Instruction, Word, WordPart};
use std::rc::Rc;

/// A build stage: the instructions from one `FROM` to the next.
#[derive(Debug)]
pub struct Stage<'a> {
    pub index: usize,
    pub from: &'a Instruction,
    /// The word after `FROM`.
    pub image: &'a Word,
    /// The name after `AS`, as written.
    pub alias: Option<&'a Word>,
    pub base: Base,
    /// Known facts about the base image of the stage's ancestry.
    pub known: Option<&'static Known>,
    /// Indexes into [`Facts::steps`](super::Facts::steps), starting with the `FROM`.
    pub steps: Range<usize>,
    /// The last `USER` of the ancestry.
    pub user: Option<Rc<User>>,
    pub workdir: Rc<Workdir>,
    /// Whether the image is built on the stage or copies files from it.
    pub reachable: bool,
}

/// The base of a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    Scratch,
    /// An earlier stage.
    Stage(usize),
    Image(ImageRef),
}

impl Stage<'_> {
    /// Whether the stage has this name. BuildKit ignores the case of names.
    pub fn is_named(&self, name: &str) -> bool {
        self.alias
            .is_some_and(|alias| alias.text.as_str().eq_ignore_ascii_case(name))
    }
}

/// Marks the final stage and all stages that it is built on or copies files from.
pub(super) fn mark_reachable(
    stages: &mut [Stage<'_>],
    steps: &[Step<'_>],
    final_stage: Option<usize>,
) {
    let mut open: Vec<usize> = final_stage.into_iter().collect();
    while let Some(at) = open.pop() {
        if std::mem::replace(&mut stages[at].reachable, true) {
            continue;
        }
        open.extend(sources_of(stages, steps, at));
    }
}

/// The stages that a stage refers to: in `FROM`, in `--from`, and in the `from` of a mount.
pub(super) fn sources_of(stages: &[Stage<'_>], steps: &[Step<'_>], at: usize) -> Vec<usize> {
    let mut sources = Vec::new();
    match &stages[at].base {
        Base::Stage(base) => sources.push(*base),
        Base::Image(_) => sources.extend(stages_like(&stages[..at], &stages[at].image_text())),
        Base::Scratch => {}
    }
    for step in &steps[stages[at].steps.clone()] {
        for name in step.sources() {
            // BuildKit also finds stages that are defined later in the file.
            let anywhere = || stages.iter().rposition(|stage| stage.is_named(name));
            sources.extend(find(stages, at, name).or_else(anywhere));
        }
    }
    sources
}

/// The stages whose names match a base with variables: `FROM base-${TARGETARCH}` may mean any of
/// `base-amd64` and `base-arm64`.
fn stages_like(stages: &[Stage<'_>], pattern: &str) -> Vec<usize> {
    let mut matching = Vec::new();
    // Without a variable, `base_of` has already found the stage.
    if !pattern.contains('*') {
        return matching;
    }
    let pattern = pattern.to_ascii_lowercase();
    for stage in stages {
        if let Some(alias) = stage.alias
            && glob_matches(&pattern, &alias.text.as_str().to_ascii_lowercase())
        {
            matching.push(stage.index);
        }
    }
    matching
}

impl Stage<'_> {
    /// The image's name with `*` for every variable.
    fn image_text(&self) -> String {
        let mut text = String::new();
        for part in &self.image.parts {
            match part {
                WordPart::Literal(literal) => text.push_str(literal),
                WordPart::Variable(_) => text.push('*'),
            }
        }
        text
    }
}

/// The stage that a `--from` in stage `before` refers to: the one with that name, or else the one
/// with that number, if it is an earlier one.
pub(super) fn find(stages: &[Stage<'_>], before: usize, name: &str) -> Option<usize> {
    let earlier = &stages[..before.min(stages.len())];
    // Of several stages with the name, BuildKit takes the last one, wherever it is used.
    if let Some(index) = stages.iter().rposition(|stage| stage.is_named(name)) {
        return if index < before { Some(index) } else { None };
    }
    match name.parse() {
        Ok(number) if number < earlier.len() => Some(number),
        _ => None,
    }
}

/// The base of a new stage; `image_text` is the word after `FROM`, expanded as far as possible.
pub(super) fn base_of(stages: &[Stage<'_>], image_text: &str) -> Base {
    if image_text == "scratch" {
        return Base::Scratch;
    }
    // A stage hides an image with the same name. A partly unknown text names neither.
    if !image_text.contains(UNKNOWN)
        && let Some(index) = stages.iter().rposition(|stage| stage.is_named(image_text))
    {
        return Base::Stage(index);
    }
    Base::Image(ImageRef::parse(image_text))
}

/// Makes the bases unknown that the build replaces with a context of the same name.
pub(super) fn replace_contexts(stages: &mut [Stage<'_>], contexts: &BTreeSet<String>) {
    for stage in stages {
        let written = stage.image.text.as_str();
        if let Base::Image(image) = &stage.base {
            let name = image.name.as_deref().unwrap_or(written);
            if contexts.contains(name) || contexts.contains(written) {
                stage.base = Base::Image(ImageRef::parse(&UNKNOWN.to_string()));
            }
        }
    }
}

/// The image and the name of a `FROM` that could be parsed.
pub(super) fn from_parts(instruction: &Instruction) -> Option<(&Word, Option<&Word>)> {
    match &instruction.body {
        Body::From { image, alias } => Some((image, alias.as_ref())),
        _ => None,
    }
}
