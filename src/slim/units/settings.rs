//! The file format of systemd, systemd.syntax(7), which D-Bus service files also use.

use crate::image::NameId;

/// An assignment in a file.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::slim) struct Setting {
    pub(in crate::slim) key: String,
    pub(in crate::slim) value: String,
    /// The line on which it starts, counted from 1.
    pub(in crate::slim) line: usize,
}

/// A value of a unit's setting, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::slim) struct Placed {
    pub(in crate::slim) file: NameId,
    pub(in crate::slim) value: String,
    pub(in crate::slim) line: usize,
}

/// The settings in a text that have an effect at run time, in order. `[Install]` is for `systemctl
/// enable`, and systemd ignores sections whose names start with `X-`.
pub(in crate::slim) fn settings(text: &str) -> Vec<Setting> {
    let mut settings = Vec::new();
    let mut is_ignored = false;
    // The line on which a continued setting starts, and its text so far.
    let mut continued: Option<(usize, String)> = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        // Comments between continued lines do not end the setting.
        if line.starts_with(['#', ';']) {
            continue;
        }
        let (start, mut whole) = continued.take().unwrap_or((index + 1, String::new()));
        if let Some(part) = line.strip_suffix('\\') {
            whole.push_str(part);
            whole.push(' ');
            continued = Some((start, whole));
            continue;
        }
        whole.push_str(line);
        if let Some(section) = section(&whole) {
            is_ignored = section == "Install" || section.starts_with("X-");
        } else if !is_ignored {
            settings.extend(assignment(&whole, start));
        }
    }
    // The last line of a file may end with a backslash.
    if let Some((start, whole)) = continued
        && !is_ignored
    {
        settings.extend(assignment(&whole, start));
    }
    settings
}

fn section(line: &str) -> Option<&str> {
    line.strip_prefix('[')?.strip_suffix(']')
}

fn assignment(line: &str, start: usize) -> Option<Setting> {
    let (key, value) = line.split_once('=')?;
    Some(Setting {
        key: key.trim().to_owned(),
        value: value.trim().to_owned(),
        line: start,
    })
}

/// The words of a value, which may be quoted.
pub(in crate::slim) fn words(value: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut is_word = false;
    for char in value.chars() {
        match quote {
            Some(open) if char == open => quote = None,
            Some(_) => word.push(char),
            None if char == '"' || char == '\'' => {
                quote = Some(char);
                is_word = true;
            }
            None if char.is_whitespace() => {
                if is_word {
                    words.push(std::mem::take(&mut word));
                }
                is_word = false;
            }
            None => {
                word.push(char);
                is_word = true;
            }
        }
    }
    if is_word {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String, usize)> {
        let mut pairs = Vec::new();
        for setting in settings(text) {
            pairs.push((setting.key, setting.value, setting.line));
        }
        pairs
    }

    #[test]
    fn a_backslash_continues_a_setting_past_comments() {
        let text = "[Service]\nExecStart = /x \\\n# why\n  --y\nType=simple\n";
        assert_eq!(
            pairs(text),
            [
                ("ExecStart".to_owned(), "/x  --y".to_owned(), 2),
                ("Type".to_owned(), "simple".to_owned(), 5)
            ]
        );
        assert_eq!(pairs("A=b\\")[0].1, "b");
    }

    #[test]
    fn sections_without_effect_at_run_time_are_ignored() {
        let text = "[X-App]\nA=1\n[Unit]\nB=2\n[Install]\nC=3\n";
        assert_eq!(pairs(text), [("B".to_owned(), "2".to_owned(), 4)]);
    }

    #[test]
    fn a_quoted_word_may_contain_blanks() {
        assert_eq!(words("\"A=b c\"  D=e ''"), ["A=b c", "D=e", ""]);
        assert_eq!(words("  "), Vec::<String>::new());
    }
}
