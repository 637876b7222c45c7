//! Checks of images by rules that are data.

use super::{DataRule, RuleBudget, Subject};
use crate::lint::{Findings, ImageContext};

impl DataRule {
    pub fn check_image(&self, cx: &ImageContext<'_>, findings: &mut Findings) {
        let mut check = Check {
            rule: self,
            cx,
            budget: RuleBudget::new(self.limits),
            findings,
        };
        check.run();
        for remark in check.budget.remarks() {
            findings.add(cx.at_image(), remark);
        }
    }
}

/// A rule that checks an image.
struct Check<'c, 'd> {
    rule: &'c DataRule,
    cx: &'c ImageContext<'d>,
    budget: RuleBudget,
    findings: &'c mut Findings,
}

impl Check<'_, '_> {
    fn run(&mut self) {
        match self.rule.subject {
            Subject::Path => self.check_paths(),
            Subject::Package if self.rule.is_for_images() => self.check_installed(),
            Subject::Label => {
                let labels = self.cx.configuration().labels();
                let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned()));
                self.check_settings("LABEL", labels);
            }
            Subject::Variable => {
                let variables = self.cx.configuration().env().into_iter();
                let pairs = variables.filter_map(|variable| variable.split_once('='));
                let pairs = pairs.map(|(key, value)| (key.to_owned(), value.to_owned()));
                self.check_settings("ENV", pairs);
            }
            Subject::Instruction | Subject::Command | Subject::Package | Subject::Image => {}
        }
    }

    fn check_paths(&mut self) {
        let cx = self.cx;
        for name in cx.files() {
            let path = cx.tree().path(name);
            if self.rule.names.is_match(path, &mut self.budget) && self.budget.count() {
                let message = self.rule.message(&cx.path(name));
                self.findings.add(cx.at_file(name), message);
            }
        }
    }

    fn check_installed(&mut self) {
        let cx = self.cx;
        for package in &cx.packages.list {
            let is_match = self.rule.names.is_match(&package.name, &mut self.budget);
            if is_match && self.budget.count() {
                let message = self.rule.message(&package.name);
                self.findings.add(cx.at_file(package.location()), message);
            }
        }
    }

    fn check_settings(&mut self, instruction: &str, pairs: impl Iterator<Item = (String, String)>) {
        let cx = self.cx;
        let mut is_there = false;
        for (key, value) in pairs {
            let budget = &mut self.budget;
            let fits_value = match &self.rule.value {
                Some(pattern) => pattern.is_match(&value, budget),
                None => true,
            };
            if !fits_value || !self.rule.names.is_match(&key, budget) {
                continue;
            }
            is_there = true;
            if !self.rule.is_missing && self.budget.count() {
                let message = self.rule.message(&key);
                self.findings.add(cx.at_instruction(instruction), message);
            }
        }
        if self.rule.is_missing && !is_there {
            let message = self.rule.message("");
            self.findings.add(cx.at_instruction(instruction), message);
        }
    }
}
