//! Command-line options: long options and bundles of short ones.

/// Short options of curl that take a value: the rest of the word, or the next word. Source: its
/// manual page.
const CURL_VALUED: &str = "AbcCdDeEFhHKmoPQrtTuUwxXyYz";

/// Whether a word is one of these long options, with or without a value.
pub(in crate::rules) fn is_long(word: &str, names: &[&str]) -> bool {
    // `--progress=dot` and `--progress dot` are the same option.
    let name = word.split('=').next().unwrap_or(word);
    names.contains(&name)
}

/// The short options in an argument of curl, up to and including the first one that takes a value.
pub(in crate::rules) fn curl_letters(word: &str) -> &str {
    letters(word, CURL_VALUED)
}

/// The letters of a word that is a bundle of short options; empty for other words.
///
/// Letters in `valued` take the rest of their word, or the next word, as a value, so the first of
/// them ends the bundle: in `-oLICENSE`, the `L` is part of a file name.
pub(in crate::rules) fn letters<'w>(word: &'w str, valued: &str) -> &'w str {
    match word.strip_prefix('-') {
        Some(letters) if !letters.starts_with('-') => letters
            .split_inclusive(|letter| valued.contains(letter))
            .next()
            .unwrap_or_default(),
        _ => "",
    }
}
