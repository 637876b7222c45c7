//! `jettison rules --test`: checks the examples on the pages of the user's own rules.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::bail;

use super::config::{nearest_own, registry};
use super::{Outcome, Output};
use crate::config::Config;
use crate::lint::{
    self, Applicability, Example, Page, Selection, Settings, Verdict, examples, fix,
};
use crate::printable::Lines;
use crate::source::Source;

pub(super) fn run(output: Output) -> anyhow::Result<Outcome> {
    let config = nearest_own(output)?;
    let own: Vec<&str> = config.settings.own_rules.names().collect();
    if own.is_empty() {
        bail!("no `.jettison.toml` with a `[[rule]]` in this directory or any parent directory");
    }
    let mut report = String::new();
    let mut failures = 0;
    for name in own {
        let Some(page) = registry(&config).get(name) else {
            continue;
        };
        let examples = examples(page.body);
        let failed = failures_of(&config, page, &examples);
        failures += failed.len();
        let _ = match (examples.len(), failed.is_empty()) {
            (0, _) => writeln!(report, "{name}: no examples"),
            (count, true) => writeln!(report, "{name}: {count} examples passed"),
            (count, false) => writeln!(
                report,
                "{name}: {} of {count} examples failed",
                failed.len()
            ),
        };
        for failure in failed {
            let _ = writeln!(report, "  {failure}");
        }
    }
    let mut lines = Lines::new();
    lines.styled(&report);
    output.print(&lines)?;
    Ok(if failures > 0 {
        Outcome::Found
    } else {
        Outcome::Clean
    })
}

/// A line for each example that is not what its tag says.
fn failures_of(config: &Config, page: &Page, examples: &[Example]) -> Vec<String> {
    let settings = Settings {
        select: Selection::Only(BTreeSet::from([page.name])),
        ..config.settings.clone()
    };
    let mut failures = Vec::new();
    let mut bad: Option<&Example> = None;
    for example in examples {
        let source = Source::new("Dockerfile", example.text.as_str());
        let count = lint::lint(&source, registry(config), &settings).len();
        let problem = match (example.verdict, count) {
            (Verdict::Bad, 1) | (Verdict::Good, 0) => None,
            (Verdict::Bad, _) => Some(format!("{count} findings instead of 1")),
            (Verdict::Good, _) => Some(format!("{count} findings instead of none")),
            (Verdict::Fixed, _) => check_fix(config, &settings, bad, example),
        };
        // The fix of an example is in the block after it.
        if example.verdict == Verdict::Bad {
            bad = Some(example);
        }
        if let Some(problem) = problem {
            failures.push(format!("line {} of the page: {problem}", example.line));
        }
    }
    failures
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
