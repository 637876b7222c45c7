//! Words that must not occur in texts for people: `testdata/style/house-words.txt` lists them with
//! the usual alternatives.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn no_text_uses_a_discouraged_word() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let phrases = phrases(&root.join("testdata/style/house-words.txt"));
    assert!(phrases.len() > 50, "the list is not read");
    let mut files = Vec::new();
    for start in ["src", "rules", "README.md", "SECURITY.md", "CHANGELOG.md"] {
        collect(&root.join(start), &mut files);
    }
    assert!(files.len() > 700, "{} files", files.len());
    let mut found = String::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let is_code = file.extension().is_some_and(|extension| extension == "rs");
        for (index, line) in text.lines().enumerate() {
            let prose = if is_code {
                prose_of(line)
            } else {
                line.to_owned()
            };
            let words = format!(" {} ", words(&prose).join(" "));
            for (phrase, usual) in &phrases {
                if words.contains(&format!(" {phrase} ")) {
                    let place = file.strip_prefix(root).unwrap().display();
                    let _ = writeln!(found, "{place}:{}: `{phrase}` -> {usual}", index + 1);
                }
            }
        }
    }
    assert!(found.is_empty(), "\n{found}");
}

/// The phrases of the list with the usual words.
fn phrases(list: &Path) -> Vec<(String, String)> {
    let mut phrases = Vec::new();
    for line in fs::read_to_string(list).unwrap().lines() {
        if line.starts_with('#') {
            continue;
        }
        if let Some((unusual, usual)) = line.split_once(" -> ") {
            for phrase in unusual.split(',') {
                phrases.push((words(phrase).join(" "), usual.to_owned()));
            }
        }
    }
    phrases
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_file() {
        files.push(path.to_owned());
        return;
    }
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        let is_text = path
            .extension()
            .is_some_and(|extension| extension == "rs" || extension == "md");
        if path.is_dir() || is_text {
            collect(&path, files);
        }
    }
}

/// The comment of a line of code, or the parts in double quotes that have more than one word: a
/// single word may be a key of somebody else's format.
fn prose_of(line: &str) -> String {
    let line = line.trim_start();
    if line.starts_with("//") {
        return line.to_owned();
    }
    let quoted = line.split('"').skip(1).step_by(2);
    let sentences: Vec<&str> = quoted.filter(|text| text.contains(' ')).collect();
    sentences.join(" | ")
}

/// The words of a text in lower case. Punctuation between two words stays, so that no phrase is
/// found across the end of a sentence.
fn words(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    let mut words = Vec::new();
    for part in text.split_whitespace() {
        let word = part.trim_matches(|c: char| "`'\"(),;:!?[]*_".contains(c));
        words.push(word.trim_end_matches('.').to_owned());
    }
    words
}
