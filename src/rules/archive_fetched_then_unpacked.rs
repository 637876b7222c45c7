//! `archive-fetched-then-unpacked`: a RUN downloads and unpacks an archive, which ADD can do.

use super::support::archives::{extracts, is_packed};
use super::support::fetched::{Words, alone, is_plain};
use crate::lint::facts::{Argument, Call, Run};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "archive-fetched-then-unpacked",
    page: include_str!("../../rules/lint/archive-fetched-then-unpacked.md"),
    dockerfile: Some(check),
    image: None,
};

/// What makes tar leave something out or put it elsewhere, which ADD cannot.
const CHANGES: [&str; 8] = [
    "--strip",
    "--transform",
    "--xform",
    "--wildcards",
    "--exclude",
    "--files-from",
    "--to-stdout",
    "--one-top-level",
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs().iter().filter(|run| !run.verifies()) {
        let mut tars = run.calls.iter().filter(|call| extracts(call));
        let (Some(tar), None) = (tars.next(), tars.next()) else {
            continue;
        };
        let mut fetches = run
            .calls
            .iter()
            .filter(|call| matches!(call.name.as_str(), "curl" | "wget"));
        let (Some(fetch), None) = (fetches.next(), fetches.next()) else {
            continue;
        };
        let downloads = fetch.downloads();
        let [download] = &downloads[..] else { continue };
        let name = download
            .url
            .split(['?', '#'])
            .next()
            .and_then(|path| path.rsplit('/').next())
            .unwrap_or_default();
        if !is_packed(name) || download.url.contains('$') || changes(tar) {
            continue;
        }
        let message = format!(
            "`{}` downloads an archive for `{}`; `ADD --unpack` does both",
            fetch.name, tar.name
        );
        let report = findings
            .add(fetch.name_span, message)
            .label(tar.name_span, "unpacked here");
        if let Some(instruction) = as_add(cx, run, fetch, tar) {
            let edit = Edit {
                span: cx.facts.steps[run.step].span,
                replacement: instruction,
            };
            report.fix(Fix::new(
                "use `ADD --unpack`",
                Applicability::Unsafe,
                vec![edit],
            ));
        }
    }
}

/// Whether it unpacks less than all, or does so under other names.
fn changes(tar: &Call) -> bool {
    let is_hidden = tar
        .arguments
        .iter()
        .any(|argument| argument.values.is_none() && argument.raw.starts_with('$'));
    is_hidden
        || tar
            .words()
            .any(|word| CHANGES.iter().any(|change| word.starts_with(change)))
        || chooses(tar)
}

/// Whether it is told which members to unpack: words that are neither options nor their values.
fn chooses(tar: &Call) -> bool {
    let mut is_value = false;
    tar.arguments
        .iter()
        .flat_map(Argument::texts)
        .enumerate()
        .any(|(at, word)| {
            let is_short = at == 0 || word.starts_with('-') && !word.starts_with("--");
            let takes_value =
                is_short && word.ends_with(['f', 'C']) || matches!(word, "--file" | "--directory");
            let is_member = !is_value && !is_short && !word.starts_with('-');
            is_value = !is_value && takes_value;
            is_member
        })
}

/// The ADD that does what `curl URL | tar xz -C FOLDER` does.
fn as_add(cx: &DockerfileContext<'_>, run: &Run<'_>, fetch: &Call, tar: &Call) -> Option<String> {
    alone(cx, run, 2)?;
    let is_pipe = cx
        .source
        .slice(crate::source::Span::new(fetch.span.end, tar.span.start))
        .trim_matches(|c: char| c.is_whitespace() || c == cx.dockerfile.escape)
        == "|";
    let url = fetched(&Words::of(cx, run, fetch)?)?;
    let folder = unpacked(&Words::of(cx, run, tar)?)?;
    is_pipe.then(|| format!("ADD --unpack=true {url} {}/", folder.trim_end_matches('/')))
}

/// The address that is written to standard output, by options that change nothing of it.
fn fetched(words: &Words) -> Option<String> {
    let is_silent = |letters: &str| letters.chars().all(|letter| "fsSLqnvO#-".contains(letter));
    let mut url = None;
    for word in &words.0 {
        match word.as_str() {
            "--silent" | "--show-error" | "--fail" | "--location" | "--quiet" | "-" => {}
            word if word.starts_with('-') && !word.starts_with("--") && is_silent(&word[1..]) => {}
            word if !word.starts_with('-') && url.is_none() => url = Some(word.to_owned()),
            _ => return None,
        }
    }
    url
}

/// The folder into which `tar` unpacks all of its standard input.
fn unpacked(words: &Words) -> Option<String> {
    let mut folder = ".".to_owned();
    let mut words = words.0.iter().enumerate();
    while let Some((at, word)) = words.next() {
        match word.as_str() {
            "-C" | "--directory" => words.next()?.1.clone_into(&mut folder),
            "--extract" | "--gzip" | "--xz" | "--bzip2" | "--verbose" | "-" => {}
            letters if (at == 0 || letters.starts_with('-')) && !letters.starts_with("--") => {
                let letters = letters.trim_start_matches('-');
                let (letters, takes_folder) = letters
                    .strip_suffix('C')
                    .map_or((letters, false), |rest| (rest, true));
                if !letters.chars().all(|letter| "xzjJvf".contains(letter)) {
                    return None;
                }
                if takes_folder {
                    words.next()?.1.clone_into(&mut folder);
                }
            }
            _ => return None,
        }
    }
    is_plain(&folder).then_some(folder)
}
