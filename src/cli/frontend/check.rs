//! `docker build --check`: jettison's findings beside those of BuildKit.
//!
//! The answer is one document with the findings of both, in BuildKit's format. A defect that both
//! report is left to BuildKit, whose name for it is the one that its users know.

use std::collections::HashMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::files::BuildFiles;
use super::findings::Findings;
use super::settings::Settings;
use super::{Build, CHECK};
use crate::config::FailOn;
use crate::frontend::GatewayError;
use crate::frontend::graph::Graph;
use crate::frontend::messages::{BuildResult, Range, SourceInfo};
use crate::lint::{Finding, Page, Severity, Tool};

/// The version of the format.
const VERSION: &str = "1.0.0";

/// BuildKit's own findings.
pub(super) struct UpstreamCheck {
    results: Results,
    fails: bool,
    /// The lines of the warnings of each rule: the first and the last of each range, in order, and
    /// none of them overlap.
    places: HashMap<String, Vec<(i32, i32)>>,
}

/// Bytes of the text after which no more lines of the Dockerfile are shown.
const MAX_EXCERPTS: usize = 1 << 20;

/// `lint.LintResults` of BuildKit.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Results {
    warnings: Option<Vec<Warning>>,
    sources: Option<Vec<SourceText>>,
    #[serde(rename = "buildError", default, skip_serializing_if = "Value::is_null")]
    build_error: Value,
}

/// `lint.Warning`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Warning {
    pub(super) rule_name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) description: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) url: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) detail: String,
    #[serde(default)]
    pub(super) location: Place,
}

/// `pb.Location`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Place {
    #[serde(default)]
    pub(super) source_index: i32,
    #[serde(default)]
    pub(super) ranges: Option<Vec<JsonRange>>,
}

/// `pb.Range`.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct JsonRange {
    #[serde(default)]
    start: JsonPosition,
    #[serde(default)]
    end: JsonPosition,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct JsonPosition {
    #[serde(default)]
    line: i32,
    #[serde(default)]
    character: i32,
}

/// `pb.SourceInfo`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct SourceText {
    #[serde(default)]
    filename: String,
    /// In base64.
    #[serde(default)]
    data: String,
    #[serde(default)]
    definition: Value,
    #[serde(default)]
    language: String,
}

impl From<Range> for JsonRange {
    fn from(range: Range) -> Self {
        let position = |of: crate::frontend::messages::Position| JsonPosition {
            line: of.line,
            character: of.character,
        };
        Self {
            start: position(range.start),
            end: position(range.end),
        }
    }
}

impl From<&SourceInfo> for SourceText {
    fn from(info: &SourceInfo) -> Self {
        let graph = info.definition.as_deref().map(Graph::decode);
        let ops: Vec<String> = match graph {
            Some(Ok(graph)) => graph.ops().map(|op| STANDARD.encode(op)).collect(),
            _ => Vec::new(),
        };
        Self {
            filename: info.filename.clone(),
            data: STANDARD.encode(&info.data),
            definition: serde_json::json!({ "def": ops }),
            language: info.language.clone(),
        }
    }
}

impl SourceText {
    /// The message; `None` if it cannot be decoded.
    fn info(&self) -> Option<SourceInfo> {
        let mut ops = Vec::new();
        for op in self.definition.get("def")?.as_array()? {
            ops.push(STANDARD.decode(op.as_str()?).ok()?);
        }
        Some(SourceInfo {
            filename: self.filename.clone(),
            data: STANDARD.decode(&self.data).ok()?,
            definition: Some(Graph::of_ops(ops).ok()?.encode()),
            language: self.language.clone(),
        })
    }
}

impl UpstreamCheck {
    /// The Dockerfile that was checked.
    pub(super) fn dockerfile(&self) -> Option<SourceInfo> {
        self.results.sources.as_ref()?.first()?.info()
    }

    /// Whether one of the findings is the same defect.
    pub(super) fn has(&self, finding: &Finding, page: &Page, lines: (i32, i32)) -> bool {
        if finding.rule != page.name {
            return false;
        }
        for alias in &page.aliases {
            if alias.tool == Tool::Buildkit
                && let Some(places) = self.places.get(alias.code)
            {
                let before = places.partition_point(|(_, last)| *last < lines.0);
                if places
                    .get(before)
                    .is_some_and(|(first, _)| *first <= lines.1)
                {
                    return true;
                }
            }
        }
        false
    }
}

