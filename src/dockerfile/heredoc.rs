//! Heredoc openers in a line, as found by BuildKit's `heredocsFromLine`.

use std::ops::Range;

use super::frontend::FrontendVersion;
use super::lines::Lines;
use super::syntax::Joined;
use super::word::Lexer;
use crate::source::Span;
use crate::suggestion;

/// The frontend that first read heredocs, and the one that first read them with a blank after the
/// `<<`.
const FIRST_WITH_HEREDOCS: &str = "1.4";
const FIRST_WITH_BLANKS: &str = "1.16";

/// `[fd]<<[-]NAME`, by offsets in the joined line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Opener {
    pub(super) range: Range<usize>,
    pub(super) fd: u32,
    pub(super) strips_tabs: bool,
    pub(super) name: String,
    pub(super) expands: bool,
    /// Whether blanks follow the `<<`.
    pub(super) has_blank: bool,
}

impl Opener {
    /// The version of Docker's frontend that this opener needs, if the given one is older.
    pub(super) fn needs(&self, frontend: Option<FrontendVersion>) -> Option<&'static str> {
        // Without a version in the `syntax` directive, the frontend is a current one.
        let frontend = frontend?;
        if !frontend.has_heredocs() {
            Some(FIRST_WITH_HEREDOCS)
        } else if self.has_blank && !frontend.has_blanks_in_heredocs() {
            Some(FIRST_WITH_BLANKS)
        } else {
            None
        }
    }

    /// The line that looks like the end of a heredoc without one, and how it differs. `start` is
    /// the offset of the body in the file.
    pub(super) fn near_end(&self, file: &str, start: usize) -> Option<(Span, String)> {
        let mut similar = None;
        for line in Lines::new(file, start) {
            let content = &file[line.start..line.end];
            let word = content.trim();
            let offset = line.start + (content.len() - content.trim_start().len());
            let span = Span::new(offset, offset + word.len());
            if word == self.name {
                return Some((span, self.difference(content).to_owned()));
            }
            if similar.is_none() && self.resembles(word) {
                similar = Some((span, format!("did you mean `{}`?", self.name)));
            }
        }
        similar
    }

    /// The reason why a line with the name and blanks does not end the heredoc.
    fn difference(&self, content: &str) -> &'static str {
        if !content.starts_with(char::is_whitespace) {
            "the name is followed by spaces, so the heredoc does not end here"
        } else if self.strips_tabs {
            "only tabs may indent the closing delimiter of `<<-`"
        } else {
            "the closing delimiter of a heredoc must not be indented"
        }
    }

    /// Whether a line is the name with a slip in it.
    fn resembles(&self, word: &str) -> bool {
        // One letter is all of a short name.
        let is_similar = suggestion::closest(word, [self.name.as_str()]).is_some();
        (is_similar && self.name.len() > 2) || word.eq_ignore_ascii_case(&self.name)
    }

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

/// Returns what looks like an opener in the line of an instruction that has no heredocs, also as
/// the value of a variable: `ENV A=<<EOF`.
pub(super) fn openers_of_others(line: &Joined) -> Vec<Opener> {
    if memchr::memmem::find(line.as_str().as_bytes(), b"<<").is_none() {
        return Vec::new();
    }
    let mut openers = Vec::new();
    for mut word in words(line).unwrap_or_default() {
        let text = &line.as_str()[word.clone()];
        if let Some(equals) = text.find("=<<") {
            word.start += equals + 1;
        }
        openers.extend(opener(line, word));
    }
    openers
}

