//! Findings in the Dockerfile of a build, as BuildKit's warnings and errors.

use std::fmt::Write as _;

use prost::Message as _;

use super::super::config::registry;
use super::super::lint::select;
use super::super::writing::now;
use super::check::{JsonRange, Place, SourceText, UpstreamCheck, Warning};
use super::files::BuildFiles;
use super::settings::Settings;
use crate::config::{self, Config, FailOn};
use crate::frontend::messages::{Any, Position, Range, Status, WarnRequest};
use crate::frontend::{BuildOptions, Gateway, GatewayError};
use crate::lint::image::NEEDS_IMAGE;
use crate::lint::{self, BuildContext, Extras, Finding, IgnoreFile, Registry};
use crate::printable::escape;
use crate::report;
use crate::rules;
use crate::size::counted;
use crate::source::{Source, Span};

/// Maximum number of warnings that are sent. Each contains the whole Dockerfile.
const MAX_WARNINGS: usize = 100;
/// Maximum number of findings in the message of an error.
const MAX_LISTED: usize = 10;
/// The level of BuildKit's own warnings.
const LEVEL: i64 = 1;
/// The type of an error's detail that says which lines it is about.
const SOURCE: &str = "github.com/moby/buildkit/errdefs.Source+json";

/// The findings in the Dockerfile of a build.
pub(super) struct Findings<'f> {
    files: &'f BuildFiles,
    source: Source,
    shown: Vec<Finding>,
    registry: &'static Registry,
    /// Those that BuildKit reports itself. They only count for the threshold.
    known: Vec<Finding>,
    /// The threshold in the configuration file.
    pub(super) configured_fail_on: Option<FailOn>,
}

/// The findings make the build fail.
#[derive(Debug, thiserror::Error)]
#[error("{}", status.message)]
pub(super) struct TooSevere {
    pub(super) status: Status,
}

impl<'f> Findings<'f> {
    /// Lints the Dockerfile. Defects that BuildKit itself reports are left to it.
    pub(super) fn of(
        files: &'f BuildFiles,
        settings: &Settings,
        options: &BuildOptions,
        known: Option<&UpstreamCheck>,
    ) -> anyhow::Result<Self> {
        let mut config = match &files.config {
            Some(file) => config::parse_found(file.name, &file.text, rules::registry())?,
            None => Config::default(),
        };
        let registry = registry(&config);
        select(&settings.lint, registry, &mut config)?;
        let lint_settings = &mut config.settings;
        lint_settings.ignore.extend(NEEDS_IMAGE);
        for (name, value) in options.starting_with("build-arg:") {
            lint_settings
                .build_args
                .insert(name.to_owned(), value.to_owned());
        }
        if let Some(target) = options.get("target").filter(|target| !target.is_empty()) {
            lint_settings.target = Some(target.to_owned());
        }
        for (name, _) in options.starting_with("context:") {
            // A context may be for one platform only: `NAME::PLATFORM`.
            let name = name.split("::").next().unwrap_or(name);
            lint_settings.contexts.insert(name.to_owned());
        }
        lint_settings.now = Some(now()?);
        let source = Source::new(&files.info.filename, files.info.data.as_slice());
        let extras = Extras {
            build: BuildContext {
                ignore: files.ignore.as_deref().map(IgnoreFile::parse),
            },
            ..Extras::default()
        };
        let mut findings = Vec::new();
        if !files.info.data.is_empty() {
            findings = lint::lint_with(&source, registry, &config.settings, extras).findings;
        }
        let mut left = Vec::new();
        if let Some(known) = known {
            let is_known = |finding: &mut Finding| {
                let lines = finding.span().map(|span| range(&source, span));
                let Some((page, lines)) = registry.get(finding.rule).zip(lines) else {
                    return false;
                };
                known.has(finding, page, (lines.start.line, lines.end.line))
            };
            left.extend(findings.extract_if(.., is_known));
        }
        Ok(Self {
            files,
            source,
            shown: findings,
            registry,
            known: left,
            configured_fail_on: config.fail_on,
        })
    }

    pub(super) fn at_or_above(&self, threshold: FailOn) -> impl Iterator<Item = &Finding> {
        let all = self.shown.iter().chain(&self.known);
        all.filter(move |finding| match threshold {
            // The highest severity compares as the lowest value.
            FailOn::Severity(threshold) => finding.severity <= threshold,
            FailOn::Never => false,
        })
    }

