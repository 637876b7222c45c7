//! The conditions that every fix has to meet, whichever rule offers it. A finding whose fix does
//! not meet them keeps its place in the report and loses the fix.

use std::collections::BTreeSet;

use super::DockerfileContext;
use super::facts::frontend;
use crate::dockerfile::{Body, Comment, Instruction};
use crate::lint::finding::{Edit, Finding, Fix};
use crate::lint::{Registry, Settings};
use crate::source::Span;

/// Drops the fixes that would damage the file.
pub(super) fn drop_unsound(findings: &mut [Finding], cx: &DockerfileContext<'_>) {
    let unterminated = unterminated(cx);
    for finding in findings {
        let Some(fix) = &finding.fix else {
            continue;
        };
        let is_sound = !touches_end(fix, unterminated)
            && keeps_comments(fix, finding.span(), cx)
            && !leaves_comment_behind(fix, cx)
            && !repeats_text(fix, cx)
            && !continues_line(fix, cx)
            && !writes_carriage_returns(fix, cx)
            && !writes_unknown_syntax(fix, cx);
        if !is_sound {
            finding.fix = None;
        }
    }
}

/// Drops the fixes whose result another selected rule would report.
pub(super) fn drop_contradicting(
    findings: &mut [Finding],
    registry: &Registry,
    settings: &Settings,
) {
    for finding in findings {
        if finding.fix.is_none() {
            continue;
        }
        let opposed = registry
            .get(finding.rule)
            .map(|page| page.no_fix_with.as_slice())
            .unwrap_or_default();
        for name in opposed {
            if registry
                .get(name)
                .is_some_and(|page| settings.selects(page))
            {
                finding.fix = None;
            }
        }
    }
}

/// The last instruction, if it would swallow text that a fix inserts below it: an unterminated
/// heredoc includes the rest of the file, and a line that ends with the escape character continues
/// on the next line.
fn unterminated(cx: &DockerfileContext<'_>) -> Option<Span> {
    let last: &Instruction = cx.dockerfile.instructions.last()?;
    let in_heredoc = last.heredocs.iter().any(|heredoc| heredoc.end.is_empty());
    let text = cx.source.slice(last.span).trim_end();
    if in_heredoc || text.ends_with(cx.dockerfile.escape) {
        Some(last.span)
    } else {
        None
    }
}

/// Whether a fix changes an unterminated instruction or the text below it, which would become part
/// of the instruction.
fn touches_end(fix: &Fix, unterminated: Option<Span>) -> bool {
    let Some(open) = unterminated else {
        return false;
    };
    fix.edits.iter().any(|edit| edit.span.end > open.start)
}

/// Whether every comment in the replaced text has a line of its own in the new text too, unless the
/// finding is about the comment.
fn keeps_comments(fix: &Fix, finding: Option<Span>, cx: &DockerfileContext<'_>) -> bool {
    let mut written: Option<BTreeSet<&str>> = None;
    for edit in &fix.edits {
        for comment in comments_in(cx, edit.span) {
            let text = cx.source.slice(comment.span).trim_end();
            let is_subject = finding.is_some_and(|span| {
                comment.span.start <= span.start && span.start <= comment.span.end
            });
            // Blanks after a comment are not part of its text.
            let is_behind = edit.span.start >= comment.span.start + text.len();
            if is_subject || is_behind {
                continue;
            }
            // Few fixes touch a comment, but one may move thousands.
            let written = written.get_or_insert_with(|| lines_of(fix));
            if !written.contains(text) {
                return false;
            }
        }
    }
    true
}

/// The lines that a fix writes, without the blanks around them.
fn lines_of(fix: &Fix) -> BTreeSet<&str> {
    fix.edits
        .iter()
        .flat_map(|edit| edit.replacement.lines())
        .map(str::trim)
        .collect()
}

/// The comments that a span overlaps.
fn comments_in<'a>(cx: &DockerfileContext<'a>, span: Span) -> &'a [Comment] {
    let comments = &cx.dockerfile.comments;
    let first = comments.partition_point(|comment| comment.span.end <= span.start);
    let end = comments.partition_point(|comment| comment.span.start < span.end);
    &comments[first..end.max(first)]
}

/// Whether a fix removes an instruction and leaves the comment above it, which would then seem to
/// explain the next instruction.
fn leaves_comment_behind(fix: &Fix, cx: &DockerfileContext<'_>) -> bool {
    fix.edits
        .iter()
        .filter(|edit| edit.replacement.trim().is_empty())
        .any(|edit| removes_below_comment(edit, cx))
}

fn removes_below_comment(edit: &Edit, cx: &DockerfileContext<'_>) -> bool {
    let instructions = &cx.dockerfile.instructions;
    let first = instructions.partition_point(|one| one.span.start < edit.span.start);
    let Some(removed) = instructions.get(first) else {
        return false;
    };
    if !edit.span.contains(removed.span) {
        return false;
    }
    let above = cx
        .dockerfile
        .comments
        .partition_point(|comment| comment.span.start < removed.span.start);
    let Some(comment) = above.checked_sub(1).map(|at| &cx.dockerfile.comments[at]) else {
        return false;
    };
    let is_directly_above =
        cx.source.line(comment.span.start) + 1 == cx.source.line(removed.span.start);
    is_directly_above && !edit.span.contains(comment.span)
}

