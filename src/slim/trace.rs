//! Tracing: every newly kept name is shown to every tracer, until nothing is new.

use super::graph::{Graph, Note, Unmet};
use super::keep::Keep;
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
    level: Confidence,
) -> Traced {
    let mut kept_at = Vec::new();
    let mut next = 0;
    let mut counted = None;
    // Every level is traced whatever was asked for, because the summary tells what the other levels
    // would keep.
    for now in Confidence::ALL {
        // Raising the level releases the reasons that were withheld below it; their names are
        // traced like any others.
        keep.graph.open(now);
        settle(&mut keep, tracers, &mut next);
        kept_at.push((now, keep.graph.kept().len()));
        // The result is copied here, since the levels that follow add to the same graph.
        if now == level {
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
