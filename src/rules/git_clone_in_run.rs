//! `git-clone-in-run`: a RUN clones a repository that ADD can fetch.

use super::support::run_as_add::{consists_of, is_plain, plain_arguments};
use crate::lint::facts::{Argument, Call, Run};
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "git-clone-in-run",
    page: include_str!("../../rules/lint/git-clone-in-run.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Hosts on which `https://host/owner/name` is a repository even without the suffix `.git`. ADD
/// needs that suffix to distinguish a repository from a file.
const HOSTS: [&str; 4] = ["github.com", "gitlab.com", "bitbucket.org", "codeberg.org"];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for (run, call) in cx.facts.calls() {
        let Some(url) = cloned_url(call) else {
            continue;
        };
        let message = format!("`git` clones `{url}`; `ADD` can fetch it without `git`");
        let report = findings.add(call.span, message);
        // Unsafe, because ADD also fetches submodules and uses different credentials.
        if let Some(instruction) = as_add(cx, run, call) {
            let edit = Edit::replace(cx.facts.steps[run.step].span, instruction);
            report.fix(Fix::marked_unsafe("use `ADD`", [edit]));
        }
    }
}

/// The URL argument of `git clone`, if it is a network URL.
fn cloned_url(call: &Call) -> Option<&str> {
    if call.name != "git" {
        return None;
    }
    let mut words = call
        .arguments
        .iter()
        .flat_map(Argument::texts)
        .map(|text| text.trim_matches(['"', '\'']));
    // Options before the verb can have a value: `git -C /src clone`.
    let mut is_value = false;
    let verb = words.find(|word| {
        let is_verb = !word.starts_with('-') && !is_value;
        is_value = matches!(*word, "-c" | "-C");
        is_verb
    });
    if verb != Some("clone") {
        return None;
    }
    words.find(|word| {
        ["https://", "http://", "git://", "ssh://", "git@"]
            .iter()
            .any(|start| word.starts_with(start))
    })
}

/// The ADD that is equivalent to a RUN, if the RUN only clones a repository.
fn as_add(cx: &DockerfileContext<'_>, run: &Run<'_>, call: &Call) -> Option<String> {
    if !consists_of(cx, run, 1) {
        return None;
    }
    let arguments = plain_arguments(cx, run, call)?;
    let (places, branch) = clone_arguments(&arguments)?;
    let (url, directory) = match places[..] {
        // Git names the directory after the repository.
        [url] => {
            let name = url.trim_end_matches('/').rsplit('/').next()?;
            (url, name.trim_end_matches(".git"))
        }
        [url, directory] => (url, directory),
        _ => return None,
    };
    let host = url.strip_prefix("https://")?.split('/').next()?;
    let address = url.trim_end_matches('/');
    let has_suffix = address
        .rsplit_once('.')
        .is_some_and(|(_, extension)| extension == "git");
    // In ADD, the text after `#` is the reference.
    if !has_suffix && !HOSTS.contains(&host)
        || url.contains('#')
        || directory.is_empty()
        || !is_plain(directory)
    {
        return None;
    }
    let suffix = if has_suffix { "" } else { ".git" };
    let reference = branch
        .map(|branch| format!("#{branch}"))
        .unwrap_or_default();
    Some(format!(
        "ADD --keep-git-dir=true {address}{suffix}{reference} {directory}"
    ))
}

/// The operands of `git clone` and its branch; `None` if there is an option that ADD has no
/// equivalent for.
fn clone_arguments(arguments: &[String]) -> Option<(Vec<&str>, Option<&str>)> {
    let (mut operands, mut branch) = (Vec::new(), None);
    let mut words = arguments.iter();
    if words.next()? != "clone" {
        return None;
    }
    while let Some(word) = words.next() {
        let (option, value) = match word.split_once('=') {
            Some((option, value)) => (option, Some(value)),
            None => (word.as_str(), None),
        };
        match (option, value) {
            // ADD fetches one commit without tags anyway.
            ("--depth", Some(_)) | ("-q" | "--quiet" | "--single-branch" | "--no-tags", None) => {}
            ("--depth", None) => drop(words.next()?),
            ("-b" | "--branch", None) => branch = Some(words.next()?.as_str()),
            ("--branch", Some(value)) => branch = Some(value),
            _ if word.starts_with('-') => return None,
            _ => operands.push(word.as_str()),
        }
    }
    Some((operands, branch))
}
