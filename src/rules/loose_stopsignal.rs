//! `loose-stopsignal`: STOPSIGNAL does not use the full name of the signal.

use super::support::steps::{first_word, of_kind};
use crate::dockerfile::Kind;
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "loose-stopsignal",
    page: include_str!("../../rules/lint/loose-stopsignal.md"),
    dockerfile: Some(check),
    image: None,
};

/// Numbers of signals on the architectures that Linux containers usually run on.
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

/// Names of signals without `SIG`.
const NAMES: [&str; 12] = [
    "HUP", "INT", "QUIT", "ABRT", "KILL", "USR1", "USR2", "TERM", "WINCH", "STOP", "CONT", "PWR",
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in of_kind(cx, &[Kind::Stopsignal]) {
        let Some(word) = first_word(step) else {
            continue;
        };
        let Some(written) = word.literal().map(str::trim) else {
            continue;
        };
        let Some(full) = full_name(written) else {
            continue;
        };
        if full == written {
            continue;
        }
        let edit = Edit {
            span: word.span,
            replacement: full.clone(),
        };
        findings
            .add(
                word.span,
                format!("`{written}` is not the full signal name, `{full}`"),
            )
            .fix(Fix::safe(
                "use the full name",
                [edit],
            ));
    }
}

/// The full name of a signal that is known.
fn full_name(signal: &str) -> Option<String> {
    if let Some((_, name)) = NUMBERS.iter().find(|(number, _)| *number == signal) {
        return Some((*name).to_owned());
    }
    let upper = signal.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    // systemd stops on SIGRTMIN+3.
    if !NAMES.contains(&name) && !name.starts_with("RTMIN+") {
        return None;
    }
    Some(format!("SIG{name}"))
}
