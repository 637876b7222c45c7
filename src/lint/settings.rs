//! The settings of a run, combined from configuration files, environment and arguments.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::code::ShellcheckCode;
use super::finding::{Label, Severity};
use super::label::LabelType;
use super::own_rules::OwnRules;
use super::page::{Page, Profile};
use super::registry::Named;
use super::rule::RuleSeverity;
use super::setting_origin::{SettingKey, SettingOrigin, SettingOrigins};
use super::{Finding, SHELLCHECK};
use crate::knowledge::is_pedantic_code;

const SEVERITY: &str = "severity set here";

/// Rules are identified by name only; [`Registry::resolve`](super::Registry::resolve) translates
/// aliases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub select: Selection,
    /// Rules to exclude from `select`.
    pub ignore: BTreeSet<&'static str>,
    /// Severities that override those of the pages.
    pub severities: BTreeMap<&'static str, Severity>,
    /// Settings of single ShellCheck codes.
    pub codes: Codes,
    /// Values of `--build-arg`.
    pub build_args: BTreeMap<String, String>,
    /// The stage that is built; the last one if no stage has this name.
    pub target: Option<String>,
    /// Contexts that the build names (`--build-context`): a `FROM` or `COPY --from` with such a
    /// name does not pull an image.
    pub contexts: BTreeSet<String>,
    /// Whether comments in the file may suppress findings.
    pub pragmas: bool,
    /// Registries that base images may come from: `docker.io`, `*.example.com`, `ghcr.*`, `*`.
    /// Empty allows all.
    pub trusted_registries: Vec<String>,
    /// The labels that images must have, and the types of their values.
    pub label_schema: BTreeMap<String, LabelType>,
    /// Whether labels outside the schema are reported.
    pub strict_labels: bool,
    /// The rules of a configuration file.
    pub own_rules: OwnRules,
    /// The maximum age of an image's base, in days.
    pub max_base_age: Option<u32>,
    /// The locations of these settings in a configuration file.
    pub origins: SettingOrigins,
    /// The time of the run. The library itself never reads the clock.
    pub now: Option<Timestamp>,
}

/// Settings of single ShellCheck codes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Codes {
    /// Select only these; empty selects all.
    pub select: BTreeSet<ShellcheckCode>,
    pub ignore: BTreeSet<ShellcheckCode>,
    pub severities: BTreeMap<ShellcheckCode, Severity>,
}

/// The selected rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// The rules of a profile; each profile includes the ones before it.
    Profile(Profile),
    Only(BTreeSet<&'static str>),
}

impl Selection {
    /// All rules.
    pub const ALL: Self = Self::Profile(Profile::Pedantic);
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            select: Selection::Profile(Profile::Default),
            ignore: BTreeSet::new(),
            severities: BTreeMap::new(),
            codes: Codes::default(),
            build_args: BTreeMap::new(),
            target: None,
            contexts: BTreeSet::new(),
            pragmas: true,
            trusted_registries: Vec::new(),
            label_schema: BTreeMap::new(),
            strict_labels: false,
            own_rules: OwnRules::default(),
            max_base_age: None,
            origins: SettingOrigins::default(),
            now: None,
        }
    }
}

impl Settings {
    /// Selects only these rules and codes.
    pub fn select(&mut self, mut named: Named) {
        // A selection replaces an earlier one, such as that of a configuration file.
        self.codes.select.clear();
        // `--select SC2086` runs ShellCheck for this code; with the rule itself selected too, all
        // of its codes are.
        if !named.codes.is_empty() && named.rules.insert(SHELLCHECK) {
            self.codes.select = named.codes;
        }
        self.select = Selection::Only(named.rules);
    }

    /// Ignores these rules and codes.
    pub fn ignore(&mut self, named: Named) {
        self.ignore.extend(named.rules);
        self.codes.ignore.extend(named.codes);
    }

    /// Sets the severity of rules and codes; `origin` is its location in a configuration file.
    pub fn set_severity(
        &mut self,
        named: Named,
        severity: Severity,
        origin: Option<&SettingOrigin>,
    ) {
        for rule in named.rules {
            self.origins.add(SettingKey::Rule(rule), origin.cloned());
            self.severities.insert(rule, severity);
        }
        for code in named.codes {
            self.origins.add(SettingKey::Code(code), origin.cloned());
            self.codes.severities.insert(code, severity);
        }
    }

    /// Whether a code of a selected rule is selected too.
    pub fn selects_code(&self, code: Option<ShellcheckCode>) -> bool {
        let Some(code) = code else {
            return true;
        };
        // An empty set means that no individual codes were requested.
        let is_selected = self.codes.select.is_empty() || self.codes.select.contains(&code);
        is_selected && !self.codes.ignore.contains(&code)
    }

    /// Whether the selected profile includes a ShellCheck finding with the severity that ShellCheck
    /// assigns. Suggestions, and warnings that are rarely worth acting on in a Dockerfile, are
    /// pedantic.
    pub(super) fn profile_includes(&self, finding: &Finding) -> bool {
        let Some(code) = finding.code else {
            return true;
        };
        match self.select {
            Selection::Profile(Profile::Default | Profile::Minimal) => {
                let is_warning = finding.severity <= Severity::Warning && !is_pedantic_code(code.0);
                // Setting the severity of a code selects it.
                is_warning || self.codes.severities.contains_key(&code)
            }
            Selection::Profile(Profile::Pedantic) | Selection::Only(_) => true,
        }
    }

    /// The severity of a rule's findings.
    pub(super) fn severity(&self, page: &Page) -> RuleSeverity {
        match self.severities.get(page.name) {
            Some(&severity) => RuleSeverity::User(severity),
            None => RuleSeverity::Page(match self.select {
                Selection::Profile(profile) => page.severity_in(profile),
                // Rules that are named one by one belong to no profile.
                Selection::Only(_) => page.severity,
            }),
        }
    }

    /// The severity that the user sets for a finding: that of its code before that of its rule.
    pub(super) fn severity_of(&self, finding: &Finding) -> Option<Severity> {
        let of_code = finding
            .code
            .and_then(|code| self.codes.severities.get(&code));
        of_code
            .or_else(|| self.severities.get(finding.rule))
            .copied()
    }

    /// The location of the setting that determines the severity of a finding.
    pub(super) fn severity_label(&self, finding: &Finding) -> Option<Label> {
        let of_code = finding
            .code
            .and_then(|code| self.origins.label(&SettingKey::Code(code), SEVERITY));
        of_code.or_else(|| {
            self.origins
                .label(&SettingKey::Rule(finding.rule), SEVERITY)
        })
    }

    pub fn selects(&self, page: &Page) -> bool {
        let selected = match &self.select {
            Selection::Profile(profile) => page.profile <= *profile,
            Selection::Only(names) => names.contains(page.name),
        };
        // `ignore` wins over `select`, so that a profile can be narrowed.
        selected && !self.ignore.contains(page.name)
    }
}
