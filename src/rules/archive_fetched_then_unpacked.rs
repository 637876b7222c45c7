//! `archive-fetched-then-unpacked`: a RUN downloads and unpacks an archive, which ADD can do.

use super::support::archives::{extracts, is_packed};
use super::support::run_as_add::{consists_of, is_plain, plain_arguments};
use crate::lint::facts::{Argument, Call, Run};
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};
use crate::paths::file_name;
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "archive-fetched-then-unpacked",
    page: include_str!("../../rules/lint/archive-fetched-then-unpacked.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Options of tar that exclude, rename or redirect members, which ADD cannot do.
const SELECTIONS: [&str; 8] = [
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
    for run in cx.facts.runs() {
        // A checksum or signature check is reason enough to keep the steps separate.
        if run.verifies() {
            continue;
        }
        let Some(tar) = only_call(run, extracts) else {
            continue;
        };
        let Some(fetch) = only_call(run, is_curl_or_wget) else {
            continue;
        };
        let downloads = fetch.downloads();
        let [download] = &downloads[..] else { continue };
        // A URL without an archive name, or with a variable of the shell, may be anything.
        if !is_packed(file_name_of_url(download.url))
            || download.url.contains('$')
            || unpacks_selection(tar)
        {
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
            let edit = Edit::replace(cx.facts.steps[run.step].span, instruction);
            report.fix(Fix::marked_unsafe("use `ADD --unpack`", [edit]));
        }
    }
}

/// The only call of a RUN that has a property. With several downloads or archives, it is unknown
/// which belong together.
fn only_call<'r>(run: &'r Run<'_>, has_property: fn(&Call) -> bool) -> Option<&'r Call> {
    let mut calls = run.calls.iter().filter(|call| has_property(call));
    match (calls.next(), calls.next()) {
        (Some(call), None) => Some(call),
        _ => None,
    }
}

/// Whether a call runs one of the two programs whose options are known here.
fn is_curl_or_wget(call: &Call) -> bool {
    matches!(call.name.as_str(), "curl" | "wget")
}

/// The last component of a URL's path.
fn file_name_of_url(url: &str) -> &str {
    file_name(url.split(['?', '#']).next().unwrap_or_default())
}

/// Whether a call unpacks less than the whole archive, or under other names.
fn unpacks_selection(tar: &Call) -> bool {
    tar.has_unknown_options()
        || tar
            .words()
            .any(|word| SELECTIONS.iter().any(|option| word.starts_with(option)))
        || names_members(tar)
}

/// Whether a call names the members to unpack: words that are neither options nor their values.
fn names_members(tar: &Call) -> bool {
    let mut is_value = false;
    let words = tar.arguments.iter().flat_map(Argument::texts);
    for (index, word) in words.enumerate() {
        let is_short = index == 0 || word.starts_with('-') && !word.starts_with("--");
        // In a bundle such as `xzf`, only the last letter takes the next word.
        let takes_value =
            is_short && word.ends_with(['f', 'C']) || matches!(word, "--file" | "--directory");
        if !is_value && !is_short && !word.starts_with('-') {
            return true;
        }
        is_value = !is_value && takes_value;
    }
    false
}

/// The ADD that does what `curl URL | tar xz -C DIRECTORY` does.
fn as_add(cx: &DockerfileContext<'_>, run: &Run<'_>, fetch: &Call, tar: &Call) -> Option<String> {
    let between = Span::new(fetch.span.end, tar.span.start);
    let operator = cx
        .source
        .slice(between)
        .trim_matches(|c: char| c.is_whitespace() || c == cx.dockerfile.escape);
    if !consists_of(cx, run, 2) || operator != "|" {
        return None;
    }
    let url = piped_url(&plain_arguments(cx, run, fetch)?)?;
    let directory = target_directory(&plain_arguments(cx, run, tar)?)?;
    let directory = directory.trim_end_matches('/');
    Some(format!("ADD --unpack=true {url} {directory}/"))
}

/// The URL that curl or wget writes to standard output, if no option changes the download.
fn piped_url(arguments: &[String]) -> Option<String> {
    let mut url = None;
    for word in arguments {
        match word.as_str() {
            "--silent" | "--show-error" | "--fail" | "--location" | "--quiet" | "-" => {}
            // `-qO-` and `-fsSL` are bundles of the same options.
            word if word.starts_with('-')
                && !word.starts_with("--")
                && word[1..].chars().all(|c| "fsSLqnvO#-".contains(c)) => {}
            word if !word.starts_with('-') && url.is_none() => url = Some(word.to_owned()),
            _ => return None,
        }
    }
    url
}

/// The directory into which `tar` unpacks all of its standard input.
fn target_directory(arguments: &[String]) -> Option<String> {
    let mut directory = ".".to_owned();
    let mut words = arguments.iter().enumerate();
    while let Some((index, word)) = words.next() {
        match word.as_str() {
            "-C" | "--directory" => words.next()?.1.clone_into(&mut directory),
            // ADD detects the compression itself.
            "--extract" | "--gzip" | "--xz" | "--bzip2" | "--verbose" | "-" => {}
            letters if (index == 0 || letters.starts_with('-')) && !letters.starts_with("--") => {
                let letters = letters.trim_start_matches('-');
                let (letters, takes_directory) = match letters.strip_suffix('C') {
                    Some(rest) => (rest, true),
                    None => (letters, false),
                };
                if !letters.chars().all(|letter| "xzjJvf".contains(letter)) {
                    return None;
                }
                if takes_directory {
                    words.next()?.1.clone_into(&mut directory);
                }
            }
            _ => return None,
        }
    }
    if !is_plain(&directory) {
        return None;
    }
    Some(directory)
}
