//! Every rule for images has a page whose examples hold.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use jettison::advisories::{self, Export};
use jettison::audit::{Finding, Installed, audit_with, registry, rules};
use jettison::config;
use jettison::lint::{Selection, Settings};
use jettison::packages;
use jettison::slim::{PlanOptions, plan};

use super::description::{image, policy};

/// A fenced block tagged `image bad` or `image good`.
struct Example {
    line: usize,
    is_bad: bool,
    text: String,
}

fn examples(markdown: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut open = false;
    for (at, line) in markdown.lines().enumerate() {
        if open {
            open = line != "```";
            if open {
                let example = examples.last_mut().unwrap();
                example.text.push_str(line);
                example.text.push('\n');
            }
        } else if let Some(verdict) = line.strip_prefix("```image ") {
            open = true;
            examples.push(Example {
                line: at + 1,
                is_bad: verdict == "bad",
                text: String::new(),
            });
        }
    }
    examples
}

/// What one rule says of a description; its lines `osv {…}` are records of an export.
fn findings(rule: &'static str, text: &str) -> Vec<Finding> {
    let (records, lines): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.starts_with("osv "));
    let image = image(&lines.join("\n"));
    let packages = packages::read(&image).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (at, record) in records.iter().enumerate() {
        fs::write(folder.path().join(format!("{at}.json")), &record[4..]).unwrap();
    }
    let known = (!records.is_empty()).then(|| {
        advisories::find(
            &Export::open(&[folder.path().to_owned()]).unwrap(),
            &packages,
        )
        .unwrap()
    });
    let plan = plan(&image, &PlanOptions::default()).ok();
    let page = registry()
        .get(rule)
        .unwrap_or_else(|| panic!("`{rule}` has no page"));
    let config = page
        .body
        .split_once("```toml config\n")
        .and_then(|(_, rest)| rest.split_once("```"));
    let settings = config.map_or_else(Settings::default, |(text, _)| {
        config::parse(Path::new(".jettison.toml"), text, registry())
            .unwrap()
            .settings
    });
    let now = Some("2026-03-01T00:00:00Z".parse().unwrap());
    let settings = Settings {
        select: Selection::Only(BTreeSet::from([rule])),
        now,
        ..settings
    };
    let installed = Installed {
        packages: &packages,
        known: known.as_ref(),
    };
    let name = "docker-archive:app.tar";
    let mut found = audit_with(
        &image,
        name,
        plan.as_ref(),
        installed,
        registry(),
        &settings,
        &policy(text),
    )
    .unwrap();
    found.retain(|finding| finding.rule == rule);
    found
}

#[test]
fn every_example_holds() {
    let mut failures = Vec::new();
    for rule in rules() {
        let page = registry()
            .get(rule.name)
            .unwrap_or_else(|| panic!("`{}` has no page", rule.name));
        let examples = examples(page.body);
        for wanted in [true, false] {
            if !examples.iter().any(|example| example.is_bad == wanted) {
                failures.push(format!(
                    "{} shows no image that is {}",
                    rule.name,
                    if wanted { "bad" } else { "good" }
                ));
            }
        }
        for example in examples {
            let said: Vec<String> = findings(rule.name, &example.text)
                .into_iter()
                .map(|finding| finding.message)
                .collect();
            if said.len() != usize::from(example.is_bad) {
                failures.push(format!("{}, line {}: {said:?}", rule.name, example.line));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_rule_has_a_file_of_its_name() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for rule in rules() {
        let path = format!("src/audit/rules/{}.rs", rule.name.replace('-', "_"));
        let text =
            fs::read_to_string(root.join(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(
            text.starts_with(&format!("//! `{}`: ", rule.name)),
            "{path} does not start with what it checks"
        );
    }
}

#[test]
fn a_finding_says_who_brought_the_file_and_whether_it_is_reached() {
    let text = "file /app \"\"\nlayer RUN apt-get install -y sudo\nfile /usr/bin/sudo mode=4755\nentrypoint /app\n";
    let found = findings("setuid-file", text);
    let brought = found[0].brought.as_ref().unwrap();
    assert_eq!(
        (brought.layer, brought.created_by.as_str()),
        (Some(1), "RUN apt-get install -y sudo")
    );
    assert_eq!(
        (found[0].path.as_deref(), found[0].reached),
        (Some(&b"/usr/bin/sudo"[..]), Some(false))
    );
}
