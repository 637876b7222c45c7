//! `uncached-downloads`: packages are downloaded again in every build of a RUN.

use std::collections::HashSet;

use super::support::docker_clean::{self, KeptDownloads};
use super::support::layout::{WIDTH, continuation, indent};
use super::support::rewrite::prepend;
use crate::dockerfile::Command;
use crate::lint::facts::packages::{Action, PackageCall, understand};
use crate::lint::facts::{Argument, Call, Reach, Run, Step, User, chain, deletes};
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "uncached-downloads",
    page: include_str!("../../rules/lint/uncached-downloads.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
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
    let kept = KeptDownloads::of(cx.facts);
    let mut plans = Vec::new();
    for run in cx.facts.runs() {
        let mut calls = Vec::new();
        for call in run.package_calls() {
            let downloads = matches!(call.action, Action::Install | Action::Upgrade);
            if downloads
                && !acts_on_other_root(call.call)
                && directories(&call).is_some_and(|all| !is_mounted(run, all))
            {
                calls.push(call);
            }
        }
        if !calls.is_empty() {
            let edits = with_mounts(cx, run, &calls);
            plans.push(Plan { run, calls, edits });
        }
    }
    keep_downloads(cx, &kept, &mut plans);
    for plan in plans {
        let first = &plan.calls[0];
        let span = first.verb.map_or(first.call.name_span, |verb| {
            first.call.name_span.to(verb.argument.span)
        });
        let message = format!(
            "`{}` downloads packages again whenever this `RUN` is rebuilt",
            first.call.name
        );
        let report = findings.add(span, message);
        // The cache may not be there on the next builder, so the result is not always the same.
        if let Some(edits) = plan.edits {
            report.fix(Fix::marked_unsafe("add a cache mount", edits));
        }
    }
}

/// A RUN that downloads packages without a cache.
struct Plan<'r> {
    run: &'r Run<'r>,
    /// The calls that download; at least one.
    calls: Vec<PackageCall<'r>>,
    /// The edits that add mounts, if they can be added.
    edits: Option<Vec<Edit>>,
}

impl Plan<'_> {
    fn installs_with_apt(&self) -> bool {
        self.calls.iter().any(|call| call.manager.name == "apt")
    }

    /// Whether downloads of apt would be left in the layer if apt kept them.
    fn keeps_apt_in_layer(&self) -> bool {
        self.installs_with_apt() && self.edits.is_none()
    }
}

/// Makes apt keep its downloads in the first RUN of each stage that gets a mount for them.
fn keep_downloads(cx: &DockerfileContext<'_>, kept: &KeptDownloads, plans: &mut [Plan<'_>]) {
    // Without a mount, the downloads would stay in the layer.
    if plans.iter().any(Plan::keeps_apt_in_layer) {
        return;
    }
    let mut stages: HashSet<usize> = HashSet::new();
    for plan in plans {
        let stage = cx.facts.steps[plan.run.step].stage;
        let (Some(stage), true) = (stage, plan.installs_with_apt()) else {
            continue;
        };
        // Only the images of Debian and Ubuntu are known to have the file.
        let has_file = cx.facts.stages[stage]
            .known
            .is_some_and(|known| known.managers.iter().any(|name| name == "apt"));
        let is_done = kept.includes(cx.facts, plan.run)
            || cx
                .facts
                .ancestry(stage)
                .any(|stage| stages.contains(&stage.index));
        if !has_file || is_done {
            continue;
        }
        let removal = prepend(cx, plan.run, &format!("rm -f {}", docker_clean::PATH));
        if let (Some(edits), Some(removal)) = (&mut plan.edits, removal) {
            // The flags, which are the first edit, end at the start of the script.
            if edits[0].span.end == removal.span.start {
                edits[0].replacement.push_str(&removal.replacement);
            } else {
                edits.push(removal);
            }
            stages.insert(stage);
        }
    }
}

/// Whether a call of dnf acts on the system in another directory, which has a cache of its own.
fn acts_on_other_root(call: &Call) -> bool {
    call.words().any(|word| {
        word.strip_prefix("--installroot")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    })
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
    let mut flags = Vec::new();
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
                flags.push(format!("--mount=type=cache,target={directory}{sharing}"));
            }
        }
    }
    let mut edits = vec![add_flags(cx, step, &flags)?];
    for call in calls {
        edits.extend(remove_options(cx, call)?);
    }
    edits.extend(remove_cleaning(cx, run, calls, &all)?);
    Some(edits)
}

