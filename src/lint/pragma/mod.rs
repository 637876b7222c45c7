//! Comments that silence findings: jettison's own, and those of the tools whose checks it has.
//!
//! | comment | holds for |
//! |---|---|
//! | `# jettison ignore=NAME,NAME reason` | the next instruction; inside one, the command that follows |
//! | `# hadolint ignore=DL3006,SC2086 # reason` | the same |
//! | `# … global ignore=` | the file |
//! | `# … stage ignore=` | the stage of the next instruction |
//! | `# check=skip=NAME,NAME` as a directive | the file; with `error=true` what BuildKit checks is an error |
//! | `# check=skip=NAME,NAME` directly above an instruction | that instruction |
//! | `# shellcheck disable=SC2086` | as hadolint's; in a heredoc ShellCheck itself reads it |
//! | `# trivy:ignore:ID` directly above an instruction | that instruction |
//! | `# checkov:skip=ID:reason` | the file |
//! | `# kics-scan disable=ID`, `# kics-scan ignore` | the file |
//! | `# kics-scan ignore-line` | the next instruction |
//! | `# kics-scan ignore-block` | above FROM the stage, elsewhere the next instruction |
//!
//! A tool's comment silences only what the tool checks too. `# hadolint shell=` is read where the
//! shell is worked out, in `facts`.

mod comment;
mod unused;

use std::collections::HashMap;

use super::code::ShellcheckCode;
use super::dockerfile::Facts;
use super::finding::{Finding, Severity};
use super::page::Tool;
use super::registry::Registry;
use super::settings::Settings;
use crate::dockerfile::{Comment, Dockerfile, Kind};
use crate::source::{Source, Span};
pub(super) use comment::shell;
use comment::{Asked, Dialect, Request, Scope};

/// What says that a comment silences nothing; the engine speaks under this name when all others
/// have spoken.
pub const UNUSED: &str = "unused-pragma";
/// What says that a comment names a rule that is not there.
pub const UNKNOWN: &str = "unknown-rule-in-pragma";

/// What says of every comment that it silences something, where nobody is to silence anything.
pub const SILENCING: &str = "silencing-comment";

/// How many lines of a command a comment above its first line reaches at most.
const LONGEST_COMMAND: usize = 256;

/// All comments of a file that silence something.
#[derive(Debug, Default)]
pub(super) struct Pragmas {
    comments: Vec<Pragma>,
    /// Whether something was silenced, by place and name.
    used: HashMap<(Place, Target), bool>,
    /// The directive `# check=error=true`.
    error: bool,
    /// Where the stages start.
    froms: Vec<usize>,
}

/// A comment, or a directive.
#[derive(Debug)]
struct Pragma {
    /// From the `#` on.
    span: Span,
    dialect: Dialect,
    is_directive: bool,
    /// The places where it holds; several only for lines.
    places: Vec<Place>,
    names: Vec<Name>,
}

/// A name in a pragma.
#[derive(Debug)]
struct Name {
    span: Span,
    /// Empty where there is no such rule.
    targets: Vec<Target>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Place {
    File,
    /// By how many FROMs come before.
    Stage(usize),
    /// By its start.
    Instruction(usize),
    /// By its number.
    Line(usize),
}

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
    ) -> Self {
        let mut reader = Reader {
            source,
            dockerfile,
            registry,
            pragmas: Self::default(),
            command_ends: HashMap::new(),
        };
        let froms = dockerfile
            .instructions
            .iter()
            .filter(|instruction| instruction.keyword.kind == Kind::From);
        reader.pragmas.froms = froms.map(|instruction| instruction.span.start).collect();
        for directive in dockerfile
            .directives
            .iter()
            .filter(|directive| directive.name == "check")
        {
            reader.pragmas.error |= comment::is_error(&directive.value);
            let request = comment::directive(source.slice(directive.value_span));
            reader.add(directive.span, &request, vec![Place::File], true);
        }
        let is_pragma = |comment: &Comment| !comment::read(&comment.text).is_empty();
        if dockerfile.comments.iter().any(is_pragma) {
            reader.command_ends = command_ends(source, facts);
            for (comment, below) in dockerfile
                .comments
                .iter()
                .zip(below(source, &dockerfile.comments))
            {
                let text = source
                    .slice(comment.span)
                    .strip_prefix('#')
                    .unwrap_or_default();
                for request in comment::read(text) {
                    if let Some(places) = reader.places(comment, below, &request) {
                        reader.add(comment.span, &request, places, false);
                    }
                }
            }
        }
        reader.pragmas
    }

    /// Makes errors of what BuildKit would fail for, where nobody says otherwise.
    pub(super) fn escalate(
        &self,
        registry: &Registry,
        settings: &Settings,
        findings: &mut [Finding],
    ) {
        if !self.error {
            return;
        }
        let is_escalated = |rule: &str| {
            has_code_of(registry, rule, Tool::Buildkit) && !settings.severities.contains_key(rule)
        };
        for finding in findings
            .iter_mut()
            .filter(|finding| is_escalated(finding.rule))
        {
            finding.severity = Severity::Error;
        }
    }

    /// Takes out the findings that a comment silences, and remembers which did.
    pub(super) fn suppress(&mut self, source: &Source, findings: &mut Vec<Finding>) {
        if !self.used.is_empty() {
            findings.retain(|finding| !self.silences(source, finding));
        }
    }

    fn silences(&mut self, source: &Source, finding: &Finding) -> bool {
        let Some(text) = finding.text() else {
            return false;
        };
        let start = text.span.start;
        let stage = self.froms.partition_point(|&at| at <= start);
        let mut places = vec![
            Place::File,
            Place::Stage(stage),
            Place::Line(source.line(start)),
        ];
        places.extend(text.instruction.map(|span| Place::Instruction(span.start)));
        let mut targets = vec![Target::Rule(finding.rule)];
        targets.extend(finding.code.map(Target::Code));
        let mut silenced = false;
        for place in places {
            for &target in &targets {
                if let Some(used) = self.used.get_mut(&(place, target)) {
                    *used = true;
                    silenced = true;
                }
            }
        }
        silenced
    }
}

