//! What is said of an image as what is said of a text: its history, a step a line.

use super::{Brought, Finding};
use crate::image::Image;
use crate::lint::{self, Subject};
use crate::source::{Source, Span};

/// The history of an image as a text with a line for each step, and its findings at the steps that
/// brought them.
pub fn told(image: &Image, reference: &str, findings: &[Finding]) -> (Source, Vec<lint::Finding>) {
    let steps: Vec<String> = image
        .config
        .history()
        .iter()
        .map(|step| one_line(&step.created_by))
        .collect();
    let text: String = if steps.is_empty() {
        "the image has no history\n".to_owned()
    } else {
        steps
            .iter()
            .flat_map(|step| [step.as_str(), "\n"])
            .collect()
    };
    let source = Source::new(reference, text);
    let layers = layers_of(image);
    let mut told: Vec<lint::Finding> = findings
        .iter()
        .map(|finding| at(finding, &source, &steps, &layers))
        .collect();
    told.sort_by(|one, other| {
        (one.span, one.rule, &one.message).cmp(&(other.span, other.rule, &other.message))
    });
    (source, told)
}

/// For each layer the place of its step in the history.
fn layers_of(image: &Image) -> Vec<usize> {
    let steps = image.config.history().into_iter().enumerate();
    steps
        .filter(|(_, step)| !step.empty_layer)
        .map(|(at, _)| at)
        .collect()
}

fn at(finding: &Finding, source: &Source, steps: &[String], layers: &[usize]) -> lint::Finding {
    let step = finding
        .brought
        .as_ref()
        .and_then(|brought| step_of(brought, steps, layers));
    let span = source.line_span(step.unwrap_or(0) + 1);
    let path = finding
        .path
        .as_ref()
        .map(|path| path.escape_ascii().to_string());
    let message = match &path {
        Some(path) => format!("`{path}`: {}", finding.message),
        None => finding.message.clone(),
    };
    let mut notes = finding.notes.clone();
    if let Some(package) = &finding.package {
        notes.push(format!("it is of the package {package}"));
    }
    notes.extend(reach(finding.reached).map(str::to_owned));
    lint::Finding {
        rule: finding.rule,
        code: None,
        severity: finding.severity,
        message,
        span: Span::new(span.start, span.end.max(span.start)),
        instruction: step.map(|_| span),
        in_final_stage: true,
        subject: Some(Subject {
            path,
            layer: finding.brought.as_ref().and_then(|brought| brought.layer),
            reached: finding.reached,
            package: finding.package.clone(),
        }),
        labels: finding.labels.clone(),
        notes,
        fix: None,
    }
}

fn reach(reached: Option<bool>) -> Option<&'static str> {
    let leaves = "the program cannot reach it: `jettison slim` leaves it out";
    Some(if reached? {
        "the program can reach it"
    } else {
        leaves
    })
}

fn step_of(brought: &Brought, steps: &[String], layers: &[usize]) -> Option<usize> {
    match brought.layer {
        Some(layer) => layers.get(layer).copied(),
        None => steps
            .iter()
            .rposition(|step| *step == one_line(&brought.created_by)),
    }
}

/// A step without what would begin another line.
fn one_line(step: &str) -> String {
    let words: Vec<&str> = step
        .split(['\n', '\r', '\t'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    if words.is_empty() {
        "(a step without a word)".to_owned()
    } else {
        words.join(" ")
    }
}
