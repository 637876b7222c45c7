//! Byte-exact patches in the unified format, for `git apply` and `patch`.

use std::path::{Component, Path, PathBuf};

use similar::{ChangeTag, TextDiff};

use crate::printable::is_logging_command;

/// Number of unchanged lines around a change: `diff -u` and git write three, and `git apply` finds
/// the place of a hunk by them.
const CONTEXT: usize = 3;

/// Maximum number of lines, of both sides together, that are compared to find the shortest patch.
const MAX_COMPARED: usize = 10_000;

/// The patch that turns `old` into `new`; empty if they are the same.
pub(super) fn unified(name: &str, old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut patch = Vec::new();
    if old == new {
        return patch;
    }
    let file = relative(name);
    patch.extend_from_slice(
        format!("--- {}\n+++ {}\n", header("a", &file), header("b", &file)).as_bytes(),
    );
    if let Some(hunk) = one_hunk(old, new) {
        patch.extend_from_slice(&hunk);
        return patch;
    }
    let diff = TextDiff::from_lines(old, new);
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        patch.extend_from_slice(format!("{}\n", hunk.header()).as_bytes());
        for change in hunk.iter_changes() {
            let lacks_break = change.missing_newline();
            push_line(&mut patch, change.tag(), change.value(), lacks_break);
        }
    }
    patch
}

fn push_line(patch: &mut Vec<u8>, tag: ChangeTag, line: &[u8], lacks_break: bool) {
    let signs: &[u8] = match tag {
        // GitHub Actions runs commands in its log even after the leading space of an unchanged
        // line. If the line is removed and added again, it does not begin with a space.
        ChangeTag::Equal if is_workflow_command(line) => b"-+",
        ChangeTag::Equal => b" ",
        ChangeTag::Delete => b"-",
        ChangeTag::Insert => b"+",
    };
    for &sign in signs {
        patch.push(sign);
        patch.extend_from_slice(line);
        if lacks_break {
            patch.extend_from_slice(b"\n\\ No newline at end of file\n");
        }
    }
}

/// One hunk from the first line that differs to the last; `None` if few enough lines are in between
/// to find the shortest patch.
fn one_hunk(old: &[u8], new: &[u8]) -> Option<Vec<u8>> {
    let (old, new) = (lines(old), lines(new));
    let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - same;
    let ends = old.iter().rev().zip(new.iter().rev());
    let same_at_end = ends.take(most).take_while(|(a, b)| a == b).count();
    let removed = same..old.len() - same_at_end;
    let added = same..new.len() - same_at_end;
    if removed.len() + added.len() <= MAX_COMPARED {
        return None;
    }
    let start = same.saturating_sub(CONTEXT);
    let after = removed.end..old.len().min(removed.end + CONTEXT);
    let counts = [removed.len(), added.len()].map(|count| same - start + count + after.len());
    // For a side without lines, the header contains the number of the preceding line.
    let first = counts.map(|count| if count == 0 { start } else { start + 1 });
    let header = format!(
        "@@ -{},{} +{},{} @@\n",
        first[0], counts[0], first[1], counts[1]
    );
    let mut hunk = header.into_bytes();
    let parts = [
        (ChangeTag::Equal, &old[start..same]),
        (ChangeTag::Delete, &old[removed]),
        (ChangeTag::Insert, &new[added]),
        (ChangeTag::Equal, &old[after]),
    ];
    for (tag, lines) in parts {
        for line in lines {
            push_line(&mut hunk, tag, line, !line.ends_with(b"\n"));
        }
    }
    Some(hunk)
}

/// The lines of a text with their line breaks.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|&byte| byte == b'\n').collect()
}

fn is_workflow_command(line: &[u8]) -> bool {
    String::from_utf8_lossy(line).trim_start().starts_with("::")
}

/// Whether a patch contains a command that CI systems run wherever it occurs in a log line. There
/// is no other notation that `git apply` would read as the same text.
pub(super) fn has_logging_command(patch: &[u8]) -> bool {
    let text = String::from_utf8_lossy(patch);
    text.match_indices('#')
        .any(|(at, _)| is_logging_command(&text[at..]))
}

