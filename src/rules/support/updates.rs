//! RUN instructions that update package lists without installing anything.

use crate::lint::facts::Run;
use crate::lint::facts::packages::{Action, PackageCall};
use crate::lint::{DockerfileContext, FindingBuilder, Findings};

/// Maximum number of later calls that are searched for the one to report. Without a limit, a file
/// full of updates would take quadratic time.
const MOST_LATER: usize = 1000;

/// Reports an update at the call that installs from the outdated lists, if there is one.
pub(in crate::rules) fn report<'f>(
    cx: &DockerfileContext<'_>,
    findings: &'f mut Findings,
    run: &Run<'_>,
    alone: &PackageCall<'_>,
) -> FindingBuilder<'f> {
    let Some(install) = later_install(cx, run, alone) else {
        let (name, verb) = (&alone.call.name, alone.verb.map_or("", |verb| verb.word));
        return findings.add(
            alone.call.span,
            format!("`{name} {verb}` in a `RUN` that installs nothing"),
        );
    };
    let span = install.verb.map_or(install.call.span, |verb| {
        install.call.name_span.to(verb.argument.span)
    });
    let message = "installs from package lists cached by an earlier `RUN`";
    findings
        .add(span, message)
        .label(alone.call.span, "package lists updated here")
}

/// The first call in a later RUN of the stage that installs from the lists of this one.
pub(in crate::rules) fn later_install<'a>(
    cx: &DockerfileContext<'a>,
    run: &Run<'_>,
    alone: &PackageCall<'_>,
) -> Option<PackageCall<'a>> {
    // The cached lists are part of this stage only.
    let stage = cx.facts.steps[run.step].stage;
    let runs = cx.facts.runs();
    let later = &runs[runs.partition_point(|later| later.step <= run.step)..];
    let later = later
        .iter()
        .take_while(|later| cx.facts.steps[later.step].stage == stage)
        .take(MOST_LATER);
    for later in later {
        // A RUN that updates the lists itself does not use the cached ones.
        if later.package_calls().any(|call| is_update(&call)) {
            continue;
        }
        let install = later
            .package_calls()
            .find(|call| call.manager.name == alone.manager.name && call.action == Action::Install);
        if install.is_some() {
            return install;
        }
    }
    None
}

/// Whether a call downloads package lists; managers without lists have verbs of the same name.
pub(in crate::rules) fn is_update(call: &PackageCall<'_>) -> bool {
    // `pacman -Syu name` does it as well.
    let updates =
        call.action == Action::Update || call.has_option(call.manager.options_of(Action::Update));
    updates && !call.manager.lists.is_empty()
}
