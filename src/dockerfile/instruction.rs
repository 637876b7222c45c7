//! Parses a logical line: keyword, flags, arguments, and the resulting instruction.

use std::ops::Range;

use super::body::{BodyReader, Mark};
use super::frontend::FrontendVersion;
use super::heredoc::{self, Opener};
use super::json::{self, Form};
use super::syntax::{
    Body, Flag, Heredoc, Instruction, Joined, Keyword, Kind, SyntaxError, TokenKind,
};
use super::{flags, split, word};
use crate::source::Span;

/// Parts of an instruction as ranges of its logical line, before they are interpreted.
#[derive(Debug)]
pub(super) struct Outline {
    keyword: Range<usize>,
    kind: Kind,
    flags: Vec<Range<usize>>,
    arguments: Range<usize>,
    /// The instruction inside ONBUILD.
    inner: Option<Box<Outline>>,
}

impl Outline {
    pub(super) fn read(line: &str, escape: char) -> Self {
        let mut outline = Self::of_range(line, 0..line.len(), escape);
        // There is only one level, because BuildKit rejects `ONBUILD ONBUILD`.
        if outline.kind == Kind::Onbuild && !outline.arguments.is_empty() {
            let inner = Self::of_range(line, outline.arguments.clone(), escape);
            outline.inner = Some(Box::new(inner));
        }
        outline
    }

    fn of_range(line: &str, range: Range<usize>, escape: char) -> Self {
        let (keyword, rest) = split::first(line, split::trim(line, range));
        let (flags, start) = split::flags(line, rest.clone(), escape);
        let arguments = split::trim(line, start..rest.end);
        Self {
            kind: Kind::of_keyword(&line[keyword.clone()]),
            keyword,
            flags,
            arguments,
            inner: None,
        }
    }

    /// The kind of the instruction that runs: of an ONBUILD, that of the one inside.
    pub(super) fn target(&self) -> Kind {
        self.inner.as_deref().unwrap_or(self).kind
    }

    /// The part of the line that is not a script, as scripts have limits of their own.
    pub(super) fn without_script<'l>(&self, line: &'l str) -> &'l str {
        let target = self.inner.as_deref().unwrap_or(self);
        let arguments = &line[target.arguments.clone()];
        // `RUN ["a", "b"]` is not a script.
        if target.kind == Kind::Run && !arguments.starts_with('[') {
            &line[..target.arguments.start]
        } else {
            line
        }
    }

    /// Bytes of the scripts in the line and in its heredocs.
    pub(super) fn script_bytes(&self, heredocs: &[Heredoc]) -> usize {
        let target = self.inner.as_deref().unwrap_or(self);
        let is_command = matches!(
            target.kind,
            Kind::Run | Kind::Cmd | Kind::Entrypoint | Kind::Healthcheck
        );
        if !is_command {
            return 0;
        }
        let bodies: usize = heredocs
            .iter()
            .map(|heredoc| heredoc.body.end - heredoc.body.start)
            .sum();
        target.arguments.len() + bodies
    }

    /// Whether the line can open heredocs. Only some instructions can.
    pub(super) fn takes_heredocs(&self) -> bool {
        matches!(self.target(), Kind::Run | Kind::Copy | Kind::Add)
    }

    /// The heredocs that the line opens, none with a JSON form.
    pub(super) fn heredocs(&self, line: &Joined) -> Vec<Opener> {
        let target = self.inner.as_deref().unwrap_or(self);
        if !self.takes_heredocs() {
            return Vec::new();
        }
        let mut openers = heredoc::openers(line);
        // `RUN ["sh", "-c", "cat <<EOF"]` is an argument list, regardless of the contents of its
        // strings.
        if !openers.is_empty()
            && matches!(json::read(line, target.arguments.clone()), Form::Array(_))
        {
            openers.clear();
        }
        openers
    }
}

/// Creates instructions from outlines.
pub(super) struct InstructionReader<'a> {
    /// The whole file.
    pub(super) text: &'a str,
    pub(super) line: &'a Joined,
    /// Span from the first character of the logical line to the end of its last physical line.
    pub(super) span: Span,
    pub(super) escape: char,
    pub(super) frontend: Option<FrontendVersion>,
    /// Filled with the token kinds of the line.
    pub(super) marks: &'a mut Vec<Mark>,
    pub(super) errors: &'a mut Vec<SyntaxError>,
}

