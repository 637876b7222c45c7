//! The policy: budgets of an image, forbidden contents, and exceptions.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::advisories::Rating;
use crate::lint::finding::{Finding, Label};
use crate::lint::own_rules::OwnRules;
use crate::lint::registry::Registry;
use crate::lint::setting_origin::{SettingKey, SettingOrigin, SettingOrigins};
use crate::paths::Glob;

/// Things that can be forbidden, and the rules that find them. Names of image rules work as well.
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

/// Rules that check the policy itself: they run regardless of the selection, and report nothing
/// without a policy.
const POLICY_RULES: [&str; 8] = [
    "denied-license",
    "expired-exception",
    "files-over-budget",
    "fixable-vulnerability",
    "packages-over-budget",
    "required-attestation",
    "required-label",
    "size-over-budget",
];

/// The `[policy]` of a configuration file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Total size of all files in all layers, in bytes.
    pub max_size: Option<u64>,
    pub max_packages: Option<usize>,
    /// Number of regular files, each counted once.
    pub max_files: Option<usize>,
    /// Licenses that no package may have.
    pub denied_licenses: Vec<Glob>,
    /// The lowest severity of vulnerabilities with a fix that are violations.
    pub deny_fixable: Option<Rating>,
    /// Types of predicates of which the image must have an attestation.
    pub required_attestations: Vec<Glob>,
    /// Labels that the image must have.
    pub required_labels: Vec<String>,
    /// Rules whose findings are errors, each with the word that forbids them.
    pub forbidden: BTreeMap<&'static str, &'static str>,
    pub exceptions: Vec<Exception>,
    /// The locations of these settings in a configuration file.
    pub origins: SettingOrigins,
    /// The rules of the configuration file, which it may forbid.
    pub own_rules: OwnRules,
    /// The day to compare expiry dates with; without one, no exception expires.
    pub today: Option<Date>,
}

/// An allowed violation, and the reason for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The exception as the configuration names it: `rule sudo`.
    pub name: String,
    pub path: Option<Glob>,
    /// The name of a package, without its version.
    pub package: Option<Glob>,
    /// Empty for all rules.
    pub rules: BTreeSet<&'static str>,
    pub reason: String,
    /// The last day on which it is valid.
    pub expires: Option<Date>,
}

impl Policy {
    /// Whether the policy has neither budgets nor forbidden things nor exceptions.
    pub fn is_empty(&self) -> bool {
        // Written out, so that a new field cannot be forgotten here.
        let Self {
            max_size,
            max_packages,
            max_files,
            denied_licenses,
            deny_fixable,
            required_attestations,
            required_labels,
            forbidden,
            exceptions,
            origins: _,
            own_rules: _,
            today: _,
        } = self;
        max_size.is_none()
            && max_packages.is_none()
            && max_files.is_none()
            && denied_licenses.is_empty()
            && deny_fixable.is_none()
            && required_attestations.is_empty()
            && required_labels.is_empty()
            && forbidden.is_empty()
            && exceptions.is_empty()
    }

    /// Forbids a kind of content, or the findings of an image rule; returns whether the word is
    /// known. `origin` is its location in a configuration file.
    #[must_use]
    pub fn forbid(
        &mut self,
        word: &str,
        origin: Option<SettingOrigin>,
        registry: &Registry,
    ) -> bool {
        if let Some((kind, rules)) = KINDS.iter().find(|(kind, _)| *kind == word) {
            for &rule in *rules {
                // The kind explains more than the name of the rule, so it replaces the name.
                self.forbidden.insert(rule, kind);
                self.origins.add(SettingKey::Rule(rule), origin.clone());
            }
            return true;
        }
        let Some(rule) = registry.image_rules().find(|rule| rule.name == word) else {
            return false;
        };
        // A kind that includes the rule is the better explanation.
        if !self.forbidden.contains_key(rule.name) {
            self.forbidden.insert(rule.name, rule.name);
            self.origins.add(SettingKey::Rule(rule.name), origin);
        }
        true
    }

