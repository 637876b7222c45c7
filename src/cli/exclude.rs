//! Files excluded by `--exclude` or the configuration, using `.gitignore` patterns.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::config::current_directory;
use crate::config::Config;
use crate::source::plain;
use crate::trust::limits;

/// Lists of patterns, each with the directory that its patterns are relative to.
#[derive(Clone, Debug, Default)]
pub(super) struct Exclude {
    /// The directory that relative paths start at.
    here: PathBuf,
    lists: Vec<(PathBuf, Gitignore)>,
}

impl Exclude {
    /// Patterns from the command line, relative to the current directory, and from a configuration
    /// file, relative to its directory.
    pub(super) fn of(patterns: &[String], config: &Config) -> anyhow::Result<Self> {
        let mut exclude = Self::new(&current_directory()?);
        exclude
            .add(Path::new("."), patterns)
            // The context names the list that contains the invalid pattern.
            .context("`--exclude`")?;
        exclude
            .add(&config.directory, &config.exclude)
            .context("the configuration's `exclude`")?;
        Ok(exclude)
    }

    /// An empty list; relative paths start at `here`.
    pub(super) fn new(here: &Path) -> Self {
        Self {
            here: here.to_owned(),
            lists: Vec::new(),
        }
    }

    /// Excludes the files below `directory` that match these patterns.
    pub(super) fn add(&mut self, directory: &Path, patterns: &[String]) -> anyhow::Result<()> {
        if patterns.is_empty() {
            return Ok(());
        }
        // All patterns are compiled into one automaton, whose size grows with their length, so the
        // limits of ignore files apply to them.
        let bytes: usize = patterns.iter().map(String::len).sum();
        ensure!(
            patterns.len() <= limits::IGNORE_LINES && bytes as u64 <= limits::IGNORE_FILE,
            "more than {} patterns, or patterns longer than {} in total",
            limits::IGNORE_LINES,
            limits::shown(limits::IGNORE_FILE)
        );
        let directory = plain(&self.here.join(directory));
        let mut builder = GitignoreBuilder::new(&directory);
        for pattern in patterns {
            ensure!(
                pattern.len() <= limits::PATTERN,
                "a pattern is longer than {}",
                limits::shown(limits::PATTERN as u64)
            );
            builder
                .add_line(None, pattern)
                .with_context(|| format!("`{pattern}` is not a valid pattern"))?;
        }
        self.lists.push((directory, builder.build()?));
        Ok(())
    }

    /// Whether a path or one of its parent directories is excluded.
    pub(super) fn leaves_out(&self, path: &Path, is_directory: bool) -> bool {
        // Most runs have no patterns, and making a path absolute costs an allocation per file.
        if self.lists.is_empty() {
            return false;
        }
        let path = plain(&self.here.join(path));
        self.lists.iter().any(|(directory, patterns)| {
            let Ok(below) = path.strip_prefix(directory) else {
                return false;
            };
            // The directory itself is never excluded, although `**` would match its empty path.
            !below.as_os_str().is_empty()
                && patterns
                    .matched_path_or_any_parents(below, is_directory)
                    .is_ignore()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exclude_patterns_work_as_in_gitignore() {
        let mut exclude = Exclude::new(Path::new("/home/project"));
        exclude
            .add(
                Path::new("."),
                &["vendor/".into(), "*.old".into(), "!keep.old".into()],
            )
            .expect("they are right");
        exclude
            .add(Path::new("/home"), &["/project/top".into()])
            .expect("it is right");
        for path in [
            "vendor/a/Dockerfile",
            "./x/vendor/Dockerfile",
            "Dockerfile.old",
            "top",
            "/home/project/top/a",
        ] {
            assert!(exclude.leaves_out(Path::new(path), false), "{path}");
        }
        for path in [
            "vendor",
            "keep.old",
            "x/top",
            "../Dockerfile.old",
            "/elsewhere/vendor/x",
            ".",
        ] {
            assert!(!exclude.leaves_out(Path::new(path), false), "{path}");
        }
        assert!(exclude.leaves_out(Path::new("vendor"), true));
    }

    #[test]
    fn the_number_and_length_of_exclude_patterns_is_limited() {
        let mut exclude = Exclude::new(Path::new("/"));
        for patterns in [
            vec!["?".to_owned(); 10_001],
            vec!["a".repeat((256 << 10) + 1)],
        ] {
            let error = exclude
                .add(Path::new("/"), &patterns)
                .expect_err("too many");
            assert!(error.to_string().starts_with("more than 10000"), "{error}");
        }
    }

    #[test]
    fn a_pattern_of_nested_braces_does_not_exhaust_the_stack() {
        let nested = |depth| "{a,".repeat(depth) + &"}".repeat(depth);
        let mut exclude = Exclude::new(Path::new("/"));
        let error = exclude
            .add(Path::new("/"), &[nested(50_000)])
            .expect_err("it is too long");
        assert_eq!(error.to_string(), "a pattern is longer than 4 KiB");
        // A short pattern may be invalid, but must result in an error.
        let _ = exclude.add(Path::new("/"), &[nested(1000)]);
    }

    #[test]
    fn an_invalid_pattern_is_named() {
        let error = Exclude::new(Path::new("/"))
            .add(Path::new("/"), &["{a".into()])
            .expect_err("it is open");
        assert_eq!(error.to_string(), "`{a` is not a valid pattern");
    }
}
