//! `invalid-git-url`: the query of a Git URL in ADD is not valid.

use super::support::git_urls::{query_fault, query_value};
use super::support::remotes::Remote;
use super::support::steps::of_kind;
use super::support::words::known_value;
use crate::dockerfile::{Body, CopySource, Kind, is_boolean};
use crate::lint::facts::Step;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "invalid-git-url",
    page: include_str!("../../rules/lint/invalid-git-url.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // COPY of a repository is `url-in-copy`.
    for step in of_kind(cx, &[Kind::Add]) {
        let Body::Transfer { sources, .. } = &step.instruction.body else {
            continue;
        };
        for source in sources {
            let CopySource::Path(word) = source else {
                continue;
            };
            let Some(url) = known_value(cx, step, word) else {
                continue;
            };
            if !matches!(Remote::of(&url), Some(Remote::Git | Remote::GithubPath)) {
                continue;
            }
            if let Some(fault) = query_fault(&url).or_else(|| flag_conflict(cx, step, &url)) {
                findings.add(word.span, fault);
            }
        }
    }
}

/// The contradiction between the query and a flag.
fn flag_conflict(cx: &DockerfileContext<'_>, step: &Step<'_>, url: &str) -> Option<String> {
    if let Some(flag) = step.flag("keep-git-dir")
        && let Some(value) = query_value(url, "keep-git-dir")
    {
        // Neither needs a value to be true, and the query takes more words than the flag.
        let keeps = value.is_empty() || is_true(&value);
        let flag = flag.value.as_ref().map(|word| word.text.as_str());
        if flag.is_none_or(|flag| flag.eq_ignore_ascii_case("true")) != keeps {
            return Some("`keep-git-dir` contradicts the `--keep-git-dir` flag".to_owned());
        }
    }
    let word = step.flag("checksum")?.value.as_ref()?;
    let checksum = known_value(cx, step, word)?;
    let commit = query_value(url, "checksum").or_else(|| query_value(url, "commit"))?;
    if checksum.is_empty() || checksum == commit {
        return None;
    }
    Some(format!("`{commit}` does not match `--checksum`"))
}

/// Whether a word is true for Go's `strconv.ParseBool`.
fn is_true(word: &str) -> bool {
    is_boolean(word) && matches!(word.as_bytes().first(), Some(b'1' | b't' | b'T'))
}
