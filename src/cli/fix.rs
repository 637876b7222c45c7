//! `jettison lint --fix` and `--diff`: applies fixes and writes the result.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, anyhow, ensure};
use clap::Args;
use clap::builder::FalseyValueParser;

use super::{Output, patch};
use crate::lint::{Applicability, fix};
use crate::printable::escape;
use crate::report::{Input, Linted};
use crate::size::counted;
use crate::source::Source;
use crate::trust;

#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Fixes")]
pub(super) struct FixArguments {
    /// Fix files in place (safe fixes only); for standard input, print the fixed text
    #[arg(long)]
    #[arg(env = "JETTISON_FIX", hide_env = true, value_parser = FalseyValueParser::new())]
    pub(super) fix: bool,
    /// With --fix or --diff: also apply unsafe fixes, which must be reviewed
    #[arg(long)]
    #[arg(env = "JETTISON_UNSAFE_FIXES", hide_env = true, value_parser = FalseyValueParser::new())]
    pub(super) unsafe_fixes: bool,
    /// Print the changes that --fix would make, as a patch for `git apply`
    #[arg(long)]
    #[arg(env = "JETTISON_DIFF", hide_env = true, value_parser = FalseyValueParser::new())]
    pub(super) diff: bool,
}

impl FixArguments {
    /// The destination of fixed texts; `None` if fixes are only reported.
    pub(super) fn mode(self) -> Option<Mode> {
        match self {
            // `--fix --diff` changes nothing: of two conflicting options, the harmless one wins.
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

/// Destination of fixed texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Write them to the files.
    Write,
    /// Print them to standard output as a patch.
    Print,
}

/// A file that was fixed and linted again until there was nothing left to fix.
#[derive(Debug)]
pub(super) struct FixedFile {
    /// The original text, if it was changed.
    pub(super) before: Option<Source>,
    pub(super) after: Linted,
    /// The number of fixed findings of each rule.
    pub(super) rules: BTreeMap<&'static str, usize>,
    /// Whether the findings after the last pass are those of `Pass::OwnRules`.
    is_partial: bool,
    passes: fix::Passes,
}

/// The way in which files are linted in a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// With ShellCheck.
    Full,
    /// Without ShellCheck, which takes longer than all other rules together.
    OwnRules,
}

/// Fixes all files. Each pass calls `lint` once for all changed files, because ShellCheck is slow
/// to start.
///
/// ShellCheck is asked about the original texts, and again when the other rules have nothing left
/// to fix: before that, its findings would be about scripts that are still being changed.
pub(super) fn fix_all(
    files: Vec<Linted>,
    max: Applicability,
    has_shellcheck: bool,
    mut lint: impl FnMut(Vec<Source>, Pass) -> anyhow::Result<Vec<Linted>>,
) -> anyhow::Result<Vec<FixedFile>> {
    let mut all: Vec<FixedFile> = files
        .into_iter()
        .map(|after| FixedFile {
            before: None,
            after,
            rules: BTreeMap::new(),
            is_partial: false,
            passes: fix::Passes::default(),
        })
        .collect();
    // A fix can make another one possible, or move it, so the new text is linted and fixed again.
    loop {
        let (mut own, mut full) = (Vec::new(), Vec::new());
        for (index, file) in all.iter_mut().enumerate() {
            if let Some(source) = file.next(max) {
                // Nothing follows the last pass, so it is also the one with ShellCheck.
                if has_shellcheck && !file.passes.is_over() {
                    own.push((index, source));
                } else {
                    full.push((index, source));
                }
            }
        }
        if own.is_empty() && full.is_empty() {
            for (index, file) in all.iter().enumerate() {
                if let (true, Some(source)) = (file.is_partial, file.after.source()) {
                    full.push((index, source.clone()));
                }
            }
        }
        if own.is_empty() && full.is_empty() {
            return Ok(all);
        }
        for (changed, pass) in [(own, Pass::OwnRules), (full, Pass::Full)] {
            if changed.is_empty() {
                continue;
            }
            let (indexes, sources): (Vec<usize>, Vec<Source>) = changed.into_iter().unzip();
            for (index, next) in indexes.into_iter().zip(lint(sources, pass)?) {
                all[index].replace(next, pass);
            }
        }
    }
}

impl FixedFile {
    /// The text after the next fixes; `None` if there are none.
    fn next(&mut self, max: Applicability) -> Option<Source> {
        let source = self.after.source()?;
        let fixed = self.passes.next(source, &self.after.findings, max)?;
        for rule in fixed.rules {
            *self.rules.entry(rule).or_default() += 1;
        }
        Some(Source::new(source.name(), fixed.bytes))
    }

