//! `undeclared-arg-in-from`: FROM uses a variable without an ARG before the first FROM.

use std::collections::HashSet;

use crate::dockerfile::{Modifier, Variable, Word, WordPart};
use crate::knowledge::{VariableClass, is_platform};
use crate::lint::facts::is_image_name;
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule, Severity};
use crate::suggestion;

pub(super) const RULE: Rule = Rule {
    name: "undeclared-arg-in-from",
    page: include_str!("../../rules/lint/undeclared-arg-in-from.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Maximum number of declared names for suggestions, because each undeclared variable is compared
/// with all of them.
const MAX_NAMES: usize = 64;

/// Maximum length of a name that is suggested, in bytes. The time of a comparison is proportional
/// to the product of both lengths.
const MAX_NAME_BYTES: usize = 64;

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let declared: HashSet<&str> = cx
        .facts
        .global_args()
        .map(|pair| pair.key.text.as_str())
        .collect();
    for stage in &cx.facts.stages {
        let mut variables = Vec::new();
        let mut fails =
            lasting_value(stage.image, &declared).is_some_and(|name| !is_image_name(&name));
        // The variables of `--platform` follow the same rules as those of the image name.
        for flag in &stage.from.flags {
            if let Some(word) = &flag.value
                && flag.name == "platform"
            {
                collect(&word.parts, &mut variables);
                fails |= lasting_value(word, &declared).is_some_and(|name| !is_platform(&name));
            }
        }
        collect(&stage.image.parts, &mut variables);
        let mut seen = HashSet::new();
        for variable in variables {
            let name = variable.name.as_str();
            // One finding per name in a FROM, because one ARG is enough for all its uses.
            if declared.contains(name)
                || VariableClass::Builder.contains(name)
                || !seen.insert(name)
            {
                continue;
            }
            let message = format!("`{name}` is not declared by an `ARG` before the first `FROM`");
            let mut report = findings.add(variable.span, message);
            if fails {
                report = report.severity(Severity::Error);
            }
            if let Some(fix) = fix(variable, nearest(name, &declared)) {
                report.fix(fix);
            }
        }
    }
}

/// The value of a word that has variables, none of them declared, so that every build has this one.
fn lasting_value(word: &Word, declared: &HashSet<&str>) -> Option<String> {
    // Without a variable, it is another rule's.
    word.parts
        .iter()
        .find(|part| matches!(part, WordPart::Variable(_)))?;
    let mut value = String::new();
    for part in &word.parts {
        match part {
            WordPart::Literal(text) => value.push_str(text),
            // An undeclared variable is empty, whatever `--build-arg` says.
            WordPart::Variable(variable) => {
                let name = variable.name.as_str();
                let is_empty = variable.modifier.is_none()
                    && !declared.contains(name)
                    && !VariableClass::Builder.contains(name);
                if !is_empty {
                    return None;
                }
            }
        }
    }
    Some(value)
}

/// Collects all variables of a word, including those in the defaults of others.
fn collect<'w>(parts: &'w [WordPart], variables: &mut Vec<&'w Variable>) {
    for part in parts {
        let WordPart::Variable(variable) = part else {
            continue;
        };
        variables.push(variable);
        if let Some(
            Modifier::Default { word, .. }
            | Modifier::Alternative { word, .. }
            | Modifier::Required { word, .. },
        ) = variable.modifier.as_deref()
        {
            collect(word, variables);
        }
    }
}

/// The most similar declared name, if there are few enough names to compare.
fn nearest<'n>(name: &str, declared: &HashSet<&'n str>) -> Option<&'n str> {
    if declared.len() > MAX_NAMES {
        return None;
    }
    // Other variables of the builder are too uncommon to suggest.
    let mut names: Vec<&str> = VariableClass::Platform.names().collect();
    for &known in declared {
        if is_usable(known) {
            names.push(known);
        }
    }
    suggestion::closest(name, names)
}

/// Whether a name is short, and a variable can refer to it. In `ARG 'A'=1`, the quotes are a part
/// of the name.
fn is_usable(name: &str) -> bool {
    name.len() <= MAX_NAME_BYTES
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Replaces a variable with the most similar one.
fn fix(variable: &Variable, near: Option<&str>) -> Option<Fix> {
    let near = near?;
    // The edit would have to keep the default or the alternative of the variable.
    if variable.modifier.is_some() {
        return None;
    }
    // A name in braces is at least two bytes longer than `$name`.
    let braced = variable.span.end - variable.span.start > 1 + variable.name.len();
    let replacement = if braced {
        format!("${{{near}}}")
    } else {
        format!("${near}")
    };
    let edit = Edit::replace(variable.span, replacement);
    Some(Fix::marked_unsafe(format!("use `{near}`"), [edit]))
}
