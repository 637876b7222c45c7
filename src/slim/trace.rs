//! Tracing: every newly kept name is passed to every tracer, until no new names are kept.

use std::collections::BTreeSet;

use super::graph::{Graph, Note, Step, Unmet};
use super::keep::Keep;
use super::mention_weight::MentionWeight;
use super::modules::imports::ResolvedImports;
use super::options::PlanOptions;
use super::process::Program;
use super::tracer::Tracer;
use super::why::Confidence;
use super::writes::RunTimeFacts;
use crate::image::NameId;

/// The result of tracing.
#[derive(Debug)]
pub(super) struct Traced {
    /// The names that are kept for reasons with sufficient confidence.
    pub(super) graph: Graph,
    /// Everything that would be kept if every reason counted; `None` if every reason does count.
    pub(super) whole: Option<Graph>,
    /// The number of names in the whole graph that each level keeps, including the previous levels.
    pub(super) kept_at: Vec<(Confidence, usize)>,
    pub(super) unmet: Vec<Unmet>,
    pub(super) notes: Vec<Note>,
    pub(super) loaded: Vec<Program>,
    /// The last command of the entry point's script if its program is computed.
    pub(super) unknown_program: Option<(NameId, usize, String)>,
    /// Rules that apply and leave out parts of a program.
    pub(super) with_parts_left_out: BTreeSet<usize>,
    /// Places that are written to at run time, and calls that need capabilities.
    pub(super) run_time: RunTimeFacts,
    /// The reason why the units that systemd starts are unknown.
    pub(super) unbootable: Option<String>,
    pub(super) imports: ResolvedImports,
    /// The bytes of modules that `--modules exact` would leave out.
    pub(super) exact_saves: u64,
}

/// The results at the requested level.
struct Counted {
    graph: Graph,
    unmet: Vec<Unmet>,
    notes: Vec<Note>,
    loaded: Vec<Program>,
    with_parts_left_out: BTreeSet<usize>,
    run_time: RunTimeFacts,
}

/// Traces all kept names: first for certain reasons, then also for likely and possible ones, so
/// that the first reason of a name is its most certain one. The result contains the names kept up
/// to the level of the options.
pub(super) fn trace(
    mut keep: Keep<'_>,
    tracers: &mut [Box<dyn Tracer + '_>],
    weight: &mut MentionWeight<'_>,
    options: &PlanOptions,
) -> Traced {
    let level = options.level;
    let is_observed = options.observed.is_some();
    let mut kept_at = Vec::new();
    let mut next = 0;
    let mut counted = None;
    // Every level is traced regardless of the requested one, because the summary shows what the
    // other levels would keep.
    for step in Step::ALL {
        // A step releases the reasons that were withheld for it; their names are traced like any
        // others.
        keep.graph.open(step);
        settle(&mut keep, tracers, &mut next);
        weigh_mentions(&mut keep, tracers, weight, &mut next);
        let now = step.confidence();
        // Without an observation, there is no such level; and with its level, the certain reasons
        // are not those of the level `certain`.
        let is_level = match now {
            Confidence::Certain => level != Confidence::Observed,
            Confidence::Observed => is_observed,
            Confidence::Likely | Confidence::Possible => true,
        };
        // The second step of guesses belongs to the level of the first.
        kept_at.retain(|&(level, _)| level != now);
        if is_level {
            kept_at.push((now, keep.graph.kept().len()));
        }
        if step == Step::PossibleAgain {
            for tracer in &mut *tracers {
                tracer.finish(&mut keep);
            }
        }
        // The result is copied here, since the levels that follow add to the same graph.
        if now == level && step != Step::Possible {
            counted = Some(count(&keep));
        }
    }
    let counted = counted.unwrap_or_else(|| count(&keep));
    let exact_saves = keep.exact_saves;
    let imports = std::mem::take(&mut keep.imports);
    let unknown_program = keep.unknown_program.take();
    let unbootable = keep.unbootable.take();
    // `why` explains with the whole graph how a dropped file would have been kept. At the last
    // level both are the same.
    let whole = if level < Confidence::Possible {
        Some(keep.graph)
    } else {
        None
    };
    Traced {
        graph: counted.graph,
        whole,
        kept_at,
        unmet: counted.unmet,
        notes: counted.notes,
        loaded: counted.loaded,
        unknown_program,
        with_parts_left_out: counted.with_parts_left_out,
        run_time: counted.run_time,
        unbootable,
        imports,
        exact_saves,
    }
}

/// Lets the mentions of a step count that weigh enough.
fn weigh_mentions(
    keep: &mut Keep<'_>,
    tracers: &mut [Box<dyn Tracer + '_>],
    weight: &mut MentionWeight<'_>,
    next: &mut usize,
) {
    let mut light = Vec::new();
    loop {
        let mut waiting = keep.graph.take_mentions();
        // Mentions that were too light are weighed again after all others, because by then a
        // runtime may be kept that they must not pull in themselves.
        let is_last = waiting.is_empty();
        if is_last {
            waiting = std::mem::take(&mut light);
        }
        let before = keep.graph.kept().len();
        for (name, reason) in waiting {
            if weight.is_enough(&keep.graph, name, &reason) {
                keep.graph.admit(name, reason);
            } else {
                light.push((name, reason));
            }
        }
        settle(keep, tracers, next);
        if is_last && keep.graph.kept().len() == before {
            break;
        }
    }
}

/// Traces until no new names are kept. Tracers settle in order; if one keeps a name, the others
/// wait until the name has been traced.
fn settle(keep: &mut Keep<'_>, tracers: &mut [Box<dyn Tracer + '_>], next: &mut usize) {
    loop {
        // Tracing a name may keep more names; the queue is the list of kept names itself, which is
        // append-only.
        while let Some(name) = keep.next_to_show(next) {
            for tracer in &mut *tracers {
                tracer.trace(keep, name);
            }
        }
        // `any` stops at the first tracer that kept a name: the others settle after its names have
        // been traced.
        if !tracers.iter_mut().any(|tracer| tracer.settle(keep)) {
            break;
        }
    }
}

fn count(keep: &Keep<'_>) -> Counted {
    Counted {
        graph: keep.graph.clone(),
        unmet: keep.still_unmet(),
        notes: keep.notes(),
        loaded: keep.loaded.clone(),
        with_parts_left_out: keep.with_parts_left_out.clone(),
        run_time: keep.run_time.clone(),
    }
}
