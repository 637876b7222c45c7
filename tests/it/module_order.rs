//! The modules use each other one way only.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What each module may use, besides itself.
const MAY_USE: [(&str, &[&str]); 22] = [
    ("size", &[]),
    ("trust", &[]),
    ("printable", &[]),
    ("source", &[]),
    ("suggestion", &[]),
    ("knowledge", &[]),
    ("page", &["knowledge"]),
    ("dockerfile", &["source", "knowledge"]),
    ("image", &["trust", "printable", "suggestion"]),
    ("elf", &[]),
    ("packages", &["image", "elf"]),
    ("advisories", &["packages"]),
    ("inspect", &["image", "elf", "packages"]),
    (
        "slim",
        &[
            "image",
            "elf",
            "packages",
            "knowledge",
            "page",
            "dockerfile",
            "source",
            "suggestion",
        ],
    ),
    ("loading", &["image", "elf", "slim"]),
    (
        "lint",
        &[
            "size",
            "knowledge",
            "source",
            "suggestion",
            "page",
            "dockerfile",
            "image",
            "elf",
            "packages",
            "advisories",
            "inspect",
            "slim",
        ],
    ),
    (
        "rules",
        &[
            "size",
            "knowledge",
            "source",
            "suggestion",
            "dockerfile",
            "image",
            "elf",
            "packages",
            "advisories",
            "slim",
            "lint",
        ],
    ),
    ("shellcheck", &["source", "trust", "dockerfile", "lint"]),
    (
        "report",
        &[
            "page",
            "size",
            "printable",
            "knowledge",
            "source",
            "suggestion",
            "lint",
            "image",
            "elf",
            "packages",
            "advisories",
            "inspect",
            "slim",
            "loading",
        ],
    ),
    (
        "config",
        &[
            "source",
            "trust",
            "printable",
            "suggestion",
            "lint",
            "rules",
        ],
    ),
    (
        "cli",
        &[
            "page",
            "size",
            "printable",
            "source",
            "trust",
            "suggestion",
            "dockerfile",
            "lint",
            "rules",
            "shellcheck",
            "image",
            "elf",
            "packages",
            "advisories",
            "inspect",
            "slim",
            "loading",
            "report",
            "config",
        ],
    ),
    ("main", &["cli"]),
];

#[test]
fn uses_point_one_way() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for file in rust_files(&root) {
        let relative = file.strip_prefix(&root).expect("it was found there");
        let first = relative
            .iter()
            .next()
            .expect("it has a name")
            .to_string_lossy();
        let module = first.trim_end_matches(".rs").to_owned();
        if module == "lib" {
            continue;
        }
        let (_, allowed) = MAY_USE
            .iter()
            .find(|(name, _)| *name == module)
            .unwrap_or_else(|| panic!("`{module}` has no place in the order"));
        let text = fs::read_to_string(&file).expect("sources are UTF-8");
        for used in modules_used(&text) {
            if used != module && !allowed.contains(&used.as_str()) {
                wrong.push(format!("{} uses `{used}`", relative.display()));
            }
        }
        seen.insert(module);
    }
    assert_eq!(
        seen.len(),
        MAY_USE.len(),
        "every module of the order is there: {seen:?}"
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The top-level modules after `crate::` (or `jettison::`, in `main`), outside comments.
fn modules_used(text: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for line in text
        .lines()
        .map(str::trim_start)
        .filter(|line| !line.starts_with("//"))
    {
        for prefix in ["crate::", "jettison::"] {
            for (at, _) in line.match_indices(prefix) {
                let rest = &line[at + prefix.len()..];
                let names = rest
                    .strip_prefix('{')
                    .map_or(rest, |list| list.split('}').next().unwrap_or(list));
                let is_list = rest.starts_with('{');
                for name in names.split(',').take(if is_list { usize::MAX } else { 1 }) {
                    let name: String = name
                        .trim()
                        .chars()
                        .take_while(|c| c.is_alphanumeric() || *c == '_')
                        .collect();
                    used.insert(name);
                }
            }
        }
    }
    used
}

/// What runs an event loop, or needs one, stays behind the functions of one module.
#[test]
fn only_one_module_waits_for_sockets() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let crates = [
        "tokio::",
        "reqwest::",
        "bollard::",
        "futures_util::",
        "rustls::",
    ];
    let mut users = BTreeSet::new();
    for file in rust_files(&root) {
        let text = fs::read_to_string(&file).expect("sources are UTF-8");
        if text.lines().any(|line| {
            !line.trim_start().starts_with("//") && crates.iter().any(|name| line.contains(name))
        }) {
            users.insert(
                file.parent()
                    .expect("it is in a folder")
                    .strip_prefix(&root)
                    .expect("found there")
                    .to_owned(),
            );
        }
    }
    assert_eq!(
        users.into_iter().collect::<Vec<_>>(),
        [Path::new("image/remote")]
    );
}

#[test]
fn lists_and_paths_are_both_read() {
    let text = "use crate::lint::{Rule, Facts};\nlet x = crate::source::Span::at(1);\nuse crate::{elf, image::Tree};";
    let expected: BTreeSet<_> = ["lint", "source", "elf", "image"].map(String::from).into();
    assert_eq!(modules_used(text), expected);
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    walkdir::WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .map(|entry| entry.expect("the sources are readable").into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}
