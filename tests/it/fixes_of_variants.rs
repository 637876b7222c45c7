//! The law of fixes on variants of the Dockerfiles in the tests and pages: with instructions
//! repeated, exchanged, joined and taken from elsewhere, with comments between continuation lines,
//! and in other layouts.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jettison::dockerfile::{Instruction, Kind, parse};
use jettison::lint::{Applicability, Settings};
use jettison::source::{Source, Span};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::{cases, fixes, rules_any_text};

/// The texts to start from, without those that a person would not write.
static TEXTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut texts = Vec::new();
    for source in fixes::dockerfiles() {
        if source.bytes().len() < 10_000 && parse(&source).errors.is_empty() {
            texts.push(source.text().to_owned());
        }
    }
    texts
});

/// Every short instruction of these texts.
static INSTRUCTIONS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut all = BTreeSet::new();
    for text in TEXTS.iter() {
        for piece in pieces(text) {
            all.insert(text[piece.span.range()].to_owned());
        }
    }
    all.retain(|text| text.len() < 500);
    all.into_iter().collect()
});

const COMMENTS: [&str; 6] = [
    "# why",
    "  # indented",
    "# hadolint ignore=DL3008,DL3009",
    "# shellcheck disable=SC2086",
    "# ends with \\",
    "#",
];

/// Text before and after a script.
const WRAPPERS: [(&str, &str); 16] = [
    ("set -eux; ", ""),
    ("set -e && ", ""),
    ("(", ")"),
    ("{ ", "; }"),
    ("if ", "; then true; fi"),
    ("! ", ""),
    ("sudo ", ""),
    ("FOO=1 ", ""),
    ("true && \\\n    ", ""),
    ("", " || true"),
    ("", " 2>&1"),
    ("", " \\\n    && rm -rf /tmp/* /var/lib/apt/lists/*"),
    ("", "; \\\n    rm -f $FILE"),
    ("", " # trailing"),
    ("", "\t"),
    ("--mount=type=cache,target=/root/.cache \\\n    ", ""),
];

const SEPARATORS: [&str; 6] = [
    " && ",
    " \\\n    && ",
    " && \\\n    ",
    "; ",
    "; \\\n    ",
    " | ",
];

const HEREDOCS: [(&str, &str); 6] = [
    ("<<EOF\n", "\nEOF"),
    ("<<'EOF'\nset -e\n", "\nEOF"),
    ("<<EOF\nset -ex\n", "\nEOF"),
    ("<<EOF\n#!/bin/bash -e\n", "\nEOF"),
    ("<<-EOF\n\t", "\n\tEOF"),
    ("bash <<EOF\n", "\nEOF"),
];

const FRONTENDS: [&str; 3] = ["1", "1.0", "1.4"];

const APPLICABILITIES: [Applicability; 2] = [Applicability::Safe, Applicability::Unsafe];

