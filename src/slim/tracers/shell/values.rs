//! Values of words in a script: variables with constant values, and the location of the script.
//!
//! A variable has all values that the script or the image's environment assigns to it anywhere, so
//! a word has a few possible values, or is unknown.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

use super::command_texts::{UNKNOWN, prints_nothing};
use super::functions::Functions;
use super::patterns;
use crate::dockerfile::shell::{ShellPart, ShellScript, ShellWord, SimpleCommand};
use crate::paths::file_name;
use crate::slim::variables::{MAX_VALUE, MAX_VALUES, MAX_VARIABLES, Variables};
use crate::source::Span;

/// Maximum nesting level of `${A:-${B:-c}}` and `$(dirname "$(…)")`.
const DEEPEST: usize = 8;
/// Maximum number of bytes that are searched for the end of `${…}` or `$(…)`.
const MAX_INSIDE: usize = 4096;
/// Number of bytes of text and values that may be processed per byte of a script, and for any
/// script.
const EFFORT_PER_BYTE: u64 = 256;
const LEAST_EFFORT: u64 = 64 << 10;

#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    /// The variables of the script itself.
    variables: Variables,
    /// Those of the image, and of the scripts that include this one, the outermost first. Each of a
    /// thousand included files, or lines of a `Procfile`, sees them, so they are shared.
    outer: Vec<Rc<Variables>>,
    /// The paths of the script, if it is a file: its own, and those of symlinks to it.
    script: Vec<String>,
    /// Functions of the script: their arguments and their output.
    functions: Functions,
    /// Variables that are given arguments of the script: `program=$1`.
    from_arguments: Rc<BTreeSet<String>>,
    /// The rest of the effort for the script that is read; `None` once too little was left.
    effort: Cell<Option<u64>>,
}

impl Values {
    /// The values of a script that is started with the variables of the image.
    pub(super) fn new(of_image: &Rc<Variables>, script: Vec<String>) -> Self {
        Self {
            variables: Variables::default(),
            outer: vec![Rc::clone(of_image)],
            script,
            functions: Functions::default(),
            from_arguments: Rc::default(),
            effort: Cell::new(Some(LEAST_EFFORT)),
        }
    }

    /// The values as the next text sees them that is read inside of this one. Its own are shared
    /// from here on.
    pub(super) fn share(&mut self) -> Self {
        if !self.variables.is_empty() {
            let own = std::mem::take(&mut self.variables);
            self.outer.push(Rc::new(own));
        }
        Self {
            variables: Variables::default(),
            outer: self.outer.clone(),
            script: self.script.clone(),
            // Each text has its own functions.
            functions: Functions::default(),
            from_arguments: Rc::clone(&self.from_arguments),
            effort: self.effort.clone(),
        }
    }

    /// The same values, in another file.
    pub(super) fn within(&self, script: Vec<String>) -> Self {
        Self {
            script,
            ..self.clone()
        }
    }

    /// Resets the effort for a script, of what is left for all scripts. Returns the effort.
    pub(super) fn allow_for(&mut self, text: &str, left: u64) -> u64 {
        let effort = LEAST_EFFORT + EFFORT_PER_BYTE * text.len() as u64;
        let effort = effort.min(left);
        self.effort.set(Some(effort));
        effort
    }

    /// The effort for the script that is left.
    pub(super) fn left(&self) -> u64 {
        self.effort.get().unwrap_or_default()
    }

    /// Whether the effort for the script was exhausted.
    pub(super) fn is_exhausted(&self) -> bool {
        self.effort.get().is_none()
    }

    /// Counts processed bytes; `None` if there are too many.
    fn spend(&self, bytes: usize) -> Option<()> {
        let left = self.effort.get()?.checked_sub(bytes as u64);
        self.effort.set(left);
        // Once the effort is exhausted, no more values are followed, so the time is bounded by the
        // length of the script.
        left.map(|_| ())
    }

    fn add(&mut self, name: &str, value: String) -> bool {
        if let Some(outer) = get(&self.outer, name) {
            // Most assignments repeat a value.
            if outer.contains(&value) && self.variables.get(name).is_none() {
                return false;
            }
            self.variables.take_over(name, outer);
        }
        let others = self.outer.iter().map(|outer| outer.len()).sum();
        self.variables.add(name, value, others)
    }