/// Whether a fix only inserts words that are already in these places. Its finding would still be
/// there afterwards, and so would the fix.
fn repeats_text(fix: &Fix, cx: &DockerfileContext<'_>) -> bool {
    !fix.edits.is_empty() && fix.edits.iter().all(|edit| is_repetition(edit, cx))
}

fn is_repetition(edit: &Edit, cx: &DockerfileContext<'_>) -> bool {
    // A quote or an empty line next to another one is not the same text twice.
    if !edit.span.is_empty() || !edit.replacement.contains(char::is_alphanumeric) {
        return false;
    }
    let text = cx.source.text();
    let before = text.get(..edit.span.start).unwrap_or_default();
    let after = text.get(edit.span.start..).unwrap_or_default();
    after.starts_with(&edit.replacement) || before.ends_with(&edit.replacement)
}

/// Whether a fix removes everything between an escaped blank and the end of its line, where the
/// escape character would then continue the instruction with the next line.
fn continues_line(fix: &Fix, cx: &DockerfileContext<'_>) -> bool {
    fix.edits.iter().any(|edit| leaves_escape_last(edit, cx))
}

fn leaves_escape_last(edit: &Edit, cx: &DockerfileContext<'_>) -> bool {
    let text = cx.source.text();
    let before = text.get(..edit.span.start).unwrap_or_default();
    let old = text.get(edit.span.start..).unwrap_or_default();
    let after = text.get(edit.span.end..).unwrap_or_default();
    before
        .trim_end_matches(BLANKS)
        .ends_with(cx.dockerfile.escape)
        && !ends_line(old)
        && edit.replacement.trim_matches(BLANKS).is_empty()
        && ends_line(after)
}

const BLANKS: [char; 2] = [' ', '\t'];

/// Whether only blanks are left on the line that a text starts in.
fn ends_line(text: &str) -> bool {
    let rest = text.trim_start_matches(BLANKS);
    rest.is_empty() || rest.starts_with(['\n', '\r'])
}

/// Whether a fix changes a heredoc with `\r\n` at its line ends, or writes one. BuildKit leaves the
/// `\r` there (moby/buildkit#4282), and the shell reads it as the end of the last word: a new line
/// would be another command than the one that the fix means.
fn writes_carriage_returns(fix: &Fix, cx: &DockerfileContext<'_>) -> bool {
    for edit in &fix.edits {
        let line = cx.source.line_span(cx.source.line(edit.span.end));
        let rest = cx.source.text().get(line.end..).unwrap_or_default();
        if rest.starts_with('\r') && is_in_heredoc(edit.span, cx) {
            return true;
        }
        let is_opened = count(&edit.replacement, "<<") > count(cx.source.slice(edit.span), "<<");
        if is_opened && edit.replacement.contains("\r\n") {
            return true;
        }
    }
    false
}

/// Whether an edit starts in the body of a heredoc or directly below it.
fn is_in_heredoc(edit: Span, cx: &DockerfileContext<'_>) -> bool {
    let all = &cx.dockerfile.instructions;
    let next = all.partition_point(|instruction| instruction.span.start <= edit.start);
    let Some(mut instruction) = next.checked_sub(1).map(|last| &all[last]) else {
        return false;
    };
    if let Body::Onbuild(inner) = &instruction.body {
        instruction = inner;
    }
    let heredocs = &instruction.heredocs;
    let heredoc = heredocs.partition_point(|heredoc| heredoc.body.end < edit.start);
    heredocs
        .get(heredoc)
        .is_some_and(|heredoc| heredoc.body.start <= edit.start)
}

/// Whether a fix writes syntax that the frontend of the file's `# syntax` directive does not have.
fn writes_unknown_syntax(fix: &Fix, cx: &DockerfileContext<'_>) -> bool {
    for mark in frontend::unknown_syntax(cx.dockerfile) {
        let mut balance = 0;
        for edit in &fix.edits {
            balance += count(&edit.replacement, mark);
            // Text that is only moved was there before.
            balance -= count(cx.source.slice(edit.span), mark);
        }
        if balance > 0 {
            return true;
        }
    }
    false
}

