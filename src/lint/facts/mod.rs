//! What a Dockerfile means, worked out once for all rules.

mod base;
mod exec_form;
mod holdings;
mod image_ref;
pub mod packages;
mod pin;
mod removal;
mod run;
mod scope;
mod shell;
mod stages;
mod steps;

use std::cell::OnceCell;

pub use base::Known;
pub use exec_form::exec_form;
pub use holdings::{Holding, Holdings};
pub use image_ref::{ImageRef, Reading};
pub use pin::Pin;
pub use removal::deletes;
pub use run::{Argument, Call, Mount, Run};
pub use shell::{Shell, ShellKind};
pub use stages::{Base, Stage};
pub use steps::{Step, User, Workdir, is_absolute};

use super::Settings;
use crate::dockerfile::{Dockerfile, Word};
use scope::Scopes;

/// Stages, and every instruction with what is in force where it stands.
#[derive(Debug)]
pub struct Facts<'a> {
    pub stages: Vec<Stage<'a>>,
    /// The instructions in their order; those of ONBUILD as if they stood there, marked.
    pub steps: Vec<Step<'a>>,
    /// The stage that becomes the image.
    final_stage: Option<usize>,
    scopes: Scopes,
    runs: OnceCell<Vec<Run<'a>>>,
    holdings: OnceCell<Vec<Holdings>>,
}

impl<'a> Facts<'a> {
    pub fn new(dockerfile: &'a Dockerfile, settings: &Settings) -> Self {
        let mut scopes = Scopes::new(settings.build_args.clone());
        let (mut stages, steps) = steps::read(dockerfile, &mut scopes);
        let named = |target: &String| stages.iter().rposition(|stage| stage.is_named(target));
        let final_stage = settings.target.as_ref().and_then(named).or(stages.len().checked_sub(1));
        stages::mark_reachable(&mut stages, &steps, final_stage);
        Self { stages, steps, final_stage, scopes, runs: OnceCell::new(), holdings: OnceCell::new() }
    }

    /// The stage that becomes the image: the target, or the last.
    pub fn final_stage(&self) -> Option<&Stage<'a>> {
        self.final_stage.map(|at| &self.stages[at])
    }

    /// A stage and those it is built on, nearest first.
    pub fn ancestry(&self, stage: usize) -> impl Iterator<Item = &Stage<'a>> {
        std::iter::successors(self.stages.get(stage), |stage| match stage.base {
            Base::Stage(at) => self.stages.get(at),
            _ => None,
        })
    }

    /// The steps of a stage.
    pub fn steps_of(&self, stage: &Stage<'_>) -> &[Step<'a>] {
        &self.steps[stage.steps.clone()]
    }

    /// The steps that shape the image of `stage`: its own and those of the stages it is built on, last first.
    pub fn lineage(&self, stage: usize) -> impl Iterator<Item = &Step<'a>> {
        self.ancestry(stage).flat_map(|stage| self.steps_of(stage).iter().rev())
    }

    /// What a word comes to where `step` stands; `None` where a variable without a known value takes part.
    pub fn expand(&self, step: &Step<'_>, word: &Word) -> Option<String> {
        self.scopes.expand(step.stage, step.index, word)
    }

    /// The value of a variable where `step` stands, if it is known.
    pub fn variable(&self, step: &Step<'_>, name: &str) -> Option<String> {
        self.scopes.value(step.stage, step.index, name)
    }

    /// The RUN instructions, those of ONBUILD too, with the calls inside them.
    pub fn runs(&self) -> &[Run<'a>] {
        self.runs.get_or_init(|| run::read(self))
    }

    pub fn run_of(&self, step: &Step<'_>) -> Option<&Run<'a>> {
        let runs = self.runs();
        runs.binary_search_by_key(&step.index, |run| run.step).ok().map(|at| &runs[at])
    }

    /// What the image of a stage holds.
    pub fn holdings(&self, stage: usize) -> Option<&Holdings> {
        self.holdings.get_or_init(|| holdings::read(self)).get(stage)
    }
}
