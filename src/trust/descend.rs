//! Resolves a path that a person named, for writing.

use std::env;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::Refusal;
use super::host_file::is_in_git;
use super::search::{is_repository, repository_root};

/// Resolves the symlinks of a path, for writing.
///
/// A user who names a file in a repository expects it to be in that repository. A symlink that is
/// part of the repository must not lead out of it or into its `.git`; one outside, such as `/tmp`
/// on macOS, is followed. Without a repository, the current directory takes its place.
pub fn real_path(path: &Path) -> Result<PathBuf, Refusal> {
    let here = env::current_dir()?;
    // An absolute path below the current directory is checked like a relative one.
    match path.strip_prefix(&here) {
        Ok(below) => Descent::from(here).follow(below),
        Err(_) if path.is_absolute() => Descent::from_top().follow(path),
        Err(_) => Descent::from(here).follow(path),
    }
}

/// A walk along a path.
struct Descent {
    /// The current path, without symlinks.
    real: PathBuf,
    /// The repository, or the directory that replaces it.
    root: Option<PathBuf>,
}

impl Descent {
    /// Starts in the current directory, whose path the kernel returns without symlinks.
    fn from(here: PathBuf) -> Self {
        let root = repository_root(&here).unwrap_or_else(|| here.clone());
        Self {
            real: here,
            root: Some(root),
        }
    }

    fn from_top() -> Self {
        let top = PathBuf::from("/");
        Self {
            root: repository_root(&top),
            real: top,
        }
    }

    fn follow(mut self, path: &Path) -> Result<PathBuf, Refusal> {
        for component in path.components() {
            match component {
                Component::Normal(name) => {
                    self.enter(self.real.join(name))?;
                }
                // The parent of the real directory, as for the kernel: `link/..` is not the
                // directory that contains `link`.
                Component::ParentDir => {
                    self.real.pop();
                    if self
                        .root
                        .as_ref()
                        .is_some_and(|root| !self.real.starts_with(root))
                    {
                        self.root = repository_root(&self.real);
                    }
                }
                Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
            }
        }
        Ok(self.real)
    }

    /// Descends into a component.
    #[expect(
        clippy::disallowed_methods,
        reason = "it is a path of the host, not one of an image"
    )]
    fn enter(&mut self, next: PathBuf) -> Result<(), Refusal> {
        self.real = match fs::symlink_metadata(&next) {
            Ok(metadata) if metadata.is_symlink() => {
                let target = fs::canonicalize(&next)?;
                self.check(&next, &target)?;
                target
            }
            Ok(_) => next,
            // A file that will be created.
            Err(error) if error.kind() == io::ErrorKind::NotFound => next,
            Err(error) => return Err(error.into()),
        };
        // A nested repository, such as a submodule, has its own boundary.
        if is_repository(&self.real) {
            self.root = Some(self.real.clone());
        }
        Ok(())
    }

    fn check(&self, link: &Path, target: &Path) -> Result<(), Refusal> {
        match self.root.as_ref().map(|root| target.strip_prefix(root)) {
            Some(Err(_)) => Err(Refusal::LeadsOutside {
                link: link.to_owned(),
                root: self.root.clone().unwrap_or_default(),
            }),
            Some(Ok(below)) if is_in_git(below) => Err(Refusal::InGit),
            Some(Ok(_)) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// `repo` is a repository, `other` another one next to it, and `link` a symlink to `repo`.
    fn tree() -> (tempfile::TempDir, PathBuf) {
        let guard = tempfile::tempdir().unwrap();
        let top = real_path(guard.path()).unwrap();
        for directory in ["repo/.git/hooks", "repo/sub", "other/.git", "plain/sub"] {
            fs::create_dir_all(top.join(directory)).unwrap();
        }
        for file in ["repo/file", "other/file", "plain/file"] {
            fs::write(top.join(file), "").unwrap();
        }
        symlink("repo", top.join("link")).unwrap();
        (guard, top)
    }

    #[test]
    fn a_symlink_of_a_repository_stays_in_it() {
        let (_guard, top) = tree();
        for (name, target) in [
            ("inside", "sub/../file"),
            ("outside", "../plain/file"),
            ("directory", "../plain"),
            ("repository", "../other"),
            ("hooks", ".git/hooks"),
        ] {
            symlink(target, top.join("repo").join(name)).unwrap();
        }
        let repo = top.join("repo");
        assert_eq!(real_path(&repo.join("inside")).unwrap(), repo.join("file"));
        for name in [
            "outside",
            "directory/file",
            "directory/new",
            "repository/file",
            "sub/../directory/file",
        ] {
            let error = real_path(&repo.join(name)).unwrap_err().to_string();
            assert!(error.contains("points outside"), "{name}: {error}");
        }
        let error = real_path(&repo.join("hooks/pre-commit")).unwrap_err();
        assert_eq!(error.to_string(), "it is in `.git`");
        assert!(
            real_path(&repo.join(".git/hooks/report")).is_ok(),
            "a user who names it without a symlink means it"
        );
    }

    #[test]
    fn symlinks_outside_repositories_are_followed() {
        let (_guard, top) = tree();
        symlink("../other", top.join("plain/link")).unwrap();
        let other = top.join("other/file");
        assert_eq!(real_path(&top.join("plain/link/file")).unwrap(), other);
        let repo = top.join("repo/file");
        assert_eq!(real_path(&top.join("link/file")).unwrap(), repo);
    }

    #[test]
    fn a_relative_path_stays_below_the_current_directory() {
        let (_guard, top) = tree();
        symlink("../file", top.join("plain/sub/up")).unwrap();
        let up = Descent::from(top.join("plain/sub")).follow(Path::new("up"));
        assert!(up.unwrap_err().to_string().contains("points outside"));
        let up = Descent::from(top.join("plain")).follow(Path::new("sub/up"));
        assert_eq!(up.unwrap(), top.join("plain/file"));
        let typed = Descent::from(top.join("plain/sub")).follow(Path::new("../file"));
        assert_eq!(typed.unwrap(), top.join("plain/file"), "that is no symlink");
    }
}
