//! Build context of a Dockerfile: its parent directory, with the `.dockerignore` in it.

use std::fs;
use std::path::Path;

use super::deployments::root_of;
use crate::lint::{BuildContext, IgnoreFile};
use crate::trust::{HostFile, Refusal};

/// The directory of a Dockerfile as its build context, and a warning if the ignore file in it
/// cannot be used.
pub(super) fn beside(dockerfile: &Path) -> (BuildContext, Option<String>) {
    within(dockerfile, &dockerfile.with_file_name(""))
}

/// The same for a build whose context is another directory.
pub(super) fn within(dockerfile: &Path, context: &Path) -> (BuildContext, Option<String>) {
    let mut own = dockerfile.file_name().unwrap_or_default().to_owned();
    own.push(".dockerignore");
    let own = dockerfile.with_file_name(own);
    let shared = context.join(".dockerignore");
    // The file may be a symlink within the repository, but must not lead out of it, nor may the
    // context be another repository: findings would disclose its lines.
    let root = root_of(dockerfile);
    // BuildKit takes the first of these that exists, and ignores the other.
    for path in [own, shared] {
        // A dangling symlink counts as a file, so that the warning below reports it.
        match fs::symlink_metadata(&path) {
            Ok(metadata) if !metadata.is_dir() => {}
            _ => continue,
        }
        return match read(&path, &root) {
            Ok(text) => {
                let ignore = Some(IgnoreFile::parse(&text));
                (BuildContext { ignore }, None)
            }
            Err(reason) => {
                let warning = format!("`{}` is ignored: {reason}", path.display());
                (BuildContext::default(), Some(warning))
            }
        };
    }
    (BuildContext::default(), None)
}

fn read(path: &Path, root: &Path) -> Result<String, Refusal> {
    HostFile::found(path, root).read_patterns()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn ignores(dockerfile: &Path, path: &str) -> bool {
        let (context, _) = beside(dockerfile);
        context.ignore.is_some_and(|ignore| ignore.ignores(path))
    }

    #[test]
    fn the_ignore_file_of_a_dockerfile_precedes_that_of_the_directory() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::write(path(".dockerignore"), "all\n").unwrap();
        fs::write(path("app.Dockerfile.dockerignore"), "one\n").unwrap();
        let own = path("app.Dockerfile");
        assert!(ignores(&own, "one") && !ignores(&own, "all"));
        assert!(ignores(&path("Dockerfile"), "all"));
        assert!(!ignores(&path("sub/Dockerfile"), "all"));
    }

    #[test]
    fn an_ignore_file_symlink_out_of_the_repository_is_not_read() {
        let top = tempfile::tempdir().unwrap();
        let repository = top.path().join("repository");
        fs::create_dir_all(repository.join(".git")).unwrap();
        fs::create_dir_all(repository.join("sub")).unwrap();
        fs::write(top.path().join("private"), "all\n").unwrap();
        fs::write(repository.join("shared"), "all\n").unwrap();
        let (dockerfile, ignore) = (
            repository.join("sub/Dockerfile"),
            repository.join("sub/.dockerignore"),
        );
        for (target, expected) in [
            ("../shared", None),
            ("../../private", Some("it is a symlink that points outside")),
            ("/dev/zero", Some("it is a symlink that points outside")),
            ("no-such-file", Some("No such file")),
        ] {
            symlink(target, &ignore).unwrap();
            let (context, warning) = beside(&dockerfile);
            assert_eq!(context.ignore.is_some(), expected.is_none(), "{target}");
            match (warning, expected) {
                (Some(warning), Some(expected)) => assert!(warning.contains(expected), "{warning}"),
                (warning, expected) => assert_eq!(warning.as_deref(), expected),
            }
            fs::remove_file(&ignore).unwrap();
        }
    }
}
