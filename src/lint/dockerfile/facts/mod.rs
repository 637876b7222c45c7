//! The meaning of a Dockerfile, computed once for all rules.

mod base;
mod chain;
mod context_sources;
mod downloads;
mod end_of_life;
mod exec_form;
pub(in crate::lint) mod frontend;
mod image_ref;
mod images;
mod mounts;
pub mod packages;
mod pin;
mod ports;
mod programs;
mod removal;
mod run;
mod scope;
pub mod secrets;
mod shell;
mod stages;
mod steps;

use std::cell::OnceCell;
use std::collections::BTreeSet;

pub use base::{Known, is_well_known_image};
pub use chain::chain;
pub use context_sources::ContextSources;
pub use downloads::Download;
pub use end_of_life::{EndOfLife, end_of_life};
pub use exec_form::{ExecWord, exec_words};
pub use exec_form::{exec_form, is_builtin};
pub use image_ref::{ImageRef, NameFault, Reading, image_name_fault, is_image_name};
pub use images::UsedImage;
pub use mounts::{Mount, MountField, MountFlag};
pub use ports::Port;
pub use programs::{ProgramOrigin, StagePrograms};
pub use removal::{Reach, deletes};
pub use run::{Argument, Call, Run};
pub use scope::glob_matches;
pub use shell::{Shell, ShellKind};
pub use stages::{Base, Stage};
pub use steps::{Step, User, Workdir, is_absolute};

use super::build_context::IgnoreFile;
use crate::dockerfile::{Dockerfile, Kind, Pair, Word};
use crate::lint::settings::Settings;
use scope::Scopes;

/// The stages of a Dockerfile, and its instructions with the state in which each one runs.
#[derive(Debug)]
pub struct Facts<'a> {
    pub stages: Vec<Stage<'a>>,
    /// The instructions in order. The instruction inside an `ONBUILD` is unwrapped and marked.
    pub steps: Vec<Step<'a>>,
    /// The stage that becomes the image.
    final_stage: Option<usize>,
    scopes: Scopes,
    /// Contexts that the build names.
    contexts: BTreeSet<String>,
    runs: OnceCell<Vec<Run<'a>>>,
    images: OnceCell<Vec<UsedImage>>,
    programs: OnceCell<Vec<StagePrograms>>,
    context_sources: OnceCell<ContextSources>,
}

impl<'a> Facts<'a> {
    pub fn new(dockerfile: &'a Dockerfile, settings: &Settings) -> Self {
        let mut scopes = Scopes::new(settings.build_args.clone());
        let comments = if settings.pragmas {
            dockerfile.comments.as_slice()
        } else {
            &[]
        };
        let (mut stages, steps) = steps::read(dockerfile, comments, &mut scopes);
        stages::replace_contexts(&mut stages, &settings.contexts);
        // If two stages have the same name, BuildKit builds the last one for `--target`. A name
        // that does not exist fails the build; the linter falls back to the last stage.
        let target = settings.target.as_ref();
        let final_stage = target
            .and_then(|name| stages.iter().rposition(|stage| stage.is_named(name)))
            .or(stages.len().checked_sub(1));
        stages::mark_reachable(&mut stages, &steps, final_stage);
        Self {
            stages,
            steps,
            final_stage,
            scopes,
            contexts: settings.contexts.clone(),
            runs: OnceCell::new(),
            images: OnceCell::new(),
            programs: OnceCell::new(),
            context_sources: OnceCell::new(),
        }
    }

