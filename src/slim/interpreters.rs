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
    // The web server that is built into PHP serves the files of the image.
    let is_server = script.language == Language::Php
        && arguments
            .iter()
            .any(|word| matches!(*word, "-S" | "--server"));
    // Modules of other languages are not selected.
    if is_server || script.language == Language::Other {
        return None;
    }
    Some((script.language, first_file(&script.options, arguments)))
}

/// The code that a command line passes to an interpreter as an argument: `os.system("date")` in
/// `python3 -c 'os.system("date")'`, also after options that share its word, as in `perl -ne`.
pub(super) fn inline_code<'a>(words: &[&'a str]) -> Option<(Language, &'a str)> {
    let (program, arguments) = words.split_first()?;
    let script = interpreter(program)?;
    let mut arguments = arguments.iter();
    while let Some(&word) = arguments.next() {
        // Python finds a module by this name.
        if word == "-m" {
            return None;
        }
        if is_text_option(&script.options, word) {
            return arguments.next().map(|&code| (script.language, code));
        }
        if is_among(&script.options.file, word) || !word.starts_with('-') {
            return if script.options.argument && !word.starts_with('-') {
                Some((script.language, word))
            } else {
                None
            };
        }
        if is_among(&script.options.valued, word) {
            arguments.next();
        }
    }
    None
}

/// The language of the code that a command reads from its input, as in `python3 - <<EOF`.
pub(super) fn language_of_input(words: &[&str]) -> Option<Language> {
    let (program, arguments) = words.split_first()?;
    let script = interpreter(program)?;
    match first_file(&script.options, arguments) {
        None | Some("-") if inline_code(words).is_none() => Some(script.language),
        _ => None,
    }
}

/// Whether an option takes the code of a program, alone or as the last letter of several: `-e`,
/// `-lane`.
fn is_text_option(options: &InterpreterOptions, word: &str) -> bool {
    if is_among(&options.text, word) {
        return true;
    }
    let Some(letters) = word.strip_prefix('-') else {
        return false;
    };
    // A longer word is an option with a value, such as `-MFile`.
    let is_cluster =
        (1..=4).contains(&letters.len()) && letters.bytes().all(|byte| byte.is_ascii_alphabetic());
    let mut short = options.text.iter().filter(|option| option.len() == 2);
    is_cluster && short.any(|option| *option != "-m" && letters.ends_with(&option[1..]))
}

/// The code that a command line has Python run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PythonStart<'a> {
    /// Nothing, or another program.
    None,
    Module(&'a str),
    Text(&'a str),
    File(&'a str),
    /// Code from its input, or a computed name.
    Unknown,
}

/// Finds the code that a command line has Python run. Words that are computed are left out of it.
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

/// The modules that a command line has Node load before its program: `node -r dotenv/config x`.
pub(super) fn preloaded<'a>(words: &[&'a str]) -> impl Iterator<Item = &'a str> {
    // https://nodejs.org/api/cli.html, https://typestrong.org/ts-node/docs/options
    const OPTIONS: [&str; 5] = [
        "-r",
        "--require",
        "--import",
        "--loader",
        "--experimental-loader",
    ];
    const RUNNERS: [&str; 6] = ["node", "nodejs", "nodemon", "ts-node", "ts-node-dev", "tsx"];
    let mut names = words.iter().map(|word| file_name_bytes(word.as_bytes()));
    let runs_node = names.any(|name| RUNNERS.iter().any(|runner| runner.as_bytes() == name));
    let mut modules = Vec::new();
    for (place, word) in words.iter().enumerate() {
        if !runs_node {
            break;
        }
        if OPTIONS.contains(word) {
            modules.extend(words.get(place + 1).copied());
        } else if let Some((option, module)) = word.split_once('=')
            && OPTIONS.contains(&option)
        {
            modules.push(module);
        }
    }
    modules.into_iter()
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
        if !word.starts_with('-') || word == "-" {
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
    fn modules_that_node_loads_first_are_found_in_options() {
        for line in [
            "node -r a x",
            "tini -- node --import=a x",
            "ts-node --require a x",
        ] {
            let words: Vec<&str> = line.split(' ').collect();
            assert_eq!(preloaded(&words).collect::<Vec<_>>(), ["a"], "{line}");
        }
        assert_eq!(preloaded(&["ruby", "-r", "a", "x"]).count(), 0);
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
    fn code_in_an_argument_or_from_the_input_has_the_language_of_the_interpreter() {
        let code = |words: &[&str]| inline_code(words).map(|(_, code)| code.to_owned());
        for words in [
            &["python3", "-c", "x"][..],
            &["python3", "-u", "-X", "dev", "-Ic", "x"],
            &["perl", "-lne", "x", "file"],
            &["node", "--no-warnings", "-e", "x"],
            &["awk", "-F", ":", "x", "/etc/passwd"],
        ] {
            assert_eq!(code(words).as_deref(), Some("x"), "{words:?}");
        }
        for words in [
            &["python3", "-m", "x"][..],
            &["awk", "-f", "x"],
            &["node", "x"],
            &["perl", "x", "-e"],
        ] {
            assert_eq!(code(words), None, "{words:?}");
        }
        assert_eq!(language_of_input(&["python3", "-"]), Some(Language::Python));
        assert_eq!(language_of_input(&["perl"]), Some(Language::Perl));
        assert_eq!(language_of_input(&["perl", "-e", "x"]), None);
        assert_eq!(language_of_input(&["ruby", "x"]), None);
    }

    #[test]
    fn the_router_of_a_web_server_is_a_source() {
        assert_eq!(source("php -S 0.0.0.0:80 -t public router"), Some("router"));
        assert_eq!(code_of(&["php", "-S", "0.0.0.0:80"]), None);
        assert_eq!(source("Rscript --vanilla /srv/job"), Some("/srv/job"));
        assert_eq!(source("awk -v x=1 -f /srv/job"), Some("/srv/job"));
        assert_eq!(source("guile -s /srv/job"), Some("/srv/job"));
        assert_eq!(code_of(&["tclsh8.6"]), None);
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
