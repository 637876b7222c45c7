//! The built-in keep rules, and queries about them.

use std::fmt::Write as _;
use std::sync::LazyLock;

use crate::suggestion;

use super::index::Index;
use super::page::KeepPage;
use super::{pages, wildcard};

/// All keep rules, sorted by name.
#[derive(Debug)]
pub struct KeepRules {
    pub(in crate::slim) pages: Vec<KeepPage>,
    pub(super) index: Index,
}

impl KeepRules {
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &KeepPage> {
        self.pages.iter()
    }

    /// The name that is closest to an unknown one, if any.
    pub fn suggest(&self, unknown: &str) -> Option<&'static str> {
        let unknown = unknown.strip_prefix("keep/").unwrap_or(unknown);
        suggestion::closest(unknown, self.pages.iter().map(|page| page.name))
    }

    /// The index of all rules as Markdown, with one row per rule.
    pub fn index_markdown(&self) -> String {
        let mut index = String::from(
            "\n# Keep rules\n\nFiles that `slim` keeps although no other file refers to them \
             directly, from the pages in [`keep/`](keep). `jettison explain keep/NAME` prints a \
             page.\n\n| rule | keeps |\n|---|---|\n",
        );
        for KeepPage { name, title, .. } in &self.pages {
            let _ = writeln!(index, "| [`{name}`](keep/{name}.md) | {title} |");
        }
        index
    }

    /// The rules with a fixed pattern that matches a path.
    pub fn naming(&self, path: &[u8]) -> impl Iterator<Item = &KeepPage> {
        self.pages.iter().filter(move |page| page.names(path))
    }

    /// The page of the rule with this name, with or without the prefix `keep/`.
    pub fn get(&self, name: &str) -> Option<&KeepPage> {
        // Reports print the name with the prefix, and people copy it from there.
        let name = name.strip_prefix("keep/").unwrap_or(name);
        let at = self
            .pages
            .binary_search_by_key(&name, |page| page.name)
            .ok()?;
        Some(&self.pages[at])
    }
}

/// Libraries that glibc itself opens, according to rules: a symbol, a library, and the rule.
pub(in crate::slim) fn opened_by_libc()
-> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    keep_rules().pages.iter().flat_map(opened_by_rule)
}

fn opened_by_rule(
    page: &'static KeepPage,
) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let libraries = page.opens.iter();
    libraries.flat_map(move |&library| {
        let symbols = page.when.imports.iter();
        symbols.map(move |&symbol| (symbol, library, page.name))
    })
}

/// Whether a library is provided by the container runtime, so that it need not be in the image.
pub(in crate::slim) fn is_provided(soname: &[u8]) -> bool {
    let mut provided = keep_rules().pages.iter().flat_map(|page| &page.provided);
    provided.any(|pattern| wildcard::matches_name(pattern.as_bytes(), soname))
}

/// Whether a library that contains the name of another only opens it if a rule fires, which then
/// keeps it.
pub(in crate::slim) fn is_not_opened(holder: &[u8], name: &[u8]) -> bool {
    keep_rules()
        .pages
        .iter()
        .any(|page| is_named(&page.holders, holder) && is_named(&page.not_opened, name))
}

fn is_named(patterns: &[&str], name: &[u8]) -> bool {
    patterns
        .iter()
        .any(|pattern| wildcard::matches_name(pattern.as_bytes(), name))
}

/// The built-in rules.
pub fn keep_rules() -> &'static KeepRules {
    static RULES: LazyLock<KeepRules> = LazyLock::new(|| {
        let mut pages = Vec::new();
        for &(name, text) in pages::PAGES {
            pages.push(KeepPage::parse(name, text).expect("a test parses every page"));
        }
        // `get` uses binary search, and the order of rules determines the order of reasons in a
        // plan.
        pages.sort_by_key(|page| page.name);
        let index = Index::of(&pages);
        KeepRules { pages, index }
    });
    &RULES
}
