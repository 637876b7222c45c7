//! The pages of keep rules are tests: every fenced image in `rules/keep` is planned.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use jettison::examples::{KeepExample, Mark, keep_examples};
use jettison::page::fences;
use jettison::slim::{KeepPage, keep_rules};

fn failures(page: &KeepPage, example: &KeepExample) -> Vec<String> {
    let failures = match example.failures(page) {
        Ok(failures) => failures,
        Err(error) => vec![error.to_string()],
    };
    let place = format!("{}, line {}", page.name, example.line);
    failures
        .iter()
        .map(|failure| format!("{place}: {failure}"))
        .collect()
}

#[test]
fn every_example_image_on_a_keep_page_holds() {
    let mut all = Vec::new();
    for page in keep_rules().iter() {
        for example in keep_examples(page.body) {
            all.extend(failures(page, &example));
        }
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn an_example_that_does_not_hold_fails() {
    let page = keep_rules().get("redis").unwrap();
    let text = page.body;
    let wrong = [
        text.replace("+ elf /usr/bin/redis-cli", "- elf /usr/bin/redis-cli"),
        text.replace("- library /opt/modules/b.so", "+ library /opt/modules/b.so"),
        text.replace("```image keeps", "```image ignores"),
        text.replace("entrypoint /usr/bin/redis-server", "entrypoint"),
        text.replace("- library /opt/modules/b.so", "- thing /opt/modules/b.so"),
        text.replace("- library /opt/modules/b.so", "- library opt/modules/b.so"),
        text.replace("- library /opt/modules/b.so", "- file /a size=99999999"),
    ];
    for body in wrong {
        let example = &keep_examples(&body)[0];
        assert!(!failures(page, example).is_empty(), "{body}");
    }
}

#[test]
fn every_keep_page_shows_a_kept_and_an_untriggered_example() {
    for page in keep_rules().iter() {
        let examples = keep_examples(page.body);
        let images = fences(page.body)
            .iter()
            .filter(|fence| fence.tag.starts_with("image"))
            .count();
        assert_eq!(images, examples.len(), "{} has an unknown fence", page.name);
        let shows = |mark: Mark| {
            examples.iter().any(|example| {
                let marks = example.marks().unwrap();
                marks.iter().any(|&(_, shown)| shown == mark)
            })
        };
        assert!(
            shows(Mark::Kept) || page.keeps_nothing(),
            "{} shows nothing that is kept",
            page.name
        );
        let ignores = examples.iter().any(|example| !example.keeps);
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
