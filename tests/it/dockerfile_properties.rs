//! Properties of every text, even if it is broken.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use jettison::dockerfile::shell::{self, ShellScript};
use jettison::dockerfile::{
    Body, Command, CopySource, Dockerfile, Instruction, Joined, Modifier, Script, ShellPart, Word,
    WordPart, parse,
};
use jettison::source::{Source, Span};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::cases;

/// The text of every sample.
static SAMPLES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/dockerfiles");
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("it is readable").path());
    let samples = paths.filter(|path| path.extension().is_some_and(|end| end == "Dockerfile"));
    let mut texts: Vec<_> = samples
        .map(|path| std::fs::read(path).expect("it is readable"))
        .collect();
    texts.sort();
    texts
});

/// Building blocks of the grammar.
const FRAGMENTS: [&[u8]; 40] = [
    b"\\\n",
    b"\\",
    b"`",
    b"\n",
    b"\r\n",
    b"\r",
    b"#",
    b"# escape=`\n",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\xc3",
    "ü".as_bytes(),
    "\u{a0}".as_bytes(),
    "\u{85}".as_bytes(),
    b" ",
    b"\t",
    b"'",
    b"\"",
    b"$",
    b"${",
    b"}",
    b":-",
    b"[",
    b"]",
    b",",
    b"=",
    b"--",
    b"--mount=",
    b"<<EOF",
    b"<<-'EOF'",
    b"\nEOF\n",
    b"EOF",
    b"FROM a\n",
    b"\nRUN ",
    b"\nONBUILD ",
    b"\nHEALTHCHECK CMD ",
    b"\nENV ",
    b" && $(",
    b"bash -c '",
    b"\\u",
];

#[derive(Clone, Debug)]
enum Change {
    Insert(Index, &'static [u8]),
    Remove(Index, usize),
    Copy(Index, Index, usize),
}

impl Change {
    fn apply(&self, text: &mut Vec<u8>) {
        match self {
            Self::Insert(at, fragment) => {
                let at = at.index(text.len() + 1);
                text.splice(at..at, fragment.iter().copied());
            }
            Self::Remove(at, length) => {
                let at = at.index(text.len() + 1);
                text.drain(at..(at + length).min(text.len()));
            }
            Self::Copy(from, to, length) => {
                let (from, to) = (from.index(text.len() + 1), to.index(text.len() + 1));
                let piece = text[from..(from + length).min(text.len())].to_vec();
                text.splice(to..to, piece);
            }
        }
    }
}

fn mutated_sample() -> impl Strategy<Value = Vec<u8>> {
    let change = prop_oneof![
        3 => (any::<Index>(), select(&FRAGMENTS[..])).prop_map(|(at, fragment)| Change::Insert(at, fragment)),
        1 => (any::<Index>(), 1..12_usize).prop_map(|(at, length)| Change::Remove(at, length)),
        1 => (any::<Index>(), any::<Index>(), 1..30_usize).prop_map(|(from, to, length)| Change::Copy(from, to, length)),
    ];
    (select(SAMPLES.as_slice()), vec(change, 1..8)).prop_map(|(mut text, changes)| {
        for change in changes {
            change.apply(&mut text);
        }
        text
    })
}

fn text_of_fragments() -> impl Strategy<Value = Vec<u8>> {
    vec(select(&FRAGMENTS[..]), 0..60).prop_map(|fragments| fragments.concat())
}

proptest! {
    #![proptest_config(cases::changing(1000))]

    #[test]
    fn mutated_samples_keep_the_invariants(text in mutated_sample()) {
        check(text);
    }

    #[test]
    fn fragments_in_any_order_keep_the_invariants(text in text_of_fragments()) {
        check(text);
    }

    #[test]
    fn arbitrary_bytes_keep_the_invariants(text in vec(any::<u8>(), 0..200)) {
        check(text);
    }
}

fn check(text: Vec<u8>) {
    let shown = String::from_utf8_lossy(&text).into_owned();
    let source = Source::new("Dockerfile", text);
    let file = parse(&source);
    let mut at = 0;
    for token in &file.tokens {
        assert_eq!(
            token.span.start, at,
            "{:?} leaves a gap or overlaps in {shown:?}",
            token.kind
        );
        assert!(token.span.end > at, "{:?} is empty", token.kind);
        at = token.span.end;
    }
    assert_eq!(at, source.text().len(), "the tokens do not reach the end");
    let mut spans = Spans {
        source: &source,
        found: Vec::new(),
    };
    spans.file(&file);
    for span in spans.found {
        let inside = source.text().get(span.range());
        assert!(
            inside.is_some(),
            "{span:?} is outside of, or cuts a character of {shown:?}"
        );
    }
}

/// Everything in a file that has a span.
struct Spans<'a> {
    source: &'a Source,
    found: Vec<Span>,
}

