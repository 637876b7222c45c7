//! `loose-stopsignal`: STOPSIGNAL does not use the full name of the signal.

use crate::dockerfile::{Body, Kind};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "loose-stopsignal",
    page: include_str!("../../rules/lint/loose-stopsignal.md"),
    dockerfile: Some(check),
    image: None,
};

/// Numbers that mean the same on every architecture that Linux containers run on.
const NUMBERS: [(&str, &str); 9] = [
    ("1", "SIGHUP"),
    ("2", "SIGINT"),
    ("3", "SIGQUIT"),
    ("6", "SIGABRT"),
    ("9", "SIGKILL"),
    ("10", "SIGUSR1"),
    ("12", "SIGUSR2"),
    ("15", "SIGTERM"),
    ("28", "SIGWINCH"),
];
const NAMES: [&str; 12] = [
    "HUP", "INT", "QUIT", "ABRT", "KILL", "USR1", "USR2", "TERM", "WINCH", "STOP", "CONT", "PWR",
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in cx
        .facts
        .steps
        .iter()
        .filter(|step| step.kind() == Kind::Stopsignal)
    {
        let Body::Words { words, .. } = &step.instruction.body else {
            continue;
        };
        let Some((word, written)) = words
            .first()
            .and_then(|word| Some((word, word.literal()?.trim())))
        else {
            continue;
        };
        let Some(full) = full_name(written).filter(|full| full != written) else {
            continue;
        };
        let edit = Edit {
            span: word.span,
            replacement: full.clone(),
        };
        findings
            .add(
                word.span,
                format!("`{written}` is not the full signal name, `{full}`"),
            )
            .fix(Fix::new(
                "use the full name",
                Applicability::Safe,
                vec![edit],
            ));
    }
}

fn full_name(signal: &str) -> Option<String> {
    if let Some((_, name)) = NUMBERS.iter().find(|(number, _)| *number == signal) {
        return Some((*name).to_owned());
    }
    let upper = signal.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    (NAMES.contains(&name) || name.starts_with("RTMIN+")).then(|| format!("SIG{name}"))
}
