//! The `[[rule]]` tables of `.jettison.toml`: rules of the user's own.

use serde_json::json;
use toml::Spanned;

use super::ConfigError;
use super::own::Reader;
use super::schema::{self, table};
use crate::dockerfile::Kind;
use crate::lint::{Category, DataRuleText, OwnRules, Severity, Words};

table! {
    pub(super) struct RuleTable {
        name: String => json!({
            "description": "The name of the rule, in lower case with hyphens",
            "type": "string",
            "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$",
            "maxLength": 64,
        }),
        title: Option<String> => schema::text("The heading of its page (default: the message)"),
        message: String => schema::text(
            "The message of its findings; `{match}` stands for what was found",
        ),
        severity: Option<String> => schema::word(
            "The severity of its findings",
            Severity::ALL.map(Severity::as_str),
            "warning",
        ),
        category: Option<String> => schema::word(
            "The kind of problem",
            Category::ALL.map(Category::as_str),
            "correctness",
        ),
        page: Option<String> => schema::text(
            "The text of its page, in Markdown; `jettison rules --test` checks the examples in it",
        ),
        fix: Option<String> => schema::text(
            "What replaces the text that was found; nothing removes it",
        ),
        final_stage: bool => schema::switch("Whether only the final stage is checked", false),
        missing: bool => schema::switch(
            "Whether the absence of an instruction, a label or a variable is reported",
            false,
        ),
        instruction: Words => word_list("Instructions", &Kind::names().collect::<Vec<_>>()),
        text: Option<String> => schema::text(
            "A regular expression for the arguments of the instruction, as they are written",
        ),
        flag: Option<String> => schema::text("A flag of the instruction, such as `network`"),
        value: Option<String> => schema::text(
            "A regular expression for the value of the flag, the label or the variable",
        ),
        command: Words => word_list("Globs for names of commands in `RUN`", &[]),
        argument: Option<String> => schema::text(
            "A regular expression for one of the arguments of the command",
        ),
        option: Words => word_list("Options, one of which the command has", &[]),
        without_option: Words => word_list("Options, none of which the command has", &[]),
        manager: Words => word_list("Package managers, such as `apt`", &[]),
        verb: Words => word_list("Verbs of package managers, such as `install`", &[]),
        package: Words => word_list("Globs for names of installed packages", &[]),
        image: Words => word_list("Globs for names of images that the build uses", &[]),
        label: Words => word_list("Globs for names of labels", &[]),
        variable: Words => word_list("Globs for names of environment variables", &[]),
        path: Words => word_list("Globs for paths of files in an image", &[]),
    }
}

/// A text, or a list of texts.
fn word_list(description: &str, words: &[&str]) -> serde_json::Value {
    let item = if words.is_empty() {
        json!({"type": "string"})
    } else {
        json!({"enum": words})
    };
    json!({
        "description": description,
        "anyOf": [item, {"type": "array", "items": item}],
    })
}

impl RuleTable {
    fn text(&self) -> DataRuleText {
        DataRuleText {
            name: self.name.clone(),
            title: self.title.clone(),
            message: self.message.clone(),
            severity: self.severity.clone(),
            category: self.category.clone(),
            page: self.page.clone(),
            fix: self.fix.clone(),
            final_stage: self.final_stage,
            missing: self.missing,
            instruction: self.instruction.clone(),
            text: self.text.clone(),
            flag: self.flag.clone(),
            value: self.value.clone(),
            command: self.command.clone(),
            argument: self.argument.clone(),
            option: self.option.clone(),
            without_option: self.without_option.clone(),
            manager: self.manager.clone(),
            verb: self.verb.clone(),
            package: self.package.clone(),
            image: self.image.clone(),
            label: self.label.clone(),
            variable: self.variable.clone(),
            path: self.path.clone(),
        }
    }
}

pub(super) fn own_rules(
    tables: &[Spanned<RuleTable>],
    reader: &Reader<'_>,
) -> Result<OwnRules, ConfigError> {
    let texts: Vec<DataRuleText> = tables.iter().map(|table| table.get_ref().text()).collect();
    OwnRules::new(&texts, reader.registry).map_err(|(index, error)| {
        let name = texts.get(index).map(|text| text.name.as_str());
        let reason = match name {
            Some(name) if !name.is_empty() => format!("rule `{name}`: {}", error.reason),
            _ => error.reason,
        };
        match tables.get(index) {
            Some(table) => reader.error_at_key(table, error.key, reason),
            None => reader.error_at(0, reason),
        }
    })
}
