//! Selected rules, for rules that leave a defect to another rule if that is selected.

use crate::lint::DockerfileContext;
use crate::rules::registry;

/// Whether a rule is selected, so that its findings are reported.
pub(in crate::rules) fn is_selected(cx: &DockerfileContext<'_>, rule: &str) -> bool {
    registry()
        .get(rule)
        .is_some_and(|page| cx.settings.selects(page))
}
