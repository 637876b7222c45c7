//! Catalogs of messages, of which a program only opens those of the languages that its settings
//! name.
//!
//! `LANGUAGE_CODE` is the language of a Django site, and `LANGUAGES` are those of which a visitor
//! gets one, if a middleware chooses it. A call or a template may switch to any other. Whatever is
//! computed may be every language.

use std::collections::BTreeSet;

use super::knowledge;
use crate::image::{NameId, Tree};
use crate::knowledge::MessageCatalogs;

/// Languages that a source names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Language {
    /// That of everybody, or one that a call switches to; none if it is computed.
    Used(Option<String>),
    /// Those of which a user gets one; none if they are computed.
    Offered(Option<Vec<String>>),
    /// Another setting of the same framework.
    Beside,
    /// A text that is the name of a setting.
    Setting,
}

/// A catalog that is kept if its language may be used.
#[derive(Clone, Debug)]
pub(super) struct Catalog {
    pub(super) name: NameId,
    pub(super) by: NameId,
    pub(super) package: String,
    language: String,
}

/// The catalogs of reached packages, and the languages that are named.
#[derive(Debug, Default)]
pub(super) struct Catalogs {
    waiting: Vec<Catalog>,
    used: BTreeSet<String>,
    offered: BTreeSet<String>,
    has_offered: bool,
    is_any_offered: bool,
    is_any_used: bool,
}

impl Catalogs {
    /// Adds a file of a package. Returns false if it is no catalog of this kind.
    pub(super) fn add(&mut self, tree: &Tree, name: NameId, by: NameId, package: &str) -> bool {
        let Some(language) = language_of(tree, name) else {
            return false;
        };
        self.waiting.push(Catalog {
            name,
            by,
            package: package.to_owned(),
            language: primary(&language),
        });
        true
    }

    /// Adds the languages that a source names. Only the settings of the application say which ones
    /// are offered, but others may add to them.
    pub(super) fn add_languages(&mut self, languages: &[Language], is_own: bool) {
        // Other lists may have the same name.
        let are_settings = languages.contains(&Language::Beside);
        for language in languages {
            match language {
                Language::Used(Some(name)) => {
                    self.used.insert(primary(name));
                }
                Language::Used(None) => self.is_any_used = true,
                Language::Offered(Some(names)) => {
                    self.offered.extend(names.iter().map(|name| primary(name)));
                    self.has_offered |= is_own && are_settings;
                }
                Language::Offered(None) => self.is_any_offered = true,
                Language::Setting if is_own => self.is_any_used = true,
                Language::Setting | Language::Beside => {}
            }
        }
    }

    /// Any language may be used.
    pub(super) fn open(&mut self) {
        self.is_any_used = true;
    }

    /// The catalogs of languages that may be used, each once. `is_offering` says whether users get
    /// one of several languages.
    pub(super) fn take(&mut self, known: &MessageCatalogs, is_offering: bool) -> Vec<Catalog> {
        let is_any_offered = self.is_any_offered || !self.has_offered;
        let is_any = self.is_any_used || (is_offering && is_any_offered);
        let mut waiting = Vec::new();
        let mut taken = Vec::new();
        for catalog in std::mem::take(&mut self.waiting) {
            let language = &catalog.language;
            let is_wanted = is_any
                || known.always.contains(language)
                || self.used.contains(language)
                || (is_offering && self.offered.contains(language));
            if is_wanted {
                taken.push(catalog);
            } else {
                waiting.push(catalog);
            }
        }
        self.waiting = waiting;
        taken
    }
}

/// The language of a catalog: `de` of `locale/de/LC_MESSAGES/django.mo`.
fn language_of(tree: &Tree, name: NameId) -> Option<String> {
    let domain = tree.file_name(name).strip_suffix(b".mo")?;
    let domain = std::str::from_utf8(domain).ok()?;
    let category = tree.parent(name);
    let is_known = knowledge::message_catalogs().is_some_and(|(_, known)| {
        let mut domains = known.domains.iter();
        domains.any(|known| known == domain)
    });
    if !is_known || tree.file_name(category) != b"LC_MESSAGES" {
        return None;
    }
    let language = tree.file_name(tree.parent(category));
    std::str::from_utf8(language).ok().map(str::to_owned)
}

/// `pt` of `pt-br` and `pt_BR`: one is used in place of the other.
fn primary(language: &str) -> String {
    let end = language.find(['-', '_', '@', '.']);
    language[..end.unwrap_or(language.len())].to_ascii_lowercase()
}

/// The languages of the tags `{% language "de" %}` in a template.
pub(super) fn languages_in_template(text: &str, known: &MessageCatalogs) -> Vec<Language> {
    let mut languages = Vec::new();
    for (place, _) in text.match_indices("{%") {
        let tag = text[place + 2..].trim_start_matches('-').trim_start();
        let Some(rest) = tag.strip_prefix(known.tag.as_str()) else {
            continue;
        };
        if !rest.starts_with(char::is_whitespace) {
            continue;
        }
        let argument = rest.trim_start();
        let literal = argument.strip_prefix(['"', '\'']);
        let literal = literal.and_then(|literal| literal.split(['"', '\'']).next());
        languages.push(Language::Used(literal.map(str::to_owned)));
    }
    languages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_templates_name_languages() {
        let (_, known) = knowledge::message_catalogs().unwrap();
        let text = "{% load i18n %}{% language 'de' %}a{% endlanguage %}{%- language user.code %}\
                    {% get_language_info for x %}{% languages %}";
        let languages = languages_in_template(text, known);
        let expected = [Language::Used(Some("de".to_owned())), Language::Used(None)];
        assert_eq!(languages, expected);
    }

    #[test]
    fn a_variant_of_a_language_stands_for_the_language() {
        for (language, expected) in [("pt-br", "pt"), ("zh_Hans", "zh"), ("de", "de")] {
            assert_eq!(primary(language), expected);
        }
    }
}
