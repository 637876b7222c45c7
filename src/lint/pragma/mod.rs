//! Comments that suppress findings: jettison's own, and those of the tools whose checks it
//! implements.
//!
//! | comment | applies to |
//! |---|---|
//! | `# jettison ignore=NAME,NAME reason` | the next instruction; inside one, the next command |
//! | `# hadolint ignore=DL3006,SC2086 # reason` | the same |
//! | `# … global ignore=` | the file |
//! | `# … stage ignore=` | the stage of the next instruction |
//! | `# check=skip=NAME,NAME` as a directive | the file; `error=true` raises them to errors |
//! | `# check=skip=NAME,NAME` directly above an instruction | that instruction |
//! | `# shellcheck disable=SC2086` | as hadolint's; in a heredoc ShellCheck itself reads it |
//! | `# trivy:ignore:ID` directly above an instruction | that instruction, until its `:exp:` |
//! | `# tally ignore=CODE;reason=…`, `# tally global ignore=` | as hadolint's |
//! | `# nosemgrep`, `# nosemgrep: ID` | the next instruction |
//! | `# checkov:skip=ID:reason` | the file |
//! | `# kics-scan disable=ID`, `# kics-scan ignore` | the file |
//! | `# kics-scan ignore-line` | the next instruction |
//! | `# kics-scan ignore-block` | above FROM the stage, elsewhere the next instruction |
//!
//! A tool's comment only suppresses checks that exist in that tool. `# hadolint shell=` is read in
//! `facts`, which determine the shell.

mod comment;
mod unused;

use std::collections::HashMap;

use super::code::ShellcheckCode;
use super::dockerfile::Facts;
use super::finding::{Finding, Severity};
use super::page::{Page, Tool};
use super::registry::Registry;
use super::settings::Settings;
use crate::dockerfile::{Comment, Dockerfile, Kind};
use crate::source::{Source, Span};
pub(super) use comment::{Dialect, Request, Requested, Scope, read as requests, shell};

/// The rule for comments that suppress nothing. The engine runs it after all other rules.
pub const UNUSED: &str = "unused-pragma";
/// The rule for comments that name a rule that does not exist.
pub const UNKNOWN: &str = "unknown-rule-in-pragma";

/// The rule for comments that are meant to suppress findings and do not: misspelt or expired ones.
pub const INEFFECTIVE: &str = "ineffective-pragma";

/// The rule that reports every comment that suppresses findings.
pub const SILENCING: &str = "silencing-comment";

/// Rules that report an instruction which a later one of its kind replaces, with a label there.
const REPORTED_AT_THE_LAST: [&str; 3] =
    ["ignored-cmd", "ignored-entrypoint", "ignored-healthcheck"];

/// Maximum number of lines of a command that a comment above it applies to. Each line is an entry
/// in a map, and a script may be one command of a megabyte.
const LONGEST_COMMAND: usize = 256;

/// All comments of a file that suppress findings.
#[derive(Debug, Default)]
pub(super) struct Pragmas {
    comments: Vec<Pragma>,
    /// For each place and name, whether it has suppressed a finding.
    used: HashMap<(Place, Target), bool>,
    /// The directive `# check=error=true`.
    error: bool,
    /// The start of each stage.
    froms: Vec<usize>,
    /// Comments that suppress nothing although they are meant to, and why.
    ineffective: Vec<(Span, String)>,
}

/// A comment, or a directive.
#[derive(Debug)]
struct Pragma {
    /// The comment, starting with its `#`.
    span: Span,
    dialect: Dialect,
    is_directive: bool,
    /// The places that it applies to; several only for lines.
    places: Vec<Place>,
    names: Vec<Name>,
}

/// A name in a pragma.
#[derive(Debug)]
struct Name {
    span: Span,
    /// Empty if there is no such rule.
    targets: Vec<Target>,
}

/// A part of a file that a comment applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Place {
    File,
    /// A stage, by the number of `FROM` instructions up to it.
    Stage(usize),
    /// An instruction, by its start.
    Instruction(usize),
    /// A line, by its number.
    Line(usize),
}

