//! The pages of keep rules are tests: every fenced image in `rules/keep` is planned.
//!
//! `image keeps` is an image in which the page's rule fires; `image ignores` is one in which it
//! does not. A line is an entry: after `+` it must be kept, after `-` it must not.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use jettison::page::{Fence, fences};
use jettison::slim::{KeepPage, Root, Why, keep_rules};
use serde_json::json;

use super::machine::{Machine, Planned};
use super::plan_paths::merged_usr;
use crate::builders::elf_file::{ElfFile, GLIBC, library, program};

/// An image as a page describes it, and what it says of the entries.
struct Described {
    machine: Machine,
    kept: Vec<String>,
    dropped: Vec<String>,
}

fn describe(text: &str) -> Described {
    let mut described = Described {
        machine: merged_usr(),
        kept: Vec::new(),
        dropped: Vec::new(),
    };
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let (mark, entry) = line
            .split_at_checked(2)
            .unwrap_or_else(|| panic!("`{line}` is no entry"));
        let (kind, rest) = entry
            .split_once(' ')
            .unwrap_or_else(|| panic!("`{line}` is no entry"));
        let mut content = String::new();
        while let Some(line) = lines.next_if(|line| line.starts_with("  | ")) {
            content.push_str(&line[4..]);
            content.push('\n');
        }
        let path = rest.split(' ').next().unwrap().to_owned();
        described.machine = add(described.machine, kind, rest, &content);
        match mark {
            "+ " => described.kept.push(path),
            "- " => described.dropped.push(path),
            "  " => {}
            _ => panic!("`{line}` begins with neither a blank, `+` nor `-`"),
        }
    }
    described
}

fn add(machine: Machine, kind: &str, rest: &str, content: &str) -> Machine {
    let (path, more) = rest.split_once(' ').unwrap_or((rest, ""));
    match kind {
        "elf" => machine.executable(path, elf(program(GLIBC), more)),
        "setuid" => machine.setuid(path, &program(GLIBC)),
        "library" => machine.executable(path, elf(library(path.rsplit('/').next().unwrap()), more)),
        "file" => machine.file(path, if content.is_empty() { more } else { content }),
        "script" => machine.script(path, content),
        "dir" => machine.directory(path),
        "link" => machine.link(
            path,
            more.strip_prefix("-> ")
                .expect("a link says where it points to"),
        ),
        "env" => machine.env(rest),
        "run" => machine.set("Entrypoint", json!(rest.split(' ').collect::<Vec<_>>())),
        _ => panic!("`{kind}` is no kind of entry"),
    }
}

/// `needs SONAME`, `calls SYMBOL`, and at the end `holds TEXT`.
fn elf(mut file: ElfFile, more: &str) -> Vec<u8> {
    let (facts, text) = more.split_once("holds ").unwrap_or((more, ""));
    let mut words = facts.split_whitespace();
    while let (Some(verb), Some(name)) = (words.next(), words.next()) {
        file = match verb {
            "needs" => file.needs(name),
            "calls" => file.imports(name),
            _ => panic!("`{verb}` is nothing that is said of an ELF file"),
        };
    }
    [&file.bytes()[..], b"\0", text.as_bytes(), b"\0"].concat()
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
    let described = describe(&fence.text);
    let planned = described.machine.plan();
    let fires = match fence.tag.as_str() {
        "image keeps" => true,
        "image ignores" => false,
        tag => panic!("{}: a fence is tagged `{tag}`", page.name),
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
    for path in described.kept.iter().filter(|path| !planned.keeps(path)) {
        fail(format!("`{path}` is not kept"));
    }
    for path in described.dropped.iter().filter(|path| planned.keeps(path)) {
        fail(format!("`{path}` is kept: {:?}", planned.reasons(path)));
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
        let says = |mark: &str| {
            examples
                .iter()
                .any(|fence| fence.text.lines().any(|line| line.starts_with(mark)))
        };
        assert!(
            says("+ ") || page.keeps_nothing(),
            "{} shows nothing that is kept",
            page.name
        );
        let ignores = examples.iter().any(|fence| fence.tag == "image ignores");
        assert!(
            ignores || says("- "),
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
