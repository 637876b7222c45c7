//! `swallowed-line`: a line belongs to the instruction or to the comment before it.

use crate::dockerfile::{Kind, ShellScript, are_quotes_open_at};
use crate::lint::facts::Step;
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "swallowed-line",
    page: include_str!("../../rules/lint/swallowed-line.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// The most lines of an instruction that are tried. Only those that start with a keyword count, and
/// a second one is rare.
const MAX_LINES: usize = 16;

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in &cx.facts.steps {
        let script = cx.facts.run_of(step).and_then(|run| run.script.as_ref());
        let comment = script.and_then(|script| long_comment(cx, script));
        if let Some((comment, rest)) = comment {
            let message = "this comment continues on the next line, so that line never runs";
            findings
                .add(comment, message)
                .label(rest, "part of the comment");
        }
        for keyword in keywords_at_line_start(cx, step).into_iter().take(MAX_LINES) {
            // In a comment, that is the cause.
            if comment.is_some_and(|(comment, _)| comment.start < keyword.start) {
                break;
            }
            if is_argument(cx, step, script, keyword) {
                let (word, name) = (cx.source.slice(keyword), step.kind().name());
                findings
                    .add(
                        keyword,
                        format!(
                            "`{word}` is an argument of the previous `{name}`, not an instruction"
                        ),
                    )
                    .note(format!(
                        "the previous line ends with `{}`",
                        cx.dockerfile.escape
                    ));
                break;
            }
        }
    }
}

/// The first shell comment that a continuation extends to another line: the part that looks like a
/// comment, and the rest.
fn long_comment(cx: &DockerfileContext<'_>, script: &ShellScript) -> Option<(Span, Span)> {
    for comment in &script.comments {
        let text = cx.source.slice(*comment);
        let Some(line_end) = text.find('\n') else {
            continue;
        };
        let seen = text[..line_end].trim_end();
        let seen = seen
            .strip_suffix(cx.dockerfile.escape)
            .unwrap_or(seen)
            .trim_end();
        let rest = text[line_end..].trim();
        if !rest.is_empty() {
            let start = comment.end - text[line_end..].trim_start().len();
            let first = Span::new(comment.start, comment.start + seen.len());
            return Some((first, Span::new(start, start + rest.len())));
        }
    }
    None
}

/// The keywords in capitals at the starts of lines within an instruction, each with something after
/// it.
fn keywords_at_line_start(cx: &DockerfileContext<'_>, step: &Step<'_>) -> Vec<Span> {
    let instruction = step.instruction;
    // The body of a heredoc is another file.
    let end = instruction
        .heredocs
        .first()
        .map_or(instruction.span.end, |heredoc| heredoc.body.start);
    let text = cx.source.slice(Span::new(instruction.span.start, end));
    let mut keywords = Vec::new();
    let mut start = instruction.span.start;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let content = line.trim_start();
        let at = start + (line.len() - content.len());
        start += line.len();
        let Some((word, rest)) = content.split_once([' ', '\t']) else {
            continue;
        };
        let is_keyword = index > 0 && !rest.trim().is_empty() && is_keyword(step, word);
        // The second keyword of HEALTHCHECK may come after its flags.
        let is_own =
            step.kind() == Kind::Healthcheck && at == instruction.arguments.source_offset(0);
        if is_keyword && !is_own {
            keywords.push(Span::new(at, at + word.len()));
        }
    }
    keywords
}

/// Whether a word is a keyword in capitals, or in lowercase after another one in lowercase.
fn is_keyword(step: &Step<'_>, word: &str) -> bool {
    let kind = Kind::of_keyword(word);
    if kind == Kind::Unknown {
        return false;
    }
    let are_lowercase = is_lowercase(word) && is_lowercase(&step.instruction.keyword.text);
    // `env` is a program, too.
    word == kind.name() || (are_lowercase && kind != Kind::Env)
}

fn is_lowercase(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_lowercase())
}

/// Whether a word is an argument or a command, and not the text between quotes.
fn is_argument(
    cx: &DockerfileContext<'_>,
    step: &Step<'_>,
    script: Option<&ShellScript>,
    word: Span,
) -> bool {
    let text = cx.source.slice(word);
    let is_capital = text.bytes().all(|b| b.is_ascii_uppercase());
    let Some(script) = script else {
        // A file may be called `user` or `shell`.
        let is_meant = is_capital || text == step.instruction.keyword.text;
        let arguments = &step.instruction.arguments;
        return is_meant
            && are_quotes_open_at(arguments, word.start, cx.dockerfile.escape) == Some(false);
    };
    // In lowercase, `git add` and `npm run` are common, so only the name of a command counts.
    let most = if is_capital { usize::MAX } else { 1 };
    let mut commands = script.commands.iter();
    commands.any(|command| {
        let mut words = command.words.iter().take(most);
        words.any(|argument| argument.span == word)
    })
}
