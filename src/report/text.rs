//! Findings as text for people: source excerpts with carets, labels, notes, the fix as a patch, and
//! a summary line.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Patch, Renderer, Snippet};

use super::excerpt::{self, Excerpt};
use super::{Linted, Report};
use crate::lint::{Applicability, Compliance, Edit, Finding, Fix, Label, Location, Severity};
use crate::printable::{Lines, escape, escape_bytes};
use crate::source::{Source, Span};

/// Minimum width that text is wrapped to. If it were narrower, every word would be on its own line.
const NARROWEST: usize = 24;

/// Maximum number of findings per rule and file that are shown with an excerpt, unless all are
/// requested. After three of them, the reader knows the problem, and more excerpts would hide other
/// findings.
const MAX_PER_RULE: usize = 3;
/// Maximum number of locations that are listed for the remaining findings of the rule.
const MAX_PLACES: usize = 20;
/// Maximum number of findings per file that are shown with an excerpt; the others are listed on one
/// line each.
const MAX_EXCERPTS: usize = 1000;
/// Maximum number of labels of a finding that are shown.
const MAX_LABELS: usize = 30;
/// Maximum number of edits of a fix, and of bytes of new text, that are shown as a patch.
const MAX_EDITS: usize = 100;
const MAX_PATCH_BYTES: usize = 16 << 10;

/// The capabilities of the terminal, and how much to show on it.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub color: bool,
    /// Width in columns.
    pub width: usize,
    /// Draw frames with non-ASCII characters.
    pub unicode: bool,
    /// Link rule names to their pages.
    pub links: bool,
    pub excerpts: Excerpts,
}

/// The findings that a text report shows with an excerpt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excerpts {
    /// The first findings of each rule in a file. For the rest, only locations are listed.
    FirstOfRule,
    All,
}

impl Style {
    fn renderer(self) -> Renderer {
        let renderer = if self.color {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let decor = if self.unicode {
            DecorStyle::Unicode
        } else {
            DecorStyle::Ascii
        };
        renderer.decor_style(decor).term_width(self.width)
    }
}

/// All findings, a summary line, and lines about the attack surfaces.
pub fn text(report: &Report<'_>, style: Style) -> Lines {
    let renderer = style.renderer();
    let mut out = Lines::new();
    for file in report.files {
        // If there is only one file, the excerpts name it often enough.
        if report.files.len() > 1 && !file.findings.is_empty() {
            heading(&mut out, file, style);
        }
        let selected = Selected::of(file, style);
        for finding in selected.excerpts {
            out.styled(&renderer.render(&groups(report, file, finding, style)));
            out.line("");
        }
        list(&mut out, file, &selected.listed);
        list_places(&mut out, file, &selected.more, style);
    }
    if let Some(given) = report.compliance {
        compliance(&mut out, report, given);
    }
    summary(&mut out, report);
    for file in report.files {
        if let Some(surface) = &file.attack_surface {
            let name = match report.files {
                [_] => None,
                _ => Some(file.name()),
            };
            let dash = if style.unicode { "\u{2014}" } else { "-" };
            let line = super::attack_surface::line(file, surface, name, dash);
            // One by one, because `Lines` escapes line breaks within a line.
            for line in wrapped(&line, style.width).lines() {
                out.line(line);
            }
        }
    }
    out
}

/// The name of a file above its findings.
fn heading(out: &mut Lines, file: &Linted, style: Style) {
    let bold = if style.color {
        anstyle::Style::new().bold()
    } else {
        anstyle::Style::new()
    };
    let name = escape(file.name());
    let count = counted(file.findings.len(), "finding");
    out.styled(&format!("{bold}{name}{bold:#}: {count}"));
    out.line("");
}

/// The findings in a file, grouped by how they are shown.
#[derive(Default)]
struct Selected<'a> {
    /// With an excerpt.
    excerpts: Vec<&'a Finding>,
    /// On one line each, because the file has too many findings to show excerpts of all.
    listed: Vec<&'a Finding>,
    /// By location only, because other findings of the same rule have an excerpt; in the order in
    /// which the rules first occur.
    more: Vec<(Cow<'static, str>, Vec<&'a Finding>)>,
}

impl<'a> Selected<'a> {
    fn of(file: &'a Linted, style: Style) -> Self {
        let mut selected = Self::default();
        // The number of findings of each rule so far, and its index in `more`.
        let mut rules: BTreeMap<Cow<'static, str>, (usize, usize)> = BTreeMap::new();
        for finding in &file.findings {
            let id = super::id(finding);
            let (count, index) = rules.entry(id.clone()).or_default();
            *count += 1;
            if style.excerpts == Excerpts::All || *count <= MAX_PER_RULE {
                selected.show(finding);
                continue;
            }
            if *count == MAX_PER_RULE + 1 {
                *index = selected.more.len();
                selected.more.push((id, Vec::new()));
            }
            selected.more[*index].1.push(finding);
        }
        selected
    }

