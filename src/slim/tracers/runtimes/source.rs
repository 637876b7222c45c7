//! Sources of programs: what they load that is left out otherwise, the programs they start, the
//! libraries they open.
//!
//! A source is not understood, only looked at: a string that is the name of a program counts where
//! the file has anything that starts programs.

use super::{application, java, node, perl, python, ruby};
use crate::image::NameId;
use crate::slim::trace::Trace;
use crate::slim::tracers::{shebang, shell};
use crate::slim::why::{Language, Why};

/// Longer ones are data, or bundles that were generated.
const MAX_SOURCE: usize = 8 << 20;

pub(super) fn trace(trace: &mut Trace<'_>, name: NameId) {
    let Some(language) = language(trace, name) else {
        return;
    };
    let path = trace.tree().path(name);
    if language == Language::Perl {
        perl::follow(trace, name, &path);
    }
    // An archive of a Java that lies in `/opt`, say.
    let is_runtimes = trace
        .graph
        .reasons(name)
        .iter()
        .all(|reason| matches!(reason.why, Why::Runtime { .. }));
    if is_standard(&path) || is_build_time(&path) || (language == Language::Java && is_runtimes) {
        return;
    }
    let is_own = !is_packaged(&path) && !is_distributions(&path);
    if !is_packaged(&path) {
        application::keep(trace, name, language);
    }
    if language == Language::Java {
        return java::jar::trace(trace, name);
    }
    let Some(bytes) = trace
        .view
        .bytes(name)
        .filter(|bytes| bytes.len() <= MAX_SOURCE)
    else {
        return;
    };
    if !trace.effort.sources.spend(bytes.len()) {
        let text = "too many sources in the image: this one is not analyzed".to_owned();
        return trace.note(Some(name), None, text);
    }
    let text = String::from_utf8_lossy(&bytes);
    match language {
        Language::Python => want_python(trace, name, &text, is_own),
        Language::Ruby => want_ruby(trace, name, &text),
        Language::Node if is_own => {
            let directory = trace.tree().parent(name);
            for request in node::requests(&text) {
                node::keep_required(trace, name, directory, request);
            }
        }
        _ => {}
    }
    if language == Language::Python && !is_packaged(&path) {
        keep_siblings(trace, name, &text);
    }
    keep_programs(trace, name, language, &text, is_own);
    keep_libraries(trace, name, &text);
}

/// By the ending of the name, or by the `#!` line.
fn language(trace: &Trace<'_>, name: NameId) -> Option<Language> {
    let file_name = trace.tree().file_name(name);
    if matches!(file_name, b"Gemfile" | b"Gemfile.lock" | b"Rakefile") {
        return Some(Language::Ruby);
    }
    let ending = file_name
        .iter()
        .rposition(|&byte| byte == b'.')
        .map(|dot| &file_name[dot + 1..]);
    match ending {
        Some(b"py" | b"pyw" | b"wsgi") => return Some(Language::Python),
        Some(b"js" | b"mjs" | b"cjs" | b"ts") => return Some(Language::Node),
        Some(b"rb" | b"ru" | b"rake" | b"gemspec") => return Some(Language::Ruby),
        Some(b"pl" | b"pm" | b"cgi" | b"psgi") => return Some(Language::Perl),
        Some(b"php" | b"phtml") => return Some(Language::Php),
        Some(b"lua") => return Some(Language::Lua),
        Some(b"jar" | b"war" | b"ear") => return Some(Language::Java),
        Some(
            b"tcl" | b"R" | b"r" | b"erl" | b"escript" | b"ex" | b"exs" | b"scm" | b"jl" | b"awk"
            | b"groovy",
        ) => {
            return Some(Language::Other);
        }
        _ => {}
    }
    if trace.tree().inode(name).header.mode & 0o111 == 0 {
        return None;
    }
    let program = shebang::parse(&shebang::head(trace.view, name))?.program_name();
    let is = |prefix: &[u8]| program.starts_with(prefix);
    [
        (&b"python"[..], Language::Python),
        (b"pypy", Language::Python),
        (b"node", Language::Node),
        (b"ruby", Language::Ruby),
        (b"perl", Language::Perl),
        (b"php", Language::Php),
        (b"lua", Language::Lua),
    ]
    .into_iter()
    .find_map(|(prefix, language)| is(prefix).then_some(language))
    .or_else(|| (!shell::is_shell(&String::from_utf8_lossy(&program))).then_some(Language::Other))
}