    fn variable(&self, name: &str) -> Option<&BTreeSet<String>> {
        self.variables.get(name).or_else(|| get(&self.outer, name))
    }

    /// Collects the assignments in a script: `A=1`, `export A=1`, `${A:=1}`, `for A in 1 2`, `A=(1
    /// 2)`.
    pub(super) fn learn(&mut self, script: &ShellScript, text: &str) {
        // A variable may get its value from one that is assigned later or in a function, so this is
        // repeated until there are no new values. Longer chains than this are rare.
        const ROUNDS: usize = 4;
        let defaults = defaults(text);
        self.functions.define(script);
        for _ in 0..ROUNDS {
            let mut is_new = self.learn_defaults(&defaults);
            is_new |= self.learn_commands(script, text);
            is_new |= self.learn_loops(script);
            if !is_new {
                break;
            }
        }
    }

    /// Collects the values of `${A:=1}`. Returns true if one is new.
    fn learn_defaults(&mut self, defaults: &[(&str, &str)]) -> bool {
        let mut is_new = false;
        for (name, default) in defaults {
            for value in self.expand(default).unwrap_or_default() {
                is_new |= self.add(name, value);
            }
        }
        is_new
    }

    /// Learns the values of `A=1` and `export A=1`, the directories of `cd`, and the arguments and
    /// the output of functions. Returns true if one is new.
    fn learn_commands(&mut self, script: &ShellScript, text: &str) -> bool {
        let mut is_new = false;
        for simple in &script.commands {
            self.functions.enter(simple.span);
            is_new |= self.learn_directory(simple);
            is_new |= self.learn_call(simple);
            is_new |= self.learn_output(simple, text);
            // The parser treats the arguments of these builtins as words and not as assignments.
            let is_declaration = matches!(
                simple.words.first().and_then(ShellWord::literal),
                Some("export" | "local" | "readonly" | "declare" | "typeset")
            );
            let declared = if is_declaration {
                simple.words.as_slice()
            } else {
                &[]
            };
            for word in simple.assignments.iter().chain(declared) {
                is_new |= self.learn_assignment(&word.raw);
                self.learn_origin(word);
            }
        }
        self.functions.leave();
        is_new
    }

    /// Learns the working directory after `cd`. A relative directory is appended to each directory
    /// known so far.
    fn learn_directory(&mut self, simple: &SimpleCommand) -> bool {
        let name = simple.words.first().and_then(ShellWord::literal);
        if !matches!(name, Some("cd" | "pushd")) {
            return false;
        }
        let mut words = simple.words.iter().skip(1);
        let Some(word) = words.find(|word| !word.raw.starts_with('-')) else {
            return false;
        };
        let mut is_new = false;
        for directory in self.expand(&word.raw).unwrap_or_default() {
            if directory.starts_with('/') {
                is_new |= self.add("PWD", directory);
                continue;
            }
            // `cd .` changes nothing, and each `cd x` counts once: rounds must not pile them up.
            let bases = self.lookup("PWD").unwrap_or_default();
            let suffix = format!("/{directory}");
            for base in bases {
                if directory != "." && !directory.is_empty() && !base.ends_with(&suffix) {
                    is_new |= self.add("PWD", format!("{}{suffix}", base.trim_end_matches('/')));
                }
            }
        }
        is_new
    }

    /// The directories that the script may be in.
    pub(super) fn directories(&self) -> Vec<String> {
        self.lookup("PWD").unwrap_or_default()
    }

    /// Learns the arguments of a function from a call of it.
    fn learn_call(&mut self, simple: &SimpleCommand) -> bool {
        let name = simple.words.first().and_then(ShellWord::literal);
        let Some(name) = name.and_then(|name| self.functions.place(name)) else {
            return false;
        };
        let mut is_new = false;
        for (place, word) in simple.words.iter().enumerate().skip(1).take(9) {
            for value in self.expand(&word.raw).unwrap_or_default() {
                is_new |= self.functions.add_argument(name, place, value);
            }
        }
        is_new
    }