    fn show(&mut self, finding: &'a Finding) {
        if self.excerpts.len() < MAX_EXCERPTS {
            self.excerpts.push(finding);
        } else {
            self.listed.push(finding);
        }
    }
}

/// A line for each rule that has more findings than are shown with an excerpt.
fn list_places(
    out: &mut Lines,
    file: &Linted,
    more: &[(Cow<'static, str>, Vec<&Finding>)],
    style: Style,
) {
    if more.is_empty() {
        return;
    }
    for (id, findings) in more {
        let (noun, pronoun) = match findings.len() {
            1 => ("finding", "it"),
            _ => ("findings", "them"),
        };
        let line = format!(
            "{} more `{id}` {noun}{} (`--all` shows {pronoun})",
            findings.len(),
            places(file, findings),
        );
        // One by one, because `Lines` escapes line breaks within a line.
        for line in wrapped(&line, style.width).lines() {
            out.line(line);
        }
    }
    out.line("");
}

/// The locations of findings: line numbers in a Dockerfile, paths in an image. Empty for findings
/// in the image configuration.
fn places(file: &Linted, findings: &[&Finding]) -> String {
    let mut places: Vec<String> = Vec::new();
    for finding in findings {
        let place = match &finding.location {
            Location::Text(_) => file.region(finding).start.line.to_string(),
            Location::Image(image) => match &image.path {
                Some(path) => escape_bytes(path),
                None => continue,
            },
        };
        // Several findings may be on one line.
        if places.last() == Some(&place) {
            continue;
        }
        if places.len() == MAX_PLACES {
            places.push("...".to_owned());
            break;
        }
        places.push(place);
    }
    let noun = match (file.is_image(), places.len()) {
        (_, 0) => return String::new(),
        (true, _) => "",
        (false, 1) => "line ",
        (false, _) => "lines ",
    };
    format!(": {noun}{}", places.join(", "))
}

/// The findings of a file that has too many to show excerpts.
fn list(out: &mut Lines, file: &Linted, findings: &[&Finding]) {
    if findings.is_empty() {
        return;
    }
    let count = counted(findings.len(), "more finding");
    out.line(format_args!("{count}, without excerpts:"));
    for finding in findings {
        out.line(super::compact::line(file, finding));
    }
    out.line("");
}

fn groups<'a>(
    report: &'a Report<'a>,
    file: &'a Linted,
    finding: &'a Finding,
    style: Style,
) -> Vec<Group<'a>> {
    // The renderer does not wrap text. It puts `warning[name]: ` before a message, and the width of
    // a line number and ` = help: ` before a note.
    let id = super::id(finding);
    let title = finding.severity.as_str().len() + id.len() + "[]: ".len();
    let message = wrapped(&escape(&finding.message), style.width.saturating_sub(title));
    let note = style
        .width
        .saturating_sub(file.line_count().to_string().len() + " = help: ".len());
    let pointer = Level::HELP.message(wrapped(&pointer(report, finding), note));
    let mut title = level(finding.severity).primary_title(message).id(id);
    if style.links {
        title = title.id_url(super::url(finding));
    }
    let mut unseen = Vec::new();
    let group = match (file.source(), &finding.location) {
        (Some(source), Location::Text(text)) => {
            title.elements(snippet(source, text.span, &finding.labels, &mut unseen))
        }
        // An image has no text to quote.
        (_, location) => title.element(Origin::path(place_in_image(file.name(), location))),
    };
    let elsewhere = finding.labels.iter().filter_map(elsewhere).flatten();
    let group = group.elements(elsewhere.take(MAX_LABELS));
    let unseen = unseen
        .into_iter()
        .map(|text| Level::NOTE.message(wrapped(&escape(&text), note)));
    let group = group.elements(unseen);
    let notes = Linted::notes(finding);
    let notes = notes
        .iter()
        .map(|text| Level::NOTE.message(wrapped(&escape(text), note)));
    let group = group.elements(notes);
    // The pointer is the last line, below the patch if there is one.
    match (&finding.fix, file.source()) {
        (Some(fix), Some(source)) => {
            let patch = patch(source, fix, style.width);
            vec![group, patch.element(pointer)]
        }
        _ => vec![group.element(pointer)],
    }
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
        // The renderer has no level below info.
        Severity::Style => Level::INFO.with_name("style"),
    }
}

