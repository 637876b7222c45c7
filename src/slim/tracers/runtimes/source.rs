//! Source files: the modules that they load and that are otherwise skipped, the programs that they
//! start, the libraries that they open.
//!
//! Source code is not parsed, only searched: a string that is the name of a program counts if the
//! file contains a call that starts programs.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;

use super::calls::{Calls, is_among, start_of_line, starts_programs, strings};
use super::programs::{self, keep_program};
use super::state::State;
use super::{application, beside, directories, java, lua, node, python, ruby};
use crate::image::NameId;
use crate::knowledge::{
    language_of_interpreter, language_of_source, library_openers, program_starters,
};
use crate::slim::keep::Keep;
use crate::slim::language_paths::{contains, is_module, is_packaged, is_standard};
use crate::slim::modules::node::leftovers;
use crate::slim::options::Modules;
use crate::slim::shebang;
use crate::slim::tracers::shell;
use crate::slim::tracers::shell::Lines;
use crate::slim::why::{Language, Why};

/// Longer strings are not commands.
const MAX_LITERAL: usize = 2000;
/// Longer files are data or generated bundles.
const MAX_SOURCE: usize = 8 << 20;

pub(super) fn trace(state: &mut State, keep: &mut Keep<'_>, name: NameId) {
    let Some(language) = language(keep, name) else {
        return;
    };
    state.sources.insert(name);
    if language == Language::Node {
        state.modules.see(keep, name);
    }
    let path = keep.tree().path(name);
    if language == Language::Python && !is_standard(&path) {
        state.python_modules.add_source(name);
    }
    // Perl source files wait until the Perl installation is known.
    if language == Language::Perl {
        state.perl.follow(name, &path);
    }
    // Such as an archive of a Java installation in `/opt`.
    let is_part_of_java = language == Language::Java && is_of_runtime(keep, name);
    if is_standard(&path) || is_build_time(&path) || is_part_of_java {
        return;
    }
    state.unrequested.request(language, name);
    // A package is kept by its language's tracer, an application as a whole.
    if !is_packaged(&path) {
        application::keep(state, keep, name, language);
    }
    if language == Language::Java {
        return java::jar::trace(keep, name);
    }
    read(state, keep, name, language, &path);
}

/// Looks at sources that a command line has named only after they were shown.
pub(super) fn trace_named(state: &mut State, keep: &mut Keep<'_>) {
    let mut named = Vec::new();
    for &name in keep.sources.keys() {
        if keep.is_shown(name) && !state.sources.contains(&name) {
            named.push(name);
        }
    }
    for name in named {
        trace(state, keep, name);
    }
}

/// Whether a file is only kept as a part of what runs a language.
fn is_of_runtime(keep: &Keep<'_>, name: NameId) -> bool {
    let mut reasons = keep.graph.reasons(name).iter();
    reasons.all(|reason| matches!(reason.why, Why::Runtime { .. }))
}

/// Analyzes the text of a source file.
fn read(state: &mut State, keep: &mut Keep<'_>, name: NameId, language: Language, path: &[u8]) {
    let Some(bytes) = keep
        .view
        .bytes(name)
        .filter(|bytes| bytes.len() <= MAX_SOURCE)
    else {
        return;
    };
    if !keep.effort.sources.spend(bytes.len()) {
        let text = "too many source files in the image: this one is not analyzed".to_owned();
        return keep.note(Some(name), None, text);
    }
    let text = String::from_utf8_lossy(&bytes);
    // Every string of an application counts; a package contains far more code than is ever used.
    let is_own = !is_packaged(path) && !is_distributions(path);
    match language {
        Language::Python => want_python(state, name, &text, is_own),
        Language::Ruby => want_ruby(state, keep, name, &text),
        Language::Lua => lua::keep_required(keep, name, &text),
        // A package lists its dependencies in its manifest; an application may depend on anything
        // that is installed.
        Language::Node if is_own && keep.module_level == Modules::Whole => {
            let directory = keep.tree().parent(name);
            // A bundle may require the same package on every line.
            let requests: BTreeSet<&str> = leftovers::requests(&text).collect();
            node::keep_required(state, keep, name, directory, requests);
        }
        _ => {}
    }
    if language == Language::Python {
        keep_search_path(keep, name, &text);
    }
    if language == Language::Node {
        node::keep_required_left_out(state, keep, name, &text);
    }
    if language == Language::Python && is_packaged(path) {
        python::keep_imported_tests(keep, name, &text);
    }
    if language == Language::Python && !is_packaged(path) {
        keep_siblings(keep, name, &text);
    }
    // An application is kept with everything in it.
    if is_packaged(path) && !is_for_developers(path) {
        beside::trace(keep, name, &text);
    }
    keep_programs(keep, name, language, &text, is_own);
    keep_added_programs(state, keep, name, &text, is_own);
    keep_libraries(keep, name, &text);
}

