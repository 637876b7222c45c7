//! The pages are tests: every fenced example in `rules/lint` and `testdata/rules` is run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use jettison::config;
use jettison::lint::{
    Applicability, BuildContext, Category, Example, Extras, Finding, IgnoreFile, Page, Profile,
    SHELLCHECK, Selection, Settings, Severity, Verdict, examples, fix, index_markdown, lint_with,
    pragma,
};
use jettison::rules::registry;
use jettison::shellcheck;
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
        .map(|path| {
            (
                path.file_stem()
                    .expect("it has a name")
                    .to_string_lossy()
                    .into_owned(),
                path,
            )
        })
        .collect();
    pages.sort();
    pages
}

/// Settings for the examples of a page: what its fence tagged `toml config` says, and its own rule
/// alone, except where that is about what the others say.
fn only(page: &Page) -> Settings {
    let config = page
        .body
        .split_once("```toml config\n")
        .and_then(|(_, rest)| rest.split_once("```"));
    let settings = config.map_or_else(Settings::default, |(text, _)| {
        config::parse(Path::new(".jettison.toml"), text, registry())
            .unwrap_or_else(|error| panic!("{}: {error}", page.name))
            .settings
    });
    let is_own = page.name != pragma::UNUSED;
    let select = if is_own {
        Selection::Only(BTreeSet::from([page.name]))
    } else {
        Selection::ALL
    };
    Settings { select, ..settings }
}

fn source(example: &Example) -> Source {
    Source::new("Dockerfile", example.text.as_str())
}

/// What lies around the examples of a page: the `.dockerignore` that its fence tagged so holds.
fn around(page: &Page) -> BuildContext {
    let ignore = page
        .body
        .split_once("```dockerignore\n")
        .and_then(|(_, rest)| rest.split_once("```"));
    BuildContext {
        ignore: ignore.map(|(text, _)| IgnoreFile::parse(text)),
    }
}

fn findings(page: &Page, example: &Example) -> Vec<Finding> {
    findings_in(page, &source(example))
}

fn findings_in(page: &Page, source: &Source) -> Vec<Finding> {
    let settings = only(page);
    let program = shellcheck_program().filter(|_| page.name == SHELLCHECK);
    let shellcheck = program.map(|program| {
        shellcheck::check(&program, [source], &settings)
            .expect("it answers")
            .remove(0)
    });
    let mut findings = lint_with(
        source,
        registry(),
        &settings,
        Extras {
            build: around(page),
            shellcheck,
            ..Extras::default()
        },
    )
    .findings;
    findings.retain(|finding| finding.rule == page.name);
    findings
}

/// The pages of rules for Dockerfiles whose examples can be run here: that of ShellCheck only where
/// it is installed, which CI requires.
fn runnable() -> impl Iterator<Item = &'static Page> {
    let has_shellcheck = shellcheck_program().is_some();
    dockerfile_pages().filter(move |page| has_shellcheck || page.name != SHELLCHECK)
}

/// The pages of rules for Dockerfiles, and of those whose findings come from the engine.
fn dockerfile_pages() -> impl Iterator<Item = &'static Page> {
    let rules = registry().iter();
    rules
        .filter(|(rule, _)| {
            rule.dockerfile.is_some() || (rule.image.is_none() && rule.deployment.is_none())
        })
        .map(|(_, page)| page)
}

#[allow(
    clippy::print_stderr,
    reason = "whoever runs the tests should know what was left out"
)]
fn shellcheck_program() -> Option<PathBuf> {
    let program = std::env::var_os("PATH").and_then(|path| shellcheck::find(&path));
    if program.is_none() {
        assert!(
            std::env::var_os("CI").is_none(),
            "`shellcheck` is not on PATH"
        );
        eprintln!("`shellcheck` is not on PATH: the examples of its page are not run");
    }
    program
}

