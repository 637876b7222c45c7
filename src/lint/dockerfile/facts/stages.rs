//! Build stages: what each is built on, and which of them the image needs.

use std::ops::Range;

use super::base::Known;
use super::image_ref::ImageRef;
use super::scope::{UNKNOWN, glob_matches};
use super::steps::{Step, User, Workdir};
use crate::dockerfile::{Body, Instruction, Word};
use std::rc::Rc;

/// From one FROM to the next.
#[derive(Debug)]
pub struct Stage<'a> {
    pub index: usize,
    pub from: &'a Instruction,
    /// What stands after FROM.
    pub image: &'a Word,
    /// As written after AS.
    pub alias: Option<&'a Word>,
    pub base: Base,
    /// What is known of the image that this stage's ancestry starts with.
    pub known: Option<&'static Known>,
    /// Places in [`Facts::steps`](super::Facts::steps), that of the FROM first.
    pub steps: Range<usize>,
    /// The last USER of the ancestry.
    pub user: Option<Rc<User>>,
    pub workdir: Rc<Workdir>,
    /// Whether the image is built from it or takes files of it.
    pub reachable: bool,
}

/// What a stage is built on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    Scratch,
    /// An earlier stage.
    Stage(usize),
    Image(ImageRef),
}

impl Stage<'_> {
    /// Whether AS gives it this name; BuildKit compares in lower case.
    pub fn is_named(&self, name: &str) -> bool {
        self.alias
            .is_some_and(|alias| alias.text.as_str().eq_ignore_ascii_case(name))
    }
}

/// Marks the final stage and all that it is built on or takes files from.
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

/// The stages that one stage names: in FROM, in `--from`, and in the `from` of a mount.
pub(super) fn sources_of(stages: &[Stage<'_>], steps: &[Step<'_>], at: usize) -> Vec<usize> {
    let mut sources = Vec::new();
    match &stages[at].base {
        Base::Stage(base) => sources.push(*base),
        Base::Image(_) => sources.extend(stages_like(&stages[..at], &stages[at].image_text())),
        Base::Scratch => {}
    }
    for step in &steps[stages[at].steps.clone()] {
        // BuildKit finds a stage that a COPY names further down, too.
        let anywhere = |name| stages.iter().rposition(|stage| stage.is_named(name));
        sources.extend(
            step.sources()
                .filter_map(|name| find(stages, at, name).or_else(|| anywhere(name))),
        );
    }
    sources
}

/// Where the name of a base hides a variable, as in `FROM base-${TARGETARCH}`, every stage that it
/// may mean.
fn stages_like<'s>(stages: &'s [Stage<'_>], pattern: &str) -> impl Iterator<Item = usize> + 's {
    let pattern = pattern.to_ascii_lowercase();
    let wild = pattern.contains('*');
    stages
        .iter()
        .filter(move |stage| {
            let name = stage
                .alias
                .map(|alias| alias.text.as_str().to_ascii_lowercase());
            wild && name.is_some_and(|name| glob_matches(&pattern, &name))
        })
        .map(|stage| stage.index)
}

impl Stage<'_> {
    /// The image's name with `*` for every variable.
    fn image_text(&self) -> String {
        use crate::dockerfile::WordPart;
        let text = |part: &WordPart| match part {
            WordPart::Literal(text) => text.clone(),
            WordPart::Variable(_) => "*".to_owned(),
        };
        self.image.parts.iter().map(text).collect()
    }
}

/// The stage that a `--from` in stage `before` means: by name the nearest above, else by number.
pub(super) fn find(stages: &[Stage<'_>], before: usize, name: &str) -> Option<usize> {
    let earlier = &stages[..before.min(stages.len())];
    earlier
        .iter()
        .rposition(|stage| stage.is_named(name))
        .or_else(|| {
            name.parse()
                .ok()
                .filter(|&number: &usize| number < earlier.len())
        })
}

/// Opens the stage of a FROM; `image_text` is its image's name, expanded as far as can be.
pub(super) fn base_of(stages: &[Stage<'_>], image_text: &str) -> Base {
    if image_text == "scratch" {
        return Base::Scratch;
    }
    let by_name = (!image_text.contains(UNKNOWN))
        .then(|| stages.iter().rposition(|stage| stage.is_named(image_text)));
    match by_name.flatten() {
        Some(at) => Base::Stage(at),
        None => Base::Image(ImageRef::parse(image_text)),
    }
}

/// The image and the alias of a FROM that could be read.
pub(super) fn from_parts(instruction: &Instruction) -> Option<(&Word, Option<&Word>)> {
    match &instruction.body {
        Body::From { image, alias } => Some((image, alias.as_ref())),
        _ => None,
    }
}
