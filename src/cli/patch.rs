//! Patches in the unified format, for `git apply` and `patch`, byte for byte.

use std::path::{Component, Path, PathBuf};

use similar::{ChangeTag, TextDiff};

use crate::printable::is_logging_command;

/// Number of unchanged lines around a change: `diff -u` and git write three, and `git apply` finds
/// the place of a hunk by them.
const CONTEXT: usize = 3;

/// The patch that turns `old` into `new`; empty where they are the same.
pub(super) fn unified(name: &str, old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut patch = Vec::new();
    if old == new {
        return patch;
    }
    let file = relative(name);
    patch.extend_from_slice(
        format!("--- {}\n+++ {}\n", header("a", &file), header("b", &file)).as_bytes(),
    );
    let diff = TextDiff::from_lines(old, new);
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        patch.extend_from_slice(format!("{}\n", hunk.header()).as_bytes());
        for change in hunk.iter_changes() {
            let signs: &[u8] = match change.tag() {
                // After the blank of an unchanged line, GitHub Actions would run the command that
                // it finds in its log. Removed and added again, the line does not begin with a
                // blank.
                ChangeTag::Equal if is_workflow_command(change.value()) => b"-+",
                ChangeTag::Equal => b" ",
                ChangeTag::Delete => b"-",
                ChangeTag::Insert => b"+",
            };
            for &sign in signs {
                patch.push(sign);
                patch.extend_from_slice(change.value());
                if change.missing_newline() {
                    patch.extend_from_slice(b"\n\\ No newline at end of file\n");
                }
            }
        }
    }
    patch
}

fn is_workflow_command(line: &[u8]) -> bool {
    String::from_utf8_lossy(line).trim_start().starts_with("::")
}

/// Whether a patch contains a command that CI systems run wherever they find it in a log. It cannot
/// be written in another way that `git apply` reads as the same text.
pub(super) fn has_logging_command(patch: &[u8]) -> bool {
    let text = String::from_utf8_lossy(patch);
    text.match_indices('#')
        .any(|(at, _)| is_logging_command(&text[at..]))
}

/// The path relative to the current directory, where the patch will be applied.
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
    fn a_patch_keeps_bytes_that_are_no_text() {
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
    fn no_unchanged_line_is_a_workflow_command() {
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
    fn logging_commands_are_found_wherever_they_are() {
        for text in ["+x ##vso[task.setvariable]", " ##[error]", "-####[x]"] {
            assert!(has_logging_command(text.as_bytes()), "{text}");
        }
        assert!(!has_logging_command(b"+## [x] #[y] ##"));
    }

    #[test]
    fn names_are_written_as_git_reads_them() {
        assert_eq!(header("a", "my file"), "a/my file\t");
        assert_eq!(header("b", "x\"y\\\n"), r#""b/x\"y\\\012""#);
        assert_eq!(relative("./a/./b"), "a/b");
    }
}
