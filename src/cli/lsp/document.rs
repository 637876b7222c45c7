//! An open document: its text, what was found in it, and the configuration that holds for its place.

use std::path::{Path, PathBuf};

use crate::audit;
use crate::config::{self, Config};
use crate::lint::{self, Besides, BuildContext, Finding};
use crate::source::{Source, Span, Utf16Position};

/// A checked text.
pub(super) struct Document {
    pub(super) version: i64,
    pub(super) source: Source,
    pub(super) findings: Vec<Finding>,
    /// Why the configuration could not be used, where it could not.
    pub(super) trouble: Option<String>,
}

impl Document {
    /// Checks a text with the configuration nearest to its file. Where that is wrong, it is as if there were none.
    pub(super) fn check(uri: &str, version: i64, text: String) -> Self {
        let path = path_of(uri);
        let (mut config, trouble) = match configuration(path.as_deref()) {
            Ok(config) => (config, None),
            Err(error) => (Config::default(), Some(error.to_string())),
        };
        let build = path.as_deref().map(BuildContext::beside).unwrap_or_default();
        let name = path.as_deref().map_or_else(|| uri.into(), Path::to_string_lossy).into_owned();
        let source = Source::new(name, text);
        // There is no image at hand.
        config.settings.ignore.extend(audit::ONLY_MEASURED);
        let besides = Besides { build, ..Besides::default() };
        let findings = lint::lint_with(&source, audit::registry(), &config.settings, besides);
        Self { version, source, findings, trouble }
    }

    pub(super) fn range(&self, span: Span) -> (Utf16Position, Utf16Position) {
        (self.source.position_utf16(span.start), self.source.position_utf16(span.end))
    }

    /// The findings that touch a range, an empty one too.
    pub(super) fn findings_at(&self, start: Utf16Position, end: Utf16Position) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| {
            let (from, to) = self.range(finding.span);
            from <= end && start <= to
        })
    }
}

fn configuration(path: Option<&Path>) -> Result<Config, config::ConfigError> {
    let file = path.and_then(Path::parent).and_then(config::find);
    config::load(file.as_deref(), &|name| std::env::var(name).ok(), audit::registry())
}

/// The path of a `file:` URI on this machine.
fn path_of(uri: &str) -> Option<PathBuf> {
    let path = uri.strip_prefix("file://")?;
    let path = path.strip_prefix("localhost").unwrap_or(path);
    path.starts_with('/').then(|| PathBuf::from(unescaped(path)))
}

/// The text with `%XX` as the bytes that they stand for; what is no such escape stays.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digit = |at: usize| after.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (digit(0), digit(1)) {
            (Some(high), Some(low)) if *first == b'%' => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_of_a_file_is_a_path() {
        assert_eq!(path_of("file:///a%20b/%C3%BC%zz%"), Some(PathBuf::from("/a b/ü%zz%")));
        assert_eq!(path_of("untitled:Untitled-1"), None);
        assert_eq!(path_of("file://elsewhere/x"), None);
    }
}
