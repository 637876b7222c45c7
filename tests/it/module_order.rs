//! Dependencies between modules, and between the files in them, are acyclic.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const TEXTS: &[&str] = &["size", "paths", "source", "suggestion"];
const IMAGES: &[&str] = &["image", "elf", "packages"];
const FINDINGS: &[&str] = &["advisories", "slim", "lint"];

/// What each module may use, besides itself.
const MAY_USE: [(&str, &[&[&str]]); 30] = [
    ("size", &[]),
    ("hash", &[]),
    ("trust", &[&["hash"]]),
    ("printable", &[]),
    ("paths", &[]),
    ("source", &[]),
    ("suggestion", &[]),
    ("knowledge", &[&["paths"]]),
    ("page", &[&["knowledge"]]),
    (
        "dockerfile",
        &[&["paths", "source", "suggestion", "knowledge"]],
    ),
    ("deployment", &[&["source", "suggestion"]]),
    (
        "image",
        &[&["hash", "trust", "printable", "paths", "suggestion"]],
    ),
    ("elf", &[&["paths"]]),
    ("packages", &[&["paths", "knowledge", "image", "elf"]]),
    ("advisories", &[&["packages"]]),
    (
        "attestation",
        &[&["size", "hash", "printable", "image", "packages"]],
    ),
    ("inspect", &[IMAGES]),
    (
        "slim",
        &[
            IMAGES,
            &[
                "paths",
                "knowledge",
                "page",
                "dockerfile",
                "source",
                "suggestion",
                "evidence",
            ],
        ],
    ),
    ("loading", &[&["image", "elf", "slim"]]),
    (
        "evidence",
        &[&["hash", "trust", "printable", "paths", "image"]],
    ),
    (
        "lint",
        &[
            TEXTS,
            IMAGES,
            &[
                "knowledge",
                "page",
                "dockerfile",
                "deployment",
                "advisories",
                "inspect",
                "slim",
            ],
        ],
    ),
    ("frontend", &[&["hash", "trust"]]),
    (
        "examples",
        &[&["hash", "printable", "page", "image", "elf", "slim"]],
    ),
    (
        "harden",
        &[&["image", "slim", "lint", "knowledge", "paths", "printable"]],
    ),
    (
        "rules",
        &[
            TEXTS,
            IMAGES,
            FINDINGS,
            &["knowledge", "dockerfile", "deployment"],
        ],
    ),
    (
        "shellcheck",
        &[&["source", "trust", "knowledge", "dockerfile", "lint"]],
    ),
    (
        "report",
        &[
            TEXTS,
            IMAGES,
            FINDINGS,
            &[
                "hash",
                "page",
                "printable",
                "knowledge",
                "inspect",
                "loading",
                "evidence",
                "deployment",
                "harden",
            ],
        ],
    ),
    (
        "config",
        &[&[
            "paths",
            "dockerfile",
            "source",
            "trust",
            "printable",
            "suggestion",
            "advisories",
            "slim",
            "lint",
            "rules",
        ]],
    ),
    (
        "cli",
        &[
            TEXTS,
            IMAGES,
            FINDINGS,
            &[
                "page",
                "printable",
                "trust",
                "dockerfile",
                "deployment",
                "rules",
                "shellcheck",
            ],
            &[
                "inspect",
                "loading",
                "evidence",
                "examples",
                "attestation",
                "frontend",
                "harden",
                "report",
                "config",
            ],
        ],
    ),
    ("main", &[&["cli"]]),
];

