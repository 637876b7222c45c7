//! Tracer for makefiles in images that run `make`: recipes are shell code, and rules without a
//! recipe run the compilers named in make's built-in variables.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::shell;
use crate::image::NameId;
use crate::slim::application_texts::{Owner, owner_of_text};
use crate::slim::keep::Keep;
use crate::slim::tracer::Tracer;

/// Maximum length in bytes of a recipe line after its variables are replaced.
const LONGEST_LINE: usize = 8 << 10;

/// Maximum number of bytes of recipes and values that are read to replace references in a makefile:
/// large makefiles have a few thousand references to short values.
const MAX_EFFORT: usize = 16 << 20;

/// Maximum number of recipe lines in a makefile. The largest generated ones have 50,000.
const MAX_RECIPES: usize = 100_000;

/// Maximum nesting of variables that refer to variables.
const DEEPEST: usize = 8;

/// Variables that make sets. The built-in rules use the first three.
/// See <https://www.gnu.org/software/make/manual/html_node/Implicit-Variables.html>.
const IMPLICIT: [(&str, &str); 10] = [
    ("CC", "cc"),
    ("CXX", "g++"),
    ("AS", "as"),
    ("AR", "ar"),
    ("CPP", "cc -E"),
    ("FC", "f77"),
    ("LEX", "lex"),
    ("MAKE", "make"),
    ("RM", "rm -f"),
    ("YACC", "yacc"),
];

/// Reads the application's makefiles as soon as `make` is kept.
#[derive(Debug, Default)]
pub(super) struct MakefileTracer {
    has_make: bool,
    waiting: Vec<NameId>,
}

impl Tracer for MakefileTracer {
    fn trace(&mut self, keep: &mut Keep<'_>, name: NameId) {
        if !keep.is_file(name) {
            return;
        }
        let file_name = keep.tree().file_name(name);
        self.has_make |= matches!(file_name, b"make" | b"gmake" | b"bmake" | b"remake");
        if is_makefile(file_name) {
            let path = keep.tree().path(name);
            if owner_of_text(keep, name, &path) == Some(Owner::Application) {
                self.waiting.push(name);
            }
        }
    }

    fn settle(&mut self, keep: &mut Keep<'_>) -> bool {
        let before = keep.graph.kept().len();
        if self.has_make {
            for name in std::mem::take(&mut self.waiting) {
                read(keep, name);
            }
        }
        keep.graph.kept().len() > before
    }
}

fn is_makefile(file_name: &[u8]) -> bool {
    matches!(file_name, b"Makefile" | b"makefile" | b"GNUmakefile") || file_name.ends_with(b".mk")
}

/// Keeps the programs that the recipes of a makefile and the built-in rules run.
fn read(keep: &mut Keep<'_>, name: NameId) {
    let Some(bytes) = keep.view.bytes(name) else {
        return;
    };
    let text = String::from_utf8_lossy(&bytes);
    if !keep.effort.texts.spend(text.len()) {
        let text = "too much text in the image: the recipes in this file are not analyzed";
        return keep.note(Some(name), None, text.to_owned());
    }
    let makefile = Makefile::parse(&text);
    // An image may have many makefiles, so they share an allowance.
    let allowed = usize::try_from(keep.effort.texts.left()).unwrap_or(usize::MAX);
    let allowed = allowed.min(MAX_EFFORT);
    let mut left = allowed;
    for (line, recipe) in &makefile.recipes {
        shell::keep_text_of(keep, name, *line, &makefile.expanded(recipe, &mut left));
    }
    keep.effort.texts.spend(allowed - left);
    if left == 0 || makefile.is_cut {
        let text = "too many variables or recipes: not all recipes in this file are analyzed";
        keep.note(Some(name), None, text.to_owned());
    }
    if makefile.uses_built_in_rules {
        for variable in ["CC", "CXX", "AS"] {
            let command = format!("$({variable}) -c source");
            let command = makefile.expanded(&command, &mut { LONGEST_LINE });
            shell::keep_text_of(keep, name, 1, &command);
        }
    }
}

/// The parts of a makefile that determine which programs run.
#[derive(Debug, Default)]
struct Makefile {
    variables: BTreeMap<String, String>,
    /// Recipe lines with their line numbers.
    recipes: Vec<(usize, String)>,
    uses_built_in_rules: bool,
    /// Whether there are more recipe lines than are read.
    is_cut: bool,
}

