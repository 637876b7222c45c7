//! Shell-form commands that have an equivalent exec form.

use std::ops::Range;

use crate::dockerfile::Script;

/// Builtins and keywords of POSIX shells for which not every system has a program of the same name.
const BUILTINS: [&str; 32] = [
    ".", ":", "[", "alias", "bg", "case", "cd", "command", "do", "eval", "exec", "exit", "export",
    "fg", "for", "function", "if", "jobs", "read", "readonly", "set", "shift", "source", "test",
    "times", "trap", "type", "ulimit", "umask", "unset", "until", "while",
];

/// Whether a shell runs this command itself, without a program of that name.
pub fn is_builtin(name: &str) -> bool {
    BUILTINS.contains(&name)
}

/// A word of a script, as the exec form has it.
#[derive(Debug, PartialEq, Eq)]
pub struct ExecWord {
    /// The range in the text of the script, quotes included.
    pub range: Range<usize>,
    /// The word as a JSON string.
    pub json: String,
}

/// The words of the exec form of a script that is one command of plain words.
pub fn exec_words(script: &Script) -> Option<Vec<ExecWord>> {
    let text = script.text.as_str();
    if script.shebang.is_some() || text.contains(['\n', '\r']) {
        return None;
    }
    let words = plain_words(text)?;
    let (_, program) = words.first()?;
    // `A=1 program` sets a variable, which the exec form cannot.
    if program.contains('=') || is_builtin(program) {
        return None;
    }
    let words = words.into_iter().map(|(range, word)| ExecWord {
        range,
        json: serde_json::Value::from(word).to_string(),
    });
    Some(words.collect())
}

/// The exec form, such as `["program", "argument"]`, of a script that is one command of plain
/// words.
pub fn exec_form(script: &Script) -> Option<String> {
    let words = exec_words(script)?;
    // Values of `serde_json` print without the space after a comma that people write.
    let strings: Vec<&str> = words.iter().map(|word| word.json.as_str()).collect();
    Some(format!("[{}]", strings.join(", ")))
}

/// The words of a text in which only blanks and quotes mean something to a shell, with their
/// ranges.
fn plain_words(text: &str) -> Option<Vec<(Range<usize>, String)>> {
    let mut words = Vec::new();
    let mut word: Option<(usize, String)> = None;
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            // Variables and commands are expanded in double quotes, and bash expands `!` from its
            // history.
            Some('"') if "$`\\!".contains(c) => return None,
            Some(_) => word.get_or_insert((at, String::new())).1.push(c),
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                word.get_or_insert((at, String::new()));
            }
            None if c == ' ' || c == '\t' => {
                words.extend(word.take().map(|(start, word)| (start..at, word)));
            }
            // Everything else may be a glob, a redirection or an operator.
            None if c.is_alphanumeric() || "_./:=,@%+-^".contains(c) => {
                word.get_or_insert((at, String::new())).1.push(c);
            }
            None => return None,
        }
    }
    words.extend(word.map(|(start, word)| (start..text.len(), word)));
    // An open quote continues in a line that is not here.
    if quote.is_some() { None } else { Some(words) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dockerfile::Joined;

    fn form(text: &str) -> Option<String> {
        let mut joined = Joined::default();
        joined.push(text, 0);
        exec_form(&Script {
            text: joined,
            shebang: None,
        })
    }

    #[test]
    fn plain_words_have_an_exec_form() {
        assert_eq!(
            form("npm  run start").as_deref(),
            Some(r#"["npm", "run", "start"]"#)
        );
        assert_eq!(
            form(r#"nginx -g 'daemon off;' "a b""#).as_deref(),
            Some(r#"["nginx", "-g", "daemon off;", "a b"]"#)
        );
    }

    #[test]
    fn a_command_that_needs_a_shell_has_no_exec_form() {
        for text in [
            "a && b",
            "a $X",
            "a *.conf",
            "cd /app",
            "A=1 b",
            "a ~",
            "a 'b",
            "echo \"$x\"",
            "a > b",
            "a\\ b",
            "[top, -b]",
        ] {
            assert_eq!(form(text), None, "{text}");
        }
    }
}
