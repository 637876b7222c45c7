//! Parser directives: `# key=value` lines at the very top of the file.

use super::syntax::Directive;
use crate::source::Span;

/// The directives that BuildKit knows. Any other `# key=value` is a comment, and ends them.
pub const DIRECTIVES: [&str; 3] = ["check", "escape", "syntax"];

/// Parses a comment line as a directive, which BuildKit obeys if only directives precede it.
///
/// `line` starts with `#` at byte `start` of the source and has no line break.
pub(super) fn read(line: &str, start: usize) -> Option<Directive> {
    let (key, value) = line.strip_prefix('#')?.split_once('=')?;
    // BuildKit compares the names case-insensitively.
    let name = key.trim().to_ascii_lowercase();
    let value = value.trim_start();
    let value_start = start + (line.len() - value.len());
    let value = value.trim_end();
    // Its pattern demands a value, so `# escape=` is a comment.
    if value.is_empty() || !DIRECTIVES.contains(&name.as_str()) {
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
    let options = value.split(' ').next().unwrap_or_default();
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

/// The version of Docker's frontend that a `syntax` directive names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrontendVersion {
    major: u32,
    minor: u32,
    /// Whether it is of the channel with features that are not stable yet.
    is_labs: bool,
}

impl FrontendVersion {
    /// Reads `docker/dockerfile:1.4`; `None` for another image, and for a tag that moves on to
    /// newer versions, such as `1`.
    pub(super) fn of_image(value: &str) -> Option<Self> {
        let image = value.split(' ').next()?;
        let image = image.strip_prefix("docker.io/").unwrap_or(image);
        let image = image.split('@').next()?;
        let (name, tag) = image.split_once(':')?;
        if !matches!(name, "docker/dockerfile" | "docker/dockerfile-upstream") {
            return None;
        }
        let (version, channel) = tag.split_once('-').unwrap_or((tag, ""));
        let mut numbers = version.split('.');
        Some(Self {
            major: numbers.next()?.parse().ok()?,
            minor: numbers.next()?.parse().ok()?,
            is_labs: matches!(channel, "labs" | "experimental"),
        })
    }

    pub(super) fn has_heredocs(self) -> bool {
        let first_minor = if self.is_labs { 3 } else { 4 };
        (self.major, self.minor) >= (1, first_minor)
    }

    pub(super) fn has_blanks_in_heredocs(self) -> bool {
        (self.major, self.minor) >= (1, 16)
    }
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
    fn only_a_tag_with_a_minor_version_pins_the_frontend() {
        let old = FrontendVersion::of_image("docker/dockerfile:1.2").expect("a version");
        assert!(!old.has_heredocs());
        let labs =
            FrontendVersion::of_image("docker.io/docker/dockerfile:1.3-labs").expect("a version");
        assert!(labs.has_heredocs() && !labs.has_blanks_in_heredocs());
        let new =
            FrontendVersion::of_image("docker/dockerfile:1.16.0@sha256:ab x").expect("a version");
        assert!(new.has_heredocs() && new.has_blanks_in_heredocs());
        for value in [
            "docker/dockerfile:1",
            "docker/dockerfile",
            "a/b:1.2",
            "docker/dockerfile:labs",
        ] {
            assert_eq!(FrontendVersion::of_image(value), None, "{value}");
        }
    }

    #[test]
    fn other_comments_are_not_directives() {
        for line in ["# hello", "# foo=bar", "# escape", "# escape=", "#=x"] {
            assert!(read(line, 0).is_none(), "{line}");
        }
    }
}