impl Makefile {
    fn parse(text: &str) -> Self {
        let mut makefile = Self::default();
        for (name, value) in IMPLICIT {
            makefile.variables.insert(name.to_owned(), value.to_owned());
        }
        // Object files without their own recipe are built by the built-in rules.
        makefile.uses_built_in_rules = text.contains(".o") && !text.contains("no-builtin-rules");
        for (line, text) in logical_lines(text) {
            if let Some(recipe) = text.strip_prefix('\t') {
                makefile.add_recipe(line, recipe);
                continue;
            }
            // A comment may look like an assignment.
            if text.trim_start().starts_with('#') {
                continue;
            }
            if let Some((name, value)) = assignment(&text) {
                makefile.variables.insert(name.to_owned(), value.to_owned());
            } else if let Some((_, recipe)) = text.split_once(';') {
                makefile.add_recipe(line, recipe);
            }
        }
        makefile
    }

    fn add_recipe(&mut self, line: usize, recipe: &str) {
        // These prefixes control whether the line is printed and whether a failure counts.
        let recipe = recipe.trim_start().trim_start_matches(['@', '-', '+']);
        if recipe.is_empty() {
            return;
        }
        if self.recipes.len() < MAX_RECIPES {
            self.recipes.push((line, recipe.to_owned()));
        } else {
            self.is_cut = true;
        }
    }

    /// A text with its variables replaced as far as they are known. Nothing is replaced any more
    /// when no effort is left.
    fn expanded(&self, text: &str, left: &mut usize) -> String {
        let mut out = String::new();
        self.expand(text, &mut out, left, 0);
        out
    }

    fn expand(&self, text: &str, out: &mut String, left: &mut usize, depth: usize) {
        // The end of a reference is searched for in the whole text, so the text is what counts.
        *left = left.saturating_sub(text.len());
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('$') {
            out.push_str(before);
            if out.len() > LONGEST_LINE || *left == 0 {
                return;
            }
            *left = left.saturating_sub(1);
            let (reference, after) = reference(behind);
            match reference {
                // The shell sees a single dollar sign.
                Reference::Dollar => out.push('$'),
                Reference::Shell(command) if depth < DEEPEST => {
                    out.push_str("$(");
                    self.expand(command, out, left, depth + 1);
                    out.push(')');
                }
                Reference::Variable(name) if depth < DEEPEST => {
                    // A longer value is left out: it would be copied for each of its references.
                    if let Some(value) = self.variables.get(name)
                        && value.len() <= LONGEST_LINE
                    {
                        self.expand(value, out, left, depth + 1);
                    }
                }
                // `$@` and `$<` are file names.
                Reference::Automatic => out.push_str("file"),
                _ => {}
            }
            rest = after;
        }
        out.push_str(rest);
    }
}

enum Reference<'a> {
    Dollar,
    Variable(&'a str),
    /// The command in a call of the function `shell`.
    Shell(&'a str),
    Automatic,
}

/// The reference after a dollar sign, and the text after the reference.
fn reference(text: &str) -> (Reference<'_>, &str) {
    let Some(first) = text.chars().next() else {
        return (Reference::Dollar, text);
    };
    let after = &text[first.len_utf8()..];
    let close = match first {
        '(' => ')',
        '{' => '}',
        '$' => return (Reference::Dollar, after),
        letter if letter.is_ascii_alphabetic() => return (Reference::Variable(&text[..1]), after),
        _ => return (Reference::Automatic, after),
    };
    let end = end_of_reference(after, first, close);
    let inner = &after[..end];
    let rest = after.get(end + 1..).unwrap_or_default();
    if let Some(command) = inner.strip_prefix("shell ") {
        return (Reference::Shell(command), rest);
    }
    // A blank after the name indicates another function, whose result is unknown.
    if inner.starts_with(['@', '<', '^', '*', '?']) {
        (Reference::Automatic, rest)
    } else {
        (Reference::Variable(inner), rest)
    }
}

/// The offset of the closing bracket of a reference, or of the end of the text.
fn end_of_reference(text: &str, open: char, close: char) -> usize {
    let mut depth = 0;
    for (at, char) in text.char_indices() {
        if char == open {
            depth += 1;
        } else if char == close {
            if depth == 0 {
                return at;
            }
            depth -= 1;
        }
    }
    text.len()
}

/// Parses `NAME = value` and its variants.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim_end_matches([':', '?', '+', '!']).trim();
    let name = name.strip_prefix("export ").unwrap_or(name).trim();
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    if is_name {
        Some((name, value.trim()))
    } else {
        None
    }
}