    /// The words that [`forbid`](Self::forbid) accepts in addition to the names of rules.
    pub fn kinds() -> impl Iterator<Item = &'static str> {
        KINDS.iter().map(|(kind, _)| *kind)
    }

    /// Whether a rule runs because of the policy, even if it is not selected.
    pub(super) fn concerns(&self, rule: &str) -> bool {
        self.forbidden.contains_key(rule) || POLICY_RULES.contains(&rule)
    }

    /// The word that forbids the findings of a rule.
    pub(super) fn forbids(&self, rule: &str) -> Option<&'static str> {
        self.forbidden.get(rule).copied()
    }

    /// The location where a budget is set.
    pub fn budget(&self, setting: &'static str) -> Option<Label> {
        self.origins
            .label(&SettingKey::Name(setting), "limit set here")
    }

    pub fn has_expired(&self, exception: &Exception) -> bool {
        // The last day still counts, as with a certificate or a contract.
        matches!((self.today, exception.expires), (Some(today), Some(last)) if today > last)
    }
}

/// Maximum number of comparisons of the findings of an image with exceptions: each of many findings
/// may be compared with each of many exceptions.
const MAX_COMPARED: usize = 4 << 20;

/// The exceptions of a policy that have not expired.
pub(super) struct Exceptions<'p> {
    all: Vec<&'p Exception>,
    /// The number of comparisons that are left.
    left: usize,
    /// Whether there were more findings and exceptions than are compared.
    pub(super) is_exhausted: bool,
}

impl<'p> Exceptions<'p> {
    pub(super) fn of(policy: &'p Policy) -> Self {
        let exceptions = policy.exceptions.iter();
        Self {
            all: exceptions
                .filter(|exception| !policy.has_expired(exception))
                .collect(),
            left: MAX_COMPARED,
            is_exhausted: false,
        }
    }

    /// Whether an exception covers a finding.
    pub(super) fn allow(&mut self, finding: &Finding) -> bool {
        // A finding that is compared with none is reported, which is the safe side.
        if self.left < self.all.len() {
            self.is_exhausted = true;
            return false;
        }
        self.left -= self.all.len();
        let mut exceptions = self.all.iter();
        exceptions.any(|exception| exception.covers(finding))
    }
}

impl Exception {
    /// Whether everything that the exception names matches the finding.
    fn covers(&self, finding: &Finding) -> bool {
        // This comes first, because it takes the least time.
        if !self.rules.is_empty() && !self.rules.contains(finding.rule) {
            return false;
        }
        let Some(place) = finding.image() else {
            return false;
        };
        // `name version`: a pattern applies to the name.
        let package = place
            .package
            .as_deref()
            .and_then(|package| package.split(' ').next());
        fits(self.path.as_ref(), place.path.as_deref())
            && fits(self.package.as_ref(), package.map(str::as_bytes))
    }
}

/// Whether a text matches: without a pattern, everything does; a missing text matches no pattern.
fn fits(pattern: Option<&Glob>, text: Option<&[u8]>) -> bool {
    match (pattern, text) {
        (None, _) => true,
        (Some(pattern), Some(text)) => pattern.is_match(text),
        (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::rule::{Findings, RuleSeverity};
    use crate::lint::{ImageLocation, Severity};

    #[test]
    fn a_policy_exception_is_valid_through_its_last_day() {
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

    #[test]
    fn findings_and_exceptions_are_compared_a_limited_number_of_times() {
        let exception = Exception {
            name: String::new(),
            path: None,
            package: None,
            rules: BTreeSet::new(),
            reason: String::new(),
            expires: None,
        };
        let policy = Policy {
            exceptions: vec![exception; 10],
            ..Policy::default()
        };
        let mut sink = Findings::new("sudo", RuleSeverity::Page(Severity::Info));
        sink.add(ImageLocation::default(), "a");
        let finding = sink.into_findings().remove(0);
        let mut exceptions = Exceptions::of(&policy);
        exceptions.left = 25;
        let allowed = [0; 3].map(|_| exceptions.allow(&finding));
        assert_eq!(allowed, [true, true, false]);
        assert!(exceptions.is_exhausted);
    }
}
