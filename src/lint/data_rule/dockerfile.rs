//! Checks of Dockerfiles by rules that are data.

use super::{DataRule, MAX_TEXT, RuleBudget, Subject, contains};
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
        let mut check = Check {
            rule: self,
            cx,
            budget: RuleBudget::new(self.limits),
            findings,
        };
        check.run();
        let remarks = check.budget.remarks();
        let Some(step) = cx.facts.steps.first() else {
            return;
        };
        for remark in remarks {
            findings.add(step.instruction.keyword.span, remark);
        }
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
        if cx.source.slice(span) == text && text.len() <= MAX_TEXT {
            Some((span, fix.clone()))
        } else {
            None
        }
    }
}

/// A rule that checks a Dockerfile.
struct Check<'c, 'd> {
    rule: &'c DataRule,
    cx: &'c DockerfileContext<'d>,
    budget: RuleBudget,
    findings: &'c mut Findings,
}

impl Check<'_, '_> {
    fn run(&mut self) {
        if self.rule.is_missing {
            return self.check_missing();
        }
        match self.rule.subject {
            Subject::Instruction => self.check_instructions(),
            Subject::Command => self.check_commands(),
            Subject::Package => self.check_packages(),
            Subject::Image => self.check_images(),
            Subject::Label => self.check_pairs(Kind::Label),
            Subject::Variable => self.check_pairs(Kind::Env),
            Subject::Path => {}
        }
    }

    fn report(&mut self, found: &Found<'_>) {
        if !self.budget.count() {
            return;
        }
        let cx = self.cx;
        let report = self.findings.add(found.span, self.rule.message(found.text));
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

    fn concerns(&self, step: &Step<'_>) -> bool {
        !self.rule.only_final_stage || self.cx.facts.is_in_final_image(step)
    }

    /// Reports the final stage if nothing in it, or in the stages that it is built on, has such a
    /// name.
    fn check_missing(&mut self) {
        let cx = self.cx;
        let Some(stage) = cx.facts.final_stage() else {
            return;
        };
        for step in cx.facts.lineage(stage.index) {
            let is_it = !step.onbuild
                && match self.rule.subject {
                    Subject::Label => self.has_pair(step, Kind::Label),
                    Subject::Variable => self.has_pair(step, Kind::Env),
                    _ => self.rule.instructions.contains(&step.kind()),
                };
            if is_it {
                return;
            }
        }
        let found = Found {
            span: stage.from.span,
            text: "",
            edit: None,
        };
        self.report(&found);
    }

    fn has_pair(&mut self, step: &Step<'_>, kind: Kind) -> bool {
        let pairs = step.instruction.body.pairs();
        step.kind() == kind && pairs.iter().any(|pair| self.fits_pair(step, pair))
    }

    fn fits_pair(&mut self, step: &Step<'_>, pair: &Pair) -> bool {
        let Some(key) = self.cx.facts.expand(step, &pair.key) else {
            return false;
        };
        if !self.rule.names.is_match(&key, &mut self.budget) {
            return false;
        }
        let Some(pattern) = &self.rule.value else {
            return true;
        };
        let value = pair
            .value
            .as_ref()
            .and_then(|value| self.cx.facts.expand(step, value));
        value.is_some_and(|value| pattern.is_match(&value, &mut self.budget))
    }

    fn check_pairs(&mut self, kind: Kind) {
        for step in &self.cx.facts.steps {
            // A trigger sets labels and variables of the image that is built later.
            if step.kind() != kind || step.onbuild || !self.concerns(step) {
                continue;
            }
            for pair in step.instruction.body.pairs() {
                if self.fits_pair(step, pair) {
                    let found = Found {
                        span: pair.span,
                        text: pair.key.text.as_str(),
                        edit: None,
                    };
                    self.report(&found);
                }
            }
        }
    }

    fn check_images(&mut self) {
        let cx = self.cx;
        let last = cx.facts.final_stage();
        for used in cx.facts.images() {
            let is_final = match (last, used.stage) {
                (Some(last), Some(stage)) => {
                    cx.facts.ancestry(last.index).any(|one| one.index == stage)
                }
                _ => false,
            };
            if used.is_doubtful || self.rule.only_final_stage && !is_final {
                continue;
            }
            // An image has several names: `debian`, `docker.io/library/debian`, `debian:12`. Users
            // write any of them in a rule.
            let names = [
                Some(used.written.as_ref()),
                used.image.name.as_deref(),
                used.image.familiar_name(),
            ];
            let is_match = names
                .into_iter()
                .flatten()
                .any(|name| self.rule.names.is_match(name, &mut self.budget));
            if is_match {
                let found = Found {
                    span: used.span,
                    text: &used.written,
                    edit: self.rule.replacement(cx, used.span, &used.written),
                };
                self.report(&found);
            }
        }
    }

    fn check_commands(&mut self) {
        let cx = self.cx;
        for (run, call) in cx.facts.calls() {
            let step = &cx.facts.steps[run.step];
            let is_named = self.rule.names.is_match(&call.name, &mut self.budget);
            if !is_named || !self.concerns(step) {
                continue;
            }
            let Options::Fit(option) = self.options_of(call) else {
                continue;
            };
            // The finding points to the most specific part that a condition is about.
            let argument = match &self.rule.argument {
                Some(pattern) => {
                    let found = call.arguments.iter().find(|argument| {
                        let mut texts = argument.texts();
                        texts.any(|text| pattern.is_match(text, &mut self.budget))
                    });
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
                edit: self.rule.replacement(cx, span, text),
            };
            self.report(&found);
        }
    }

    /// The option of a call that the rule asks for.
    fn options_of<'c>(&mut self, call: &'c Call) -> Options<'c> {
        let rule = self.rule;
        // An unknown word may be any option.
        let hides = !rule.without_options.is_empty() && call.has_unknown_options();
        if hides || self.option_of(call, &rule.without_options).is_some() {
            return Options::Unfit;
        }
        if rule.options.is_empty() {
            return Options::Fit(None);
        }
        match self.option_of(call, &rule.options) {
            Some(found) => Options::Fit(Some(found)),
            None => Options::Unfit,
        }
    }

