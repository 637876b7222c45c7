//! `jettison rules`.

use std::fmt::Write as _;

use anstyle::Style;
use serde_json::json;

use super::arguments::{ListFormat, RulesArguments};
use super::config::known_rules;
use super::{Outcome, Output, output, rules_test};
use crate::lint::{Applicability, Category, Page, Profile, Severity, index_markdown};
use crate::printable::Lines;
use crate::rules;
use crate::slim::keep_rules;

pub(super) fn run(arguments: &RulesArguments, output: Output) -> anyhow::Result<Outcome> {
    if arguments.test {
        return rules_test::run(output);
    }
    let registry = match arguments.format {
        // The index is that of `rules/README.md`.
        ListFormat::Markdown => rules::registry(),
        ListFormat::Text | ListFormat::Json => known_rules(output),
    };
    let list = match arguments.format {
        ListFormat::Text => table(
            &registry.iter().map(|(_, page)| page).collect::<Vec<_>>(),
            output::width(),
        ),
        // This is the index in `rules/README.md`, which covers the keep rules too.
        ListFormat::Markdown => index_markdown(registry) + &keep_rules().index_markdown(),
        ListFormat::Json => {
            let rows: Vec<_> = registry.iter().map(|(_, page)| row(page)).collect();
            format!("{:#}\n", serde_json::Value::from(rows))
        }
    };
    // Only the text has styles; the other formats are written to files or pipes.
    if arguments.format == ListFormat::Text {
        let mut lines = Lines::new();
        lines.styled(&list);
        output.print(&lines)?;
    } else {
        Output::print_data(list.as_bytes())?;
    }
    Ok(Outcome::Clean)
}

/// The legend, and an entry for each rule, by category: name, severity, marks and title.
pub(super) fn table(pages: &[&Page], width: usize) -> String {
    let mut out = String::from(
        "f: has a fix, u: has an unsafe fix\n\
         m: in the profiles minimal and pedantic, p: only in pedantic\n\
         `jettison explain NAME` shows a rule's page\n\n",
    );
    let names = pages
        .iter()
        .map(|page| page.name.len())
        .max()
        .unwrap_or_default();
    let heading = Style::new().bold().underline();
    for category in Category::ALL {
        // `explain --category` passes the pages of one category only, so headings without rules are
        // skipped.
        let mut pages = pages
            .iter()
            .filter(|page| page.category == category)
            .peekable();
        if pages.peek().is_none() {
            continue;
        }
        let _ = writeln!(out, "{heading}{category}{heading:#}");
        for page in pages {
            let marks = format!("{}{}", fix_mark(page), profile_mark(page));
            let start = format!(
                "  {:names$}  {:7}  {marks}  ",
                page.name,
                page.severity.as_str()
            );
            push_entry(&mut out, &start, page.title, width);
        }
        out.push('\n');
    }
    // The empty line separates categories, and nothing follows the last one.
    out.truncate(out.trim_end_matches('\n').len());
    out.push('\n');
    out
}

fn fix_mark(page: &Page) -> char {
    match page.fix {
        Some(Applicability::Safe) => 'f',
        Some(Applicability::Unsafe) => 'u',
        // A mark in each column keeps the titles aligned.
        None => '-',
    }
}

fn profile_mark(page: &Page) -> char {
    match page.profile {
        Profile::Default => '-',
        Profile::Minimal => 'm',
        Profile::Pedantic => 'p',
    }
}

/// The narrowest column for titles. In a narrower one, most lines would have a single word.
const NARROWEST_TITLE: usize = 20;

/// Adds the start of an entry and its title. A title that does not fit continues in its column, or
/// on lines of its own if that is too narrow.
pub(super) fn push_entry(out: &mut String, start: &str, title: &str, width: usize) {
    // Titles are plain text without wide characters, so characters count as columns.
    let mut column = start.chars().count();
    if width < column + NARROWEST_TITLE && width < column + title.chars().count() {
        out.push_str(start.trim_end());
        out.push('\n');
        column = 4;
        out.push_str("    ");
    } else {
        out.push_str(start);
    }
    let mut at = column;
    for (index, word) in title.split(' ').enumerate() {
        let length = word.chars().count();
        if index > 0 && at + 1 + length > width {
            let _ = write!(out, "\n{:column$}", "");
            at = column;
        } else if index > 0 {
            out.push(' ');
            at += 1;
        }
        out.push_str(word);
        at += length;
    }
    out.push('\n');
}

pub(super) fn row(page: &Page) -> serde_json::Value {
    let aliases: Vec<_> = page.aliases.iter().map(|alias| alias.code).collect();
    json!({
        "name": page.name,
        "title": page.title,
        "severity": page.severity.as_str(),
        "minimal_severity": page.minimal_severity.map(Severity::as_str),
        "category": page.category.as_str(),
        "profile": page.profile.as_str(),
        "fix": page.fix.map(Applicability::as_str),
        "aliases": aliases,
    })
}
