//! `misplaced-epilogue`: what says how the container starts and stops is not at the end, or not in
//! the usual order.

use crate::dockerfile::{Body, Command, Kind};
use crate::lint::facts::Step;
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "misplaced-epilogue",
    page: include_str!("../../rules/lint/misplaced-epilogue.md"),
    dockerfile: Some(check),
    image: None,
};

const ORDER: [Kind; 4] = [
    Kind::Stopsignal,
    Kind::Healthcheck,
    Kind::Entrypoint,
    Kind::Cmd,
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    let steps = cx.facts.steps_of(stage);
    let epilogue: Vec<&Step<'_>> = steps.iter().filter(|step| rank(step).is_some()).collect();
    let is_once = |kind: &Kind| epilogue.iter().filter(|step| step.kind() == *kind).count() <= 1;
    // Of two of a kind one is ignored: another rule says so first.
    if !ORDER.iter().all(is_once) {
        return;
    }
    let misplaced = steps.windows(2).find_map(|pair| {
        let late =
            rank(&pair[0]).is_some_and(|before| rank(&pair[1]).is_none_or(|after| after < before));
        late.then_some((&pair[0], &pair[1]))
    });
    let Some((early, next)) = misplaced else {
        return;
    };
    let message = format!(
        "`{}` comes before `{}`",
        early.kind().name(),
        next.kind().name()
    );
    let report = findings
        .add(early.instruction.keyword.span, message)
        .label(next.instruction.keyword.span, "belongs after this");
    if let Some(edits) = in_order(cx, steps, epilogue) {
        report.fix(Fix::new("move it", Applicability::Safe, edits));
    }
}

fn rank(step: &Step<'_>) -> Option<usize> {
    ORDER
        .iter()
        .position(|&kind| kind == step.kind() && !step.onbuild)
}

/// Takes away those that stand too early, and writes all in their order where the last ones are, or
/// after the last step.
fn in_order(
    cx: &DockerfileContext<'_>,
    steps: &[Step<'_>],
    mut epilogue: Vec<&Step<'_>>,
) -> Option<Vec<Edit>> {
    if epilogue
        .iter()
        .any(|step| depends_on_its_place(step, steps))
    {
        return None;
    }
    let last = steps.iter().rfind(|step| rank(step).is_none())?.span;
    let (early, late): (Vec<Span>, Vec<Span>) = epilogue
        .iter()
        .map(|step| block(cx, step))
        .partition(|block| block.start < last.end);
    epilogue.sort_by_key(|step| rank(step));
    let mut texts = epilogue.iter().map(|step| cx.source.slice(block(cx, step)));
    let adjoining = |one: &Span, other: &Span| {
        cx.source
            .slice(Span::new(one.end, other.start))
            .trim()
            .is_empty()
    };
    let removed: Vec<Span> = early
        .chunk_by(adjoining)
        .map(|blocks| lines(cx, blocks[0].to(blocks[blocks.len() - 1])))
        .collect();
    let is_set_apart = removed
        .first()
        .is_some_and(|span| is_empty_line(cx, cx.source.line(span.start) - 1));
    let mut edits: Vec<Edit> = removed
        .into_iter()
        .map(|span| Edit {
            span,
            replacement: String::new(),
        })
        .collect();
    for (at, &span) in late.iter().enumerate() {
        let count = if at + 1 == late.len() {
            epilogue.len()
        } else {
            1
        };
        let replacement = texts
            .by_ref()
            .take(count)
            .collect::<Vec<_>>()
            .join(cx.line_break());
        edits.push(Edit { span, replacement });
    }
    if late.is_empty() {
        let above = if is_set_apart { cx.line_break() } else { "" };
        let rest = texts.flat_map(|text| [cx.line_break(), text]);
        let replacement = std::iter::once(above).chain(rest).collect();
        edits.push(Edit {
            span: Span::at(last.end),
            replacement,
        });
    }
    edits.retain(|edit| cx.source.slice(edit.span) != edit.replacement);
    Some(edits)
}

/// Whether it means something else further down: a variable is read, or the shell is another one
/// there.
fn depends_on_its_place(step: &Step<'_>, steps: &[Step<'_>]) -> bool {
    let shell_changes = || {
        steps
            .iter()
            .any(|other| other.kind() == Kind::Shell && other.span.start > step.span.start)
    };
    match &step.instruction.body {
        Body::Command(Command::Shell(_)) | Body::Healthcheck(Some(Command::Shell(_))) => {
            shell_changes()
        }
        Body::Words { words, .. } => words.iter().any(|word| word.text.as_str().contains('$')),
        _ => false,
    }
}

/// An instruction with the comments right above it, without the last line break.
fn block(cx: &DockerfileContext<'_>, step: &Step<'_>) -> Span {
    let is_comment = |line: usize| {
        cx.source
            .slice(cx.source.line_span(line))
            .trim_start()
            .starts_with('#')
    };
    let mut first = cx.source.line(step.span.start);
    while first > 1 && is_comment(first - 1) {
        first -= 1;
    }
    Span::new(cx.source.line_span(first).start, step.span.end)
}

/// The lines of a block, and the empty ones below it where there are such above it too.
fn lines(cx: &DockerfileContext<'_>, block: Span) -> Span {
    let (first, mut last) = (cx.source.line(block.start), cx.source.line(block.end));
    while is_empty_line(cx, first - 1)
        && last < cx.source.line_count()
        && is_empty_line(cx, last + 1)
    {
        last += 1;
    }
    let end = if last < cx.source.line_count() {
        cx.source.line_span(last + 1).start
    } else {
        cx.source.text().len()
    };
    Span::new(block.start, end)
}

/// Whether a line, from 1, is there and has nothing but blanks.
fn is_empty_line(cx: &DockerfileContext<'_>, line: usize) -> bool {
    line > 0 && cx.source.slice(cx.source.line_span(line)).trim().is_empty()
}
