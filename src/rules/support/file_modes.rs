//! Modes of files, as `--chmod` takes them.

/// Whether a text is a mode that BuildKit accepts: octal up to 7777, or symbolic, as `u+x,go=r`.
pub(in crate::rules) fn is_file_mode(text: &str) -> bool {
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return u32::from_str_radix(text, 8).is_ok_and(|mode| mode <= 0o7777);
    }
    text.split(',').all(is_clause)
}

/// Whether a text is one clause of a symbolic mode: users, an operator, permissions, and perhaps
/// more operators with permissions.
fn is_clause(clause: &str) -> bool {
    let actions = clause.trim_start_matches(['u', 'g', 'o', 'a']);
    // The permissions of other users can be copied: `g=u`.
    actions.starts_with(['+', '-', '='])
        && actions.chars().all(|char| "+-=rwxXstugo".contains(char))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_octal_or_symbolic() {
        for mode in [
            "0", "755", "0644", "7777", "u+x", "a=rX,g-w", "+x", "go=u-w", "u=",
        ] {
            assert!(is_file_mode(mode), "{mode}");
        }
        for mode in [
            "999", "10000", "rwx", "u", "u+x,", "0o755", "75x", "u+z", "x", "-1",
        ] {
            assert!(!is_file_mode(mode), "{mode}");
        }
    }
}
