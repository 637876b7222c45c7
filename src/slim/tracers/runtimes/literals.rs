//! Paths in a binary: the module directories that are built into an interpreter.

use std::collections::BTreeSet;

/// Absolute paths in a binary that contain `part`, without duplicates. Lists such as `/a:/b` or
/// `/a/?.lua;/b/?.lua` are split, and everything after a `?` is removed.
pub(super) fn paths(bytes: &[u8], part: &[u8]) -> BTreeSet<Vec<u8>> {
    const LONGEST: usize = 4096;
    let mut paths = BTreeSet::new();
    for at in memchr::memmem::find_iter(bytes, part) {
        // The part is in the middle of a path, which may be in the middle of a list. A path is at
        // most `PATH_MAX` long, so the search for its ends is bounded.
        let window = at.saturating_sub(LONGEST);
        let start = bytes[window..at]
            .iter()
            .rposition(|&byte| is_end(byte))
            .map_or(window, |place| window + place + 1);
        let limit = bytes.len().min(at + LONGEST);
        let end = bytes[at..limit]
            .iter()
            .position(|&byte| is_end(byte))
            .map_or(limit, |place| at + place);
        let path = &bytes[start..end];
        // Lua replaces `?` with the name of a module; the text before it is the directory.
        let path = path.split(|&byte| byte == b'?').next().unwrap_or_default();
        if path.len() > 1 && path.starts_with(b"/") {
            let length = path
                .iter()
                .rposition(|&byte| byte != b'/')
                .map_or(0, |last| last + 1);
            paths.insert(path[..length].to_vec());
        }
    }
    paths
}

fn is_end(byte: u8) -> bool {
    !byte.is_ascii_graphic() || b":;,=\"'`()<>|*".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_path_lists_are_split_and_templates_cut_to_directories() {
        let bytes = b"\0/usr/lua/5.4/?.lua;/opt/lua/?/init.lua;./?.lua\0.:/usr/share/lua\0x/lua\0";
        let found: Vec<String> = paths(bytes, b"lua")
            .into_iter()
            .map(|path| String::from_utf8(path).unwrap())
            .collect();
        assert_eq!(found, ["/opt/lua", "/usr/lua/5.4", "/usr/share/lua"]);
    }
}