/// The language of a file, judging by its extension or its `#!` line.
fn language(keep: &Keep<'_>, name: NameId) -> Option<Language> {
    let file_name = keep.tree().file_name(name);
    if let Some(language) = language_of_source(file_name) {
        return Some(language);
    }
    // A command line that names the file shows its language.
    if let Some(&language) = keep.sources.get(&name) {
        return Some(language);
    }
    // Without a known ending only a program is looked at, for its `#!` line.
    if keep.tree().inode(name).header.mode & 0o111 == 0 {
        return None;
    }
    let program = shebang::parse(&shebang::head(keep.view, name))?.program_name();
    if let Some(script) = language_of_interpreter(&program) {
        return Some(script.language);
    }
    // Shell scripts have a separate tracer.
    if shell::is_shell(&String::from_utf8_lossy(&program)) {
        return None;
    }
    Some(Language::Other)
}

/// Whether a program was installed by the distribution rather than written for this image.
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

/// Whether a file of a package is only used for builds or tests.
pub(in crate::slim) fn is_build_time(path: &[u8]) -> bool {
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

/// Records the top-level names in `import a.b, c` and `from d import e`, at any nesting level. A
/// third-party package does not need modules that it only tries to import.
fn want_python(state: &mut State, source: NameId, text: &str, is_own: bool) {
    let mut blocks = Blocks::default();
    for line in text.lines() {
        let is_tried = blocks.is_tried(line);
        let line = line.trim_start();
        // Imports inside functions count too; they just run later.
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
            // Many programs have their own module `test`.
            let is_suite = top != "test"
                || name.starts_with("test.support")
                || names.starts_with("test import support");
            let known = all.copied().find(|known| *known == top && is_suite);
            if let Some(known) = known
                && (is_own || !is_tried)
            {
                state.want(Language::Python, known, source);
            }
        }
    }
}

/// The Python blocks around a line, by indentation. They are updated line by line, so that previous
/// lines are not read again for every import.
#[derive(Default)]
struct Blocks {
    /// The lines that open the blocks around the last line: their indentation, and whether they are
    /// `try` or `except`.
    openers: Vec<(usize, bool)>,
}

impl Blocks {
    /// Processes the next line; returns whether it is in a `try` or `except` block.
    fn is_tried(&mut self, line: &str) -> bool {
        let code = line.trim();
        if code.is_empty() {
            return false;
        }
        let indentation = indentation(line);
        while self
            .openers
            .pop_if(|opener| opener.0 >= indentation)
            .is_some()
        {}
        let is_tried = self.openers.last().is_some_and(|opener| opener.1);
        let is_try = code.starts_with("try:") || code.starts_with("except");
        self.openers.push((indentation, is_try));
        is_tried
    }
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// `require 'debug/session'`, `gem "rbs"`, a specification's `%q<minitest>`, a lock file's `
/// minitest (5.15.0)`.
fn want_ruby(state: &mut State, keep: &Keep<'_>, source: NameId, text: &str) {
    let path = keep.tree().path(source);
    // A gem names itself in its own sources.
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
            state.want(Language::Ruby, gem, source);
        }
    }
}

/// Directories that a program adds to its search path: `sys.path.insert(1, '/usr/share/x')`.
fn keep_search_path(keep: &mut Keep<'_>, name: NameId, text: &str) {
    let mut seen = HashSet::new();
    for line in text.lines().filter(|line| line.contains("sys.path")) {
        for (_, literal) in strings(line) {
            let is_path = literal.starts_with('/') && !is_standard(literal.as_bytes());
            // Keeping a directory walks it, so it is done once.
            if is_path && seen.insert(literal) {
                let why = Why::module(Language::Python, literal.to_owned());
                let path = literal.as_bytes();
                directories::keep_tree_at(keep, path, name, &why, &application::is_left_out);
            }
        }
    }
}

/// A script in a directory of the distribution loads modules that are next to it.
fn keep_siblings(keep: &mut Keep<'_>, name: NameId, text: &str) {
    let tree = keep.tree();
    let directory = tree.parent(name);
    let mut seen = HashSet::new();
    for top in text.lines().filter_map(imported) {
        // Keeping a package requires a walk, so it is only done once.
        if !seen.insert(top) {
            continue;
        }
        let why = Why::module(Language::Python, top.to_owned());
        if let Some(module) = tree.child(directory, format!("{top}.py").as_bytes()) {
            keep.graph.keep(module, Some(name), why.clone());
        }
        let package = tree.child(directory, top.as_bytes());
        if let Some(package) =
            package.filter(|&package| tree.child(package, b"__init__.py").is_some())
        {
            directories::keep_tree(keep, package, name, &why, &application::is_left_out);
        }
    }
}

