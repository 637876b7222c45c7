//! Texts of an application that may name packages: configuration files, and pages that load files
//! of packages in a browser.

use serde_json::Value;

/// Longer texts are data.
pub(super) const LONGEST: usize = 256 << 10;
/// Endings of configuration files.
const CONFIGURATION: &[&[u8]] = &[
    b".json", b".json5", b".jsonc", b".yml", b".yaml", b".toml", b".env", b"rc",
];
/// Endings of pages and of what they are made from.
const PAGES: &[&[u8]] = &[
    b".html",
    b".htm",
    b".ejs",
    b".pug",
    b".hbs",
    b".handlebars",
    b".njk",
    b".css",
    b".scss",
];
/// Lists of everything that is installed.
const LOCKS: &[&[u8]] = &[
    b"package-lock.json",
    b"npm-shrinkwrap.json",
    b"pnpm-lock.yaml",
    b".package-lock.json",
    b"yarn.lock",
    b".pnp.cjs",
];
/// Fields of a manifest that list packages, whether they are used or not, and scripts, which are
/// followed if something runs them.
const LISTS: &[&str] = &[
    "dependencies",
    "devDependencies",
    "optionalDependencies",
    "peerDependencies",
    "peerDependenciesMeta",
    "bundleDependencies",
    "bundledDependencies",
    "overrides",
    "resolutions",
    "scripts",
    "name",
    "keywords",
    "description",
    "pnpm",
];

pub(super) fn is_text(file_name: &[u8]) -> bool {
    let mut endings = CONFIGURATION.iter().chain(PAGES);
    endings.any(|ending| file_name.ends_with(ending)) && !LOCKS.contains(&file_name)
}

/// Words that may name a package or a file in one, with their lines.
pub(super) fn words(file_name: &[u8], text: &str) -> Vec<(String, usize)> {
    if file_name == b"package.json" {
        return words_of_manifest(text);
    }
    let is_page = PAGES.iter().any(|ending| file_name.ends_with(ending));
    let mut words = Vec::new();
    for (place, line) in text.lines().enumerate() {
        for word in line.split(|char: char| !is_of_name(char)) {
            if !word.is_empty() && (!is_page || word.contains("node_modules/")) {
                words.push((word.to_owned(), place + 1));
            }
        }
    }
    words
}

fn words_of_manifest(text: &str) -> Vec<(String, usize)> {
    let mut words = Vec::new();
    if let Ok(Value::Object(manifest)) = serde_json::from_str(text) {
        for (field, value) in &manifest {
            if !LISTS.contains(&field.as_str()) {
                add_strings(value, &mut words);
            }
        }
    }
    words
}

/// Adds the strings in a value. The parser limits its depth.
fn add_strings(value: &Value, words: &mut Vec<(String, usize)>) {
    match value {
        Value::String(string) => words.push((string.clone(), 1)),
        Value::Array(values) => values.iter().for_each(|value| add_strings(value, words)),
        Value::Object(values) => values.values().for_each(|value| add_strings(value, words)),
        _ => {}
    }
}

fn is_of_name(char: char) -> bool {
    char.is_ascii_alphanumeric() || "@/._-".contains(char)
}
