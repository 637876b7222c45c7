//! GitHub Flavored Markdown for comments on pull requests and for job summaries.
//!
//! Names and messages contain text from the repository. In a comment, that text must not notify
//! users, refer to issues, add links or break the table, so it is either in code or escaped.

use std::fmt::Write as _;

use super::{Linted, Report, attack_surface, text};
use crate::lint::{Applicability, Finding, Fix, Location};
use crate::printable::{Lines, escape, escape_bytes};
use crate::size::counted;

/// Maximum size of the tables in bytes. GitHub rejects comments of more than 65,536 characters, and
/// a comment may have other content.
const MAX_BYTES: usize = 60_000;

/// A heading with the number of findings, and a table for each file with findings.
pub(super) fn markdown(report: &Report<'_>) -> Lines {
    let mut out = Lines::new();
    let total = report.findings().count();
    out.line(match total {
        0 => "## jettison: no findings".to_owned(),
        total => format!("## jettison: {}", counted(total, "finding")),
    });
    let mut shown = 0;
    for file in report.files {
        shown += table(&mut out, file);
    }
    out.line("");
    if shown < total {
        let rest = counted(total - shown, "more finding");
        out.line(format_args!("{rest} not shown: run `jettison lint`."));
        out.line("");
    }
    out.line(format_args!("{}.", inline(&text::counts(report))));
    if let Some(fixable) = text::fixable(report) {
        out.line(format_args!("{}.", inline(&fixable)));
    }
    surfaces(&mut out, report);
    out
}

/// The heading and the table of a file; returns the number of findings in it.
fn table(out: &mut Lines, file: &Linted) -> usize {
    let mut rows = Lines::new();
    let mut shown = 0;
    for finding in &file.findings {
        let row = row(file, finding);
        // A later, shorter row could still fit, but the table would have gaps.
        if out.as_str().len() + rows.as_str().len() + row.len() > MAX_BYTES {
            break;
        }
        rows.line(row);
        shown += 1;
    }
    if shown == 0 {
        return 0;
    }
    let place = if file.is_image() { "place" } else { "line" };
    out.line("");
    out.line(format_args!("### {}", code(&escape(file.name()))));
    out.line("");
    out.line(format_args!("| {place} | severity | finding | rule |"));
    out.line("| ---: | --- | --- | --- |");
    out.append(&rows);
    shown
}

fn row(file: &Linted, finding: &Finding) -> String {
    let mut cell = inline(&finding.message);
    for note in Linted::notes(finding).iter() {
        let _ = write!(cell, "<br>{}", inline(note));
    }
    if let Some(fix) = &finding.fix {
        let _ = write!(cell, "<br>{}", help(fix));
    }
    format!(
        "| {} | {} | {cell} | [{}]({}) |",
        place(file, finding),
        finding.severity,
        super::id(finding),
        super::url(finding)
    )
}

/// The line of a finding in a Dockerfile; the path or the layer of one in an image.
fn place(file: &Linted, finding: &Finding) -> String {
    let Location::Image(image) = &finding.location else {
        return file.region(finding).start.line.to_string();
    };
    match (&image.path, image.layer()) {
        (Some(path), _) => code(&escape_bytes(path)),
        (None, Some(layer)) => format!("layer {layer}"),
        (None, None) => "configuration".to_owned(),
    }
}

fn help(fix: &Fix) -> String {
    let title = inline(&fix.title);
    match fix.applicability {
        Applicability::Safe => format!("**Fix:** {title}"),
        Applicability::Unsafe => format!("**Fix** (unsafe: review the result): {title}"),
    }
}

fn surfaces(out: &mut Lines, report: &Report<'_>) {
    for file in report.files {
        let Some(surface) = &file.attack_surface else {
            continue;
        };
        let name = match report.files {
            [_] => None,
            _ => Some(file.name()),
        };
        out.line("");
        // The name of a base image or of a user may contain anything.
        let line = attack_surface::line(file, surface, name, "\u{2014}");
        out.line(inline(&line));
    }
}

/// A text with backticks around code, as in messages and notes, in which nothing else is Markdown.
fn inline(text: &str) -> String {
    let text = escape(text);
    let mut out = String::with_capacity(text.len());
    let mut rest = &*text;
    // A backtick in foreign text may swap code and prose, but both are escaped.
    while let Some((prose, after)) = rest.split_once('`') {
        let Some((inside, after)) = after.split_once('`') else {
            break;
        };
        out.push_str(&escaped(prose));
        out.push_str(&code(inside));
        rest = after;
    }
    out.push_str(&escaped(rest));
    out
}

/// A text as code.
fn code(text: &str) -> String {
    // A pipe would end a cell of the table even in code, and these do not look the same between
    // backticks in all renderers.
    let is_simple = !text.contains(['`', '|', '\\']) && !text.trim().is_empty();
    if is_simple {
        return format!("`{text}`");
    }
    format!("<code>{}</code>", escaped(text))
}

/// A text in which no character has a meaning in Markdown or HTML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for letter in text.chars() {
        match letter {
            // GitHub looks for mentions, references to issues and addresses in the rendered text.
            // An empty comment separates their parts, but is not shown.
            '@' => out.push_str("@<!-- -->"),
            '#' => out.push_str("&#35;<!-- -->"),
            '/' if before == ':' => out.push_str("<!-- -->/"),
            '.' if before.eq_ignore_ascii_case(&'w') => out.push_str("<!-- -->."),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '|' | '~' | '!' | '$' => {
                let _ = write!(out, "&#{};", u32::from(letter));
            }
            letter => out.push(letter),
        }
        before = letter;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_stays_code_and_everything_else_is_escaped() {
        let cases = [
            ("add `-y`", "add `-y`"),
            ("`a|b` and c|d", "<code>a&#124;b</code> and c&#124;d"),
            ("an odd ` and *stars*", "an odd &#96; and &#42;stars&#42;"),
            ("<img src=x>", "&#60;img src=x&#62;"),
            ("see @team, #12", "see @<!-- -->team, &#35;<!-- -->12"),
            ("https://x.example", "https:<!-- -->//x.example"),
            ("www.x.example", "www<!-- -->.x.example"),
            ("[a](b)", "&#91;a&#93;(b)"),
            ("``", "<code></code>"),
        ];
        for (text, expected) in cases {
            assert_eq!(inline(text), expected, "{text}");
        }
    }

    #[test]
    fn a_backtick_in_foreign_text_cannot_make_a_link_or_a_mention() {
        let foreign = "x` [a](b) @team ![c](d) `y";
        let mut text = inline(&format!("unknown name `{foreign}` here"));
        // Removes code, in which Markdown has no effect.
        while let Some((before, after)) = text.split_once('`') {
            let rest = after.split_once('`').expect("code ends").1;
            text = format!("{before}{rest}");
        }
        assert!(!text.contains("]("), "{text}");
        assert!(!text.contains("@t"), "{text}");
        assert!(
            text.contains("&#91;a&#93;(b) @<!-- -->team &#33;"),
            "{text}"
        );
    }
}