/// The top-level name of the module that a line of Python imports.
fn imported(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let rest = line
        .strip_prefix("import ")
        .or_else(|| line.strip_prefix("from "))?;
    let top = rest.trim_start().split(['.', ' ', ';', ',']).next()?;
    // `from . import x` is relative to a package, which is kept as a whole.
    if top.is_empty() { None } else { Some(top) }
}

/// Keeps programs named in strings of a source file. In a third-party package, they must be in the
/// call that starts them: many programs are called like a keyword or a method, such as `import`.
fn keep_programs(keep: &mut Keep<'_>, name: NameId, language: Language, text: &str, is_own: bool) {
    let starters = program_starters(language);
    // In a source file that starts no programs, names in strings are coincidences.
    let found = starters.find(text);
    if !starts_programs(starters, text, &found) {
        return;
    }
    // Applications never load these files.
    if !is_own && is_for_developers(&keep.tree().path(name)) {
        return;
    }
    // A third-party module may contain code that starts a shell and is never called.
    let is_program = is_own || !is_module(keep.tree(), &keep.graph, name);
    if is_program
        && found
            .iter()
            .any(|(_, text)| is_among(&starters.shell, text))
    {
        keep.keep_path(b"/bin/sh", Some(name), Why::command("sh".to_owned(), 1));
    }
    let calls = if is_own {
        None
    } else {
        Some(Calls::find(text, starters))
    };
    let lines = Lines::of(text, 0);
    for (at, literal) in strings(text) {
        if calls.as_ref().is_none_or(|calls| calls.start(at)) {
            keep_command(keep, name, literal, lines.line(at), is_own);
        }
    }
    if language == Language::Other {
        for (at, literal) in bare_commands(text) {
            keep_command(keep, name, literal, lines.line(at), is_own);
        }
    }
}

/// Keeps the programs in a string that is a command.
fn keep_command(keep: &mut Keep<'_>, name: NameId, literal: &str, line: usize, is_own: bool) {
    if literal.len() > MAX_LITERAL {
        return;
    }
    keep_program(keep, name, literal, line, is_own);
    // `"#{system('test -d x')}"`: code in a string contains strings.
    if literal.contains('{') {
        for (_, inner) in strings(literal) {
            keep_program(keep, name, inner, line, is_own);
        }
    }
}

/// Whether a file describes the build of a gem, or is part of a gem for development that Ruby
/// includes, such as the debugger, which starts an editor.
fn is_for_developers(path: &[u8]) -> bool {
    let mut gems = ruby::DEVELOPMENT.iter();
    path.ends_with(b"/Rakefile")
        || path.ends_with(b".gemspec")
        || gems.any(|gem| contains(path, &format!("/gems/{gem}-")))
}

/// Programs that a layer above the base image added, and whose name is a string in a source.
/// Someone installed them for this image, so the string counts wherever it stands.
fn keep_added_programs(
    state: &mut State,
    keep: &mut Keep<'_>,
    name: NameId,
    text: &str,
    is_own: bool,
) {
    let added = added_programs(state, keep);
    if added.is_empty() {
        return;
    }
    let lines = Lines::of(text, 0);
    let mut seen = HashSet::new();
    for (at, literal) in strings(text) {
        if added.contains(literal.as_bytes()) && seen.insert(literal) {
            programs::keep_named(keep, name, literal, lines.line(at), is_own);
        }
    }
}

/// The names of programs on PATH that layers above the base image added.
pub(super) fn added_programs(state: &mut State, keep: &Keep<'_>) -> Rc<HashSet<Vec<u8>>> {
    let added = state.added_programs.get_or_insert_with(|| {
        let tree = keep.tree();
        Rc::new(
            keep.programs
                .names(tree, |name| keep.is_added(name) && !tree.is_directory(name)),
        )
    });
    Rc::clone(added)
}

/// Text after `exec` on a line, for languages that need no quotes, such as Tcl: `[exec
/// -ignorestderr date -u]`.
fn bare_commands(text: &str) -> Vec<(usize, &str)> {
    let mut commands = Vec::new();
    for (at, word) in text.match_indices("exec ") {
        let line = start_of_line(&text[at + word.len()..], 2 * MAX_LITERAL);
        // In Tcl, a bracket ends the command.
        let line = line.split(']').next().unwrap_or_default();
        let command = line.trim_start().trim_start_matches(['{', '"']);
        let mut skipped = 0;
        for option in command.split_whitespace() {
            if !option.starts_with('-') {
                break;
            }
            skipped += option.len() + 1;
        }
        commands.push((at, command.get(skipped..).unwrap_or_default()));
    }
    commands
}

