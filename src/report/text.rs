//! Findings for people: source excerpts with carets, labels, notes, the fix as a patch, and a summary line.

use std::fmt::Write as _;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet};

use super::excerpt::Excerpt;
use super::{Linted, Report};
use crate::lint::{Applicability, Finding, Fix, Severity};
use crate::source::Source;

/// What the terminal can show.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub color: bool,
    /// In columns.
    pub width: usize,
}

/// Every finding, then one line that counts them.
pub fn text(report: &Report<'_>, style: Style) -> String {
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(style.width);
    let mut out = String::new();
    for file in report.files {
        for finding in &file.findings {
            out.push_str(&renderer.render(&groups(report, file, finding)));
            out.push_str("\n\n");
        }
    }
    out.push_str(&summary(report));
    out
}

fn groups<'a>(report: &'a Report<'a>, file: &'a Linted, finding: &'a Finding) -> Vec<Group<'a>> {
    let mut group = level(finding.severity)
        .primary_title(&finding.message)
        .id(finding.rule)
        .element(snippet(&file.source, finding))
        .elements(finding.notes.iter().map(|note| Level::NOTE.message(note)));
    if finding.fix.is_none() {
        group = group.element(Level::HELP.message(pointer(report, finding)));
        return vec![group];
    }
    let fix =
        finding.fix.iter().map(|fix| patch(&file.source, fix).element(Level::HELP.message(pointer(report, finding))));
    std::iter::once(group).chain(fix).collect()
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
        Severity::Style => Level::INFO.with_name("style"),
    }
}

fn snippet<'a>(source: &'a Source, finding: &'a Finding) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let spans = finding.labels.iter().map(|label| label.span).chain([finding.span]);
    let excerpt = Excerpt::new(source, spans);
    let labels = finding
        .labels
        .iter()
        .map(|label| AnnotationKind::Context.span(excerpt.range(label.span)).label(&label.message));
    Snippet::source(excerpt.text)
        .line_start(excerpt.line)
        .path(source.name())
        .annotation(AnnotationKind::Primary.span(excerpt.range(finding.span)))
        .annotations(labels)
}

fn patch<'a>(source: &'a Source, fix: &'a Fix) -> Group<'a> {
    let excerpt = Excerpt::new(source, fix.edits.iter().map(|edit| edit.span));
    let title = match fix.applicability {
        Applicability::Safe => fix.title.clone(),
        Applicability::Unsafe => format!("{} (unsafe: look at the result)", fix.title),
    };
    let patches = fix.edits.iter().map(|edit| Patch::new(excerpt.range(edit.span), &edit.replacement));
    Level::HELP
        .secondary_title(title)
        .element(Snippet::source(excerpt.text).line_start(excerpt.line).path(source.name()).patches(patches))
}

/// Where to read more, and under which names other tools know the rule.
fn pointer(report: &Report<'_>, finding: &Finding) -> String {
    let aliases: Vec<_> = report.aliases(finding).filter(|alias| alias.len() < 30).collect();
    match aliases.as_slice() {
        [] => format!("`jettison explain {}` says more", finding.rule),
        aliases => format!("`jettison explain {}` says more; also known as {}", finding.rule, aliases.join(", ")),
    }
}

fn summary(report: &Report<'_>) -> String {
    let total = report.findings().count();
    let mut line = format!("{} checked, {}", counted(report.files.len(), "file"), counted(total, "finding"));
    for (index, severity) in Severity::ALL.into_iter().filter(|&severity| report.count(severity) > 0).enumerate() {
        line.push_str(if index == 0 { ": " } else { ", " });
        let count = report.count(severity);
        // "info" and "style" have no plural.
        let noun = if severity <= Severity::Warning {
            counted(count, severity.as_str())
        } else {
            format!("{count} {severity}")
        };
        line.push_str(&noun);
    }
    let fixable = report.findings().filter(|finding| finding.fix.is_some()).count();
    if fixable > 0 {
        let _ = write!(line, " ({fixable} with a fix)");
    }
    line.push('\n');
    line
}

fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}