/// What is wrong with the examples of a text.
fn failures(page: &Page, markdown: &str) -> Vec<String> {
    let mut failures = Vec::new();
    let mut bad: Option<Example> = None;
    for example in examples(markdown) {
        let found = findings(page, &example);
        let messages: Vec<String> = found
            .iter()
            .map(|finding| finding.message.clone())
            .collect();
        let mut fail = |what: &str| {
            failures.push(format!(
                "{}, line {}: {what}: {messages:?}",
                page.name, example.line
            ));
        };
        match example.verdict {
            Verdict::Bad if found.len() != 1 => fail("a bad example must fire exactly once"),
            Verdict::Good if !found.is_empty() => fail("a good example must not fire"),
            Verdict::Fixed if !found.is_empty() => fail("a fixed example must not fire"),
            Verdict::Fixed => match &bad {
                None => fail("nothing bad comes before what is fixed"),
                Some(bad) => {
                    let fixed = fix::apply_all_of(&source(bad), Applicability::Unsafe, |source| {
                        findings_in(page, source)
                    });
                    let fixed =
                        fixed.map_or_else(|| "nothing".to_owned(), |fixed| fixed.text().to_owned());
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
fn every_dockerfile_example_on_a_rule_page_holds() {
    let failures: Vec<String> = runnable()
        .flat_map(|page| failures(page, page.body))
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_edge_case_in_testdata_holds() {
    let mut failed = Vec::new();
    for (name, path) in pages_in("testdata/rules") {
        let page = registry()
            .get(&name)
            .unwrap_or_else(|| panic!("testdata/rules/{name}.md names no rule"));
        let markdown = fs::read_to_string(&path).expect("it can be read");
        assert!(
            !examples(&markdown).is_empty(),
            "testdata/rules/{name}.md has no examples"
        );
        failed.extend(failures(page, &markdown));
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn every_rule_has_a_page_and_every_page_a_rule() {
    let pages: Vec<String> = pages_in("rules/lint")
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let rules: Vec<&str> = registry().iter().map(|(rule, _)| rule.name).collect();
    assert_eq!(pages, rules);
}

#[test]
fn every_rule_has_a_file_of_its_name() {
    for (rule, _) in registry().iter() {
        let path = format!("src/rules/{}.rs", rule.name.replace('-', "_"));
        let text = fs::read_to_string(root().join(&path))
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(
            text.starts_with(&format!("//! `{}`: ", rule.name)),
            "{path} does not start with what it checks"
        );
    }
}

/// A rule without a check is a mistake, unless the engine reports its findings.
#[test]
fn every_rule_has_a_check_or_is_reported_by_the_engine() {
    let own = [
        pragma::INEFFECTIVE,
        SHELLCHECK,
        pragma::SILENCING,
        pragma::UNKNOWN,
        pragma::UNUSED,
    ];
    let rules = registry().iter().map(|(rule, _)| rule);
    let without = rules.filter(|rule| {
        rule.dockerfile.is_none() && rule.image.is_none() && rule.deployment.is_none()
    });
    assert_eq!(without.map(|rule| rule.name).collect::<Vec<_>>(), own);
}

#[test]
fn every_page_has_a_bad_and_a_good_example() {
    for page in dockerfile_pages() {
        let verdicts: Vec<Verdict> = examples(page.body)
            .into_iter()
            .map(|example| example.verdict)
            .collect();
        assert!(
            verdicts.contains(&Verdict::Bad),
            "{} shows nothing bad",
            page.name
        );
        assert!(
            verdicts.contains(&Verdict::Good),
            "{} shows nothing good",
            page.name
        );
    }
}

/// Titles are shown in one line with the rule's name, in tables and in editors.
const LONGEST_TITLE: usize = 60;

#[test]
fn every_page_has_the_same_sections_in_the_same_order() {
    for (_, page) in registry().iter() {
        let sections = headings(page.body);
        assert!(
            sections.starts_with(&["Why is this bad?", "How to fix it"]),
            "{}: {sections:?}",
            page.name
        );
        assert!(
            sections.is_sorted_by_key(|section| position(section)),
            "{}: {sections:?}",
            page.name
        );
    }
}

/// Where a section belongs on a page.
fn position(section: &str) -> usize {
    match section {
        "Why is this bad?" => 0,
        "How to fix it" => 1,
        // Their order is that in which they read best.
        "Exceptions" => 2,
        _ if section.starts_with("How ") || section.starts_with("Which ") => 2,
        "Other tools" => 3,
        "Sources" => 4,
        _ => panic!("no page has a section `{section}`"),
    }
}

#[test]
fn titles_are_short() {
    for (_, page) in registry().iter() {
        let length = page.title.chars().count();
        assert!(length <= LONGEST_TITLE, "{}: {length}", page.name);
        assert!(!page.title.ends_with('.'), "{}", page.name);
    }
}

/// The headings below the title, without those inside of examples.
fn headings(markdown: &str) -> Vec<&str> {
    let mut is_example = false;
    let mut headings = Vec::new();
    for line in markdown.lines() {
        if line.starts_with("```") {
            is_example = !is_example;
        }
        if let (false, Some(heading)) = (is_example, line.strip_prefix("## ")) {
            headings.push(heading);
        }
    }
    headings
}

#[test]
fn every_rule_with_a_fix_shows_a_fixed_example() {
    for page in runnable() {
        let all = examples(page.body);
        let shown = all.iter().any(|example| example.verdict == Verdict::Fixed);
        assert_eq!(
            shown,
            page.fix.is_some(),
            "{}: what the front matter says of the fix is not what is shown",
            page.name
        );
        let fixes = all
            .iter()
            .flat_map(|example| findings(page, example))
            .filter_map(|finding| finding.fix);
        assert_eq!(
            fixes.map(|fix| fix.applicability).min(),
            page.fix,
            "{}",
            page.name
        );
    }
}

#[test]
fn messages_follow_one_style() {
    for page in runnable() {
        let said = examples(page.body)
            .iter()
            .flat_map(|example| findings(page, example))
            .collect::<Vec<_>>();
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
fn the_index_of_rules_is_up_to_date() {
    let path = root().join("rules/README.md");
    let index = index_markdown(registry()) + &jettison::slim::keep_rules().index_markdown();
    if std::env::var_os("JETTISON_BLESS").is_some() {
        fs::write(&path, &index).expect("it can be written");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        written, index,
        "rules/README.md is out of date: run `make rules`"
    );
}

#[test]
fn the_pedantic_profile_contains_every_rule() {
    let settings = Settings {
        select: Selection::Profile(Profile::Pedantic),
        ..Settings::default()
    };
    assert!(registry().iter().all(|(_, page)| settings.selects(page)));
    let settings = Settings::default();
    assert!(registry().iter().any(|(_, page)| !settings.selects(page)));
}

/// Rules about the case of keywords must not block commits by default.
#[test]
fn style_is_pedantic() {
    for (_, page) in registry().iter() {
        if page.category == Category::Style || page.severity == Severity::Style {
            assert_eq!(page.profile, Profile::Pedantic, "{}", page.name);
        }
    }
}

#[test]
fn every_checkpoint_of_dockle_is_in_the_table_and_has_a_rule() {
    let registry = registry();
    let index = index_markdown(registry);
    let (_, table) = index
        .split_once("## dockle's checkpoints")
        .expect("there is a table");
    let rows: BTreeMap<&str, &str> = table
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split(" | ");
            Some((cells.next()?.trim_matches('`'), cells.nth(1)?))
        })
        .collect();
    let numbered = |prefix, most| (1..=most).map(move |number| format!("{prefix}-{number:04}"));
    let theirs: Vec<String> = numbered("CIS-DI", 11)
        .chain(numbered("DKL-DI", 6))
        .chain(numbered("DKL-LI", 3))
        .collect();
    assert_eq!(rows.keys().copied().collect::<Vec<_>>(), theirs);
    for (code, rules) in rows {
        assert!(
            !registry.find(code).is_empty(),
            "no rule has the alias {code}"
        );
        assert!(
            registry
                .find(code)
                .iter()
                .all(|page| rules.contains(&format!("[`{}`]", page.name))),
            "{code}"
        );
    }
    let pages = registry.iter().flat_map(|(_, page)| &page.aliases);
    let ours = pages
        .filter(|alias| alias.tool == jettison::lint::Tool::Dockle)
        .map(|alias| alias.code);
    assert!(
        ours.into_iter()
            .all(|code| theirs.iter().any(|their| their == code)),
        "there is no such checkpoint"
    );
}
