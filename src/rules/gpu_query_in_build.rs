//! `gpu-query-in-build`: a RUN asks for a GPU, which a build does not have.

use crate::dockerfile::shell::StatusUse;
use crate::lint::facts::{Argument, Call, Run};
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "gpu-query-in-build",
    page: include_str!("../../rules/lint/gpu-query-in-build.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Parts of programs of Python that look for a GPU, and do not fail if there is none.
const QUERIES: [&str; 4] = [
    "cuda.is_available(",
    "cuda.device_count(",
    "list_physical_devices('gpu')",
    "list_physical_devices(\"gpu\")",
];

/// Parts of programs of Python that fail without a GPU.
const FAILING_QUERIES: [&str; 3] = [
    "cuda.get_device_",
    "jax.devices(\"gpu\")",
    "jax.devices('gpu')",
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for (run, call) in cx.facts.calls() {
        if let Some(span) = query(call)
            && !only_informs(run, call)
        {
            findings.add(span, "a build has no access to a GPU");
        }
    }
}

/// Whether nothing depends on a query: its status is ignored, or the program prints the result.
fn only_informs(run: &Run<'_>, call: &Call) -> bool {
    let (Some(script), Some(index)) = (&run.script, call.command) else {
        return only_prints(call);
    };
    let command = &script.commands[index];
    // In a substitution or a pipeline, another command reads the output.
    if command.position.subshell {
        return false;
    }
    command.status == StatusUse::Ignored || only_prints(call)
}

/// Whether a call is of Python, with a program that prints the result of each query.
fn only_prints(call: &Call) -> bool {
    let mut texts = call.arguments.iter().flat_map(Argument::texts);
    call.name.starts_with("python") && texts.all(prints_queries)
}

fn prints_queries(program: &str) -> bool {
    let program = program.to_ascii_lowercase();
    program.split([';', '\n']).all(|statement| {
        // As written, the program may be quoted.
        let statement = statement.trim_start_matches([' ', '\t', '"', '\'']);
        let is_printed = statement.starts_with("print(") || !contains_any(statement, &QUERIES);
        is_printed && !contains_any(statement, &FAILING_QUERIES)
    })
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
        contains_any(&text, &QUERIES) || contains_any(&text, &FAILING_QUERIES)
    })
}

fn contains_any(text: &str, parts: &[&str]) -> bool {
    parts.iter().any(|part| text.contains(part))
}
