//! The build context: the directory that is sent to the builder, and the `.dockerignore` that
//! excludes files from it.

use crate::paths::{Glob, add_components};

/// Maximum number of patterns in a `.dockerignore`. Each is compiled and takes a few kilobytes.
const MAX_PATTERNS: usize = 4096;
/// Maximum length of a pattern in bytes. The automaton of a much longer one exceeds the limit of
/// the regex compiler.
const MAX_PATTERN: usize = 1024;

/// The build context as far as it can be determined from the files; a build may use another one.
#[derive(Debug, Default)]
pub struct BuildContext {
    /// The `.dockerignore`, if there is one.
    pub ignore: Option<IgnoreFile>,
}

/// The patterns of a `.dockerignore`.
#[derive(Debug)]
pub struct IgnoreFile {
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    /// The pattern without whitespace, `.` and redundant slashes.
    text: String,
    /// Whether it starts with `!`, which re-includes files that earlier patterns excluded.
    negated: bool,
    glob: Glob,
}

impl IgnoreFile {
    /// Parses the lines, without comments and empty patterns.
    pub fn parse(text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(str::trim);
        Self {
            patterns: lines
                .filter_map(Pattern::parse)
                .take(MAX_PATTERNS)
                .collect(),
        }
    }

    /// Whether any pattern starts with `!`.
    pub fn has_exceptions(&self) -> bool {
        self.patterns.iter().any(|pattern| pattern.negated)
    }

    /// Whether a path of the context, or one of its parent directories, is excluded.
    pub fn ignores(&self, path: &str) -> bool {
        let path = clean(path);
        let prefixes = || {
            path.match_indices('/')
                .map(|(at, _)| &path[..at])
                .chain([path.as_str()])
        };
        self.patterns.iter().fold(false, |ignored, pattern| {
            let matches = prefixes().any(|path| pattern.glob.is_match(path.as_bytes()));
            if matches { !pattern.negated } else { ignored }
        })
    }

    /// Upper bound on the bytes that [`ignores`](Self::ignores) compares: the length of the path
    /// and of each of its parent directories, for every pattern.
    pub fn bytes_to_compare(&self, path: &str) -> u64 {
        let directories: usize = path.match_indices('/').map(|(at, _)| at).sum();
        (directories + path.len()) as u64 * self.patterns.len() as u64
    }

    /// Whether the whole context is excluded.
    pub fn ignores_everything(&self) -> bool {
        self.patterns
            .iter()
            .any(|pattern| !pattern.negated && matches!(pattern.text.as_str(), "*" | "**" | "**/*"))
    }
}

impl Pattern {
    fn parse(line: &str) -> Option<Self> {
        let (line, negated) = line
            .strip_prefix('!')
            .map_or((line, false), |rest| (rest.trim(), true));
        let text = clean(line);
        if text.is_empty() || text == "." || text.len() > MAX_PATTERN {
            return None;
        }
        Some(Self {
            glob: Glob::new(&text).ok()?,
            text,
            negated,
        })
    }
}

/// A path without `.`, `..` and redundant slashes; `.` for the directory itself.
pub fn clean(path: &str) -> String {
    let mut parts = Vec::new();
    add_components(&mut parts, path);
    if parts.is_empty() {
        ".".to_owned()
    } else {
        parts.join("/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ignores(text: &str, path: &str) -> bool {
        IgnoreFile::parse(text).ignores(path)
    }

    #[test]
    fn ignoring_a_directory_ignores_everything_in_it() {
        assert!(ignores("target\n", "target/debug/app"));
        assert!(ignores("/target/\n", "./target"));
        assert!(!ignores("target\n", "src/target"));
        assert!(ignores("**/target\n", "src/target/x"));
        assert!(ignores("**/target\n", "target"));
    }

    #[test]
    fn a_single_star_does_not_match_a_slash() {
        assert!(ignores("*.md", "README.md"));
        assert!(!ignores("*.md", "docs/README.md"));
        assert!(ignores("docs/**/*.md", "docs/a/b/c.md"));
    }

    #[test]
    fn the_last_pattern_that_matches_decides() {
        assert!(!ignores("*.md\n!README.md\n", "README.md"));
        assert!(ignores("!README.md\n*.md\n", "README.md"));
        assert!(IgnoreFile::parse("a\n! b\n").has_exceptions());
    }

    #[test]
    fn comments_and_empty_lines_are_not_patterns() {
        let file = IgnoreFile::parse("\u{feff}# target\n\n  \n.\n/\n");
        assert!(file.patterns.is_empty());
        assert!(IgnoreFile::parse("*").ignores_everything());
    }
}
