//! `world-writable`: every user may change a file of the image.

use crate::dockerfile::Kind;
use crate::lint::facts::Call;
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, ImageContext, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "world-writable",
    page: include_str!("../../rules/lint/world-writable.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
};

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in cx
        .facts
        .steps
        .iter()
        .filter(|step| matches!(step.kind(), Kind::Copy | Kind::Add))
    {
        let Some(flag) = step.flag("chmod") else {
            continue;
        };
        let Some(mode) = flag
            .value
            .as_ref()
            .and_then(|value| value.literal().map(|mode| (mode, value.span)))
        else {
            continue;
        };
        if lets_others_write(mode.0) {
            report(flag.span, mode.0, mode.1, findings);
        }
    }
    for call in cx.facts.runs().iter().flat_map(|run| &run.calls) {
        if let Some((mode, span)) = mode_of(call).filter(|(mode, _)| lets_others_write(mode)) {
            report(span, mode, span, findings);
        }
    }
}

fn report(span: Span, mode: &str, place: Span, findings: &mut Findings) {
    let report = findings.add(
        span,
        format!("`{mode}` lets every user of the container change it"),
    );
    if let Some(replacement) = tightened(mode).filter(|_| place.end - place.start == mode.len()) {
        let title = format!("let only owner and group write: `{replacement}`");
        report.fix(Fix::new(
            title,
            Applicability::Unsafe,
            vec![Edit {
                span: place,
                replacement,
            }],
        ));
    }
}

/// The mode that `chmod` or `mkdir -m` is given.
fn mode_of(call: &Call) -> Option<(&str, Span)> {
    let mut arguments = call
        .arguments
        .iter()
        .filter_map(|argument| Some((argument.single()?, argument.span)));
    match call.name.as_str() {
        "chmod" => arguments.find(|(word, _)| !word.starts_with('-')),
        "mkdir" | "install" => {
            arguments.find(|(word, _)| matches!(*word, "-m" | "--mode"))?;
            arguments.next()
        }
        _ => None,
    }
}

/// By its number, `777`, or by its letters, `a+w`. With the sticky bit only a file's owner may
/// remove it: `1777` is right for `/tmp`.
fn lets_others_write(mode: &str) -> bool {
    if is_number(mode) {
        let digit = |from_end: usize| {
            mode.len()
                .checked_sub(from_end)
                .map_or(0, |at| mode.as_bytes()[at] - b'0')
        };
        return digit(1) & 2 != 0 && digit(4) & 1 == 0;
    }
    let adds = |clause: &str| {
        let Some(at) = clause.find(['+', '=']) else {
            return false;
        };
        let (who, what) = (&clause[..at], &clause[at + 1..]);
        // Without a `who`, the umask keeps the others out.
        who.contains(['a', 'o']) && what.contains('w') && !what.contains('t')
    };
    mode.split(',').any(adds)
}

fn is_number(mode: &str) -> bool {
    (3..=5).contains(&mode.len()) && mode.bytes().all(|b| (b'0'..=b'7').contains(&b))
}

/// The same number without the right to write for others.
fn tightened(mode: &str) -> Option<String> {
    let last = mode
        .chars()
        .last()
        .filter(|_| is_number(mode))?
        .to_digit(8)?;
    Some(format!("{}{}", &mode[..mode.len() - 1], last & !2))
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    for &name in &cx.files.world_writable {
        let mode = cx.tree().inode(name).header.mode;
        let what = if cx.tree().is_directory(name) {
            "anybody may remove and replace what is in it"
        } else {
            "anybody may change it"
        };
        findings.add(cx.at_file(name), format!("{what} (mode {mode:04o})"));
    }
}
