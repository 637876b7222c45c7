//! Shell-form commands that have an equivalent exec form.

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

/// The exec form, such as `["program", "argument"]`, of a script that is a single command of plain
/// words.
pub fn exec_form(script: &Script) -> Option<String> {
    let text = script.text.as_str();
    if script.shebang.is_some() || text.contains(['\n', '\r']) {
        return None;
    }
    let words = plain_words(text)?;
    let program = words.first()?;
    // `A=1 program` sets a variable, which is not possible in exec form.
    if program.contains('=') || is_builtin(program) {
        return None;
    }
    // `serde_json` would print no space after commas.
    let strings: Vec<String> = words
        .into_iter()
        .map(|word| serde_json::Value::from(word).to_string())
        .collect();
    Some(format!("[{}]", strings.join(", ")))
}

/// The words of a text in which only whitespace and quotes have a special meaning to a shell.
fn plain_words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in text.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            // Variables and commands are expanded in double quotes, and bash expands `!` from its
            // history.
            Some('"') if "$`\\!".contains(c) => return None,
            Some(_) => word.get_or_insert_default().push(c),
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c == ' ' || c == '\t' => words.extend(word.take()),
            // Everything else may be a glob, a redirection or an operator.
            None if c.is_alphanumeric() || "_./:=,@%+-^".contains(c) => {
                word.get_or_insert_default().push(c);
            }
            None => return None,
        }
    }
    words.extend(word);
    // An unclosed quote continues on a line that is not part of the text.
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
    fn plain_words_need_no_shell() {
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
    fn what_a_shell_would_change_stays_with_it() {
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