/// The path relative to the current directory, in which the patch will be applied.
fn relative(name: &str) -> String {
    let path = Path::new(name);
    let here = std::env::current_dir().unwrap_or_default();
    let path = path.strip_prefix(&here).unwrap_or(path);
    let plain: PathBuf = path
        .components()
        .filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir))
        .collect();
    plain.to_string_lossy().into_owned()
}

/// The name of one side. git quotes names with control characters, quotes or backslashes, and needs
/// a tab at the end of a name with a space.
fn header(side: &str, path: &str) -> String {
    let name = format!("{side}/{path}");
    if name.contains(|c: char| c.is_control() || matches!(c, '"' | '\\')) {
        let quoted: String = name.bytes().map(quoted).collect();
        return format!("\"{quoted}\"");
    }
    let end = if name.contains(' ') { "\t" } else { "" };
    name + end
}

fn quoted(byte: u8) -> String {
    match byte {
        b'"' | b'\\' => format!("\\{}", byte as char),
        b' '..=b'~' => (byte as char).to_string(),
        _ => format!("\\{byte:03o}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_preserves_bytes_that_are_not_utf8() {
        let patch = unified(
            "Dockerfile",
            b"# caf\xe9\r\nADD a b",
            b"# caf\xe9\r\nCOPY a b",
        );
        let expected: &[u8] =
            b"--- a/Dockerfile\n+++ b/Dockerfile\n@@ -1,2 +1,2 @@\n # caf\xe9\r\n\
            -ADD a b\n\\ No newline at end of file\n+COPY a b\n\\ No newline at end of file\n";
        assert_eq!(
            patch.escape_ascii().to_string(),
            expected.escape_ascii().to_string()
        );
    }

    #[test]
    fn no_context_line_of_a_patch_is_a_workflow_command() {
        let patch = unified(
            "D",
            b"  ::error::x\nADD a b\n::y",
            b"  ::error::x\nCOPY a b\n::y",
        );
        let expected: &[u8] = b"--- a/D\n+++ b/D\n@@ -1,3 +1,3 @@\n-  ::error::x\n+  ::error::x\n\
            -ADD a b\n+COPY a b\n-::y\n\\ No newline at end of file\n\
            +::y\n\\ No newline at end of file\n";
        assert_eq!(
            patch.escape_ascii().to_string(),
            expected.escape_ascii().to_string()
        );
    }

    #[test]
    fn thousands_of_changed_lines_are_one_hunk() {
        let (old, new) = ("b \n".repeat(MAX_COMPARED), "b\n".repeat(MAX_COMPARED));
        let patch = unified(
            "D",
            format!("a\n{old}c").as_bytes(),
            format!("a\n{new}c").as_bytes(),
        );
        let patch = String::from_utf8(patch).unwrap();
        let (removed, added) = (old.replace('b', "-b"), new.replace('b', "+b"));
        let expected = format!(
            "--- a/D\n+++ b/D\n@@ -1,10002 +1,10002 @@\n a\n{removed}{added} c\n\\ No newline at \
             end of file\n"
        );
        assert!(patch == expected, "{}", &patch[..200]);
    }

    #[test]
    fn azure_logging_commands_are_found_anywhere_in_a_line() {
        for text in ["+x ##vso[task.setvariable]", " ##[error]", "-####[x]"] {
            assert!(has_logging_command(text.as_bytes()), "{text}");
        }
        assert!(!has_logging_command(b"+## [x] #[y] ##"));
    }

    #[test]
    fn file_names_in_patches_are_quoted_as_git_expects() {
        assert_eq!(header("a", "my file"), "a/my file\t");
        assert_eq!(header("b", "x\"y\\\n"), r#""b/x\"y\\\012""#);
        assert_eq!(relative("./a/./b"), "a/b");
    }
}
