//! `invalid-pattern`: a source or an exception of COPY is no valid pattern.

use std::iter::Peekable;
use std::str::Chars;

use super::support::remotes::Remote;
use super::support::steps::of_kind;
use super::support::words::known_value;
use crate::dockerfile::{Body, CopySource, Kind, Word};
use crate::lint::facts::Step;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "invalid-pattern",
    page: include_str!("../../rules/lint/invalid-pattern.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in of_kind(cx, &[Kind::Copy, Kind::Add]) {
        for word in patterns(cx, step) {
            findings
                .add(word.span, "invalid pattern: `[` starts a character class")
                .note("close it with `]`, or write `[[]` for a literal `[`");
        }
    }
}

/// The words of an instruction that are invalid patterns.
fn patterns<'a>(cx: &DockerfileContext<'a>, step: &Step<'a>) -> Vec<&'a Word> {
    let mut invalid = Vec::new();
    for flag in &step.instruction.flags {
        // BuildKit expands no variables in these.
        if let Some(word) = &flag.value
            && flag.name == "exclude"
            && word.literal().is_some_and(|pattern| !is_pattern(pattern))
        {
            invalid.push(word);
        }
    }
    // In a stage or an image, an invalid pattern is a file that does not exist.
    if step.flag("from").is_some() {
        return invalid;
    }
    let Body::Transfer { sources, .. } = &step.instruction.body else {
        return invalid;
    };
    for source in sources {
        if let CopySource::Path(word) = source
            && let Some(path) = known_value(cx, step, word)
            && Remote::of(&path).is_none()
            && !is_pattern(&path)
        {
            invalid.push(word);
        }
    }
    invalid
}

/// Whether Go's `filepath.Match` accepts a pattern.
fn is_pattern(pattern: &str) -> bool {
    let mut chars = pattern.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\\' => drop(chars.next()),
            '[' if list(&mut chars).is_none() => return false,
            _ => {}
        }
    }
    true
}

/// Reads the rest of a list of characters and ranges; `None` if it is not valid.
fn list(chars: &mut Peekable<Chars<'_>>) -> Option<()> {
    chars.next_if_eq(&'^');
    loop {
        let first = item(chars)?;
        // BuildKit makes a regular expression of it, in which a range must ascend.
        if chars.next_if_eq(&'-').is_some() && item(chars)? < first {
            return None;
        }
        if chars.next_if_eq(&']').is_some() {
            return Some(());
        }
    }
}

/// A character of a list, or an end of a range.
fn item(chars: &mut Peekable<Chars<'_>>) -> Option<char> {
    match chars.next()? {
        '-' | ']' => None,
        '\\' => chars.next(),
        char => Some(char),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_go() {
        for pattern in [
            "a*",
            "?",
            "a]",
            "[a]",
            "[!a]",
            "[^a-z0]",
            "[[]",
            "[\\]]",
            "[...slug]",
            "{a,b}",
            "",
            "a\\",
        ] {
            assert!(is_pattern(pattern), "{pattern}");
        }
        for pattern in [
            "a[", "[a-z", "[a-]", "[]a]", "[^", "[b-a]", "*[", "[]]", "[-a]", "x/[/y",
        ] {
            assert!(!is_pattern(pattern), "{pattern}");
        }
    }
}
