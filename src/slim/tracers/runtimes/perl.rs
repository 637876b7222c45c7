//! Perl: the directories in `@INC`, with the extensions in `auto`.
//!
//! Debian's Perl has a small library, `perl-base`, which contains all modules that Perl itself
//! loads. If it exists and all Perl code is in scripts of the distribution, only the other modules
//! that these scripts use are kept; otherwise everything is.

use std::collections::BTreeSet;

use super::directories::{is_development, is_directory_of, is_plain_file, keep_tree_at};
use super::literals;
use super::state::State;
use crate::elf::Files;
use crate::image::{NameId, Tree};
use crate::slim::keep::Keep;
use crate::slim::why::{Language, Why};

/// `@INC` is built into the program or its library.
pub(super) fn keep(state: &mut State, keep: &mut Keep<'_>, name: NameId) {
    let Some(bytes) = keep.view.read(keep.tree().inode_id(name)) else {
        return;
    };
    let why = Why::runtime(Language::Perl);
    let mut directories = literals::paths(&bytes, b"perl");
    directories.extend(keep.path_list("PERL5LIB").iter().cloned());
    // Debug data in `/usr/lib/debug` has such names too.
    directories.retain(|path| !path.starts_with(b"/usr/lib/debug/"));
    let base = directories
        .iter()
        .find(|path| path.ends_with(b"/perl-base"))
        .cloned();
    // `perl-base` is kept as a whole: it is small, and Debian selects its modules so that essential
    // packages work.
    let base = base.and_then(|base| keep_tree_at(keep, &base, name, &why, &is_left_out));
    // Without `perl-base`, it is unknown which modules the distribution needs.
    if base.is_none() {
        state.perl.has_application = true;
    }
    state.perl.programs.insert(name);
    state.perl.directories.extend(directories);
}

pub(super) fn settle(state: &mut State, keep: &mut Keep<'_>) {
    let Some(&program) = state.perl.programs.first() else {
        return;
    };
    let directories = state.perl.directories.clone();
    // An application may load any module by a computed name.
    if state.perl.has_application {
        let why = Why::runtime(Language::Perl);
        let unrequested = state.unrequested.of(Language::Perl);
        let skip = |tree: &Tree, name| is_left_out(tree, name) || unrequested.contains(&name);
        for path in directories {
            keep_tree_at(keep, &path, program, &why, &skip);
        }
        return;
    }
    // Modules that are kept here are source files too, and are handled in the next round.
    for source in std::mem::take(&mut state.perl.waiting) {
        state.perl.sources.insert(source);
        let Some(bytes) = keep.view.bytes(source).map(|bytes| bytes.to_vec()) else {
            continue;
        };
        let text = String::from_utf8_lossy(&bytes);
        // `use lib` prepends a directory to `@INC` for this source file.
        let mut own = libraries(&text);
        own.retain(|path| keep.tree().resolve(path.as_bytes()).is_ok());
        let directories: Vec<&[u8]> = directories
            .iter()
            .map(Vec::as_slice)
            .chain(own.iter().map(|own| own.as_bytes()))
            .collect();
        for module in modules(&text) {
            keep_module(keep, source, &module, &directories);
        }
    }
}

/// The literal directories of `use lib`.
fn libraries(text: &str) -> BTreeSet<&str> {
    let lines = text
        .lines()
        .map(str::trim_start)
        .filter_map(|line| line.strip_prefix("use lib "));
    lines
        .flat_map(|line| line.split(['\'', '"', ' ', '(', ')', ';']))
        .filter(|path| path.starts_with('/'))
        .collect()
}

/// Module names in source code: arguments of `use` and `require`, and all words that contain `::`.
fn modules(text: &str) -> BTreeSet<String> {
    let mut modules = BTreeSet::new();
    for line in code(text)
        .map(str::trim_start)
        .filter(|line| !line.starts_with('#'))
    {
        for keyword in ["use ", "require ", "no "] {
            for (at, _) in line.match_indices(keyword) {
                let rest = line[at + keyword.len()..].trim_start();
                let end = rest
                    .find(|char: char| !is_module_char(char))
                    .unwrap_or(rest.len());
                modules.insert(rest[..end].to_owned());
            }
        }
        modules.extend(layers(line));
        // These load the modules that their list names, with or without `::`.
        let is_list = line.starts_with("use parent") || line.starts_with("use base");
        let words = line.split(|char: char| !is_module_char(char));
        modules.extend(
            words
                .filter(|word| is_list || word.contains("::"))
                .map(str::to_owned),
        );
    }
    // `use 5.010` requires a version.
    modules.retain(|module| module.chars().next().is_some_and(char::is_alphabetic));
    modules
}

