//! `signature-verification-off`: packages are installed without verifying their signatures.

use super::support::switches::{self, DNF_PROGRAMS as DNF, Switch, Variable, switch, variable};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "signature-verification-off",
    page: include_str!("../../rules/lint/signature-verification-off.md"),
    dockerfile: Some(check),
    image: None,
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
fn installs_file(call: &crate::lint::facts::Call) -> bool {
    let mut words = call
        .arguments
        .iter()
        .flat_map(crate::lint::facts::Argument::texts);
    words.any(|word| {
        let word = word.trim_matches(['"', '\'']);
        [".apk", ".deb", ".rpm"]
            .iter()
            .any(|end| word.ends_with(end))
    })
}

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        for call in &run.calls {
            let Some((span, word)) = switches::find(call, &SWITCHES) else {
                continue;
            };
            let report = findings.add(span, format!("`{word}` disables signature verification"));
            // An option with a value may set several things, and a line of a configuration file is
            // not an option at all.
            let is_switch = word.starts_with("--") && !word.contains('=');
            if is_switch
                && !installs_file(call)
                && let Some(fix) = switches::removal(cx, run, call, span, "verify the signatures")
            {
                report.fix(fix);
            }
        }
    }
    switches::report_variables(cx, &VARIABLES, "disables signature verification", findings);
}
