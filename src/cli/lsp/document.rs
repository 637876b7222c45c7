//! Open documents: text and findings, checked with the configuration that applies to the file.

use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

use super::super::config::{foreign, registry};
use super::super::exclude::Exclude;
use super::super::{baseline, build_context, shellcheck};
use super::LspArguments;
use crate::config::{self, Config};
use crate::lint::image::NEEDS_IMAGE;
use crate::lint::{self, Extras, Finding, Registry};
use crate::report::Linted;
use crate::rules;
use crate::source::{Source, Span, Utf16Position};
use crate::trust::limits;

/// A checked text.
pub(super) struct Document {
    pub(super) version: i64,
    pub(super) source: Source,
    pub(super) findings: Vec<Finding>,
    /// The rules that its findings are of.
    pub(super) registry: &'static Registry,
    /// Errors about the configuration, the baseline or ShellCheck, one per line; empty if there are
    /// none.
    pub(super) errors: String,
}

impl Document {
    /// Checks a text with the configuration nearest to its file, as `lint` would.
    ///
    /// Errors do not stop the check: while the user edits the configuration, findings based on the
    /// default configuration are better than none.
    pub(super) fn check(arguments: &LspArguments, uri: &str, version: i64, text: String) -> Self {
        let path = path_of(uri);
        let mut errors = Vec::new();
        let mut config = configuration(path.as_deref(), &mut errors);
        arguments.shellcheck.apply(&mut config);
        let name = match &path {
            Some(path) => path.to_string_lossy().into_owned(),
            None => uri.to_owned(),
        };

        let source = Source::new(name, text);
        let mut is_left_out = match &path {
            Some(path) => {
                let is_left_out = is_left_out(arguments, &config, path);
                ok_or_report(is_left_out, &mut errors).unwrap_or(false)
            }
            // A new document has no path that a pattern could match.
            None => false,
        };
        // Checking such a text at every pause would block the editor.
        if source.bytes().len() as u64 > limits::NAMED_DOCKERFILE {
            let limit = limits::shown(limits::NAMED_DOCKERFILE);
            errors.push(format!(
                "`{}` is not checked: it is larger than {limit}",
                source.name()
            ));
            is_left_out = true;
        }
        let findings = if is_left_out {
            Vec::new()
        } else {
            lint(&source, path.as_deref(), &config, &mut errors)
        };
        let mut files = [Linted::dockerfile(source.clone(), findings)];
        if let Some(baseline) = baseline::known(arguments.baseline.as_deref(), &config)
            && !is_left_out
        {
            ok_or_report(baseline::suppress(&baseline, &mut files), &mut errors);
        }
        let [Linted { findings, .. }] = files;
        Self {
            version,
            source,
            findings,
            registry: registry(&config),
            errors: errors.join("\n"),
        }
    }

    pub(super) fn range(&self, span: Span) -> (Utf16Position, Utf16Position) {
        (
            self.source.position_utf16(span.start),
            self.source.position_utf16(span.end),
        )
    }

    /// The findings that overlap or touch a range. The range is empty if nothing is selected.
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
            // Touching is enough: a cursor just after a word still refers to the word.
            from <= end && start <= to
        })
    }
}

/// The findings in a text, with those of ShellCheck.
fn lint(
    source: &Source,
    path: Option<&Path>,
    config: &Config,
    errors: &mut Vec<String>,
) -> Vec<Finding> {
    let shellcheck = ok_or_report(ask_shellcheck(source, config), errors).flatten();
    let (build, warning) = path.map(build_context::beside).unwrap_or_default();
    errors.extend(warning);
    let mut settings = config.settings.clone();
    // In an editor, there is no image to check the Dockerfile against.
    settings.ignore.extend(NEEDS_IMAGE);
    lint::lint_with(
        source,
        registry(config),
        &settings,
        Extras {
            build,
            shellcheck,
            ..Extras::default()
        },
    )
    .findings
}

/// ShellCheck's findings; `None` if it is disabled or not installed.
fn ask_shellcheck(source: &Source, config: &Config) -> anyhow::Result<Option<Vec<Finding>>> {
    let Some(mut checker) = shellcheck::open(config, registry(config))? else {
        return Ok(None);
    };
    Ok(checker.check([source], &config.settings)?.pop())
}

fn is_left_out(arguments: &LspArguments, config: &Config, path: &Path) -> anyhow::Result<bool> {
    Ok(Exclude::of(&arguments.exclude, config)?.leaves_out(path, false))
}

/// The value of a result; an error is added to the list.
fn ok_or_report<T>(result: anyhow::Result<T>, errors: &mut Vec<String>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            errors.push(format!("{error:#}"));
            None
        }
    }
}

/// The configuration for a path, or the default if it cannot be used.
fn configuration(path: Option<&Path>, errors: &mut Vec<String>) -> Config {
    // A text without a path, such as a new one, has no directory to search from.
    let located = path
        .and_then(Path::parent)
        .map(config::find)
        .unwrap_or_default();
    errors.extend(located.ignored.iter().map(|path| foreign(path)));
    let loaded = config::load(
        located.file.as_ref(),
        // hadolint's configuration can also come from the environment.
        &|name| std::env::var(name).ok(),
        rules::registry(),
    );
    loaded.unwrap_or_else(|error| {
        errors.push(error.to_string());
        Config::default()
    })
}

/// The path of a `file:` URI on this machine.
fn path_of(uri: &str) -> Option<PathBuf> {
    let path = uri.strip_prefix("file://")?;
    // RFC 8089: an empty host and `localhost` both mean this machine.
    let path = path.strip_prefix("localhost").unwrap_or(path);
    if !path.starts_with('/') {
        return None;
    }
    // Editors differ in which characters they escape, and some do not escape a lone `%`, so it is
    // left unchanged.
    let path = percent_decode_str(path).decode_utf8_lossy();
    Some(PathBuf::from(path.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_uri_becomes_a_path() {
        assert_eq!(
            path_of("file:///a%20b/%C3%BC%zz%"),
            Some(PathBuf::from("/a b/ü%zz%"))
        );
        assert_eq!(path_of("untitled:Untitled-1"), None);
        assert_eq!(path_of("file://elsewhere/x"), None);
    }
}