/// Modules of the layers that a file is opened with: `open(my $f, '<:gzip', $path)`,
/// `binmode(STDIN, ':encoding(UTF-8)')`; and that of files in memory, `open(my $f, '<', \$text)`.
fn layers(line: &str) -> Vec<String> {
    let mut modules = Vec::new();
    if !["open", "binmode", "PERLIO"]
        .iter()
        .any(|word| line.contains(word))
    {
        return modules;
    }
    if line.contains(", \\") || line.contains(",\\") {
        modules.push("PerlIO::scalar".to_owned());
    }
    for (at, _) in line.match_indices(':') {
        // A layer follows a mode, a quote or another layer; two colons are part of a module name.
        let is_layer = line[..at].ends_with(['<', '>', '\'', '"', ' ', ')'])
            || line[..at].ends_with(|char: char| char.is_ascii_alphanumeric());
        let rest = &line[at + 1..];
        let end = rest
            .find(|char: char| !char.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        if is_layer && end > 0 && !rest.starts_with(':') {
            modules.push(format!("PerlIO::{}", &rest[..end]));
        }
    }
    modules
}

/// Lines up to the end of the code, without the manual between `=head1` and `=cut`.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let mut is_manual = false;
    let lines = text
        .lines()
        .take_while(|line| !matches!(*line, "__END__" | "__DATA__"));
    lines.filter(move |line| {
        let is_directive =
            line.starts_with('=') && line[1..].starts_with(|char: char| char.is_ascii_alphabetic());
        let goes_on = (is_manual || is_directive) && !line.starts_with("=cut");
        let was_manual = std::mem::replace(&mut is_manual, goes_on);
        !was_manual && !is_directive
    })
}

fn is_module_char(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '_' | ':')
}

/// `A::B` is `A/B.pm`, with the contents of `A/B`, and its extension in `auto/A/B`.
fn keep_module(keep: &mut Keep<'_>, source: NameId, module: &str, directories: &[&[u8]]) {
    let path = module.trim_matches(':').replace("::", "/");
    for directory in directories {
        // A source may name many directories and many modules.
        if keep.is_exhausted() {
            return;
        }
        let file = below(directory, &format!("{path}.pm"));
        // All directories in `@INC` are tried, because the parts of an XS module may be in two of
        // them.
        if keep.tree().resolve(&file).is_err() {
            continue;
        }
        let why = Why::module(Language::Perl, module.to_owned());
        keep.keep_path(&file, Some(source), why.clone());
        for part in [path.clone(), format!("auto/{path}")] {
            keep_tree_at(keep, &below(directory, &part), source, &why, &is_left_out);
        }
    }
}

fn below(directory: &[u8], path: &str) -> Vec<u8> {
    [directory, b"/", path.as_bytes()].concat()
}

/// Documentation, headers, and modules that Debian uses to configure and install packages.
fn is_left_out(tree: &Tree, name: NameId) -> bool {
    const MACHINERY: &[&str] = &[
        "CORE",
        "CPANPLUS",
        "Debconf",
        "DebianNet",
        "Dpkg",
        "ExtUtils",
    ];
    is_development(tree, name)
        || (is_plain_file(tree, name) && tree.file_name(name).ends_with(b".pod"))
        || is_directory_of(tree, name, MACHINERY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn used_modules_and_strings_that_look_like_modules_are_found() {
        let text = "use strict;\n# use Not;\nuse lib '/a/b';\n  require A::B;\n\
                    use parent qw(C D::E);\nload('F::G'); eval { require H };\n\
                    =head1 X\n\nNo::Manual\n=cut\nuse I;\n__END__\nuse J;";
        let modules: Vec<String> = modules(text).into_iter().collect();
        assert_eq!(
            modules,
            [
                "A::B", "C", "D::E", "F::G", "H", "I", "lib", "parent", "qw", "strict", "use"
            ]
        );
        assert_eq!(libraries(text), BTreeSet::from(["/a/b"]));
    }

    #[test]
    fn io_layers_of_open_are_perl_modules() {
        assert_eq!(layers("open(my $f, '<:gzip', $p)"), ["PerlIO::gzip"]);
        assert_eq!(
            layers("binmode(STDIN, ':encoding(UTF-8)');"),
            ["PerlIO::encoding"]
        );
        assert_eq!(layers("open(my $f, '<', \\$text)"), ["PerlIO::scalar"]);
        assert_eq!(layers("A::open();"), Vec::<String>::new());
        assert_eq!(layers("print 'a :b'"), Vec::<String>::new());
    }
}
