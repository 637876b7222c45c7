//! Comments that suppress findings: jettison's own, hadolint's, and BuildKit's `check=skip`.
//!
//! | comment | holds for |
//! |---|---|
//! | `# jettison ignore=NAME,NAME reason` | the next instruction; inside one, its next line |
//! | `# hadolint ignore=DL3006,DL3008 # reason` | the next instruction |
//! | `# … global ignore=` | the file |
//! | `# … stage ignore=` | the stage of the next instruction |
//! | `# check=skip=NAME,NAME` as a directive | the file |
//! | `# check=skip=NAME,NAME` directly above an instruction | that instruction |

use std::collections::{HashMap, HashSet};

use super::finding::Finding;
use super::page::Tool;
use super::registry::Registry;
use crate::dockerfile::{Comment, Dockerfile, Kind};
use crate::source::Source;

/// Takes out the findings that a comment suppresses.
pub(super) fn suppress(source: &Source, dockerfile: &Dockerfile, registry: &Registry, findings: &mut Vec<Finding>) {
    let pragmas = Pragmas::read(source, dockerfile, registry);
    if !pragmas.is_empty() {
        findings.retain(|finding| !pragmas.suppress(source, finding));
    }
}

type Names = HashSet<&'static str>;

#[derive(Debug, Default)]
struct Pragmas {
    file: Names,
    /// Where the stages start.
    froms: Vec<usize>,
    /// By how many of `froms` come before.
    stages: HashMap<usize, Names>,
    /// By the start of the instruction.
    instructions: HashMap<usize, Names>,
    /// By the number of the line.
    lines: HashMap<usize, Names>,
}

/// How far a pragma reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    File,
    Stage,
    Next,
}

/// Whose grammar a comment follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    Jettison,
    Hadolint,
    Buildkit,
}

impl Pragmas {
    fn read(source: &Source, dockerfile: &Dockerfile, registry: &Registry) -> Self {
        let mut pragmas = Self::default();
        for directive in dockerfile.directives.iter().filter(|directive| directive.name == "check") {
            pragmas.file.extend(rules_of(&skipped(&directive.value), Dialect::Buildkit, registry));
        }
        let mut read: Vec<_> = dockerfile.comments.iter().map(|comment| read_comment(&comment.text)).collect();
        if read.iter().any(Option::is_some) {
            let froms = dockerfile.instructions.iter().filter(|instruction| instruction.keyword.kind == Kind::From);
            pragmas.froms = froms.map(|instruction| instruction.span.start).collect();
            for (at, below) in below(source, &dockerfile.comments).into_iter().enumerate() {
                if let Some((dialect, scope, names)) = read[at].take() {
                    let rules = rules_of(&names, dialect, registry);
                    pragmas.place(dockerfile, (&dockerfile.comments[at], below), (dialect, scope), rules);
                }
            }
        }
        pragmas
    }

    fn is_empty(&self) -> bool {
        self.file.is_empty() && self.stages.is_empty() && self.instructions.is_empty() && self.lines.is_empty()
    }

    fn place(
        &mut self,
        dockerfile: &Dockerfile,
        (comment, below): (&Comment, Below),
        (dialect, scope): (Dialect, Scope),
        rules: Vec<&'static str>,
    ) {
        let instructions = &dockerfile.instructions;
        let after = instructions.partition_point(|instruction| instruction.span.start <= comment.span.start);
        let within = after.checked_sub(1).is_some_and(|at| instructions[at].span.contains(comment.span));
        let next = instructions.get(after).map(|instruction| instruction.span.start);
        let names = match (scope, next) {
            (Scope::File, _) => &mut self.file,
            (Scope::Next, _) if within && dialect == Dialect::Jettison => self.lines.entry(below.line).or_default(),
            (Scope::Next, _) if dialect == Dialect::Buildkit && !below.touches => return,
            (Scope::Next, Some(next)) => self.instructions.entry(next).or_default(),
            (Scope::Stage, Some(next)) => self.stages.entry(self.froms.partition_point(|&at| at <= next)).or_default(),
            (_, None) => return,
        };
        names.extend(rules);
    }

    fn suppress(&self, source: &Source, finding: &Finding) -> bool {
        let rule = finding.rule;
        let named = |names: Option<&Names>| names.is_some_and(|names| names.contains(rule));
        self.file.contains(rule)
            || named(finding.instruction.and_then(|instruction| self.instructions.get(&instruction.start)))
            || (!self.lines.is_empty() && named(self.lines.get(&source.line(finding.span.start))))
            || named(self.stages.get(&self.froms.partition_point(|&at| at <= finding.span.start)))
    }
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
        let next = (line + 1..=source.line_count()).find(|line| !is_empty(line)).unwrap_or(line + 1);
        let adjacent = next == line + 1;
        let below = match all.last() {
            Some(last) if comment_below == Some(next) => Below { touches: adjacent && last.touches, ..*last },
            _ => Below { line: next, touches: adjacent },
        };
        all.push(below);
        comment_below = Some(line);
    }
    all.reverse();
    all
}

