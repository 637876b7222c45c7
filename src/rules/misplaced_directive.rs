//! `misplaced-directive`: a parser directive is not at the top of the file.

use crate::dockerfile::{Comment, DIRECTIVES};
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "misplaced-directive",
    page: include_str!("../../rules/lint/misplaced-directive.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for directive in &cx.dockerfile.directives {
        // The frontend is chosen before lines lose their indentation; `escape` is read after that.
        if directive.name != "escape" && is_indented(cx, directive.span) {
            let message = format!("indented directive `{}` is ignored", directive.name);
            findings.add(directive.span, message);
        }
    }
    let Some((line, what)) = end_of_directives(cx) else {
        return;
    };
    for comment in &cx.dockerfile.comments {
        let Some(name) = directive_name(comment) else {
            continue;
        };
        // The parser itself, which reads `escape`, does not discard a `#!` line.
        let (line, what) = match cx.dockerfile.shebang {
            Some(shebang) if name == "escape" => (shebang, "a `#!` line"),
            _ => (line, what),
        };
        let effect = match effect(cx, name, comment) {
            Effect::None => "is only a comment",
            Effect::NextInstruction => "applies to the next instruction only",
            Effect::AsMeant => continue,
        };
        findings
            .add(comment.span, format!("`{name}` after {what} {effect}"))
            .label(line, "directives end here");
    }
}

/// The effect of a directive that is not at the top of the file.
enum Effect {
    None,
    NextInstruction,
    /// It is above the instruction that it is for.
    AsMeant,
}

fn effect(cx: &DockerfileContext<'_>, name: &str, comment: &Comment) -> Effect {
    let instructions = &cx.dockerfile.instructions;
    let next =
        instructions.partition_point(|instruction| instruction.span.start < comment.span.start);
    let is_inside = next
        .checked_sub(1)
        .is_some_and(|before| instructions[before].span.contains(comment.span));
    // BuildKit obeys `skip` and `experimental` above an instruction as well, but not `error`.
    if name != "check" || comment.text.contains("error=") || is_inside || next == instructions.len()
    {
        Effect::None
    } else if next == 0 {
        Effect::NextInstruction
    } else {
        Effect::AsMeant
    }
}

fn is_indented(cx: &DockerfileContext<'_>, span: Span) -> bool {
    cx.source.text()[..span.start].ends_with([' ', '\t'])
}

/// The directive that a comment would be at the top of the file.
fn directive_name(comment: &Comment) -> Option<&'static str> {
    let (key, value) = comment.text.split_once('=')?;
    let name = DIRECTIVES
        .into_iter()
        .find(|name| name.eq_ignore_ascii_case(key.trim()))?;
    let value = value.trim();
    // Prose such as `check = the number of tries` is no directive.
    let is_value = match name {
        "escape" => matches!(value, "\\" | "`"),
        "check" => ["skip=", "error=", "experimental="]
            .iter()
            .any(|option| value.starts_with(option)),
        _ => !value.is_empty() && !value.contains(char::is_whitespace),
    };
    if is_value { Some(name) } else { None }
}

/// The first line that is not a directive, and a description of it.
fn end_of_directives(cx: &DockerfileContext<'_>) -> Option<(Span, &'static str)> {
    // Directives are the first lines of the file, except for a `#!` line.
    let mut first = cx.dockerfile.directives.len();
    if let Some(shebang) = cx.dockerfile.shebang {
        first = match cx.dockerfile.directives.last() {
            // An `escape` without effect may stand between them.
            Some(last) => cx.source.line(last.span.start),
            None => cx.source.line(shebang.start),
        };
    }
    let text = cx.source.text();
    let line = text.split_inclusive('\n').nth(first)?;
    let before: usize = text.split_inclusive('\n').take(first).map(str::len).sum();
    let content = line.trim();
    let what = if content.is_empty() {
        "an empty line"
    } else if content.starts_with('#') {
        "a comment"
    } else {
        "an instruction"
    };
    Some((Span::new(before, before + line.trim_end().len()), what))
}
