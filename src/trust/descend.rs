//! Resolution of a path that a person named.

use std::env;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::Refusal;
use super::search::{is_repository, repository_root};

/// Resolves the symlinks of a path, for writing.
///
/// A user who names a file in a repository expects it to be in that repository. A symlink that is
/// part of the repository must not lead out of it or into its `.git`; one outside, such as `/tmp`
/// on macOS, is followed. Without a repository, the current directory takes its place.
pub fn real_path(path: &Path) -> Result<PathBuf, Refusal> {
    Descent::from(env::current_dir()?).follow(path)
}

/// Resolves the symlinks of a path, for reading.
///
/// A symlink of a repository is not followed out of it either: the user who cloned the repository
/// did not choose its target, and lines of the file are printed. Without a repository, symlinks are
/// the user's own, and all are followed. The descriptors of the caller, such as `/dev/stdin` or
/// `/dev/fd/63`, stay as they are.
pub fn readable_path(path: &Path) -> Result<PathBuf, Refusal> {
    let here = match env::current_dir() {
        Ok(here) => here,
        // A directory that was removed has no path, and an absolute path does not need it.
        Err(_) if path.is_absolute() => PathBuf::from("/"),
        Err(error) => return Err(error.into()),
    };
    Descent::to_read(here).follow(path)
}

/// Returns true for a directory of the caller's own descriptors or terminals, such as `/dev` or
/// `/proc/self/fd`. No repository can create a symlink in either.
pub(super) fn has_descriptors(real: &Path) -> bool {
    real == Path::new("/dev") || real.starts_with("/proc")
}

/// A walk along a path.
struct Descent {
    /// The current path, without symlinks.
    real: PathBuf,
    /// The repository, or the directory that replaces it.
    root: Option<PathBuf>,
    /// Whether the path is to be read only.
    is_reading: bool,
}

impl Descent {
    /// Starts in the current directory, whose path the kernel returns without symlinks.
    fn from(here: PathBuf) -> Self {
        let root = repository_root(&here).unwrap_or_else(|| here.clone());
        Self {
            real: here,
            root: Some(root),
            is_reading: false,
        }
    }

    fn to_read(here: PathBuf) -> Self {
        Self {
            root: repository_root(&here),
            real: here,
            is_reading: true,
        }
    }

    fn follow(mut self, path: &Path) -> Result<PathBuf, Refusal> {
        // An absolute path below the current directory is checked like a relative one.
        let path = match path.strip_prefix(&self.real) {
            Ok(below) => below,
            Err(_) if path.is_absolute() => {
                self.real = PathBuf::from("/");
                self.root = repository_root(&self.real);
                path
            }
            Err(_) => path,
        };
        let mut components = path.components().peekable();
        while let Some(component) = components.next() {
            let is_last = components.peek().is_none();
            match component {
                Component::Normal(name)
                    if is_last && self.is_reading && has_descriptors(&self.real) =>
                {
                    self.real.push(name);
                }
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
                // The symlink may lead into the middle of another repository.
                if let Some(root) = repository_root(&target) {
                    self.root = Some(root);
                }
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

/// Returns true for a path in a `.git`.
pub(super) fn is_in_git(below: &Path) -> bool {
    // On a file system that ignores case, `.GIT` is the same directory.
    below
        .components()
        .any(|component| component.as_os_str().eq_ignore_ascii_case(".git"))
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
    fn a_symlink_in_a_repository_cannot_leave_it() {
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

    fn read(from: &Path, path: &str) -> Result<PathBuf, Refusal> {
        Descent::to_read(from.to_owned()).follow(Path::new(path))
    }

    #[test]
    fn a_symlink_that_leads_out_of_its_repository_is_not_read() {
        let (_guard, top) = tree();
        fs::write(top.join("repo/.git/config"), "").unwrap();
        for (name, target) in [
            ("inside", "sub/../file"),
            ("outside", "../plain/file"),
            ("environment", "/proc/self/environ"),
            ("descriptors", "/proc/self/fd"),
            ("devices", "/dev"),
            ("directory", "../plain"),
            ("repository", "../other"),
            ("git", ".git/config"),
        ] {
            symlink(target, top.join("repo").join(name)).unwrap();
        }
        symlink("../../plain/file", top.join("repo/sub/up")).unwrap();
        symlink("repo/sub", top.join("middle")).unwrap();
        let (repo, file) = (top.join("repo"), top.join("repo/file"));
        assert_eq!(read(&repo, "inside").unwrap(), file);
        assert_eq!(
            read(&repo, "../plain/file").unwrap(),
            top.join("plain/file")
        );
        assert_eq!(read(&top, "link/inside").unwrap(), file);
        for path in [
            "outside",
            "environment",
            "descriptors/0",
            "devices/null",
            "directory/file",
            "repository/file",
            "sub/../outside",
            "sub/up",
            "../middle/up",
        ] {
            let absolute = repo.join(path).display().to_string();
            for (from, path) in [
                (&repo, path),
                (&top, &absolute),
                (&top.join("plain"), &absolute),
            ] {
                let error = read(from, path).unwrap_err().to_string();
                assert!(error.contains("points outside"), "{path}: {error}");
            }
        }
        let error = read(&repo, "git").unwrap_err();
        assert_eq!(error.to_string(), "it is in `.git`");
    }

    #[test]
    fn descriptors_and_symlinks_outside_repositories_are_read() {
        let (_guard, top) = tree();
        symlink("../../repo/file", top.join("plain/sub/link")).unwrap();
        let link = read(&top.join("plain/sub"), "link");
        assert_eq!(link.unwrap(), top.join("repo/file"));
        for path in ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"] {
            for from in ["plain", "repo"] {
                let real = read(&top.join(from), path).unwrap();
                assert!(
                    has_descriptors(real.parent().unwrap()),
                    "{}",
                    real.display()
                );
            }
        }
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
