//! `secret-in-command`: a secret is passed to a command as an argument.

use super::support::switches::{self, Switch, switch};
use crate::lint::facts::{Argument, Call, Run};
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "secret-in-command",
    page: include_str!("../../rules/lint/secret-in-command.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Commands that log in or store credentials.
const SWITCHES: [Switch; 21] = [
    switch(&["aws"], &["configure", "set", "*aws_access_key_id", "*"]),
    switch(
        &["aws"],
        &["configure", "set", "*aws_secret_access_key", "*"],
    ),
    switch(&["aws"], &["configure", "set", "*aws_session_token", "*"]),
    switch(&["gcloud"], &["auth", "activate-service-account"]),
    switch(&["az"], &["login", "-p*"]),
    switch(&["az"], &["login", "--password*"]),
    switch(&["az"], &["login", "--federated-token*"]),
    switch(&["doctl"], &["auth", "init", "-t*"]),
    switch(&["doctl"], &["auth", "init", "--access-token*"]),
    switch(
        &["docker", "podman", "buildah", "skopeo", "helm", "crane"],
        &["login", "-p*"],
    ),
    switch(
        &["docker", "podman", "buildah", "skopeo", "helm", "crane"],
        &["login", "--password=*"],
    ),
    switch(
        &["docker", "podman", "buildah", "skopeo", "helm", "crane"],
        &["login", "--password", "*"],
    ),
    switch(&["npm", "pnpm"], &["set", "*_authToken", "*"]),
    switch(&["npm", "pnpm"], &["set", "*_authToken=*"]),
    switch(&["npm", "pnpm"], &["set", "*_password*"]),
    switch(&["composer"], &["config", "*http-basic*", "*", "*"]),
    switch(&["composer"], &["config", "*github-oauth*", "*"]),
    switch(&["bundler"], &["config", "*", "*:*@*"]),
    switch(
        &["mysql", "mysqldump", "mysqladmin", "mariadb"],
        &["--password=*"],
    ),
    switch(&["sshpass"], &["-p*"]),
    switch(&["wget", "curl"], &["--password=*"]),
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        // With a secret mount, the argument most likely comes from the mount.
        if run.mounts.iter().any(|mount| mount.kind == "secret") {
            continue;
        }
        for call in &run.calls {
            let Some(span) = secret_of(run, call) else {
                continue;
            };
            // The message does not repeat the secret, because build logs are often public.
            findings
                .add(
                    span,
                    format!(
                        "secret passed to `{}` is stored in the image history",
                        call.name
                    ),
                )
                .note("use `RUN --mount=type=secret` to pass a secret to a single command");
        }
    }
}

/// The location of a secret in the arguments of a call.
fn secret_of(run: &Run<'_>, call: &Call) -> Option<Span> {
    if let Some((span, _)) = switches::find(call, &SWITCHES) {
        return Some(span);
    }
    // These only print the text. If it is written to a file, the secret is in that file.
    if matches!(call.name.as_str(), "echo" | "printf") && run.script.is_some() {
        return None;
    }
    if call.name == "curl"
        && let Some(span) = user_option(call)
    {
        return Some(span);
    }
    let mut arguments = call.arguments.iter();
    let found = arguments.find(|argument| argument.texts().any(has_credentials))?;
    Some(found.span)
}

/// The location of the value in `curl -u name:password`.
fn user_option(call: &Call) -> Option<Span> {
    let index = call
        .arguments
        .iter()
        .position(|argument| matches!(argument.single(), Some("-u" | "--user")))?;
    let value: &Argument = call.arguments.get(index + 1)?;
    let (name, password) = value.texts().next()?.split_once(':')?;
    // `anonymous:` has no password.
    if name.is_empty() || password.trim_matches('"').is_empty() {
        return None;
    }
    Some(value.span)
}

/// Whether a text contains a URL with credentials: `https://name:password@host` or
/// `https://$TOKEN@host`. A user name alone is not a secret.
fn has_credentials(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#', ' ']).next().unwrap_or_default();
    let Some((user, _)) = authority.rsplit_once('@') else {
        return false;
    };
    let of_web = ["http", "https", "git+https", "git+http"]
        .iter()
        .any(|known| scheme.trim_matches('"').ends_with(known));
    // GitHub's `https://TOKEN:x-oauth-basic@…` has the secret in place of the name.
    let password = user
        .split_once(':')
        .is_some_and(|(_, password)| !password.is_empty() && password != "x-oauth-basic");
    of_web && (password || (user.contains('$') && !user.to_ascii_lowercase().contains("user")))
}