/// Keeps libraries that a source file opens by name, or with `find_library('z')`, which uses
/// `ldconfig`.
fn keep_libraries(keep: &mut Keep<'_>, name: NameId, text: &str) {
    let opens = opens_libraries(text);
    let short_names = if opens {
        asked_of_ldconfig(text)
    } else {
        BTreeMap::new()
    };
    // Each name with the place of its first string.
    let mut libraries: BTreeMap<&str, usize> = BTreeMap::new();
    if memchr::memmem::find(text.as_bytes(), b".so").is_some() {
        for (at, literal) in strings(text) {
            if is_library(literal, opens) {
                libraries.entry(literal).or_insert(at);
            }
        }
    }
    if libraries.is_empty() && short_names.is_empty() {
        return;
    }
    let lines = Lines::of(text, 0);
    let why = |word: &str| {
        let at = libraries.get(word).or_else(|| short_names.get(word));
        why_opened(word, lines.line(at.copied().unwrap_or_default()), opens)
    };
    let full: Vec<&str> = libraries.keys().copied().collect();
    let short: Vec<&str> = short_names.keys().copied().collect();
    programs::keep_libraries(keep, name, &full, &short, &why);
    if short.is_empty() {
        return;
    }
    let calls = library_openers().by_short_name.iter();
    let first = calls.filter_map(|call| text.find(call.as_str())).min();
    let line = lines.line(first.unwrap_or_default());
    for asked in ["/sbin/ldconfig", "/etc/ld.so.cache"] {
        let why = why_opened("find_library", line, true);
        keep.keep_path(asked.as_bytes(), Some(name), why);
    }
}

/// Whether a source file opens libraries by name instead of only mentioning them.
fn opens_libraries(text: &str) -> bool {
    library_openers().are_in(text)
}

/// The reason for a library: it is needed if a source file opens it, and may be needed if it is
/// only mentioned.
fn why_opened(word: &str, line: usize, opens: bool) -> Why {
    let word = word.to_owned();
    if opens {
        Why::Named { word, line }
    } else {
        Why::Mention { word, line }
    }
}

/// The `z` in `find_library('z')` and in Ruby's `ffi_lib 'z'`, with its first place.
fn asked_of_ldconfig(text: &str) -> BTreeMap<&str, usize> {
    let mut names = BTreeMap::new();
    let mut is_variable = false;
    for call in &library_openers().by_short_name {
        for (at, _) in text.match_indices(call.as_str()) {
            // The name must be the first argument of the call, preceded by at most one space.
            let argument = &text.as_bytes()[at + call.len()..];
            if !argument.iter().take(2).any(|byte| b"'\"`".contains(byte)) {
                is_variable = true;
                continue;
            }
            let rest = start_of_line(&text[at + call.len()..], MAX_LITERAL);
            if let Some((0 | 1, short)) = strings(rest).next() {
                names.entry(short).or_insert(at);
            }
        }
    }
    // A variable has one of the strings of the file.
    if is_variable {
        for (at, literal) in strings(text) {
            if is_short(literal) {
                names.entry(literal).or_insert(at);
            }
        }
    }
    names
}

/// Whether a string can be the name of a library without `lib` and `.so`.
fn is_short(name: &str) -> bool {
    name.len() > 1
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-.+".contains(&byte))
}

/// Whether a string is the name of a library. Database modules do not start with `lib`.
fn is_library(literal: &str, opens: bool) -> bool {
    let has_ending = literal.as_bytes().ends_with(b".so") || literal.contains(".so.");
    (opens || literal.starts_with("lib")) && has_ending && !literal.contains(['/', ' ', '*'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_literal_ends_on_its_line() {
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
        assert_eq!(found, ["date -u", "sort"]);
    }

    #[test]
    fn imports_inside_try_blocks_are_optional() {
        let is_tried = |text: &str| {
            let mut blocks = Blocks::default();
            text.lines().map(|line| blocks.is_tried(line)).last()
        };
        assert_eq!(is_tried("try:\n    import setuptools"), Some(true));
        let after_except = "  try:\n    a\n  except ImportError:\n\n    import pkg_resources";
        assert_eq!(is_tried(after_except), Some(true));
        let in_function = "try:\n  a\nexcept X:\n  b\ndef f():\n  import pip";
        assert_eq!(is_tried(in_function), Some(false));
        assert_eq!(is_tried("try:\n    a\nimport pip"), Some(false));
    }
}
