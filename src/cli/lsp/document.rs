//! An open document: its text, what was found in it, and the configuration that holds for its
//! place.

use std::path::{Path, PathBuf};

use super::super::config::foreign;
use super::super::exclude::Exclude;
use super::super::{baseline, build_context, shellcheck};
use super::LspArguments;
use crate::config::{self, Config};
use crate::lint::image::NEEDS_IMAGE;
use crate::lint::{self, Extras, Finding};
use crate::report::Linted;
use crate::rules;
use crate::source::{Source, Span, Utf16Position};
use crate::trust::limits;

/// A checked text.
pub(super) struct Document {
    pub(super) version: i64,
    pub(super) source: Source,
    pub(super) findings: Vec<Finding>,
    /// Why the configuration, the baseline or ShellCheck could not be used, where one could not.
    pub(super) trouble: Option<String>,
}

impl Document {
    /// Checks a text with the configuration nearest to its file, as `lint` would. Where that is
    /// wrong, it is as if there were none.
    pub(super) fn check(arguments: &LspArguments, uri: &str, version: i64, text: String) -> Self {
        let path = path_of(uri);
        let mut troubles = Vec::new();
        let mut config = configuration(path.as_deref(), &mut troubles);
        arguments.shellcheck.put_over(&mut config);
        let name = path
            .as_deref()
            .map_or_else(|| uri.into(), Path::to_string_lossy)
            .into_owned();
        let source = Source::new(name, text);
        let is_left_out = path
            .as_deref()
            .map(|path| is_left_out(arguments, &config, path))
            .transpose();
        let mut is_left_out = told(is_left_out, &mut troubles).flatten().unwrap_or(false);
        if source.bytes().len() as u64 > limits::NAMED_DOCKERFILE {
            let limit = limits::shown(limits::NAMED_DOCKERFILE);
            troubles.push(format!(
                "`{}` is not checked: it is larger than {limit}",
                source.name()
            ));
            is_left_out = true;
        }
        let findings = if is_left_out {
            Vec::new()
        } else {
            found(&source, path.as_deref(), &config, &mut troubles)
        };
        let mut files = [Linted::dockerfile(source.clone(), findings)];
        if let Some(baseline) = baseline::known(arguments.baseline.as_deref(), &config)
            && !is_left_out
        {
            told(baseline::silence(&baseline, &mut files), &mut troubles);
        }
        let [Linted { findings, .. }] = files;
        Self {
            version,
            source,
            findings,
            trouble: (!troubles.is_empty()).then(|| troubles.join("\n")),
        }
    }

    pub(super) fn range(&self, span: Span) -> (Utf16Position, Utf16Position) {
        (
            self.source.position_utf16(span.start),
            self.source.position_utf16(span.end),
        )
    }

    /// The findings that touch a range, an empty one too.
    pub(super) fn findings_at(
        &self,
        start: Utf16Position,
        end: Utf16Position,
    ) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| {
            let Some(span) = finding.span() else {
                return false;
            };
            let (from, to) = self.range(span);
            from <= end && start <= to
        })
    }
}

/// What is found, and what ShellCheck says besides.
fn found(
    source: &Source,
    path: Option<&Path>,
    config: &Config,
    troubles: &mut Vec<String>,
) -> Vec<Finding> {
    let answers = shellcheck::ask(config, rules::registry(), [source]).map_err(anyhow::Error::from);
    let shellcheck = told(answers, troubles)
        .flatten()
        .and_then(|answers| answers.into_iter().next());
    let (build, warning) = path.map(build_context::beside).unwrap_or_default();
    troubles.extend(warning);
    let mut settings = config.settings.clone();
    // There is no image at hand.
    settings.ignore.extend(NEEDS_IMAGE);
    lint::lint_with(
        source,
        rules::registry(),
        &settings,
        Extras {
            build,
            shellcheck,
            ..Extras::default()
        },
    )
}

fn is_left_out(arguments: &LspArguments, config: &Config, path: &Path) -> anyhow::Result<bool> {
    Ok(Exclude::of(&arguments.exclude, config)?.leaves_out(path, false))
}

/// What there is; why there is nothing is put to the troubles.
fn told<T>(result: anyhow::Result<T>, troubles: &mut Vec<String>) -> Option<T> {
    result
        .map_err(|error| troubles.push(format!("{error:#}")))
        .ok()
}

/// The configuration for a path. Where it cannot be used, it is as if there were none.
fn configuration(path: Option<&Path>, troubles: &mut Vec<String>) -> Config {
    let located = path
        .and_then(Path::parent)
        .map(config::find)
        .unwrap_or_default();
    troubles.extend(located.ignored.iter().map(|path| foreign(path)));
    let loaded = config::load(
        located.file.as_ref(),
        &|name| std::env::var(name).ok(),
        rules::registry(),
    );
    loaded.unwrap_or_else(|error| {
        troubles.push(error.to_string());
        Config::default()
    })
}

/// The path of a `file:` URI on this machine.
fn path_of(uri: &str) -> Option<PathBuf> {
    let path = uri.strip_prefix("file://")?;
    let path = path.strip_prefix("localhost").unwrap_or(path);
    path.starts_with('/')
        .then(|| PathBuf::from(unescaped(path)))
}

/// The text with `%XX` as the bytes that they stand for; what is no such escape stays.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digit = |at: usize| {
            after
                .get(at)
                .and_then(|byte| char::from(*byte).to_digit(16))
        };
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
        assert_eq!(
            path_of("file:///a%20b/%C3%BC%zz%"),
            Some(PathBuf::from("/a b/ü%zz%"))
        );
        assert_eq!(path_of("untitled:Untitled-1"), None);
        assert_eq!(path_of("file://elsewhere/x"), None);
    }
}
