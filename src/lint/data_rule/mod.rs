//! Rules that are data: conditions on instructions, commands, packages, images, labels, variables
//! or paths, and a message.
//!
//! Users write them in `.jettison.toml`, and some of jettison's own rules are rows of
//! `rules/simple-rules.toml`. One matcher checks both.

mod budget;
mod dockerfile;
mod image;
mod pattern;

use serde::Deserialize;

pub use pattern::Words;

use budget::{Limits, RuleBudget};
use pattern::{Globs, Pattern, contains, plain};

use super::finding::Severity;
use super::page::Category;
use crate::dockerfile::Kind;
use crate::page::has_control_characters;

/// A rule as it is written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct DataRuleText {
    pub name: String,
    pub title: Option<String>,
    pub message: String,
    pub severity: Option<String>,
    pub category: Option<String>,
    pub page: Option<String>,
    pub fix: Option<String>,
    pub final_stage: bool,
    pub missing: bool,
    pub instruction: Words,
    pub text: Option<String>,
    pub flag: Option<String>,
    pub value: Option<String>,
    pub command: Words,
    pub argument: Option<String>,
    pub option: Words,
    pub without_option: Words,
    pub manager: Words,
    pub verb: Words,
    pub package: Words,
    pub image: Words,
    pub label: Words,
    pub variable: Words,
    pub path: Words,
}

/// The reason why a rule is not valid, and the key that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataRuleError {
    pub key: &'static str,
    pub reason: String,
}

impl DataRuleError {
    fn new(key: &'static str, reason: impl Into<String>) -> Self {
        Self {
            key,
            reason: reason.into(),
        }
    }
}

/// The kind of thing that a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Instruction,
    Command,
    Package,
    Image,
    Label,
    Variable,
    Path,
}

/// A rule whose patterns are compiled.
#[derive(Clone, Debug)]
pub struct DataRule {
    message: String,
    /// The replacement of what the rule found.
    fix: Option<String>,
    subject: Subject,
    only_final_stage: bool,
    /// Whether the rule reports that there is no such thing.
    is_missing: bool,
    instructions: Vec<Kind>,
    text: Option<Pattern>,
    flag: Option<String>,
    value: Option<Pattern>,
    /// The names of what the rule looks at: of commands, packages, images and so on.
    names: Globs,
    argument: Option<Pattern>,
    options: Vec<String>,
    without_options: Vec<String>,
    managers: Vec<String>,
    verbs: Vec<String>,
    limits: Limits,
}

/// Keys that each subject may have besides those of all rules.
const KEYS: [(Subject, &[&str]); 7] = [
    (Subject::Path, &["path"]),
    (
        Subject::Label,
        &["label", "value", "missing", "final-stage"],
    ),
    (
        Subject::Variable,
        &["variable", "value", "missing", "final-stage"],
    ),
    (Subject::Image, &["image", "fix", "final-stage"]),
    (
        Subject::Package,
        &[
            "manager",
            "verb",
            "package",
            "option",
            "without-option",
            "fix",
            "final-stage",
        ],
    ),
    (
        Subject::Command,
        &[
            "command",
            "argument",
            "option",
            "without-option",
            "fix",
            "final-stage",
        ],
    ),
    (
        Subject::Instruction,
        &[
            "instruction",
            "text",
            "flag",
            "value",
            "missing",
            "fix",
            "final-stage",
        ],
    ),
];

impl DataRule {
    /// Compiles a rule, or says which key is wrong.
    pub fn new(text: &DataRuleText) -> Result<Self, DataRuleError> {
        check_name(&text.name)?;
        let message = text.message.trim();
        check_texts(text)?;
        text.severity()?;
        text.category()?;
        let subject = text.subject()?;
        let mut instructions = Vec::new();
        for name in text.instruction.iter() {
            match Kind::of_keyword(name) {
                Kind::Unknown => {
                    let reason = format!("there is no instruction `{name}`");
                    return Err(DataRuleError::new("instruction", reason));
                }
                kind => instructions.push(kind),
            }
        }
        let names = match subject {
            Subject::Instruction => Globs::default(),
            Subject::Command => Globs::new("command", &text.command)?,
            Subject::Package => Globs::new("package", &text.package)?,
            Subject::Image => Globs::new("image", &text.image)?,
            Subject::Label => Globs::new("label", &text.label)?,
            Subject::Variable => Globs::new("variable", &text.variable)?,
            Subject::Path => Globs::new("path", &text.path)?,
        };
        Ok(Self {
            message: message.to_owned(),
            fix: text.fix.clone(),
            subject,
            only_final_stage: text.final_stage,
            is_missing: text.missing,
            instructions,
            text: Pattern::new("text", text.text.as_deref())?,
            flag: text
                .flag
                .as_ref()
                .map(|flag| flag.trim_start_matches('-').to_owned()),
            value: Pattern::new("value", text.value.as_deref())?,
            names,
            argument: Pattern::new("argument", text.argument.as_deref())?,
            options: plain("option", &text.option)?,
            without_options: plain("without-option", &text.without_option)?,
            managers: plain("manager", &text.manager)?,
            verbs: plain("verb", &text.verb)?,
            limits: Limits::default(),
        })
    }

