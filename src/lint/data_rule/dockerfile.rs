//! Checks of Dockerfiles by rules that are data.

use super::{DataRule, Subject};
use crate::dockerfile::{Kind, Pair};
use crate::lint::dockerfile::facts::{Argument, Call, Step};
use crate::lint::finding::{Edit, Fix};
use crate::lint::{DockerfileContext, Findings};
use crate::source::Span;

/// A match of a rule.
struct Found<'t> {
    span: Span,
    /// The text that the message names.
    text: &'t str,
    /// The text that the fix replaces, and the new one.
    edit: Option<(Span, String)>,
}

/// The options of a call, compared with those that a rule asks for.
enum Options<'c> {
    /// With the one that was asked for, if any was.
    Fit(Option<&'c Argument>),
    /// It lacks the option, or has one that it must not have.
    Unfit,
}

impl DataRule {
    pub fn check_dockerfile(&self, cx: &DockerfileContext<'_>, findings: &mut Findings) {
        if self.is_missing {
            return self.check_missing(cx, findings);
        }
        match self.subject {
            Subject::Instruction => self.check_instructions(cx, findings),
            Subject::Command => self.check_commands(cx, findings),
            Subject::Package => self.check_packages(cx, findings),
            Subject::Image => self.check_images(cx, findings),
            Subject::Label => self.check_pairs(cx, Kind::Label, findings),
            Subject::Variable => self.check_pairs(cx, Kind::Env, findings),
            Subject::Path => {}
        }
    }

    fn report(&self, cx: &DockerfileContext<'_>, found: &Found<'_>, findings: &mut Findings) {
        let report = findings.add(found.span, self.message(found.text));
        let Some((span, replacement)) = &found.edit else {
            return;
        };
        let (edit, title) = if replacement.is_empty() {
            let title = format!("remove `{}`", cx.source.slice(*span));
            (Edit::remove(with_blank_before(cx, *span)), title)
        } else {
            let title = format!("use `{replacement}`");
            (Edit::replace(*span, replacement.as_str()), title)
        };
        // jettison does not know what the rule is for, so it makes no promise.
        report.fix(Fix::marked_unsafe(title, [edit]));
    }

    /// The replacement of something that the rule found as it is written in the file.
    fn replacement(
        &self,
        cx: &DockerfileContext<'_>,
        span: Span,
        text: &str,
    ) -> Option<(Span, String)> {
        let fix = self.fix.as_ref()?;
        // A variable, or a word in quotes, is not what was found.
        if cx.source.slice(span) == text {
            Some((span, fix.clone()))
        } else {
            None
        }
    }

    fn concerns(&self, cx: &DockerfileContext<'_>, step: &Step<'_>) -> bool {
        !self.only_final_stage || cx.facts.is_in_final_image(step)
    }

    /// Reports the final stage if nothing in it, or in the stages that it is built on, has such a
    /// name.
    fn check_missing(&self, cx: &DockerfileContext<'_>, findings: &mut Findings) {
        let Some(stage) = cx.facts.final_stage() else {
            return;
        };
        let mut steps = cx.facts.lineage(stage.index).filter(|step| !step.onbuild);
        let is_there = steps.any(|step| match self.subject {
            Subject::Label => self.has_pair(cx, step, Kind::Label),
            Subject::Variable => self.has_pair(cx, step, Kind::Env),
            _ => self.instructions.contains(&step.kind()),
        });
        if !is_there {
            findings.add(stage.from.span, self.message(""));
        }
    }

    fn has_pair(&self, cx: &DockerfileContext<'_>, step: &Step<'_>, kind: Kind) -> bool {
        let pairs = step.instruction.body.pairs();
        step.kind() == kind && pairs.iter().any(|pair| self.fits_pair(cx, step, pair))
    }

    fn fits_pair(&self, cx: &DockerfileContext<'_>, step: &Step<'_>, pair: &Pair) -> bool {
        let Some(key) = cx.facts.expand(step, &pair.key) else {
            return false;
        };
        if !self.names.is_match(&key) {
            return false;
        }
        let Some(pattern) = &self.value else {
            return true;
        };
        let value = pair
            .value
            .as_ref()
            .and_then(|value| cx.facts.expand(step, value));
        value.is_some_and(|value| pattern.is_match(&value))
    }

