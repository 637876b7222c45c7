//! Every rule for images has a page whose examples hold.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use jettison::advisories::{self, Export};
use jettison::config;
use jettison::lint::{Finding, ImageInput, Selection, Settings, lint_image};
use jettison::packages;
use jettison::page::{Fence, fences};
use jettison::rules::registry;
use jettison::slim::{PlanOptions, plan};

use crate::builders::description::{image, osv_records, policy};

const BAD: &str = "image bad";
const GOOD: &str = "image good";

/// The findings of one rule in a described image, with the `osv` lines as the vulnerability export.
fn findings(rule: &'static str, text: &str) -> Vec<Finding> {
    let image = image(text);
    let packages = packages::read(&image).unwrap();
    let records = osv_records(text);
    let folder = tempfile::tempdir().unwrap();
    for (at, record) in records.iter().enumerate() {
        fs::write(folder.path().join(format!("{at}.json")), record).unwrap();
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
        attested: Some(&BTreeSet::new()),
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
        let mut examples: Vec<Fence> = fences(page.body);
        examples.retain(|fence| fence.tag.starts_with("image"));
        for tag in [BAD, GOOD] {
            if !examples.iter().any(|fence| fence.tag == tag) {
                failures.push(format!("{} has no `{tag}` example", rule.name));
            }
        }
        for example in examples {
            let expected = match example.tag.as_str() {
                BAD => 1,
                GOOD => 0,
                tag => panic!("{}: unknown fence `{tag}`", rule.name),
            };
            let messages: Vec<String> = findings(rule.name, &example.text)
                .into_iter()
                .map(|finding| finding.message)
                .collect();
            if messages.len() != expected {
                failures.push(format!(
                    "{}, line {}: {messages:?}",
                    rule.name, example.line
                ));
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
