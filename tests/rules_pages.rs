//! The pages are tests: every fenced example in `rules/lint` and `testdata/rules` is run.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jettison::lint::{
    Applicability, Example, Finding, Page, Profile, Selection, Settings, Verdict, examples, fix, index_markdown, lint,
};
use jettison::rules::registry;
use jettison::source::Source;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Markdown files of a folder, by the names of their rules.
fn pages_in(folder: &str) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(root().join(folder)).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("it can be read").path());
    let mut pages: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| (path.file_stem().expect("it has a name").to_string_lossy().into_owned(), path))
        .collect();
    pages.sort();
    pages
}

fn only(page: &Page) -> Settings {
    Settings { select: Selection::Only(BTreeSet::from([page.name])), ..Settings::default() }
}

fn source(example: &Example) -> Source {
    Source::new("Dockerfile", example.text.as_str())
}

fn findings(page: &Page, example: &Example) -> Vec<Finding> {
    lint(&source(example), registry(), &only(page))
}

/// What is wrong with the examples of a text.
fn failures(page: &Page, markdown: &str) -> Vec<String> {
    let mut failures = Vec::new();
    let mut bad: Option<Example> = None;
    for example in examples(markdown) {
        let found = findings(page, &example);
        let messages: Vec<String> = found.iter().map(|finding| finding.message.clone()).collect();
        let mut fail =
            |what: &str| failures.push(format!("{}, line {}: {what}: {messages:?}", page.name, example.line));
        match example.verdict {
            Verdict::Bad if found.len() != 1 => fail("a bad example must fire exactly once"),
            Verdict::Good if !found.is_empty() => fail("a good example must not fire"),
            Verdict::Fixed if !found.is_empty() => fail("a fixed example must not fire"),
            Verdict::Fixed => match &bad {
                None => fail("nothing bad comes before what is fixed"),
                Some(bad) => {
                    let fixed = fix::apply_all(&source(bad), registry(), &only(page), Applicability::Unsafe);
                    let fixed = fixed.map_or_else(|| "nothing".to_owned(), |fixed| fixed.text().to_owned());
                    if fixed != example.text {
                        fail(&format!("the fix makes this of the bad one:\n{fixed}"));
                    }
                }
            },
            _ => {}
        }
        if example.verdict == Verdict::Bad {
            bad = Some(example);
        }
    }
    failures
}

#[test]
fn every_example_on_the_pages_holds() {
    let failures: Vec<String> = registry().iter().flat_map(|(_, page)| failures(page, page.body)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_edge_case_holds() {
    let mut failed = Vec::new();
    for (name, path) in pages_in("testdata/rules") {
        let page = registry().get(&name).unwrap_or_else(|| panic!("testdata/rules/{name}.md names no rule"));
        let markdown = fs::read_to_string(&path).expect("it can be read");
        assert!(!examples(&markdown).is_empty(), "testdata/rules/{name}.md has no examples");
        failed.extend(failures(page, &markdown));
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn every_rule_has_a_page_and_every_page_a_rule() {
    let pages: Vec<String> = pages_in("rules/lint").into_iter().map(|(name, _)| name).collect();
    let rules: Vec<&str> = registry().iter().map(|(rule, _)| rule.name).collect();
    assert_eq!(pages, rules);
}

#[test]
fn every_rule_has_a_file_of_its_name() {
    for (rule, _) in registry().iter() {
        let path = format!("src/rules/{}.rs", rule.name.replace('-', "_"));
        let text = fs::read_to_string(root().join(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(text.starts_with(&format!("//! `{}`: ", rule.name)), "{path} does not start with what it checks");
    }
}

#[test]
fn every_page_shows_what_is_bad_and_what_is_good() {
    for (_, page) in registry().iter() {
        let verdicts: Vec<Verdict> = examples(page.body).into_iter().map(|example| example.verdict).collect();
        assert!(verdicts.contains(&Verdict::Bad), "{} shows nothing bad", page.name);
        assert!(verdicts.contains(&Verdict::Good), "{} shows nothing good", page.name);
    }
}

#[test]
fn a_fix_claimed_is_a_fix_shown() {
    for (_, page) in registry().iter() {
        let all = examples(page.body);
        let shown = all.iter().any(|example| example.verdict == Verdict::Fixed);
        assert_eq!(
            shown,
            page.fix.is_some(),
            "{}: what the front matter says of the fix is not what is shown",
            page.name
        );
        let fixes = all.iter().flat_map(|example| findings(page, example)).filter_map(|finding| finding.fix);
        assert_eq!(fixes.map(|fix| fix.applicability).min(), page.fix, "{}", page.name);
    }
}

#[test]
fn messages_are_written_alike() {
    for (_, page) in registry().iter() {
        let said = examples(page.body).iter().flat_map(|example| findings(page, example)).collect::<Vec<_>>();
        for finding in said {
            let message = &finding.message;
            assert!(!message.ends_with('.'), "{}: {message}", page.name);
            assert!(
                !message.starts_with(|c: char| c.is_uppercase()) || page.name == "syntax-error",
                "{}: {message}",
                page.name
            );
        }
    }
}

#[test]
fn the_index_is_made_of_the_pages() {
    let path = root().join("rules/README.md");
    let index = index_markdown(registry());
    if std::env::var_os("JETTISON_BLESS").is_some() {
        fs::write(&path, &index).expect("it can be written");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, index, "rules/README.md is out of date: run `make rules`");
}

#[test]
fn the_pedantic_profile_holds_every_rule() {
    let settings = Settings { select: Selection::Profile(Profile::Pedantic), ..Settings::default() };
    assert!(registry().iter().all(|(_, page)| settings.selects(page)));
    let settings = Settings::default();
    assert!(registry().iter().any(|(_, page)| !settings.selects(page)));
}
