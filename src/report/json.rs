//! Findings as a JSON array, with hadolint's six fields for compatibility, and more.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::iter;

use serde::Serialize;
use serde_json::Value;

use super::input::Region;
use super::{Linted, Report};
use crate::lint::{Edit, Finding, Fix};
use crate::printable::{is_hidden, is_logging_command};
use crate::source::Source;

/// A finding. `line`, `column`, `end_line` and `end_column` count from 1, columns in characters;
/// the end is exclusive.
#[derive(Serialize)]
struct Row<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    level: &'a str,
    /// The code of hadolint or ShellCheck, or else the name in BuildKit, or else the name of the
    /// rule.
    code: Cow<'static, str>,
    message: &'a str,
    rule: &'a str,
    aliases: Vec<Cow<'static, str>>,
    /// The first line of the instruction, which is the line that hadolint reports.
    instruction_line: usize,
    end_line: usize,
    end_column: usize,
    notes: Cow<'a, [String]>,
    // Omitted if there are none, because few findings have labels and reports are large.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<LabelRow<'a>>,
    fix: Option<FixRow<'a>>,
    url: String,
    /// The requirements of the standard that the user named, such as `4.1`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    requirements: Vec<&'a str>,
    /// The location of a finding in an image. `line` is a history step, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<ImageRow<'a>>,
}

#[derive(Serialize)]
struct ImageRow<'a> {
    path: Option<String>,
    layer: Option<usize>,
    reached: Option<bool>,
    package: Option<&'a str>,
}

#[derive(Serialize)]
struct LabelRow<'a> {
    /// The file of the label if it differs from that of the finding, such as a configuration file.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    message: &'a str,
    #[serde(flatten)]
    place: Place,
}

#[derive(Serialize)]
struct FixRow<'a> {
    title: &'a str,
    applicability: &'a str,
    edits: Vec<EditRow<'a>>,
}

/// Replacement of the bytes `start..end` of the file.
#[derive(Serialize)]
struct EditRow<'a> {
    start: usize,
    end: usize,
    replacement: &'a str,
    #[serde(flatten)]
    place: Place,
}

#[derive(Serialize)]
struct Place {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

impl From<Region> for Place {
    fn from(Region { start, end }: Region) -> Self {
        Self {
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
        }
    }
}

/// An array with one object per line, so that `diff` and `grep` work on it.
pub(super) fn json(report: &Report<'_>) -> impl Iterator<Item = String> {
    array(lines(report))
}

/// The same objects without the array.
pub(super) fn jsonl(report: &Report<'_>) -> impl Iterator<Item = String> {
    // Also after the last object, because every line of a text file ends with a line break.
    lines(report).map(|line| escaped(line) + "\n")
}

/// An array of elements that are already JSON, one per line.
pub(super) fn array(elements: impl Iterator<Item = String>) -> impl Iterator<Item = String> {
    let line = "\n".to_owned();
    list(
        "[".to_owned(),
        elements,
        line.clone(),
        line,
        "]\n".to_owned(),
    )
}

/// The pieces of a document whose last value is an empty list, with elements in it that are already
/// JSON. `indent` is the number of spaces before an element.
pub(super) fn with_list<Elements: Iterator<Item = String>>(
    document: &Value,
    elements: Elements,
    indent: usize,
) -> impl Iterator<Item = String> + use<Elements> {
    let document = escaped(format!("{document:#}\n"));
    // After the last value, there are only the ends of the lists and objects around it, each on a
    // line of its own.
    let (start, end) = document
        .rsplit_once("[]")
        .expect("the last value is an empty list");
    let line = format!("\n{:indent$}", "");
    let last_line = format!("\n{:1$}", "", indent.saturating_sub(2));
    let inner_line = line.clone();
    let elements = elements.map(move |element| element.replace('\n', &inner_line));
    list(
        format!("{start}["),
        elements,
        line,
        last_line,
        format!("]{end}"),
    )
}

/// A list between the start and the end of a document, with a line break before each element and
/// one after the last, so that an empty list is on one line.
fn list(
    start: String,
    elements: impl Iterator<Item = String>,
    line: String,
    last_line: String,
    end: String,
) -> impl Iterator<Item = String> {
    let mut elements = elements.peekable();
    let end = match elements.peek() {
        Some(_) => last_line + &end,
        None => end,
    };
    let elements = elements.enumerate().map(move |(index, element)| {
        let comma = if index == 0 { "" } else { "," };
        format!("{comma}{line}{}", escaped(element))
    });
    iter::once(start).chain(elements).chain(iter::once(end))
}

/// JSON text in which control characters and hidden characters are written as escapes, and which
/// contains no command for a CI system. The meaning is unchanged, because these only occur in
/// strings.
pub(super) fn escaped(json: String) -> String {
    // Almost every report is plain ASCII, with control characters escaped by the serializer, and is
    // returned without a copy.
    let is_ascii = json.bytes().all(|byte| byte.is_ascii() && byte != 0x7f);
    if is_ascii && !json.contains("##") {
        return json;
    }
    let mut out = String::with_capacity(json.len());
    for (at, letter) in json.char_indices() {
        let is_command = letter == '#' && is_logging_command(&json[at..]);
        if is_command || (is_hidden(letter) && letter != '\n') {
            // JSON escapes are UTF-16, with two code units for characters beyond the first plane.
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(letter);
        }
    }
    out
}

fn lines(report: &Report<'_>) -> impl Iterator<Item = String> {
    let rows = report.files.iter().flat_map(|file| rows(report, file));
    rows.map(|row| serde_json::to_string(&row).expect("strings and numbers always serialize"))
}

fn rows<'a>(report: &'a Report<'a>, file: &'a Linted) -> impl Iterator<Item = Row<'a>> {
    file.findings
        .iter()
        .map(|finding| row(report, file, finding))
}

