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
};

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
    for run in cx
        .facts
        .runs()
        .iter()
        .filter(|run| run.mounts.iter().all(|mount| mount.kind != "secret"))
    {
        for call in &run.calls {
            let Some(span) = secret_of(run, call) else {
                continue;
            };
            findings
                .add(
                    span,
                    format!(
                        "secret argument of `{}` is stored in the image history",
                        call.name
                    ),
                )
                .note("use `RUN --mount=type=secret` to pass a secret to a single command");
        }
    }
}

fn secret_of(run: &Run<'_>, call: &Call) -> Option<Span> {
    if let Some((span, _)) = switches::find(call, &SWITCHES) {
        return Some(span);
    }
    // What is printed is a text, and its secrets are those of the file that it makes.
    if matches!(call.name.as_str(), "echo" | "printf") && run.script.is_some() {
        return None;
    }
    let in_user = (call.name == "curl").then(|| user_option(call)).flatten();
    in_user.or_else(|| {
        call.arguments
            .iter()
            .find(|argument| argument.texts().any(has_credentials))
            .map(|found| found.span)
    })
}

/// `curl -u name:password`.
fn user_option(call: &Call) -> Option<Span> {
    let at = call
        .arguments
        .iter()
        .position(|argument| matches!(argument.single(), Some("-u" | "--user")))?;
    let value: &Argument = call.arguments.get(at + 1)?;
    let text = value.texts().next()?;
    let (name, password) = text.split_once(':')?;
    (!name.is_empty() && !password.trim_matches('"').is_empty()).then_some(value.span)
}

/// `https://name:password@host`, `https://$TOKEN@host`. A user's name alone is none.
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
    let password = user
        .split_once(':')
        .is_some_and(|(_, password)| !password.is_empty() && password != "x-oauth-basic");
    of_web && (password || (user.contains('$') && !user.to_ascii_lowercase().contains("user")))
}
