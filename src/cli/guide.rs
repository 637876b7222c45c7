//! The guide: pages about tasks, printed by `jettison explain guide/NAME` and shown on GitHub.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::sync::LazyLock;

use anstyle::Style;
use anyhow::bail;
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command};
use serde_json::{Value, json};

use super::arguments::ListFormat;
use super::{output, page};
use crate::slim::keep_rules;
use crate::{rules, suggestion};

/// The prefix that distinguishes guide pages from rules.
const PREFIX: &str = "guide/";

/// A page of the guide.
#[derive(Debug)]
pub(super) struct GuidePage {
    pub(super) name: &'static str,
    /// Markdown, from the heading on.
    pub(super) text: &'static str,
}

macro_rules! pages {
    ($($name:literal),* $(,)?) => {
        &[
            $(GuidePage {
                name: $name,
                text: include_str!(concat!(
                    env!("CARGO_MANIFEST_DIR"), "/rules/guide/", $name, ".md"
                )),
            },)*
            // GitHub looks for this file in the root of the repository.
            GuidePage {
                name: "security",
                text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/SECURITY.md")),
            },
        ]
    };
}

/// All pages, in the order in which a newcomer reads them.
pub(super) const PAGES: &[GuidePage] = pages![
    "install",
    "lint",
    "deployments",
    "fix",
    "configuration",
    "own-rules",
    "suppressions",
    "output-formats",
    "hooks-and-ci",
    "editors",
    "images",
    "slim",
    "rest",
    "shared-layers",
    "node-modules",
    "python-modules",
    "keep-rules",
    "why-and-verify",
    "harden",
    "tests-of-images",
    "observe",
    "deps",
    "inspect-and-diff",
    "transports",
    "reports-and-sbom",
    "attestation",
    "build-step",
    "docker-build",
    "comparison",
    "performance",
    "adding-a-rule",
    "development",
];

impl GuidePage {
    /// The first heading.
    pub(super) fn title(&self) -> &'static str {
        let line = self.text.lines().next().unwrap_or_default();
        line.trim_start_matches("# ")
    }

    /// The page for a terminal, in which links to files are replaced by names that `explain`
    /// accepts.
    fn render(&self, width: usize) -> String {
        let mut text = String::with_capacity(self.text.len());
        let mut rest = self.text;
        while let Some((before, link)) = rest.split_once("](") {
            let (target, after) = link.split_once(')').unwrap_or((link, ""));
            let _ = write!(text, "{before}]({})", name_of(target));
            rest = after;
        }
        text.push_str(rest);
        page::render(&text, width)
    }

    fn row(&self, with_text: bool) -> Value {
        let mut row = json!({ "name": format!("{PREFIX}{}", self.name), "title": self.title() });
        if with_text {
            row["markdown"] = self.text.into();
        }
        row
    }
}

/// The name that `explain` accepts for the target of a link, or the link unchanged.
fn name_of(target: &str) -> String {
    let Some((file, _)) = target.split_once(".md") else {
        return target.to_owned();
    };
    match file.rsplit_once('/') {
        None => format!("{PREFIX}{file}"),
        Some(("../lint", name)) => name.to_owned(),
        Some(("../keep", name)) => format!("keep/{name}"),
        Some(("../..", "SECURITY")) => format!("{PREFIX}security"),
        Some(_) => target.to_owned(),
    }
}

/// Whether a name has the form of a guide page, known or not.
pub(super) fn is_guide_name(name: &str) -> bool {
    name == "guide" || name.starts_with(PREFIX)
}

/// The page with a name, or the list of all pages for `guide` alone.
pub(super) fn text(name: &str, format: ListFormat) -> anyhow::Result<String> {
    let Some(name) = name.strip_prefix(PREFIX).filter(|name| !name.is_empty()) else {
        return Ok(listed(format));
    };
    let Some(page) = find(name) else {
        match suggest(name) {
            Some(near) => bail!("there is no page `{PREFIX}{name}`; did you mean `{near}`?"),
            None => {
                bail!("there is no page `{PREFIX}{name}`; `jettison explain guide` lists all pages")
            }
        }
    };
    Ok(match format {
        ListFormat::Text => page.render(output::prose_width()),
        ListFormat::Markdown => page.text.to_owned(),
        ListFormat::Json => format!("{:#}\n", json!([page.row(true)])),
    })
}