    /// Learns the output of `echo`, `pwd` and similar commands in a function.
    fn learn_output(&mut self, simple: &SimpleCommand, text: &str) -> bool {
        // What runs in a substitution of the function is not printed.
        if !self.functions.is_inside() || simple.position.subshell {
            return false;
        }
        let Some(command) = text.get(simple.span.range()) else {
            return false;
        };
        let mut is_new = false;
        for value in self.substitution(command, 0).unwrap_or_default() {
            is_new |= self.functions.add_output(value);
        }
        is_new
    }

    /// Remembers a variable whose value is an argument of the script.
    fn learn_origin(&mut self, word: &ShellWord) {
        let Some((name, _)) = word.raw.split_once('=') else {
            return;
        };
        if is_name(name) && word.parts.iter().any(|part| self.is_argument(part)) {
            Rc::make_mut(&mut self.from_arguments).insert(name.to_owned());
        }
    }

    /// Whether a part of a word is an argument of the script: `$1`, `"$@"`, or a variable with one.
    pub(super) fn is_argument(&self, part: &ShellPart) -> bool {
        let ShellPart::Variable { name, .. } = part else {
            return false;
        };
        is_positional(name) || self.from_arguments.contains(name)
    }

    /// From here on words are those of the function at this place.
    pub(super) fn enter(&mut self, place: Span) {
        self.functions.enter(place);
    }

    /// From here on words are those of the script.
    pub(super) fn leave(&mut self) {
        self.functions.leave();
    }

    /// The functions that run their arguments: `run() { "$@"; }`.
    pub(super) fn functions(&self) -> &Functions {
        &self.functions
    }

    /// Learns the values of `for A in 1 2`. Returns true if one is new.
    fn learn_loops(&mut self, script: &ShellScript) -> bool {
        let mut is_new = false;
        for one in &script.loops {
            for word in &one.words {
                for value in self.expand(&word.raw).unwrap_or_default() {
                    // The words of a loop are split at whitespace, as in `for x in $LIST`.
                    for value in value.split_whitespace() {
                        is_new |= self.add(&one.variable, value.to_owned());
                    }
                }
            }
        }
        is_new
    }

    fn learn_assignment(&mut self, raw: &str) -> bool {
        let Some((name, value)) = raw.split_once('=') else {
            return false;
        };
        // `A+=b` and `A[1]=b` add a value to `A`.
        let name = name.trim_end_matches('+');
        let name = name.split('[').next().unwrap_or_default();
        if !is_name(name) {
            return false;
        }
        // `A=(x y)`: each element is a value.
        let pieces: Vec<&str> = match value
            .strip_prefix('(')
            .and_then(|value| value.strip_suffix(')'))
        {
            Some(array) => array.split_whitespace().collect(),
            None => vec![value],
        };
        let mut is_new = false;
        for value in pieces
            .iter()
            .filter_map(|piece| self.expand(piece))
            .flatten()
            .collect::<Vec<_>>()
        {
            is_new |= self.add(name, value);
        }
        is_new
    }

    /// The possible values of a word as written; `None` if they are unknown.
    pub(super) fn expand(&self, raw: &str) -> Option<Vec<String>> {
        self.expand_at(raw, 0)
    }

    fn expand_at(&self, raw: &str, depth: usize) -> Option<Vec<String>> {
        if depth > DEEPEST {
            return None;
        }
        // The effort is counted before the work is done, even for a word that turns out to be
        // unknown.
        self.spend(raw.len().min(MAX_VALUE))?;
        let looked_at = &raw.as_bytes()[..raw.len().min(MAX_VALUE)];
        if memchr::memmem::find(looked_at, UNKNOWN.as_bytes()).is_some() {
            return None;
        }
        let mut out = vec![String::new()];
        let mut rest = raw;
        let mut quoted = false;
        while let Some(char) = rest.chars().next() {
            let tail = &rest[char.len_utf8()..];
            match char {
                // Inside double quotes, a single quote is an ordinary character.
                '\'' if !quoted => {
                    let (inside, after) = tail.split_once('\'')?;
                    push(&mut out, inside)?;
                    rest = after;
                }
                '"' => {
                    quoted = !quoted;
                    rest = tail;
                }
                '\\' => {
                    let next = tail.chars().next()?;
                    // A backslash at the end of a line continues it.
                    if next != '\n' {
                        push(&mut out, next.encode_utf8(&mut [0; 4]))?;
                    }
                    rest = &tail[next.len_utf8()..];
                }
                '`' => {
                    let (inside, after) = tail.split_once('`')?;
                    out = self.product(&out, &self.output(inside, depth)?)?;
                    rest = after;
                }
                '$' => {
                    let (values, after) = self.dollar(tail, depth)?;
                    out = self.product(&out, &values)?;
                    rest = after;
                }
                _ => {
                    // Everything up to the next special character is added at once, because there
                    // may be many values.
                    let end = tail.find(['\'', '"', '\\', '`', '$']);
                    let length = end.map_or(rest.len(), |end| char.len_utf8() + end);
                    let (piece, after) = rest.split_at(length);
                    self.spend(piece.len() * (out.len() - 1))?;
                    push(&mut out, piece)?;
                    rest = after;
                }
            }
        }
        Some(out)
    }