/// The excerpt of the finding's file with its labels. Labels outside of the excerpt are described
/// in words.
fn snippet<'a>(
    source: &'a Source,
    span: Span,
    labels: &'a [Label],
    unseen: &mut Vec<String>,
) -> Vec<Element<'a>> {
    let here = || labels.iter().filter(|label| label.file.is_none());
    let spans = here().take(MAX_LABELS).map(|label| label.span);
    let excerpt = Excerpt::new(source, span, spans);
    if excerpt.is_cut && !excerpt.shows(span) {
        let line = source.line(span.end);
        unseen.push(format!(
            "the excerpt is truncated; the finding ends on line {line}"
        ));
    }
    let mut annotations = Vec::new();
    let mut left_out = 0;
    for label in here() {
        let message = escape(&label.message);
        if excerpt.shows(label.span) && annotations.len() < MAX_LABELS {
            let range = excerpt.range(label.span);
            annotations.push(AnnotationKind::Context.span(range).label(message));
        } else if unseen.len() < MAX_LABELS {
            let line = source.line(label.span.start);
            unseen.push(format!("line {line}: {message}"));
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 {
        unseen.push(counted(left_out, "more place"));
    }
    let primary = AnnotationKind::Primary.span(excerpt.range(span));
    let mut elements = Vec::new();
    elements.extend(origin(source, span, &excerpt).map(Element::from));
    let snippet = excerpted(source, &excerpt).annotation(primary);
    elements.push(snippet.annotations(annotations).into());
    elements
}

/// An excerpt of another file, for a label in that file.
fn elsewhere(label: &Label) -> Option<Vec<Element<'_>>> {
    let source = label.file.as_deref()?;
    let excerpt = Excerpt::new(source, label.span, []);
    let annotation = AnnotationKind::Context
        .span(excerpt.range(label.span))
        .label(escape(&label.message));
    let mut elements = Vec::new();
    elements.extend(origin(source, label.span, &excerpt).map(Element::from));
    elements.push(excerpted(source, &excerpt).annotation(annotation).into());
    Some(elements)
}

/// The location of an excerpt that starts within a line. For others, the renderer computes it.
fn origin<'a>(source: &'a Source, span: Span, excerpt: &Excerpt<'a>) -> Option<Origin<'a>> {
    if !excerpt.is_cut {
        return None;
    }
    let place = source.position(span.start);
    let origin = Origin::path(escape(source.name()));
    Some(origin.line(place.line).char_column(place.column))
}

fn excerpted<'a, T: Clone>(source: &'a Source, excerpt: &Excerpt<'a>) -> Snippet<'a, T> {
    let snippet = Snippet::source(excerpt.text.clone()).line_start(excerpt.line);
    if excerpt.is_cut {
        snippet
    } else {
        snippet.path(escape(source.name()))
    }
}

/// The image and the layer of a finding; only the image for a finding in its configuration.
fn place_in_image(name: &str, location: &Location) -> String {
    let name = escape(name);
    match location {
        Location::Image(image) => match image.layer() {
            Some(layer) => format!("{name}, layer {layer}"),
            None => name.into_owned(),
        },
        Location::Text(_) => name.into_owned(),
    }
}

fn patch<'a>(source: &'a Source, fix: &'a Fix, width: usize) -> Group<'a> {
    let title = match fix.applicability {
        Applicability::Safe => fix.title.clone(),
        Applicability::Unsafe => format!("{} (unsafe: review the result)", fix.title),
    };
    let room = width.saturating_sub("help: ".len());
    let title = Level::HELP.secondary_title(wrapped(&escape(&title), room));
    if let Some(snippet) = patched(source, &fix.edits, width) {
        return title.element(snippet);
    }
    let count = counted(fix.edits.len(), "edit");
    let text = format!("the patch is too large to show ({count}): see `--diff`");
    title.element(Level::NOTE.message(wrapped(&text, room)))
}

/// The edits in the lines that they change; `None` if that is too much to show.
fn patched<'a>(
    source: &'a Source,
    edits: &'a [Edit],
    width: usize,
) -> Option<Snippet<'a, Patch<'a>>> {
    let length: usize = edits.iter().map(|edit| edit.replacement.len()).sum();
    if edits.len() > MAX_EDITS || length > MAX_PATCH_BYTES {
        return None;
    }
    // The renderer puts the number of the line and ` | ` before each line, and does not cut it.
    let number = source.line_count().to_string().len();
    let room = width.saturating_sub(number + " | ".len());
    let excerpt = Excerpt::of_edits(source, edits, room)?;
    if excerpt.text.len() > MAX_PATCH_BYTES {
        return None;
    }
    let patches = edits.iter().map(|edit| {
        Patch::new(
            excerpt.range(edit.span),
            excerpt::escaped(&edit.replacement),
        )
    });
    Some(excerpted(source, &excerpt).patches(patches))
}

