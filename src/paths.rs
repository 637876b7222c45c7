//! Paths inside images and in Dockerfiles, as text or as bytes. `std::path` follows the rules of
//! the host, which may be another system.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// The last component of a path; empty if the path ends with a slash.
pub fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The last component of a path that may not be valid text.
pub fn file_name_bytes(path: &[u8]) -> &[u8] {
    memchr::memrchr(b'/', path).map_or(path, |slash| &path[slash + 1..])
}

/// Whether a file has the name of a shared library. `libz.so.1` has a version after the extension.
pub fn is_library_name(name: &[u8]) -> bool {
    name.ends_with(b".so") || memchr::memmem::find(name, b".so.").is_some()
}

/// The directory of a path, which is empty for an entry of the root or of the working directory.
pub fn parent_bytes(path: &[u8]) -> &[u8] {
    // `mkdir /a/b/` creates an entry of `/a`.
    let end = path.iter().rposition(|&byte| byte != b'/');
    let path = &path[..end.map_or(0, |last| last + 1)];
    memchr::memrchr(b'/', path).map_or(b"", |slash| &path[..slash])
}

/// Whether a path is equal to or below another path, which must not end with a slash.
pub fn is_at_or_below(path: &str, top: &str) -> bool {
    path.strip_prefix(top)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Appends the components of a path to those of the directory that it is relative to. Symlinks are
/// not resolved, so `..` removes the last component; the parent of the root is the root itself.
pub fn add_components<'p>(components: &mut Vec<&'p str>, path: &'p str) {
    for component in path.split('/') {
        match component {
            "" | "." => {}
            ".." => drop(components.pop()),
            name => components.push(name),
        }
    }
}

/// A glob for paths, or for one name of a path. `*` stops at a slash, and `**` does not.
#[derive(Clone, Debug)]
pub struct Glob {
    text: String,
    set: GlobSet,
}

impl Glob {
    /// Compiles a glob. Images and repositories contain globs too, so one that is too complex is an
    /// error: a `globset::Glob` would panic.
    pub fn new(text: &str) -> Result<Self, globset::Error> {
        let glob = GlobBuilder::new(text)
            .literal_separator(true)
            .backslash_escape(true)
            .build()?;
        Ok(Self {
            set: GlobSetBuilder::new().add(glob).build()?,
            text: text.to_owned(),
        })
    }

    /// The glob as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn is_match(&self, path: &[u8]) -> bool {
        self.set.is_match(Path::new(OsStr::from_bytes(path)))
    }
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Glob {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_of_a_path_ends_before_its_last_component() {
        for (path, parent) in [
            ("/a/b", "/a"),
            ("/a/b//", "/a"),
            ("/a", ""),
            ("a", ""),
            ("/", ""),
            ("", ""),
        ] {
            assert_eq!(parent_bytes(path.as_bytes()), parent.as_bytes(), "{path}");
        }
    }

    #[test]
    fn the_last_component_follows_the_last_slash() {
        for (path, name) in [
            ("/usr/bin/sh", "sh"),
            ("sh", "sh"),
            ("./a/", ""),
            ("/", ""),
            ("", ""),
        ] {
            assert_eq!(file_name(path), name, "{path}");
            assert_eq!(file_name_bytes(path.as_bytes()), name.as_bytes(), "{path}");
        }
    }

    #[test]
    fn a_path_is_below_whole_components_only() {
        assert!(is_at_or_below("/a/b", "/a/b") && is_at_or_below("/a/b/c", "/a/b"));
        assert!(!is_at_or_below("/a/bc", "/a/b") && !is_at_or_below("/a", "/a/b"));
    }

    #[test]
    fn two_dots_never_lead_out_of_the_root() {
        for (path, components) in [
            ("a/./b//c", "a/b/c"),
            ("a/../b/", "b"),
            ("../../a", "a"),
            ("..", ""),
        ] {
            let mut found = Vec::new();
            add_components(&mut found, path);
            assert_eq!(found.join("/"), components, "{path}");
        }
    }

    #[test]
    fn a_wildcard_stops_at_a_slash_and_two_stars_do_not() {
        let glob = Glob::new("/etc/*.conf").unwrap();
        assert!(glob.is_match(b"/etc/app.conf") && !glob.is_match(b"/etc/app/app.conf"));
        let glob = Glob::new("/etc/**/*.conf").unwrap();
        assert!(glob.is_match(b"/etc/app/app.conf") && glob.is_match(b"/etc/app.conf"));
    }

    #[test]
    fn a_glob_that_is_too_complex_is_an_error() {
        let nested = format!("/{}a{}", "{".repeat(300), "}".repeat(300));
        let repeated = "{a,b,c,d}*".repeat(400);
        let classes = "[!a-z]?".repeat(500);
        let crossing = "**/".repeat(1000);
        for text in [nested, repeated, classes, crossing] {
            // Whether it compiles depends on the limits of the regex compiler; it must not panic.
            if let Ok(glob) = Glob::new(&text) {
                glob.is_match(b"/a");
            }
        }
        assert!(Glob::new("[").is_err() && Glob::new(&"{".repeat(300)).is_err());
    }
}
