//! `world-writable`: a file or directory is writable by every user.

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
    for step in &cx.facts.steps {
        if !matches!(step.kind(), Kind::Copy | Kind::Add) {
            continue;
        }
        if let Some(flag) = step.flag("chmod")
            && let Some(value) = &flag.value
            && let Some(mode) = value.literal()
            && lets_others_write(mode)
        {
            report(flag.span, mode, value.span, findings);
        }
    }
    for call in cx.facts.runs().iter().flat_map(|run| &run.calls) {
        if let Some((mode, span)) = mode_of(call)
            && lets_others_write(mode)
        {
            report(span, mode, span, findings);
        }
    }
}

fn report(span: Span, mode: &str, place: Span, findings: &mut Findings) {
    let report = findings.add(
        span,
        format!("mode `{mode}` makes it writable by every user"),
    );
    // A mode with quotes or a continuation in it is not a plain text to replace.
    if let Some(replacement) = without_others(mode)
        && place.end - place.start == mode.len()
    {
        let title = format!("remove the write permission of others: `{replacement}`");
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

/// The mode argument of `chmod`, `mkdir -m` and `install -m`.
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

/// Whether a mode such as `777` or `a+w` gives others write permission. With the sticky bit only
/// the owner of a file may remove it: `1777` is right for `/tmp`.
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
        // Without a `who`, the umask applies, which denies it to others; see chmod(1).
        who.contains(['a', 'o']) && what.contains('w') && !what.contains('t')
    };
    mode.split(',').any(adds)
}

fn is_number(mode: &str) -> bool {
    (3..=5).contains(&mode.len()) && mode.bytes().all(|b| (b'0'..=b'7').contains(&b))
}

/// The same number without the write permission of others.
fn without_others(mode: &str) -> Option<String> {
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
        let kind = if cx.tree().is_directory(name) {
            "directory "
        } else {
            ""
        };
        let path = cx.path(name);
        findings.add(
            cx.at_file(name),
            format!("{kind}`{path}` is writable by every user (mode {mode:04o})"),
        );
    }
}
