//! Keep rules: pages that say which files go with which facts, and the one engine that obeys them.
//!
//! A rule fires once, for the first kept name that gives it a reason. What its patterns name is kept then, and goes to
//! every tracer, so that an ELF file among it gets its libraries. Nothing here knows what a rule is about.

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

    /// The page of the rule of this name, with or without `keep/` in front.
    pub fn get(&self, name: &str) -> Option<&KeepPage> {
        let name = name.strip_prefix("keep/").unwrap_or(name);
        let at = self.pages.binary_search_by_key(&name, |page| page.name).ok()?;
        Some(&self.pages[at])
    }
}

/// What rules say that glibc opens itself: a symbol, a library, and the rule.
pub(in crate::slim) fn opened_by_libc() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let of = |page: &'static KeepPage| {
        let libraries = page.opens.iter();
        libraries.flat_map(move |&library| page.when.imports.iter().map(move |&symbol| (symbol, library, page.name)))
    };
    keep_rules().pages.iter().flat_map(of)
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