    fn check_pairs(&self, cx: &DockerfileContext<'_>, kind: Kind, findings: &mut Findings) {
        for step in &cx.facts.steps {
            // A trigger sets labels and variables of the image that is built later.
            if step.kind() != kind || step.onbuild || !self.concerns(cx, step) {
                continue;
            }
            for pair in step.instruction.body.pairs() {
                if self.fits_pair(cx, step, pair) {
                    let text = pair.key.text.as_str();
                    findings.add(pair.span, self.message(text));
                }
            }
        }
    }

    fn check_images(&self, cx: &DockerfileContext<'_>, findings: &mut Findings) {
        let last = cx.facts.final_stage();
        for used in cx.facts.images() {
            let is_final = match (last, used.stage) {
                (Some(last), Some(stage)) => {
                    cx.facts.ancestry(last.index).any(|one| one.index == stage)
                }
                _ => false,
            };
            if used.is_doubtful || self.only_final_stage && !is_final {
                continue;
            }
            let names = [used.image.name.as_deref(), used.image.familiar_name()];
            // An image has several names: `debian`, `docker.io/library/debian`, `debian:12`. Users
            // write any of them in a rule.
            let is_match = self.names.is_match(&used.written)
                || names
                    .into_iter()
                    .flatten()
                    .any(|name| self.names.is_match(name));
            if is_match {
                let found = Found {
                    span: used.span,
                    text: &used.written,
                    edit: self.replacement(cx, used.span, &used.written),
                };
                self.report(cx, &found, findings);
            }
        }
    }

    fn check_commands(&self, cx: &DockerfileContext<'_>, findings: &mut Findings) {
        for (run, call) in cx.facts.calls() {
            let step = &cx.facts.steps[run.step];
            if !self.names.is_match(&call.name) || !self.concerns(cx, step) {
                continue;
            }
            let Options::Fit(option) = self.options_of(call) else {
                continue;
            };
            // The finding points to the most specific part that a condition is about.
            let argument = match &self.argument {
                Some(pattern) => {
                    let mut arguments = call.arguments.iter();
                    let found =
                        arguments.find(|one| one.texts().any(|text| pattern.is_match(text)));
                    let Some(found) = found else {
                        continue;
                    };
                    Some(found)
                }
                None => option,
            };
            let (span, text) = match argument {
                Some(argument) => (argument.span, argument.raw.as_str()),
                None => (call.name_span, call.name.as_str()),
            };
            let found = Found {
                span,
                text,
                edit: self.replacement(cx, span, text),
            };
            self.report(cx, &found, findings);
        }
    }

