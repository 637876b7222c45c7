//! Heredoc openers in a line, as found by BuildKit's `heredocsFromLine`.

use std::ops::Range;

use super::syntax::Joined;
use super::word::Lexer;

/// `[fd]<<[-]NAME`, by offsets in the joined line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Opener {
    pub(super) range: Range<usize>,
    pub(super) fd: u32,
    pub(super) strips_tabs: bool,
    pub(super) name: String,
    pub(super) expands: bool,
}

impl Opener {
    /// Returns true for the line that ends the heredoc.
    pub(super) fn is_ended_by(&self, line: &str) -> bool {
        // Only tabs may indent the last line of `<<-`; a line with whitespace after the name never
        // matches.
        let name = if self.strips_tabs {
            line.trim_start_matches('\t')
        } else {
            line
        };
        name == self.name
    }
}

/// Returns the openers of a whole logical line; empty if a quote or a substitution is not closed.
pub(super) fn openers(line: &Joined) -> Vec<Opener> {
    // Few lines have a heredoc, and splitting into words is the expensive part.
    if memchr::memmem::find(line.as_str().as_bytes(), b"<<").is_none() {
        return Vec::new();
    }
    let words = words(line).unwrap_or_default();
    words
        .into_iter()
        .filter_map(|word| opener(line, word))
        .collect()
}

/// Words separated by whitespace that is neither quoted nor escaped. BuildKit always uses the
/// backslash here.
fn words(line: &Joined) -> Option<Vec<Range<usize>>> {
    let text = line.as_str();
    let mut words = Vec::new();
    let mut start = 0;
    let mut unused = Vec::new();
    let mut lexer = Lexer::new(line, 0, text.len(), '\\');
    while let Some(char) = lexer.peek() {
        let at = lexer.at();
        match char {
            '\\' | '\'' | '"' => lexer.step(char, None, &mut unused).ok()?,
            // BuildKit splits the result of a substitution into words, but leaves it unexpanded
            // here.
            '$' => {
                lexer.step(char, None, &mut unused).ok()?;
                for (offset, blank) in text[at..lexer.at()].match_indices(char::is_whitespace) {
                    words.push(start..at + offset);
                    start = at + offset + blank.len();
                }
            }
            _ => {
                lexer.bump();
                if char.is_whitespace() {
                    words.push(start..at);
                    start = lexer.at();
                }
            }
        }
        unused.clear();
    }
    words.push(start..text.len());
    words.retain(|word| !word.is_empty());
    Some(words)
}

fn opener(line: &Joined, word: Range<usize>) -> Option<Opener> {
    let text = &line.as_str()[word.clone()];
    let after_fd = text.trim_start_matches(|char: char| char.is_ascii_digit());
    let fd = &text[..text.len() - after_fd.len()];
    let operand = after_fd.strip_prefix("<<")?;
    let strips_tabs = operand.starts_with('-');
    let quoted = operand.strip_prefix('-').unwrap_or(operand);
    // `<<<word` is a here-string of bash.
    if quoted.is_empty() || quoted.contains('<') {
        return None;
    }
    let name = unquote(line, word.end - quoted.len(), word.end)?;
    // As in a shell, any quote in the name disables expansion in the body.
    let expands = name == quoted;
    Some(Opener {
        range: word,
        fd: fd.parse().unwrap_or(0),
        strips_tabs,
        expands,
        name,
    })
}

/// Removes quotes and escapes; variables stay as written. `None` if nothing remains.
fn unquote(line: &Joined, start: usize, end: usize) -> Option<String> {
    let mut lexer = Lexer::new(line, start, end, '\\');
    let mut name = String::new();
    let mut parts = Vec::new();
    while let Some(char) = lexer.peek() {
        let at = lexer.at();
        lexer.step(char, None, &mut parts).ok()?;
        for part in parts.drain(..) {
            match part {
                super::syntax::WordPart::Literal(text) => name.push_str(&text),
                super::syntax::WordPart::Variable(_) => {
                    name.push_str(&line.as_str()[at..lexer.at()]);
                }
            }
        }
    }
    // In a shell, `<<''` would end at the first empty line; BuildKit does not treat it as a
    // heredoc.
    if name.is_empty() { None } else { Some(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(line: &str) -> Vec<String> {
        let mut joined = Joined::default();
        joined.push(line, 0);
        openers(&joined)
            .into_iter()
            .map(|opener| opener.name)
            .collect()
    }

    #[test]
    fn every_kind_of_opener_is_found() {
        assert_eq!(names("RUN <<EOF"), ["EOF"]);
        assert_eq!(
            names("RUN cat 3<<-A && cat <<'B C' <<\"D\"E"),
            ["A", "B C", "DE"]
        );
        assert_eq!(names("COPY <<$A /x"), ["$A"]);
    }

    #[test]
    fn what_only_looks_like_an_opener_is_not_one() {
        for line in [
            "RUN a <<<b",
            "RUN $((1<<2))",
            "RUN $(( 1 << 2 ))",
            "RUN 'a <<EOF'",
            "RUN x<<EOF",
            "RUN \\<<EOF",
            "RUN <<''",
        ] {
            assert_eq!(names(line), [""; 0], "{line}");
        }
    }

    #[test]
    fn an_open_quote_hides_all_openers() {
        assert_eq!(names("RUN cat <<EOF 'a"), [""; 0]);
        assert_eq!(names("RUN cat <<EOF ${a^}"), [""; 0]);
    }

    #[test]
    fn details_are_kept() {
        let mut joined = Joined::default();
        joined.push("RUN cat 3<<-'E'", 0);
        let expected = Opener {
            range: 8..15,
            fd: 3,
            strips_tabs: true,
            name: "E".into(),
            expands: false,
        };
        assert_eq!(openers(&joined), [expected]);
    }
}
