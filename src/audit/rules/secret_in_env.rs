//! `secret-in-env`: a variable of the configuration looks like a secret.

use crate::audit::{Context, Findings, Rule};
use crate::lint::facts::secrets;

pub(super) const RULE: Rule = Rule { name: "secret-in-env", page: None, check };

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    for entry in cx.configuration().env() {
        let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
        let is_path = value.starts_with('/') || value.starts_with("./");
        if secrets::is_secret_name(name)
            && !value.is_empty()
            && !is_path
            && !matches!(value, "true" | "false" | "yes" | "no" | "on" | "off")
        {
            findings.config("ENV", format!("`{name}` looks like a secret, and the image's environment keeps it"));
        }
    }
}
