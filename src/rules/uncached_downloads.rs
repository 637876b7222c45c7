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

/// What to mount for a manager, by its name in the table of packages.
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
/// Managers that break where two of them use one cache.
const LOCKED: [&str; 4] = ["apt", "dnf", "microdnf", "yum"];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let fetches = |call: &PackageCall<'_>| {
            matches!(call.action, Action::Install | Action::Upgrade)
                && folders(call).is_some_and(|all| !is_mounted(run, all))
        };
        let calls: Vec<PackageCall<'_>> = run.package_calls().filter(fetches).collect();
        let Some(first) = calls.first() else { continue };
        let span = first.verb.map_or(first.call.name_span, |verb| {
            first.call.name_span.to(verb.argument.span)
        });
        let message = format!(
            "packages of `{}` are downloaded again in every build of this `RUN`",
            first.call.name
        );
        let report = findings.add(span, message);
        if let Some(edits) = with_mounts(cx, run, &calls) {
            report.fix(Fix::new("add a cache mount", Applicability::Unsafe, edits));
        }
    }
}

fn folders(call: &PackageCall<'_>) -> Option<&'static [&'static str]> {
    let by_program = MOUNTS.iter().find(|(name, _)| *name == call.call.name);
    by_program
        .or_else(|| MOUNTS.iter().find(|(name, _)| *name == call.manager.name))
        .map(|(_, folders)| *folders)
}

/// A mount that a variable names may be the one.
fn is_mounted(run: &Run<'_>, folders: &[&str]) -> bool {
    let hidden = |mount: &crate::lint::facts::Mount| {
        mount
            .target
            .as_deref()
            .is_some_and(|target| target.contains('$'))
    };
    folders.iter().any(|folder| run.keeps_out(folder)) || run.mounts.iter().any(hidden)
}

/// Caches for all calls, and without what keeps them empty; where every such word can be taken out.
fn with_mounts(
    cx: &DockerfileContext<'_>,
    run: &Run<'_>,
    calls: &[PackageCall<'_>],
) -> Option<Vec<Edit>> {
    let step = &cx.facts.steps[run.step];
    let is_root = step
        .user
        .as_ref()
        .is_none_or(|user| user.name.as_deref().is_some_and(User::is_root));
    let parsed = run
        .script
        .as_ref()
        .filter(|script| script.errors.is_empty())?;
    if step.onbuild || !is_root || parsed.commands.is_empty() {
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
        for folder in folders(call)?
            .iter()
            .filter(|folder| !run.keeps_out(folder))
        {
            if !all.contains(folder) {
                all.push(folder);
                let _ = write!(flags, " --mount=type=cache,target={folder}{sharing}");
            }
        }
    }
    let mut edits = vec![Edit {
        span: Span::at(step.instruction.keyword.span.end),
        replacement: flags,
    }];
    for call in calls {
        edits.extend(without_options(cx, call)?);
    }
    edits.extend(without_cleaning(cx, run, calls, &all)?);
    Some(edits)
}

/// `--no-cache-dir` and its like, with the blank before each.
fn without_options(cx: &DockerfileContext<'_>, call: &PackageCall<'_>) -> Option<Vec<Edit>> {
    let arguments = call
        .call
        .arguments
        .iter()
        .filter(|argument| call.manager.no_cache.contains(&argument.raw.as_str()));
    let removed = |span: Span| {
        let start = span
            .start
            .checked_sub(1)
            .filter(|&at| cx.source.slice(Span::new(at, span.start)) == " ")?;
        Some(Edit {
            span: Span::new(start, span.end),
            replacement: String::new(),
        })
    };
    arguments.map(|argument| removed(argument.span)).collect()
}

/// The script without the commands that would empty the caches: `None` where one of them is more
/// than a link of a chain.
fn without_cleaning(
    cx: &DockerfileContext<'_>,
    run: &Run<'_>,
    calls: &[PackageCall<'_>],
    folders: &[&str],
) -> Option<Vec<Edit>> {
    let cleans = |call: &&Call| {
        let below = |folder: &&str| {
            deletes(call, folder)
                || (*folder == "/var/lib/apt" && deletes(call, "/var/lib/apt/lists"))
        };
        let by_manager = |other: PackageCall<'_>| {
            other.action == Action::Clean
                && calls
                    .iter()
                    .any(|call| call.manager.name == other.manager.name)
        };
        folders.iter().any(below) || understand(call).is_some_and(by_manager)
    };
    let cleaning: Vec<Span> = run
        .calls
        .iter()
        .filter(cleans)
        .map(|call| call.span)
        .collect();
    let Command::Shell(script) = run.command else {
        return None;
    };
    let pieces = if cleaning.is_empty() {
        Vec::new()
    } else {
        chain(script)?
    };
    let spans: Vec<Span> = pieces
        .iter()
        .map(|piece| script.text.source_span(piece.start, piece.end))
        .collect();
    let removed = |span: &Span| {
        let at = spans.iter().position(|piece| piece == span)?;
        let before = at.checked_sub(1).map(|before| spans[before].end)?;
        Some(Edit {
            span: Span::new(before, span.end),
            replacement: String::new(),
        })
    };
    // One that touches another is taken out with it by the next round of fixes.
    let edits: Option<Vec<Edit>> = cleaning.iter().map(removed).collect();
    let has_comment = |edit: &Edit| cx.source.slice(edit.span).contains('#');
    edits.filter(|edits| !edits.iter().any(has_comment))
}
