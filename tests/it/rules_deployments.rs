//! Rules for Compose files, Kubernetes manifests and Bake files: every example on their pages, and
//! the planted inputs in `testdata/deployments`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use jettison::deployment::{self, Kind, NoFiles};
use jettison::lint::{
    DeployedImage, DeploymentExample, Example, Page, Selection, Settings, Verdict,
    deployment_examples, lint_deployment,
};
use jettison::rules::registry;
use jettison::slim::{PlanOptions, plan};
use jettison::source::Source;

use crate::builders::description;

/// The findings in a text, as `line: rule`, perhaps with the image that its containers are started
/// from.
fn findings(kind: Kind, text: &str, image: Option<&str>, settings: &Settings) -> Vec<String> {
    let name = match kind {
        Kind::Compose => "compose.yaml",
        Kind::Kubernetes => "pod.yaml",
        Kind::Bake => "docker-bake.hcl",
    };
    let source = Source::new(name, text);
    let deployment = deployment::read(kind, source.clone(), &NoFiles);
    let image = image.map(description::image);
    let plan = image
        .as_ref()
        .and_then(|image| plan(image, &PlanOptions::default()).ok());
    let images: Vec<DeployedImage<'_>> = image
        .iter()
        .map(|image| DeployedImage::new("app.tar", None, image, plan.as_ref()))
        .collect();
    let files = lint_deployment(&deployment, &images, registry(), settings);
    let mut found = Vec::new();
    for finding in &files[0].findings {
        let start = finding.span().expect("it is in the text").start;
        found.push(format!("{}: {}", source.line(start), finding.rule));
    }
    found
}

fn only(page: &Page) -> Settings {
    Settings {
        select: Selection::Only(BTreeSet::from([page.name])),
        trusted_registries: vec!["docker.io".to_owned()],
        ..Settings::default()
    }
}

/// The pages of rules that check deployments.
fn pages() -> impl Iterator<Item = &'static Page> {
    let rules = registry().iter();
    rules
        .filter(|(rule, _)| rule.deployment.is_some())
        .map(|(_, page)| page)
}

#[test]
fn every_deployment_example_on_a_rule_page_holds() {
    let mut failures = Vec::new();
    for page in pages() {
        let examples = deployment_examples(page.body);
        let verdicts: Vec<Verdict> = examples.iter().map(|one| one.example.verdict).collect();
        assert!(
            verdicts.contains(&Verdict::Bad) && verdicts.contains(&Verdict::Good),
            "{} shows no deployment",
            page.name
        );
        for DeploymentExample {
            kind,
            image,
            example,
        } in examples
        {
            let Example {
                verdict,
                text,
                line,
            } = example;
            let found = findings(kind, &text, image.as_deref(), &only(page));
            let expected = usize::from(verdict == Verdict::Bad);
            if found.len() != expected {
                failures.push(format!("{}, line {line}: {found:?}", page.name));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Rules about what is missing, which almost every small input would violate.
const MINIMAL: [&str; 3] = ["default", "minimal", "pedantic"];

/// A planted input ends in `.bad.yaml`, and its lines in `# ^ RULE` name the findings in the line
/// above; its clean twin ends in `.good.yaml`.
#[test]
fn planted_inputs_have_exactly_the_planted_findings() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/deployments");
    let (mut failures, mut count) = (Vec::new(), 0);
    for entry in walkdir::WalkDir::new(&directory).sort_by_file_name() {
        let path = entry.expect("it can be read").into_path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if !(name.contains(".bad.") || name.contains(".good.")) {
            continue;
        }
        count += 1;
        let text = fs::read_to_string(&path).expect("it is UTF-8");
        let kind = match path.extension().and_then(|extension| extension.to_str()) {
            Some("hcl") => Kind::Bake,
            _ => Kind::of_content(&text).expect("its content tells"),
        };
        let expected = planted(&text);
        assert_eq!(expected.is_empty(), name.contains(".good."), "{name}");
        let found: BTreeSet<String> = findings(
            kind,
            &text,
            described_image(&path).as_deref(),
            &profile(&text),
        )
        .into_iter()
        .collect();
        if found != expected {
            let missing: Vec<_> = expected.difference(&found).collect();
            let surplus: Vec<_> = found.difference(&expected).collect();
            failures.push(format!("{name}: missing {missing:?}, surplus {surplus:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(count >= 120, "only {count} inputs");
}

/// The description of the image beside an input: `NAME.image` for `NAME.bad.yaml`.
fn described_image(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let stem = name.split('.').next()?;
    fs::read_to_string(path.with_file_name(format!("{stem}.image"))).ok()
}

/// The profile that the first line names: `# profile: minimal`.
fn profile(text: &str) -> Settings {
    let named = text
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("# profile: "));
    let profile = named.unwrap_or(MINIMAL[0]).trim();
    Settings {
        select: Selection::Profile(profile.parse().expect("there is such a profile")),
        ..Settings::default()
    }
}

/// The findings that comments of the form `# ^ RULE, RULE` plant in the line above.
fn planted(text: &str) -> BTreeSet<String> {
    let (mut planted, mut line_above) = (BTreeSet::new(), 0);
    for (at, line) in text.lines().enumerate() {
        match line.trim_start().strip_prefix("# ^ ") {
            Some(rules) => {
                for rule in rules.split(", ") {
                    assert!(registry().get(rule.trim()).is_some(), "{rule}");
                    planted.insert(format!("{line_above}: {}", rule.trim()));
                }
            }
            None => line_above = at + 1,
        }
    }
    planted
}

#[test]
fn a_comment_suppresses_findings_in_the_entry_below_it() {
    let settings = Settings::default();
    let text = "services:\n  a:\n    image: x:1\n    # jettison ignore=privileged-container\n    \
                privileged: true\n  b:\n    image: x:1\n    privileged: true\n";
    assert_eq!(
        findings(Kind::Compose, text, None, &settings),
        ["8: privileged-container"]
    );
    for (comment, expected) in [
        ("# checkov:skip=CKV_K8S_16: a reason\n", 0),
        ("# jettison global ignore=privileged-container\n", 0),
        ("# jettison ignore=host-namespace\n", 2),
    ] {
        let text = format!(
            "{comment}services:\n  a: {{image: 'x:1', privileged: true}}\n  b: {{image: 'x:1', privileged: true}}\n"
        );
        assert_eq!(
            findings(Kind::Compose, &text, None, &settings).len(),
            expected,
            "{comment}"
        );
    }
}
