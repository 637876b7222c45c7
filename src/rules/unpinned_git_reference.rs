//! `unpinned-git-reference`: a Git repository is not pinned to a commit.

use super::support::steps::of_kind;
use crate::dockerfile::Kind;
use crate::lint::facts::{Call, Run};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unpinned-git-reference",
    page: include_str!("../../rules/lint/unpinned-git-reference.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Common branch names. Any other name may be a tag.
const BRANCHES: [&str; 9] = [
    "main", "master", "develop", "dev", "trunk", "HEAD", "head", "next", "latest",
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        if checks_out_commit(run) {
            continue;
        }
        for call in run.calls.iter().filter(|call| is_unpinned_clone(call)) {
            findings.add(call.span, "repository is not pinned to a commit");
        }
    }
    for step in of_kind(cx, &[Kind::Add]) {
        for (word, url) in cx.facts.source_paths(step) {
            if is_unpinned_repository(&url) {
                findings.add(word.span, "repository is not pinned to a commit");
            }
        }
    }
}

/// Whether a RUN selects a commit after cloning: `git checkout v1`, `git reset --hard …`,
/// `git fetch origin COMMIT`.
fn checks_out_commit(run: &Run<'_>) -> bool {
    run.calls.iter().any(|call| {
        call.name == "git"
            && call.words().any(|word| {
                matches!(
                    word,
                    "checkout" | "reset" | "switch" | "fetch" | "submodule" | "worktree"
                )
            })
    })
}

/// Whether a call clones a remote repository without a reference or with a branch name. A variable
/// counts as a deliberate choice.
fn is_unpinned_clone(call: &Call) -> bool {
    let words: Vec<&str> = call
        .arguments
        .iter()
        .filter_map(|argument| argument.texts().next())
        .collect();
    // Cloning a local directory is not a download.
    let is_remote = words
        .iter()
        .any(|word| word.contains("://") || (word.contains('@') && word.contains(':')));
    if call.name != "git" || !words.contains(&"clone") || !is_remote {
        return false;
    }
    let mut branch = None;
    for (index, word) in words.iter().enumerate() {
        let value = match *word {
            "-b" | "--branch" | "--revision" => words.get(index + 1).copied(),
            word => word
                .strip_prefix("--branch=")
                .or_else(|| word.strip_prefix("--revision=")),
        };
        branch = branch.or(value);
    }
    branch.is_none_or(|branch| BRANCHES.contains(&branch))
}

/// Whether an ADD source is a repository without a reference or with a branch name.
fn is_unpinned_repository(url: &str) -> bool {
    let (repository, fragment) = url.split_once('#').unwrap_or((url, ""));
    let (repository, query) = repository.split_once('?').unwrap_or((repository, ""));
    let is_git = repository.starts_with("git@")
        || repository.starts_with("git://")
        || (repository.starts_with("https://") && repository.rsplit('.').next() == Some("git"));
    // BuildKit also takes the reference from the query of the URL.
    let has_query_reference = ["tag=", "commit=", "checksum=", "ref="]
        .iter()
        .any(|key| query.contains(key));
    if !is_git || has_query_reference {
        return false;
    }
    // The part after a colon is a directory in the repository.
    let reference = fragment.split(':').next().unwrap_or_default();
    reference.is_empty() || BRANCHES.contains(&reference.trim_start_matches("refs/heads/"))
}
