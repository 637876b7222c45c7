//! The file `docker-clean` of Debian's images, by which apt deletes its downloads after each
//! installation. With a cache mount it has to go, because it would empty the mount.

use std::collections::HashMap;

use crate::lint::facts::{Call, Facts, Run};

/// The path of the file.
pub(in crate::rules) const PATH: &str = "/etc/apt/apt.conf.d/docker-clean";

/// The steps from which on apt keeps its downloads.
#[derive(Debug)]
pub(in crate::rules) struct KeptDownloads {
    /// By stage; `None` is the part of a file before any FROM.
    steps: HashMap<Option<usize>, usize>,
}

impl KeptDownloads {
    pub(in crate::rules) fn of(facts: &Facts<'_>) -> Self {
        let mut steps = HashMap::new();
        for run in facts.runs() {
            if run.calls.iter().any(keeps_downloads) {
                steps.entry(facts.steps[run.step].stage).or_insert(run.step);
            }
        }
        Self { steps }
    }

    /// Whether apt keeps its downloads in a RUN.
    pub(in crate::rules) fn includes(&self, facts: &Facts<'_>, run: &Run<'_>) -> bool {
        ancestors(facts, run)
            .iter()
            .any(|stage| self.steps.get(stage).is_some_and(|&at| at <= run.step))
    }
}

/// The stages that a RUN builds on, its own included; `None` is the part of a file before any FROM.
fn ancestors(facts: &Facts<'_>, run: &Run<'_>) -> Vec<Option<usize>> {
    match facts.steps[run.step].stage {
        Some(stage) => facts
            .ancestry(stage)
            .map(|stage| Some(stage.index))
            .collect(),
        None => vec![None],
    }
}

/// Whether a call makes apt keep its downloads.
fn keeps_downloads(call: &Call) -> bool {
    // The second way is a setting in a file or in `-o`.
    let removes_hook =
        call.name == "rm" && call.words().any(|word| word.ends_with("/docker-clean"));
    removes_hook
        || call
            .arguments
            .iter()
            .any(|argument| argument.raw.contains("Keep-Downloaded-Packages"))
}