    /// All texts followed by all values; `None` if there are too many, or if one is too long.
    fn product(&self, texts: &[String], values: &[String]) -> Option<Vec<String>> {
        // Several variables with several values each multiply, and a word with too many values
        // counts as unknown.
        if texts.len() * values.len() > MAX_VALUES {
            return None;
        }
        let mut product = Vec::with_capacity(texts.len() * values.len());
        for text in texts {
            for value in values {
                let length = text.len() + value.len();
                if length > MAX_VALUE {
                    return None;
                }
                self.spend(length)?;
                product.push(format!("{text}{value}"));
            }
        }
        Some(product)
    }

    /// Parses the text after a `$`, and returns the values and the rest.
    fn dollar<'t>(&self, text: &'t str, depth: usize) -> Option<(Vec<String>, &'t str)> {
        // `$((…))` is arithmetic; as a command, it is unknown.
        if let Some(inside) = text.strip_prefix('(') {
            let command = balanced(inside, '(', ')')?;
            return Some((self.output(command, depth)?, &inside[command.len() + 1..]));
        }
        if let Some(inside) = text.strip_prefix('{') {
            let parameter = balanced(inside, '{', '}')?;
            return Some((
                self.parameter(parameter, depth)?,
                &inside[parameter.len() + 1..],
            ));
        }
        // `$0` is one character long; `$01` is `$0` followed by `1`.
        if let Some(after) = text.strip_prefix('0') {
            return Some((self.lookup("0")?, after));
        }
        let end = text
            .find(|char: char| !is_name_char(char))
            .unwrap_or(text.len());
        // `$12` is `$1` followed by `2`.
        let end = if text.starts_with(|char: char| char.is_ascii_digit()) {
            1
        } else {
            end
        };
        let (name, after) = text.split_at(end);
        if name.is_empty() {
            // `$@` and `$?` are unknown; a `$` at the end is literal.
            return if text.is_empty() {
                Some((vec!["$".to_owned()], after))
            } else {
                None
            };
        }
        Some((self.lookup(name)?, after))
    }

    fn lookup(&self, name: &str) -> Option<Vec<String>> {
        // A script in the configuration has no file, and its `$0` is the name of the shell.
        if matches!(name, "0" | "BASH_SOURCE") {
            if self.script.is_empty() {
                return None;
            }
            return Some(self.script.clone());
        }
        let values = match name.parse::<usize>() {
            Ok(place) => self.functions.argument(place)?,
            Err(_) => self.variable(name)?,
        };
        if values.is_empty() {
            return None;
        }
        Some(values.iter().cloned().collect())
    }

    /// The content of `${…}`.
    fn parameter(&self, text: &str, depth: usize) -> Option<Vec<String>> {
        let end = text
            .find(|char: char| !is_name_char(char))
            .unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        // All elements of an array are among its values.
        let operator = rest
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'))
            .map_or(rest, |(_, rest)| rest);
        let known = self.lookup(name);
        // These are the operators that scripts use to find their directory and to set defaults; the
        // result of others is unknown.
        match operator {
            "" => known,
            "%/*" => Some(each(&known?, directory_of)),
            "##*/" => Some(each(&known?, last_component)),
            _ if operator.starts_with(":?") || operator.starts_with('?') => known,
            _ => {
                let colon = operator.strip_prefix(':').unwrap_or(operator);
                // It is unknown whether the variable is set, so both its values and the default
                // count.
                if let Some(other) = colon.strip_prefix(['-', '=']) {
                    let other = self.expand_at(other, depth + 1);
                    return union(known, other);
                }
                // `${A:+x}` is `x` or empty.
                if let Some(other) = colon.strip_prefix('+') {
                    return union(Some(vec![String::new()]), self.expand_at(other, depth + 1));
                }
                self.trimmed(&known?, operator, depth)
            }
        }
    }

    /// `${A%pattern}`, `${A##pattern}`, `${A/pattern/text}`.
    fn trimmed(&self, known: &[String], operator: &str, depth: usize) -> Option<Vec<String>> {
        let length = ["%%", "##", "//", "%", "#", "/"]
            .iter()
            .find(|sign| operator.starts_with(**sign))?
            .len();
        let (sign, rest) = operator.split_at(length);
        let (pattern, replacement) = match rest.split_once('/') {
            Some((pattern, replacement)) if sign.starts_with('/') => (pattern, replacement),
            _ => (rest, ""),
        };
        // Quotes and variables are those of any word; several patterns would be too many.
        let [pattern] = &self.expand_at(pattern, depth + 1)?[..] else {
            return None;
        };
        let [replacement] = &self.expand_at(replacement, depth + 1)?[..] else {
            return None;
        };
        // Other signs of a pattern would need a shell.
        if pattern.contains(['[', '(', '\\']) {
            return None;
        }
        let mut changed = Vec::new();
        for value in known {
            // Each end of the value is compared with the pattern.
            self.spend(value.len() * (value.len() + pattern.len()))?;
            changed.push(match sign {
                "%" => patterns::without_suffix(value, pattern, false),
                "%%" => patterns::without_suffix(value, pattern, true),
                "#" => patterns::without_prefix(value, pattern, false),
                "##" => patterns::without_prefix(value, pattern, true),
                _ if pattern.is_empty() || pattern.contains(['*', '?']) => return None,
                // A value that grows beyond the limit is not added anywhere.
                "/" => value.replacen(pattern.as_str(), replacement, 1),
                _ => value.replace(pattern.as_str(), replacement),
            });
        }
        Some(changed)
    }

    /// The output of a command, which may be none.
    fn output(&self, command: &str, depth: usize) -> Option<Vec<String>> {
        if prints_nothing(command) {
            return Some(vec![String::new()]);
        }
        self.substitution(command, depth)
    }

    /// `$(dirname "$0")`, `$(cd "$(dirname "$0")" && pwd)`, `$(command -v x)`.
    fn substitution(&self, command: &str, depth: usize) -> Option<Vec<String>> {
        let command = command.trim();
        if command == "pwd" {
            return self.lookup("PWD");
        }
        // `cd x && pwd` is the usual way to make a path absolute.
        if let Some(rest) = command.strip_prefix("cd ") {
            return self.expand_at(entered_directory(rest)?, depth + 1);
        }
        let name = command.split([' ', '\t', '\n']).next()?;
        if let Some(output) = self.functions.output(name) {
            return Some(output.iter().cloned().collect());
        }
        let (program, rest) = command.split_once(' ')?;
        let argument = rest.trim().trim_end_matches("2>/dev/null").trim();
        // These options affect missing files, but not the output for existing ones.
        let argument = ["-f ", "-e ", "-m ", "-v ", "-- "]
            .iter()
            .fold(argument, |text, option| {
                text.strip_prefix(option).unwrap_or(text).trim()
            });
        // The output of a pipeline or a list is not the argument.
        if argument.contains([';', '|', '&', '\n']) {
            return None;
        }
        let values = self.expand_at(argument, depth + 1)?;
        match program {
            "dirname" => Some(each(&values, directory_of)),
            "basename" => Some(each(&values, last_component)),
            // Paths are resolved when they are kept, so a symlink is equivalent to its target here.
            "readlink" | "realpath" | "command" | "which" | "echo" => Some(values),
            _ => None,
        }
    }
}

