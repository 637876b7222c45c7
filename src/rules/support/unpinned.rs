//! Packages that are installed without a version.

use crate::lint::facts::packages::{Action, PackageCall};
use crate::lint::{DockerfileContext, Findings};

/// Reports the packages that these managers install without a version.
pub(in crate::rules) fn check(
    cx: &DockerfileContext<'_>,
    findings: &mut Findings,
    managers: &[&str],
) {
    for (_, call) in cx.facts.package_calls() {
        // `npx` and `go run` install what they execute.
        let installs = matches!(call.action, Action::Install | Action::Execute);
        if installs && managers.contains(&call.manager.name) {
            report(&call, findings);
        }
    }
}

/// Reports a call once, at the first package without a version, with labels at the others.
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
