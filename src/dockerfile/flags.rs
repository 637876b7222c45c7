//! Which flags each instruction takes, and what BuildKit demands of them.

use super::syntax::{Flag, Kind, SyntaxError};

/// What stands after the `=` of a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    /// Nothing, `true` or `false`.
    Switch,
    Text,
    /// Text; the flag may be given more than once.
    Texts,
}

/// As of BuildKit's `frontend/dockerfile/instructions/parse.go`, those of its labs channel included.
fn known(kind: Kind) -> &'static [(&'static str, Value)] {
    match kind {
        Kind::Add => &[
            ("checksum", Value::Text),
            ("chmod", Value::Text),
            ("chown", Value::Text),
            ("exclude", Value::Texts),
            ("keep-git-dir", Value::Switch),
            ("link", Value::Switch),
            ("unpack", Value::Switch),
        ],
        Kind::Copy => &[
            ("chmod", Value::Text),
            ("chown", Value::Text),
            ("exclude", Value::Texts),
            ("from", Value::Text),
            ("link", Value::Switch),
            ("parents", Value::Switch),
        ],
        Kind::From => &[("platform", Value::Text)],
        Kind::Healthcheck => &[
            ("interval", Value::Text),
            ("retries", Value::Text),
            ("start-interval", Value::Text),
            ("start-period", Value::Text),
            ("timeout", Value::Text),
        ],
        Kind::Run => {
            &[("device", Value::Texts), ("mount", Value::Texts), ("network", Value::Text), ("security", Value::Text)]
        }
        _ => &[],
    }
}

/// Adds an error for every flag that BuildKit would refuse.
pub(super) fn check(kind: Kind, flags: &[Flag], errors: &mut Vec<SyntaxError>) {
    for (index, flag) in flags.iter().enumerate() {
        let name = flag.name.as_str();
        let Some(&(_, value)) = known(kind).iter().find(|(known, _)| *known == name) else {
            errors.push(SyntaxError {
                span: flag.name_span,
                message: format!("`{}` has no flag `--{name}`", kind.name()),
            });
            continue;
        };
        if value != Value::Texts && flags[..index].iter().any(|before| before.name == flag.name) {
            errors.push(SyntaxError { span: flag.name_span, message: format!("`--{name}` is given twice") });
        }
        if let Some(message) = check_value(flag, value) {
            let span = flag.value.as_ref().map_or(flag.span, |value| value.span);
            errors.push(SyntaxError { span, message });
        }
    }
}

fn check_value(flag: &Flag, value: Value) -> Option<String> {
    let name = flag.name.as_str();
    match (value, &flag.value) {
        (Value::Text | Value::Texts, None) => Some(format!("`--{name}` needs a value")),
        (Value::Switch, Some(word)) => match word.literal() {
            Some(text) if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") => None,
            Some("") => Some(format!("`--{name}` needs a value after its `=`")),
            _ => Some(format!("`--{name}` is `true` or `false`")),
        },
        _ => None,
    }
}
