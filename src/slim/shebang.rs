//! `#!` lines: the program that the kernel starts for a script, and the program that `env` starts.

use super::view::View;
use crate::elf;
use crate::image::{Image, NameId};
use crate::paths::file_name_bytes;

/// A `#!` line as parsed by the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shebang<'a> {
    pub(super) interpreter: &'a [u8],
    /// The rest of the line, including whitespace, which is a single argument.
    pub(super) argument: Option<&'a [u8]>,
}

/// Number of bytes that the kernel reads: `BINPRM_BUF_SIZE` since Linux 5.1.
const LOOKED_AT: usize = 256;

/// The bytes of a file that [`parse`] needs, and one more byte, which shows whether the file is
/// longer.
pub(super) fn head(view: &View<'_>, name: NameId) -> Vec<u8> {
    view.head(view.tree().inode_id(name), LOOKED_AT + 1)
}

/// The path of the file that the kernel opens to start a program: the interpreter of a script or
/// the loader of an ELF file. `None` if it opens no other, or the program cannot be read.
pub fn started_through(image: &Image, program: NameId) -> Option<Vec<u8>> {
    let bytes = image.read(program).ok()?;
    if let Some(shebang) = parse(&bytes) {
        return Some(shebang.interpreter.to_vec());
    }
    elf::parse(&bytes).ok()?.interpreter
}

/// Parses the line; `None` if the kernel would reject it.
pub(super) fn parse(bytes: &[u8]) -> Option<Shebang<'_>> {
    let head = &bytes[..bytes.len().min(LOOKED_AT)];
    // No byte order mark or whitespace may precede it, because the kernel compares the first two
    // bytes.
    let line = head.strip_prefix(b"#!")?;
    let end = memchr::memchr(b'\n', line);
    // A file that ends within the buffer may end without a line break; the kernel treats its end as
    // one.
    let is_cut = end.is_none() && bytes.len() > LOOKED_AT;
    let line = trim(&line[..end.unwrap_or(line.len())]);
    let split = line
        .iter()
        // The kernel handles the line as a C string, so a NUL ends the path like a space.
        .position(|byte| matches!(byte, b' ' | b'\t' | 0));
    let interpreter = &line[..split.unwrap_or(line.len())];
    // A path that reaches the end of the buffer may be truncated and is rejected; a truncated
    // argument is used as is.
    if interpreter.is_empty() || (is_cut && split.is_none()) {
        return None;
    }
    let argument = split
        .map(|split| trim(&line[split..]))
        .filter(|argument| !argument.is_empty());
    // The argument too is a C string and ends at its first NUL.
    let argument =
        argument.map(|argument| argument.split(|&byte| byte == 0).next().unwrap_or_default());
    Some(Shebang {
        interpreter,
        argument,
    })
}

fn trim(text: &[u8]) -> &[u8] {
    // The kernel treats no other characters as whitespace.
    let Some(start) = text.iter().position(|byte| !b" \t".contains(byte)) else {
        return &[];
    };
    let last = text.iter().rposition(|byte| !b" \t".contains(byte));
    &text[start..=last.unwrap_or(start)]
}

impl Shebang<'_> {
    /// `with-contenv` of s6-overlay starts its argument like `env`.
    fn is_env(&self) -> bool {
        matches!(file_name_bytes(self.interpreter), b"env" | b"with-contenv")
    }

    /// The program that `env` starts, if the interpreter is `env`.
    pub(super) fn env_program(&self) -> Option<Vec<u8>> {
        // Other interpreters run the script themselves.
        if !self.is_env() {
            return None;
        }
        if file_name_bytes(self.interpreter) == b"with-contenv" {
            // The overlay's program splits its argument at spaces, because the kernel passes the
            // rest of the line as one word.
            return self
                .argument?
                .split(u8::is_ascii_whitespace)
                .next()
                .map(<[u8]>::to_vec);
        }
        env_program(self.argument?)
    }

    /// The name of the program that ultimately runs the script: the interpreter, the program that
    /// `env` starts, or the BusyBox applet.
    pub(super) fn program_name(&self) -> Vec<u8> {
        let program = match file_name_bytes(self.interpreter) {
            b"env" | b"with-contenv" => self.env_program().unwrap_or_default(),
            // `#!/bin/busybox sh`: the first word of the argument is the applet.
            b"busybox" => self
                .argument
                .unwrap_or_default()
                .split(u8::is_ascii_whitespace)
                .next()
                .unwrap_or_default()
                .to_vec(),
            _ => self.interpreter.to_vec(),
        };
        file_name_bytes(&program).to_vec()
    }
}