/// The directory in `cd -P x >/dev/null && pwd`, given the text after `cd`.
fn entered_directory(command: &str) -> Option<&str> {
    let (directory, after) = command
        .rsplit_once("&&")
        .or_else(|| command.rsplit_once(';'))?;
    // Other commands have other output.
    if !after.trim().starts_with("pwd") {
        return None;
    }
    let directory = directory
        .trim()
        .trim_end_matches("&>/dev/null")
        .trim_end_matches(">/dev/null")
        .trim();
    let directory = directory
        .trim_start_matches("-P ")
        .trim_start_matches("-- ");
    Some(directory.trim())
}

/// The values of a variable in the innermost of several scopes that has it.
fn get<'v>(scopes: &'v [Rc<Variables>], name: &str) -> Option<&'v BTreeSet<String>> {
    scopes.iter().rev().find_map(|scope| scope.get(name))
}

/// The names and the words of `: "${PGDATA:=/var/lib/postgresql/data}"`.
fn defaults(text: &str) -> Vec<(&str, &str)> {
    let mut defaults = Vec::new();
    for (at, _) in text.match_indices("${") {
        let inside = &text[at + 2..];
        let end = inside.find(|char: char| !is_name_char(char));
        let (name, rest) = inside.split_at(end.unwrap_or(inside.len()));
        let Some(default) = rest.strip_prefix(":=").or_else(|| rest.strip_prefix('=')) else {
            continue;
        };
        if defaults.len() == MAX_VARIABLES {
            break;
        }
        if let Some(default) = balanced(default, '{', '}').filter(|_| is_name(name)) {
            defaults.push((name, default));
        }
    }
    defaults
}

