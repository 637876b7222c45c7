//! ShellCheck's output (`--format=json1`) and its conversion to findings.

use serde::{Deserialize, Serialize};

use super::script::Script;
use crate::lint::{Edit, Finding, Fix, SHELLCHECK, Severity, ShellcheckCode};

/// Codes about features that are missing in dash, but supported by BusyBox's ash: `$'…'`, `[[ ]]`,
/// `==`, `&>`, options of `echo`, `pipefail`, `source`, signals by their long names, substrings and
/// replacements.
const BUSYBOX_HAS: [u32; 10] = [3003, 3010, 3014, 3020, 3036, 3040, 3046, 3048, 3057, 3060];

/// The code for a variable without quotes around it.
const UNQUOTED: u32 = 2086;

#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    pub(super) comments: Vec<Comment>,
}

/// A comment on a script. Lines and columns count from 1, columns in characters; the end is after
/// the last one.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Comment {
    pub(super) file: String,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    level: Level,
    code: u32,
    message: String,
    fix: Option<Replacements>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Error,
    Warning,
    Info,
    Style,
}

#[derive(Debug, Deserialize, Serialize)]
struct Replacements {
    replacements: Vec<Replacement>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    #[serde(rename = "replacement")]
    text: String,
}

impl Comment {
    /// Bytes in memory.
    pub(super) fn size(&self) -> usize {
        let mut size = size_of::<Self>() + self.file.len() + self.message.len();
        for replacement in self.fix.iter().flat_map(|fix| &fix.replacements) {
            size += size_of::<Replacement>() + replacement.text.len();
        }
        size
    }

    /// Returns the finding in the Dockerfile; `None` for comments on the lines before the script,
    /// and for features that the image's shell supports.
    pub(super) fn finding(&self, script: &Script) -> Option<Finding> {
        // Versions before 0.10 do not support BusyBox and treat `ash` as dash.
        if script.is_busybox && BUSYBOX_HAS.contains(&self.code) {
            return None;
        }
        let start = script.offset(self.line, self.column)?;
        let end = script.offset(self.end_line, self.end_column)?.max(start);
        let severity = match self.level {
            Level::Error => Severity::Error,
            Level::Warning => Severity::Warning,
            Level::Info => Severity::Info,
            Level::Style => Severity::Style,
        };
        Some(Finding {
            rule: SHELLCHECK,
            code: Some(ShellcheckCode(self.code)),
            severity,
            message: worded(&self.message),
            location: script.span(start, end).into(),
            labels: Vec::new(),
            notes: Vec::new(),
            fix: match &self.fix {
                // Quotes would turn a list into a single word.
                Some(_) if self.code == UNQUOTED && script.is_list(start, end) => None,
                Some(fix) => fix.in_dockerfile(script),
                None => None,
            },
        })
    }
}

impl Replacements {
    /// Returns the edits in the Dockerfile; `None` if one of them has no equivalent there.
    fn in_dockerfile(&self, script: &Script) -> Option<Fix> {
        let mut edits = Vec::with_capacity(self.replacements.len());
        for replacement in &self.replacements {
            let start = script.offset(replacement.line, replacement.column)?;
            let end = script.offset(replacement.end_line, replacement.end_column)?;
            // In a RUN with joined lines, a line break would end the instruction.
            if start > end || replacement.text.contains('\n') {
                return None;
            }
            let end = if replacement.text.is_empty() {
                script.removal_end(start, end)
            } else {
                end
            };
            edits.push(Edit::replace(
                script.edit_span(start, end)?,
                replacement.text.clone(),
            ));
        }
        // ShellCheck does not guarantee that its fixes preserve the meaning.
        let fix = Fix::marked_unsafe("apply ShellCheck's fix", edits);
        let overlaps = fix
            .edits
            .windows(2)
            .any(|pair| pair[0].span.end > pair[1].span.start);
        if overlaps || fix.edits.is_empty() {
            return None;
        }
        Some(fix)
    }
}

/// Adapts ShellCheck's sentence to the style of other messages: lower case unless it starts with a
/// name, and without a full stop.
fn worded(message: &str) -> String {
    // An ellipsis is kept.
    let message = message
        .strip_suffix('.')
        .filter(|rest| !rest.ends_with('.'))
        .unwrap_or(message);
    let mut chars = message.chars();
    match (chars.next(), chars.clone().next()) {
        // `ENV` or `PATH` at the start is a name. `A` alone is an article.
        (Some(first), Some(second))
            if first.is_uppercase() && (second.is_lowercase() || second == ' ') =>
        {
            first.to_lowercase().chain(chars).collect()
        }
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shellcheck_messages_are_reworded_in_our_style() {
        assert_eq!(
            worded("Double quote to prevent globbing."),
            "double quote to prevent globbing"
        );
        assert_eq!(
            worded("POSIX sh has no such thing."),
            "POSIX sh has no such thing"
        );
        assert_eq!(worded("$x is not set..."), "$x is not set...");
        assert_eq!(worded(""), "");
    }
}
