//! Small Dockerfiles, one construct each, and their parsed form:
//! `testdata/dockerfiles/NAME.Dockerfile` and `NAME.txt`. `JETTISON_BLESS=1` updates the
//! expectations; review the diff before you commit it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use jettison::dockerfile::{
    Body, Command, CopySource, Dockerfile, Instruction, Modifier, Pair, Script, Word, WordPart,
    parse,
};
use jettison::source::{Source, Span};

fn samples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/dockerfiles");
    let entries = fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("it is readable").path());
    let mut paths: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|end| end == "Dockerfile"))
        .collect();
    paths.sort();
    paths
}

#[test]
fn every_sample_parses_as_expected() {
    let bless = std::env::var_os("JETTISON_BLESS").is_some();
    let mut wrong = Vec::new();
    let samples = samples();
    assert!(samples.len() > 30, "the samples are gone");
    for path in samples {
        let source = Source::new("Dockerfile", fs::read(&path).expect("a sample is readable"));
        let found = Show {
            source: &source,
            out: String::new(),
        }
        .file(&parse(&source));
        let expectation = path.with_extension("txt");
        if bless {
            fs::write(&expectation, found).expect("an expectation is writable");
        } else if fs::read_to_string(&expectation).unwrap_or_default() != found {
            wrong.push(format!("{}\n{found}", path.display()));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} samples differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn concatenated_tokens_equal_the_sample() {
    for path in samples() {
        let source = Source::new("Dockerfile", fs::read(&path).expect("a sample is readable"));
        let text: String = parse(&source)
            .tokens
            .iter()
            .map(|token| source.slice(token.span))
            .collect();
        assert_eq!(text, source.text(), "{}", path.display());
    }
}

struct Show<'a> {
    source: &'a Source,
    out: String,
}

impl Show<'_> {
    fn file(mut self, file: &Dockerfile) -> String {
        for directive in &file.directives {
            self.line(
                0,
                &format!(
                    "directive {} = {:?}",
                    directive.name,
                    self.source.slice(directive.value_span)
                ),
            );
        }
        for instruction in &file.instructions {
            self.instruction(0, instruction);
        }
        for error in &file.errors {
            self.line(
                0,
                &format!("error {} {}", self.place(error.span), error.message),
            );
        }
        self.line(0, "tokens");
        for token in &file.tokens {
            self.line(1, &format!("{} {:?}", self.place(token.span), token.kind));
        }
        self.out
    }

    fn line(&mut self, depth: usize, text: &str) {
        writeln!(self.out, "{}{text}", "  ".repeat(depth)).expect("a string takes all");
    }

    fn place(&self, span: Span) -> String {
        let start = self.source.position(span.start);
        format!(
            "{}:{} {:?}",
            start.line,
            start.column,
            self.source.slice(span)
        )
    }

    fn instruction(&mut self, depth: usize, instruction: &Instruction) {
        let (first, last) = (
            self.source.line(instruction.span.start),
            self.source.line(instruction.span.end),
        );
        self.line(
            depth,
            &format!("{} {first}-{last}", instruction.keyword.kind.name()),
        );
        for flag in &instruction.flags {
            let value = flag
                .value
                .as_ref()
                .map_or(String::new(), |value| format!(" {}", self.word(value)));
            self.line(depth + 1, &format!("flag {}{value}", flag.name));
        }
        for heredoc in &instruction.heredocs {
            let marks = [
                (heredoc.expands, " expands"),
                (heredoc.strips_tabs, " strips tabs"),
            ];
            let marks: String = marks
                .iter()
                .filter(|(set, _)| *set)
                .map(|&(_, mark)| mark)
                .collect();
            let (fd, name, body) = (heredoc.fd, &heredoc.name, self.source.slice(heredoc.body));
            self.line(depth + 1, &format!("heredoc {fd} {name:?}{marks} {body:?}"));
        }
        self.body(depth + 1, &instruction.body);
    }

    fn body(&mut self, depth: usize, body: &Body) {
        match body {
            Body::From { image, alias } => {
                let alias = alias
                    .as_ref()
                    .map_or(String::new(), |alias| format!(" as {}", self.word(alias)));
                self.line(depth, &format!("image {}{alias}", self.word(image)));
            }
            Body::Command(command) | Body::Healthcheck(Some(command)) => {
                self.command(depth, command);
            }
            Body::Healthcheck(None) => self.line(depth, "none"),
            Body::Transfer {
                sources,
                destination,
                json,
            } => {
                for source in sources {
                    let source = match source {
                        CopySource::Path(word) => self.word(word),
                        CopySource::Heredoc(index) => format!("heredoc {index}"),
                    };
                    self.line(depth, &format!("source {source}"));
                }
                self.line(
                    depth,
                    &format!("destination {}{}", self.word(destination), json_mark(*json)),
                );
            }
            Body::Pairs(pairs) => pairs.iter().for_each(|pair| self.pair(depth, pair)),
            Body::Words { words, json } => {
                for word in words {
                    self.line(
                        depth,
                        &format!("word {}{}", self.word(word), json_mark(*json)),
                    );
                }
            }
            Body::Onbuild(inner) => self.instruction(depth, inner),
            Body::Other => self.line(depth, "not understood"),
        }
    }

    fn command(&mut self, depth: usize, command: &Command) {
        match command {
            Command::Exec(strings) => {
                for string in strings {
                    self.line(
                        depth,
                        &format!("exec {:?} {}", string.value, self.place(string.span)),
                    );
                }
            }
            Command::Shell(Script { text, shebang }) => {
                let shebang = shebang
                    .as_ref()
                    .map_or(String::new(), |shebang| format!(" for {shebang:?}"));
                self.line(depth, &format!("shell {:?}{shebang}", text.as_str()));
            }
        }
    }

    fn pair(&mut self, depth: usize, pair: &Pair) {
        let value = pair
            .value
            .as_ref()
            .map_or("nothing".to_owned(), |value| self.word(value));
        let legacy = if pair.legacy { " (legacy)" } else { "" };
        self.line(
            depth,
            &format!("pair {} = {value}{legacy}", self.word(&pair.key)),
        );
    }

    fn word(&self, word: &Word) -> String {
        format!("{} {}", self.place(word.span), self.parts(&word.parts))
    }

    fn parts(&self, parts: &[WordPart]) -> String {
        let shown: Vec<_> = parts.iter().map(|part| self.part(part)).collect();
        format!("[{}]", shown.join(" "))
    }

    fn part(&self, part: &WordPart) -> String {
        let variable = match part {
            WordPart::Literal(text) => return format!("{text:?}"),
            WordPart::Variable(variable) => variable,
        };
        let modifier = match variable.modifier.as_deref() {
            None => String::new(),
            Some(Modifier::Default { colon, word }) => {
                format!(" default({colon}) {}", self.parts(word))
            }
            Some(Modifier::Alternative { colon, word }) => {
                format!(" alternative({colon}) {}", self.parts(word))
            }
            Some(Modifier::Required { colon, word }) => {
                format!(" required({colon}) {}", self.parts(word))
            }
            Some(other) => format!(" {other:?}"),
        };
        format!(
            "{}={}{modifier}",
            self.source.slice(variable.span),
            variable.name
        )
    }
}

fn json_mark(json: bool) -> &'static str {
    if json { " (JSON)" } else { "" }
}