/// `1` of `$1`, `@` and `*`.
fn is_positional(name: &str) -> bool {
    matches!(name, "@" | "*") || (name != "0" && name.parse::<usize>().is_ok())
}

fn is_name_char(char: char) -> bool {
    char == '_' || char.is_ascii_alphanumeric()
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(is_name_char)
        && !text.starts_with(|char: char| char.is_ascii_digit())
}

fn directory_of(path: &str) -> String {
    match path.rsplit_once('/') {
        // `dirname /x` prints the root.
        Some(("", _)) => "/".to_owned(),
        Some((directory, _)) => directory.to_owned(),
        None => ".".to_owned(),
    }
}

fn last_component(path: &str) -> String {
    file_name(path).to_owned()
}

/// Applies a function to each value.
fn each(values: &[String], change: impl Fn(&str) -> String) -> Vec<String> {
    values.iter().map(|value| change(value)).collect()
}

/// Adds a piece to each text; `None` if one becomes too long for a value.
fn push(texts: &mut [String], piece: &str) -> Option<()> {
    for text in texts {
        if text.len() + piece.len() > MAX_VALUE {
            return None;
        }
        text.push_str(piece);
    }
    Some(())
}

fn union(known: Option<Vec<String>>, other: Option<Vec<String>>) -> Option<Vec<String>> {
    let mut all: Vec<String> = known.into_iter().chain(other).flatten().collect();
    all.sort();
    all.dedup();
    if all.is_empty() { None } else { Some(all) }
}

