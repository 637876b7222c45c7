//! The pages of keep rules are tests: every fenced image in `rules/keep` is planned.
//!
//! The rule must apply to the image in an `image keeps` block and must not apply to the one in an
//! `image ignores` block. Paths marked with `+` must be kept, and paths marked with `-` must not.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use jettison::page::{Fence, fences};
use jettison::slim::{KeepPage, PlanOptions, Root, Why, keep_rules, plan, verify};

use super::machine::Planned;
use crate::builders::description::image;
use crate::builders::description::lines::{Line, Mark, lines};

/// The part that all examples share: a distribution with merged `/usr`, the loader and the C
/// library.
const DISTRIBUTION: &str = "\
dir /usr/bin
dir /usr/lib/x86_64-linux-gnu
dir /usr/lib64
link /bin -> usr/bin
link /lib -> usr/lib
link /lib64 -> usr/lib64
library /usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2
link /usr/lib64/ld-linux-x86-64.so.2 -> /lib/x86_64-linux-gnu/ld-linux-x86-64.so.2
library /usr/lib/x86_64-linux-gnu/libc.so.6 needs=ld-linux-x86-64.so.2
";

/// The plan for an example.
fn planned(text: &str) -> Planned {
    // An example may contain its own C library.
    let described: BTreeSet<&str> = lines(text).iter().map(Line::path).collect();
    let mut whole = String::new();
    for line in DISTRIBUTION.lines() {
        if !described.contains(lines(line)[0].path()) {
            whole += line;
            whole.push('\n');
        }
    }
    let mut image = image(&(whole + text));
    // Without layers, no file counts as added by the user, so only the rule can keep files.
    if image.layers.len() == 1 {
        image.layers.clear();
    }
    let plan = plan(&image, &PlanOptions::default()).unwrap();
    let problems = verify(&image, &plan).unwrap();
    assert!(problems.is_empty(), "{problems:?}");
    Planned { image, plan }
}

/// Whether a rule gave a reason that counts.
fn fired(planned: &Planned, rule: &str) -> bool {
    let is_rules = |why: &Why| match why {
        Why::Rule { rule: name, .. }
        | Why::Opened { rule: name, .. }
        | Why::Root(Root::Rule { rule: name, .. }) => *name == rule,
        _ => false,
    };
    let mut reasons = planned
        .plan
        .kept()
        .iter()
        .flat_map(|&name| planned.plan.reasons(name));
    reasons.any(|reason| is_rules(&reason.why))
}

fn failures(page: &KeepPage, fence: &Fence) -> Vec<String> {
    let planned = planned(&fence.text);
    let fires = match fence.tag.as_str() {
        "image keeps" => true,
        "image ignores" => false,
        tag => panic!("{}: unknown fence `{tag}`", page.name),
    };
    let mut failures = Vec::new();
    let mut fail =
        |what: String| failures.push(format!("{}, line {}: {what}", page.name, fence.line));
    if fired(&planned, page.name) != fires {
        fail(if fires {
            "the rule keeps nothing".into()
        } else {
            "the rule keeps something".into()
        });
    }
    for line in lines(&fence.text) {
        let Some(mark) = line.mark else { continue };
        let path = line.path();
        match (mark, planned.keeps(path)) {
            (Mark::Kept, false) => fail(format!("`{path}` is not kept")),
            (Mark::Dropped, true) => {
                fail(format!("`{path}` is kept: {:?}", planned.reasons(path)));
            }
            _ => {}
        }
    }
    failures
}

fn examples(page: &KeepPage) -> Vec<Fence> {
    fences(page.body)
        .into_iter()
        .filter(|fence| fence.tag.starts_with("image"))
        .collect()
}

#[test]
fn every_example_image_on_a_keep_page_holds() {
    let failures: Vec<String> = keep_rules()
        .iter()
        .flat_map(|page| {
            examples(page)
                .into_iter()
                .flat_map(|fence| failures(page, &fence))
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_keep_page_shows_a_kept_and_an_untriggered_example() {
    for page in keep_rules().iter() {
        let examples = examples(page);
        let shows = |mark: Mark| {
            examples.iter().any(|fence| {
                lines(&fence.text)
                    .iter()
                    .any(|line| line.mark == Some(mark))
            })
        };
        assert!(
            shows(Mark::Kept) || page.keeps_nothing(),
            "{} shows nothing that is kept",
            page.name
        );
        let ignores = examples.iter().any(|fence| fence.tag == "image ignores");
        assert!(
            ignores || shows(Mark::Dropped),
            "{} shows nothing that is dropped",
            page.name
        );
        assert!(
            page.body.contains("\n## Sources\n"),
            "{} names no source",
            page.name
        );
    }
}

#[test]
fn every_page_is_built_in() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/keep");
    let names = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let pages: BTreeSet<String> = names
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let rules: BTreeSet<String> = keep_rules()
        .iter()
        .map(|page| page.name.to_owned())
        .collect();
    assert_eq!(pages, rules);
}
