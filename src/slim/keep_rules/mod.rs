//! Keep rules: pages that say which files go with which facts, and the one engine that obeys them.
//!
//! A rule fires once, for the first kept name that gives it a reason. What its patterns name is
//! kept then, and goes to every tracer, so that an ELF file among it gets its libraries. Nothing
//! here knows what a rule is about.

mod commands;
mod conditions;
mod engine;
mod index;
mod mentions;
mod page;
mod pages;
mod template;
mod wildcard;
mod words;

pub(in crate::slim) use engine::{State, keep, trace};
pub use page::KeepPage;

use std::sync::LazyLock;

use crate::suggestion;

use index::Index;

/// All keep rules, in the order of their names.
#[derive(Debug)]
pub struct KeepRules {
    pages: Vec<KeepPage>,
    index: Index,
}

impl KeepRules {
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &KeepPage> {
        self.pages.iter()
    }

    /// The name nearest to one that is not there, where one is near.
    pub fn suggest(&self, unknown: &str) -> Option<&'static str> {
        let unknown = unknown.strip_prefix("keep/").unwrap_or(unknown);
        suggestion::closest(unknown, self.pages.iter().map(|page| page.name))
    }

    /// The index of all rules, as Markdown: a row a rule.
    pub fn index_markdown(&self) -> String {
        let row = |page: &KeepPage| {
            format!(
                "| [`{name}`](keep/{name}.md) | {} |\n",
                page.title,
                name = page.name
            )
        };
        let rows: String = self.pages.iter().map(row).collect();
        format!(
            "\n# Keep rules\n\nFiles that `slim` keeps although no other file refers to them directly, from the pages in \
             [`keep/`](keep). `jettison explain keep/NAME` prints a page.\n\n| rule | keeps |\n|---|---|\n{rows}"
        )
    }

    /// The rules of which a fixed pattern matches a path.
    pub fn naming(&self, path: &[u8]) -> impl Iterator<Item = &KeepPage> {
        self.pages.iter().filter(move |page| page.names(path))
    }

    /// The page of the rule of this name, with or without `keep/` in front.
    pub fn get(&self, name: &str) -> Option<&KeepPage> {
        let name = name.strip_prefix("keep/").unwrap_or(name);
        let at = self
            .pages
            .binary_search_by_key(&name, |page| page.name)
            .ok()?;
        Some(&self.pages[at])
    }
}

/// What rules say that glibc opens itself: a symbol, a library, and the rule.
pub(in crate::slim) fn opened_by_libc()
-> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let of = |page: &'static KeepPage| {
        let libraries = page.opens.iter();
        libraries.flat_map(move |&library| {
            page.when
                .imports
                .iter()
                .map(move |&symbol| (symbol, library, page.name))
        })
    };
    keep_rules().pages.iter().flat_map(of)
}

/// Whether a library is put into the container when it starts, so that it need not be in the image.
pub(in crate::slim) fn is_provided(soname: &[u8]) -> bool {
    let mut provided = keep_rules().pages.iter().flat_map(|page| &page.provided);
    provided.any(|pattern| wildcard::matches_name(pattern.as_bytes(), soname))
}

/// Whether a library that holds the name of another opens it only where a rule fires, which keeps
/// it then.
pub(in crate::slim) fn is_not_opened(holder: &[u8], name: &[u8]) -> bool {
    let matches = |patterns: &[&str], name| {
        patterns
            .iter()
            .any(|pattern| wildcard::matches_name(pattern.as_bytes(), name))
    };
    keep_rules()
        .pages
        .iter()
        .any(|page| matches(&page.holders, holder) && matches(&page.not_opened, name))
}

/// The rules that are built in.
pub fn keep_rules() -> &'static KeepRules {
    static RULES: LazyLock<KeepRules> = LazyLock::new(|| {
        let page = |&(name, text): &(&'static str, &'static str)| KeepPage::parse(name, text);
        let pages: Result<Vec<KeepPage>, _> = pages::PAGES.iter().map(page).collect();
        let mut pages = pages.expect("every page is read by the tests");
        pages.sort_by_key(|page| page.name);
        let index = Index::of(&pages);
        KeepRules { pages, index }
    });
    &RULES
}