/// The text up to the matching closing bracket; `None` if it is too far away.
fn balanced(text: &str, open: char, close: char) -> Option<&str> {
    let mut depth = 0_usize;
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next().filter(|&(at, _)| at <= MAX_INSIDE) {
        match char {
            // An escaped bracket is literal.
            '\\' => drop(chars.next()),
            _ if char == open => depth += 1,
            _ if char == close && depth == 0 => return Some(&text[..at]),
            _ if char == close => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dockerfile::shell::parse_text;

    /// The value of a word at the end of a script at `/opt/bin/run`.
    fn value(script: &str, word: &str) -> Option<String> {
        let mut values = Values {
            script: vec!["/opt/bin/run".to_owned()],
            ..Values::default()
        };
        values.allow_for(script, u64::MAX);
        values.learn(&parse_text(script), script);
        values.expand(word).map(|values| values.join(" | "))
    }

    #[test]
    fn the_directory_of_the_script_is_resolved() {
        for word in [
            "${0%/*}",
            "$(dirname \"$0\")",
            "\"$(cd \"$(dirname \"${BASH_SOURCE[0]}\")\" >/dev/null && pwd)\"",
            "`dirname $0`",
            "$(dirname -- \"$(readlink -f \"$0\")\")",
        ] {
            assert_eq!(value("", word).as_deref(), Some("/opt/bin"), "{word}");
        }
        assert_eq!(value("", "${0##*/}").as_deref(), Some("run"));
    }

    #[test]
    fn a_variable_has_every_value_assigned_to_it() {
        assert_eq!(
            value("A=/x; export B=\"$A/y\"", "\"$B\"/z").as_deref(),
            Some("/x/y/z")
        );
        assert_eq!(
            value("if a; then A=1; else A=2; fi", "$A").as_deref(),
            Some("1 | 2")
        );
        assert_eq!(
            value("for f in a b; do x; done", "/d/$f").as_deref(),
            Some("/d/a | /d/b")
        );
        assert_eq!(
            value(": \"${D:=/var/lib/${E:-x}}\"", "$D").as_deref(),
            Some("/var/lib/x")
        );
        assert_eq!(value("A=(p q)", "${A[@]}").as_deref(), Some("p | q"));
        assert_eq!(value("A=x.sh", "${A%.sh}").as_deref(), Some("x"));
    }

    #[test]
    fn parameter_expansions_remove_prefixes_and_suffixes() {
        let script = "A=/opt/app-1.2/bin/run.sh; B=.sh";
        for (word, expected) in [
            ("${A%.*}", "/opt/app-1.2/bin/run"),
            ("${A%%.*}", "/opt/app-1"),
            ("${A%/bin/*}", "/opt/app-1.2"),
            ("${A%\"$B\"}", "/opt/app-1.2/bin/run"),
            ("${A#/opt/}", "app-1.2/bin/run.sh"),
            ("${A##*/}", "run.sh"),
            ("${A##*.}", "sh"),
            ("${A#*-}", "1.2/bin/run.sh"),
            ("${A%%/*}", ""),
            ("${A%x}", "/opt/app-1.2/bin/run.sh"),
            ("${A/bin/lib}", "/opt/app-1.2/lib/run.sh"),
            ("${A//p/q}", "/oqt/aqq-1.2/bin/run.sh"),
        ] {
            assert_eq!(value(script, word).as_deref(), Some(expected), "{word}");
        }
        assert_eq!(value(script, "${A%[a-z]}"), None);
    }

    #[test]
    fn cd_and_pushd_change_the_working_directory() {
        let script = "cd \"$(dirname \"$0\")\"; d=$(pwd)";
        assert_eq!(value(script, "$d/x").as_deref(), Some("/opt/bin/x"));
        let script = "cd /srv && cd app; d=`pwd`";
        assert_eq!(value(script, "$d").as_deref(), Some("/srv | /srv/app"));
        let script = "pushd -P \"${0%/*}\" >/dev/null";
        assert_eq!(value(script, "$PWD").as_deref(), Some("/opt/bin"));
    }

    #[test]
    fn a_function_sees_its_arguments_and_its_output_is_a_value() {
        let script = "home() { echo /opt/app; }; here() { cd /x; dirname \"$0\"; }\n\
            use() { A=\"$1/bin\"; }; use /usr; use \"$(home)\"; B=$(here)";
        assert_eq!(
            value(script, "$A").as_deref(),
            Some("/opt/app/bin | /usr/bin")
        );
        assert_eq!(value(script, "$(home)/x").as_deref(), Some("/opt/app/x"));
        assert_eq!(value(script, "$B").as_deref(), Some("/opt/bin"));
        assert_eq!(value(script, "$1"), None);
    }

    #[test]
    fn scripts_share_the_variables_of_the_image_and_of_those_that_include_them() {
        let mut image = Variables::default();
        image.add("A", "1".to_owned(), 0);
        let image = Rc::new(image);
        let mut outer = Values::new(&image, Vec::new());
        outer.learn(&parse_text("B=2"), "B=2");
        let shared = outer.share();
        let mut inner = shared.within(Vec::new());
        assert!(Rc::ptr_eq(&inner.outer[0], &image));
        assert!(Rc::ptr_eq(&inner.outer[1], &shared.outer[1]));
        inner.learn(&parse_text("A=3"), "A=3");
        assert_eq!(inner.expand("$A$B").unwrap(), ["12", "32"]);
        assert_eq!(
            outer.expand("$A$B").unwrap(),
            ["12"],
            "no other script sees it"
        );
    }

    #[test]
    fn unknown_words_have_no_value() {
        for word in ["$1", "\"$@\"", "$UNSET", "$(uname -m)", "${!x}", "${", "$("] {
            assert_eq!(value("", word), None, "{word}");
        }
    }
}
