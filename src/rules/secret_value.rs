//! `secret-value`: a key or token is in the Dockerfile or the image.

use std::collections::HashMap;

use super::support::credentials::removed_note;
use crate::image::{InodeId, NameId};
use crate::lint::facts::secrets;
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "secret-value",
    page: include_str!("../../rules/lint/secret-value.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
    deployment: None,
};

/// Maximum size of a file that is searched: 1 MiB. Files with keys and tokens are short.
const MAX_BYTES: u64 = 1 << 20;

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for instruction in &cx.dockerfile.instructions {
        // Comments between instructions do not reach the image.
        for secret in secrets::find(cx.source.slice(instruction.span)) {
            let start = instruction.span.start;
            let span = Span::new(start + secret.start, start + secret.end);
            findings.add(span, format!("{} in the Dockerfile", secret.what));
        }
    }
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    let mut searched = Searched::new();
    for name in cx.files() {
        if let Some(secret) = secret_in(cx, name, &mut searched) {
            findings.add(cx.at_file(name), secret);
        }
    }
    for (name, layer) in cx.removed_files() {
        if let Some(secret) = secret_in(cx, name, &mut searched) {
            findings
                .add(cx.at_file(name), secret)
                .note(removed_note(layer));
        }
    }
    for (layer, text) in cx.history() {
        for secret in secrets::find(text) {
            let first = text.split_whitespace().next().unwrap_or_default();
            let location = match layer {
                Some(layer) => cx.at_layer(layer),
                None => cx.at_instruction(first),
            };
            findings.add(location, format!("{} in the image history", secret.what));
        }
    }
    for entry in cx.configuration().env() {
        for secret in secrets::find(entry) {
            let message = format!("{} in the image environment", secret.what);
            findings.add(cx.at_instruction("ENV"), message);
        }
    }
}

/// The first secret of each file that was searched, and its line. A file may have thousands of
/// names.
type Searched = HashMap<InodeId, Option<(String, usize)>>;

/// The message about the first secret in a text file that does not come from the distribution.
fn secret_in(cx: &ImageContext<'_>, name: NameId, searched: &mut Searched) -> Option<String> {
    // Packages contain keys for their tests, which are public.
    let mut owners = cx.packages.owners(name);
    let is_packaged = owners.any(|package| package.ecosystem.is_distribution());
    if is_packaged || cx.length(name) > MAX_BYTES || cx.is_test_data(name) {
        return None;
    }
    let found = searched
        .entry(cx.tree().inode_id(name))
        .or_insert_with(|| first_secret(cx, name));
    let (what, line) = found.as_ref()?;
    Some(format!("{what} in `{}`, line {line}", cx.path(name)))
}

/// The first secret in a text file, and its line.
fn first_secret(cx: &ImageContext<'_>, name: NameId) -> Option<(String, usize)> {
    let bytes = cx.read(name)?;
    // Binary files contain example keys of libraries, and random bytes that look like tokens.
    if bytes.contains(&0) {
        return None;
    }
    let text = std::str::from_utf8(&bytes).ok()?;
    let secret = secrets::find(text).into_iter().next()?;
    let line = 1 + text[..secret.start].matches('\n').count();
    Some((secret.what, line))
}