fn contains(path: &[u8], part: &str) -> bool {
    memchr::memmem::find(path, part.as_bytes()).is_some()
}

/// Part of a language's own library.
pub(super) fn is_standard(path: &[u8]) -> bool {
    let is_packaged = ["/site-packages/", "/dist-packages/", "/gems/"]
        .iter()
        .any(|part| contains(path, part));
    let is_library = [
        "/lib/python3",
        "/lib64/python3",
        "/lib/pypy",
        "/perl-base/",
        "/perl/5.",
        "/lib/ruby/",
    ];
    !is_packaged && is_library.iter().any(|part| contains(path, part))
}

/// Somebody else's, installed with a package.
pub(super) fn is_packaged(path: &[u8]) -> bool {
    const PARTS: &[&str] = &[
        "/site-packages/",
        "/dist-packages/",
        "/node_modules/",
        "/share/nodejs/",
        "/gems/",
        "/vendor_ruby/",
        "/perl5/",
        "/share/perl/",
        "/share/php/",
        "/share/lua/",
        "/vendor/",
    ];
    PARTS.iter().any(|part| contains(path, part))
}

/// A program that the distribution brought: it runs, but nobody wrote it for this image.
fn is_distributions(path: &[u8]) -> bool {
    const DIRECTORIES: &[&str] = &[
        "/bin/",
        "/sbin/",
        "/lib/",
        "/usr/bin/",
        "/usr/sbin/",
        "/usr/lib/",
        "/usr/share/",
    ];
    DIRECTORIES
        .iter()
        .any(|directory| path.starts_with(directory.as_bytes()))
}

/// What of a package runs when something is built or tested.
fn is_build_time(path: &[u8]) -> bool {
    const PARTS: &[&str] = &[
        "/_distutils_hack/",
        "/distutils/",
        "/f2py/",
        "/pip/",
        "/pkg_resources/",
        "/setuptools/",
        "/testing/",
        "/tests/",
        "/wheel/",
        "/conftest.py",
        "/setup.py",
        "/setuptools_ext.py",
        "/_pytesttester.py",
    ];
    PARTS.iter().any(|part| contains(path, part))
}

/// Top names in `import a.b, c` and `from d import e`, at any depth. What a package of somebody
/// else's only tries to import, it can do without.
fn want_python(trace: &mut Trace<'_>, source: NameId, text: &str, is_own: bool) {
    let lines: Vec<&str> = text.lines().collect();
    for (place, line) in lines.iter().enumerate() {
        let line = line.trim_start();
        let (names, is_from) = match (line.strip_prefix("import "), line.strip_prefix("from ")) {
            (Some(names), _) => (names, false),
            (None, Some(name)) => (name, true),
            (None, None) => continue,
        };
        for name in names
            .split(if is_from { ' ' } else { ',' })
            .take(if is_from { 1 } else { usize::MAX })
        {
            let name = name.trim();
            let top = name.split(['.', ' ', ';', '#']).next().unwrap_or_default();
            let all = python::OPTIONAL.iter().chain(python::MACHINERY);
            // Many programs have a module `test` of their own.
            let is_suite = top != "test"
                || name.starts_with("test.support")
                || names.starts_with("test import support");
            let known = all.copied().find(|known| *known == top && is_suite);
            if let Some(known) = known.filter(|_| is_own || !is_tried(&lines[..=place])) {
                super::want(trace, Language::Python, known, source);
            }
        }
    }
}

/// Whether the last of these lines is in a block of `try`, or of its `except`.
fn is_tried(lines: &[&str]) -> bool {
    let indentation = |line: &str| line.len() - line.trim_start().len();
    let Some((last, before)) = lines.split_last() else {
        return false;
    };
    let block = before.iter().rev().filter(|line| !line.trim().is_empty());
    let opener = block
        .map(|line| line.trim_end())
        .find(|line| indentation(line) < indentation(last));
    opener.is_some_and(|opener| {
        opener.trim_start().starts_with("try:") || opener.trim_start().starts_with("except")
    })
}