/// Words between blanks that are neither quoted nor escaped. BuildKit always takes the backslash
/// here.
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
            // Blanks after `<<` belong to the word: the name of a heredoc follows them.
            '<' => {
                lexer.bump();
                if lexer.peek() == Some('<') {
                    lexer.bump();
                    while lexer.peek().is_some_and(is_operator_blank) {
                        lexer.bump();
                    }
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

/// Whether a character may stand between `<<` and the name.
fn is_operator_blank(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\r')
}

fn opener(line: &Joined, word: Range<usize>) -> Option<Opener> {
    let text = &line.as_str()[word.clone()];
    let after_fd = text.trim_start_matches(|char: char| char.is_ascii_digit());
    let fd = &text[..text.len() - after_fd.len()];
    let operand = after_fd.strip_prefix("<<")?;
    let strips_tabs = operand.starts_with('-');
    let operand = operand.strip_prefix('-').unwrap_or(operand);
    let quoted = operand.trim_start_matches(is_operator_blank);
    let has_blank = quoted.len() < operand.len();
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
        has_blank,
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
    fn heredocs_are_found_with_every_kind_of_delimiter() {
        assert_eq!(names("RUN <<EOF"), ["EOF"]);
        assert_eq!(
            names("RUN cat 3<<-A && cat <<'B C' <<\"D\"E"),
            ["A", "B C", "DE"]
        );
        assert_eq!(names("COPY <<$A /x"), ["$A"]);
    }

    #[test]
    fn blanks_may_separate_a_heredoc_operator_from_its_delimiter() {
        assert_eq!(names("RUN cat << EOF > /a"), ["EOF"]);
        assert_eq!(names("RUN cat 3<< \t'E F' <<G"), ["E F", "G"]);
        assert_eq!(names("RUN echo $(( 1 << 4 ))"), ["4"]);
    }

    #[test]
    fn here_strings_shifts_and_quoted_operators_start_no_heredoc() {
        for line in [
            "RUN a <<<b",
            "RUN $((1<<2))",
            "RUN a <<< b",
            "RUN cat <<- EOF",
            "RUN cat << <b",
            "RUN cat << ",
            "RUN 'a <<EOF'",
            "RUN x<<EOF",
            "RUN \\<<EOF",
            "RUN <<''",
        ] {
            assert_eq!(names(line), [""; 0], "{line}");
        }
    }

    #[test]
    fn an_unterminated_quote_hides_every_heredoc() {
        assert_eq!(names("RUN cat <<EOF 'a"), [""; 0]);
        assert_eq!(names("RUN cat <<EOF ${a^}"), [""; 0]);
    }

    #[test]
    fn descriptor_tab_stripping_and_quoting_of_a_heredoc_are_recorded() {
        let mut joined = Joined::default();
        joined.push("RUN cat 3<<-'E'", 0);
        let expected = Opener {
            range: 8..15,
            fd: 3,
            strips_tabs: true,
            name: "E".into(),
            expands: false,
            has_blank: false,
        };
        assert_eq!(openers(&joined), [expected]);
    }

    #[test]
    fn a_line_that_nearly_ends_a_heredoc_is_found() {
        for (opener, body, place, message) in [
            (
                "<<EOF",
                "a\n  EOF\nb",
                4..7,
                "the closing delimiter of a heredoc must not be indented",
            ),
            (
                "<<-EOF",
                "a\n  EOF\n",
                4..7,
                "only tabs may indent the closing delimiter of `<<-`",
            ),
            (
                "<<EOF",
                "EOF \n",
                0..3,
                "the name is followed by spaces, so the heredoc does not end here",
            ),
            ("<<EOF", "a\nEOFF\n", 2..6, "did you mean `EOF`?"),
            ("<<EOF", "eof", 0..3, "did you mean `EOF`?"),
        ] {
            let mut joined = Joined::default();
            joined.push(opener, 0);
            let found = openers(&joined)[0].near_end(body, 0);
            let expected = (Span::new(place.start, place.end), message.to_owned());
            assert_eq!(found, Some(expected), "{body:?}");
        }
    }

    #[test]
    fn a_line_of_another_word_does_not_nearly_end_a_heredoc() {
        let mut joined = Joined::default();
        joined.push("<<EOF", 0);
        assert_eq!(openers(&joined)[0].near_end("done\nfi\nset -e\n", 0), None);
    }
}
