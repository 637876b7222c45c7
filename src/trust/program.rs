//! Programs on `PATH`.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

/// Finds the program with this name, which contains no slash, in the first matching directory of
/// `path`, a list such as `PATH`.
///
/// Relative and empty entries are skipped, although `execvp` uses them: they refer to the current
/// directory, so a repository could supply the program.
pub fn find_program(name: impl AsRef<Path>, path: &OsStr) -> Option<PathBuf> {
    env::split_paths(path)
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(&name))
        .find(|program| is_program(program))
}

fn is_program(path: &Path) -> bool {
    path.is_file() && access(path, Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn put(directory: &Path, mode: u32) {
        fs::create_dir_all(directory).unwrap();
        fs::write(directory.join("tool"), "#!/bin/sh\n").unwrap();
        fs::set_permissions(directory.join("tool"), fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn only_absolute_directories_are_searched() {
        let directory = tempfile::tempdir().unwrap();
        let bin = directory.path().join("bin");
        put(&bin, 0o755);
        let here = env::current_dir().unwrap();
        let up = "../".repeat(here.components().count());
        let relative = PathBuf::from(up).join(bin.strip_prefix("/").unwrap());
        assert!(relative.join("tool").is_file(), "it is the same directory");
        for path in [
            relative.as_os_str(),
            OsStr::new(""),
            OsStr::new("."),
            OsStr::new(":"),
        ] {
            assert_eq!(find_program("tool", path), None, "{}", path.display());
        }
        let path = env::join_paths([relative.as_path(), &bin]).unwrap();
        assert_eq!(find_program("tool", &path), Some(bin.join("tool")));
    }

    #[test]
    fn a_file_that_is_not_executable_is_not_a_program() {
        let directory = tempfile::tempdir().unwrap();
        let (first, second) = (directory.path().join("1"), directory.path().join("2"));
        put(&first, 0o644);
        put(&second, 0o755);
        fs::create_dir_all(directory.path().join("0/tool")).unwrap();
        let path = env::join_paths([directory.path().join("0"), first, second.clone()]).unwrap();
        assert_eq!(find_program("tool", &path), Some(second.join("tool")));
    }
}
