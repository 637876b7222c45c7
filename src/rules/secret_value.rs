//! `secret-value`: a text in the file has the shape of a key or a token.

use crate::image::NameId;
use crate::lint::facts::secrets;
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "secret-value",
    page: include_str!("../../rules/lint/secret-value.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
};

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for instruction in &cx.dockerfile.instructions {
        for secret in secrets::find(cx.source.slice(instruction.span)) {
            let start = instruction.span.start;
            let span = Span::new(start + secret.start, start + secret.end);
            findings.add(span, format!("{} stands in the file", secret.what));
        }
    }
}

/// Files with keys and tokens are short.
const MAX_BYTES: u64 = 1 << 20;

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    for name in cx.files() {
        if let Some(secret) = secret_in(cx, name) {
            findings.add(cx.at_file(name), secret);
        }
    }
    for (name, by) in cx.gone_files() {
        if let Some(secret) = secret_in(cx, name) {
            findings.add(cx.at_file(name), secret).note(format!(
                "layer {by} takes the file away, but its own layer still has it"
            ));
        }
    }
    for (layer, text) in cx.history() {
        for secret in secrets::find(&text) {
            let message = format!("{} stands in the history", secret.what);
            match layer {
                Some(layer) => findings.add(cx.at_layer(layer), message),
                None => findings.add(
                    cx.at_instruction(text.split_whitespace().next().unwrap_or_default()),
                    message,
                ),
            };
        }
    }
    for entry in cx.configuration().env() {
        for secret in secrets::find(entry) {
            findings.add(
                cx.at_instruction("ENV"),
                format!("{} stands in the environment", secret.what),
            );
        }
    }
}

/// What a file that no distribution brought holds. Packages have keys of their tests in them, and
/// these are public.
fn secret_in(cx: &ImageContext<'_>, name: NameId) -> Option<String> {
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
