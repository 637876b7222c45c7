//! `unpinned-git-reference`: a Git repository is not pinned to a commit.

use crate::dockerfile::{Body, CopySource, Kind};
use crate::lint::facts::{Call, Run};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unpinned-git-reference",
    page: include_str!("../../rules/lint/unpinned-git-reference.md"),
    dockerfile: Some(check),
    image: None,
};

/// Branches by their usual names.
const BRANCHES: [&str; 9] = [
    "main", "master", "develop", "dev", "trunk", "HEAD", "head", "next", "latest",
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs().iter().filter(|run| !chooses_a_commit(run)) {
        for call in run.calls.iter().filter(|call| is_loose_clone(call)) {
            findings.add(call.span, "repository is not pinned to a commit");
        }
    }
    for step in cx
        .facts
        .steps
        .iter()
        .filter(|step| step.kind() == Kind::Add)
    {
        let Body::Transfer { sources, .. } = &step.instruction.body else {
            continue;
        };
        for source in sources {
            let CopySource::Path(word) = source else {
                continue;
            };
            let Some(url) = cx.facts.expand(step, word) else {
                continue;
            };
            if is_loose_repository(&url) {
                findings.add(word.span, "repository is not pinned to a commit");
            }
        }
    }
}

/// `git checkout v1`, `git reset --hard …`, `git fetch origin <commit>`, in the same RUN.
fn chooses_a_commit(run: &Run<'_>) -> bool {
    run.calls.iter().any(|call| {
        let chooses = |word: &str| {
            matches!(
                word,
                "checkout" | "reset" | "switch" | "fetch" | "submodule" | "worktree"
            )
        };
        call.name == "git" && call.words().any(chooses)
    })
}

/// A clone of a whole branch; with a variable in its place somebody chooses.
fn is_loose_clone(call: &Call) -> bool {
    let words: Vec<&str> = call
        .arguments
        .iter()
        .filter_map(|argument| argument.texts().next())
        .collect();
    let remote = |word: &&str| word.contains("://") || (word.contains('@') && word.contains(':'));
    if call.name != "git" || !words.contains(&"clone") || !words.iter().any(remote) {
        return false;
    }
    let branch = words.iter().enumerate().find_map(|(at, word)| match *word {
        "-b" | "--branch" | "--revision" => words.get(at + 1).copied(),
        word => word
            .strip_prefix("--branch=")
            .or_else(|| word.strip_prefix("--revision=")),
    });
    branch.is_none_or(|branch| BRANCHES.contains(&branch))
}

/// A repository for ADD, without a reference or with that of a branch.
fn is_loose_repository(url: &str) -> bool {
    let (repository, reference) = url
        .split_once('#')
        .map_or((url, None), |(url, reference)| (url, Some(reference)));
    let (repository, query) = repository
        .split_once('?')
        .map_or((repository, ""), |(url, query)| (url, query));
    let is_git = repository.starts_with("git@")
        || repository.starts_with("git://")
        || (repository.starts_with("https://") && repository.rsplit('.').next() == Some("git"));
    let pinned = ["tag=", "commit=", "checksum=", "ref="]
        .iter()
        .any(|key| query.contains(key));
    let reference = reference
        .and_then(|reference| reference.split(':').next())
        .filter(|name| !name.is_empty());
    is_git
        && !pinned
        && reference.is_none_or(|name| BRANCHES.contains(&name.trim_start_matches("refs/heads/")))
}
