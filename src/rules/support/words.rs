//! The words of instructions in which the builder replaces variables.

use std::borrow::Cow;

use crate::dockerfile::{Body, CopySource, Kind, Word, WordPart, heredoc_parts};
use crate::lint::DockerfileContext;
use crate::lint::facts::Step;
use crate::source::Span;

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

/// The flags, apart from that of FROM, in whose values the builder replaces variables.
const FLAGS: [&str; 4] = ["checksum", "chmod", "chown", "mount"];

/// The parts of everything in an instruction in which the builder replaces variables: arguments,
/// flags, and the heredocs of COPY and ADD. Those of FROM are not included.
pub(in crate::rules) fn expanded_parts<'a>(
    cx: &DockerfileContext<'a>,
    step: &Step<'a>,
) -> Vec<Cow<'a, [WordPart]>> {
    let mut words = expanded_words(step);
    for flag in &step.instruction.flags {
        if FLAGS.contains(&flag.name.as_str()) {
            words.extend(&flag.value);
        }
    }
    let mut parts: Vec<Cow<'a, [WordPart]>> = Vec::new();
    for word in words {
        parts.push(Cow::Borrowed(word.parts.as_slice()));
    }
    if let Body::Transfer { sources, .. } = &step.instruction.body {
        for source in sources {
            // The openers of ONBUILD are counted in the instruction inside it as well.
            if let CopySource::Heredoc(index) = source
                && let Some(heredoc) = step.instruction.heredocs.get(*index)
            {
                parts.push(Cow::Owned(heredoc_parts(cx.source.text(), heredoc)));
            }
        }
    }
    parts
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

/// Whether the parser has refused something at a place.
pub(in crate::rules) fn has_syntax_error(cx: &DockerfileContext<'_>, span: Span) -> bool {
    let errors = &cx.dockerfile.errors;
    let next = errors.partition_point(|error| error.span.start < span.start);
    errors
        .get(next)
        .is_some_and(|error| span.contains(error.span))
}

/// Whether arguments are written as an array of strings: `["a"]` or `['a']`.
pub(in crate::rules) fn is_array(arguments: &str) -> bool {
    arguments
        .strip_prefix('[')
        .is_some_and(|rest| rest.trim_start().starts_with(['"', '\'']))
}
