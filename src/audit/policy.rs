//! The policy: what an image may come to, what it must not have, and the exceptions from it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};
use jiff::civil::Date;

use super::{Finding, rules};
use crate::lint::Label;
use crate::lint::words::{Topic, Word, Words};

/// What can be forbidden, and the rules that find it. The name of a rule for images will do too.
const KINDS: [(&str, &[&str]); 16] = [
    (
        "cache",
        &[
            "apk-cache-left",
            "apt-lists-left",
            "dnf-cache-left",
            "package-cache-left",
            "pip-cache-left",
            "yarn-cache-left",
            "yum-cache-left",
        ],
    ),
    ("compiler", &["build-tools-in-image"]),
    ("debug-tool", &["debug-tool-in-image"]),
    ("end-of-life", &["end-of-life-base"]),
    ("file-capability", &["file-capability"]),
    ("login-account", &["empty-password", "login-account"]),
    ("login-program", &["login-program"]),
    ("package-manager", &["package-manager-in-image"]),
    ("patching-agent", &["patching-agent"]),
    ("root", &["missing-user", "root-user"]),
    (
        "secret",
        &["secret-file-copied", "secret-in-env", "secret-value"],
    ),
    ("setuid", &["setuid-file"]),
    ("shell", &["shell-in-image"]),
    ("ssh-server", &["ssh-server-in-image"]),
    ("sudo", &["sudo"]),
    (
        "world-writable",
        &["world-writable", "writable-search-path"],
    ),
];

/// What the maker of an image has promised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Bytes of all files of all layers.
    pub max_size: Option<u64>,
    pub max_packages: Option<usize>,
    /// Regular files, each once.
    pub max_files: Option<usize>,
    /// Rules whose findings are errors, each with the word that forbids them.
    pub forbidden: BTreeMap<&'static str, &'static str>,
    pub exceptions: Vec<Exception>,
    /// Where the configuration says what of this.
    pub words: Words,
    /// The day by which exceptions expire; without one, none does.
    pub today: Option<Date>,
}

/// What is let pass, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// As the configuration names it: `rule sudo`.
    pub name: String,
    pub path: Option<Pattern>,
    /// The name of a package, without its version.
    pub package: Option<Pattern>,
    /// Any rule, where there is none.
    pub rules: BTreeSet<&'static str>,
    pub reason: String,
    /// The last day on which it holds.
    pub expires: Option<Date>,
}

/// A glob whose `*` stops at a slash, and whose `**` does not.
#[derive(Clone, Debug)]
pub struct Pattern(GlobMatcher);

impl Pattern {
    pub fn new(text: &str) -> Result<Self, globset::Error> {
        let glob = GlobBuilder::new(text)
            .literal_separator(true)
            .backslash_escape(true)
            .build()?;
        Ok(Self(glob.compile_matcher()))
    }

    fn is_match(&self, text: &[u8]) -> bool {
        self.0.is_match(Path::new(OsStr::from_bytes(text)))
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.glob() == other.0.glob()
    }
}

impl Eq for Pattern {}

impl Policy {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        let Self {
            max_size,
            max_packages,
            max_files,
            forbidden,
            exceptions,
            words: _,
            today: _,
        } = self;
        max_size.is_none()
            && max_packages.is_none()
            && max_files.is_none()
            && forbidden.is_empty()
            && exceptions.is_empty()
    }

    /// Forbids a kind of thing, or what a rule finds; whether there is one of this name. `said` is
    /// where a file says so.
    #[must_use]
    pub fn forbid(&mut self, word: &str, said: Option<Word>) -> bool {
        if let Some((kind, rules)) = KINDS.iter().find(|(kind, _)| *kind == word) {
            for &rule in *rules {
                self.forbidden.insert(rule, kind);
                self.words.add(Topic::Rule(rule), said.clone());
            }
            return true;
        }
        let rule = rules::RULES.iter().find(|rule| rule.name == word);
        rule.is_some_and(|rule| {
            if !self.forbidden.contains_key(rule.name) {
                self.forbidden.insert(rule.name, rule.name);
                self.words.add(Topic::Rule(rule.name), said);
            }
            true
        })
    }

    /// The words that [`forbid`](Self::forbid) knows besides the names of rules.
    pub fn kinds() -> impl Iterator<Item = &'static str> {
        KINDS.iter().map(|(kind, _)| *kind)
    }

    /// The word that forbids what a rule finds.
    pub(super) fn forbids(&self, rule: &str) -> Option<&'static str> {
        self.forbidden.get(rule).copied()
    }

    /// The place where a budget is set.
    pub(super) fn budget(&self, setting: &'static str) -> Option<Label> {
        self.words
            .label(&Topic::Setting(setting), "the budget is set here")
    }

    /// Whether an exception that still holds covers a finding.
    pub(super) fn allows(&self, finding: &Finding) -> bool {
        self.exceptions
            .iter()
            .any(|exception| !self.has_expired(exception) && exception.covers(finding))
    }

    pub(super) fn has_expired(&self, exception: &Exception) -> bool {
        matches!((self.today, exception.expires), (Some(today), Some(last)) if today > last)
    }
}

impl Exception {
    /// All that it names has to be so.
    fn covers(&self, finding: &Finding) -> bool {
        let is_path = |pattern: &Pattern| {
            finding
                .path
                .as_ref()
                .is_some_and(|path| pattern.is_match(path))
        };
        let name = finding
            .package
            .as_deref()
            .and_then(|package| package.split(' ').next());
        let is_package =
            |pattern: &Pattern| name.is_some_and(|name| pattern.is_match(name.as_bytes()));
        self.path.as_ref().is_none_or(is_path)
            && self.package.as_ref().is_none_or(is_package)
            && (self.rules.is_empty() || self.rules.contains(finding.rule))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_what_rules_for_images_find() {
        for (kind, rules) in KINDS {
            for rule in rules {
                assert!(
                    rules::RULES.iter().any(|known| known.name == *rule),
                    "`{kind}` names `{rule}`"
                );
            }
        }
    }

    #[test]
    fn an_exception_holds_through_its_last_day() {
        let exception = |expires: &str| Exception {
            name: String::new(),
            path: None,
            package: None,
            rules: BTreeSet::new(),
            reason: String::new(),
            expires: Some(expires.parse().expect("it is a day")),
        };
        let policy = Policy {
            today: "2026-03-01".parse().ok(),
            ..Policy::default()
        };
        let expired = ["2026-02-28", "2026-03-01", "2026-03-02"]
            .map(|day| policy.has_expired(&exception(day)));
        assert_eq!(expired, [true, false, false]);
        assert!(
            !Policy::default().has_expired(&exception("1970-01-01")),
            "no day, no end"
        );
    }
}
