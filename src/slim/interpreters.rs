//! The source files that command lines pass to interpreters.

use crate::knowledge::{
    InterpreterOptions, Language, ScriptLanguage, language_of_interpreter, unwrapped,
};
use crate::paths::file_name_bytes;

/// The file that a command line passes to an interpreter, whatever its name: `bin/console` in `php
/// -d memory_limit=1G bin/console cache:clear`. Programs that start the interpreter may precede it.
pub(super) fn source_argument<'a>(words: &[&'a str]) -> Option<(Language, &'a str)> {
    for (place, word) in words.iter().enumerate() {
        if let Some(script) = interpreter(word) {
            let file = first_file(&script.options, &words[place + 1..])?;
            return Some((script.language, file));
        }
    }
    None
}

/// The language whose interpreter a command line starts, and the file that it runs, which may not
/// be in the image. `python3` and `perl -e '…'` run none.
pub(super) fn code_of<'a>(words: &[&'a str]) -> Option<(Language, Option<&'a str>)> {
    let (program, arguments) = words.split_first()?;
    let script = interpreter(program)?;
    // The interpreter searches the image for a module.
    if script.language == Language::Python && arguments.contains(&"-m") {
        return None;
    }
    Some((script.language, first_file(&script.options, arguments)))
}

/// What a command line has Python run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PythonStart<'a> {
    /// Nothing, or another program.
    None,
    Module(&'a str),
    Text(&'a str),
    File(&'a str),
    /// What it reads from its input, or what is computed.
    Unknown,
}

/// What a command line has Python run. Words that are computed are left out of it.
pub(super) fn python_start<'a>(words: &[&'a str]) -> PythonStart<'a> {
    let Some((program, arguments)) = unwrapped(words).split_first() else {
        return PythonStart::None;
    };
    let Some(script) = interpreter(program) else {
        return PythonStart::None;
    };
    if script.language != Language::Python {
        return PythonStart::None;
    }
    let mut arguments = arguments.iter().copied();
    while let Some(word) = arguments.next() {
        match word {
            "-" => return PythonStart::Unknown,
            "-V" | "-VV" | "--version" | "-h" | "--help" => return PythonStart::None,
            _ if is_among(&script.options.valued, word) => {
                arguments.next();
            }
            // Short options may be joined: `-um`.
            _ if word.starts_with('-') && !word.starts_with("--") => {
                if word.ends_with('m') {
                    return arguments
                        .next()
                        .map_or(PythonStart::Unknown, PythonStart::Module);
                }
                if word.ends_with('c') {
                    return arguments
                        .next()
                        .map_or(PythonStart::Unknown, PythonStart::Text);
                }
            }
            _ if word.starts_with('-') => {}
            _ => return PythonStart::File(word),
        }
    }
    PythonStart::Unknown
}

/// The language of an interpreter that runs code from its arguments.
fn interpreter(program: &str) -> Option<&'static ScriptLanguage> {
    let name = file_name_bytes(program.as_bytes());
    let script = language_of_interpreter(name)?;
    if script.runs_arguments(name) {
        Some(script)
    } else {
        None
    }
}

/// The first argument that is not an option or the value of one; `None` if an option specifies the
/// program as a text or as the name of a module.
fn first_file<'a>(options: &InterpreterOptions, words: &[&'a str]) -> Option<&'a str> {
    let mut words = words.iter();
    while let Some(&word) = words.next() {
        if !word.starts_with('-') {
            return Some(word);
        }
        if is_among(&options.text, word) {
            return None;
        }
        if is_among(&options.file, word) {
            return words.next().copied();
        }
        if is_among(&options.valued, word) {
            words.next();
        }
    }
    None
}

fn is_among(options: &[String], word: &str) -> bool {
    options.iter().any(|option| option == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(line: &str) -> Option<&str> {
        let words: Vec<&str> = line.split(' ').collect();
        source_argument(&words).map(|(_, file)| file)
    }

    #[test]
    fn the_first_argument_of_an_interpreter_is_its_source_file() {
        assert_eq!(source("php bin/console cache:clear"), Some("bin/console"));
        assert_eq!(source("php -d memory_limit=1G -f bin/x"), Some("bin/x"));
        assert_eq!(
            source("tini -- /usr/bin/python3 -u -X dev /srv/serve"),
            Some("/srv/serve")
        );
        assert_eq!(source("node -r dotenv/config server"), Some("server"));
        assert_eq!(source("ruby3.1 -I lib bin/run"), Some("bin/run"));
        assert_eq!(source("node-22 server"), Some("server"));
        assert_eq!(source("python3-config x"), None);
    }

    #[test]
    fn an_interpreter_without_a_file_or_a_module_runs_code_that_is_not_known() {
        let code = |line: &str| {
            let words: Vec<&str> = line.split(' ').collect();
            code_of(&words).map(|(_, file)| file.is_some())
        };
        assert_eq!(code("python3"), Some(false));
        assert_eq!(code("/usr/bin/perl -e 1"), Some(false));
        assert_eq!(code("ruby /mnt/run.rb"), Some(true));
        assert_eq!(code("python3 -m http.server"), None);
        assert_eq!(code("php-fpm -F"), None);
        assert_eq!(code("nginx"), None);
    }

    #[test]
    fn what_python_runs_is_a_module_a_text_a_file_or_unknown() {
        let start = |line: &'static str| {
            let words: Vec<&str> = line.split(' ').collect();
            python_start(&words)
        };
        assert_eq!(
            start("python3 -um gunicorn app"),
            PythonStart::Module("gunicorn")
        );
        assert_eq!(
            start("exec python -W ignore -c import_x"),
            PythonStart::Text("import_x")
        );
        assert_eq!(
            start("nice python -W ignore -c pass"),
            PythonStart::Text("pass")
        );
        assert_eq!(
            start("/venv/bin/python manage.py migrate"),
            PythonStart::File("manage.py")
        );
        assert_eq!(start("python3 -"), PythonStart::Unknown);
        assert_eq!(start("python3 --version"), PythonStart::None);
        assert_eq!(start("command -v python3"), PythonStart::None);
    }

    #[test]
    fn a_module_or_inline_code_is_not_a_source_file() {
        assert_eq!(source("python3 -m http.server"), None);
        assert_eq!(source("python3 -c pass x"), None);
        assert_eq!(source("php-fpm -F x"), None);
        assert_eq!(source("perl -e 1 x"), None);
        assert_eq!(source("python3"), None);
    }
}
