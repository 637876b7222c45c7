//! Paths inside images and in Dockerfiles, as text or as bytes. `std::path` follows the rules of
//! the host, which may be another system.

/// The last component of a path; empty if the path ends with a slash.
pub fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The last component of a path that may not be valid text.
pub fn file_name_bytes(path: &[u8]) -> &[u8] {
    memchr::memrchr(b'/', path).map_or(path, |slash| &path[slash + 1..])
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
}