fn count(text: &str, mark: &str) -> isize {
    isize::try_from(text.matches(mark).count()).unwrap_or(isize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dockerfile;
    use crate::lint::Severity;
    use crate::lint::dockerfile::{BuildContext, Facts};
    use crate::source::Source;

    /// Whether a fix that replaces `old` with `new` stays, for a finding on the first line.
    fn stays(text: &str, old: &str, new: &str) -> bool {
        let at = text.find(old).expect("it is in the text");
        stays_at(text, Span::new(at, at + old.len()), new)
    }

    fn stays_at(text: &str, span: Span, new: &str) -> bool {
        let source = Source::new("Dockerfile", text);
        let settings = Settings::default();
        let dockerfile = dockerfile::parse(&source);
        let facts = Facts::new(&dockerfile, &settings);
        let build = BuildContext::default();
        let context = DockerfileContext {
            source: &source,
            dockerfile: &dockerfile,
            facts: &facts,
            build: &build,
            settings: &settings,
        };
        let edit = Edit::replace(span, new.to_owned());
        let mut findings = [Finding {
            rule: "x",
            code: None,
            severity: Severity::Info,
            message: String::new(),
            location: Span::at(0).into(),
            labels: Vec::new(),
            notes: Vec::new(),
            fix: Some(Fix::safe("fix", [edit])),
        }];
        drop_unsound(&mut findings, &context);
        findings[0].fix.is_some()
    }

    #[test]
    fn a_comment_is_neither_lost_nor_joined_to_code() {
        let text = "FROM a\nCMD b \\\n# why\n  c\n";
        assert!(!stays(text, "b \\\n# why\n  c", "[\"b\", \"c\"]"));
        assert!(!stays(text, "b \\\n# why\n  c", "b # why c"));
        assert!(stays(
            text,
            "b \\\n# why\n  c",
            "[\"b\", \\\n# why\n  \"c\"]"
        ));
        assert!(stays(text, "CMD", "RUN"));
    }

    #[test]
    fn an_instruction_is_removed_together_with_its_comment_or_not_at_all() {
        let text = "FROM a\n# why\nCMD b\nCMD c\n";
        assert!(!stays(text, "CMD b\n", ""));
        assert!(stays(text, "CMD c\n", ""));
        let apart = "FROM a\n# why\n\nCMD b\nCMD c\n";
        assert!(stays(apart, "CMD b\n", ""));
    }

    #[test]
    fn an_insertion_that_is_already_there_is_dropped() {
        let text = "FROM a\nRUN <<E\nset -e\nb\nE\n";
        let at = text.find("set").expect("it is there");
        assert!(!stays_at(text, Span::at(at), "set -e\n"));
        assert!(stays_at(text, Span::at(at), "set -u\n"));
        assert!(stays_at("FROM a\nRUN \"b\"\n", Span::at(11), "\""));
    }

    #[test]
    fn an_escaped_blank_does_not_become_a_continuation() {
        let text = "FROM a\nRUN b \\ \\\n  && c\nUSER d\n";
        let at = text.find(" \\\n  &&").expect("it is there");
        let end = text.find("\nUSER").expect("it is there");
        assert!(!stays_at(text, Span::new(at, end), ""));
        assert!(stays_at(text, Span::new(at, end), " d"));
        let plain = "FROM a\nRUN b \\\n  && c\nUSER d\n";
        assert!(stays(plain, " \\\n  && c", ""));
    }

    #[test]
    fn a_heredoc_with_carriage_returns_is_neither_changed_nor_written() {
        let text = "FROM a\r\nRUN b > c\r\nRUN <<E\r\nd\r\nE\r\nUSER f\r\n";
        let at = text.find("d\r").expect("it is there");
        assert!(!stays_at(text, Span::at(at), "set -e\r\n"));
        assert!(!stays(text, "d", "d && e"));
        assert!(!stays(text, "RUN b > c", "COPY <<E c\r\nb\r\nE"));
        assert!(stays(text, "RUN b", "RUN d"));
        assert!(stays(text, "f", "1"));
        let unix = text.replace('\r', "");
        assert!(stays(&unix, "d\n", "set -e\nd\n"));
    }

    #[test]
    fn fixes_never_use_syntax_newer_than_the_frontend() {
        let fits = |version: &str, new: &str| {
            let text = format!("# syntax=docker/dockerfile{version}\nFROM a\nRUN b\n");
            stays(&text, "RUN b", new)
        };
        for (version, new) in [
            (":1.0", "RUN --mount=type=cache,target=/x b"),
            (":1.1.7", "COPY --chmod=755 b c"),
            (":1.3", "RUN <<EOF\nb\nEOF"),
            (":1.5.2@sha256:12", "ADD --keep-git-dir=true b c"),
            (":1.16", "ADD --unpack=true b c"),
        ] {
            assert!(!fits(version, new), "{version}: {new}");
        }
        for (version, new) in [
            ("", "ADD --unpack=true b c"),
            (":1", "RUN <<EOF\nb\nEOF"),
            (":1.4", "RUN <<EOF\nb\nEOF"),
            (":1.3-labs", "RUN <<EOF\nb\nEOF"),
            (":1.0-experimental", "RUN --mount=type=cache,target=/x b"),
            ("-upstream:master", "ADD --unpack=true b c"),
            (":1.0", "RUN c"),
        ] {
            assert!(fits(version, new), "{version}: {new}");
        }
    }
}
