//! `uncached-downloads`: packages are downloaded again in every build of a RUN.

use std::fmt::Write as _;

use crate::dockerfile::Command;
use crate::lint::facts::packages::{Action, PackageCall, understand};
use crate::lint::facts::{Call, Run, User, chain, deletes};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "uncached-downloads",
    page: include_str!("../../rules/lint/uncached-downloads.md"),
    dockerfile: Some(check),
    image: None,
};

/// The directories to mount for a manager, by its name in the package manager table.
const MOUNTS: [(&str, &[&str]); 9] = [
    ("apt", &["/var/cache/apt", "/var/lib/apt"]),
    ("bun", &["/root/.bun/install/cache"]),
    ("dnf", &["/var/cache/dnf"]),
    ("go", &["/go/pkg/mod", "/root/.cache/go-build"]),
    ("microdnf", &["/var/cache/yum"]),
    ("npm", &["/root/.npm"]),
    ("pip", &["/root/.cache/pip"]),
    ("uv", &["/root/.cache/uv"]),
    ("yum", &["/var/cache/yum"]),
];

/// Managers that fail if two processes use the same cache at the same time.
const LOCKED: [&str; 4] = ["apt", "dnf", "microdnf", "yum"];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let mut calls = Vec::new();
        for call in run.package_calls() {
            let downloads = matches!(call.action, Action::Install | Action::Upgrade);
            if downloads && directories(&call).is_some_and(|all| !is_mounted(run, all)) {
                calls.push(call);
            }
        }
        let Some(first) = calls.first() else { continue };
        let span = first.verb.map_or(first.call.name_span, |verb| {
            first.call.name_span.to(verb.argument.span)
        });
        let message = format!(
            "packages of `{}` are downloaded again whenever this `RUN` is rebuilt",
            first.call.name
        );
        let report = findings.add(span, message);
        // The cache may not exist on another builder, so the result is not always the same.
        if let Some(edits) = with_mounts(cx, run, &calls) {
            report.fix(Fix::new("add a cache mount", Applicability::Unsafe, edits));
        }
    }
}

/// The cache directories of a call's package manager.
fn directories(call: &PackageCall<'_>) -> Option<&'static [&'static str]> {
    // `uv pip` has the arguments of pip and the cache of uv, so the program comes first.
    for name in [call.call.name.as_str(), call.manager.name] {
        if let Some((_, directories)) = MOUNTS.iter().find(|(known, _)| *known == name) {
            return Some(directories);
        }
    }
    None
}

/// Whether a mount covers one of the directories, or may do so because its target is a variable.
fn is_mounted(run: &Run<'_>, directories: &[&str]) -> bool {
    let mut mounts = run.mounts.iter();
    let is_hidden = mounts.any(|mount| {
        let target = mount.target.as_deref().unwrap_or_default();
        target.contains('$')
    });
    is_hidden || directories.iter().any(|directory| run.keeps_out(directory))
}

/// Adds cache mounts for all calls, and removes the options and commands that keep the caches
/// empty; `None` if one of those cannot be removed.
fn with_mounts(
    cx: &DockerfileContext<'_>,
    run: &Run<'_>,
    calls: &[PackageCall<'_>],
) -> Option<Vec<Edit>> {
    let step = &cx.facts.steps[run.step];
    // Other users have their caches in their own home directory.
    let is_root = step
        .user
        .as_ref()
        .is_none_or(|user| user.name.as_deref().is_some_and(User::is_root));
    let parsed = run.script.as_ref()?;
    if step.onbuild || !is_root || !parsed.errors.is_empty() || parsed.commands.is_empty() {
        return None;
    }
    let mut flags = String::new();
    let mut all: Vec<&str> = Vec::new();
    for call in calls {
        let sharing = if LOCKED.contains(&call.manager.name) {
            ",sharing=locked"
        } else {
            ""
        };
        for directory in directories(call)? {
            if !run.keeps_out(directory) && !all.contains(directory) {
                all.push(directory);
                let _ = write!(flags, " --mount=type=cache,target={directory}{sharing}");
            }
        }
    }
    let mut edits = vec![Edit {
        span: Span::at(step.instruction.keyword.span.end),
        replacement: flags,
    }];
    for call in calls {
        edits.extend(remove_options(cx, call)?);
    }
    edits.extend(remove_cleaning(cx, run, calls, &all)?);
    Some(edits)
}

/// Removes `--no-cache-dir` and similar options, with the space before each.
fn remove_options(cx: &DockerfileContext<'_>, call: &PackageCall<'_>) -> Option<Vec<Edit>> {
    let mut edits = Vec::new();
    for argument in &call.call.arguments {
        if !call.manager.no_cache.contains(&argument.raw.as_str()) {
            continue;
        }
        // After a line continuation, removing the option would leave an empty line.
        let start = argument.span.start.checked_sub(1)?;
        if cx.source.slice(Span::new(start, argument.span.start)) != " " {
            return None;
        }
        edits.push(Edit {
            span: Span::new(start, argument.span.end),
            replacement: String::new(),
        });
    }
    Some(edits)
}

/// Removes the commands that would empty the caches; `None` if one of them is not an element of a
/// `&&` chain.
fn remove_cleaning(
    cx: &DockerfileContext<'_>,
    run: &Run<'_>,
    calls: &[PackageCall<'_>],
    directories: &[&str],
) -> Option<Vec<Edit>> {
    let cleaning: Vec<Span> = run
        .calls
        .iter()
        .filter(|call| cleans(call, calls, directories))
        .map(|call| call.span)
        .collect();
    if cleaning.is_empty() {
        return Some(Vec::new());
    }
    let Command::Shell(script) = run.command else {
        return None;
    };
    let pieces: Vec<Span> = chain(script)?
        .iter()
        .map(|piece| script.text.source_span(piece.start, piece.end))
        .collect();
    let mut edits = Vec::new();
    for span in cleaning {
        // Each is removed with the `&&` before it, so the first command of the chain cannot be
        // removed. If two adjacent edits overlap, the next pass removes the second command.
        let index = pieces.iter().position(|piece| *piece == span)?;
        let before = pieces[index.checked_sub(1)?];
        let removed = Span::new(before.end, span.end);
        if cx.source.slice(removed).contains('#') {
            return None;
        }
        edits.push(Edit {
            span: removed,
            replacement: String::new(),
        });
    }
    Some(edits)
}

/// Whether a call empties the cache of one of these package managers.
fn cleans(call: &Call, calls: &[PackageCall<'_>], directories: &[&str]) -> bool {
    for directory in directories {
        // The mount is the parent of the lists directory that is usually deleted.
        let deletes_lists = *directory == "/var/lib/apt" && deletes(call, "/var/lib/apt/lists");
        if deletes(call, directory) || deletes_lists {
            return true;
        }
    }
    let Some(call) = understand(call) else {
        return false;
    };
    call.action == Action::Clean
        && calls
            .iter()
            .any(|other| other.manager.name == call.manager.name)
}