    /// Sends them as warnings, which clients print after the build.
    pub(super) fn send(&self, gateway: &Gateway) -> Result<(), GatewayError> {
        for problem in &self.files.problems {
            self.warn(gateway, &format!("jettison: {problem}"), None)?;
        }
        for finding in self.shown.iter().take(MAX_WARNINGS) {
            let line = self.range(finding).start.line;
            let short = format!("{}: {} (line {line})", finding.rule, finding.message);
            self.warn(gateway, &short, Some(finding))?;
        }
        let rest = self.shown.len().saturating_sub(MAX_WARNINGS);
        if rest > 0 {
            let rest = counted(rest, "more finding");
            self.warn(
                gateway,
                &format!("jettison: {rest}: run `jettison lint`"),
                None,
            )?;
        }
        Ok(())
    }

    fn warn(
        &self,
        gateway: &Gateway,
        short: &str,
        finding: Option<&Finding>,
    ) -> Result<(), GatewayError> {
        let mut warning = WarnRequest {
            digest: self.files.vertex.clone(),
            level: LEVEL,
            short: escape(short).into_owned().into_bytes(),
            info: Some(self.files.info.clone()),
            ranges: vec![BuildFiles::first_line()],
            ..WarnRequest::default()
        };
        if let Some(finding) = finding {
            warning.url = report::url(finding);
            warning.ranges = vec![self.range(finding)];
            for line in self.explanation(finding) {
                warning.detail.push(escape(&line).into_owned().into_bytes());
            }
        }
        gateway.warn(&warning)
    }

    /// The title of the rule, and all that is known about a finding beside its message.
    fn explanation(&self, finding: &Finding) -> Vec<String> {
        let mut lines = vec![format!("{}: {}", finding.severity, self.title(finding))];
        for label in &finding.labels {
            let of = label.source(&self.source);
            let line = of.line(label.span.start);
            lines.push(format!("{}:{line}: {}", of.name(), label.message));
        }
        lines.extend(finding.notes.iter().cloned());
        lines.extend(finding.fix.iter().map(|fix| format!("help: {}", fix.title)));
        lines
    }

    /// They as entries of the answer to `docker build --check`.
    pub(super) fn warnings(&self, source_index: i32) -> impl Iterator<Item = Warning> {
        self.shown.iter().map(move |finding| Warning {
            rule_name: finding.rule.to_owned(),
            description: self.title(finding).to_owned(),
            url: report::url(finding),
            detail: escape(&finding.message).into_owned(),
            location: Place {
                source_index,
                ranges: Some(vec![self.range(finding).into()]),
            },
        })
    }

    /// Returns the error if a finding reaches the threshold. Without one, a build never fails.
    pub(super) fn fail_if_found(&self, threshold: Option<FailOn>) -> Result<(), TooSevere> {
        let Some(FailOn::Severity(severity)) = threshold else {
            return Ok(());
        };
        let mut found: Vec<&Finding> = self.at_or_above(FailOn::Severity(severity)).collect();
        found.sort_by_key(|finding| finding.span());
        if found.is_empty() {
            return Ok(());
        }
        let count = counted(found.len(), "finding");
        let mut message = format!("jettison: {count} of severity `{severity}` or higher");
        let mut ranges = Vec::new();
        for finding in found.iter().take(MAX_LISTED) {
            let range = self.range(finding);
            let line = range.start.line;
            let text = escape(&finding.message);
            let name = escape(self.source.name());
            let _ = write!(message, "\n{name}:{line}: {}: {text}", finding.rule);
            ranges.push(JsonRange::from(range));
        }
        if found.len() > MAX_LISTED {
            let _ = write!(message, "\nand {} more", found.len() - MAX_LISTED);
        }
        let mut status = Status::of_message(message);
        let source = serde_json::json!({
            "info": SourceText::from(&self.files.info),
            "ranges": ranges,
        });
        let detail = Any {
            type_url: SOURCE.to_owned(),
            value: source.to_string().into_bytes(),
        };
        status.details.push(detail.encode_to_vec());
        Err(TooSevere { status })
    }

    /// The title of a finding's rule.
    fn title(&self, finding: &Finding) -> &'static str {
        let page = self.registry.get(finding.rule);
        page.map_or(finding.rule, |page| page.title)
    }

    fn range(&self, finding: &Finding) -> Range {
        match finding.span() {
            Some(span) => range(&self.source, span),
            None => BuildFiles::first_line(),
        }
    }
}

fn range(source: &Source, span: Span) -> Range {
    // The end of a line is not the start of the next one.
    let text = source.slice(span);
    let end = span.end - (text.len() - text.trim_end_matches(['\r', '\n']).len());
    Range {
        start: position(source, span.start),
        end: position(source, end.max(span.start)),
    }
}

fn position(source: &Source, offset: usize) -> Position {
    let position = source.position(offset);
    let number = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    Position {
        line: number(position.line),
        character: number(position.column - 1),
    }
}