/// Lines joined with their continuations, and the number of the first line.
fn logical_lines(text: &str) -> impl Iterator<Item = (usize, Cow<'_, str>)> {
    let mut lines = text.lines().enumerate();
    std::iter::from_fn(move || {
        let (index, first) = lines.next()?;
        let Some(part) = first.strip_suffix('\\') else {
            return Some((index + 1, Cow::Borrowed(first)));
        };
        let mut whole = format!("{part} ");
        for (_, line) in lines.by_ref() {
            let Some(part) = line.strip_suffix('\\') else {
                whole.push_str(line);
                break;
            };
            whole.push_str(part);
            whole.push(' ');
        }
        Some((index + 1, Cow::Owned(whole)))
    })
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn recipes(text: &str) -> Vec<String> {
        let makefile = Makefile::parse(text);
        let recipes = makefile.recipes.iter();
        recipes
            .map(|(_, recipe)| makefile.expanded(recipe, &mut (1 << 20)))
            .collect()
    }

    #[test]
    fn recipes_are_shell_with_variables_of_make() {
        let text = "CXX ?= clang++\nFLAGS := -O2 $(shell pkg-config --cflags x)\n\
                    app: main.o\n\t@$(CXX) $(FLAGS) -o $@ $^ | tee \\\n log\n\
                    clean: ; -$(RM) app $$HOME\n";
        assert_eq!(
            recipes(text),
            [
                "clang++ -O2 $(pkg-config --cflags x) -o file file | tee   log",
                "rm -f app $HOME"
            ]
        );
    }

    #[test]
    fn variables_that_refer_to_themselves_end() {
        assert_eq!(
            recipes("A = $(A)x\na:\n\techo $(A)\n")[0].len(),
            5 + DEEPEST
        );
        let text = "A = $(B)$(B)$(B)$(B)\nB = $(C)$(C)$(C)$(C)\nC = $(D)$(D)$(D)\n\
                    D = 0123456789abcdef0123456789abcdef\na:\n\techo $(A)$(A)$(A)$(A)$(A)$(A)\n";
        assert!(recipes(text)[0].len() < 2 * LONGEST_LINE);
        let long = "x".repeat(LONGEST_LINE + 1);
        assert_eq!(
            recipes(&format!("A = {long}\na:\n\techo $(A)\n")),
            ["echo "]
        );
        // Without the limit, each level would take a hundred times as long as the next.
        let mut text = String::from("a:\n\techo $(V0)\n");
        for level in 0..DEEPEST {
            let next = format!("$(V{})", level + 1).repeat(100);
            writeln!(text, "V{level} = {next}").expect("a string can be written to");
        }
        assert_eq!(recipes(&text), ["echo "]);
    }

    #[test]
    fn values_and_effort_are_limited() {
        let long = "x".repeat(LONGEST_LINE + 1);
        assert_eq!(
            recipes(&format!("V = {long}\na:\n\techo $(V)\n")),
            ["echo "]
        );
        // Each reference searches the whole value for a bracket that is not there.
        let makefile = Makefile::parse(&format!("V = $({}\n", &long[3..]));
        let mut left = 2 * LONGEST_LINE;
        for _ in 0..4 {
            makefile.expanded("$(V)", &mut left);
        }
        assert_eq!(left, 0);
    }

    #[test]
    fn objects_are_made_by_built_in_rules() {
        assert!(Makefile::parse("app: main.o\n").uses_built_in_rules);
        assert!(!Makefile::parse("app:\n\ttouch app\n").uses_built_in_rules);
    }

    #[test]
    fn a_makefile_of_empty_recipes_has_none_and_one_of_many_is_cut() {
        assert!(recipes(&"\t\n".repeat(200_000)).is_empty());
        let makefile = Makefile::parse(&"\ta\n".repeat(MAX_RECIPES + 1));
        assert_eq!(makefile.recipes.len(), MAX_RECIPES);
        assert!(makefile.is_cut && !Makefile::parse(&"\ta\n".repeat(MAX_RECIPES)).is_cut);
    }
}
