//! `world-writable`: a file or directory is writable by every user.

use crate::dockerfile::Kind;
use crate::lint::facts::{Argument, Call, Run};
use crate::lint::{DockerfileContext, Edit, Findings, Fix, ImageContext, Rule};
use crate::paths::is_at_or_below;
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "world-writable",
    page: include_str!("../../rules/lint/world-writable.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
    deployment: None,
};

/// The bit of a directory in which only the owner of a file may remove it.
const STICKY: u32 = 0o1000;
/// The number of later calls in which a removal is searched. Without a limit, a script of nothing
/// but `chmod` would take quadratic time.
const MOST_LATER: usize = 1000;

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
            report(flag.span, mode, value.span, without_others(mode), findings);
        }
    }
    for run in cx.facts.runs() {
        for (index, call) in run.calls.iter().enumerate() {
            if let Some((mode, span)) = mode_of(call)
                && lets_others_write(mode)
                && !is_temporary(run, index)
            {
                report(span, mode, span, private_mode(call, mode, span), findings);
            }
        }
    }
}

/// Whether all files that a call changes no longer exist at the end of the RUN: a later `rm`
/// removes them, or they are in a mount.
fn is_temporary(run: &Run<'_>, index: usize) -> bool {
    let targets = targets(&run.calls[index]);
    let later = run.calls[index + 1..].iter().take(MOST_LATER);
    !targets.is_empty()
        && targets.iter().all(|target| {
            let is_mounted = target.single().is_some_and(|path| run.keeps_out(path));
            is_mounted || later.clone().any(|call| removes(call, target))
        })
}

/// The files that `chmod`, `mkdir` or `install` changes.
fn targets(call: &Call) -> Vec<&Argument> {
    let mut operands = Vec::new();
    let mut is_value = false;
    for argument in &call.arguments {
        let word = argument.single().unwrap_or(&argument.raw);
        if std::mem::take(&mut is_value) {
            continue;
        }
        if word.starts_with('-') {
            // The owner and the mode are the next words.
            is_value = call.name != "chmod"
                && matches!(word, "-m" | "--mode" | "-o" | "-g" | "--owner" | "--group");
        } else {
            operands.push(argument);
        }
    }
    match call.name.as_str() {
        // The first is the mode.
        "chmod" => operands.split_off(operands.len().min(1)),
        // Only the last is written.
        "install" => operands.split_off(operands.len().saturating_sub(1)),
        _ => operands,
    }
}

/// Whether a call is an `rm` of a file, or of a directory above it.
fn removes(call: &Call, target: &Argument) -> bool {
    if call.name != "rm" {
        return false;
    }
    call.arguments.iter().any(|argument| {
        match (argument.single(), target.single()) {
            (Some(removed), Some(path)) => is_removed(path, removed),
            // `"$d"` is the same directory in both commands, and `$d/x` is in it.
            _ => is_removed(unquoted(target), unquoted(argument)),
        }
    })
}

fn unquoted(argument: &Argument) -> &str {
    argument.raw.trim_matches(['"', '\''])
}

/// Whether a path is this directory, or one below it. `/x/*` empties `/x`.
fn is_removed(path: &str, directory: &str) -> bool {
    let directory = directory.trim_end_matches('/');
    if let Some(emptied) = directory.strip_suffix("/*") {
        return path
            .strip_prefix(emptied)
            .is_some_and(|rest| rest.len() > 1);
    }
    !directory.is_empty() && is_at_or_below(path, directory)
}

/// Reports a mode, with a better one as a fix.
fn report(span: Span, mode: &str, place: Span, better: Option<String>, findings: &mut Findings) {
    let report = findings.add(span, format!("mode `{mode}` is world-writable"));
    // With quotes or a line continuation in it, the mode is not plain text that can be replaced.
    if let Some(replacement) = better
        && place.end - place.start == mode.len()
    {
        let title = if is_sticky(&replacement) {
            format!("set the sticky bit: `{replacement}`")
        } else {
            format!("remove write permission for others: `{replacement}`")
        };
        report.fix(Fix::marked_unsafe(
            title,
            [Edit::replace(place, replacement)],
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
        let message = format!("{kind}`{path}` is world-writable (mode {mode:04o})");
        findings.add(cx.at_file(name), message);
    }
}

/// The mode that a call should set instead: for directories of temporary files, the same with the
/// sticky bit, and for others, one without write permission for others.
fn private_mode(call: &Call, mode: &str, place: Span) -> Option<String> {
    let targets: Vec<&str> = call
        .arguments
        .iter()
        .filter(|argument| argument.span.start > place.start)
        .flat_map(Argument::texts)
        .filter(|text| !text.starts_with('-'))
        .collect();
    let shared = targets.iter().filter(|target| is_shared(target)).count();
    match shared {
        0 => without_others(mode),
        _ if shared == targets.len() && is_number(mode) => {
            let bits = u32::from_str_radix(mode, 8).ok()?;
            Some(format!("{:o}", bits | STICKY))
        }
        // One mode cannot be right for both kinds.
        _ => None,
    }
}

fn is_sticky(mode: &str) -> bool {
    u32::from_str_radix(mode, 8).is_ok_and(|bits| bits & STICKY != 0)
}

/// Whether a path is a directory in which every user may create files.
fn is_shared(path: &str) -> bool {
    let path = path.trim_matches(['"', '\'']).trim_end_matches('/');
    matches!(
        path,
        "/tmp" | "/var/tmp" | "/dev/shm" | "/run/lock" | "/var/lock"
    )
}
