//! The words of instructions in which the builder replaces variables.

use crate::dockerfile::{Body, Kind, Word};
use crate::lint::DockerfileContext;
use crate::lint::facts::Step;

/// The arguments of an instruction in which the builder replaces variables, without those of FROM.
pub(in crate::rules) fn expanded_words<'a>(step: &Step<'a>) -> Vec<&'a Word> {
    let mut words: Vec<&Word> = Vec::new();
    match (&step.instruction.body, step.kind()) {
        (Body::Pairs(pairs), _) => {
            for pair in pairs {
                words.push(&pair.key);
                words.extend(&pair.value);
            }
        }
        (Body::Transfer { destination, .. }, _) => {
            words.extend(step.instruction.body.source_words());
            words.push(destination);
        }
        (
            Body::Words {
                words: arguments, ..
            },
            kind,
            // In MAINTAINER, a `$` is an ordinary character.
        ) if kind != Kind::Maintainer => words.extend(arguments),
        _ => {}
    }
    words
}

/// The value of a word; `None` if it depends on an unknown variable, or on those of another build.
pub(in crate::rules) fn known_value(
    cx: &DockerfileContext<'_>,
    step: &Step<'_>,
    word: &Word,
) -> Option<String> {
    // The variables of an ONBUILD are those of the image that is built later.
    if step.onbuild {
        return word.literal().map(str::to_owned);
    }
    cx.facts.expand(step, word)
}

/// Whether arguments are written as an array of strings: `["a"]` or `['a']`.
pub(in crate::rules) fn is_array(arguments: &str) -> bool {
    arguments
        .strip_prefix('[')
        .is_some_and(|rest| rest.trim_start().starts_with(['"', '\'']))
}
