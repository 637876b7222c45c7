//! The rules that a run selects, for rules that leave a defect to another one.

use crate::lint::DockerfileContext;
use crate::rules::registry;

/// Whether a run reports the findings of a rule.
pub(in crate::rules) fn is_selected(cx: &DockerfileContext<'_>, rule: &str) -> bool {
    registry()
        .get(rule)
        .is_some_and(|page| cx.settings.selects(page))
}