/// A rule or a code that a comment names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Target {
    Rule(&'static str),
    Code(ShellcheckCode),
}

impl Pragmas {
    pub(super) fn read(
        source: &Source,
        dockerfile: &Dockerfile,
        facts: &Facts<'_>,
        registry: &Registry,
        settings: &Settings,
    ) -> Self {
        let mut reader = Reader {
            source,
            dockerfile,
            registry,
            pragmas: Self::default(),
            command_ends: HashMap::new(),
        };
        for instruction in &dockerfile.instructions {
            if instruction.keyword.kind == Kind::From {
                reader.pragmas.froms.push(instruction.span.start);
            }
        }
        reader.read_directives();
        // Most files have no such comment, and the scripts need not be read for them.
        let has_pragma = dockerfile.comments.iter().any(|comment| {
            !comment::read(&comment.text).is_empty() || comment::malformed(&comment.text).is_some()
        });
        if has_pragma {
            reader.command_ends = command_ends(source, facts);
            let today = settings.now.map(|now| now.to_string());
            reader.read_comments(today.as_deref());
        }
        reader.pragmas
    }

    /// Raises findings to errors if the file has `# check=error=true`, which makes BuildKit fail,
    /// unless the user has set a severity.
    pub(super) fn escalate(
        &self,
        registry: &Registry,
        settings: &Settings,
        findings: &mut [Finding],
    ) {
        if !self.error {
            return;
        }
        for finding in findings {
            let is_buildkit_check = has_code_of(registry, finding.rule, Tool::Buildkit);
            if is_buildkit_check && !settings.severities.contains_key(finding.rule) {
                finding.severity = Severity::Error;
            }
        }
    }

    /// Removes the findings that a comment suppresses, and records which comments did.
    pub(super) fn suppress(&mut self, source: &Source, findings: &mut Vec<Finding>) {
        if !self.used.is_empty() {
            findings.retain(|finding| !self.suppresses(source, finding));
        }
    }

    fn suppresses(&mut self, source: &Source, finding: &Finding) -> bool {
        let Some(text) = finding.text() else {
            return false;
        };
        let start = text.span.start;
        // A comment above the first `FROM` may apply to the first stage.
        let stage = self.froms.partition_point(|&at| at <= start);
        let mut places = vec![
            Place::File,
            Place::Stage(stage),
            Place::Line(source.line(start)),
        ];
        places.extend(text.instruction.map(|span| Place::Instruction(span.start)));
        // hadolint reports the last instruction, and its users put their comments there.
        if REPORTED_AT_THE_LAST.contains(&finding.rule) {
            places.extend(
                finding
                    .labels
                    .iter()
                    .filter(|label| label.file.is_none())
                    .map(|label| Place::Instruction(label.span.start)),
            );
        }
        let mut targets = vec![Target::Rule(finding.rule)];
        targets.extend(finding.code.map(Target::Code));
        // All comments that apply count as used, not only the first.
        let mut suppressed = false;
        for place in places {
            for &target in &targets {
                if let Some(used) = self.used.get_mut(&(place, target)) {
                    *used = true;
                    suppressed = true;
                }
            }
        }
        suppressed
    }
}

fn has_code_of(registry: &Registry, rule: &str, tool: Tool) -> bool {
    registry
        .get(rule)
        .is_some_and(|page| page.aliases.iter().any(|alias| alias.tool == tool))
}

/// The day on which a suppression expired; `None` while it is still valid.
fn expired<'t>(request: &Request<'t>, today: Option<&str>) -> Option<&'t str> {
    let (until, today) = (request.until?, today?);
    // ISO 8601 dates can be compared as text; a time may follow the date.
    if today > until && !today.starts_with(until) {
        Some(until)
    } else {
        None
    }
}

/// Reads the comments of a file.
struct Reader<'a> {
    source: &'a Source,
    dockerfile: &'a Dockerfile,
    registry: &'a Registry,
    pragmas: Pragmas,
    /// The last line of a command, by its first.
    command_ends: HashMap<usize, usize>,
}

