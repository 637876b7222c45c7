//! Files that are left out, by patterns as `.gitignore` has them.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::config::Config;
use crate::source::plain;
use crate::trust::limits;

/// Patterns, each list with the folder that it starts from.
#[derive(Clone, Debug, Default)]
pub(super) struct Exclude {
    here: PathBuf,
    lists: Vec<(PathBuf, Gitignore)>,
}

impl Exclude {
    /// What the command line and a configuration leave out; the configuration's patterns start from
    /// its own folder.
    pub(super) fn of(patterns: &[String], config: &Config) -> anyhow::Result<Self> {
        let mut exclude =
            Self::new(&std::env::current_dir().context("cannot tell the current folder")?);
        exclude
            .add(Path::new("."), patterns)
            .context("`--exclude`")?;
        exclude
            .add(&config.folder, &config.exclude)
            .context("the configuration's `exclude`")?;
        Ok(exclude)
    }

    /// Nothing is left out; relative paths start at `here`.
    pub(super) fn new(here: &Path) -> Self {
        Self {
            here: here.to_owned(),
            lists: Vec::new(),
        }
    }

    /// Leaves out what these patterns match below `folder`.
    pub(super) fn add(&mut self, folder: &Path, patterns: &[String]) -> anyhow::Result<()> {
        if patterns.is_empty() {
            return Ok(());
        }
        let bytes: usize = patterns.iter().map(String::len).sum();
        ensure!(
            patterns.len() <= limits::IGNORE_LINES && bytes as u64 <= limits::IGNORE_FILE,
            "there are more than {} patterns, or they have more than {}",
            limits::IGNORE_LINES,
            limits::shown(limits::IGNORE_FILE)
        );
        let folder = plain(&self.here.join(folder));
        let mut builder = GitignoreBuilder::new(&folder);
        for pattern in patterns {
            ensure!(
                pattern.len() <= limits::PATTERN,
                "a pattern has more than {}",
                limits::shown(limits::PATTERN as u64)
            );
            builder
                .add_line(None, pattern)
                .with_context(|| format!("`{pattern}` is no pattern of files"))?;
        }
        self.lists.push((folder, builder.build()?));
        Ok(())
    }

    /// Whether a path, or a folder that it is in, is left out.
    pub(super) fn leaves_out(&self, path: &Path, is_folder: bool) -> bool {
        if self.lists.is_empty() {
            return false;
        }
        let path = plain(&self.here.join(path));
        self.lists.iter().any(|(folder, patterns)| {
            let below = path
                .strip_prefix(folder)
                .ok()
                .filter(|below| !below.as_os_str().is_empty());
            below.is_some_and(|below| {
                patterns
                    .matched_path_or_any_parents(below, is_folder)
                    .is_ignore()
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_do_in_gitignore() {
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
    fn patterns_have_a_limit() {
        let mut exclude = Exclude::new(Path::new("/"));
        for patterns in [
            vec!["?".to_owned(); 10_001],
            vec!["a".repeat((256 << 10) + 1)],
        ] {
            let error = exclude
                .add(Path::new("/"), &patterns)
                .expect_err("too many");
            assert!(
                error.to_string().starts_with("there are more than 10000"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_pattern_of_nested_braces_does_not_exhaust_the_stack() {
        let nested = |depth| "{a,".repeat(depth) + &"}".repeat(depth);
        let mut exclude = Exclude::new(Path::new("/"));
        let error = exclude
            .add(Path::new("/"), &[nested(50_000)])
            .expect_err("it is too long");
        assert_eq!(error.to_string(), "a pattern has more than 4 KiB");
        // What is short enough may be refused, but by an error.
        let _ = exclude.add(Path::new("/"), &[nested(1000)]);
    }

    #[test]
    fn a_pattern_that_is_none_is_named() {
        let error = Exclude::new(Path::new("/"))
            .add(Path::new("/"), &["{a".into()])
            .expect_err("it is open");
        assert_eq!(error.to_string(), "`{a` is no pattern of files");
    }
}