    /// Limits its work and its findings, as one of the rules of a configuration file.
    pub(super) fn limit(&mut self, rules: usize) {
        self.limits = Limits::Shared { rules };
    }

    /// Whether it checks Dockerfiles.
    pub fn is_for_dockerfiles(&self) -> bool {
        self.subject != Subject::Path
    }

    /// Whether it checks images too. The commands of a build are not in an image.
    pub fn is_for_images(&self) -> bool {
        match self.subject {
            Subject::Label | Subject::Variable | Subject::Path => true,
            Subject::Package => {
                let of_call = [
                    &self.managers,
                    &self.verbs,
                    &self.options,
                    &self.without_options,
                ];
                of_call.iter().all(|list| list.is_empty())
            }
            Subject::Instruction | Subject::Command | Subject::Image => false,
        }
    }

    pub(super) fn has_fix(&self) -> bool {
        self.fix.is_some()
    }

    fn message(&self, found: &str) -> String {
        let end = found.floor_char_boundary(MAX_SHOWN);
        if end == found.len() {
            self.message.replace("{match}", found)
        } else {
            self.message
                .replace("{match}", &format!("{}…", &found[..end]))
        }
    }
}

impl DataRuleText {
    /// The number of words in all lists.
    pub(super) fn words(&self) -> usize {
        let lists = [
            &self.instruction,
            &self.command,
            &self.option,
            &self.without_option,
            &self.manager,
            &self.verb,
            &self.package,
            &self.image,
            &self.label,
            &self.variable,
            &self.path,
        ];
        lists.iter().map(|list| list.len()).sum()
    }

    /// The number of regular expressions.
    pub(super) fn patterns(&self) -> usize {
        let patterns = [&self.text, &self.value, &self.argument];
        patterns.iter().filter(|pattern| pattern.is_some()).count()
    }

    pub(super) fn severity(&self) -> Result<Severity, DataRuleError> {
        match self.severity.as_deref() {
            None => Ok(Severity::Warning),
            Some(word) => word.parse().map_err(|()| {
                DataRuleError::new("severity", format!("`{word}` is not a severity"))
            }),
        }
    }

    pub(super) fn category(&self) -> Result<Category, DataRuleError> {
        match self.category.as_deref() {
            None => Ok(Category::Correctness),
            Some(word) => word.parse().map_err(|()| {
                let names = Category::ALL.map(Category::as_str).join("`, `");
                let reason = format!("`{word}` is not a category; use one of `{names}`");
                DataRuleError::new("category", reason)
            }),
        }
    }

    /// The kind of thing that the rule looks at, according to its keys.
    fn subject(&self) -> Result<Subject, DataRuleError> {
        let present = self.present();
        let has = |key: &&str| present.contains(key);
        // The first key of each list is the one that decides, but any of those of a package call
        // does.
        let found = KEYS.iter().find(|(subject, keys)| match subject {
            Subject::Package => keys[..3].iter().any(has),
            _ => has(&keys[0]),
        });
        let Some((subject, keys)) = found else {
            let reason = "a rule needs one of `instruction`, `command`, `package`, `image`, \
                          `label`, `variable` and `path`";
            return Err(DataRuleError::new("name", reason));
        };
        // A condition that has no effect would look as if it had one.
        if let Some(key) = present.iter().find(|key| !keys.contains(key)) {
            let reason = format!("`{key}` cannot be combined with `{}`", keys[0]);
            return Err(DataRuleError::new(key, reason));
        }
        if self.missing && (self.fix.is_some() || self.text.is_some() || self.flag.is_some()) {
            let reason = "`missing` cannot be combined with `fix`, `text` or `flag`";
            return Err(DataRuleError::new("missing", reason));
        }
        // A fix that replaces a whole instruction would have to know what is in it.
        let needs_text = *subject == Subject::Instruction && self.fix.is_some();
        if needs_text && self.text.is_none() && self.flag.is_none() {
            let reason = "a `fix` of an instruction replaces a `text` or a `flag`";
            return Err(DataRuleError::new("fix", reason));
        }
        Ok(*subject)
    }

