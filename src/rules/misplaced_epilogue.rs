//! `misplaced-epilogue`: the instructions on how the container starts and stops are not at the end,
//! or not in the usual order.

use crate::dockerfile::{Body, Command, Kind};
use crate::lint::facts::Step;
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "misplaced-epilogue",
    page: include_str!("../../rules/lint/misplaced-epilogue.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// The instructions in their usual order.
const ORDER: [Kind; 4] = [
    Kind::Stopsignal,
    Kind::Healthcheck,
    Kind::Entrypoint,
    Kind::Cmd,
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // The order matters to readers of the image's interface; other stages have none.
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    let steps = cx.facts.steps_of(stage);
    let epilogue: Vec<&Step<'_>> = steps.iter().filter(|step| rank(step).is_some()).collect();
    // If there are two of a kind, one has no effect and must be removed first (`ignored-cmd`).
    for kind in ORDER {
        if epilogue.iter().filter(|step| step.kind() == kind).count() > 1 {
            return;
        }
    }
    // One finding per stage, at the first of them, because one fix moves all.
    let misplaced = steps
        .windows(2)
        .find(|pair| match (rank(&pair[0]), rank(&pair[1])) {
            (Some(before), Some(after)) => after < before,
            (Some(_), None) => true,
            (None, _) => false,
        });
    let Some([early, next]) = misplaced else {
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
        report.fix(Fix::safe("move it", edits));
    }
}

/// The position of an instruction in [`ORDER`].
fn rank(step: &Step<'_>) -> Option<usize> {
    ORDER
        .iter()
        .position(|&kind| kind == step.kind() && !step.onbuild)
}

/// Removes the instructions that come too early, and writes all of them in order in place of those
/// at the end, or after the last step.
fn in_order(
    cx: &DockerfileContext<'_>,
    steps: &[Step<'_>],
    mut epilogue: Vec<&Step<'_>>,
) -> Option<Vec<Edit>> {
    if epilogue
        .iter()
        .any(|step| depends_on_its_place(step, steps) || has_error(cx, step))
    {
        return None;
    }
    // All of them must come after the last other instruction of the stage.
    let last = steps.iter().rfind(|step| rank(step).is_none())?.span;
    let (early, late): (Vec<Span>, Vec<Span>) = epilogue
        .iter()
        .map(|step| block(cx, step))
        .partition(|block| block.start < last.end);
    epilogue.sort_by_key(|step| rank(step));
    let texts: Vec<&str> = epilogue
        .iter()
        .map(|step| cx.source.slice(block(cx, step)))
        .collect();
    let removed = removed_lines(cx, &early);
    let written = if late.is_empty() {
        // A block with an empty line above or below it gets one in its new place too.
        let is_set_apart = removed.first().is_some_and(|span| {
            let below = cx.source.line(span.end);
            is_empty_line(cx, cx.source.line(span.start) - 1)
                || (below < cx.source.line_count() && is_empty_line(cx, below))
        });
        vec![insertion(cx, last.end, &texts, is_set_apart)]
    } else {
        replacements(cx, &late, &texts)
    };
    let mut edits = Vec::new();
    for span in removed {
        edits.push(Edit::remove(span));
    }
    edits.extend(written);
    edits.retain(|edit| cx.source.slice(edit.span) != edit.replacement);
    Some(edits)
}

/// Inserts texts after a line, each on its own line, preceded by an empty line if they are to be
/// set apart.
fn insertion(
    cx: &DockerfileContext<'_>,
    offset: usize,
    texts: &[&str],
    is_set_apart: bool,
) -> Edit {
    let mut replacement = String::new();
    if is_set_apart {
        replacement.push_str(cx.line_break());
    }
    for text in texts {
        replacement.push_str(cx.line_break());
        replacement.push_str(text);
    }
    Edit::insert(offset, replacement)
}

/// The lines of blocks to remove; blocks with only whitespace between them are merged.
fn removed_lines(cx: &DockerfileContext<'_>, blocks: &[Span]) -> Vec<Span> {
    blocks
        .chunk_by(|one, other| {
            let between = Span::new(one.end, other.start);
            cx.source.slice(between).trim().is_empty()
        })
        .map(|blocks| lines(cx, blocks[0].to(blocks[blocks.len() - 1])))
        .collect()
}

/// Replaces each block with one text, and the last block with all remaining texts.
fn replacements(cx: &DockerfileContext<'_>, blocks: &[Span], texts: &[&str]) -> Vec<Edit> {
    let mut edits = Vec::new();
    for (index, &span) in blocks.iter().enumerate() {
        let replacement = if index + 1 == blocks.len() {
            texts[index..].join(cx.line_break())
        } else {
            texts[index].to_owned()
        };
        edits.push(Edit::replace(span, replacement));
    }
    edits
}

/// Whether moving an instruction down could change its meaning, because it uses a variable or the
/// shell changes in between.
fn depends_on_its_place(step: &Step<'_>, steps: &[Step<'_>]) -> bool {
    match &step.instruction.body {
        // The shell form uses the shell of the preceding SHELL.
        Body::Command(Command::Shell(_)) | Body::Healthcheck(Some(Command::Shell(_))) => steps
            .iter()
            .any(|other| other.kind() == Kind::Shell && other.span.start > step.span.start),
        // An ENV or ARG in between may change the variable.
        Body::Words { words, .. } => words.iter().any(|word| word.text.as_str().contains('$')),
        _ => false,
    }
}

/// Whether the parser reports an error in an instruction: then its end is not known.
fn has_error(cx: &DockerfileContext<'_>, step: &Step<'_>) -> bool {
    let errors = &cx.dockerfile.errors;
    errors
        .iter()
        .any(|error| step.span.start <= error.span.start && error.span.start <= step.span.end)
}

/// An instruction with the comments right above it, without the last line break.
fn block(cx: &DockerfileContext<'_>, step: &Step<'_>) -> Span {
    // A comment above an instruction explains it, so it moves with the instruction.
    let mut first = cx.source.line(step.span.start);
    while first > 1 {
        let above = cx.source.slice(cx.source.line_span(first - 1));
        if !above.trim_start().starts_with('#') {
            break;
        }
        first -= 1;
    }
    Span::new(cx.source.line_span(first).start, step.span.end)
}

/// The lines of a block. If there are empty lines above and below it, those below are included,
/// because they would otherwise add up when the block is removed.
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

/// Whether a line exists and contains only whitespace. Lines are counted from 1.
fn is_empty_line(cx: &DockerfileContext<'_>, line: usize) -> bool {
    line > 0 && cx.source.slice(cx.source.line_span(line)).trim().is_empty()
}
