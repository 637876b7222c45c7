//! A text of settings with comments, in any format whose comments begin with `#`.

use crate::printable::escape;

/// The width at which comments are wrapped.
const WIDTH: usize = 100;

/// Lines of settings and comments.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    text: String,
}

impl Sheet {
    pub(super) fn line(&mut self, indent: usize, line: &str) {
        if !line.is_empty() {
            self.text.extend(std::iter::repeat_n(' ', indent));
        }
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Adds a comment, which may take several lines.
    pub(super) fn comment(&mut self, indent: usize, comment: &str) {
        // A line break in a name would end the comment.
        let comment = escape(comment);
        let mut line = String::from("#");
        for word in comment.split(' ') {
            // Podman joins a line that ends with a backslash to the next one, comments included.
            let can_end = line.len() > 1 && !line.ends_with('\\');
            if can_end && indent + line.len() + 1 + word.chars().count() > WIDTH {
                self.line(indent, &line);
                line = String::from("#");
            }
            line.push(' ');
            line.push_str(word);
        }
        if line.ends_with('\\') {
            line.push('.');
        }
        self.line(indent, &line);
    }

    pub(super) fn comments(&mut self, indent: usize, comments: &[String]) {
        for comment in comments {
            self.comment(indent, comment);
        }
    }

    /// Adds reasons, which are clauses, as sentences.
    pub(super) fn reasons(&mut self, indent: usize, reasons: &[String]) {
        for reason in reasons {
            self.reason(indent, reason);
        }
    }

    pub(super) fn reason(&mut self, indent: usize, reason: &str) {
        let mut chars = reason.chars();
        let first = chars.next().map(|first| first.to_ascii_uppercase());
        let mut sentence: String = first.into_iter().chain(chars).collect();
        if !sentence.ends_with('.') {
            sentence.push('.');
        }
        self.comment(indent, &sentence);
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

/// A string in YAML; the form of JSON is valid there.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