impl InstructionReader<'_> {
    pub(super) fn read(&mut self, outline: &Outline, heredocs: Vec<Heredoc>) -> Instruction {
        let Some(inner) = &outline.inner else {
            return self.instruction(outline, self.span, heredocs, None);
        };
        self.check_trigger(inner);
        // Heredocs belong to the inner instruction, not to ONBUILD.
        let start = self.line.source_offset(inner.keyword.start);
        let inner = self.instruction(inner, Span::new(start, self.span.end), heredocs, None);
        self.instruction(outline, self.span, Vec::new(), Some(inner))
    }

    fn instruction(
        &mut self,
        outline: &Outline,
        span: Span,
        heredocs: Vec<Heredoc>,
        inner: Option<Instruction>,
    ) -> Instruction {
        let keyword = self.keyword(outline);
        let flags: Vec<_> = outline
            .flags
            .iter()
            .map(|range| self.flag(range.clone()))
            .collect();
        if flags::are_read(keyword.kind, &self.line.as_str()[outline.arguments.clone()]) {
            flags::check(keyword.kind, &flags, self.frontend, self.errors);
        }
        let body = match (keyword.kind, inner) {
            (_, Some(inner)) => Body::Onbuild(Box::new(inner)),
            (kind, None) => self.body(kind, outline, &heredocs),
        };
        let arguments = self
            .line
            .slice(outline.arguments.start, outline.arguments.end);
        Instruction {
            span,
            keyword,
            flags,
            arguments,
            heredocs,
            body,
        }
    }

    fn keyword(&mut self, outline: &Outline) -> Keyword {
        let range = outline.keyword.clone();
        self.marks.push((range.clone(), TokenKind::Keyword));
        let span = self.line.source_span(range.start, range.end);
        let text = self.line.as_str()[range].to_owned();
        if outline.kind == Kind::Unknown && text.is_empty() {
            // The keyword is empty if a line consists of a continuation and nothing follows. In
            // that case, only the whole instruction can be pointed at.
            self.errors.push(SyntaxError::new(
                self.span,
                "line continuation without an instruction",
            ));
        } else if outline.kind == Kind::Unknown {
            let message = format!("unknown instruction `{text}`");
            self.errors.push(SyntaxError::new(span, message));
        }
        Keyword {
            span,
            kind: outline.kind,
            text,
        }
    }

    fn flag(&mut self, range: Range<usize>) -> Flag {
        self.marks.push((range.clone(), TokenKind::Flag));
        let text = &self.line.as_str()[range.clone()];
        let equals = text.find('=').map(|offset| range.start + offset);
        let name = range.start + 2..equals.unwrap_or(range.end);
        let value = equals.map(|equals| {
            let (word, fault) = word::read_flag(self.line, equals + 1, range.end, self.escape);
            if let Some(fault) = fault {
                let span = self.line.source_span(fault.start, fault.end);
                self.errors.push(SyntaxError::new(span, fault.message));
            }
            word
        });
        Flag {
            span: self.line.source_span(range.start, range.end),
            name: self.line.as_str()[name.clone()].to_owned(),
            name_span: self.line.source_span(name.start, name.end),
            value,
        }
    }

    fn body(&mut self, kind: Kind, outline: &Outline, heredocs: &[Heredoc]) -> Body {
        let arguments = outline.arguments.clone();
        match kind {
            // It is unknown how an unknown instruction splits its arguments.
            Kind::Unknown => self.marks.push((arguments, TokenKind::Error)),
            // Either without arguments, or inside another ONBUILD, which is the error in that case.
            Kind::Onbuild if arguments.is_empty() => self.errors.push(SyntaxError::new(
                self.line.source_span(arguments.start, arguments.end),
                "`ONBUILD` needs an instruction",
            )),
            _ => {
                let mut reader = BodyReader {
                    text: self.text,
                    line: self.line,
                    arguments,
                    escape: self.escape,
                    heredocs,
                    marks: self.marks,
                    errors: self.errors,
                };
                return reader.read(kind);
            }
        }
        Body::Other
    }

    /// Adds an error for the instructions that BuildKit's `parseOnBuild` rejects as triggers.
    fn check_trigger(&mut self, inner: &Outline) {
        if matches!(inner.kind, Kind::Onbuild | Kind::From | Kind::Maintainer) {
            self.errors.push(SyntaxError::new(
                self.line
                    .source_span(inner.keyword.start, inner.keyword.end),
                format!("`{}` is not allowed in `ONBUILD`", inner.kind.name()),
            ));
        }
    }
}