/// Inserts flags after the keyword. Several flags, or a flag that would make the line too long, get
/// a line each.
fn add_flags(cx: &DockerfileContext<'_>, step: &Step<'_>, flags: &[String]) -> Option<Edit> {
    let instruction = step.instruction;
    let keyword = instruction.keyword.span;
    let next = match instruction.flags.first() {
        Some(flag) => flag.span.start,
        None => instruction.arguments.source_offset(0),
    };
    let between = Span::new(keyword.end, next.max(keyword.end));
    let line = cx.source.line_span(cx.source.line(keyword.start));
    let width = cx.source.slice(line).chars().count() + 1 + flags.first()?.len();
    let continuation = format!(" {}", continuation(cx, &indent(cx, step.span)));
    let is_inline = flags.len() == 1 && width <= WIDTH;
    let separator = if is_inline {
        " "
    } else {
        continuation.as_str()
    };
    // A line break after the keyword stays where it is.
    let (span, end) = if cx.source.slice(between).contains('\n') {
        (Span::at(keyword.end), "")
    } else {
        (between, separator)
    };
    Some(Edit::replace(
        span,
        format!(" {}{end}", flags.join(separator)),
    ))
}

/// Removes `--no-cache-dir` and the like.
fn remove_options(cx: &DockerfileContext<'_>, call: &PackageCall<'_>) -> Option<Vec<Edit>> {
    let options = call.call.arguments.iter();
    let options = options.filter(|option| call.manager.no_cache.contains(&option.raw.as_str()));
    remove_words(cx, options)
}

/// Removes arguments, each with the blank before it; `None` if one of them has another place.
fn remove_words<'a>(
    cx: &DockerfileContext<'_>,
    arguments: impl Iterator<Item = &'a Argument>,
) -> Option<Vec<Edit>> {
    let mut edits = Vec::new();
    for argument in arguments {
        // After a line continuation, removing the word would leave an empty line.
        let start = argument.span.start.checked_sub(1)?;
        let line = cx.source.line_span(cx.source.line(start));
        let is_first = cx
            .source
            .slice(Span::new(line.start, start))
            .trim()
            .is_empty();
        if is_first || cx.source.slice(Span::new(start, argument.span.start)) != " " {
            return None;
        }
        edits.push(Edit::remove(Span::new(start, argument.span.end)));
    }
    Some(edits)
}

/// Removes the commands that would empty the caches, and the words by which others would; `None`
/// if that cannot be done without a change to what else they do.
fn remove_cleaning(
    cx: &DockerfileContext<'_>,
    run: &Run<'_>,
    calls: &[PackageCall<'_>],
    directories: &[&str],
) -> Option<Vec<Edit>> {
    let (mut edits, mut commands) = (Vec::new(), Vec::new());
    for call in &run.calls {
        if call.name != "rm" {
            if cleans(call, calls, directories) {
                commands.push(call.span);
            }
            continue;
        }
        let paths = call
            .arguments
            .iter()
            .filter(|path| !path.raw.starts_with('-'));
        let (mut inside, mut elsewhere) = (Vec::new(), 0);
        for path in paths {
            match Reach::of(path, directories) {
                Reach::Inside => inside.push(path),
                Reach::Elsewhere => elsewhere += 1,
                Reach::Around => return None,
            }
        }
        // `rm` may delete the sources of a program, too.
        if elsewhere > 0 {
            edits.extend(remove_words(cx, inside.into_iter())?);
        } else if !inside.is_empty() {
            commands.push(call.span);
        }
    }
    edits.extend(remove_commands(cx, run, &commands)?);
    Some(edits)
}

/// Removes commands from a script; `None` if one of them is not an element of a `&&` chain.
fn remove_commands(
    cx: &DockerfileContext<'_>,
    run: &Run<'_>,
    commands: &[Span],
) -> Option<Vec<Edit>> {
    if commands.is_empty() {
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
    for span in commands {
        // Each is removed with the `&&` before it, so the first command of the chain cannot be
        // removed. If two adjacent edits overlap, the next pass removes the second command.
        let index = pieces.iter().position(|piece| piece == span)?;
        let before = pieces[index.checked_sub(1)?];
        let removed = Span::new(before.end, span.end);
        if cx.source.slice(removed).contains('#') {
            return None;
        }
        edits.push(Edit::remove(removed));
    }
    Some(edits)
}

/// Whether a call other than `rm` empties the cache of one of these package managers.
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
        && !acts_on_other_root(call.call)
        && calls
            .iter()
            .any(|other| other.manager.name == call.manager.name)
}
