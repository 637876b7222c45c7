//! `downloaded-archive-left`: a downloaded archive or package remains in the layer.

use super::support::archives::{ends_in, extracts, is_packed};
use super::support::options::letters;
use crate::lint::facts::packages::{self, Action};
use crate::lint::facts::{Argument, Call, Run, deletes, glob_matches};
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::paths::file_name;
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "downloaded-archive-left",
    page: include_str!("../../rules/lint/downloaded-archive-left.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Names of archives and packages that are not tar archives.
const OTHER_ARCHIVES: [&str; 6] = [".zip", ".7z", ".deb", ".rpm", ".apk", ".rar"];

/// The number of downloads of one RUN that are followed. Each is compared with all later calls, so
/// more would take quadratic time.
const MOST_DOWNLOADS: usize = 50;

/// A file that a call downloads.
struct Archive<'c> {
    /// The path, or the text as written if the path is unknown.
    path: &'c str,
    /// The argument that names it.
    span: Span,
}

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        // The layers of builder stages are not pushed.
        if !cx.facts.may_be_in_final_image(&cx.facts.steps[run.step]) {
            continue;
        }
        let calls = run.calls.iter().enumerate();
        let downloads = calls
            .filter(|(_, call)| is_fetcher(call))
            .take(MOST_DOWNLOADS);
        for (index, call) in downloads {
            let Some(archive) = archive(call) else {
                continue;
            };
            let later = &run.calls[index + 1..];
            let Some(used) = later.iter().position(|call| unpacks(call, &archive)) else {
                continue;
            };
            let is_removed = later[used..].iter().any(|call| removes(call, &archive));
            if is_removed || is_mounted(run, &archive) {
                continue;
            }
            let name = file_name(archive.path);
            findings
                .add(archive.span, format!("`{name}` remains in the layer"))
                .label(later[used].name_span, "not used after this");
        }
    }
}

fn is_fetcher(call: &Call) -> bool {
    matches!(call.name.as_str(), "curl" | "wget")
}

/// The archive that a call downloads.
fn archive(call: &Call) -> Option<Archive<'_>> {
    let downloads = call.downloads();
    // With several files, nothing shows which is which.
    let [download] = downloads.as_slice() else {
        return None;
    };
    let (path, span) = match output(call) {
        Some(argument) => (text(argument), argument.span),
        // Without a name, curl writes to the standard output.
        None if call.name == "curl" && !keeps_name(call) => return None,
        None => {
            let url = download.url.split(['?', '#']).next().unwrap_or_default();
            (file_name(url), download.span)
        }
    };
    if is_packed(path) || ends_in(path, &OTHER_ARCHIVES) {
        Some(Archive { path, span })
    } else {
        None
    }
}

/// The argument that names the file to write: after `-o` of curl, `-O` of wget.
fn output(call: &Call) -> Option<&Argument> {
    let letter = if call.name == "curl" { 'o' } else { 'O' };
    let mut arguments = call.arguments.iter();
    while let Some(argument) = arguments.next() {
        let word = argument.single().unwrap_or_default();
        let is_long = matches!(word, "--output" | "--output-document");
        // The last letter of a bundle takes the next word: `-sSLo`.
        if is_long || (!word.starts_with("--") && letters(word, "").ends_with(letter)) {
            return arguments.next();
        }
    }
    None
}

/// Whether curl names the file as the URL does.
fn keeps_name(call: &Call) -> bool {
    call.words()
        .any(|word| word == "--remote-name" || letters(word, "").contains('O'))
}

fn text(argument: &Argument) -> &str {
    argument
        .single()
        .unwrap_or_else(|| argument.raw.trim_matches(['"', '\'']))
}

/// Whether a call unpacks or installs an archive, so that it is not needed any more.
fn unpacks(call: &Call, archive: &Archive<'_>) -> bool {
    let installs = packages::understand(call).is_some_and(|call| call.action == Action::Install);
    let reads = extracts(call)
        || installs
        || matches!(
            call.name.as_str(),
            "unzip" | "7z" | "7za" | "dpkg" | "unrar" | "bsdtar"
        );
    reads
        && call
            .arguments
            .iter()
            .any(|argument| is_same(text(argument), archive))
}

/// Whether a path is that of an archive, as far as the working directory lets one say.
fn is_same(path: &str, archive: &Archive<'_>) -> bool {
    let is_relative = !path.starts_with('/') || !archive.path.starts_with('/');
    path == archive.path || (is_relative && file_name(path) == file_name(archive.path))
}

/// Whether a call removes an archive, or may do so.
fn removes(call: &Call, archive: &Archive<'_>) -> bool {
    // Some programs take the archive away themselves.
    if deletes(call, archive.path) || call.name == "mv" {
        return true;
    }
    match call.name.as_str() {
        "rm" | "unlink" | "shred" => {
            let is_recursive = call
                .words()
                .any(|word| letters(word, "").contains(['r', 'R']));
            let mut paths = call.arguments.iter().map(text);
            paths.any(|path| is_same(path, archive) || covers(path, is_recursive, archive))
        }
        "find" => call.words().any(|word| matches!(word, "-delete" | "rm")),
        _ => false,
    }
}

/// Whether a path that is removed is a pattern for the archive, or may be a directory above it.
fn covers(path: &str, is_recursive: bool, archive: &Archive<'_>) -> bool {
    // Package managers maintain these, and archives are not downloaded to them.
    let is_of_manager = ["/var/lib/", "/var/cache/"]
        .iter()
        .any(|start| path.starts_with(start));
    if path.starts_with('-') || is_of_manager {
        return false;
    }
    if path.starts_with('/') && archive.path.starts_with('/') {
        return glob_matches(path, archive.path);
    }
    // The working directory is not known here, so any directory may be above a relative path.
    is_recursive || glob_matches(file_name(path), file_name(archive.path))
}

/// Whether the archive is in a mount, and so not in the layer.
fn is_mounted(run: &Run<'_>, archive: &Archive<'_>) -> bool {
    // A relative path may be in any of them.
    run.keeps_out(archive.path)
        || (!archive.path.starts_with('/')
            && run
                .mounts
                .iter()
                .any(|mount| matches!(mount.kind.as_str(), "cache" | "tmpfs")))
}