fn row<'a>(report: &'a Report<'a>, file: &'a Linted, finding: &'a Finding) -> Row<'a> {
    let Place {
        line,
        column,
        end_line,
        end_column,
    } = file.region(finding).into();
    // Only texts have offsets that edits can refer to.
    let fix = finding.fix.as_ref().zip(file.source());
    Row {
        file: file.name(),
        line,
        column,
        level: finding.severity.as_str(),
        code: report.code(finding),
        message: &finding.message,
        rule: finding.rule,
        aliases: report.aliases(finding).collect(),
        instruction_line: file.instruction_line(finding),
        end_line,
        end_column,
        notes: Linted::notes(finding),
        labels: file
            .labels(finding)
            .map(|(source, label)| LabelRow {
                file: label.file.as_ref().map(|file| file.name()),
                message: &label.message,
                place: Region::of(source, label.span).into(),
            })
            .collect(),
        fix: fix.map(|(fix, source)| fix_row(source, fix)),
        url: super::url(finding),
        requirements: report.requirements(finding).map(|one| &*one.id).collect(),
        image: finding.image().map(|image| ImageRow {
            path: image
                .path
                .as_ref()
                .map(|path| path.escape_ascii().to_string()),
            layer: image.layer(),
            reached: image.reachable,
            package: image.package.as_deref(),
        }),
    }
}

fn fix_row<'a>(source: &Source, fix: &'a Fix) -> FixRow<'a> {
    FixRow {
        title: &fix.title,
        applicability: fix.applicability.as_str(),
        edits: fix
            .edits
            .iter()
            .map(|edit| edit_row(source, edit))
            .collect(),
    }
}

fn edit_row<'a>(source: &Source, edit: &'a Edit) -> EditRow<'a> {
    EditRow {
        start: edit.span.start,
        end: edit.span.end,
        replacement: &edit.replacement,
        place: Region::of(source, edit.span).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_written_into_the_last_list_of_a_document() {
        let document = serde_json::json!({ "a": ["[]"], "b": [{ "c": {}, "d": [] }] });
        let elements = ["{\n  \"e\": []\n}", "2"];
        let all: String =
            with_list(&document, elements.map(str::to_owned).into_iter(), 8).collect();
        let whole = serde_json::json!({ "a": ["[]"], "b": [{ "c": {}, "d": [{ "e": [] }, 2] }] });
        assert_eq!(serde_json::from_str::<Value>(&all).ok(), Some(whole));
        let none: String = with_list(&document, iter::empty(), 8).collect();
        assert_eq!(none, format!("{document:#}\n"));
    }

    #[test]
    fn hidden_characters_become_equivalent_json_escapes() {
        let text = "é\u{1b}[2J \u{7f}\u{9b}\u{202e}\u{2028}\u{e0041} ##vso[x] ##[y] C# ## z";
        let json = escaped(serde_json::to_string(text).expect("it is text"));
        assert_eq!(
            json,
            r#""é\u001b[2J \u007f\u009b\u202e\u2028\udb40\udc41 \u0023#vso[x] \u0023#[y] C# ## z""#
        );
        let read: String = serde_json::from_str(&json).expect("it is JSON");
        assert_eq!(read, text);
    }
}