impl Spans<'_> {
    fn file(&mut self, file: &Dockerfile) {
        self.found
            .extend(file.tokens.iter().map(|token| token.span));
        self.found
            .extend(file.comments.iter().map(|comment| comment.span));
        self.found.extend(
            file.directives
                .iter()
                .flat_map(|directive| [directive.span, directive.value_span]),
        );
        self.found
            .extend(file.errors.iter().map(|error| error.span));
        file.instructions
            .iter()
            .for_each(|instruction| self.instruction(instruction));
    }

    fn instruction(&mut self, instruction: &Instruction) {
        self.found
            .extend([instruction.span, instruction.keyword.span]);
        self.joined(&instruction.arguments);
        for flag in &instruction.flags {
            self.found.extend([flag.span, flag.name_span]);
            flag.value.iter().for_each(|word| self.word(word));
        }
        for heredoc in &instruction.heredocs {
            self.found
                .extend([heredoc.opener, heredoc.body, heredoc.end]);
        }
        match &instruction.body {
            Body::From { image, alias } => [image]
                .into_iter()
                .chain(alias)
                .for_each(|word| self.word(word)),
            Body::Command(command) | Body::Healthcheck(Some(command)) => self.command(command),
            Body::Transfer {
                sources,
                destination,
                ..
            } => {
                self.word(destination);
                for source in sources {
                    match source {
                        CopySource::Path(word) => self.word(word),
                        CopySource::Heredoc(index) => assert!(*index < instruction.heredocs.len()),
                    }
                }
            }
            Body::Pairs(pairs) => {
                for pair in pairs {
                    self.found.push(pair.span);
                    [&pair.key]
                        .into_iter()
                        .chain(&pair.value)
                        .for_each(|word| self.word(word));
                }
            }
            Body::Words { words, .. } => words.iter().for_each(|word| self.word(word)),
            Body::Onbuild(inner) => self.instruction(inner),
            Body::Healthcheck(None) | Body::Other => {}
        }
    }

    fn command(&mut self, command: &Command) {
        match command {
            Command::Exec(strings) => self.found.extend(strings.iter().map(|string| string.span)),
            Command::Shell(script) => self.script(script),
        }
    }

    fn word(&mut self, word: &Word) {
        self.found.push(word.span);
        self.parts(&word.parts);
    }

    fn parts(&mut self, parts: &[WordPart]) {
        for part in parts {
            if let WordPart::Variable(variable) = part {
                self.found.push(variable.span);
                if let Some(
                    Modifier::Default { word, .. }
                    | Modifier::Alternative { word, .. }
                    | Modifier::Required { word, .. },
                ) = variable.modifier.as_deref()
                {
                    self.parts(word);
                }
            }
        }
    }

    /// Every byte of a joined text is equal to the source byte that it maps to.
    fn joined(&self, text: &Joined) {
        for (offset, &byte) in text.as_str().as_bytes().iter().enumerate() {
            let source = self
                .source
                .text()
                .as_bytes()
                .get(text.source_offset(offset));
            // The line break before a heredoc's body, which a file may end without.
            assert!(
                source == Some(&byte) || byte == b'\n',
                "{offset} of {text:?} is another byte in the source"
            );
        }
    }

    fn script(&mut self, script: &Script) {
        self.joined(&script.text);
        let read: ShellScript = shell::parse(script);
        self.found.extend(&read.errors);
        for command in &read.commands {
            self.found.push(command.span);
            for word in command.assignments.iter().chain(&command.words) {
                self.found.push(word.span);
                self.found
                    .extend(word.parts.iter().filter_map(|part| match part {
                        ShellPart::Literal(_) => None,
                        ShellPart::Variable { span, .. } | ShellPart::Other(span) => Some(*span),
                    }));
            }
            assert!(command.scope < read.scopes.len());
        }
        for pipeline in &read.pipelines {
            self.found.push(pipeline.span);
            self.found.extend(&pipeline.pipes);
            assert!(
                pipeline
                    .stages
                    .iter()
                    .all(|&stage| stage < read.commands.len())
            );
        }
        self.found
            .extend(read.redirections.iter().map(|redirection| redirection.span));
        assert!(
            read.calls()
                .all(|call| call.command < read.commands.len() && !call.words.is_empty())
        );
    }
}

/// A megabyte of one construct takes milliseconds; a quadratic algorithm would take minutes.
#[test]
fn large_files_are_read_in_linear_time() {
    let repeat = |text: &str| format!("FROM a\n{}", text.repeat((1 << 20) / text.len()));
    let mut heredocs = String::from("FROM a\nRUN cat");
    (0..40_000).for_each(|number| write!(heredocs, " <<E{number}").expect("a string takes all"));
    heredocs.push('\n');
    (0..40_000).for_each(|number| writeln!(heredocs, "x\nE{number}").expect("a string takes all"));
    let files = [
        repeat("RUN a\n"),
        repeat("# comment\n"),
        repeat("\n"),
        repeat("a && \\\n"),
        format!("FROM a\nRUN {}", "a && ".repeat(200_000)),
        format!("FROM a\nRUN a \\\n{}", "# comment\n\n".repeat(100_000)),
        format!("FROM a\nENV {}", "A=\"b c\"\\ d ".repeat(100_000)),
        format!("FROM a\nENV A={}", "${B:-c}$D'".repeat(100_000)),
        format!("FROM a\nENV A={}", "${B:-".repeat(200_000)),
        format!("FROM a\nENV {}", "A=\" ".repeat(200_000)),
        format!("FROM a\nENV {}", "A=${B \\\n".repeat(100_000)),
        format!("FROM a\nENV A=\"{}", "'\"".repeat(300_000)),
        format!("FROM a\nCMD [{}\"b\"]", "\"a\", ".repeat(200_000)),
        format!("FROM a\nCMD [{}", "\"a\",\\\n".repeat(100_000)),
        format!("FROM a\nCMD {}", "[".repeat(1_000_000)),
        format!("FROM a\nCOPY {} /b", "a \\\n".repeat(200_000)),
        format!("FROM a\nCOPY {} /b", "--from=a ".repeat(100_000)),
        format!("FROM a\n{}", "ONBUILD ".repeat(130_000)),
        repeat("RUN <<E\nx\nE\n"),
        repeat("RUN <<E\n"),
        heredocs,
    ];
    for text in files {
        let start: String = text.chars().take(40).collect();
        let source = Source::new("Dockerfile", text);
        let took = crate::cpu_time::of(|| {
            parse(&source);
        });
        eprintln!("{start:?} {took:?}");
        assert!(took < Duration::from_secs(5), "{start:?}… took {took:?}");
    }
}
