//! Command lines of units: the programs that they start, and the unit's variables.

use std::collections::HashMap;

use crate::image::NameId;
use crate::knowledge::systemd_program_directories;
use crate::slim::globs;
use crate::slim::keep::Keep;
use crate::slim::tracers::shell;
use crate::slim::units::{Placed, Unit, words};
use crate::slim::why::{Confidence, UnitRelation, Why};

use super::conditions;
use super::walk::Walk;

/// Settings of services and sockets that contain a command line.
pub(in crate::slim) const COMMANDS: [&str; 8] = [
    "ExecCondition",
    "ExecStartPre",
    "ExecStart",
    "ExecStartPost",
    "ExecReload",
    "ExecStop",
    "ExecStopPre",
    "ExecStopPost",
];
/// Maximum length in bytes of a command line after its variables are replaced.
const MAX_COMMAND: usize = 64 << 10;
type Environment = HashMap<String, String>;

/// A unit whose commands are kept, with the facts that all of them share.
struct Started<'u> {
    unit: &'u Unit,
    environment: Environment,
    /// Whether the unit does not start, because a file of a condition is missing.
    lacks_file: bool,
}

/// Keeps the programs that a unit starts.
pub(super) fn keep_commands(walk: &mut Walk, keep: &mut Keep<'_>, unit: &Unit) {
    keep_mount_programs(keep, unit);
    let started = Started {
        unit,
        environment: environment(walk, keep, unit),
        lacks_file: conditions::lacks_file(keep, unit),
    };
    for key in COMMANDS {
        for value in unit.all(key) {
            keep_command(walk, keep, &started, key, value);
        }
    }
}

fn keep_command(
    walk: &mut Walk,
    keep: &mut Keep<'_>,
    started: &Started<'_>,
    key: &'static str,
    value: &Placed,
) {
    let unit = started.unit;
    let line = CommandLine::parse(&value.value);
    let text = unit.name.expand(line.text).and_then(|text| {
        // With `:`, systemd does not replace variables.
        if line.has_sign(':') {
            Some(text)
        } else {
            with_variables(&text, &started.environment)
        }
    });
    let Some(text) = text else {
        // The text was built up to the limit, which takes as long as for a command that fits.
        walk.spend(keep, MAX_COMMAND);
        let text = format!("the command in `{key}=` is too long to analyze");
        return walk.note(keep, value.file, Some(value.line), text);
    };
    if !walk.spend(keep, text.len()) {
        return;
    }
    // With `@`, the second word is passed to the program as its own name (`argv[0]`).
    let text = if line.has_sign('@') {
        without_second_word(&text)
    } else {
        text
    };
    let program = first_word(&text).to_owned();
    let root = unit.last("RootDirectory");
    let root = root.map_or("", |value| value.value.as_str());
    match program_path(keep, root.trim_start_matches('-'), &program) {
        Some(path) => {
            let why = Why::UnitSetting {
                key,
                value: program,
                line: value.line,
                confidence: Confidence::Certain,
            };
            keep.keep_path(&path, Some(value.file), why);
        }
        // With `-`, a failure is ignored. `*` stands for parts that are only known at run time.
        None if line.has_sign('-') || program.is_empty() || program.contains('*') => {}
        None if started.lacks_file => {}
        None => {
            let text = format!("`{key}=` starts `{program}`, which is not in the image");
            walk.note(keep, value.file, Some(value.line), text);
        }
    }
    // Paths below another root directory are kept together with that directory.
    if root.is_empty() {
        shell::keep_text_of(keep, value.file, value.line, &text);
    }
}

/// A command line, and the prefixes that control how it is run; see systemd.service(5).
struct CommandLine<'a> {
    signs: &'a str,
    text: &'a str,
}

impl<'a> CommandLine<'a> {
    fn parse(value: &'a str) -> Self {
        let text = value.trim_start_matches(['@', '-', ':', '+', '!', '|']);
        let (signs, text) = value.split_at(value.len() - text.len());
        Self {
            signs,
            text: text.trim_start(),
        }
    }

    fn has_sign(&self, sign: char) -> bool {
        self.signs.contains(sign)
    }
}

/// The command line of a setting as shell code, without its prefixes.
pub(in crate::slim) fn without_signs(value: &str) -> &str {
    CommandLine::parse(value).text
}