    /// The keys with conditions that the rule has.
    fn present(&self) -> Vec<&'static str> {
        let keys = [
            ("instruction", !self.instruction.is_empty()),
            ("text", self.text.is_some()),
            ("flag", self.flag.is_some()),
            ("value", self.value.is_some()),
            ("command", !self.command.is_empty()),
            ("argument", self.argument.is_some()),
            ("option", !self.option.is_empty()),
            ("without-option", !self.without_option.is_empty()),
            ("manager", !self.manager.is_empty()),
            ("verb", !self.verb.is_empty()),
            ("package", !self.package.is_empty()),
            ("image", !self.image.is_empty()),
            ("label", !self.label.is_empty()),
            ("variable", !self.variable.is_empty()),
            ("path", !self.path.is_empty()),
            ("missing", self.missing),
            ("fix", self.fix.is_some()),
            ("final-stage", self.final_stage),
        ];
        let present = keys.into_iter().filter(|(_, is_present)| *is_present);
        present.map(|(key, _)| key).collect()
    }
}

/// Longest name of a rule, in bytes.
const MAX_NAME: usize = 64;
/// Longest message, title and fix, in bytes.
const MAX_TEXT: usize = 1 << 10;
/// Bytes of what was found that a message shows.
const MAX_SHOWN: usize = 200;

/// Names are in comments and file formats of other tools, so they are of few letters.
fn check_name(name: &str) -> Result<(), DataRuleError> {
    let is_kebab = !name.is_empty()
        && name.len() <= MAX_NAME
        && name.split('-').all(|word| {
            let mut letters = word.bytes();
            !word.is_empty()
                && letters.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        });
    if is_kebab {
        Ok(())
    } else {
        let reason = "a rule needs a name of at most 64 lower-case letters, digits and hyphens";
        Err(DataRuleError::new("name", reason))
    }
}

/// Pages and messages are printed.
fn check_texts(text: &DataRuleText) -> Result<(), DataRuleError> {
    let message = text.message.trim();
    if message.is_empty() || message.contains('\n') {
        let reason = "a rule needs a message of one line";
        return Err(DataRuleError::new("message", reason));
    }
    for (key, short) in [
        ("message", Some(&text.message)),
        ("title", text.title.as_ref()),
        ("fix", text.fix.as_ref()),
        ("flag", text.flag.as_ref()),
    ] {
        if short.is_some_and(|short| short.len() > MAX_TEXT) {
            return Err(DataRuleError::new(key, "longer than 1 KiB"));
        }
    }
    let texts = [
        ("message", Some(&text.message)),
        ("title", text.title.as_ref()),
        ("page", text.page.as_ref()),
    ];
    for (key, text) in texts {
        if text.is_some_and(|text| has_control_characters(text)) {
            let reason = "control characters are not allowed";
            return Err(DataRuleError::new(key, reason));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(toml: &str) -> (&'static str, String) {
        let text = format!("name = \"a-rule\"\nmessage = \"no\"\n{toml}");
        let text: DataRuleText = toml::from_str(&text).expect("TOML");
        let error = DataRule::new(&text).expect_err("it is wrong");
        (error.key, error.reason)
    }

    #[test]
    fn a_rule_looks_at_one_kind_of_thing() {
        assert_eq!(error("").0, "name");
        let (key, reason) = error("command = \"curl\"\npackage = \"curl\"\n");
        assert_eq!(key, "command");
        assert_eq!(reason, "`command` cannot be combined with `manager`");
        assert_eq!(
            error("label = \"a\"\nmissing = true\nfix = \"b\"\n").0,
            "fix"
        );
        assert_eq!(error("instruction = \"RUN\"\nfix = \"b\"\n").0, "fix");
    }

    #[test]
    fn errors_of_rules_name_the_key() {
        assert_eq!(error("command = \"[\"\n").0, "command");
        assert_eq!(error("instruction = \"RUNN\"\n").0, "instruction");
        assert_eq!(error("instruction = \"RUN\"\ntext = \"(\"\n").0, "text");
        let huge = "instruction = \"RUN\"\ntext = '(?:a{1000}){1000}'\n";
        assert_eq!(error(huge), ("text", "the pattern is too large".to_owned()));
        assert_eq!(error("command = \"a\"\nseverity = \"bad\"\n").0, "severity");
        assert_eq!(error("command = \"a\"\npage = \"\\u001b[2J\"\n").0, "page");
    }
}
