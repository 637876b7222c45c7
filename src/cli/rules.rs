//! `jettison rules`.

use std::fmt::Write as _;

use anstyle::Style;
use serde_json::json;

use super::arguments::{ListFormat, RulesArguments};
use super::{Outcome, Output, output};
use crate::lint::{Applicability, Category, Page, Profile, Severity, index_markdown};
use crate::printable::Lines;
use crate::rules;
use crate::slim::keep_rules;

pub(super) fn run(arguments: &RulesArguments, output: Output) -> anyhow::Result<Outcome> {
    let registry = rules::registry();
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

/// A line for each rule, by category: name, severity, marks and title; truncated to the width.
pub(super) fn table(pages: &[&Page], width: usize) -> String {
    let mut out = String::new();
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
            let line = format!(
                "  {:names$}  {:7}  {marks}  {}",
                page.name,
                page.severity.as_str(),
                page.title
            );
            let _ = writeln!(out, "{}", cut(&line, width));
        }
        out.push('\n');
    }
    out.push_str(
        "f: has a fix, u: has an unsafe fix\n\
         m: in the profiles minimal and pedantic, p: only in pedantic\n",
    );
    out.push_str("`jettison explain NAME` shows the page of a rule\n");
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

/// Truncates a line that is too wide for the terminal, which would wrap it.
pub(super) fn cut(line: &str, width: usize) -> String {
    // Titles are plain text without wide characters, so characters count as columns.
    if line.chars().count() <= width {
        return line.to_owned();
    }
    let mut short: String = line.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
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
