//! Every rule for images has a page whose examples hold.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use jettison::advisories::{self, Export};
use jettison::config;
use jettison::lint::{Finding, ImageInput, Selection, Settings, lint_image};
use jettison::packages;
use jettison::rules::registry;
use jettison::slim::{PlanOptions, plan};

use crate::builders::description::{image, policy};

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
    let input = ImageInput {
        image: &image,
        reference: "docker-archive:app.tar",
        plan: plan.as_ref(),
        packages: &packages,
        vulnerabilities: known.as_ref(),
    };
    let report = lint_image(input, registry(), &settings, &policy(text)).unwrap();
    let mut found = report.findings;
    found.retain(|finding| finding.rule == rule);
    found
}

#[test]
fn every_example_image_on_a_rule_page_holds() {
    let mut failures = Vec::new();
    for rule in registry().image_rules() {
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
fn a_finding_shows_where_the_file_comes_from_and_whether_it_is_reachable() {
    let text = "file /app \"\"\nlayer RUN apt-get install -y sudo\nfile /usr/bin/sudo mode=4755\nentrypoint /app\n";
    let found = findings("setuid-file", text);
    let place = found[0].image().unwrap();
    let provenance = place.provenance.as_ref().unwrap();
    assert_eq!(
        (provenance.layer, &*provenance.created_by),
        (Some(1), "RUN apt-get install -y sudo")
    );
    assert_eq!(
        (place.path.as_deref(), place.reachable),
        (Some(&b"/usr/bin/sudo"[..]), Some(false))
    );
}
