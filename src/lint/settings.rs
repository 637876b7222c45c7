//! What a user wants of a run, after files, environment and arguments have been read.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::code::ShellcheckCode;
use super::finding::{Label, Severity};
use super::label::LabelType;
use super::page::{Page, Profile};
use super::registry::Named;
use super::words::{Topic, Word, Words};
use super::{Finding, SHELLCHECK};

const SEVERITY: &str = "its severity is set here";

/// Rules are meant by their own names here: [`Registry::resolve`](super::Registry::resolve) makes
/// them of aliases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub select: Selection,
    /// Taken away from what `select` gives.
    pub ignore: BTreeSet<&'static str>,
    /// Severities in the place of the pages' own.
    pub severities: BTreeMap<&'static str, Severity>,
    /// What is wanted of single ShellCheck codes.
    pub codes: Codes,
    /// Values of `--build-arg`.
    pub build_args: BTreeMap<String, String>,
    /// The stage that is built; the last one where there is none of this name.
    pub target: Option<String>,
    /// Whether comments in the file may suppress findings.
    pub pragmas: bool,
    /// Where images may come from: `docker.io`, `*.example.com`, `ghcr.*`, `*`. Empty where every
    /// registry may.
    pub trusted_registries: Vec<String>,
    /// The labels that images must have, and what their values are.
    pub label_schema: BTreeMap<String, LabelType>,
    /// Whether labels that are not in the schema are wrong.
    pub strict_labels: bool,
    /// How many days old the base of an image may be.
    pub max_base_age: Option<u32>,
    /// Where the configuration says what of this.
    pub words: Words,
    /// When the run is: the library has no clock.
    pub now: Option<Timestamp>,
}

/// Words on single codes of a rule that speaks under many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Codes {
    /// These only; all where there are none.
    pub select: BTreeSet<ShellcheckCode>,
    pub ignore: BTreeSet<ShellcheckCode>,
    pub severities: BTreeMap<ShellcheckCode, Severity>,
}

/// Which rules speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Those of the profile, where the stricter holds the milder.
    Profile(Profile),
    Only(BTreeSet<&'static str>),
}

impl Selection {
    /// Every rule there is.
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
            pragmas: true,
            trusted_registries: Vec::new(),
            label_schema: BTreeMap::new(),
            strict_labels: false,
            max_base_age: None,
            words: Words::default(),
            now: None,
        }
    }
}

impl Settings {
    /// Lets only these speak.
    pub fn select(&mut self, mut named: Named) {
        self.codes.select.clear();
        if !named.codes.is_empty() && named.rules.insert(SHELLCHECK) {
            self.codes.select = named.codes;
        }
        self.select = Selection::Only(named.rules);
    }

    /// Lets these not speak.
    pub fn ignore(&mut self, named: Named) {
        self.ignore.extend(named.rules);
        self.codes.ignore.extend(named.codes);
    }

    /// `word` is where a file says so.
    pub fn set_severity(&mut self, named: Named, severity: Severity, word: Option<&Word>) {
        named
            .rules
            .iter()
            .for_each(|rule| self.words.add(Topic::Rule(rule), word.cloned()));
        named
            .codes
            .iter()
            .for_each(|code| self.words.add(Topic::Code(*code), word.cloned()));
        self.severities
            .extend(named.rules.into_iter().map(|rule| (rule, severity)));
        self.codes
            .severities
            .extend(named.codes.into_iter().map(|code| (code, severity)));
    }

    /// Whether a code may speak, if its rule may.
    pub fn wants(&self, code: Option<ShellcheckCode>) -> bool {
        let selected = |code| self.codes.select.is_empty() || self.codes.select.contains(&code);
        code.is_none_or(|code| selected(code) && !self.codes.ignore.contains(&code))
    }

    /// The severity that the user gives a finding, its code before its rule.
    pub(super) fn severity_of(&self, finding: &Finding) -> Option<Severity> {
        let of_code = finding
            .code
            .and_then(|code| self.codes.severities.get(&code));
        of_code
            .or_else(|| self.severities.get(finding.rule))
            .copied()
    }

    /// The place where the user says how grave a finding is.
    pub(super) fn severity_label(&self, finding: &Finding) -> Option<Label> {
        let of_code = finding
            .code
            .and_then(|code| self.words.label(&Topic::Code(code), SEVERITY));
        of_code.or_else(|| self.severity_label_of(finding.rule))
    }

    /// The place where the user says how grave the findings of a rule are.
    pub fn severity_label_of(&self, rule: &'static str) -> Option<Label> {
        self.words.label(&Topic::Rule(rule), SEVERITY)
    }

    pub fn selects(&self, page: &Page) -> bool {
        let selected = match &self.select {
            Selection::Profile(profile) => page.profile <= *profile,
            Selection::Only(names) => names.contains(page.name),
        };
        selected && !self.ignore.contains(page.name)
    }
}