impl Reader<'_> {
    /// Reads the `# check=` directives, which apply to the whole file.
    fn read_directives(&mut self) {
        let (source, dockerfile) = (self.source, self.dockerfile);
        for directive in &dockerfile.directives {
            if directive.name == "check" {
                self.pragmas.error |= comment::is_error(&directive.value);
                let request = comment::directive(source.slice(directive.value_span));
                self.add(directive.span, &request, vec![Place::File], true);
            }
        }
    }

    fn read_comments(&mut self, today: Option<&str>) {
        let (source, dockerfile) = (self.source, self.dockerfile);
        let all_below = below(source, &dockerfile.comments);
        for (comment, below) in dockerfile.comments.iter().zip(all_below) {
            let text = source.slice(comment.span);
            let text = text.strip_prefix('#').unwrap_or_default();
            if let Some(form) = comment::malformed(text) {
                let reason = format!("this comment suppresses nothing: write `# {form}`");
                self.pragmas.ineffective.push((comment.span, reason));
            }
            for request in comment::read(text) {
                if let Some(until) = expired(&request, today) {
                    let reason = format!("this suppression expired on {until}");
                    self.pragmas.ineffective.push((comment.span, reason));
                } else if let Some(places) = self.places(comment, below, &request) {
                    self.add(comment.span, &request, places, false);
                }
            }
        }
    }

    fn add(&mut self, span: Span, request: &Request<'_>, places: Vec<Place>, is_directive: bool) {
        let dialect = request.dialect;
        let mut names: Vec<Name> = Vec::new();
        match &request.requested {
            Requested::Names(words) => {
                for word in words {
                    let name = self.name(span, word, dialect);
                    for &target in &name.targets {
                        self.register(&places, target);
                    }
                    names.push(name);
                }
            }
            // Without names, a comment is never reported as unused.
            Requested::Everything => {
                for target in self.everything(dialect) {
                    self.register(&places, target);
                }
            }
        }
        self.pragmas.comments.push(Pragma {
            span,
            dialect,
            is_directive,
            places,
            names,
        });
    }

    fn register(&mut self, places: &[Place], target: Target) {
        self.pragmas
            .used
            .extend(places.iter().map(|&place| ((place, target), false)));
    }

    /// Resolves a name, which is a slice of the source's text in `span`.
    fn name(&self, span: Span, name: &str, dialect: Dialect) -> Name {
        // The name is a slice of the text, so its offset follows from its address.
        let start =
            span.start + (name.as_ptr() as usize - self.source.slice(span).as_ptr() as usize);
        // hadolint's comments may name jettison rules, so that a project can migrate step by step;
        // comments of other tools may only contain their own codes.
        let pages = match dialect {
            Dialect::Jettison | Dialect::Of(Tool::Hadolint) => self.registry.find(name),
            Dialect::Of(Tool::Tally) => self.of_tally(name),
            Dialect::Of(tool) => self.registry.find_code(tool, name),
        };
        let mut targets: Vec<Target> = pages.iter().map(|page| Target::Rule(page.name)).collect();
        let code = match dialect {
            Dialect::Of(Tool::Tally) => name.strip_prefix("shellcheck/").unwrap_or_default(),
            Dialect::Jettison | Dialect::Of(Tool::Hadolint | Tool::Shellcheck) => name,
            Dialect::Of(_) => "",
        };
        if let Ok(code) = code.parse() {
            targets.push(Target::Code(code));
        }
        Name {
            span: Span::new(start, start + name.len()),
            targets,
        }
    }

    /// The rules of a code in a comment of tally, which has those of other tools as well:
    /// `hadolint/DL3004`, `buildkit/StageNameCasing`.
    fn of_tally(&self, name: &str) -> Vec<&Page> {
        let (tool, code) = match name.split_once('/') {
            Some(("hadolint", code)) => (Tool::Hadolint, code),
            Some(("buildkit", code)) => (Tool::Buildkit, code),
            _ => (Tool::Tally, name),
        };
        self.registry.find_code(tool, code)
    }

    /// All checks of a tool.
    fn everything(&self, dialect: Dialect) -> Vec<Target> {
        // jettison's own comments always name the rules that they suppress.
        let Dialect::Of(tool) = dialect else {
            return Vec::new();
        };
        let mut targets = Vec::new();
        for (rule, _) in self.registry.iter() {
            if has_code_of(self.registry, rule.name, tool) {
                targets.push(Target::Rule(rule.name));
            }
        }
        if tool == Tool::Shellcheck {
            targets.push(Target::Rule(super::SHELLCHECK));
        }
        targets
    }

    /// The places that a comment applies to; `None` if it must be adjacent to the next instruction
    /// but is not, or if nothing follows it.
    fn places(&self, comment: &Comment, below: Below, request: &Request<'_>) -> Option<Vec<Place>> {
        let instructions = &self.dockerfile.instructions;
        let after = instructions
            .partition_point(|instruction| instruction.span.start <= comment.span.start);
        let is_inside = after
            .checked_sub(1)
            .is_some_and(|at| instructions[at].span.contains(comment.span));
        let next = instructions.get(after);
        // BuildKit and Trivy ignore a comment that is separated from the instruction by an empty
        // line.
        let must_touch = matches!(request.dialect, Dialect::Of(Tool::Buildkit | Tool::Trivy));
        let place = match request.scope {
            Scope::File => Place::File,
            Scope::Stage => self.stage_at(next?.span.start),
            Scope::Block if !is_inside && next?.keyword.kind == Kind::From => {
                self.stage_at(next?.span.start)
            }
            Scope::Next | Scope::Block if is_inside => return self.lines(below, request.dialect),
            Scope::Next | Scope::Block if must_touch && !below.touches => return None,
            Scope::Next | Scope::Block => Place::Instruction(next?.span.start),
        };
        Some(vec![place])
    }

    fn stage_at(&self, start: usize) -> Place {
        Place::Stage(self.pragmas.froms.partition_point(|&at| at <= start))
    }

    /// The lines of the command that follows a comment inside an instruction.
    fn lines(&self, below: Below, dialect: Dialect) -> Option<Vec<Place>> {
        // The other tools remove comments inside an instruction before they look for their own.
        if !matches!(
            dialect,
            Dialect::Jettison | Dialect::Of(Tool::Hadolint | Tool::Shellcheck)
        ) {
            return None;
        }
        let last = self
            .command_ends
            .get(&below.line)
            .copied()
            .unwrap_or(below.line);
        let last = last.min(below.line + LONGEST_COMMAND);
        Some((below.line..=last).map(Place::Line).collect())
    }
}

