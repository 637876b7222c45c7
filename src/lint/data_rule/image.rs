//! Checks of images by rules that are data.

use super::{DataRule, Subject};
use crate::lint::{Findings, ImageContext};

/// Maximum number of files that a rule reports one by one.
const MAX_FILES: usize = 100;

impl DataRule {
    pub fn check_image(&self, cx: &ImageContext<'_>, findings: &mut Findings) {
        match self.subject {
            Subject::Path => self.check_paths(cx, findings),
            Subject::Package if self.is_for_images() => self.check_installed(cx, findings),
            Subject::Label => {
                let labels = cx.configuration().labels();
                let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned()));
                self.check_settings(cx, "LABEL", labels, findings);
            }
            Subject::Variable => {
                let variables = cx.configuration().env().into_iter();
                let pairs = variables.filter_map(|variable| variable.split_once('='));
                let pairs = pairs.map(|(key, value)| (key.to_owned(), value.to_owned()));
                self.check_settings(cx, "ENV", pairs, findings);
            }
            Subject::Instruction | Subject::Command | Subject::Package | Subject::Image => {}
        }
    }

    fn check_paths(&self, cx: &ImageContext<'_>, findings: &mut Findings) {
        let mut count = 0_usize;
        for name in cx.files() {
            if !self.names.is_match(cx.tree().path(name)) {
                continue;
            }
            count += 1;
            if count <= MAX_FILES {
                findings.add(cx.at_file(name), self.message(&cx.path(name)));
            }
        }
        if count > MAX_FILES {
            let message = format!("{} more files match", count - MAX_FILES);
            findings.add(cx.at_image(), message);
        }
    }

    fn check_installed(&self, cx: &ImageContext<'_>, findings: &mut Findings) {
        for package in &cx.packages.list {
            if self.names.is_match(&package.name) {
                let at = cx.at_file(package.location());
                findings.add(at, self.message(&package.name));
            }
        }
    }

    fn check_settings(
        &self,
        cx: &ImageContext<'_>,
        instruction: &str,
        pairs: impl Iterator<Item = (String, String)>,
        findings: &mut Findings,
    ) {
        let mut is_there = false;
        for (key, value) in pairs {
            let fits_value = self
                .value
                .as_ref()
                .is_none_or(|pattern| pattern.is_match(&value));
            if !self.names.is_match(&key) || !fits_value {
                continue;
            }
            is_there = true;
            if !self.is_missing {
                findings.add(cx.at_instruction(instruction), self.message(&key));
            }
        }
        if self.is_missing && !is_there {
            findings.add(cx.at_instruction(instruction), self.message(""));
        }
    }
}
