//! `secret-value`: a file or the history holds a key or a token.

use crate::audit::{Context, Findings, Rule};
use crate::image::NameId;
use crate::lint::facts::secrets;

pub(super) const RULE: Rule = Rule {
    name: "secret-value",
    page: None,
    check,
};

/// Files with keys and tokens are short.
const MAX_BYTES: u64 = 1 << 20;

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    for name in cx.files() {
        if let Some(secret) = secret_in(cx, name) {
            findings.file(name, secret);
        }
    }
    for (name, by) in cx.gone_files() {
        if let Some(secret) = secret_in(cx, name) {
            findings.file(name, secret).note(format!(
                "layer {by} takes the file away, but its own layer still has it"
            ));
        }
    }
    for (layer, text) in cx.history() {
        for secret in secrets::find(&text) {
            let message = format!("{} stands in the history", secret.what);
            match layer {
                Some(layer) => findings.layer(layer, message),
                None => {
                    findings.config(text.split_whitespace().next().unwrap_or_default(), message)
                }
            };
        }
    }
    for entry in cx.configuration().env() {
        for secret in secrets::find(entry) {
            findings.config("ENV", format!("{} stands in the environment", secret.what));
        }
    }
}

/// What a file that no distribution brought holds. Packages have keys of their tests in them, and
/// these are public.
fn secret_in(cx: &Context<'_>, name: NameId) -> Option<String> {
    let is_packaged = cx
        .packages
        .owners(name)
        .any(|package| package.ecosystem.is_distribution());
    if is_packaged || cx.length(name) > MAX_BYTES || cx.is_test_data(name) {
        return None;
    }
    let bytes = cx.read(name)?;
    // What is compiled has texts of its own, and random bytes besides.
    if bytes.contains(&0) {
        return None;
    }
    let text = std::str::from_utf8(&bytes).ok()?;
    let secret = secrets::find(text).into_iter().next()?;
    let line = 1 + text[..secret.start].matches('\n').count();
    Some(format!("{} stands on line {line}", secret.what))
}