/// The last line of each command of the scripts, by its first line.
fn command_ends(source: &Source, facts: &Facts<'_>) -> HashMap<usize, usize> {
    let mut ends = HashMap::new();
    let scripts = facts.runs().iter().filter_map(|run| run.script.as_ref());
    for command in scripts.flat_map(|script| &script.commands) {
        let last = ends.entry(source.line(command.span.start)).or_default();
        *last = source.line(command.span.end).max(*last);
    }
    ends
}

/// The first line after a comment that is neither empty nor another comment.
#[derive(Clone, Copy, Debug)]
struct Below {
    line: usize,
    /// Whether no empty line is in between.
    touches: bool,
}

/// The line below each comment.
fn below(source: &Source, comments: &[Comment]) -> Vec<Below> {
    let mut all: Vec<Below> = Vec::with_capacity(comments.len());
    let mut comment_below = None;
    // Processed from the last comment up, so that a comment above another one can reuse its result.
    for comment in comments.iter().rev() {
        let line = source.line(comment.span.start);
        let next = (line + 1..=source.line_count())
            .find(|&line| !source.slice(source.line_span(line)).trim().is_empty())
            .unwrap_or(line + 1);
        let adjacent = next == line + 1;
        let below = match all.last() {
            Some(last) if comment_below == Some(next) => Below {
                touches: adjacent && last.touches,
                ..*last
            },
            _ => Below {
                line: next,
                touches: adjacent,
            },
        };
        all.push(below);
        comment_below = Some(line);
    }
    all.reverse();
    all
}