#[test]
fn modules_depend_on_each_other_in_one_direction() {
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
        // The entry points of fuzzing are above everything, as `lib` is.
        if module == "lib" || module == "fuzzing" {
            continue;
        }
        let (_, allowed) = MAY_USE
            .iter()
            .find(|(name, _)| *name == module)
            .unwrap_or_else(|| panic!("`{module}` has no place in the order"));
        let text = fs::read_to_string(&file).expect("sources are UTF-8");
        for used in modules_used(&text) {
            let is_allowed = allowed.iter().any(|names| names.contains(&used.as_str()));
            if used != module && !is_allowed {
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
fn async_crates_are_used_in_one_module_only() {
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
    let expected = [
        "frontend",
        "image/transport",
        "image/transport/daemon",
        "image/transport/registry",
    ];
    assert_eq!(
        users.into_iter().collect::<Vec<_>>(),
        expected.map(PathBuf::from)
    );
}

#[test]
fn use_lists_and_paths_are_both_parsed() {
    let text = "use crate::lint::{Rule, Facts};\nlet x = crate::source::Span::at(1);\nuse crate::{elf, image::Tree};";
    let expected: BTreeSet<_> = ["lint", "source", "elf", "image"].map(String::from).into();
    assert_eq!(modules_used(text), expected);
}

/// Intentional cycles of files, and the reasons for them.
///
/// A name that ends in `/` stands for all files of a directory.
const CIRCLES: [(&[&str], &str); 8] = [
    (
        &["advisories/export.rs", "advisories/inflate.rs"],
        "an archive that is too large is one of the reasons why an export cannot be read",
    ),
    (
        &["cli/"],
        "the table of commands names the arguments of each, and each command prints through it",
    ),
    (
        &["config.rs", "config/"],
        "the formats of other tools end in the configuration that the first file defines",
    ),
    (
        &["deployment/"],
        "each reader returns the model that the first file defines",
    ),
    (
        &["image/"],
        "an image opens and writes itself, so that its types and its transports meet in one file",
    ),
    (
        &["lint/"],
        "a rule is checked in a context that knows the registry of rules",
    ),
    (
        &["packages/"],
        "each ecosystem adds to the list that the first file has all of them read",
    ),
    (
        &["report/vex/mod.rs", "report/vex/remains.rs"],
        "a statement is made of what remains of its packages",
    ),
];

#[test]
fn files_depend_on_each_other_in_one_direction() {
    let sources = Sources::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let uses = sources.uses();
    let mut wrong = Vec::new();
    for circle in circles(&uses) {
        let is_meant = CIRCLES.iter().any(|(files, _)| {
            circle.iter().all(|file| {
                files
                    .iter()
                    .any(|meant| file == meant || meant.ends_with('/') && file.starts_with(meant))
            })
        });
        if !is_meant {
            let ties = uses
                .iter()
                .filter(|(file, used)| circle.contains(*file) && !used.is_disjoint(&circle))
                .map(|(file, used)| {
                    let others: Vec<&str> =
                        used.intersection(&circle).map(String::as_str).collect();
                    format!("{file} -> {}", others.join(", "))
                });
            wrong.push(ties.collect::<Vec<_>>());
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn dependencies_are_followed_through_reexports() {
    let sources = Sources {
        files: [
            ("lib.rs", "pub mod a;\nmod b;"),
            ("a/mod.rs", "mod inner;\npub use inner::{One, two as Two};\npub struct Own;"),
            ("a/inner.rs", "use super::Own;\npub struct One;"),
            (
                "b.rs",
                "use crate::a::{self, One};\n// use crate::c;\nfn f() { crate::a::Two::new() }\n#[cfg(test)]\nmod tests { use crate::d; }",
            ),
        ]
        .map(|(path, text)| (path.to_owned(), Source::of(text)))
        .into(),
    };
    let uses = sources.uses();
    assert_eq!(
        uses["b.rs"],
        ["a/inner.rs", "a/mod.rs"].map(String::from).into()
    );
    assert_eq!(uses["a/inner.rs"], ["a/mod.rs"].map(String::from).into());
    // What a module only hands on, it does not use.
    assert!(!uses.contains_key("a/mod.rs"));
    assert_eq!(circles(&uses), Vec::<BTreeSet<String>>::new());
}

/// Files by their path below `src`.
struct Sources {
    files: BTreeMap<String, Source>,
}

/// What one file uses and hands on, outside of its tests.
struct Source {
    paths: Vec<Vec<String>>,
    /// The paths of its `use` statements, each with the name that it gets here.
    names: Vec<(Vec<String>, String)>,
}

impl Source {
    fn of(text: &str) -> Self {
        let text = without_tests(text);
        let mut names = Vec::new();
        for statement in use_statements(&text) {
            parse_tree(&statement.tree, &[], &mut names);
        }
        Self {
            paths: paths_in(&text),
            names,
        }
    }
}

impl Sources {
    fn read(root: &Path) -> Self {
        let files = rust_files(root).into_iter().map(|file| {
            let path = file.strip_prefix(root).expect("it was found there");
            let text = fs::read_to_string(&file).expect("sources are UTF-8");
            (path.display().to_string(), Source::of(&text))
        });
        Self {
            files: files.collect(),
        }
    }

    /// Which files each file uses, outside of its tests.
    fn uses(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (file, source) in &self.files {
            if file == "lib.rs" {
                continue;
            }
            for path in &source.paths {
                if let Some(used) = self.resolve(file, path, 0)
                    && used != *file
                {
                    uses.entry(file.clone()).or_default().insert(used);
                }
            }
        }
        uses
    }

    /// The file that defines what a path in a file names; none for what is another crate's.
    fn resolve(&self, file: &str, path: &[String], depth: usize) -> Option<String> {
        let (first, rest) = path.split_first()?;
        let module = module_of(file);
        let (mut module, mut rest) = match first.as_str() {
            "crate" => (Vec::new(), rest),
            "self" => (module, rest),
            "super" => (parent(&module)?, rest),
            _ if self.file_of(&child(&module, first)).is_some() => (module, path),
            _ => return None,
        };
        while let Some((name, behind)) = rest.split_first() {
            if name == "super" {
                module = parent(&module)?;
            } else if name != "self" {
                let below = child(&module, name);
                if self.file_of(&below).is_none() {
                    return self.defined(&module, name, depth);
                }
                module = below;
            }
            rest = behind;
        }
        self.file_of(&module)
    }

    /// The file that defines an item of a module, which may only hand it on.
    fn defined(&self, module: &[String], item: &str, depth: usize) -> Option<String> {
        const DEEPEST: usize = 8;
        let file = self.file_of(module)?;
        for (path, name) in &self.files[&file].names {
            let is_it = name == item && path.len() > 1 && depth < DEEPEST;
            if is_it && let Some(used) = self.resolve(&file, path, depth + 1) {
                return Some(used);
            }
        }
        Some(file)
    }

    fn file_of(&self, module: &[String]) -> Option<String> {
        let base = module.join("/");
        let candidates = if base.is_empty() {
            vec!["lib.rs".to_owned()]
        } else {
            vec![format!("{base}.rs"), format!("{base}/mod.rs")]
        };
        candidates
            .into_iter()
            .find(|file| self.files.contains_key(file))
    }
}

/// `a::b` of `a/b.rs` and of `a/b/mod.rs`.
fn module_of(file: &str) -> Vec<String> {
    let path = file.trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    path.split('/').map(str::to_owned).collect()
}

fn parent(module: &[String]) -> Option<Vec<String>> {
    module.split_last().map(|(_, above)| above.to_vec())
}

fn child(module: &[String], name: &str) -> Vec<String> {
    let mut child = module.to_vec();
    child.push(name.to_owned());
    child
}

/// The text without comments and without the module of unit tests, which is the last in its file.
fn without_tests(text: &str) -> String {
    let end = text.find("\n#[cfg(test)]").unwrap_or(text.len());
    text[..end]
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

struct UseStatement {
    /// It hands the names on to other modules.
    is_reexport: bool,
    tree: String,
}

fn use_statements(text: &str) -> Vec<UseStatement> {
    let mut statements = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("use ") {
        let line = rest[..at].rfind('\n').map_or(0, |end| end + 1);
        let before = rest[line..at].trim();
        rest = &rest[at + 4..];
        if !(before.is_empty() || before.starts_with("pub")) {
            continue;
        }
        let end = rest.find(';').unwrap_or(rest.len());
        statements.push(UseStatement {
            is_reexport: before.starts_with("pub"),
            tree: rest[..end].split_whitespace().collect::<Vec<_>>().join(" "),
        });
        rest = &rest[end..];
    }
    statements
}

/// The paths of a use tree, each with the name that it gets.
fn parse_tree(tree: &str, before: &[String], paths: &mut Vec<(Vec<String>, String)>) {
    let tree = tree.trim();
    if let Some(open) = tree.find('{') {
        let mut before = before.to_vec();
        before.extend(segments(&tree[..open]));
        let inside = tree[open + 1..].trim_end().trim_end_matches('}');
        let (mut depth, mut start) = (0, 0);
        for (at, character) in inside.char_indices() {
            match character {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    parse_tree(&inside[start..at], &before, paths);
                    start = at + 1;
                }
                _ => {}
            }
        }
        return parse_tree(&inside[start..], &before, paths);
    }
    let (tree, name) = match tree.split_once(" as ") {
        Some((tree, name)) => (tree, Some(name.to_owned())),
        None => (tree, None),
    };
    let mut path = before.to_vec();
    path.extend(segments(tree));
    if let Some(last) = path.last().cloned() {
        paths.push((path, name.unwrap_or(last)));
    }
}

fn segments(path: &str) -> impl Iterator<Item = String> {
    path.split("::")
        .map(|segment| segment.trim().to_owned())
        .filter(|segment| !segment.is_empty())
}

/// All paths in a text: those of `use` statements that do not hand on, and those in the code.
fn paths_in(text: &str) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    let mut code = text.to_owned();
    for statement in use_statements(text) {
        if !statement.is_reexport {
            let mut found = Vec::new();
            parse_tree(&statement.tree, &[], &mut found);
            paths.extend(found.into_iter().map(|(path, _)| path));
        }
    }
    // What remains are paths in the code.
    code = code
        .split(';')
        .filter(|statement| {
            let last = statement.trim_start().lines().last().unwrap_or_default();
            let first = statement.trim_start().lines().next().unwrap_or_default();
            let is_reexport = [first, last].iter().any(|line| line.contains("use "));
            !(first.starts_with("use ") || first.starts_with("pub") && is_reexport)
        })
        .collect::<Vec<_>>()
        .join(";");
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    for word in code.split(|character: char| !is_word(character) && character != ':') {
        if word.contains("::") && !word.starts_with(':') {
            paths.push(segments(word).collect());
        }
    }
    paths
}

/// Sets of files that all reach each other.
fn circles(uses: &BTreeMap<String, BTreeSet<String>>) -> Vec<BTreeSet<String>> {
    let reached: BTreeMap<&String, BTreeSet<&String>> = uses
        .keys()
        .map(|file| (file, reached_from(file, uses)))
        .collect();
    let mut circles: Vec<BTreeSet<String>> = Vec::new();
    for (file, from_here) in &reached {
        let circle: BTreeSet<String> = from_here
            .iter()
            .filter(|other| reached.get(*other).is_some_and(|back| back.contains(file)))
            .map(|other| (*other).clone())
            .collect();
        if circle.len() > 1 && !circles.contains(&circle) {
            circles.push(circle);
        }
    }
    circles
}

fn reached_from<'a>(
    file: &str,
    uses: &'a BTreeMap<String, BTreeSet<String>>,
) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&String> = uses.get(file).into_iter().flatten().collect();
    while let Some(next) = open.pop() {
        if reached.insert(next) {
            open.extend(uses.get(next).into_iter().flatten());
        }
    }
    reached
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    walkdir::WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .map(|entry| entry.expect("the sources are readable").into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}
