//! `debug-mode-on`: the image starts its program in a debug or development mode.

use std::collections::HashSet;

use super::support::development::is_for_development;
use super::support::steps::last_of_kind;
use crate::dockerfile::{Body, Command, Kind};
use crate::lint::facts::Stage;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "debug-mode-on",
    page: include_str!("../../rules/lint/debug-mode-on.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Values that turn a switch on.
const ON: [&str; 5] = ["1", "true", "yes", "on", "t"];

/// Variables that turn the mode on, with the values that do.
const VARIABLES: [(&str, &[&str]); 16] = [
    ("APP_DEBUG", &ON),
    ("ASPNETCORE_ENVIRONMENT", &["development"]),
    ("DJANGO_DEBUG", &ON),
    ("DOTNET_ENVIRONMENT", &["development"]),
    ("FLASK_DEBUG", &ON),
    ("FLASK_ENV", &["development"]),
    ("GIN_MODE", &["debug"]),
    ("MIX_ENV", &["dev"]),
    ("NODE_ENV", &["development", "dev"]),
    ("PYTHONASYNCIODEBUG", &ON),
    ("QUARKUS_LAUNCH_DEVMODE", &ON),
    ("RACK_ENV", &["development"]),
    ("RAILS_ENV", &["development"]),
    ("SYMFONY_DEBUG", &ON),
    ("WP_DEBUG", &ON),
    ("XDEBUG_MODE", &["debug", "develop"]),
];

/// Starts of arguments with which a program waits for a debugger.
const ARGUMENTS: [&str; 7] = [
    "--inspect",
    "-agentlib:jdwp",
    "-Xrunjdwp",
    "-Xdebug",
    "--remote-debugging-port",
    "debugpy",
    "pdb",
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    if is_for_development(cx) {
        return;
    }
    report_variables(cx, stage, findings);
    for kind in [Kind::Entrypoint, Kind::Cmd] {
        report_arguments(cx, stage, kind, findings);
    }
}

/// Reports the ENV of the image that turn the mode on.
fn report_variables(cx: &DockerfileContext<'_>, stage: &Stage<'_>, findings: &mut Findings) {
    let mut seen = HashSet::new();
    // The last ENV first: it is the one that counts.
    for step in cx.facts.lineage(stage.index) {
        let (Kind::Env, false, Body::Pairs(pairs)) =
            (step.kind(), step.onbuild, &step.instruction.body)
        else {
            continue;
        };
        for pair in pairs.iter().rev() {
            let name = pair.key.text.as_str();
            let known = VARIABLES.iter().find(|(known, _)| *known == name);
            let (Some((_, values)), true) = (known, seen.insert(name)) else {
                continue;
            };
            let value = pair
                .value
                .as_ref()
                .and_then(|value| cx.facts.expand(step, value))
                .unwrap_or_default();
            // `XDEBUG_MODE` is a list.
            let turns_on = value
                .split(',')
                .any(|part| values.contains(&part.trim().to_ascii_lowercase().as_str()));
            if turns_on {
                findings.add(pair.span, format!("`{name}={value}` turns on debug mode"));
            }
        }
    }
}

/// Reports the first argument of the image's program that starts a debugger.
fn report_arguments(
    cx: &DockerfileContext<'_>,
    stage: &Stage<'_>,
    kind: Kind,
    findings: &mut Findings,
) {
    let Some(step) = last_of_kind(cx, stage, kind) else {
        return;
    };
    let (word, span) = match &step.instruction.body {
        Body::Command(Command::Exec(words)) => {
            let Some(word) = words.iter().find(|word| is_debugger(&word.value)) else {
                return;
            };
            (word.value.as_str(), word.span)
        }
        Body::Command(Command::Shell(script)) => {
            let mut words = script.text.as_str().split_whitespace();
            let Some(word) = words.find(|word| is_debugger(word)) else {
                return;
            };
            (word, step.instruction.keyword.span)
        }
        _ => return,
    };
    let message = format!("`{word}` lets debuggers connect to the program");
    findings.add(span, message);
}

/// Whether an argument starts a debugger that other hosts may reach: `--inspect`,
/// `--inspect-brk=0.0.0.0:9229`.
fn is_debugger(word: &str) -> bool {
    let starts_debugger = ARGUMENTS
        .iter()
        .any(|argument| match word.strip_prefix(argument) {
            Some(rest) => rest.is_empty() || rest.starts_with(['=', ':', '-']),
            None => false,
        });
    starts_debugger && !is_on_loopback(word)
}

/// Whether an argument names an address of the container itself: `--inspect=127.0.0.1:9229`,
/// `-agentlib:jdwp=…,address=localhost:5005`.
fn is_on_loopback(word: &str) -> bool {
    let mut values = word.split(['=', ',']).skip(1);
    values.any(|value| {
        value.starts_with("127.")
            || value.starts_with("[::1]")
            || value == "localhost"
            || value.starts_with("localhost:")
    })
}