    /// The option of a call that the rule asks for.
    fn options_of<'c>(&self, call: &'c Call) -> Options<'c> {
        let has = |options: &[String]| {
            call.arguments.iter().find(|argument| {
                let mut words = argument.texts();
                words.any(|word| options.iter().any(|option| is_option(word, option)))
            })
        };
        // An unknown word may be any option.
        let hides = !self.without_options.is_empty() && call.has_unknown_options();
        if hides || has(&self.without_options).is_some() {
            return Options::Unfit;
        }
        if self.options.is_empty() {
            return Options::Fit(None);
        }
        match has(&self.options) {
            Some(found) => Options::Fit(Some(found)),
            None => Options::Unfit,
        }
    }

    fn check_packages(&self, cx: &DockerfileContext<'_>, findings: &mut Findings) {
        for (run, call) in cx.facts.package_calls() {
            let is_managed = self.managers.is_empty()
                || self.managers.iter().any(|name| name == call.manager.name);
            let verbs: Vec<&str> = self.verbs.iter().map(String::as_str).collect();
            let step = &cx.facts.steps[run.step];
            if !is_managed || !verbs.is_empty() && !call.is_verb(&verbs) || !self.concerns(cx, step)
            {
                continue;
            }
            let Options::Fit(option) = self.options_of(call.call) else {
                continue;
            };
            // Without names of packages, the rule is about the call.
            if self.names.is_empty() {
                let text = call.call.name.as_str();
                let span = option.map_or(call.call.span, |option| option.span);
                let edit = option.and_then(|one| self.replacement(cx, one.span, one.raw.as_str()));
                self.report(cx, &Found { span, text, edit }, findings);
                continue;
            }
            // A package that is removed, or only looked for, is not in the image.
            if call.action != crate::knowledge::Action::Install && self.verbs.is_empty() {
                continue;
            }
            for package in &call.packages {
                let name = package.name(call.manager);
                if self.names.is_match(name) {
                    let span = package.argument.span;
                    let edit = self.replacement(cx, span, package.word);
                    self.report(
                        cx,
                        &Found {
                            span,
                            text: name,
                            edit,
                        },
                        findings,
                    );
                }
            }
        }
    }

    fn check_instructions(&self, cx: &DockerfileContext<'_>, findings: &mut Findings) {
        for step in &cx.facts.steps {
            if !self.instructions.contains(&step.kind()) || !self.concerns(cx, step) {
                continue;
            }
            if self.flag.is_some() {
                self.check_flag(cx, step, findings);
            } else if self.text.is_some() {
                self.check_text(cx, step, findings);
            } else {
                let keyword = &step.instruction.keyword;
                findings.add(keyword.span, self.message(&keyword.text));
            }
        }
    }

    fn check_flag(&self, cx: &DockerfileContext<'_>, step: &Step<'_>, findings: &mut Findings) {
        let Some(flag) = self.flag.as_ref().and_then(|name| step.flag(name)) else {
            return;
        };
        if let Some(pattern) = &self.value {
            let value = flag
                .value
                .as_ref()
                .and_then(|word| cx.facts.expand(step, word));
            if !value.is_some_and(|value| pattern.is_match(&value)) {
                return;
            }
        }
        let text = cx.source.slice(flag.span);
        let found = Found {
            span: flag.span,
            text,
            edit: self.replacement(cx, flag.span, text),
        };
        self.report(cx, &found, findings);
    }

    /// Reports the first match in an instruction: a pattern that matches each letter would
    /// otherwise cause as many findings.
    fn check_text(&self, cx: &DockerfileContext<'_>, step: &Step<'_>, findings: &mut Findings) {
        let Some(pattern) = &self.text else {
            return;
        };
        let start = step.instruction.keyword.span.end;
        let text = cx
            .source
            .slice(Span::new(start, step.instruction.span.end.max(start)));
        let Some(captures) = pattern.captures(text) else {
            return;
        };
        // An empty match has no text to show or to replace.
        let Some(whole) = captures.get(0).filter(|whole| !whole.is_empty()) else {
            return;
        };
        let span = Span::new(start + whole.start(), start + whole.end());
        let edit = self.fix.as_ref().map(|fix| {
            let mut replacement = String::new();
            captures.expand(fix, &mut replacement);
            (span, replacement)
        });
        let text = whole.as_str();
        self.report(cx, &Found { span, text, edit }, findings);
    }
}

/// Whether a word of a call is an option, alone, with a value, or among other short ones: `-sk`.
fn is_option(word: &str, option: &str) -> bool {
    if let Some(rest) = word.strip_prefix(option)
        && (rest.is_empty() || rest.starts_with('='))
    {
        return true;
    }
    let short = match option.as_bytes() {
        [b'-', letter] if *letter != b'-' => *letter,
        _ => return false,
    };
    let letters = word.strip_prefix('-').unwrap_or_default().as_bytes();
    letters.iter().all(u8::is_ascii_alphabetic) && letters.contains(&short)
}

/// A word with the blanks before it, so that none is left at its place.
fn with_blank_before(cx: &DockerfileContext<'_>, span: Span) -> Span {
    let before = cx.source.slice(Span::new(0, span.start));
    let start = before.trim_end_matches([' ', '\t']).len();
    Span::new(start, span.end)
}
