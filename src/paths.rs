//! Paths inside images and in Dockerfiles, as text or as bytes. `std::path` follows the rules of
//! the host, which may be another system.

/// The last component of a path; empty where the path ends with a slash.
pub fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The last component of a path that need not be text.
pub fn file_name_bytes(path: &[u8]) -> &[u8] {
    memchr::memrchr(b'/', path).map_or(path, |slash| &path[slash + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
