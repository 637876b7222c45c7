//! Replies of the server: diagnostics, code actions and hovers, made from findings.

use serde_json::{Value, json};

use super::document::Document;
use crate::lint::{Applicability, Finding, Fix, Severity};
use crate::report;
use crate::source::{Source, Span, Utf16Position};

/// The parameters of `textDocument/publishDiagnostics`.
pub(super) fn diagnostics(uri: &str, document: &Document) -> Value {
    let diagnostics: Vec<Value> = document
        .findings
        .iter()
        .map(|finding| diagnostic(uri, document, finding))
        .collect();
    json!({ "uri": uri, "version": document.version, "diagnostics": diagnostics })
}

fn diagnostic(uri: &str, document: &Document, finding: &Finding) -> Value {
    let notes = finding
        .notes
        .iter()
        .flat_map(|note| ["\n", note])
        .collect::<String>();
    let labels = finding.labels.iter().map(|label| {
        let uri = label
            .file
            .as_ref()
            .map_or_else(|| uri.to_owned(), |file| report::file_uri(file.name()));
        let range = range_in(label.source(&document.source), label.span);
        json!({ "location": { "uri": uri, "range": range }, "message": label.message })
    });
    // A finding without a location, such as one about the configuration, is shown at the first
    // character.
    json!({
        "range": range(document, finding.span().unwrap_or_default()),
        "severity": severity(finding.severity),
        "code": finding.rule,
        "codeDescription": { "href": report::url(finding) },
        "source": "jettison",
        "message": finding.message.clone() + &notes,
        "relatedInformation": labels.collect::<Vec<_>>(),
    })
}

/// The number of a `DiagnosticSeverity`; `Hint` is the lowest severity.
fn severity(severity: Severity) -> u8 {
    match severity {
        Severity::Error => 1,
        Severity::Warning => 2,
        Severity::Info => 3,
        Severity::Style => 4,
    }
}

fn range(document: &Document, span: Span) -> Value {
    range_in(&document.source, span)
}

fn range_in(source: &Source, span: Span) -> Value {
    json!({ "start": place(source, span.start), "end": place(source, span.end) })
}

fn place(source: &Source, offset: usize) -> Value {
    let Utf16Position { line, character } = source.position_utf16(offset);
    json!({ "line": line, "character": character })
}

/// The pages of the rules that have findings at a position.
pub(super) fn hover(document: &Document, at: Utf16Position) -> Value {
    let mut names: Vec<&str> = Vec::new();
    for finding in document.findings_at(at, at) {
        // Two findings of one rule at the same position would show its page twice.
        if starts_by(document, finding, at) && !names.contains(&finding.rule) {
            names.push(finding.rule);
        }
    }
    let pages: Vec<String> = names
        .iter()
        .filter_map(|name| document.registry.get(name))
        .map(report::markdown)
        .collect();
    // A null result shows nothing; an empty one would open an empty window.
    if pages.is_empty() {
        return Value::Null;
    }
    json!({ "contents": { "kind": "markdown", "value": pages.join("\n\n---\n\n") } })
}

/// Whether a finding starts on or above the line of a position.
fn starts_by(document: &Document, finding: &Finding, at: Utf16Position) -> bool {
    let start = finding.span().map(|span| document.range(span).0.line);
    start.is_some_and(|line| line <= at.line)
}

/// Maximum number of findings with actions in one reply, and of edits in all these actions. An
/// editor shows them in a menu.
const MAX_FINDINGS: usize = 500;
const MAX_EDITS: usize = 10_000;

/// Code actions for each finding in the range: its fix, and a comment that suppresses it.
pub(super) fn actions(
    uri: &str,
    document: &Document,
    start: Utf16Position,
    end: Utf16Position,
) -> Value {
    let mut actions = Vec::new();
    let mut edits = 0;
    for finding in document.findings_at(start, end).take(MAX_FINDINGS) {
        let diagnostic = diagnostic(uri, document, finding);
        edits += finding.fix.as_ref().map_or(0, |fix| fix.edits.len());
        if let Some(fix) = &finding.fix
            && edits <= MAX_EDITS
        {
            actions.push(fix_action(uri, document, fix, &diagnostic));
        }
        // Comments apply to instructions. A finding outside of an instruction has no line to put
        // one above.
        if let Some(instruction) = finding.text().and_then(|text| text.instruction) {
            let line = document
                .source
                .line_span(document.source.line(instruction.start))
                .start;
            let comment = format!("# jettison ignore={}\n", finding.rule);
            let edit = json!({ "range": range(document, Span::at(line)), "newText": comment });
            let title = format!("ignore `{}` for this instruction", finding.rule);
            actions.push(action(uri, &title, &[edit], &diagnostic, false));
        }
    }
    actions.into()
}

fn fix_action(uri: &str, document: &Document, fix: &Fix, diagnostic: &Value) -> Value {
    let edits: Vec<Value> = fix
        .edits
        .iter()
        .map(|edit| json!({ "range": range(document, edit.span), "newText": edit.replacement }))
        .collect();
    // Editors apply the preferred action with one key, so an unsafe fix is never preferred.
    let is_safe = fix.applicability == Applicability::Safe;
    let title = if is_safe {
        fix.title.clone()
    } else {
        format!("{} (unsafe: review the result)", fix.title)
    };
    action(uri, &title, &edits, diagnostic, is_safe)
}

fn action(
    uri: &str,
    title: &str,
    edits: &[Value],
    diagnostic: &Value,
    is_preferred: bool,
) -> Value {
    json!({
        "title": title,
        "kind": "quickfix",
        "diagnostics": [diagnostic],
        "isPreferred": is_preferred,
        "edit": { "changes": { uri: edits } },
    })
}
