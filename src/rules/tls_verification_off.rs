//! `tls-verification-off`: TLS certificate verification is disabled.

use super::support::options::curl_letters;
use super::support::switches::{self, DNF_PROGRAMS as DNF, Switch, Variable, switch, variable};
use crate::lint::facts::{Argument, Call};
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "tls-verification-off",
    page: include_str!("../../rules/lint/tls-verification-off.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// The title of the fix, which is the same for all options.
const TITLE: &str = "verify the certificate";

/// Options that disable verification.
const SWITCHES: [Switch; 42] = [
    switch(&["curl"], &["--insecure"]),
    switch(&["curl"], &["--proxy-insecure"]),
    switch(&["wget"], &["--no-check-certificate"]),
    switch(&["aria2c"], &["--check-certificate=false"]),
    switch(&["http", "https"], &["--verify=no"]),
    switch(&["pip", "uv"], &["--trusted-host*"]),
    switch(&["pip"], &["config", "set", "*trusted-host", "*"]),
    switch(&["uv"], &["--allow-insecure-host*"]),
    switch(&["conda"], &["--insecure"]),
    switch(&["conda"], &["config", "--set", "ssl_verify", "false"]),
    switch(&["npm", "yarn", "pnpm"], &["set", "*strict-ssl", "false"]),
    switch(&["npm", "yarn", "pnpm"], &["set", "*strict-ssl=false"]),
    switch(&["yarn"], &["set", "enableStrictSsl", "false"]),
    switch(&["npm", "yarn", "pnpm"], &["--strict-ssl=false"]),
    switch(&["npm", "yarn", "pnpm"], &["--no-strict-ssl"]),
    switch(&["bundler"], &["config", "*ssl_verify_mode", "0"]),
    switch(&["composer"], &["config", "disable-tls", "true"]),
    switch(&["composer"], &["config", "secure-http", "false"]),
    switch(&["go"], &["env", "-w", "GOINSECURE=*"]),
    switch(&["go"], &["get", "-insecure"]),
    switch(&["cargo"], &["--config", "http.ssl-verify=false"]),
    switch(&["git"], &["config", "http.*sslVerify", "false"]),
    switch(&["git"], &["config", "http.*sslVerify", "0"]),
    switch(&["git"], &["-c", "http.*sslVerify=false"]),
    switch(&["git"], &["-c", "http.*sslVerify=0"]),
    switch(&["git"], &["-c", "http.*sslVerify=no"]),
    switch(&["svn"], &["--trust-server-cert*"]),
    switch(&["hg"], &["--insecure"]),
    switch(&["apt"], &["*Acquire::https*::Verify-Peer=false*"]),
    switch(&["apt"], &["*Acquire::https*::Verify-Host=false*"]),
    switch(DNF, &["--setopt=*sslverify=0"]),
    switch(DNF, &["--setopt=*sslverify=false"]),
    switch(DNF, &["--setopt=*sslverify=no"]),
    switch(DNF, &["--setopt", "*sslverify=0"]),
    switch(DNF, &["--setopt", "*sslverify=false"]),
    switch(&["skopeo", "podman", "buildah"], &["--tls-verify=false"]),
    switch(&["skopeo"], &["--src-tls-verify=false"]),
    switch(&["helm", "kubectl", "oc"], &["--insecure-skip-tls-verify"]),
    switch(
        &["helm", "kubectl", "oc"],
        &["--insecure-skip-tls-verify=true"],
    ),
    switch(&["crane"], &["--insecure"]),
    switch(&["aws"], &["--no-verify-ssl"]),
    switch(&["gem"], &["*ssl_verify_mode*0"]),
];

/// Variables that do the same.
const VARIABLES: [Variable; 14] = [
    variable("NODE_TLS_REJECT_UNAUTHORIZED", &["0"]),
    variable("PYTHONHTTPSVERIFY", &["0"]),
    variable("NPM_CONFIG_STRICT_SSL", &["false"]),
    variable("YARN_ENABLE_STRICT_SSL", &["false", "0"]),
    // Git checks whether the variable is set, not its value.
    variable("GIT_SSL_NO_VERIFY", &[]),
    variable("PIP_TRUSTED_HOST", &[]),
    variable("UV_INSECURE_HOST", &[]),
    variable("GOINSECURE", &[]),
    variable("BUNDLE_SSL_VERIFY_MODE", &["0"]),
    variable("CONDA_SSL_VERIFY", &["false", "0", "no"]),
    variable("COMPOSER_DISABLE_TLS", &["1", "true"]),
    variable("HEX_UNSAFE_HTTPS", &["1", "true"]),
    variable("PERL_LWP_SSL_VERIFY_HOSTNAME", &["0"]),
    variable("CARGO_HTTP_SSL_VERIFY", &["false"]),
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for (run, call) in cx.facts.calls() {
        // One finding per call, at the first option.
        if let Some((span, word)) = switches::find(call, &SWITCHES) {
            let message = format!("`{word}` disables TLS certificate verification");
            let report = findings.add(span, message);
            // Other switches take values or belong to a `config` command, so removing one word is
            // not enough.
            let is_removable = matches!(
                &*word,
                "--insecure" | "--no-check-certificate" | "--proxy-insecure"
            );
            if is_removable && let Some(fix) = switches::removal(cx, run, call, span, TITLE) {
                report.fix(fix);
            }
        } else if let Some(argument) = short_insecure(call) {
            let report = findings.add(argument.span, "`-k` disables TLS certificate verification");
            // In a bundle, only the letter is removed.
            if let Some(fix) = without_k(argument)
                .or_else(|| switches::removal(cx, run, call, argument.span, TITLE))
            {
                report.fix(fix);
            }
        }
    }
    switches::report_variables(
        cx,
        &VARIABLES,
        "disables TLS certificate verification",
        findings,
    );
}

/// The curl argument that contains the option `-k`, alone or in a bundle.
fn short_insecure(call: &Call) -> Option<&Argument> {
    if call.name != "curl" {
        return None;
    }
    call.arguments.iter().find(|argument| {
        let word = argument.single().unwrap_or_default();
        curl_letters(word).contains('k')
    })
}

/// Removes the `k` from a bundle: `-fsSL` for `-fsSLk`.
fn without_k(argument: &Argument) -> Option<Fix> {
    if argument.raw.len() <= 2 || argument.single() != Some(&argument.raw) {
        return None;
    }
    let edit = Edit::replace(argument.span, argument.raw.replacen('k', "", 1));
    Some(Fix::marked_unsafe(TITLE, [edit]))
}