/// The first word, which may be quoted.
fn first_word(text: &str) -> &str {
    let quoted = text
        .strip_prefix(['"', '\''])
        .and_then(|rest| rest.split(['"', '\'']).next());
    quoted.unwrap_or_else(|| text.split_whitespace().next().unwrap_or_default())
}

fn without_second_word(text: &str) -> String {
    let Some((first, rest)) = text.split_once(char::is_whitespace) else {
        return text.to_owned();
    };
    let rest = rest.trim_start();
    match rest.split_once(char::is_whitespace) {
        Some((_, rest)) => format!("{first} {rest}"),
        None => first.to_owned(),
    }
}

/// The path at which systemd finds a program, below the unit's root directory if it has one.
pub(super) fn program_path(keep: &Keep<'_>, root: &str, program: &str) -> Option<Vec<u8>> {
    if program.is_empty() {
        return None;
    }
    if program.contains('/') {
        let path = format!("{root}/{}", program.trim_start_matches('/'));
        return keep.programs.find(keep.view, path.as_bytes());
    }
    for directory in systemd_program_directories() {
        let path = format!("{root}{directory}/{program}");
        if let Some(path) = keep.programs.find(keep.view, path.as_bytes()) {
            return Some(path);
        }
    }
    None
}

/// Keeps `mount` or `swapon`, which systemd starts for units of these kinds.
fn keep_mount_programs(keep: &mut Keep<'_>, unit: &Unit) {
    let programs = match unit.name.kind() {
        "mount" => ["mount", "umount"],
        "swap" => ["swapon", "swapoff"],
        _ => return,
    };
    // Only a privileged container can mount the file systems of the kernel, and services do not
    // depend on them. `mount` is a setuid program, so it is not kept for them.
    let place = unit.last("Where").map_or("", |value| value.value.as_str());
    if ["/dev", "/proc", "/sys"]
        .iter()
        .any(|top| place.starts_with(top))
    {
        return;
    }
    for program in programs {
        if let Some(path) = program_path(keep, "", program) {
            let why = Why::Unit {
                relation: UnitRelation::Implied,
                confidence: Confidence::Likely,
            };
            keep.keep_path(&path, Some(unit.fragment), why);
        }
    }
}

/// The variables that a unit sets, including those in its environment files, which are kept.
fn environment(walk: &mut Walk, keep: &mut Keep<'_>, unit: &Unit) -> Environment {
    let mut environment = Environment::new();
    for value in unit.all("Environment") {
        for word in words(&value.value) {
            let word = walk.expand(keep, unit, &word);
            if let Some((name, text)) = word.as_deref().and_then(|word| word.split_once('=')) {
                keep_value(keep, value, text);
                environment.insert(name.to_owned(), text.to_owned());
            }
        }
    }
    for value in unit.all("EnvironmentFile") {
        read_environment(walk, keep, unit, value, &mut environment);
    }
    environment
}

/// Keeps the paths in values of variables, because the program is likely to read them.
fn keep_value(keep: &mut Keep<'_>, value: &Placed, text: &str) {
    if text.starts_with('/') && !text.contains(':') {
        let why = Why::UnitSetting {
            key: "Environment",
            value: text.to_owned(),
            line: value.line,
            confidence: Confidence::Likely,
        };
        keep.keep_path(text.as_bytes(), Some(value.file), why);
    }
}

/// Reads the files that match an `EnvironmentFile=`.
fn read_environment(
    walk: &mut Walk,
    keep: &mut Keep<'_>,
    unit: &Unit,
    value: &Placed,
    environment: &mut Environment,
) {
    let is_optional = value.value.starts_with('-');
    let pattern = value.value.trim_start_matches('-');
    let Some(pattern) = walk.expand(keep, unit, pattern) else {
        return;
    };
    let files = if globs::is_pattern(&pattern) {
        globs::matches(keep.tree(), &pattern, &mut keep.effort.patterns)
    } else {
        let file = keep.tree().resolve(pattern.as_bytes());
        file.into_iter().map(|resolved| resolved.name).collect()
    };
    if files.is_empty() && !is_optional && !globs::is_pattern(&pattern) {
        let text = format!("`EnvironmentFile=` names `{pattern}`, which is not in the image");
        walk.note(keep, value.file, Some(value.line), text);
    }
    for file in files {
        let path = if globs::is_pattern(&pattern) {
            keep.tree().path(file)
        } else {
            pattern.clone().into_bytes()
        };
        let why = Why::UnitSetting {
            key: "EnvironmentFile",
            value: pattern.clone(),
            line: value.line,
            confidence: Confidence::Certain,
        };
        keep.keep_path(&path, Some(value.file), why);
        read_variables(walk, keep, file, environment);
    }
}

