//! Facts about distributions that are not in their sources.

pub(super) use crate::knowledge::message_catalogs;
use crate::knowledge::{PythonDistribution, python_distribution};
use crate::packages::Ecosystem;

/// The name of the standard library in the table of distributions.
pub(super) const STANDARD: &str = "python";

/// The facts about a distribution, by any form of its name.
pub(super) fn of(name: &str) -> Option<&'static PythonDistribution> {
    python_distribution(&Ecosystem::Python.normal_name(name))
}

/// Whether the computed names of a distribution are also in texts.
pub(super) fn loads_by_text(name: &str) -> bool {
    of(name).is_some_and(|known| known.names_from_text)
}

/// Whether a distribution runs code of people, which may import everything.
pub(super) fn runs_code_of_people(name: &str) -> bool {
    of(name).is_some_and(|known| known.runs_code)
}

/// The distributions that a module of the standard library uses if they are installed.
pub(super) fn companions(module: &str) -> &'static [String] {
    let standard = of(STANDARD).and_then(|known| known.companions.get(module));
    standard.map(Vec::as_slice).unwrap_or_default()
}

/// Whether a distribution reads catalogs of messages.
pub(super) fn reads_catalogs(name: &str) -> bool {
    of(name).is_some_and(|known| known.catalogs.is_some())
}
