//! `jettison lint --fix` and `--diff`: applies fixes and writes the result.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, anyhow, ensure};
use clap::Args;
use clap::builder::FalseyValueParser;

use super::{Output, patch};
use crate::lint::{Applicability, Finding, fix};
use crate::printable::escape;
use crate::report::{Input, Linted};
use crate::source::Source;
use crate::trust;

#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Fixes")]
pub(super) struct FixArguments {
    /// Fix files in place (safe fixes only); fixed standard input is printed
    #[arg(long, env = "JETTISON_FIX", hide_env = true, value_parser = FalseyValueParser::new())]
    pub(super) fix: bool,
    /// With --fix or --diff: also apply fixes whose result must be reviewed
    #[arg(long, env = "JETTISON_UNSAFE_FIXES", hide_env = true, value_parser = FalseyValueParser::new())]
    pub(super) unsafe_fixes: bool,
    /// Print what --fix would change, as a patch for `git apply`, and change nothing
    #[arg(long, env = "JETTISON_DIFF", hide_env = true, value_parser = FalseyValueParser::new())]
    pub(super) diff: bool,
}

impl FixArguments {
    /// What is done with fixes; `None` where they are only told of.
    pub(super) fn mode(self) -> Option<Mode> {
        match self {
            Self { diff: true, .. } => Some(Mode::Print),
            Self { fix: true, .. } => Some(Mode::Write),
            _ => None,
        }
    }

    pub(super) fn applicability(self) -> Applicability {
        if self.unsafe_fixes {
            Applicability::Unsafe
        } else {
            Applicability::Safe
        }
    }
}

/// Where fixed texts go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Into the files.
    Write,
    /// To standard output, as a patch.
    Print,
}

/// A file that was linted again after each round of fixes, until there was none.
#[derive(Debug)]
pub(super) struct Mended {
    /// As it was given, where it is another now.
    pub(super) before: Option<Source>,
    pub(super) after: Linted,
    /// The number of fixed findings of each rule.
    pub(super) rules: BTreeMap<&'static str, usize>,
}

/// Fixes all files; `lint` is given those that changed in each round, together, as ShellCheck is
/// slow to start.
pub(super) fn mend(
    files: Vec<Linted>,
    max: Applicability,
    mut lint: impl FnMut(Vec<Source>) -> Vec<Linted>,
) -> Vec<Mended> {
    let mut all: Vec<Mended> = files
        .into_iter()
        .map(|after| Mended {
            before: None,
            after,
            rules: BTreeMap::new(),
        })
        .collect();
    for _ in 0..fix::PASSES {
        let (mut changed, mut sources) = (Vec::new(), Vec::new());
        for (index, file) in all.iter_mut().enumerate() {
            let Some(source) = file.after.source() else {
                continue;
            };
            let Some(fixed) = fix::apply(source, &file.after.findings, max) else {
                continue;
            };
            fixed
                .rules
                .into_iter()
                .for_each(|rule| *file.rules.entry(rule).or_default() += 1);
            sources.push(Source::new(source.name(), fixed.bytes));
            changed.push(index);
        }
        if changed.is_empty() {
            break;
        }
        for (index, next) in changed.into_iter().zip(lint(sources)) {
            let before = std::mem::replace(&mut all[index].after, next);
            if let (None, Input::Dockerfile(source)) = (&all[index].before, before.input) {
                all[index].before = Some(source);
            }
        }
    }
    all
}

/// Writes what was mended to where it belongs; whether all of it could be. `stdin` is what standard
/// input is called.
pub(super) fn deliver(
    files: &[Mended],
    mode: Mode,
    stdin: Option<&str>,
    output: Output,
) -> anyhow::Result<bool> {
    let mut complete = true;
    for file in files {
        let Some(after) = file.after.source() else {
            continue;
        };
        let (name, new) = (after.name(), after.bytes());
        let old = file.before.as_ref().map_or(new, Source::bytes);
        match mode {
            Mode::Print => {
                let patch = patch::unified(name, old, new);
                if patch::has_logging_command(&patch) {
                    complete = false;
                    output.error(&anyhow!(
                        "no patch is printed for `{}`: its lines contain a logging command, which \
                         a CI system would run; use `--fix`",
                        escape(name)
                    ));
                } else {
                    output.print_file(&patch)?;
                }
            }
            // Whoever pipes a text through wants it back, changed or not.
            Mode::Write if stdin == Some(name) => output.print_file(new)?,
            Mode::Write if old == new => {}
            Mode::Write => {
                if let Err(error) = replace(Path::new(name), old, new) {
                    complete = false;
                    output.error(&error);
                }
            }
        }
    }
    Ok(complete)
}

/// Puts a fixed text into its file, where that still holds the text that was linted.
fn replace(path: &Path, old: &[u8], new: &[u8]) -> anyhow::Result<()> {
    let name = path.display();
    let is_replaced =
        trust::replace(path, old, new).with_context(|| format!("cannot fix `{name}`"))?;
    ensure!(
        is_replaced,
        "`{name}` was changed by something else while it was fixed"
    );
    Ok(())
}

/// What was mended, by file and by rule, and what could be still; empty where there is nothing to
/// say.
pub(super) fn summary(files: &[Mended], arguments: FixArguments) -> Vec<String> {
    let mut out = Vec::new();
    let verb = if arguments.diff { "would fix" } else { "fixed" };
    for file in files.iter().filter(|file| !file.rules.is_empty()) {
        let rules: Vec<String> = file
            .rules
            .iter()
            .map(|(rule, count)| format!("{rule} {count}"))
            .collect();
        out.push(format!(
            "{verb} {} in {}: {}",
            counted(file),
            escape(file.after.name()),
            rules.join(", ")
        ));
    }
    let fixable = |finding: &&Finding| finding.fix.is_some();
    let left = files
        .iter()
        .flat_map(|file| &file.after.findings)
        .filter(fixable)
        .count();
    // The report of what remains says it, where there is one.
    if left > 0 && arguments.diff && !arguments.unsafe_fixes {
        out.push(format!(
            "{left} more can be fixed with `--unsafe-fixes`; look at the result"
        ));
    }
    out
}

fn counted(file: &Mended) -> String {
    match file.rules.values().sum() {
        1 => "1 finding".to_owned(),
        count => format!("{count} findings"),
    }
}
