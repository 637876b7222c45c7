//! The built-in keep rules, and queries about them.

use std::fmt::Write as _;
use std::sync::OnceLock;

use crate::page::{PageError, has_control_characters};
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

static RULES: OnceLock<KeepRules> = OnceLock::new();
static OWN: OnceLock<Vec<KeepPage>> = OnceLock::new();

/// Maximum number of pages of the user's own.
const MAX_OWN: usize = 200;
/// Maximum number of patterns in them, each of which may search the whole image.
const MAX_PATTERNS: usize = 1_000;
/// Maximum number of `**` in a pattern of them, each of which searches the whole image.
const MAX_DEPTHS: usize = 3;

/// The reason why a page of the user's own is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeepRuleError {
    #[error(transparent)]
    Page(#[from] PageError),
    #[error("there is already a keep rule `{0}`")]
    Taken(String),
    #[error("page `{page}`: `{pattern}` has more than {MAX_DEPTHS} `**`")]
    Deep { page: String, pattern: String },
    #[error("page `{0}` contains control characters")]
    Control(String),
    #[error("there are more than {MAX_OWN} keep rules")]
    TooMany,
    #[error("the keep rules have more than {MAX_PATTERNS} patterns")]
    TooManyPatterns,
    #[error("the keep rules are already in use")]
    InUse,
}

/// Adds rules to the built-in ones: names, and the texts of their pages. Must come before the first
/// use of the rules. A second call has no effect: a process has one configuration.
pub fn add_keep_rules(texts: Vec<(String, String)>) -> Result<(), KeepRuleError> {
    if OWN.get().is_some() || texts.is_empty() {
        return Ok(());
    }
    if RULES.get().is_some() {
        return Err(KeepRuleError::InUse);
    }
    if texts.len() > MAX_OWN {
        return Err(KeepRuleError::TooMany);
    }
    let pages = own_pages(texts)?;
    OWN.get_or_init(|| pages);
    Ok(())
}

/// The rules of the user's own, sorted by name.
pub fn own_keep_rules() -> &'static [KeepPage] {
    OWN.get().map_or(&[], Vec::as_slice)
}

fn own_pages(texts: Vec<(String, String)>) -> Result<Vec<KeepPage>, KeepRuleError> {
    let mut own: Vec<KeepPage> = Vec::new();
    let mut patterns = 0;
    for (name, text) in texts {
        let text = text.replace("\r\n", "\n");
        let is_taken = pages::PAGES.iter().any(|(known, _)| *known == name)
            || own.iter().any(|page| page.name == name);
        if is_taken {
            return Err(KeepRuleError::Taken(name));
        }
        if has_control_characters(&text) {
            return Err(KeepRuleError::Control(name));
        }
        // Pages are compiled in or read once, and reasons in plans refer to them.
        let page = KeepPage::parse(name.leak(), text.leak())?;
        for pattern in page.all_patterns() {
            patterns += 1;
            if patterns > MAX_PATTERNS {
                return Err(KeepRuleError::TooManyPatterns);
            }
            if pattern.matches("**").count() > MAX_DEPTHS {
                return Err(KeepRuleError::Deep {
                    page: page.name.to_owned(),
                    pattern: pattern.to_owned(),
                });
            }
        }
        own.push(page);
    }
    Ok(own)
}

/// The built-in rules, and those that were added.
pub fn keep_rules() -> &'static KeepRules {
    RULES.get_or_init(|| {
        let mut pages = Vec::new();
        for &(name, text) in pages::PAGES {
            pages.push(KeepPage::parse(name, text).expect("a test parses every page"));
        }
        pages.extend(OWN.get().into_iter().flatten().cloned());
        // `get` uses binary search, and the order of rules determines the order of reasons in a
        // plan.
        pages.sort_by_key(|page| page.name);
        let index = Index::of(&pages);
        KeepRules { pages, index }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(name: &str, text: &str) -> String {
        let pages = own_pages(vec![(name.to_owned(), text.to_owned())]);
        pages.expect_err("it is wrong").to_string()
    }

    #[test]
    fn errors_in_pages_of_users_name_the_page() {
        assert_eq!(
            error("own", "# T\n"),
            "page `own` does not start with `---`, front matter and `---`"
        );
        assert_eq!(
            error("own", "---\nkeep: [/a]\n---\n# T\n"),
            "page `own`: unknown key `keep` in the front matter"
        );
        assert_eq!(
            error("sshd", "---\nwhen: always\n---\n# T\n"),
            "there is already a keep rule `sshd`"
        );
        let deep = "---\nwhen: always\nlikely: [/**/a/**/b/**/c/**]\n---\n# T\n";
        assert_eq!(
            error("own", deep),
            "page `own`: `/**/a/**/b/**/c/**` has more than 3 `**`"
        );
    }
}
