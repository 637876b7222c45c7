//! Programs that a script runs, including those run through `sudo`, `env`, `xargs` and other
//! wrapper commands.

use super::{ShellOptions, ShellPart, ShellScript, ShellWord};
use crate::dockerfile::unread::{MAX_WRAPPERS, UnreadReason};
use crate::knowledge::{ProgramClass, wrapper};
use crate::paths::file_name;

/// A program that is run by a command or by a wrapper.
#[derive(Clone, Debug)]
pub struct ProgramCall<'a> {
    /// The file name of the program: `apt-get` for `/usr/bin/apt-get`.
    pub name: &'a str,
    /// The words of the command, starting with the program.
    pub words: &'a [ShellWord],
    /// An index into the script's `commands`.
    pub command: usize,
    /// The file names of the wrappers before it, outermost first.
    pub via: Vec<&'a str>,
}

impl<'a> ProgramCall<'a> {
    pub fn arguments(&self) -> &'a [ShellWord] {
        self.words.get(1..).unwrap_or_default()
    }
}

impl ShellScript {
    /// All programs whose name is known, in the order of their commands. A wrapper only counts as a
    /// call if it runs nothing; `find -exec` and a shell with a script in its arguments always do.
    pub fn calls(&self) -> impl Iterator<Item = ProgramCall<'_>> {
        let commands = self.commands.iter().enumerate();
        commands.flat_map(|(command, simple)| {
            // Wrappers beyond the limit were reported when the script was read.
            let (programs, _) = programs(&simple.words);
            programs
                .into_iter()
                .filter_map(move |program| call(&simple.words, command, &program))
        })
    }
}

impl ShellScript {
    /// The words that name a program by an expansion, such as `"$JAVA"` in `exec "$JAVA" -jar x`,
    /// each with the index of its command.
    pub fn computed_programs(&self) -> impl Iterator<Item = (usize, &ShellWord)> {
        let commands = self.commands.iter().enumerate();
        commands.flat_map(|(command, simple)| {
            let (programs, _) = programs(&simple.words);
            let words = programs
                .into_iter()
                .filter_map(|program| simple.words.get(program.start));
            words
                .filter(|word| word.literal().is_none())
                .map(move |word| (command, word))
        })
    }
}

/// Returns the call of a program in the words of a command; `None` if the name is an expansion.
fn call<'a>(words: &'a [ShellWord], command: usize, program: &Program) -> Option<ProgramCall<'a>> {
    let called = words.get(program.start..program.end)?;
    let name = program_name(called.first()?)?;
    let via = program.via.iter();
    Some(ProgramCall {
        name,
        words: called,
        command,
        via: via.filter_map(|&word| program_name(&words[word])).collect(),
    })
}

/// A program in the words of a command, by indices.
struct Program {
    start: usize,
    end: usize,
    via: Vec<usize>,
}

fn program_name(word: &ShellWord) -> Option<&str> {
    // `$BIN/apt-get` could be anything: the variable may contain spaces or be empty.
    let name = file_name(word.literal()?);
    if name.is_empty() { None } else { Some(name) }
}

/// Returns the programs of a command, and true if one of them exceeds the limit on wrappers.
fn programs(words: &[ShellWord]) -> (Vec<Program>, bool) {
    if words.is_empty() {
        return (Vec::new(), false);
    }
    let mut programs = vec![unwrap(words, 0, words.len(), Vec::new())];
    let find = programs[0].start;
    // `find` may have several `-exec`, each of which runs a program. `find` itself is still a call,
    // because it may also delete files.
    if program_name(&words[find]) == Some("find") {
        let mut at = find + 1;
        while let Some(start) = executed(words, at) {
            let end = end_of_executed(words, start);
            let mut via = programs[0].via.clone();
            via.push(find);
            programs.push(unwrap(words, start, end, via));
            at = end;
        }
    }
    // `unwrap` stops at the limit, so a program that is still a wrapper is beyond it.
    let exceeds = programs
        .iter()
        .any(|program| wrapped(&words[..program.end], program.start).is_some());
    (programs, exceeds)
}

/// Finds the program that the next `-exec` of `find` runs.
fn executed(words: &[ShellWord], from: usize) -> Option<usize> {
    for (offset, word) in words.get(from..)?.iter().enumerate() {
        if matches!(
            word.literal(),
            Some("-exec" | "-execdir" | "-ok" | "-okdir")
        ) {
            let start = from + offset + 1;
            return if start < words.len() {
                Some(start)
            } else {
                None
            };
        }
    }
    None
}

fn end_of_executed(words: &[ShellWord], start: usize) -> usize {
    // The program itself is skipped, so that a range is never empty.
    let rest = words[start..].iter().skip(1);
    let end = rest
        .take_while(|word| !matches!(word.literal(), Some(";" | "+")))
        .count();
    start + 1 + end
}

/// Returns the program that remains when wrappers are removed.
fn unwrap(words: &[ShellWord], start: usize, end: usize, mut via: Vec<usize>) -> Program {
    let mut at = start;
    // Each program run by `find -exec` has a copy of the wrappers.
    while via.len() < MAX_WRAPPERS
        && let Some(next) = wrapped(&words[..end], at)
    {
        via.push(at);
        at = next;
    }
    Program {
        start: at,
        end,
        via,
    }
}

/// Finds the program that the wrapper at `at` runs.
fn wrapped(words: &[ShellWord], at: usize) -> Option<usize> {
    let wrapper = wrapper(program_name(words.get(at)?)?)?;
    let arguments = words.get(at + 1..)?.iter();
    let program = wrapper.program_in(arguments.map(as_argument))?;
    Some(at + 1 + program)
}

