//! Parser directives: `# key=value` lines at the very top of the file.

use super::syntax::Directive;
use crate::source::Span;

/// The directives that BuildKit knows. Any other `# key=value` is a comment, and ends them.
pub const DIRECTIVES: [&str; 3] = ["check", "escape", "syntax"];

/// Parses a comment line as a directive, which BuildKit obeys if only directives precede it.
///
/// `line` starts with `#` at byte `start` of the source and has no line break.
pub(super) fn read(line: &str, start: usize) -> Option<Directive> {
    let (key, written) = line.strip_prefix('#')?.split_once('=')?;
    // BuildKit compares the names case-insensitively.
    let name = key.trim().to_ascii_lowercase();
    let mut value = written.trim_start();
    // Its pattern demands a value, so `# escape=` is a comment, and a blank is one if nothing else
    // follows.
    if value.is_empty() {
        let (last, _) = written.char_indices().next_back()?;
        value = &written[last..];
    }
    let value_start = start + (line.len() - value.len());
    if !value.trim_end().is_empty() {
        value = value.trim_end();
    }
    if !DIRECTIVES.contains(&name.as_str()) {
        return None;
    }
    Some(Directive {
        span: Span::new(start, start + line.len()),
        name,
        value: value.to_owned(),
        value_span: Span::new(value_start, value_start + value.len()),
    })
}

/// The escape character for a value of `escape`.
pub(super) fn escape(value: &str) -> Option<char> {
    match value {
        "\\" => Some('\\'),
        "`" => Some('`'),
        _ => None,
    }
}

/// Returns true for options that BuildKit's `ParseLintOptions` accepts.
pub(super) fn are_check_options(value: &str) -> bool {
    // Only the text up to the first blank counts, as for `syntax`.
    let options = value.trim_start().split(' ').next().unwrap_or_default();
    if options.is_empty() {
        return true;
    }
    for option in options.splitn(3, ';') {
        let is_valid = match option.split_once('=') {
            Some(("skip" | "experimental", _)) => true,
            Some(("error", value)) => super::flags::is_boolean(value),
            _ => false,
        };
        if !is_valid {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directive_names_ignore_case_and_values_are_trimmed() {
        let directive = read("# Syntax = docker/dockerfile:1 ", 3).expect("a directive");
        assert_eq!(
            (directive.name.as_str(), directive.value.as_str()),
            ("syntax", "docker/dockerfile:1")
        );
        assert_eq!(directive.value_span, Span::new(14, 33));
    }

    #[test]
    fn check_options_are_validated_as_buildkit_does() {
        for value in [
            "skip=all",
            "skip=A,B;error=true",
            "skip=all ; x",
            "experimental=all",
        ] {
            assert!(are_check_options(value), "{value}");
        }
        for value in ["all", "skip=a; error=true", "error=yes", "ignore=A"] {
            assert!(!are_check_options(value), "{value}");
        }
    }

    #[test]
    fn other_comments_are_not_directives() {
        for line in ["# hello", "# foo=bar", "# escape", "# escape=", "#=x"] {
            assert!(read(line, 0).is_none(), "{line}");
        }
    }

    #[test]
    fn a_blank_alone_is_a_value() {
        let directive = read("# escape= \t", 0).expect("a directive");
        assert_eq!(directive.value, "\t");
        assert_eq!(directive.value_span, Span::new(10, 11));
        assert!(are_check_options(" "));
    }
}
