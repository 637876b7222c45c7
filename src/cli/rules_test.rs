//! `jettison rules --test`: checks the examples on the pages of the user's own rules.

use std::collections::BTreeSet;
use std::fmt::Display;

use anyhow::bail;

use super::config::{nearest_own, registry};
use super::{Outcome, Output};
use crate::config::Config;
use crate::examples::{Description, ExampleError, keep_examples};
use crate::lint::{
    self, Applicability, Example, ImageInput, Page, Selection, Settings, Verdict, examples, fix,
    image_examples,
};
use crate::packages;
use crate::printable::Lines;
use crate::size::counted;
use crate::slim::{self, KeepPage, PlanOptions, own_keep_rules};
use crate::source::Source;

/// Maximum number of examples on a page that are checked.
const MAX_EXAMPLES: usize = 100;

/// Maximum size in bytes of all described images of a run, with a share for each.
const MAX_DESCRIBED: u64 = 256 << 20;
const EXAMPLE: u64 = 128 << 10;
const TOO_MANY: &str = "not checked: the images of all pages are more than 256 MiB";

/// The result of checking the examples of all pages.
#[derive(Default)]
struct Report {
    lines: Lines,
    failures: usize,
    /// Bytes of the described images so far.
    described: u64,
}

pub(super) fn run(output: Output) -> anyhow::Result<Outcome> {
    let config = nearest_own(output)?;
    let rules: Vec<&str> = config.settings.own_rules.names().collect();
    if rules.is_empty() && own_keep_rules().is_empty() {
        bail!(
            "no `.jettison.toml` with a `[[rule]]` or `keep-rules` in this directory or any \
             parent directory"
        );
    }
    let mut report = Report::default();
    for name in rules {
        if let Some(page) = registry(&config).get(name) {
            test_rule(&config, page, &mut report);
        }
    }
    for page in own_keep_rules() {
        test_keep_rule(page, &mut report);
    }
    output.print(&report.lines)?;
    Ok(if report.failures > 0 {
        Outcome::Found
    } else {
        Outcome::Clean
    })
}

impl Report {
    /// Counts an image; whether there may be one more. Each takes some time, whatever is in it.
    fn allows(&mut self, text: &str) -> bool {
        let stated = Description::parse(text).map_or(0, |image| image.stated_size());
        self.described = self
            .described
            .saturating_add(EXAMPLE.saturating_add(stated));
        self.described <= MAX_DESCRIBED
    }

    /// Adds a page: the number of its examples, and the failures by their line of the page.
    fn add(&mut self, page: impl Display, count: usize, failures: &[(usize, String)]) {
        let failed: BTreeSet<usize> = failures.iter().map(|(line, _)| *line).collect();
        match (count, failed.len()) {
            (0, _) => self.lines.line(format_args!("{page}: no examples")),
            (1, 0) => self.lines.line(format_args!("{page}: 1 example passed")),
            (_, 0) => self
                .lines
                .line(format_args!("{page}: {count} examples passed")),
            (_, failed) => self
                .lines
                .line(format_args!("{page}: {failed} of {count} examples failed")),
        }
        for (line, failure) in failures {
            let mut texts = failure.lines();
            let first = texts.next().unwrap_or_default();
            self.lines
                .line(format_args!("  line {line} of the page: {first}"));
            for text in texts {
                self.lines.line(format_args!("    {text}"));
            }
        }
        self.failures += failures.len();
    }
}

fn test_rule(config: &Config, page: &'static Page, report: &mut Report) {
    let settings = Settings {
        select: Selection::Only(BTreeSet::from([page.name])),
        ..config.settings.clone()
    };
    let dockerfiles = limited(examples(page.body));
    let images = limited(image_examples(page.body));
    let mut failures = failures_of_dockerfiles(config, &settings, &dockerfiles);
    for example in &images {
        if !report.allows(&example.text) {
            failures.push((example.line, TOO_MANY.to_owned()));
            break;
        }
        let problem = match findings_in_image(config, &settings, example) {
            Ok(count) => check_count(example.verdict, count),
            Err(error) => Some(error.to_string()),
        };
        failures.extend(problem.map(|problem| (example.line, problem)));
    }
    failures.sort();
    report.add(page.name, dockerfiles.len() + images.len(), &failures);
}

fn limited<T>(mut examples: Vec<T>) -> Vec<T> {
    examples.truncate(MAX_EXAMPLES);
    examples
}

/// The examples that are not what their tags say, by line.
fn failures_of_dockerfiles(
    config: &Config,
    settings: &Settings,
    examples: &[Example],
) -> Vec<(usize, String)> {
    let mut failures = Vec::new();
    let mut bad: Option<&Example> = None;
    for example in examples {
        let source = Source::new("Dockerfile", example.text.as_str());
        let count = lint::lint(&source, registry(config), settings).len();
        let problem = match example.verdict {
            Verdict::Fixed => check_fix(config, settings, bad, example),
            verdict => check_count(verdict, count),
        };
        // The fix of an example is in the block after it.
        if example.verdict == Verdict::Bad {
            bad = Some(example);
        }
        failures.extend(problem.map(|problem| (example.line, problem)));
    }
    failures
}

fn check_count(verdict: Verdict, count: usize) -> Option<String> {
    match (verdict, count) {
        (Verdict::Bad, 1) | (Verdict::Good | Verdict::Fixed, 0) => None,
        (Verdict::Bad, _) => Some(format!("{} instead of 1", counted(count, "finding"))),
        (Verdict::Good | Verdict::Fixed, _) => {
            Some(format!("{} instead of none", counted(count, "finding")))
        }
    }
}

/// The number of findings in the image of an example.
fn findings_in_image(
    config: &Config,
    settings: &Settings,
    example: &Example,
) -> Result<usize, ExampleError> {
    let image = Description::parse(&example.text)?.image()?;
    let packages = packages::read(&image)?;
    let plan = slim::plan(&image, &PlanOptions::default()).ok();
    let input = ImageInput {
        image: &image,
        reference: "docker-archive:app.tar",
        plan: plan.as_ref(),
        packages: &packages,
        vulnerabilities: None,
        attested: None,
    };
    let report = lint::lint_image(input, registry(config), settings, &config.policy)?;
    Ok(report.findings.len())
}

fn test_keep_rule(page: &KeepPage, report: &mut Report) {
    let examples = limited(keep_examples(page.body));
    let mut failures = Vec::new();
    for example in &examples {
        if !report.allows(&example.text) {
            failures.push((example.line, TOO_MANY.to_owned()));
            break;
        }
        match example.failures(page) {
            Ok(problems) => {
                failures.extend(problems.into_iter().map(|problem| (example.line, problem)));
            }
            Err(error) => failures.push((example.line, error.to_string())),
        }
    }
    report.add(
        format_args!("keep/{}", page.name),
        examples.len(),
        &failures,
    );
}

/// The reason why a text is not what the fix makes of the example before it.
fn check_fix(
    config: &Config,
    settings: &Settings,
    bad: Option<&Example>,
    fixed: &Example,
) -> Option<String> {
    let Some(bad) = bad else {
        return Some("there is no `dockerfile bad` before it".to_owned());
    };
    let source = Source::new("Dockerfile", bad.text.as_str());
    match fix::apply_all(&source, registry(config), settings, Applicability::Unsafe) {
        None => Some("the rule has no fix for the example before it".to_owned()),
        Some(result) if result.text() == fixed.text => None,
        Some(result) => Some(format!("the fix leads to another text:\n{}", result.text())),
    }
}
