//! Rules of a configuration file, in addition to jettison's own.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::data_rule::{DataRule, DataRuleError, DataRuleText};
use super::dockerfile::DockerfileContext;
use super::image::ImageContext;
use super::registry::Registry;
use super::rule::{Findings, Rule};

/// Maximum number of rules in a configuration file.
const MAX_RULES: usize = 500;
/// Maximum number of words in their lists.
const MAX_WORDS: usize = 5_000;
/// Maximum number of their regular expressions, each of which takes up to 200 KB.
const MAX_PATTERNS: usize = 200;

/// The rules of a configuration file, and the registry that has them together with jettison's own.
///
/// Names and pages of rules live as long as the process, so that findings need not own them. Equal
/// rules are built once, however often their file is read.
#[derive(Clone, Copy, Default)]
pub struct OwnRules(Option<&'static Built>);

struct Built {
    /// The rules as they are written, by which they are found again.
    key: String,
    registry: Registry,
    rules: BTreeMap<&'static str, DataRule>,
}

static ALL: Mutex<Vec<&'static Built>> = Mutex::new(Vec::new());

/// Whether a rule is one of a configuration file, so that no page of it is published.
pub fn is_own_rule(name: &str) -> bool {
    let all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    all.iter().any(|built| built.rules.contains_key(name))
}

impl OwnRules {
    /// Adds rules to a registry. An error is about the rule with this index.
    pub fn new(
        texts: &[DataRuleText],
        registry: &Registry,
    ) -> Result<Self, (usize, DataRuleError)> {
        if texts.is_empty() {
            return Ok(Self(None));
        }
        if texts.len() > MAX_RULES {
            let reason = format!("a configuration file has at most {MAX_RULES} rules");
            return Err((
                MAX_RULES,
                DataRuleError {
                    key: "name",
                    reason,
                },
            ));
        }
        let key = format!("{texts:?}");
        // A panic while the list is locked leaves it as it was.
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(built) = all.iter().find(|built| built.key == key) {
            return Ok(Self(Some(built)));
        }
        let built: &'static Built = Box::leak(Box::new(Built::new(texts, registry, key)?));
        all.push(built);
        Ok(Self(Some(built)))
    }

    /// The registry with these rules, if there are any.
    pub fn registry(self, without: &'static Registry) -> &'static Registry {
        self.0.map_or(without, |built| &built.registry)
    }

    /// The names of the rules.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        self.0
            .into_iter()
            .flat_map(|built| built.rules.keys().copied())
    }

    fn get(self, name: &str) -> Option<&'static DataRule> {
        self.0?.rules.get(name)
    }
}

impl Built {
    fn new(
        texts: &[DataRuleText],
        registry: &Registry,
        key: String,
    ) -> Result<Self, (usize, DataRuleError)> {
        check_totals(texts)?;
        let mut rules = BTreeMap::new();
        let mut all: Vec<&'static Rule> = registry.iter().map(|(rule, _)| rule).collect();
        // Everything is checked before anything is kept for the life of the process.
        let mut compiled = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            let mut rule = DataRule::new(text).map_err(|error| (index, error))?;
            rule.limit(texts.len());
            // A comment that suppresses one rule must not suppress another one too.
            let is_taken = !registry.find(&text.name).is_empty()
                || texts[..index].iter().any(|other| other.name == text.name);
            if is_taken {
                let reason = format!("there is already a rule `{}`", text.name);
                return Err((
                    index,
                    DataRuleError {
                        key: "name",
                        reason,
                    },
                ));
            }
            let page = page(text, &rule).map_err(|error| (index, error))?;
            compiled.push((text, rule, page));
        }
        for (text, rule, page) in compiled {
            // Rules and findings refer to names and pages that live as long as the program.
            let name: &'static str = text.name.clone().leak();
            all.push(Box::leak(Box::new(Rule {
                name,
                page: page.leak(),
                dockerfile: if rule.is_for_dockerfiles() {
                    Some(check_dockerfile)
                } else {
                    None
                },
                image: if rule.is_for_images() {
                    Some(check_image)
                } else {
                    None
                },
                deployment: None,
            })));
            rules.insert(name, rule);
        }
        let registry = Registry::new(all).map_err(|error| {
            let reason = error.to_string();
            (
                0,
                DataRuleError {
                    key: "page",
                    reason,
                },
            )
        })?;
        Ok(Self {
            key,
            registry,
            rules,
        })
    }
}

/// Refuses more words and patterns than a file of rules needs.
fn check_totals(texts: &[DataRuleText]) -> Result<(), (usize, DataRuleError)> {
    let (mut words, mut patterns) = (0, 0);
    for (index, text) in texts.iter().enumerate() {
        words += text.words();
        patterns += text.patterns();
        let reason = if words > MAX_WORDS {
            format!("the rules of a configuration file have at most {MAX_WORDS} words in lists")
        } else if patterns > MAX_PATTERNS {
            format!("the rules of a configuration file have at most {MAX_PATTERNS} patterns")
        } else {
            continue;
        };
        return Err((
            index,
            DataRuleError {
                key: "name",
                reason,
            },
        ));
    }
    Ok(())
}

/// The page of a rule, with the front matter and the heading that pages of jettison's own have.
fn page(text: &DataRuleText, rule: &DataRule) -> Result<String, DataRuleError> {
    let (severity, category) = (text.severity()?, text.category()?);
    let body = text.page.as_deref().unwrap_or_default();
    let body = body.replace("\r\n", "\n");
    let body = body.trim_start();
    let fix = if rule.has_fix() { "fix: unsafe\n" } else { "" };
    let mut page = format!(
        "---\nseverity: {}\ncategory: {category}\nprofile: default\n{fix}aliases: []\n---\n",
        severity.as_str()
    );
    if !body.starts_with("# ") {
        let title = text.title.as_deref().unwrap_or(&text.message).trim();
        if title.contains('\n') {
            let reason = "the title has more than one line".to_owned();
            return Err(DataRuleError {
                key: "title",
                reason,
            });
        }
        for part in ["# ", &title.replace("{match}", "…"), "\n\n"] {
            page += part;
        }
    }
    page += body;
    if !page.ends_with('\n') {
        page.push('\n');
    }
    Ok(page)
}

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    if let Some(rule) = cx.settings.own_rules.get(findings.rule()) {
        rule.check_dockerfile(cx, findings);
    }
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    if let Some(rule) = cx.settings.own_rules.get(findings.rule()) {
        rule.check_image(cx, findings);
    }
}

impl PartialEq for OwnRules {
    fn eq(&self, other: &Self) -> bool {
        // Equal rules are built once.
        match (self.0, other.0) {
            (Some(one), Some(other)) => std::ptr::eq(one, other),
            (None, None) => true,
            _ => false,
        }
    }
}

impl Eq for OwnRules {}

impl fmt::Debug for OwnRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}