/// A pointer to the rule's page, with the rule's codes in other tools.
fn pointer(report: &Report<'_>, finding: &Finding) -> String {
    // Some names, such as the identifiers of KICS, are too long to read or to remember.
    let id = super::id(finding);
    let aliases: Vec<_> = report
        .aliases(finding)
        .filter(|alias| alias.len() < 30 && *alias != id)
        .collect();
    match aliases.as_slice() {
        [] => format!("see `jettison explain {id}`"),
        aliases => format!(
            "see `jettison explain {id}`; also known as {}",
            aliases.join(", ")
        ),
    }
}

/// A line for each requirement of a standard, with the number of its findings and their rules.
fn compliance(out: &mut Lines, report: &Report<'_>, given: Compliance) {
    let standard = given.standard;
    out.line(&standard.title);
    let longest = standard.requirements.iter().map(|one| one.id.len()).max();
    let width = longest.unwrap_or_default();
    let (mut clean, mut unchecked) = (0, 0);
    for requirement in &standard.requirements {
        let mut count = 0;
        let mut rules = BTreeSet::new();
        for finding in report.findings() {
            if requirement.rules.iter().any(|rule| rule == finding.rule) {
                count += 1;
                rules.insert(finding.rule);
            }
        }
        let result = if requirement.rules.is_empty() {
            unchecked += 1;
            "not checked".to_owned()
        } else if count > 0 {
            let rules: Vec<&str> = rules.into_iter().collect();
            format!("{} ({})", counted(count, "finding"), rules.join(", "))
        } else if let Some(input) = given.missing_input(requirement, report.registry) {
            // A Dockerfile shows nothing about the containers that are started from its image.
            unchecked += 1;
            format!("not checked without {input}")
        } else {
            clean += 1;
            "no findings".to_owned()
        };
        let (id, title) = (&requirement.id, &requirement.title);
        out.line(format!("  {id:width$}  {title}: {result}"));
    }
    let all = standard.requirements.len();
    out.line(format!(
        "{clean} of {all} requirements without findings, {unchecked} not checked"
    ));
    out.line("");
}

fn summary(out: &mut Lines, report: &Report<'_>) {
    out.line(counts(report));
    if let Some(line) = fixable(report) {
        out.line(line);
    }
}

/// The numbers of files and findings.
pub(super) fn counts(report: &Report<'_>) -> String {
    let total = report.findings().count();
    let images = report.files.iter().filter(|file| file.is_image()).count();
    let checked = match (report.files.len() - images, images) {
        (files, 0) => counted(files, "file"),
        (0, images) => counted(images, "image"),
        (files, images) => format!(
            "{} and {}",
            counted(files, "file"),
            counted(images, "image")
        ),
    };
    let mut line = format!("{checked} checked, {}", counted(total, "finding"));
    for (index, severity) in Severity::ALL
        .into_iter()
        .filter(|&severity| report.count(severity) > 0)
        .enumerate()
    {
        line.push_str(if index == 0 { ": " } else { ", " });
        let count = report.count(severity);
        // "info" and "style" have no plural.
        let noun = if severity <= Severity::Warning {
            // `1 error` and `2 errors`.
            counted(count, severity.as_str())
        } else {
            format!("{count} {severity}")
        };
        line.push_str(&noun);
    }
    line
}

/// The numbers of fixes by the options that apply them; `None` without fixes.
pub(super) fn fixable(report: &Report<'_>) -> Option<String> {
    // Counted by kind, because unsafe fixes require a separate option.
    let (mut safe, mut unsafely) = (0, 0);
    for fix in report.findings().filter_map(|finding| finding.fix.as_ref()) {
        match fix.applicability {
            Applicability::Safe => safe += 1,
            Applicability::Unsafe => unsafely += 1,
        }
    }
    match (safe, unsafely) {
        (0, 0) => None,
        (safe, 0) => Some(format!("{safe} can be fixed with `--fix`")),
        (0, unsafely) => Some(format!(
            "{unsafely} can be fixed with `--fix --unsafe-fixes`"
        )),
        (safe, unsafely) => Some(format!(
            "{safe} can be fixed with `--fix`, {unsafely} more with `--unsafe-fixes`"
        )),
    }
}

/// A text with line breaks so that no line is wider than `width`. Words are not split, because
/// otherwise paths and commands could not be copied.
fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut column = 0;
    for word in text.split(' ') {
        let columns = word.chars().count();
        if column > 0 && column + 1 + columns > width.max(NARROWEST) {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += columns;
    }
    out
}

fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}