    fn replace(&mut self, next: Linted, pass: Pass) {
        self.is_partial = pass == Pass::OwnRules;
        let before = std::mem::replace(&mut self.after, next);
        // The original is the text before the first pass, not before this one.
        if let (None, Input::Dockerfile(source)) = (&self.before, before.input) {
            self.before = Some(source);
        }
    }
}

/// Writes the fixed texts or prints them as patches. Returns whether all of them could be written.
/// `stdin` is the name of standard input.
pub(super) fn write_all(
    files: &mut [FixedFile],
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
                // Azure Pipelines and TeamCity would run the command when they find it in the log.
                // Escaping it would make the patch invalid.
                if patch::has_logging_command(&patch) {
                    complete = false;
                    output.error(&anyhow!(
                        "no patch printed for `{}`: it contains a logging command that a CI \
                         system would run; use `--fix`",
                        escape(name)
                    ));
                } else {
                    output.print_file(&patch)?;
                }
            }
            // A filter prints its text even if nothing changed, because an editor replaces its
            // buffer with the output.
            Mode::Write if stdin == Some(name) => output.print_file(new)?,
            Mode::Write if old == new => {}
            Mode::Write => {
                if let Err(error) = replace(Path::new(name), old, new) {
                    complete = false;
                    file.rules.clear();
                    output.error(&error);
                }
            }
        }
    }
    Ok(complete)
}

/// Writes a fixed text to its file, unless the file changed after it was linted: that edit would be
/// lost.
fn replace(path: &Path, old: &[u8], new: &[u8]) -> anyhow::Result<()> {
    let name = path.display();
    let is_replaced =
        trust::replace(path, old, new).with_context(|| format!("cannot fix `{name}`"))?;
    ensure!(
        is_replaced,
        "cannot fix `{name}`: another program changed it in the meantime"
    );
    Ok(())
}

/// Lines that count the fixes by file and by rule, and the remaining fixable findings.
pub(super) fn summary(files: &[FixedFile], arguments: FixArguments) -> Vec<String> {
    let mut lines = Vec::new();
    let verb = if arguments.diff { "would fix" } else { "fixed" };
    for file in files.iter().filter(|file| !file.rules.is_empty()) {
        let rules: Vec<String> = file
            .rules
            .iter()
            .map(|(rule, count)| format!("{rule} {count}"))
            .collect();
        lines.push(format!(
            "{verb} {} in {}: {}",
            counted(file.rules.values().sum(), "finding"),
            escape(file.after.name()),
            rules.join(", ")
        ));
    }
    for file in files.iter().filter(|file| file.passes.is_cut_short()) {
        lines.push(format!(
            "not all fixes fit into one run for {}: run it again to apply the others",
            escape(file.after.name())
        ));
    }
    let remaining = files
        .iter()
        .flat_map(|file| &file.after.findings)
        .filter(|finding| finding.fix.is_some())
        .count();
    // Without `--diff`, the report of the remaining findings counts them.
    if remaining > 0 && arguments.diff && !arguments.unsafe_fixes {
        lines.push(format!(
            "{remaining} more can be fixed with `--unsafe-fixes`; review the result"
        ));
    }
    lines
}
