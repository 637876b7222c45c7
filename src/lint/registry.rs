//! The rules of a run, which can be looked up by name or by another tool's code.

use std::collections::{BTreeSet, HashMap};

use super::code::ShellcheckCode;
use super::page::{Page, Tool};
use super::rule::Rule;
use crate::page::PageError;
use crate::suggestion;

/// Rules and their pages, in the order of their names.
#[derive(Debug)]
pub struct Registry {
    entries: Vec<(&'static Rule, Page)>,
    /// Indexes into `entries`, by alias as normalized by [`normal`].
    aliases: HashMap<String, Vec<usize>>,
}

/// Rules, and single codes of ShellCheck.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    pub rules: BTreeSet<&'static str>,
    pub codes: BTreeSet<ShellcheckCode>,
}

/// The error for a name that is not the name of a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no rule `{name}`{}", did_you_mean(*suggestion))]
pub struct UnknownRule {
    pub name: String,
    pub suggestion: Option<&'static str>,
}

impl UnknownRule {
    /// An unknown name, without a search for similar rule names.
    pub(super) fn without_suggestion(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            suggestion: None,
        }
    }
}

fn did_you_mean(suggestion: Option<&str>) -> String {
    match suggestion {
        Some(name) => format!("; did you mean `{name}`?"),
        None => String::new(),
    }
}

impl Registry {
    pub fn new(rules: impl IntoIterator<Item = &'static Rule>) -> Result<Self, PageError> {
        let mut entries = Vec::new();
        for rule in rules {
            entries.push((rule, Page::parse(rule.name, rule.page)?));
        }
        // `get` uses binary search.
        entries.sort_by_key(|(rule, _)| rule.name);
        let mut aliases: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, (_, page)) in entries.iter().enumerate() {
            for alias in &page.aliases {
                aliases.entry(normal(alias.code)).or_default().push(at);
            }
        }
        Ok(Self { entries, aliases })
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&'static Rule, &Page)> {
        self.entries.iter().map(|(rule, page)| (*rule, page))
    }

    /// The rules that check images, in the order of their names.
    pub fn image_rules(&self) -> impl Iterator<Item = &'static Rule> {
        self.iter()
            .map(|(rule, _)| rule)
            .filter(|rule| rule.image.is_some())
    }

    /// The page of the rule with this name.
    pub fn get(&self, name: &str) -> Option<&Page> {
        let at = self
            .entries
            .binary_search_by_key(&name, |(rule, _)| rule.name)
            .ok()?;
        Some(&self.entries[at].1)
    }

    /// The rules with a name or an alias, ignoring case; several rules can share an alias.
    pub fn find(&self, name_or_alias: &str) -> Vec<&Page> {
        let name = name_or_alias.trim();
        if let Some(page) = self
            .get(name)
            .or_else(|| self.get(&name.to_ascii_lowercase()))
        {
            return vec![page];
        }
        let places = self
            .aliases
            .get(&normal(name))
            .map(Vec::as_slice)
            .unwrap_or_default();
        places.iter().map(|&at| &self.entries[at].1).collect()
    }

    /// The rules whose names start with a prefix.
    pub fn starting_with(&self, prefix: &str) -> Vec<&Page> {
        let prefix = prefix.trim().to_ascii_lowercase();
        // All names start with the empty prefix, but an empty name must not select all rules.
        if prefix.is_empty() {
            return Vec::new();
        }
        let pages = self.iter().map(|(_, page)| page);
        pages
            .filter(|page| page.name.starts_with(&prefix))
            .collect()
    }

    /// The rules with an alias that is this code of a tool.
    pub fn find_code(&self, tool: Tool, code: &str) -> Vec<&Page> {
        let mut pages = self.find(code);
        // Another tool may have the same code.
        let code = normal(code.trim());
        pages.retain(|page| {
            let mut aliases = page.aliases.iter();
            aliases.any(|alias| alias.tool == tool && normal(alias.code) == code)
        });
        pages
    }

    /// The rules and codes denoted by a list of names, aliases and ShellCheck codes.
    pub fn resolve<'n>(
        &self,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Result<Named, UnknownRule> {
        let mut meant = Named::default();
        for name in names {
            let pages = self.find(name);
            let code = name.trim().parse::<ShellcheckCode>().ok();
            // ShellCheck codes that are not listed on a page are valid as well.
            if pages.is_empty() && code.is_none() {
                return Err(self.unknown(name));
            }
            meant.rules.extend(pages.into_iter().map(|page| page.name));
            meant.codes.extend(code);
        }
        Ok(meant)
    }

    /// The error for an unknown name.
    pub fn unknown(&self, name: &str) -> UnknownRule {
        UnknownRule {
            name: name.to_owned(),
            suggestion: self.suggest(name),
        }
    }

    /// The code of this rule's findings; see [`Page::code`].
    pub fn code(&self, rule: &'static str) -> &'static str {
        self.get(rule).map_or(rule, Page::code)
    }

    /// The name or alias that is most similar to an unknown one, if any.
    pub fn suggest(&self, unknown: &str) -> Option<&'static str> {
        self.near(unknown).first().copied()
    }

    /// The names and aliases that are most similar to an unknown one, in order; all that are
    /// equally similar.
    pub fn near(&self, unknown: &str) -> Vec<&'static str> {
        let names = self.iter().flat_map(|(rule, page)| {
            std::iter::once(rule.name).chain(page.aliases.iter().map(|alias| alias.code))
        });
        suggestion::all_closest(unknown, names)
    }
}

/// The lower-case form of a code. Trivy's three notations (`AVD-DS-0002`, `DS-0002`, `DS002`) are
/// normalized to the second.
fn normal(code: &str) -> String {
    let code = code.to_ascii_lowercase();
    let code = code.strip_prefix("avd-").unwrap_or(&code);
    for prefix in ["ds", "ksv"] {
        if let Some(digits) = code.strip_prefix(prefix)
            && digits.len() == 3
            && digits.bytes().all(|b| b.is_ascii_digit())
        {
            return format!("{prefix}-0{digits}");
        }
    }
    code.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "---\nseverity: info\ncategory: size\nprofile: default\n\
                        aliases: [DL3059, DS-0002]\n---\n# A title\n";
    static RULES: [Rule; 2] = [
        Rule {
            name: "b-rule",
            page: PAGE,
            dockerfile: None,
            image: None,
            deployment: None,
        },
        Rule {
            name: "a-rule",
            page: PAGE,
            dockerfile: None,
            image: None,
            deployment: None,
        },
    ];

    fn names(pages: &[&Page]) -> Vec<&'static str> {
        pages.iter().map(|page| page.name).collect()
    }

    #[test]
    fn an_alias_may_mean_several_rules_in_any_case() {
        let registry = Registry::new(&RULES).expect("the pages are right");
        assert_eq!(names(&registry.find("dl3059")), ["a-rule", "b-rule"]);
        assert_eq!(names(&registry.find("A-Rule")), ["a-rule"]);
        assert_eq!(
            names(&registry.find("AVD-DS-0002")),
            names(&registry.find("DS002"))
        );
        assert!(registry.find("DL1").is_empty());
    }

    #[test]
    fn an_unknown_rule_name_gets_a_suggestion() {
        let registry = Registry::new(&RULES).expect("the pages are right");
        let error = registry.resolve(["a-rulle"]).expect_err("it is not there");
        assert_eq!(
            error.to_string(),
            "there is no rule `a-rulle`; did you mean `a-rule`?"
        );
        assert_eq!(registry.suggest("DL3058"), Some("DL3059"));
        assert_eq!(registry.suggest("something-else"), None);
    }
}
