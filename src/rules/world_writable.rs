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

/// Reports a mode; the fix removes the write permission of others.
fn report(span: Span, mode: &str, place: Span, findings: &mut Findings) {
    let report = findings.add(
        span,
        format!("mode `{mode}` makes it writable by every user"),
    );
    // With quotes or a line continuation in it, the mode is not plain text that can be replaced.
    if let Some(replacement) = without_others(mode)
        && place.end - place.start == mode.len()
    {
        let title = format!("remove the write permission for others: `{replacement}`");
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
    // An argument with an unknown value is skipped.
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

/// Whether a mode such as `777` or `a+w` gives others write permission. With the sticky bit, only
/// the owner of a file may remove it: `1777` is right for `/tmp`.
fn lets_others_write(mode: &str) -> bool {
    if is_number(mode) {
        // The fourth digit from the end contains the sticky bit; most modes have only three digits.
        let digits = mode.as_bytes();
        let last = digits[digits.len() - 1] - b'0';
        let special = match digits.len() {
            3 => 0,
            length => digits[length - 4] - b'0',
        };
        return last & 2 != 0 && special & 1 == 0;
    }
    mode.split(',').any(|clause| {
        let Some(operator) = clause.find(['+', '=']) else {
            return false;
        };
        let (who, what) = (&clause[..operator], &clause[operator + 1..]);
        // Without `who`, the umask applies, which usually masks write permission for others; see
        // chmod(1).
        who.contains(['a', 'o']) && what.contains('w') && !what.contains('t')
    })
}

/// Whether a mode is octal. Shorter numbers are rare.
fn is_number(mode: &str) -> bool {
    (3..=5).contains(&mode.len()) && mode.bytes().all(|b| (b'0'..=b'7').contains(&b))
}

/// The same octal mode without the write permission of others.
fn without_others(mode: &str) -> Option<String> {
    if !is_number(mode) {
        return None;
    }
    let last = mode.chars().last()?.to_digit(8)?;
    Some(format!("{}{}", &mode[..mode.len() - 1], last & !2))
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    // Directories with the sticky bit, such as `/tmp`, are not in this list.
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
