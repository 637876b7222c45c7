//! Modules that are run as programs, not only imported: with `python -m`, by their path, or by
//! another module.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use super::source::Source;
use crate::image::NameId;

/// The modules that are run, and the sources of those of which it is not known yet.
#[derive(Debug, Default)]
pub(super) struct Programs {
    modules: HashSet<NameId>,
    /// Distributions that run Python with one of their modules, whose name is computed.
    units: HashSet<usize>,
    /// Sources that were followed without the part that only runs in a program.
    waiting: BTreeMap<NameId, Rc<Source>>,
    /// Sources of which this part is to be followed.
    woken: Vec<(NameId, Rc<Source>)>,
}

impl Programs {
    pub(super) fn contains(&self, module: NameId, units: &[usize]) -> bool {
        self.modules.contains(&module) || units.iter().any(|unit| self.units.contains(unit))
    }

    /// Adds a source that is only imported as far as it is known.
    pub(super) fn wait(&mut self, module: NameId, source: &Rc<Source>) {
        self.waiting.insert(module, Rc::clone(source));
    }

    pub(super) fn add(&mut self, module: NameId) {
        if self.modules.insert(module)
            && let Some(source) = self.waiting.remove(&module)
        {
            self.woken.push((module, source));
        }
    }

    /// Adds all modules of a distribution. `is_of_unit` says which of those that wait are.
    pub(super) fn add_unit(&mut self, unit: usize, is_of_unit: impl Fn(NameId) -> bool) {
        if !self.units.insert(unit) {
            return;
        }
        let modules = self.waiting.keys().copied();
        let modules: Vec<NameId> = modules.filter(|&module| is_of_unit(module)).collect();
        for module in modules {
            self.add(module);
        }
    }

    pub(super) fn take_woken(&mut self) -> Vec<(NameId, Rc<Source>)> {
        std::mem::take(&mut self.woken)
    }
}
