//! Names of images with variables.

use crate::dockerfile::{Word, WordPart};
use crate::lint::facts::image_name_fault;

/// Values that a variable of an image name may have: a part of a name, a registry, a tag, a digest
/// with or without the character before it, a port, or nothing.
const VALUES: [&str; 9] = [
    "a",
    "",
    "a/a",
    "a/",
    "a:a",
    ":a",
    "5",
    "sha256:0000000000000000000000000000000000000000000000000000000000000000",
    "@sha256:0000000000000000000000000000000000000000000000000000000000000000",
];

/// The most variables for which all values are tried.
const MOST_VARIABLES: usize = 3;

/// The fault of a name that is invalid whatever its variables are.
pub(in crate::rules) fn lasting_fault(word: &Word) -> Option<&'static str> {
    let mut variables = 0;
    let mut choices = 1;
    for part in &word.parts {
        if matches!(part, WordPart::Variable(_)) {
            variables += 1;
            choices *= VALUES.len();
        }
        if variables > MOST_VARIABLES {
            return None;
        }
    }
    // A name of variables alone can be anything.
    if variables == word.parts.len() {
        return None;
    }
    let mut reason = None;
    for choice in 0..choices {
        let fault = image_name_fault(&with_values(word, choice))?;
        // The first one, with plain names in all variables, reads best.
        reason = reason.or(Some(fault.reason));
    }
    reason
}

/// The name with values for its variables: the digits of `choice` select them.
fn with_values(word: &Word, mut choice: usize) -> String {
    let mut name = String::new();
    for part in &word.parts {
        match part {
            WordPart::Literal(text) => name.push_str(text),
            WordPart::Variable(_) => {
                name.push_str(VALUES[choice % VALUES.len()]);
                choice /= VALUES.len();
            }
        }
    }
    name
}