/// A word of a wrapper. With an expansion, it counts as an operand or the program, unless it begins
/// like an option: `nice -$n program`.
fn as_argument(word: &ShellWord) -> &str {
    match (word.literal(), word.parts.first()) {
        (Some(text), _) => text,
        (None, Some(ShellPart::Literal(start))) if start.starts_with('-') => {
            // Its letters are unknown, and a value is attached to it.
            "-?"
        }
        _ => "$",
    }
}

/// Finds the script in `bash -c script`, and the options that the shell is started with.
pub(super) fn shell_text(
    words: &[ShellWord],
) -> Result<Option<(usize, ShellOptions)>, UnreadReason> {
    let (programs, exceeds) = programs(words);
    if exceeds {
        return Err(UnreadReason::Wrappers);
    }
    Ok(programs.into_iter().find_map(|program| {
        let name = program_name(words.get(program.start)?)?;
        let arguments = program.start + 1..program.end;
        match name {
            _ if ProgramClass::PosixShell.contains(name) => {
                shell_argument(words, arguments.start, arguments.end)
            }
            // `su -c` starts the user's shell without other options.
            "su" | "runuser" => {
                let option = arguments
                    .clone()
                    .find(|&index| matches!(words[index].literal(), Some("-c" | "--command")))?;
                // `-c` may be the last word, without a script.
                if option + 1 >= program.end {
                    return None;
                }
                Some((option + 1, ShellOptions::default()))
            }
            _ => None,
        }
    }))
}

/// Finds the script among the arguments of a shell, after its options.
fn shell_argument(words: &[ShellWord], start: usize, end: usize) -> Option<(usize, ShellOptions)> {
    let mut at = start;
    let mut has_text = false;
    while at < end {
        let text = words[at].literal().unwrap_or("");
        if text.starts_with("--") {
            at += 1;
            continue;
        }
        if text.len() < 2 || !text.starts_with(['-', '+']) {
            break;
        }
        has_text |= text.contains('c');
        // Each `o` takes one of the next words as the name of an option.
        at += 1 + text.matches(['o', 'O']).count();
    }
    // Without `-c`, the first operand is a script file.
    if !has_text || at >= end {
        return None;
    }
    let options = words
        .get(start..at)?
        .iter()
        .map(|word| word.literal().unwrap_or(""));
    Some((at, ShellOptions::of_arguments(options)))
}

#[cfg(test)]
mod tests {
    use super::super::parse_text;

    /// Formats each call as `wrapper > program arguments`.
    fn calls(script: &str) -> Vec<String> {
        let read = parse_text(script);
        assert!(read.errors.is_empty(), "{script}");
        let show = |call: super::ProgramCall<'_>| {
            let arguments = call
                .arguments()
                .iter()
                .map(|word| word.literal().unwrap_or("?"));
            let words: Vec<_> = std::iter::once(call.name).chain(arguments).collect();
            let stages: Vec<_> = call
                .via
                .iter()
                .copied()
                .chain([words.join(" ").as_str()])
                .map(str::to_owned)
                .collect();
            stages.join(" > ")
        };
        read.calls().map(show).collect()
    }

    #[test]
    fn programs_behind_wrappers_are_found() {
        assert_eq!(calls("sudo -E apt-get update"), ["sudo > apt-get update"]);
        assert_eq!(
            calls("sudo -Hu root A=1 -- apt-get -y"),
            ["sudo > apt-get -y"]
        );
        assert_eq!(calls("env -u X A=1 B='c d' apt-get x"), ["env > apt-get x"]);
        assert_eq!(calls("a | xargs -0 -n1 -P 4 rm -f"), ["a", "xargs > rm -f"]);
        assert_eq!(
            calls("timeout -k 3 5m nice -n 10 curl x"),
            ["timeout > nice > curl x"]
        );
        assert_eq!(calls("exec \"$@\"; exec nginx"), ["exec > nginx"]);
        assert_eq!(calls("time -p make"), ["time > make"]);
        assert_eq!(calls("gosu redis redis-server"), ["gosu > redis-server"]);
    }

    #[test]
    fn a_wrapper_without_a_command_is_itself_the_program() {
        assert_eq!(calls("sudo -i"), ["sudo -i"]);
        assert_eq!(calls("env"), ["env"]);
        assert_eq!(calls("command -v curl"), ["command -v curl"]);
        assert_eq!(calls("exec > /log"), ["exec"]);
    }

    #[test]
    fn a_program_is_named_by_the_last_part_of_its_path() {
        assert_eq!(
            calls("/usr/bin/apt-get x; 'cu'rl y; \\rm z"),
            ["apt-get x", "curl y", "rm z"]
        );
    }

    #[test]
    fn programs_that_find_executes_are_found() {
        let expected = [
            "find / -name x -exec rm {} + -exec sudo ls {} ;",
            "find > rm {}",
            "find > sudo > ls {}",
        ];
        assert_eq!(
            calls(r"find / -name x -exec rm {} + -exec sudo ls {} \;"),
            expected
        );
    }

    #[test]
    fn a_script_passed_to_another_shell_is_parsed() {
        assert_eq!(
            calls("bash -eo pipefail -c 'a b && c' d"),
            ["bash -eo pipefail -c a b && c d", "a b", "c"]
        );
        assert_eq!(
            calls(r#"sh -c "bash -c \"x 'y'\"""#),
            [r#"sh -c bash -c "x 'y'""#, "bash -c x 'y'", "x y"]
        );
        assert_eq!(calls("su - user -c 'a b'"), ["su - user -c a b", "a b"]);
        assert_eq!(calls("sh script.sh -c x"), ["sh script.sh -c x"]);
        assert_eq!(calls("sh -c \"$(cat x)\""), ["sh -c ?", "cat x"]);
    }
}