/// `require 'debug/session'`, `gem "rbs"`, a specification's `%q<minitest>`, a lock file's `
/// minitest (5.15.0)`.
fn want_ruby(trace: &mut Trace<'_>, source: NameId, text: &str) {
    let path = trace.tree().path(source);
    for gem in ruby::DEVELOPMENT
        .iter()
        .copied()
        .filter(|gem| !contains(&path, &format!("/{gem}-")))
    {
        let forms = [
            format!("'{gem}"),
            format!("\"{gem}"),
            format!("%q<{gem}>"),
            format!("    {gem} ("),
        ];
        if forms.iter().any(|form| text.contains(form.as_str())) {
            super::want(trace, Language::Ruby, gem, source);
        }
    }
}

/// A script in a directory of the distribution loads modules that lie beside it.
fn keep_siblings(trace: &mut Trace<'_>, name: NameId, text: &str) {
    let tree = trace.tree();
    let directory = tree.parent(name);
    for line in text.lines().map(str::trim_start) {
        let Some(rest) = line
            .strip_prefix("import ")
            .or_else(|| line.strip_prefix("from "))
        else {
            continue;
        };
        let top = rest
            .trim_start()
            .split(['.', ' ', ';', ','])
            .next()
            .unwrap_or_default();
        let why = || Why::Module {
            language: Language::Python,
            name: top.to_owned(),
        };
        if top.is_empty() {
            continue;
        }
        if let Some(module) = tree.child(directory, format!("{top}.py").as_bytes()) {
            trace.graph.keep(module, Some(name), why());
        }
        let package = tree.child(directory, top.as_bytes());
        if let Some(package) =
            package.filter(|&package| tree.child(package, b"__init__.py").is_some())
        {
            super::keep_tree(trace, package, name, &why(), &application::is_left_out);
        }
    }
}

/// What starts programs, and what starts them through a shell.
fn starters(language: Language) -> (&'static [&'static str], &'static [&'static str]) {
    match language {
        Language::Python => (
            &[
                "subprocess",
                "os.system",
                "popen",
                "os.exec",
                "os.spawn",
                "pexpect",
                "which(",
                "execvp",
            ],
            &[
                "shell=True",
                "os.system",
                "os.popen",
                "subprocess_shell",
                "getoutput",
                "getstatusoutput",
            ],
        ),
        Language::Node => (
            &["child_process", "execa", "spawn", "shelljs", "zx"],
            &["exec(", "execSync(", "shell: true", "shelljs"],
        ),
        Language::Ruby => (
            &["system", "`", "%x", "Open3", "popen", "spawn", "exec"],
            &["system", "`", "%x", "Open3", "popen", "spawn"],
        ),
        Language::Perl => (
            &["system", "exec", "qx", "`", "open", "IPC::"],
            &["system", "qx", "`", "open("],
        ),
        Language::Php => (
            &[
                "exec(",
                "system(",
                "passthru(",
                "proc_open(",
                "popen(",
                "Process(",
            ],
            &["exec(", "system(", "passthru(", "proc_open(", "popen("],
        ),
        Language::Lua => (&["os.execute", "io.popen"], &["os.execute", "io.popen"]),
        Language::Other => (
            &[
                "exec",
                "system",
                "popen",
                "spawn",
                "os:cmd",
                "open_port",
                "pipe",
                "process",
                "Cmd",
                "shell",
            ],
            &["system", "popen", "os:cmd", "pipe", "shell"],
        ),
        Language::Java => (&[], &[]),
    }
}

/// What packages name, though the program that uses them builds and installs nothing.
const BUILDERS: &[&str] = &[
    "apk", "apt", "apt-get", "ar", "as", "c++", "cc", "clang", "cmake", "debconf", "dpkg", "g++",
    "gcc", "gem", "ld", "make", "npm", "npx", "pip", "pip3", "rpm", "yarn", "yum",
];