/// A change of a text. An index counts the instructions or the lines that it may act on.
#[derive(Clone, Debug)]
enum Change {
    Insert(Index, Index),
    Repeat(Index),
    Remove(Index),
    Swap(Index, Index),
    Comment(Index, &'static str),
    Lowercase(Index),
    Wrap(Index, (&'static str, &'static str)),
    Heredoc(Index, (&'static str, &'static str)),
    Join(Index, &'static str),
}

/// A change of the whole text.
#[derive(Clone, Copy, Debug)]
enum Form {
    Plain,
    CarriageReturns,
    Backticks,
    Unended,
    Frontend(&'static str),
}

/// An instruction of a text.
struct Piece {
    span: Span,
    kind: Kind,
    keyword: Span,
    /// The start of the text after keyword and flags.
    arguments: usize,
    has_heredoc: bool,
}

impl Piece {
    fn of(instruction: &Instruction) -> Self {
        Self {
            span: instruction.span,
            kind: instruction.keyword.kind,
            keyword: instruction.keyword.span,
            arguments: instruction.arguments.source_offset(0),
            has_heredoc: !instruction.heredocs.is_empty(),
        }
    }

    /// Whether it is a RUN whose script stands beside it.
    fn is_plain_run(&self) -> bool {
        // Without arguments, there is no place where they start.
        let has_script = self.keyword.end < self.arguments && self.arguments < self.span.end;
        self.kind == Kind::Run && !self.has_heredoc && has_script
    }
}

fn pieces(text: &str) -> Vec<Piece> {
    let dockerfile = parse(&Source::new("Dockerfile", text));
    dockerfile.instructions.iter().map(Piece::of).collect()
}

impl Change {
    fn apply(&self, text: &mut String) {
        let all = pieces(text);
        if all.is_empty() {
            return;
        }
        match self {
            Self::Insert(at, which) => {
                let line = format!("{}\n", which.get(INSTRUCTIONS.as_slice()));
                text.insert_str(at.get(&all).span.start, &line);
            }
            Self::Repeat(at) => {
                let span = at.get(&all).span;
                let line = format!("{}\n", &text[span.range()]);
                text.insert_str(span.start, &line);
            }
            Self::Remove(at) => text.replace_range(at.get(&all).span.range(), ""),
            Self::Swap(one, other) => swap(text, at_two(&all, *one, *other)),
            Self::Comment(at, comment) => {
                let lines: Vec<usize> = text.match_indices('\n').map(|(end, _)| end + 1).collect();
                if !lines.is_empty() {
                    text.insert_str(*at.get(&lines), &format!("{comment}\n"));
                }
            }
            Self::Lowercase(at) => {
                let span = at.get(&all).keyword;
                text[span.range()].make_ascii_lowercase();
            }
            Self::Wrap(at, around) => enclose(text, &all, *at, "", *around),
            Self::Heredoc(at, around) => enclose(text, &all, *at, "\n", *around),
            Self::Join(at, separator) => join(text, &all, *at, separator),
        }
    }
}

/// The spans of two instructions, in order.
fn at_two(all: &[Piece], one: Index, other: Index) -> (Span, Span) {
    let (one, other) = (one.index(all.len()), other.index(all.len()));
    (all[one.min(other)].span, all[one.max(other)].span)
}

fn swap(text: &mut String, (first, second): (Span, Span)) {
    if first == second {
        return;
    }
    let (one, other) = (
        text[first.range()].to_owned(),
        text[second.range()].to_owned(),
    );
    text.replace_range(second.range(), &one);
    text.replace_range(first.range(), &other);
}

/// Puts text around the script of a RUN, and `between` in the place of each `&&`, if given.
fn enclose(
    text: &mut String,
    all: &[Piece],
    at: Index,
    between: &str,
    (before, after): (&str, &str),
) {
    let runs: Vec<&Piece> = all.iter().filter(|piece| piece.is_plain_run()).collect();
    if runs.is_empty() {
        return;
    }
    let run = at.get(&runs);
    let range = run.arguments..run.span.end;
    let mut script = text[range.clone()].to_owned();
    if !between.is_empty() {
        script = script.replace(" \\\n", " ").replace("&&", between);
    }
    text.replace_range(range, &format!("{before}{script}{after}"));
}

/// Joins a RUN with the next one.
fn join(text: &mut String, all: &[Piece], at: Index, separator: &str) {
    let mut pairs = Vec::new();
    for pair in all.windows(2) {
        if pair[0].is_plain_run() && pair[1].is_plain_run() {
            pairs.push((pair[0].span.end, pair[1].arguments));
        }
    }
    if pairs.is_empty() {
        return;
    }
    let &(end, start) = at.get(&pairs);
    text.replace_range(end..start, separator);
}

impl Form {
    fn apply(self, text: String) -> String {
        match self {
            Self::Plain => text,
            Self::CarriageReturns => text.replace("\r\n", "\n").replace('\n', "\r\n"),
            Self::Backticks => format!("# escape=`\n{}", text.replace("\\\n", "`\n")),
            Self::Unended => text.trim_end().to_owned(),
            Self::Frontend(version) => format!("# syntax=docker/dockerfile:{version}\n{text}"),
        }
    }
}

fn any_change() -> impl Strategy<Value = Change> {
    let index = any::<Index>;
    prop_oneof![
        4 => (index(), index()).prop_map(|(at, which)| Change::Insert(at, which)),
        1 => index().prop_map(Change::Repeat),
        1 => index().prop_map(Change::Remove),
        1 => (index(), index()).prop_map(|(one, other)| Change::Swap(one, other)),
        2 => (index(), select(&COMMENTS[..])).prop_map(|(at, text)| Change::Comment(at, text)),
        1 => index().prop_map(Change::Lowercase),
        3 => (index(), select(&WRAPPERS[..])).prop_map(|(at, text)| Change::Wrap(at, text)),
        2 => (index(), select(&HEREDOCS[..])).prop_map(|(at, text)| Change::Heredoc(at, text)),
        2 => (index(), select(&SEPARATORS[..])).prop_map(|(at, text)| Change::Join(at, text)),
    ]
}

fn any_form() -> impl Strategy<Value = Form> {
    prop_oneof![
        8 => Just(Form::Plain),
        1 => Just(Form::CarriageReturns),
        1 => Just(Form::Backticks),
        1 => Just(Form::Unended),
        1 => select(&FRONTENDS[..]).prop_map(Form::Frontend),
    ]
}

fn any_variant() -> impl Strategy<Value = String> {
    (
        select(TEXTS.as_slice()),
        vec(any_change(), 1..5),
        any_form(),
    )
        .prop_map(|(mut text, changes, form)| {
            for change in changes {
                change.apply(&mut text);
            }
            form.apply(text)
        })
}

proptest! {
    #![proptest_config(cases::steady(256))]

    #[test]
    fn fixes_of_variants_keep_the_law(
        text in any_variant(),
        select in rules_any_text::any_selection(),
        max in select(&APPLICABILITIES[..]),
    ) {
        let source = Source::new("Dockerfile", text.as_str());
        let settings = Settings { select, ..Settings::default() };
        let faults = fixes::breaches(&source, &settings, max);
        prop_assert!(faults.is_empty(), "{}\n--- before:\n{text}", faults.join("\n"));
    }
}