/// The page with this name, or the only page with this prefix.
fn find(name: &str) -> Option<&'static GuidePage> {
    if let Some(page) = PAGES.iter().find(|page| page.name == name) {
        return Some(page);
    }
    let mut starting = PAGES.iter().filter(|page| page.name.starts_with(name));
    match (starting.next(), starting.next()) {
        (Some(page), None) => Some(page),
        _ => None,
    }
}

/// The full name of the page that is closest to an unknown name.
pub(super) fn suggest(unknown: &str) -> Option<String> {
    let near = suggestion::closest(unknown, PAGES.iter().map(|page| page.name))?;
    Some(format!("{PREFIX}{near}"))
}

/// A line per page.
pub(super) fn listed(format: ListFormat) -> String {
    match format {
        ListFormat::Text => table(),
        ListFormat::Markdown => {
            let mut list = String::new();
            for page in PAGES {
                list.push_str("- `");
                list.push_str(PREFIX);
                list.push_str(page.name);
                list.push_str("`: ");
                list.push_str(page.title());
                list.push('\n');
            }
            list
        }
        ListFormat::Json => {
            let rows: Vec<Value> = PAGES.iter().map(|page| page.row(false)).collect();
            format!("{:#}\n", Value::from(rows))
        }
    }
}

fn table() -> String {
    let names = PAGES.iter().map(|page| page.name.len()).max();
    let width = PREFIX.len() + names.unwrap_or_default();
    let heading = Style::new().bold().underline();
    let mut out = format!("{heading}guide{heading:#}\n");
    for page in PAGES {
        let name = format!("{PREFIX}{}", page.name);
        let _ = writeln!(out, "  {name:width$}  {}", page.title());
    }
    out
}

/// The names of all rules, keep rules and pages, as `explain` accepts them.
static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut names = Vec::new();
    for (rule, _) in rules::registry().iter() {
        names.push(rule.name.to_owned());
    }
    for page in keep_rules().iter() {
        names.push(format!("keep/{}", page.name));
    }
    for page in PAGES {
        names.push(format!("{PREFIX}{}", page.name));
    }
    names
});

/// Offers completions for `explain` but accepts any value, because prefixes and other tools' codes
/// are not in the list.
#[derive(Clone)]
pub(super) struct PageNameParser;

impl TypedValueParser for PageNameParser {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(
            NAMES.iter().map(|name| PossibleValue::new(name.as_str())),
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_of_the_guide_is_a_page() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/guide");
        let mut files: BTreeSet<String> = fs::read_dir(directory)
            .expect("the directory is there")
            .map(|entry| entry.expect("it is readable").file_name())
            .map(|name| name.to_string_lossy().trim_end_matches(".md").to_owned())
            .collect();
        files.insert("security".to_owned());
        let pages: BTreeSet<String> = PAGES.iter().map(|page| page.name.to_owned()).collect();
        assert_eq!(files, pages);
    }

    #[test]
    fn every_page_starts_with_a_heading() {
        for page in PAGES {
            assert!(page.text.starts_with("# "), "{}", page.name);
        }
    }

    #[test]
    fn a_page_is_found_by_its_name_or_an_unambiguous_prefix() {
        assert_eq!(find("slim").map(|page| page.name), Some("slim"));
        assert_eq!(find("transp").map(|page| page.name), Some("transports"));
        assert!(find("e").is_some_and(|page| page.name == "editors"));
        // Only `fix` starts with `f`; two pages start with `co`.
        assert!(find("co").is_none() && find("nothing").is_none());
    }

    #[test]
    fn links_to_pages_are_shown_as_page_names_on_a_terminal() {
        let page = GuidePage {
            name: "x",
            text: "# X\n\nSee [fixes](fix.md#safe), [it](../lint/root-user.md), \
                   [k](../keep/pam-unix.md).\n",
        };
        let rendered = anstream::adapter::strip_str(&page.render(100)).to_string();
        assert_eq!(
            rendered,
            "X\n\nSee fixes (guide/fix), it (root-user), k (keep/pam-unix).\n"
        );
    }
}