/// The program that `env` starts for its single argument: the argument itself, unless it is an
/// option. `-S`, alone or after other letters, splits the rest into words.
fn env_program(argument: &[u8]) -> Option<Vec<u8>> {
    let Some(text) = split_string(argument) else {
        // Without `-S`, the single argument is the name of the program, including spaces.
        if argument.starts_with(b"-") {
            return None;
        }
        return Some(argument.to_vec());
    };
    let mut words = text
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        match word {
            // These take the next word as their value; it is not the program.
            b"-u" | b"--unset" | b"-C" | b"--chdir" => drop(words.next()),
            // Other options take no value, and `NAME=value` sets a variable for the program.
            _ if word.starts_with(b"-") || word.contains(&b'=') => {}
            _ => {
                return Some(
                    word.iter()
                        .copied()
                        .filter(|byte| !b"'\"".contains(byte))
                        .collect(),
                );
            }
        }
    }
    None
}

/// The text that `env -S` splits into words. The kernel passes the rest of a `#!` line as one
/// argument; since coreutils 8.30, GNU `env` supports `-S` to split it.
fn split_string(argument: &[u8]) -> Option<&[u8]> {
    if let Some(text) = argument.strip_prefix(b"--split-string=") {
        return Some(text);
    }
    let letters = argument.strip_prefix(b"-")?;
    let place = letters.iter().position(|&letter| letter == b'S')?;
    // Only flags without a value may precede the `S`; after `-u`, the rest would be the name of a
    // variable.
    if letters[..place]
        .iter()
        .all(|letter| b"iv0".contains(letter))
    {
        Some(&letters[place + 1..])
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Option<(String, Option<String>)> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        parse(line.as_bytes())
            .map(|shebang| (text(shebang.interpreter), shebang.argument.map(text)))
    }

    #[test]
    fn everything_after_the_interpreter_is_one_argument() {
        let expected = Some(("/bin/awk".to_owned(), Some("-f  x".to_owned())));
        assert_eq!(words("#! \t/bin/awk  -f  x \nBEGIN"), expected);
    }

    #[test]
    fn a_line_without_interpreter_is_refused() {
        assert_eq!(words("#! \n/bin/sh"), None);
        assert_eq!(words("#"), None);
    }

    #[test]
    fn an_overlong_interpreter_path_is_refused_but_an_overlong_argument_is_truncated() {
        let long = "x".repeat(300);
        assert_eq!(words(&format!("#!/{long}\n")), None);
        let (interpreter, argument) = words(&format!("#!/bin/sh {long}\n")).unwrap();
        assert_eq!(
            (interpreter.as_str(), argument.unwrap().len()),
            ("/bin/sh", 256 - "#!/bin/sh ".len())
        );
    }

    #[test]
    fn env_splits_its_argument_only_with_the_split_option() {
        let program = |argument: &str| {
            env_program(argument.as_bytes()).map(|name| String::from_utf8(name).unwrap())
        };
        assert_eq!(program("python3").as_deref(), Some("python3"));
        assert_eq!(program("-S python3 -u").as_deref(), Some("python3"));
        assert_eq!(program("-Spython3 -u").as_deref(), Some("python3"));
        assert_eq!(program("-iS -u HOME A=1 node --x").as_deref(), Some("node"));
        assert_eq!(program("--split-string=ruby -w").as_deref(), Some("ruby"));
        assert_eq!(program("-i"), None);
        assert_eq!(program("python3 -u").as_deref(), Some("python3 -u"));
    }
}
