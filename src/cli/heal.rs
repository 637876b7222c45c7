//! Healing: finds the files that a test needs although the plan lacks them.
//!
//! A traced run of the test with the slimmed image shows which paths it asked for in vain, and one
//! with the original, which files it used. Both lists contain many paths that do not matter, such
//! as translations that do not exist for most messages. So the files are added to the plan, and if
//! the test then passes, as many as possible are left out again.

use std::collections::{BTreeMap, BTreeSet};

use super::test::{Bench, Planning, TestArguments, Verified};
use crate::evidence::observation::{Act, Observation};
use crate::evidence::{Budget, Healing, Trial, smallest};
use crate::image::{Image, NameId, Tree};
use crate::slim::{Plan, PlanOptions, Slimming, started_through};

/// Searches for the files that the tests need. If it finds them, returns also the plan with them.
pub(super) fn heal<'a>(
    bench: &mut Bench<'_>,
    arguments: &TestArguments,
    planning: &Planning<'_, 'a>,
    untested: &Slimming<'a>,
    failed: &Trial,
) -> anyhow::Result<(Healing, Option<Verified<'a>>)> {
    let mut healer = Healer {
        bench,
        planning,
        used: None,
        candidates: Candidates::default(),
        runs: 0,
    };
    let found = healer.search(untested, arguments)?;
    let excluded = excluded(untested, &healer.candidates, planning.options);
    let Some(Passing { paths, trial }) = found else {
        let healing = Healing {
            trial: failed.clone(),
            added: Vec::new(),
            excluded,
            is_minimal: false,
            runs: healer.runs,
        };
        return Ok((healing, None));
    };
    let (added, trial, is_minimal) = healer.minimize(paths, trial, arguments.heal_runs)?;
    let planned = healer.plan(&added)?;
    let healing = Healing {
        trial,
        added,
        excluded,
        is_minimal,
        runs: healer.runs,
    };
    Ok((healing, Some(planned)))
}

/// Paths with which the tests pass, and the trial in which they did.
struct Passing {
    paths: Vec<Vec<u8>>,
    trial: Trial,
}

struct Healer<'h, 'b, 'p, 'a> {
    bench: &'h mut Bench<'b>,
    planning: &'h Planning<'p, 'a>,
    /// The files that the tests use in the original, once they are known.
    used: Option<Observation>,
    candidates: Candidates,
    /// The number of test runs.
    runs: usize,
}

impl<'a> Healer<'_, '_, '_, 'a> {
    /// Adds files until the tests pass, at most as often as the user allows.
    fn search(
        &mut self,
        slimming: &Slimming<'a>,
        arguments: &TestArguments,
    ) -> anyhow::Result<Option<Passing>> {
        let mut owned;
        let mut current = slimming;
        for round in 1..=arguments.heal_rounds {
            let observed = self.observe_slimmed(current)?;
            self.candidates
                .add_missing(slimming.image, &current.plan, &observed);
            // The test may have ended at the first missing file, long before it asks for others.
            if round == arguments.heal_rounds || self.candidates.is_empty() {
                let used = self.used()?.clone();
                self.candidates
                    .add_used(slimming.image, &slimming.plan, &used);
            }
            let paths = self.candidates.paths();
            owned = self.plan(&paths)?.0;
            current = &owned;
            let trial = self.test(current)?;
            if trial.has_passed() {
                return Ok(Some(Passing { paths, trial }));
            }
        }
        Ok(None)
    }

    /// Leaves out files as long as the tests pass. Returns also whether all that remain are needed.
    fn minimize(
        &mut self,
        paths: Vec<Vec<u8>>,
        trial: Trial,
        most_runs: usize,
    ) -> anyhow::Result<(Vec<Vec<u8>>, Trial, bool)> {
        let mut last = trial;
        let mut budget = Budget(most_runs);
        // Files that the test also opens in the original are the likeliest, and mostly few.
        let used = self.used()?.clone();
        let likely = self.candidates.opened_by(&used);
        let mut paths = paths;
        let may_suffice = !likely.is_empty() && likely.len() < paths.len() && budget.spend();
        if may_suffice {
            let trial = self.test_with(&likely)?;
            if trial.has_passed() {
                (paths, last) = (likely, trial);
            }
        }
        let mut passes = |paths: &[Vec<u8>]| -> anyhow::Result<bool> {
            let trial = self.test_with(paths)?;
            let has_passed = trial.has_passed();
            if has_passed {
                last = trial;
            }
            Ok(has_passed)
        };
        // If the test passes with none, it is not reliable.
        let smallest = smallest(&paths, &mut budget, &mut passes)?;
        Ok((smallest, last, budget.0 > 0))
    }

    fn test_with(&mut self, paths: &[Vec<u8>]) -> anyhow::Result<Trial> {
        let (slimming, _) = self.plan(paths)?;
        self.test(&slimming)
    }

    fn test(&mut self, slimming: &Slimming<'_>) -> anyhow::Result<Trial> {
        self.runs += 1;
        self.bench.test(slimming)
    }

    fn observe_slimmed(&mut self, slimming: &Slimming<'_>) -> anyhow::Result<Observation> {
        self.runs += 1;
        self.bench.observe(slimming)
    }

    /// Returns the files that the tests use in the original.
    fn used(&mut self) -> anyhow::Result<&Observation> {
        if self.used.is_none() {
            self.runs += 1;
            self.used = Some(self.bench.observe_original()?);
        }
        Ok(self.used.get_or_insert_default())
    }

    /// The plan with more paths.
    fn plan(&self, paths: &[Vec<u8>]) -> anyhow::Result<Verified<'a>> {
        let options = PlanOptions {
            asked_for: paths.to_vec(),
            ..self.planning.options.clone()
        };
        (self.planning.planner)(&options)
    }
}