impl Build {
    /// BuildKit's own findings; `None` if it has none because it is too old, or because something
    /// is wrong that the build itself will report.
    pub(super) fn upstream_check(&self) -> Result<Option<UpstreamCheck>, GatewayError> {
        match self.ask_upstream() {
            Ok(result) => Ok(UpstreamCheck::of(&result)),
            Err(GatewayError::Refused { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn ask_upstream(&self) -> Result<BuildResult, GatewayError> {
        let mut options = self.options.all.clone();
        options.insert("requestid".to_owned(), CHECK.to_owned());
        self.of_dockerfile_with(options)
    }

    /// The answer to `docker build --check`.
    pub(super) fn checked(&self, settings: &Settings) -> anyhow::Result<BuildResult> {
        let upstream = self.ask_upstream();
        let known = match &upstream {
            Ok(result) => UpstreamCheck::of(result),
            Err(GatewayError::Refused { .. }) => None,
            Err(_) => return Ok(upstream?),
        };
        let Some(files) = BuildFiles::read(self, known.as_ref())? else {
            // BuildKit's own frontend does not find a Dockerfile either, and says where it looked.
            return Ok(upstream?);
        };
        let findings = Findings::of(&files, settings, &self.options, known.as_ref())?;
        // The same as on the command line, where no threshold means `info`.
        let threshold = settings.fail_on.or(findings.configured_fail_on);
        let threshold = threshold.unwrap_or(FailOn::Severity(Severity::Info));
        let is_found = findings.at_or_above(threshold).next().is_some();
        let (mut results, fails) = match known {
            Some(known) => (known.results, known.fails),
            None => (Results::default(), false),
        };
        let sources = results.sources.get_or_insert_default();
        let source = SourceText::from(&files.info);
        let same =
            |other: &SourceText| other.filename == source.filename && other.data == source.data;
        let index = sources.iter().position(same).unwrap_or_else(|| {
            sources.push(source);
            sources.len() - 1
        });
        let index = i32::try_from(index).unwrap_or_default();
        let warnings = results.warnings.get_or_insert_default();
        warnings.extend(findings.warnings(index));
        results.sort();
        let status = if fails || is_found { "1" } else { "0" };
        let mut answer = BuildResult::default();
        for (key, value) in [
            ("result.json", serde_json::to_string_pretty(&results)?),
            ("result.txt", results.text()),
            ("result.statuscode", status.to_owned()),
            ("version", VERSION.to_owned()),
        ] {
            answer.metadata.insert(key.to_owned(), value.into_bytes());
        }
        if self.gateway.can("proto.refarray") {
            // BuildKit returns a reference without an ID for a result without files.
            answer.reference = Some(crate::frontend::messages::Reference::default());
        } else {
            answer.id = Some(String::new());
        }
        Ok(answer)
    }
}

impl UpstreamCheck {
    fn of(result: &BuildResult) -> Option<Self> {
        let results: Results = serde_json::from_slice(result.metadata.get("result.json")?).ok()?;
        let status = result.metadata.get("result.statuscode");
        Some(Self {
            places: results.places(),
            results,
            fails: status.is_some_and(|status| status != b"0"),
        })
    }
}

impl Results {
    /// The lines of the warnings of each rule.
    fn places(&self) -> HashMap<String, Vec<(i32, i32)>> {
        let mut places: HashMap<String, Vec<(i32, i32)>> = HashMap::new();
        for warning in self.warnings.iter().flatten() {
            let ranges = places.entry(warning.rule_name.clone()).or_default();
            for range in warning.location.ranges.iter().flatten() {
                ranges.push((range.start.line, range.end.line.max(range.start.line)));
            }
        }
        for ranges in places.values_mut() {
            ranges.sort_unstable();
            ranges.dedup_by(|next, one| {
                let overlaps = next.0 <= one.1;
                if overlaps {
                    one.1 = one.1.max(next.1);
                }
                overlaps
            });
        }
        places
    }

    /// In the order in which BuildKit prints them.
    fn sort(&mut self) {
        let key = |warning: &Warning| {
            let ranges = warning.location.ranges.as_deref().unwrap_or_default();
            let first = ranges.first().map(|range| range.start.line);
            (warning.location.source_index, first)
        };
        if let Some(warnings) = &mut self.warnings {
            warnings.sort_by_key(key);
        }
    }

    /// The text that BuildKit's clients print.
    fn text(&self) -> String {
        let mut out = String::new();
        let sources = self.sources.as_deref().unwrap_or_default();
        let texts: Vec<String> = sources.iter().map(SourceText::text).collect();
        let lines: Vec<Vec<&str>> = texts
            .iter()
            .map(|text| text.split('\n').collect())
            .collect();
        for warning in self.warnings.iter().flatten() {
            let _ = write!(out, "\nWARNING: {}", warning.rule_name);
            if !warning.url.is_empty() {
                let _ = write!(out, " - {}", warning.url);
            }
            let _ = writeln!(out, "\n{}", warning.detail);
            let index = usize::try_from(warning.location.source_index);
            let ranges = warning.location.ranges.as_deref().unwrap_or_default();
            if let Ok(index) = index
                && let Some(source) = sources.get(index)
                && out.len() < MAX_EXCERPTS
            {
                source.excerpt(&lines[index], ranges, &mut out);
            }
        }
        out
    }
}

impl SourceText {
    fn text(&self) -> String {
        let data = STANDARD.decode(&self.data).unwrap_or_default();
        String::from_utf8_lossy(&data).into_owned()
    }

    /// The lines of ranges, with a few around them.
    fn excerpt(&self, lines: &[&str], ranges: &[JsonRange], out: &mut String) {
        let line = |line: i32| usize::try_from(line).unwrap_or_default();
        let end_of = |range: &JsonRange| line(range.end.line.max(range.start.line));
        let first = ranges.iter().map(|range| line(range.start.line)).min();
        let last = ranges.iter().map(end_of).max();
        let (Some(first), Some(last)) = (first, last) else {
            return;
        };
        if first == 0 || first > lines.len() {
            return;
        }
        let (mut start, mut end) = (first, last.min(lines.len()));
        let around = if start == end { 4 } else { 2 };
        let mut added = 0;
        while added < around {
            if start > 1 {
                start -= 1;
                added += 1;
            }
            if end != lines.len() {
                end += 1;
                added += 1;
            }
            added += 1;
        }
        let rule = "--------------------";
        let _ = writeln!(out, "{}:{first}\n{rule}", self.filename);
        for number in start..=end {
            let is_meant = ranges
                .iter()
                .any(|range| line(range.start.line) <= number && number <= end_of(range));
            let mark = if is_meant { ">>>" } else { "   " };
            let _ = writeln!(out, " {number:3} | {mark} {}", lines[number - 1]);
        }
        let _ = writeln!(out, "{rule}");
    }
}
