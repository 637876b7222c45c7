//! `unpinned-apt-package`: apt installs whatever version is current.

use crate::lint::facts::packages::{Action, PackageCall};
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule =
    Rule { name: "unpinned-apt-package", page: include_str!("../../rules/lint/unpinned-apt-package.md"), check };

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        for call in run.package_calls().filter(|call| call.manager.name == "apt" && call.action == Action::Install) {
            report(&call, findings);
        }
    }
}

/// One finding for each call: it stands at the first package and names the rest.
fn report(call: &PackageCall<'_>, findings: &mut Findings) {
    let loose: Vec<_> = call.packages.iter().filter(|package| !is_fixed(package.word)).collect();
    let Some((first, rest)) = loose.split_first() else { return };
    let what = match rest.len() {
        0 => format!("`{}` is installed in whatever version is current", first.word),
        others => format!("`{}` and {others} more are installed in whatever version is current", first.word),
    };
    let mut report = findings.add(first.argument.span, what);
    for package in rest {
        report = report.label(package.argument.span, "this one too");
    }
}

/// `name=version`, `name/release`, or a file.
fn is_fixed(word: &str) -> bool {
    word.contains(['=', '/']) || word.strip_suffix(".deb").is_some()
}