/// Paths of the original that the plan lacks and that may matter, by the names that are missing on
/// the way to them. Several paths may lead to the same file.
#[derive(Debug, Default)]
struct Candidates(BTreeMap<Vec<NameId>, Vec<u8>>);

impl Candidates {
    /// Adds paths that a run with the slimmed image asked for in vain, and that the original has.
    fn add_missing(&mut self, image: &Image, plan: &Plan, observed: &Observation) {
        for (path, _) in observed.failed() {
            self.add(&image.tree, plan, path);
        }
        // The kernel itself opens the interpreters of scripts and the loaders of programs, and
        // reports the program if there is none.
        for (path, _) in observed.by(Act::Executed) {
            self.add_started_through(image, plan, path);
        }
    }

    /// Adds files that a run with the original used.
    fn add_used(&mut self, image: &Image, plan: &Plan, observed: &Observation) {
        for (path, acts) in observed.paths() {
            let is_used = acts.keys().any(|act| is_use(*act));
            if is_used {
                self.add(&image.tree, plan, path);
            }
            if acts.contains_key(&Act::Executed) {
                self.add_started_through(image, plan, path);
            }
        }
    }

    fn add_started_through(&mut self, image: &Image, plan: &Plan, path: &[u8]) {
        let Ok(program) = image.tree.resolve(path) else {
            return;
        };
        if let Some(interpreter) = started_through(image, program.name) {
            self.add(&image.tree, plan, &interpreter);
        }
    }

    fn add(&mut self, tree: &Tree, plan: &Plan, path: &[u8]) {
        let Ok(resolved) = tree.resolve(path) else {
            return;
        };
        let mut missing: BTreeSet<NameId> = BTreeSet::new();
        for &name in resolved.crossed.iter().chain([&resolved.name]) {
            if name != NameId::ROOT && !plan.is_kept(name) {
                missing.insert(name);
            }
        }
        let only_target = missing.len() == 1 && missing.contains(&resolved.name);
        if missing.is_empty() {
            return;
        }
        // If only the file is missing, its own path is the clearest.
        let path = if only_target {
            tree.path(resolved.name)
        } else {
            path.to_vec()
        };
        self.0.entry(missing.into_iter().collect()).or_insert(path);
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The paths, sorted.
    fn paths(&self) -> Vec<Vec<u8>> {
        let paths: BTreeSet<&Vec<u8>> = self.0.values().collect();
        paths.into_iter().cloned().collect()
    }

    /// The paths that a run opened or started, sorted.
    fn opened_by(&self, observed: &Observation) -> Vec<Vec<u8>> {
        let mut opened = BTreeSet::new();
        for (path, acts) in observed.paths() {
            let is_opened = acts.contains_key(&Act::Opened) || acts.contains_key(&Act::Executed);
            if is_opened {
                opened.insert(path);
            }
        }
        let mut paths = self.paths();
        paths.retain(|path| opened.contains(path.as_slice()));
        paths
    }
}

fn is_use(act: Act) -> bool {
    matches!(
        act,
        Act::Executed | Act::Opened | Act::Listed | Act::LookedUp
    )
}

/// The candidates that the user has excluded with `--drop`, sorted.
fn excluded(
    slimming: &Slimming<'_>,
    candidates: &Candidates,
    options: &PlanOptions,
) -> Vec<Vec<u8>> {
    if options.drop.is_empty() {
        return Vec::new();
    }
    let tree = &slimming.image.tree;
    let mut excluded = candidates.paths();
    excluded.retain(|path| {
        let name = tree.resolve(path).map(|resolved| resolved.name);
        name.is_ok_and(|name| slimming.plan.graph().is_dropped(name))
    });
    excluded
}
