//! `git-clone-in-run`: a RUN clones a repository that ADD can fetch.

use super::support::fetched::{Words, alone, is_plain};
use crate::lint::facts::{Argument, Call, Run};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "git-clone-in-run",
    page: include_str!("../../rules/lint/git-clone-in-run.md"),
    dockerfile: Some(check),
    image: None,
};

/// Where `https://host/owner/name` is a repository without `.git` after it.
const HOSTS: [&str; 4] = ["github.com", "gitlab.com", "bitbucket.org", "codeberg.org"];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        for call in run.calls.iter().filter(|call| call.name == "git") {
            let Some(url) = cloned(call) else { continue };
            let report = findings.add(
                call.span,
                format!("`git` clones `{url}`; `ADD` can fetch it without `git`"),
            );
            if let Some(instruction) = as_add(cx, run, call) {
                let edit = Edit {
                    span: cx.facts.steps[run.step].span,
                    replacement: instruction,
                };
                report.fix(Fix::new("use `ADD`", Applicability::Unsafe, vec![edit]));
            }
        }
    }
}

/// The address that `git clone` is given, if it is one of the network.
fn cloned(call: &Call) -> Option<&str> {
    let mut words = call
        .arguments
        .iter()
        .flat_map(Argument::texts)
        .map(|text| text.trim_matches(['"', '\'']));
    let mut is_value = false;
    let verb = words.find(|word| {
        let is_verb = !word.starts_with('-') && !is_value;
        is_value = matches!(*word, "-c" | "-C");
        is_verb
    });
    verb.filter(|verb| *verb == "clone")?;
    words.find(|word| {
        ["https://", "http://", "git://", "ssh://", "git@"]
            .iter()
            .any(|start| word.starts_with(start))
    })
}

/// The ADD that does what a RUN does, if that is cloning alone, with options that make no
/// difference.
fn as_add(cx: &DockerfileContext<'_>, run: &Run<'_>, call: &Call) -> Option<String> {
    alone(cx, run, 1)?;
    let words = Words::of(cx, run, call)?;
    let (mut places, mut branch) = (Vec::new(), None);
    let mut words = words.0.iter();
    if words.next()? != "clone" {
        return None;
    }
    while let Some(word) = words.next() {
        match word
            .split_once('=')
            .map_or((word.as_str(), None), |(option, value)| {
                (option, Some(value))
            }) {
            ("--depth", Some(_)) | ("-q" | "--quiet" | "--single-branch" | "--no-tags", None) => {}
            ("--depth", None) => drop(words.next()?),
            ("-b" | "--branch", None) => branch = Some(words.next()?.as_str()),
            ("--branch", Some(value)) => branch = Some(value),
            _ if word.starts_with('-') => return None,
            _ => places.push(word.as_str()),
        }
    }
    let (url, folder) = match places[..] {
        [url] => (
            url,
            url.trim_end_matches('/')
                .rsplit('/')
                .next()?
                .trim_end_matches(".git"),
        ),
        [url, folder] => (url, folder),
        _ => return None,
    };
    let host = url.strip_prefix("https://")?.split('/').next()?;
    let address = url.trim_end_matches('/');
    let is_named = address
        .rsplit_once('.')
        .is_some_and(|(_, extension)| extension == "git");
    if !is_named && !HOSTS.contains(&host)
        || url.contains('#')
        || folder.is_empty()
        || !is_plain(folder)
    {
        return None;
    }
    let suffix = if is_named { "" } else { ".git" };
    let reference = branch
        .map(|branch| format!("#{branch}"))
        .unwrap_or_default();
    Some(format!(
        "ADD --keep-git-dir=true {address}{suffix}{reference} {folder}"
    ))
}
