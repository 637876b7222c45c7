//! `gpu-query-in-build`: a RUN asks for a GPU, which a build does not have.

use crate::lint::facts::{Argument, Call};
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "gpu-query-in-build",
    page: include_str!("../../rules/lint/gpu-query-in-build.md"),
    dockerfile: Some(check),
    image: None,
};

/// Parts of programs of Python that look for a GPU.
const QUERIES: [&str; 7] = [
    "cuda.is_available(",
    "cuda.device_count(",
    "cuda.get_device_",
    "list_physical_devices('gpu')",
    "list_physical_devices(\"gpu\")",
    "jax.devices(\"gpu\")",
    "jax.devices('gpu')",
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for call in cx.facts.runs().iter().flat_map(|run| &run.calls) {
        if let Some(span) = query(call) {
            findings.add(span, "a build has no access to a GPU");
        }
    }
}

/// The part of a call that asks for a GPU.
fn query(call: &Call) -> Option<Span> {
    if matches!(call.name.as_str(), "nvidia-smi" | "rocm-smi" | "rocminfo") {
        // These only print the version of the program.
        let prints = call
            .words()
            .any(|word| matches!(word, "--version" | "-h" | "--help"));
        return if prints { None } else { Some(call.name_span) };
    }
    if !call.name.starts_with("python") {
        return None;
    }
    let argument = call.arguments.iter().find(|argument| asks(argument))?;
    Some(argument.span)
}

fn asks(argument: &Argument) -> bool {
    argument.texts().any(|text| {
        let text = text.to_ascii_lowercase();
        QUERIES.iter().any(|query| text.contains(query))
    })
}