fn read_comment(text: &str) -> Option<(Dialect, Scope, Vec<&str>)> {
    if let Some(rest) = text.strip_prefix("check=") {
        return Some((Dialect::Buildkit, Scope::Next, skipped(rest)));
    }
    let (dialect, rest) = match text.split_once(char::is_whitespace)? {
        ("jettison", rest) => (Dialect::Jettison, rest.trim_start()),
        ("hadolint", rest) => (Dialect::Hadolint, rest.trim_start()),
        _ => return None,
    };
    let (scope, rest) = match rest.split_once(char::is_whitespace) {
        Some(("global", rest)) => (Scope::File, rest.trim_start()),
        Some(("stage", rest)) => (Scope::Stage, rest.trim_start()),
        _ => (Scope::Next, rest),
    };
    let list = rest.strip_prefix("ignore")?.trim_start().strip_prefix('=')?;
    let names = if dialect == Dialect::Hadolint { hadolint_list(list)? } else { name_list(list) };
    Some((dialect, scope, names))
}

/// hadolint takes codes only, and a comment with anything else in the list not at all; what follows a further `#` is
/// for people.
fn hadolint_list(text: &str) -> Option<Vec<&str>> {
    let list = text.split('#').next()?;
    let names: Vec<&str> = list.split(',').map(str::trim).collect();
    let is_code = |name: &&str| !name.is_empty() && name.bytes().all(|b| b"DLSC".contains(&b) || b.is_ascii_digit());
    names.iter().all(is_code).then_some(names)
}

/// Names with commas between them; what follows the last is the reason.
fn name_list(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text.trim_start();
    loop {
        let end = rest.find(|c: char| c == ',' || c.is_whitespace()).unwrap_or(rest.len());
        names.push(&rest[..end]);
        match rest[end..].trim_start().strip_prefix(',') {
            Some(more) => rest = more.trim_start(),
            None => return names,
        }
    }
}

/// The names in the `skip=` of `skip=A,B;error=true // reason`.
fn skipped(text: &str) -> Vec<&str> {
    let text = text.split("//").next().unwrap_or_default();
    let skips = text.split(';').filter_map(|option| option.trim().strip_prefix("skip="));
    skips.flat_map(|names| names.split(',')).map(str::trim).collect()
}

fn rules_of(names: &[&str], dialect: Dialect, registry: &Registry) -> Vec<&'static str> {
    let of_buildkit = |page: &super::Page| page.aliases.iter().any(|alias| alias.tool == Tool::Buildkit);
    if dialect == Dialect::Buildkit && names.iter().any(|name| name.eq_ignore_ascii_case("all")) {
        return registry.iter().filter(|(_, page)| of_buildkit(page)).map(|(rule, _)| rule.name).collect();
    }
    let pages = names.iter().flat_map(|name| registry.find(name));
    pages.filter(|page| dialect != Dialect::Buildkit || of_buildkit(page)).map(|page| page.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(Scope, Vec<&str>)> {
        read_comment(text).map(|(_, scope, names)| (scope, names))
    }

    #[test]
    fn hadolint_takes_codes_and_a_second_comment() {
        assert_eq!(read("hadolint ignore=DL3023, DL3021"), Some((Scope::Next, vec!["DL3023", "DL3021"])));
        assert_eq!(read("hadolint global ignore = DL3023 , DL3021"), Some((Scope::File, vec!["DL3023", "DL3021"])));
        assert_eq!(read("hadolint ignore=DL3002 # because"), Some((Scope::Next, vec!["DL3002"])));
    }

    #[test]
    fn one_wrong_name_voids_the_comment_for_hadolint() {
        assert_eq!(read("hadolint ignore=crazy,DL3002"), None);
        assert_eq!(read("hadolint ignore=DL3002 because"), None);
    }

    #[test]
    fn a_reason_may_follow_the_names() {
        assert_eq!(
            read("jettison ignore=root-user, sudo the base needs it, really"),
            Some((Scope::Next, vec!["root-user", "sudo"]))
        );
    }

    #[test]
    fn buildkit_names_what_to_skip() {
        assert_eq!(skipped("skip=StageNameCasing,FromAsCasing;error=true"), ["StageNameCasing", "FromAsCasing"]);
        assert_eq!(skipped("error=true"), [""; 0]);
        assert_eq!(skipped("skip=all // here only"), ["all"]);
    }
}