/// Reads `NAME=value` lines.
fn read_variables(
    walk: &mut Walk,
    keep: &mut Keep<'_>,
    file: NameId,
    environment: &mut Environment,
) {
    let Some(bytes) = keep.view.bytes(file) else {
        return;
    };
    if !walk.spend(keep, bytes.len()) {
        return;
    }
    for line in String::from_utf8_lossy(&bytes).lines() {
        if let Some((name, text)) = line.trim().split_once('=')
            && !name.starts_with(['#', ';'])
        {
            let text = text.trim().trim_matches(['"', '\'']);
            environment.insert(name.trim().to_owned(), text.to_owned());
        }
    }
}

/// A command line in which known variables are replaced; `None` if it becomes too long.
fn with_variables(text: &str, environment: &Environment) -> Option<String> {
    let mut replaced = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        replaced.push_str(before);
        let name = variable(after);
        let value = name.and_then(|(name, _)| environment.get(name));
        if let (Some((_, length)), Some(value)) = (name, value) {
            // A value may be as long as a file, and each of many commands may refer to it.
            if replaced.len() + value.len() > MAX_COMMAND {
                return None;
            }
            replaced.push_str(value);
            rest = &after[length..];
        } else {
            replaced.push('$');
            // `$$` is a dollar sign.
            rest = after.strip_prefix('$').unwrap_or(after);
        }
        if replaced.len() > MAX_COMMAND {
            return None;
        }
    }
    replaced.push_str(rest);
    if replaced.len() > MAX_COMMAND {
        None
    } else {
        Some(replaced)
    }
}

/// The name of a variable after its `$`, and the length of the reference after the `$`.
fn variable(text: &str) -> Option<(&str, usize)> {
    let braced = text.strip_prefix('{');
    let start = braced.unwrap_or(text);
    // Only the name is read, because a line may contain many braces that are never closed.
    let length = start
        .bytes()
        .take_while(|&byte| byte.is_ascii_alphanumeric() || byte == b'_')
        .count();
    let (name, rest) = start.split_at(length);
    if name.is_empty() {
        return None;
    }
    match braced {
        Some(_) if rest.starts_with('}') => Some((name, length + 2)),
        Some(_) => None,
        None => Some((name, length)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_before_a_command_are_not_part_of_it() {
        let line = CommandLine::parse("-@!/usr/bin/x y");
        assert_eq!(line.text, "/usr/bin/x y");
        assert!(line.has_sign('-') && line.has_sign('@') && !line.has_sign(':'));
        assert_eq!(without_second_word("/usr/bin/x y --z"), "/usr/bin/x --z");
        assert_eq!(without_second_word("/usr/bin/x y"), "/usr/bin/x");
        assert_eq!(first_word("\"/opt/my app\" x"), "/opt/my app");
    }

    #[test]
    fn variables_of_the_unit_are_replaced() {
        let environment = Environment::from([("A".to_owned(), "/etc/a".to_owned())]);
        let replaced = with_variables("/x $A ${A}b $B $$A ${A $", &environment);
        assert_eq!(replaced.as_deref(), Some("/x /etc/a /etc/ab $B $A ${A $"));
        let long = "$A".repeat(MAX_COMMAND);
        assert_eq!(with_variables(&long, &environment), None);
        let environment = Environment::from([("A".to_owned(), "x".repeat(MAX_COMMAND))]);
        assert_eq!(with_variables("/x $A", &environment), None);
        assert!(with_variables("$A", &environment).is_some());
    }

    #[test]
    fn a_name_in_braces_ends_at_its_bracket() {
        let name = "A".repeat(255);
        assert_eq!(variable(&format!("{{{name}}}b")), Some((&*name, 255 + 2)));
        assert_eq!(variable("{A"), None);
    }
}
