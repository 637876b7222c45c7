//! RUN instructions that update package lists without installing anything.

use crate::lint::facts::Run;
use crate::lint::facts::packages::{Action, PackageCall};
use crate::lint::{DockerfileContext, FindingBuilder, Findings};

/// How many later calls are looked through for the one that a finding stands at.
const MOST_LATER: usize = 1000;

/// Reports an update at the call that installs from the outdated lists, if there is one.
pub(in crate::rules) fn report<'f>(
    cx: &DockerfileContext<'_>,
    findings: &'f mut Findings,
    run: &Run<'_>,
    alone: &PackageCall<'_>,
) -> FindingBuilder<'f> {
    let stage = cx.facts.steps[run.step].stage;
    let runs = cx.facts.runs();
    let later = &runs[runs.partition_point(|later| later.step <= run.step)..];
    let later = later
        .iter()
        .take_while(|later| cx.facts.steps[later.step].stage == stage)
        .take(MOST_LATER);
    let uses = |call: &PackageCall<'_>| {
        call.manager.name == alone.manager.name && call.action == Action::Install
    };
    let brings_its_own = |later: &Run<'_>| later.package_calls().any(|call| is_update(&call));
    let install = later
        .filter(|later| !brings_its_own(later))
        .find_map(|later| later.package_calls().find(uses));
    let (name, verb) = (&alone.call.name, alone.verb.map_or("", |verb| verb.word));
    let Some(install) = install else {
        return findings.add(
            alone.call.span,
            format!("`{name} {verb}` in a `RUN` that installs nothing"),
        );
    };
    let span = install.verb.map_or(install.call.span, |verb| {
        install.call.name_span.to(verb.argument.span)
    });
    let message =
        format!("this installs from package lists that `{name} {verb}` cached in an earlier `RUN`");
    findings
        .add(span, message)
        .label(alone.call.span, "package lists updated here")
}

pub(in crate::rules) fn is_update(call: &PackageCall<'_>) -> bool {
    call.action == Action::Update && !call.manager.lists.is_empty()
}