fn has_code_of(registry: &Registry, rule: &str, tool: Tool) -> bool {
    registry
        .get(rule)
        .is_some_and(|page| page.aliases.iter().any(|alias| alias.tool == tool))
}

struct Reader<'a> {
    source: &'a Source,
    dockerfile: &'a Dockerfile,
    registry: &'a Registry,
    pragmas: Pragmas,
    /// The last line of the commands that start on a line.
    command_ends: HashMap<usize, usize>,
}

impl Reader<'_> {
    fn add(&mut self, span: Span, request: &Request<'_>, places: Vec<Place>, is_directive: bool) {
        let dialect = request.dialect;
        let names: Vec<Name> = match &request.asked {
            Asked::Names(names) => names
                .iter()
                .map(|name| self.name(span, name, dialect))
                .collect(),
            Asked::Everything => {
                for target in self.everything(dialect) {
                    self.hold(&places, target);
                }
                Vec::new()
            }
        };
        for target in names.iter().flat_map(|name| &name.targets) {
            self.hold(&places, *target);
        }
        self.pragmas.comments.push(Pragma {
            span,
            dialect,
            is_directive,
            places,
            names,
        });
    }

    fn hold(&mut self, places: &[Place], target: Target) {
        self.pragmas
            .used
            .extend(places.iter().map(|&place| ((place, target), false)));
    }

    /// `name` is a part of the source's text of `span`.
    fn name(&self, span: Span, name: &str, dialect: Dialect) -> Name {
        let start =
            span.start + (name.as_ptr() as usize - self.source.slice(span).as_ptr() as usize);
        let pages = match dialect {
            Dialect::Jettison | Dialect::Of(Tool::Hadolint) => self.registry.find(name),
            Dialect::Of(tool) => self.registry.find_code(tool, name),
        };
        let code = name.parse().ok().filter(|_| {
            matches!(
                dialect,
                Dialect::Jettison | Dialect::Of(Tool::Hadolint | Tool::Shellcheck)
            )
        });
        let targets = pages
            .iter()
            .map(|page| Target::Rule(page.name))
            .chain(code.map(Target::Code))
            .collect();
        Name {
            span: Span::new(start, start + name.len()),
            targets,
        }
    }

    fn everything(&self, dialect: Dialect) -> Vec<Target> {
        let Dialect::Of(tool) = dialect else {
            return Vec::new();
        };
        let rules = self.registry.iter().map(|(rule, _)| rule.name);
        let mut targets: Vec<Target> = rules
            .filter(|rule| has_code_of(self.registry, rule, tool))
            .map(Target::Rule)
            .collect();
        if tool == Tool::Shellcheck {
            targets.push(Target::Rule(super::SHELLCHECK));
        }
        targets
    }

    /// Where a comment holds; nowhere, as it may be too far from what follows, or followed by
    /// nothing.
    fn places(&self, comment: &Comment, below: Below, request: &Request<'_>) -> Option<Vec<Place>> {
        let instructions = &self.dockerfile.instructions;
        let after = instructions
            .partition_point(|instruction| instruction.span.start <= comment.span.start);
        let within = after
            .checked_sub(1)
            .is_some_and(|at| instructions[at].span.contains(comment.span));
        let next = instructions.get(after);
        let stage =
            |start: usize| Place::Stage(self.pragmas.froms.partition_point(|&at| at <= start));
        let must_touch = matches!(request.dialect, Dialect::Of(Tool::Buildkit | Tool::Trivy));
        let place = match request.scope {
            Scope::File => Place::File,
            Scope::Stage => stage(next?.span.start),
            Scope::Block if !within && next?.keyword.kind == Kind::From => stage(next?.span.start),
            Scope::Next | Scope::Block => match within {
                true => return self.lines(below, request.dialect),
                false if must_touch && !below.touches => return None,
                false => Place::Instruction(next?.span.start),
            },
        };
        Some(vec![place])
    }

    /// The lines of the command that follows a comment inside an instruction. Tools that drop such
    /// comments as they read are not followed there.
    fn lines(&self, below: Below, dialect: Dialect) -> Option<Vec<Place>> {
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

fn command_ends(source: &Source, facts: &Facts<'_>) -> HashMap<usize, usize> {
    let mut ends = HashMap::new();
    let scripts = facts.runs().iter().filter_map(|run| run.script.as_ref());
    for command in scripts.flat_map(|script| &script.commands) {
        let last = ends.entry(source.line(command.span.start)).or_default();
        *last = source.line(command.span.end).max(*last);
    }
    ends
}

/// What follows a comment, other comments left out.
#[derive(Clone, Copy, Debug)]
struct Below {
    line: usize,
    /// No empty line comes between.
    touches: bool,
}

fn below(source: &Source, comments: &[Comment]) -> Vec<Below> {
    let mut all: Vec<Below> = Vec::with_capacity(comments.len());
    let mut comment_below = None;
    for comment in comments.iter().rev() {
        let line = source.line(comment.span.start);
        let is_empty = |line: &usize| source.slice(source.line_span(*line)).trim().is_empty();
        let next = (line + 1..=source.line_count())
            .find(|line| !is_empty(line))
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
