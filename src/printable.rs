//! Text that is safe to print: it does not control terminals, deceive readers, or trigger CI
//! commands.
//!
//! Names, paths, messages and excerpts come from repositories, images and registries. Control
//! characters control the terminal, characters that are invisible or reverse the text direction
//! make one text look like another, and CI systems run commands that they find in a log. Everything
//! that a person reads is built from [`Lines`], which escape all three. Formats for programs keep
//! every character, and encode those for which [`is_hidden`] is true by their own rules.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

/// Text for people, line by line.
///
/// Each call of [`line`](Self::line) adds exactly one: a line break in a name is shown as `\n` and
/// does not start a new line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    text: String,
}

impl Lines {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one line.
    pub fn line(&mut self, line: impl fmt::Display) {
        self.push_line(&escape(&line.to_string()));
    }

    /// Adds a multi-line text with our own colors and links, such as a rendered finding. Foreign
    /// text must be escaped before it is rendered, because its colors cannot be distinguished from
    /// ours afterward.
    pub fn styled(&mut self, text: &str) {
        for line in text.lines() {
            self.push_line(&escape_around_styles(line));
        }
    }

    /// Adds the lines of another text.
    pub fn append(&mut self, other: &Self) {
        self.text.push_str(&other.text);
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn into_text(self) -> String {
        self.text
    }

    fn push_line(&mut self, line: &str) {
        match workflow_command(line) {
            // One escaped colon is enough: the runner then prints the line.
            Some(at) => {
                let _ = write!(self.text, "{}\\x3a{}", &line[..at], &line[at + 1..]);
            }
            None => self.text.push_str(line),
        }
        self.text.push('\n');
    }
}

impl fmt::Display for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Offset of the first colon of a GitHub workflow command, `::name …::`.
///
/// The runners of GitHub Actions, Forgejo and Gitea ignore whitespace before it
/// (`ActionCommand.TryParseV2`).
fn workflow_command(line: &str) -> Option<usize> {
    let mut command = line.trim_start();
    // Another reader of the log may remove colors first.
    loop {
        let style = style_length(command);
        if style == 0 {
            break;
        }
        command = command[style..].trim_start();
    }
    // `::: path` begins the excerpt of a second file. A command has a name instead of a space.
    if !command.starts_with("::") || command.starts_with("::: ") {
        return None;
    }
    Some(line.len() - command.len())
}

/// Escapes a text for use within one line.
pub fn escape(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for (at, _) in text.char_indices() {
        match escaped_at(text, at) {
            Some(escape) => out.push_str(&escape),
            None => out.extend(text[at..].chars().next()),
        }
    }
    Cow::Owned(out)
}

/// Escapes a path, or any other text that need not be UTF-8, for use within one line.
pub fn escape_bytes(bytes: &[u8]) -> String {
    // A backslash is doubled: a file named `\xff` must not look like one with that byte.
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(&escape(&chunk.valid().replace('\\', "\\\\")));
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// Encodes a path for formats whose strings are Unicode: unchanged if it is UTF-8; otherwise with
/// `\xff` for each stray byte, and with `\\` for a backslash.
pub fn lossless(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(bytes.len() + 3);
    for chunk in bytes.utf8_chunks() {
        out.push_str(&chunk.valid().replace('\\', "\\\\"));
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    Cow::Owned(out)
}

/// Returns true for a text that certainly needs no escape: printable ASCII without `##`.
fn is_plain(text: &str) -> bool {
    // Almost all lines are plain, and reports can have a hundred thousand of them.
    let is_printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t'));
    is_printable && !text.contains("##")
}

/// Returns the escape for the character at `at`; `None` if it needs none.
pub fn escaped_at(text: &str, at: usize) -> Option<String> {
    let rest = &text[at..];
    let letter = rest.chars().next()?;
    if letter == '#' && is_logging_command(rest) {
        return Some("\\x23".to_owned());
    }
    // A tab is a control character, but harmless, and common in excerpts.
    if letter == '\t' || !is_hidden(letter) || joins(letter, &text[..at], rest) {
        return None;
    }
    Some(match letter {
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        ascii if ascii.is_ascii() => format!("\\x{:02x}", u32::from(ascii)),
        other => other.escape_unicode().to_string(),
    })
}

/// Returns true for a text that begins with `##[`, `##vso[` or `##teamcity[`.
///
/// Azure Pipelines, TeamCity and, for its older commands, GitHub Actions run the command after it
/// anywhere in a line.
pub fn is_logging_command(text: &str) -> bool {
    let Some(name) = text.strip_prefix("##") else {
        return false;
    };
    name.trim_start_matches(|letter: char| letter.is_ascii_alphabetic())
        .starts_with('[')
}

/// Returns true for a joiner or variation selector in its usual place, inside a word or an emoji
/// that is not ASCII. Elsewhere it has nothing to join or to vary and is only invisible.
fn joins(letter: char, before: &str, rest: &str) -> bool {
    let Some(previous) = before.chars().next_back() else {
        return false;
    };
    let next = rest.chars().nth(1);
    match letter {
        // The zero-width joiners of Persian, Indic scripts and emoji such as a family.
        '\u{200c}' | '\u{200d}' => {
            (is_visible(previous) || is_selector(previous)) && next.is_some_and(is_visible)
        }
        letter if is_selector(letter) => is_visible(previous),
        _ => false,
    }
}

fn is_visible(letter: char) -> bool {
    !letter.is_ascii() && !is_hidden(letter)
}

fn is_selector(letter: char) -> bool {
    matches!(letter, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Returns true for a character that controls a terminal or is invisible: control characters, line
/// and paragraph separators, and Unicode's format characters and default ignorable code points
/// (`DerivedCoreProperties.txt`, Unicode 16), without those that scripts show, such as the Arabic
/// number signs.
pub fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Escapes a line except for our own colors and links.
fn escape_around_styles(line: &str) -> Cow<'_, str> {
    if is_plain(line) {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('\u{1b}') {
        out.push_str(&escape(&rest[..at]));
        rest = &rest[at..];
        let style = style_length(rest);
        // Any other sequence could move the cursor or set the title of the window.
        out.push_str(&if style > 0 {
            Cow::Borrowed(&rest[..style])
        } else {
            escape(&rest[..1])
        });
        rest = &rest[style.max(1)..];
    }
    out.push_str(&escape(rest));
    Cow::Owned(out)
}

/// Length of the color (`ESC [ 1;32 m`) or the link (`ESC ] 8 ; ; URL ESC \`) at the start of a
/// text, or 0.
fn style_length(text: &str) -> usize {
    if let Some(color) = text.strip_prefix("\u{1b}[") {
        let end = color.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == ';');
        return if end.starts_with('m') {
            text.len() - end.len() + 1
        } else {
            0
        };
    }
    let Some(link) = text.strip_prefix("\u{1b}]8;;") else {
        return 0;
    };
    match link.split_once("\u{1b}\\") {
        // A control character in the URL would end the link early.
        Some((url, end)) if url.bytes().all(|byte| byte.is_ascii_graphic()) => {
            text.len() - end.len()
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> String {
        let mut lines = Lines::new();
        lines.line(text);
        lines.into_text()
    }

    fn styled(text: &str) -> String {
        let mut lines = Lines::new();
        lines.styled(text);
        lines.into_text()
    }

    #[test]
    fn no_control_sequence_reaches_the_terminal() {
        assert_eq!(
            escape("a\u{1b}[2J\u{7}\u{7f}\u{9b}1m\r\nb"),
            r"a\x1b[2J\x07\x7f\u{9b}1m\r\nb"
        );
        assert_eq!(escape("tab\tand é 🐳 עברית"), "tab\tand é 🐳 עברית");
    }

    #[test]
    fn invisible_and_bidirectional_characters_are_escaped() {
        for letter in [
            '\u{202a}',
            '\u{202e}',
            '\u{2066}',
            '\u{2069}',
            '\u{200e}',
            '\u{200f}',
            '\u{61c}',
            '\u{2028}',
            '\u{2029}',
            '\u{200b}',
            '\u{2060}',
            '\u{feff}',
            '\u{ad}',
            '\u{3164}',
            '\u{e0041}',
            '\u{85}',
            '\u{200d}',
            '\u{fe0f}',
        ] {
            let text = format!("a{letter}b");
            let expected = format!("a\\u{{{:x}}}b", u32::from(letter));
            assert_eq!(escape(&text), expected);
        }
    }

    #[test]
    fn joiners_are_kept_only_where_they_join_characters() {
        for text in [
            "👩\u{200d}💻",
            "⚠\u{fe0f}",
            "👩\u{200d}❤\u{fe0f}\u{200d}👨",
            "می\u{200c}خواهم",
        ] {
            assert_eq!(escape(text), text);
        }
        assert_eq!(escape("é\u{200d}\u{200d}é"), "é\\u{200d}\\u{200d}é");
        assert_eq!(escape("\u{fe0f}a"), "\\u{fe0f}a");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_escaped_in_hexadecimal() {
        assert_eq!(
            escape_bytes(b"/caf\xc3\xa9/\xff\x1b\\x"),
            r"/café/\xff\x1b\\x"
        );
    }

    #[test]
    fn machine_readable_paths_are_lossless() {
        assert_eq!(lossless(b"/a\\b\x1b"), "/a\\b\u{1b}");
        assert_eq!(lossless(b"/a\\b\xff\xfe"), r"/a\\b\xff\xfe");
    }

    #[test]
    fn a_line_break_inside_a_line_is_escaped() {
        assert_eq!(line("a\nb"), "a\\nb\n");
        assert_eq!(line(""), "\n");
    }

    #[test]
    fn workflow_commands_are_escaped_at_the_start_of_a_line() {
        assert_eq!(line("::error::x"), "\\x3a:error::x\n");
        assert_eq!(line(" \u{a0}::error::x"), " \u{a0}\\x3a:error::x\n");
        assert_eq!(
            line(" ::: .jettison.toml:3:16"),
            " ::: .jettison.toml:3:16\n"
        );
        assert_eq!(line("a ::error::x"), "a ::error::x\n");
        assert_eq!(
            line("a ##vso[x] ###[y] ## [z]"),
            "a \\x23#vso[x] #\\x23#[y] ## [z]\n"
        );
        assert_eq!(styled("\u{1b}[1m ::error::x"), "\u{1b}[1m \\x3a:error::x\n");
        assert_eq!(styled("x\n  ::add-mask::x"), "x\n  \\x3a:add-mask::x\n");
    }

    #[test]
    fn only_colors_and_hyperlinks_are_kept_as_styles() {
        let ours =
            "\u{1b}[1;31mred\u{1b}[0m \u{1b}]8;;https://a.example/b\u{1b}\\c\u{1b}]8;;\u{1b}\\";
        assert_eq!(styled(ours), format!("{ours}\n"));
        assert_eq!(
            styled("\u{1b}[2J\u{1b}]0;title\u{7}\u{1b}"),
            "\\x1b[2J\\x1b]0;title\\x07\\x1b\n"
        );
        assert_eq!(
            styled("\u{1b}]8;;a\u{7}b\u{1b}\\"),
            "\\x1b]8;;a\\x07b\\x1b\\\n"
        );
    }
}