    /// The first argument of a call that is one of these options.
    fn option_of<'c>(&mut self, call: &'c Call, options: &[String]) -> Option<&'c Argument> {
        if options.is_empty() {
            return None;
        }
        call.arguments.iter().find(|argument| {
            let mut words = argument.texts();
            words.any(|word| {
                let cost = (word.len() + OPTION) * options.len();
                self.budget.spend(cost as u64)
                    && options.iter().any(|option| is_option(word, option))
            })
        })
    }

    fn check_packages(&mut self) {
        let cx = self.cx;
        let rule = self.rule;
        let verbs: Vec<&str> = rule.verbs.iter().map(String::as_str).collect();
        for (run, call) in cx.facts.package_calls() {
            let is_managed = rule.managers.is_empty()
                || contains(&rule.managers, call.manager.name, &mut self.budget);
            let is_done = verbs.is_empty()
                || self.budget.spend((OPTION * verbs.len()) as u64) && call.is_verb(&verbs);
            let step = &cx.facts.steps[run.step];
            if !is_managed || !is_done || !self.concerns(step) {
                continue;
            }
            let Options::Fit(option) = self.options_of(call.call) else {
                continue;
            };
            // Without names of packages, the rule is about the call.
            if rule.names.is_empty() {
                let text = call.call.name.as_str();
                let span = option.map_or(call.call.span, |option| option.span);
                let edit = option.and_then(|one| rule.replacement(cx, one.span, one.raw.as_str()));
                self.report(&Found { span, text, edit });
                continue;
            }
            // A package that is removed, or only looked for, is not in the image.
            if call.action != crate::knowledge::Action::Install && rule.verbs.is_empty() {
                continue;
            }
            for package in &call.packages {
                let text = package.name(call.manager);
                if rule.names.is_match(text, &mut self.budget) {
                    let span = package.argument.span;
                    let edit = rule.replacement(cx, span, package.word);
                    self.report(&Found { span, text, edit });
                }
            }
        }
    }

    fn check_instructions(&mut self) {
        for step in &self.cx.facts.steps {
            if !self.rule.instructions.contains(&step.kind()) || !self.concerns(step) {
                continue;
            }
            if self.rule.flag.is_some() {
                self.check_flag(step);
            } else if self.rule.text.is_some() {
                self.check_text(step);
            } else {
                let keyword = &step.instruction.keyword;
                let found = Found {
                    span: keyword.span,
                    text: &keyword.text,
                    edit: None,
                };
                self.report(&found);
            }
        }
    }

    fn check_flag(&mut self, step: &Step<'_>) {
        let cx = self.cx;
        let Some(flag) = self.rule.flag.as_ref().and_then(|name| step.flag(name)) else {
            return;
        };
        if let Some(pattern) = &self.rule.value {
            let value = flag
                .value
                .as_ref()
                .and_then(|word| cx.facts.expand(step, word));
            if !value.is_some_and(|value| pattern.is_match(&value, &mut self.budget)) {
                return;
            }
        }
        let text = cx.source.slice(flag.span);
        let found = Found {
            span: flag.span,
            text,
            edit: self.rule.replacement(cx, flag.span, text),
        };
        self.report(&found);
    }

    /// Reports the first match in an instruction: a pattern that matches each letter would
    /// otherwise cause as many findings.
    fn check_text(&mut self, step: &Step<'_>) {
        let Some(pattern) = &self.rule.text else {
            return;
        };
        let start = step.instruction.keyword.span.end;
        let text = self
            .cx
            .source
            .slice(Span::new(start, step.instruction.span.end.max(start)));
        let Some(captures) = pattern.find(text, &mut self.budget) else {
            return;
        };
        let Some(whole) = captures.get(0) else {
            return;
        };
        // An empty match has no text to show or to replace, and neither has a part of a character.
        let Some(found) = text.get(whole.range()).filter(|found| !found.is_empty()) else {
            return;
        };
        let span = Span::new(start + whole.start(), start + whole.end());
        let mut edit = None;
        // A fix can repeat what was found many times.
        if let Some(fix) = &self.rule.fix
            && found.len() <= MAX_TEXT
        {
            let mut replacement = Vec::new();
            captures.expand(fix.as_bytes(), &mut replacement);
            if replacement.len() <= MAX_REPLACEMENT
                && let Ok(replacement) = String::from_utf8(replacement)
            {
                edit = Some((span, replacement));
            }
        }
        self.report(&Found {
            span,
            text: found,
            edit,
        });
    }
}

/// Time in nanoseconds to compare a word with an option.
const OPTION: usize = 32;
/// Longest text that a fix adds, in bytes.
const MAX_REPLACEMENT: usize = 4 << 10;

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
