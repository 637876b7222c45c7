//! What a person reads is written in the usual words, and page titles are short.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// The longest title of a page, in characters: it must fit on a line of a list.
const LONGEST_TITLE: usize = 60;

/// A word or phrase to avoid, with what to write instead.
struct HouseWord {
    words: Vec<String>,
    instead: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn usual_words_are_used() {
    let house_words = house_words();
    let mut found = String::new();
    for path in files(&["src", "rules"], &["rs", "md"]) {
        report_house_words(&path, &house_words, &mut found);
    }
    for name in ["README.md", "CHANGELOG.md", "SECURITY.md", "Makefile"] {
        report_house_words(&root().join(name), &house_words, &mut found);
    }
    assert!(found.is_empty(), "\n{found}");
}

#[test]
fn page_titles_fit_on_a_line() {
    let mut long = Vec::new();
    for path in files(&["rules"], &["md"]) {
        let text = fs::read_to_string(&path).expect("pages are UTF-8");
        let title = text.lines().find_map(|line| line.strip_prefix("# "));
        let title = title.unwrap_or_else(|| panic!("{} has no title", path.display()));
        if title.chars().count() > LONGEST_TITLE || title.ends_with('.') {
            long.push(format!("{}: {title}", path.display()));
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}

/// The list in `testdata/style/house-words.txt`.
fn house_words() -> Vec<HouseWord> {
    let path = root().join("testdata/style/house-words.txt");
    let text = fs::read_to_string(path).expect("the list is there");
    let mut list = Vec::new();
    for line in text.lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (phrases, instead) = line
            .split_once(" -> ")
            .expect("a line is `words -> instead`");
        for phrase in phrases.split(", ") {
            let words = phrase.split(' ').map(str::to_owned).collect();
            list.push(HouseWord {
                words,
                instead: instead.to_owned(),
            });
        }
    }
    assert!(list.len() > 50, "the list was read");
    list
}

/// The files below the directories with one of the extensions, in order.
fn files(directories: &[&str], extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for directory in directories {
        for entry in walkdir::WalkDir::new(root().join(directory)).sort_by_file_name() {
            let path = entry.expect("the sources can be read").into_path();
            let extension = path.extension().and_then(|extension| extension.to_str());
            if extension.is_some_and(|extension| extensions.contains(&extension)) {
                found.push(path);
            }
        }
    }
    found
}

/// Adds a line for each house word in a file. Fenced blocks of a page do not count: they hold
/// examples and output.
fn report_house_words(path: &Path, house_words: &[HouseWord], found: &mut String) {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let is_page = path.extension().is_some_and(|extension| extension == "md");
    let mut words: Vec<(usize, String)> = Vec::new();
    let mut in_fence = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_fence = !in_fence;
        }
        if is_page && in_fence {
            continue;
        }
        let line = line.to_lowercase();
        let letters = |c: char| !c.is_alphanumeric() && c != '_' && c != '-' && c != '\'';
        for word in line.split(letters).filter(|word| !word.is_empty()) {
            words.push((index + 1, word.to_owned()));
        }
    }
    for (at, (line, _)) in words.iter().enumerate() {
        for house_word in house_words {
            let rest = words[at..].iter().map(|(_, word)| word);
            let matches = rest
                .take(house_word.words.len())
                .eq(house_word.words.iter());
            if matches {
                let phrase = house_word.words.join(" ");
                let path = path
                    .strip_prefix(root())
                    .expect("it is below the root")
                    .display();
                writeln!(
                    found,
                    "{path}:{line}: `{phrase}`, usually: {}",
                    house_word.instead
                )
                .expect("writing to a string does not fail");
            }
        }
    }
}
