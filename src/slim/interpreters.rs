//! Interpreters by the names of their programs, and the sources that command lines give them.

use super::paths::file_name;
use super::why::Language;

/// The beginnings of names: a version may follow, as in `python3.11` and `ruby3.1`.
const INTERPRETERS: &[(&[u8], Language)] = &[
    (b"python", Language::Python),
    (b"pypy", Language::Python),
    (b"node", Language::Node),
    (b"ruby", Language::Ruby),
    (b"perl", Language::Perl),
    (b"php", Language::Php),
    (b"lua", Language::Lua),
];

/// The language of an interpreter's program.
pub(super) fn language_of(program: &[u8]) -> Option<Language> {
    for (prefix, language) in INTERPRETERS {
        if program.starts_with(prefix) {
            return Some(*language);
        }
    }
    None
}

/// The file that a command line has an interpreter read, whatever the file is called:
/// `bin/console` of `php -d memory_limit=1G bin/console cache:clear`. Programs that start the
/// interpreter may stand before it.
pub(super) fn source_argument<'a>(words: &[&'a str]) -> Option<(Language, &'a str)> {
    for (place, word) in words.iter().enumerate() {
        let program = file_name(word.as_bytes());
        // `python3-config` and `php-fpm` read no source.
        let is_plain = !program.contains(&b'-');
        if is_plain && let Some(language) = language_of(program) {
            return Some((language, first_file(language, &words[place + 1..])?));
        }
    }
    None
}

/// The language whose interpreter a command line starts, if the line names no file and no module
/// for it to run: `python3`, `perl -e '…'`. Otherwise the file, which may not be in the image.
pub(super) fn code_of<'a>(words: &[&'a str]) -> Option<(Language, Option<&'a str>)> {
    let (program, arguments) = words.split_first()?;
    let program = file_name(program.as_bytes());
    let language = language_of(program)?;
    let is_module = language == Language::Python && arguments.contains(&"-m");
    // `python3-config` and `php-fpm` run no code that their arguments name.
    if program.contains(&b'-') || is_module {
        return None;
    }
    Some((language, first_file(language, arguments)))
}

/// The first argument that is not an option or the value of one; none where an option gives the
/// program as a text or as the name of a module.
fn first_file<'a>(language: Language, words: &[&'a str]) -> Option<&'a str> {
    let mut words = words.iter();
    while let Some(&word) = words.next() {
        if !word.starts_with('-') {
            return Some(word);
        }
        if is_program_text(language, word) {
            return None;
        }
        // PHP's `-f` has the file as its value.
        if language == Language::Php && matches!(word, "-f" | "--file") {
            return words.next().copied();
        }
        if takes_value(language, word) {
            words.next();
        }
    }
    None
}

fn is_program_text(language: Language, option: &str) -> bool {
    match language {
        Language::Python => matches!(option, "-c" | "-m"),
        Language::Node => matches!(option, "-e" | "--eval" | "-p" | "--print"),
        Language::Php => matches!(option, "-r" | "--run" | "-S" | "--server"),
        _ => option == "-e",
    }
}

fn takes_value(language: Language, option: &str) -> bool {
    match language {
        Language::Python => matches!(option, "-W" | "-X"),
        Language::Node => matches!(option, "-r" | "--require" | "--import" | "-C" | "--loader"),
        Language::Php => matches!(option, "-c" | "-d" | "-z" | "-t"),
        Language::Ruby => matches!(option, "-r" | "-I" | "-C"),
        Language::Perl => option == "-I",
        Language::Lua => option == "-l",
        _ => false,
    }
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
    fn a_module_or_inline_code_is_not_a_source_file() {
        assert_eq!(source("python3 -m http.server"), None);
        assert_eq!(source("python3 -c pass x"), None);
        assert_eq!(source("php-fpm -F x"), None);
        assert_eq!(source("perl -e 1 x"), None);
        assert_eq!(source("python3"), None);
    }
}