/// Programs that strings in a source name. A package of somebody else's has to name them close to
/// what starts them.
fn keep_programs(
    trace: &mut Trace<'_>,
    name: NameId,
    language: Language,
    text: &str,
    is_own: bool,
) {
    const CLOSE: usize = 160;
    let (starters, shells) = starters(language);
    let starts: Vec<usize> = starters
        .iter()
        .flat_map(|starter| text.match_indices(starter).map(|(at, _)| at))
        .collect();
    if starts.is_empty() {
        return;
    }
    let is_program = is_own || !super::is_module(trace.tree(), &trace.graph, name);
    if is_program && shells.iter().any(|shell| text.contains(shell)) {
        trace.keep_path(
            b"/bin/sh",
            Some(name),
            Why::Command {
                word: "sh".to_owned(),
                line: 1,
            },
        );
    }
    let bare = if language == Language::Other {
        bare_commands(text)
    } else {
        Vec::new()
    };
    for (at, literal) in strings(text).chain(bare) {
        let is_close = || starts.iter().any(|&start| start < at && at - start < CLOSE);
        if literal.len() > 2000 || !(is_own || is_close()) {
            continue;
        }
        let line = text[..at].matches('\n').count() + 1;
        keep_program(trace, name, literal, line, is_own);
        // `"#{system('test -d x')}"`: code in a text has texts of its own.
        for (_, inner) in strings(literal).filter(|_| literal.contains('{')) {
            keep_program(trace, name, inner, line, is_own);
        }
    }
}

/// Programs that stand where a string has commands, but of a package no compilers and no shells.
pub(super) fn keep_program(
    trace: &mut Trace<'_>,
    name: NameId,
    literal: &str,
    line: usize,
    is_own: bool,
) {
    for word in command_words(literal) {
        if !is_own && (BUILDERS.contains(&word) || shell::is_shell(word)) {
            continue;
        }
        if let Some(path) = trace.programs.find(trace.view, word.as_bytes())
            && is_executable(trace, &path)
        {
            trace.keep_path(
                &path,
                Some(name),
                Why::Command {
                    word: word.to_owned(),
                    line,
                },
            );
        }
    }
}

fn is_executable(trace: &Trace<'_>, path: &[u8]) -> bool {
    let inode = |name| trace.tree().inode(name);
    trace
        .tree()
        .resolve(path)
        .is_ok_and(|resolved| inode(resolved.name).header.mode & 0o111 != 0)
}

/// The words of a string that stand where a command would: at its start, and after `|`, `;` and
/// `&&`.
fn command_words(literal: &str) -> impl Iterator<Item = &str> {
    let is_name = |word: &&str| {
        word.len() > 1
            && word
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._/+-".contains(&byte))
    };
    literal
        .split(['|', ';', '&', '\n'])
        .filter_map(|part| part.split_whitespace().next())
        .filter(is_name)
}

/// Strings in quotes, none longer than its line, with their places.
fn strings(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let open = at + text.get(at..)?.find(['\'', '"', '`'])?;
            let quote = text[open..].chars().next()?;
            let rest = &text[open + 1..];
            // One that nothing closes is none.
            let Some(close) = rest.find([quote, '\n']) else {
                at = open + 1;
                continue;
            };
            at = open + 1 + close + 1;
            if rest[close..].starts_with(quote) {
                return Some((open, &rest[..close]));
            }
            // An apostrophe: what is behind it may be a string.
            at = open + 1;
        }
    })
}

/// What follows `exec` on its line where a language needs no quotes, as Tcl does: `[exec
/// -ignorestderr date -u]`.
fn bare_commands(text: &str) -> Vec<(usize, &str)> {
    let after = |(at, word): (usize, &str)| {
        let line = text[at + word.len()..].lines().next().unwrap_or_default();
        let command = line.trim_start().trim_start_matches(['{', '"']);
        let options = command
            .split_whitespace()
            .take_while(|word| word.starts_with('-'));
        let skipped: usize = options.map(|option| option.len() + 1).sum();
        (at, command.get(skipped..).unwrap_or_default())
    };
    text.match_indices("exec ").map(after).collect()
}

