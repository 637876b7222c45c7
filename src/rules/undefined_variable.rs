//! `undefined-variable`: an instruction uses an undefined variable.

use crate::dockerfile::{Body, CopySource, Kind, Variable, Word, WordPart};
use crate::lint::facts::{Facts, Known, PREDEFINED, Step};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "undefined-variable",
    page: include_str!("../../rules/lint/undefined-variable.md"),
    dockerfile: Some(check),
    image: None,
};

/// The builder knows these without an ARG.
const ALWAYS: [&str; 10] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "FTP_PROXY",
    "ftp_proxy",
    "NO_PROXY",
    "no_proxy",
    "ALL_PROXY",
    "all_proxy",
];

/// For how many names a near one is looked for, and among how many: each of the one is compared
/// with each of the other.
const MOST_LOOKED_FOR: usize = 50;
const MOST_NEAR: usize = 1000;

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let mut looked_for = 0;
    for step in cx
        .facts
        .steps
        .iter()
        .filter(|step| step.stage.is_some() && !step.onbuild)
    {
        for word in words(step) {
            for variable in word.parts.iter().filter_map(plain) {
                if let Some((what, note)) = fault(cx.facts, step, &variable.name, &mut looked_for) {
                    let report = findings.add(variable.span, format!("`{}` {what}", variable.name));
                    if let Some(note) = note {
                        report.note(note);
                    }
                }
            }
        }
    }
}

/// The words in which the builder puts values for variables.
fn words<'a>(step: &Step<'a>) -> Vec<&'a Word> {
    let mut words: Vec<&Word> = Vec::new();
    match (&step.instruction.body, step.kind()) {
        (Body::Pairs(pairs), _) => {
            words.extend(
                pairs
                    .iter()
                    .flat_map(|pair| std::iter::once(&pair.key).chain(&pair.value)),
            );
        }
        (
            Body::Transfer {
                sources,
                destination,
                ..
            },
            _,
        ) => {
            words.extend(sources.iter().filter_map(|source| match source {
                CopySource::Path(word) => Some(word),
                CopySource::Heredoc(_) => None,
            }));
            words.push(destination);
        }
        (
            Body::Words {
                words: arguments, ..
            },
            kind,
        ) if kind != Kind::Maintainer => words.extend(arguments),
        _ => {}
    }
    words
}

/// `$NAME` and `${NAME}`; `${NAME:-x}` and its like say what holds where there is none.
fn plain(part: &WordPart) -> Option<&Variable> {
    match part {
        WordPart::Variable(variable)
            if variable.modifier.is_none() && !variable.name.is_empty() =>
        {
            Some(variable)
        }
        _ => None,
    }
}

/// What is wrong with a name, and what may help.
fn fault(
    facts: &Facts<'_>,
    step: &Step<'_>,
    name: &str,
    looked_for: &mut usize,
) -> Option<(&'static str, Option<String>)> {
    if facts.is_declared(step, name) || ALWAYS.contains(&name) || name == "PATH" || is_special(name)
    {
        return None;
    }
    if facts.is_global(name) {
        return Some((
            "is only declared before the first `FROM`",
            Some(format!("add `ARG {name}` after `FROM`")),
        ));
    }
    if PREDEFINED.contains(&name) {
        return Some((
            "is only available after an `ARG`",
            Some(format!("add `ARG {name}` after `FROM`")),
        ));
    }
    *looked_for += 1;
    let names = if *looked_for > MOST_LOOKED_FOR {
        Vec::new()
    } else {
        facts.declared(step)
    };
    let names: Vec<&str> = names.into_iter().take(MOST_NEAR).chain(["PATH"]).collect();
    // Windows takes `$Path` for `$PATH`.
    let is_windows = facts.stages[step.stage?]
        .known
        .is_some_and(Known::is_windows);
    if is_windows && names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return None;
    }
    let near = names.into_iter().find(|known| is_near(known, name));
    let note = near.map(|near| format!("did you mean `{near}`?"));
    // What the base image sets is not known of most.
    let sure = facts.starts_without_variables(step.stage?) || note.is_some();
    sure.then_some(("is not defined", note))
}

/// `$1`, `$@`: no names of variables.
fn is_special(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

/// One letter too many, too few, wrong, or two in the wrong order; or the other case.
fn is_near(known: &str, name: &str) -> bool {
    let numbered = |text: &str| text.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let typo = name.len() >= 4
        && strsim::damerau_levenshtein(known, name) == 1
        && known[..numbered(known)] != name[..numbered(name)];
    typo || (known != name && known.eq_ignore_ascii_case(name) && name.len() >= 4)
}
