//! `signature-verification-off`: packages are installed without verifying their signatures.

use super::support::switches::{self, DNF_PROGRAMS as DNF, Switch, Variable, switch, variable};
use crate::knowledge::ProgramClass;
use crate::lint::facts::packages::{self, Action};
use crate::lint::facts::{Argument, Call, Run, Step, glob_matches};
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::paths::file_name;

pub(super) const RULE: Rule = Rule {
    name: "signature-verification-off",
    page: include_str!("../../rules/lint/signature-verification-off.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Options that install packages without verifying their signatures.
const SWITCHES: [Switch; 31] = [
    switch(&["apk"], &["--allow-untrusted"]),
    switch(&["apt"], &["--allow-unauthenticated"]),
    switch(&["apt"], &["--allow-insecure-repositories"]),
    // This also accepts packages without a signature, see apt-get(8).
    switch(&["apt"], &["--force-yes"]),
    switch(&["apt"], &["*AllowUnauthenticated=true"]),
    switch(&["apt"], &["*AllowUnauthenticated=1"]),
    switch(&["apt"], &["*AllowInsecureRepositories=true"]),
    switch(&["apt"], &["*AllowInsecureRepositories=1"]),
    switch(
        &["echo", "printf", "sed", "tee", "add-apt-repository"],
        &["*deb*[*trusted=yes*]*"],
    ),
    switch(&["debootstrap"], &["--no-check-gpg"]),
    switch(&["dpkg"], &["--force-bad-verify"]),
    switch(DNF, &["--nogpgcheck"]),
    switch(DNF, &["--no-gpgchecks"]),
    switch(DNF, &["--setopt=*gpgcheck=0"]),
    switch(DNF, &["--setopt=*gpgcheck=false"]),
    switch(DNF, &["--setopt=*gpgcheck=no"]),
    switch(DNF, &["--setopt", "*gpgcheck=0"]),
    switch(DNF, &["--setopt", "*gpgcheck=false"]),
    switch(&["zypper"], &["--no-gpg-checks"]),
    switch(&["zypper"], &["--no-gpgcheck"]),
    switch(&["zypper"], &["--gpgcheck-allow-unsigned*"]),
    switch(&["zypper"], &["--allow-unsigned-rpm"]),
    switch(&["rpm"], &["--nodigest"]),
    switch(&["rpm"], &["--nosignature"]),
    switch(&["rpm"], &["--noverify"]),
    switch(&["rpm"], &["--nofiledigest"]),
    switch(&["echo", "printf", "sed", "tee"], &["*SigLevel*Never*"]),
    switch(&["go"], &["env", "-w", "GOSUMDB=off"]),
    switch(&["go"], &["env", "-w", "GONOSUMCHECK=*"]),
    switch(&["helm"], &["--insecure-skip-verify"]),
    switch(&["skopeo"], &["--insecure-policy"]),
];

/// Variables that do the same.
const VARIABLES: [Variable; 2] = [
    variable("GOSUMDB", &["off"]),
    variable("DOCKER_CONTENT_TRUST", &["0"]),
];

/// Whether a call installs a package file. Without the key that signed it, the package could
/// not be installed at all.
fn installs_file(call: &Call) -> bool {
    let mut words = call.arguments.iter().flat_map(Argument::texts);
    words.any(|word| {
        let word = word.trim_matches(['"', '\'']);
        [".apk", ".deb", ".rpm"]
            .iter()
            .any(|end| word.ends_with(end))
    })
}

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for (run, call) in cx.facts.calls() {
        let Some((span, word)) = switches::find(call, &SWITCHES) else {
            continue;
        };
        if is_local(cx, run, call, &word) {
            continue;
        }
        let report = findings.add(span, format!("`{word}` disables signature verification"));
        // An option with a value may set several things, and a line in a configuration file is not
        // an option at all.
        let is_switch = word.starts_with("--") && !word.contains('=');
        if is_switch
            && !installs_file(call)
            && let Some(fix) = switches::removal(cx, run, call, span, "verify the signatures")
        {
            report.fix(fix);
        }
    }
    switches::report_variables(cx, &VARIABLES, "disables signature verification", findings);
}

/// Verbs of apk that read packages and install none.
const READING: [&str; 8] = [
    "index", "mkndx", "mkpkg", "verify", "manifest", "extract", "convndx", "info",
];

/// Whether a call uses only packages that were built or copied here. A signature would prove who
/// built a package that came over a network.
fn is_local(cx: &DockerfileContext<'_>, run: &Run<'_>, call: &Call, word: &str) -> bool {
    // A line of a source list, which `echo` or `sed` writes.
    if word.to_ascii_lowercase().contains("trusted=yes") {
        return has_local_source(word);
    }
    let Some(manager) = packages::manager(call) else {
        return false;
    };
    match packages::understand(call) {
        Some(packages) if packages.action == Action::Install => {
            uses_local_repository(call)
                || installs_local_files(&packages) && !fetches_any(cx, run, &packages)
        }
        Some(_) => false,
        None if manager.name == "apk" => call.words().any(|word| READING.contains(&word)),
        // The other options of rpm show or verify something.
        None => manager.name == "rpm",
    }
}

/// Whether every `[trusted=yes]` of a text is that of a directory: `deb [trusted=yes] file:/repo`.
fn has_local_source(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let mut sources = text.split("trusted=yes").skip(1);
    sources.all(|rest| {
        let (_, address) = rest.split_once(']').unwrap_or_default();
        let address = address.trim_start();
        ["file:", "copy:", "cdrom:"]
            .iter()
            .any(|scheme| address.starts_with(scheme))
    })
}

/// Whether an option names a directory as the repository: `apk add -X /packages`.
fn uses_local_repository(call: &Call) -> bool {
    let mut words = call.words();
    while let Some(word) = words.next() {
        let value = match word {
            "-X" | "--repository" | "--repofrompath" => words.next(),
            _ => word
                .strip_prefix("--repository=")
                .or_else(|| word.strip_prefix("--repofrompath=")),
        };
        // dnf has the name of the repository before its place: `name,/packages`.
        let place = value.map(|value| value.rsplit(',').next().unwrap_or(value));
        if place.is_some_and(|place| place.starts_with("file:") || is_path(place)) {
            return true;
        }
    }
    false
}

/// Whether all packages of a call are files.
fn installs_local_files(call: &packages::PackageCall<'_>) -> bool {
    // Of a word with an unknown value, its beginning may still show that it is a path.
    let mut hidden = call.call.arguments.iter();
    let is_hidden_local = hidden.all(|argument| {
        argument.values.is_some() || is_path(argument.raw.trim_matches(['"', '\'']))
    });
    let has_files = call.packages.iter().all(|package| is_file(package.word));
    let has_any = !call.packages.is_empty()
        || call
            .call
            .arguments
            .iter()
            .any(|argument| argument.values.is_none());
    has_any && has_files && is_hidden_local
}

fn is_path(word: &str) -> bool {
    word.starts_with(['/', '.', '~'])
}

fn is_file(word: &str) -> bool {
    let is_package = [".apk", ".deb", ".rpm"]
        .iter()
        .any(|ending| word.ends_with(ending));
    !word.contains("://") && (is_path(word) || is_package)
}

/// The number of earlier instructions in which a download is searched. Without a limit, a file of
/// nothing but installations would take quadratic time.
const MOST_EARLIER: usize = 200;

/// Whether the build has downloaded one of the files that a call installs, in this stage or in one
/// that it may copy the file from.
fn fetches_any(
    cx: &DockerfileContext<'_>,
    run: &Run<'_>,
    call: &packages::PackageCall<'_>,
) -> bool {
    let earlier = cx.facts.steps[..=run.step].iter().rev().take(MOST_EARLIER);
    call.packages.iter().any(|package| {
        let name = file_name(package.word);
        // Everything in a directory may be anything.
        name != "*" && earlier.clone().any(|step| fetches(cx, step, name))
    })
}

/// Whether an instruction downloads a file of this name, which may be a pattern.
fn fetches(cx: &DockerfileContext<'_>, step: &Step<'_>, name: &str) -> bool {
    if let Some(run) = cx.facts.run_of(step) {
        // The name is the end of the URL, or that of the option for the output.
        let mut calls = run.calls.iter();
        return calls.any(|call| {
            ProgramClass::Downloader.contains(&call.name)
                && call
                    .arguments
                    .iter()
                    .flat_map(Argument::texts)
                    .any(|text| glob_matches(name, file_name(text.trim_matches(['"', '\'']))))
        });
    }
    step.instruction.body.source_words().any(|word| {
        let text = word.text.as_str();
        text.contains("://") && glob_matches(name, file_name(text))
    })
}