    /// The stage that becomes the image: the target, or the last.
    pub fn final_stage(&self) -> Option<&Stage<'a>> {
        self.final_stage.map(|at| &self.stages[at])
    }

    /// A stage and the stages that it is built on, nearest first.
    pub fn ancestry(&self, stage: usize) -> impl Iterator<Item = &Stage<'a>> {
        // A stage can only be built on an earlier one, so the iteration ends.
        std::iter::successors(self.stages.get(stage), |stage| match stage.base {
            Base::Stage(at) => self.stages.get(at),
            _ => None,
        })
    }

    /// The steps of a stage.
    pub fn steps_of(&self, stage: &Stage<'_>) -> &[Step<'a>] {
        &self.steps[stage.steps.clone()]
    }

    /// The steps that produce the image of `stage`, last first: its own and those of its ancestry.
    pub fn lineage(&self, stage: usize) -> impl Iterator<Item = &Step<'a>> {
        self.ancestry(stage)
            .flat_map(|stage| self.steps_of(stage).iter().rev())
    }

    /// Whether a step belongs to the final stage or to one that it is built on.
    pub fn is_in_final_image(&self, step: &Step<'_>) -> bool {
        let (Some(stage), Some(last)) = (step.stage, self.final_stage) else {
            return false;
        };
        self.ancestry(last).any(|ancestor| ancestor.index == stage)
    }

    /// Whether a step affects the final image or possibly another one: through `ONBUILD`, or in a
    /// file without `FROM` that is included by another file.
    pub fn may_be_in_final_image(&self, step: &Step<'_>) -> bool {
        step.onbuild || step.stage.is_none() || self.is_in_final_image(step)
    }

    /// The earlier stage that a `--from` or a mount's `from=` of this step refers to, by name or by
    /// number.
    pub fn source_stage(&self, step: &Step<'_>, name: &str) -> Option<&Stage<'a>> {
        stages::find(&self.stages, step.stage?, name).map(|at| &self.stages[at])
    }

    /// The stages that a stage is built on or takes files from.
    pub fn sources_of(&self, stage: usize) -> Vec<usize> {
        stages::sources_of(&self.stages, &self.steps, stage)
    }

    /// Whether a `--from` of this step names its own stage.
    pub fn is_own_stage(&self, step: &Step<'_>, name: &str) -> bool {
        // `COPY --from` may contain the stage's number instead of its name.
        let stage = step.stage.map(|at| &self.stages[at]);
        stage.is_some_and(|stage| stage.is_named(name) || name.parse() == Ok(stage.index))
    }

    /// The variables that the `ARG`s before the first `FROM` declare.
    pub fn global_args(&self) -> impl Iterator<Item = &'a Pair> {
        let steps = self.steps.iter().take_while(|step| step.stage.is_none());
        steps
            .filter(|step| step.kind() == Kind::Arg)
            .flat_map(|step| step.instruction.body.pairs())
    }

    /// A word of a `FROM`, expanded with `ARG` defaults and `--build-arg` values; any other
    /// variable is empty. `None` if the word depends on the platform.
    pub fn expand_default(&self, word: &Word) -> Option<String> {
        self.scopes.expand_default(word)
    }

    /// A word expanded at `step`; `None` if it depends on an unknown value.
    pub fn expand(&self, step: &Step<'_>, word: &Word) -> Option<String> {
        self.scopes.expand(step.stage, step.index, word)
    }

    /// The sources of a COPY or ADD that are known, each with its value.
    pub fn source_paths<'w>(&self, step: &Step<'w>) -> impl Iterator<Item = (&'w Word, String)> {
        let words = step.instruction.body.source_words();
        words.filter_map(move |word| Some((word, self.expand(step, word)?)))
    }

    /// The value of a variable at `step`, if it is known.
    pub fn variable(&self, step: &Step<'_>, name: &str) -> Option<String> {
        self.scopes.value(step.stage, step.index, name)
    }

    /// Whether an `ARG` or `ENV` in the file sets a variable before `step`, in its stage or that
    /// stage's ancestry; for a step before the first `FROM`, whether an `ARG` there does.
    pub fn is_declared(&self, step: &Step<'_>, name: &str) -> bool {
        self.scopes.is_declared(step.stage, step.index, name)
    }

    /// Whether nothing sets a variable before `step`: neither the file nor its base image, which is
    /// known to set none.
    pub fn is_unset(&self, step: &Step<'_>, name: &str) -> bool {
        let starts_empty = step
            .stage
            .is_some_and(|stage| self.starts_without_variables(stage));
        starts_empty && !self.is_declared(step, name) && name != "PATH"
    }

    /// The names of the variables for which [`is_declared`](Self::is_declared) holds.
    pub fn declared(&self, step: &Step<'_>) -> Vec<&str> {
        self.scopes.declared(step.stage, step.index)
    }

    /// Whether an `ARG` before the first `FROM` declares a variable. Stages do not see its value
    /// unless they declare it again.
    pub fn is_global(&self, name: &str) -> bool {
        self.scopes.is_declared(None, usize::MAX, name)
    }

    /// Whether `stage` starts without environment variables other than `PATH`, so that a variable
    /// that the file does not set is empty.
    pub fn starts_without_variables(&self, stage: usize) -> bool {
        // True only for images that are known to set no other variables.
        match self.ancestry(stage).last().map(|root| &root.base) {
            Some(Base::Scratch) => true,
            Some(Base::Image(image)) => base::is_plain(image),
            _ => false,
        }
    }

    /// The RUN instructions, including those in ONBUILD, with the calls inside them.
    pub fn runs(&self) -> &[Run<'a>] {
        self.runs.get_or_init(|| run::read(self))
    }

    /// The calls of all RUN instructions.
    pub fn calls(&self) -> impl Iterator<Item = (&Run<'a>, &Call)> {
        let runs = self.runs().iter();
        runs.flat_map(|run| run.calls.iter().map(move |call| (run, call)))
    }

    /// The calls of package managers in all RUN instructions.
    pub fn package_calls(&self) -> impl Iterator<Item = (&Run<'a>, packages::PackageCall<'_>)> {
        let runs = self.runs().iter();
        runs.flat_map(|run| run.package_calls().map(move |call| (run, call)))
    }

    pub fn run_of(&self, step: &Step<'_>) -> Option<&Run<'a>> {
        let runs = self.runs();
        // Runs are in file order, so their step indexes are sorted.
        runs.binary_search_by_key(&step.index, |run| run.step)
            .ok()
            .map(|at| &runs[at])
    }

    /// The sources that COPY and ADD read from the build context. A file has one context, and so
    /// one `.dockerignore`.
    pub(super) fn context_sources(&self, ignore: &IgnoreFile) -> &ContextSources {
        self.context_sources
            .get_or_init(|| context_sources::read(self, ignore))
    }

    /// The shells and package managers in the image of a stage.
    pub fn programs(&self, stage: usize) -> Option<&StagePrograms> {
        self.programs
            .get_or_init(|| programs::read(self))
            .get(stage)
    }
}