/// Libraries that a source opens by name, and by `find_library('z')`, which asks `ldconfig`.
fn keep_libraries(trace: &mut Trace<'_>, name: NameId, text: &str) {
    if memchr::memmem::find(text.as_bytes(), b".so").is_some() {
        for (_, literal) in strings(text).filter(|(_, literal)| is_library(literal)) {
            keep_library(trace, name, literal, |file_name| {
                file_name == literal.as_bytes()
            });
        }
    }
    for call in ["find_library(", "ffi_lib "] {
        for (at, _) in text.match_indices(call) {
            let Some((_, short)) = strings(&text[at..])
                .next()
                .filter(|(open, _)| *open <= call.len() + 1)
            else {
                continue;
            };
            let prefix = format!("lib{short}.so");
            keep_library(trace, name, short, |file_name| {
                file_name.starts_with(prefix.as_bytes())
            });
            for asked in ["/sbin/ldconfig", "/etc/ld.so.cache"] {
                trace.keep_path(
                    asked.as_bytes(),
                    Some(name),
                    Why::Mention {
                        word: asked.to_owned(),
                        line: 1,
                    },
                );
            }
        }
    }
}

fn is_library(literal: &str) -> bool {
    literal.starts_with("lib") && literal.contains(".so") && !literal.contains(['/', ' ', '*'])
}

pub(super) fn keep_library(
    trace: &mut Trace<'_>,
    by: NameId,
    word: &str,
    is_it: impl Fn(&[u8]) -> bool,
) {
    let tree = trace.tree();
    let mut directories: Vec<Vec<u8>> =
        ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"]
            .map(|path| path.as_bytes().to_vec())
            .into();
    for parent in [&b"/lib"[..], b"/usr/lib"] {
        if let Ok(resolved) = tree.resolve(parent) {
            let is_triplet = |&child: &NameId| contains(tree.file_name(child), "-linux-");
            let triplets: Vec<Vec<u8>> = tree
                .children(resolved.name)
                .filter(is_triplet)
                .map(|child| tree.path(child))
                .collect();
            directories.extend(
                triplets
                    .iter()
                    .map(|triplet| [triplet, &b"/jni"[..]].concat()),
            );
            directories.extend(triplets);
        }
    }
    directories.extend(super::path_list(trace, "LD_LIBRARY_PATH"));
    for directory in directories {
        let Ok(resolved) = tree.resolve(&directory) else {
            continue;
        };
        for file in tree
            .children(resolved.name)
            .filter(|&file| is_it(tree.file_name(file)))
        {
            trace.keep_path(
                &tree.path(file),
                Some(by),
                Why::Mention {
                    word: word.to_owned(),
                    line: 1,
                },
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_end_on_their_line() {
        let text = "a = 'b'; c = \"d e\" # don't\nf(`g`)";
        let found: Vec<&str> = strings(text).map(|(_, literal)| literal).collect();
        assert_eq!(found, ["b", "d e", "g"]);
    }

    #[test]
    fn a_command_needs_no_quotes_in_tcl() {
        let found: Vec<&str> =
            bare_commands("puts [exec -ignorestderr date -u]\nexec sort\n# exec")
                .iter()
                .map(|(_, command)| *command)
                .collect();
        assert_eq!(found, ["date -u]", "sort"]);
    }

    #[test]
    fn what_is_only_tried_is_told() {
        let is_tried = |text: &str| is_tried(&text.lines().collect::<Vec<_>>());
        assert!(is_tried("try:\n    import setuptools"));
        assert!(is_tried(
            "  try:\n    a\n  except ImportError:\n\n    import pkg_resources"
        ));
        assert!(!is_tried(
            "try:\n  a\nexcept X:\n  b\ndef f():\n  import pip"
        ));
        assert!(!is_tried("try:\n    a\nimport pip"));
    }

    #[test]
    fn commands_stand_at_the_start_and_behind_operators() {
        let words = |literal| command_words(literal).collect::<Vec<_>>();
        assert_eq!(
            words("gzip -c x | sort; true && /usr/bin/id"),
            ["gzip", "sort", "true", "/usr/bin/id"]
        );
        assert_eq!(words("%s no"), Vec::<&str>::new());
    }
}
