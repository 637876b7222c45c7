//! Tracing: every newly kept name is shown to every tracer, until nothing is new.

use super::graph::{Graph, Note, Step, Unmet};
use super::keep::Keep;
use super::mention_weight::MentionWeight;
use super::process::Program;
use super::tracer::Tracer;
use super::why::Confidence;
use crate::image::NameId;

/// The result of tracing.
#[derive(Debug)]
pub(super) struct Traced {
    /// The names that are kept for reasons that are sure enough.
    pub(super) graph: Graph,
    /// Everything that would be kept if every reason counted; none where every one does.
    pub(super) whole: Option<Graph>,
    /// The number of names of the whole graph that each level keeps, with the levels below it.
    pub(super) kept_at: Vec<(Confidence, usize)>,
    pub(super) unmet: Vec<Unmet>,
    pub(super) notes: Vec<Note>,
    pub(super) loaded: Vec<Program>,
    /// The last command of the entry point's script, where its program is computed.
    pub(super) unknown_program: Option<(NameId, usize, String)>,
}

/// The results at the level that was asked for.
struct Counted {
    graph: Graph,
    unmet: Vec<Unmet>,
    notes: Vec<Note>,
    loaded: Vec<Program>,
}

/// Traces all that is kept: first for reasons that are certain, then for likely and for possible
/// ones too, so that the first reasons of a name are the surest it has. The result is what was kept
/// up to `level`.
pub(super) fn trace(
    mut keep: Keep<'_>,
    tracers: &mut [Box<dyn Tracer + '_>],
    weight: &mut MentionWeight<'_>,
    level: Confidence,
) -> Traced {
    let mut kept_at = Vec::new();
    let mut next = 0;
    let mut counted = None;
    // Every level is traced whatever was asked for, because the summary tells what the other levels
    // would keep.
    for step in Step::ALL {
        // A step releases the reasons that were withheld for it; their names are traced like any
        // others.
        keep.graph.open(step);
        settle(&mut keep, tracers, &mut next);
        weigh_mentions(&mut keep, tracers, weight, &mut next);
        let now = step.confidence();
        // The second step of guesses belongs to the level of the first.
        kept_at.retain(|&(level, _)| level != now);
        kept_at.push((now, keep.graph.kept().len()));
        // The result is copied here, since the levels that follow add to the same graph.
        if now == level && step != Step::Possible {
            counted = Some(count(&keep));
        }
    }
    let counted = counted.unwrap_or_else(|| count(&keep));
    let unknown_program = keep.unknown_program.take();
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
        // Those that were too light are weighed again when all others have been: by then a runtime
        // may be kept that they must not bring themselves.
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

/// Traces until nothing is new. Tracers settle in their order, and those behind one that kept
/// something wait until its names have been shown.
fn settle(keep: &mut Keep<'_>, tracers: &mut [Box<dyn Tracer + '_>], next: &mut usize) {
    loop {
        // Tracing a name may keep more names; the queue is the list of kept names itself, which
        // only grows.
        while let Some(name) = keep.next_to_show(next) {
            for tracer in &mut *tracers {
                tracer.trace(keep, name);
            }
        }
        // `any` stops at the first tracer that kept something: the others decide once its names
        // have been traced.
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
    }
}
