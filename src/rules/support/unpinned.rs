//! Packages that are installed without a version.

use crate::lint::facts::packages::{Action, PackageCall};
use crate::lint::{DockerfileContext, Findings};

/// Reports the packages that these managers install without a version.
pub(in crate::rules) fn check(
    cx: &DockerfileContext<'_>,
    findings: &mut Findings,
    managers: &[&str],
) {
    for run in cx.facts.runs() {
        let installs =
            |call: &PackageCall<'_>| matches!(call.action, Action::Install | Action::Execute);
        for call in run
            .package_calls()
            .filter(|call| managers.contains(&call.manager.name) && installs(call))
        {
            report(&call, findings);
        }
    }
}

/// One finding for each call: it stands at the first package and names the rest.
fn report(call: &PackageCall<'_>, findings: &mut Findings) {
    let loose = call.loose();
    let Some((first, rest)) = loose.split_first() else {
        return;
    };
    let what = match rest.len() {
        0 => format!("`{}` is installed without a version", first.word),
        others => format!(
            "`{}` and {others} more are installed without a version",
            first.word
        ),
    };
    let mut report = findings.add(first.argument.span, what);
    for package in rest {
        report = report.label(package.argument.span, "also without a version");
    }
}
