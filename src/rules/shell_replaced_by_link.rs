//! `shell-replaced-by-link`: the shell is changed by a command instead of SHELL.

use crate::knowledge::ProgramClass;
use crate::lint::facts::{Call, Run};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "shell-replaced-by-link",
    page: include_str!("../../rules/lint/shell-replaced-by-link.md"),
    dockerfile: Some(check),
    image: None,
};

const SH: [&str; 2] = ["/bin/sh", "/usr/bin/sh"];
fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        for call in &run.calls {
            match call.name.as_str() {
                "ln" | "mv" | "cp"
                    if call.words().last().is_some_and(|word| SH.contains(&word)) =>
                {
                    let report = findings.add(
                        call.span,
                        "`/bin/sh` is replaced for every program in the image",
                    );
                    if let Some(fix) = fix(cx, run, call) {
                        report.fix(fix);
                    }
                }
                "chsh" | "usermod" if sets_login_shell(call) => {
                    findings.add(
                        call.span,
                        format!(
                            "`{}` sets the login shell, which no instruction uses",
                            call.name
                        ),
                    );
                }
                _ => {}
            }
        }
    }
}

fn sets_login_shell(call: &Call) -> bool {
    let is_shell = |word: &str| {
        word.starts_with('/')
            && ProgramClass::Shell.contains(word.rsplit('/').next().unwrap_or(word))
    };
    call.words().any(|word| matches!(word, "-s" | "--shell")) && call.words().any(is_shell)
}

/// A RUN that does nothing else becomes a SHELL.
fn fix(cx: &DockerfileContext<'_>, run: &Run<'_>, call: &Call) -> Option<Fix> {
    let step = &cx.facts.steps[run.step];
    let mut paths = call.words().filter(|word| !word.starts_with('-'));
    let shell = paths.next().filter(|path| {
        path.starts_with('/')
            && ProgramClass::Shell.contains(path.rsplit('/').next().unwrap_or(path))
    })?;
    if run.calls.len() != 1 || step.onbuild || call.name != "ln" {
        return None;
    }
    let edit = Edit {
        span: step.span,
        replacement: format!("SHELL [\"{shell}\", \"-c\"]"),
    };
    Some(Fix::new("use `SHELL`", Applicability::Unsafe, vec![edit]))
}
