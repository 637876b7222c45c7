//! "Did you mean": the known name that a mistyped one is closest to.

/// No name that we know is longer, and comparing takes time in proportion to both lengths.
const LONGEST_NAME: usize = 80;

/// The closest of the names, if it is close enough to be what was meant: at most a third of its
/// letters differ, but at least one may. Case does not count.
pub fn closest<'n>(unknown: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    all_closest(unknown, names).first().copied()
}

/// All names that share the smallest distance, in alphabetical order; see [`closest`].
pub fn all_closest<'n>(unknown: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    if unknown.len() > LONGEST_NAME {
        return Vec::new();
    }
    let unknown = unknown.to_lowercase();
    let mut closest = Vec::new();
    let mut smallest = usize::MAX;
    for name in names {
        let allowed = (name.len() / 3).max(1);
        // Most names are told apart by their lengths.
        let is_ascii = name.is_ascii() && unknown.is_ascii();
        if is_ascii && name.len().abs_diff(unknown.len()) > allowed {
            continue;
        }
        let distance = strsim::damerau_levenshtein(&name.to_lowercase(), &unknown);
        if distance > smallest || distance > allowed {
            continue;
        }
        if distance < smallest {
            smallest = distance;
            closest.clear();
        }
        closest.push(name);
    }
    closest.sort_unstable();
    closest.dedup();
    closest
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["json", "sarif", "compact", "codeclimate"];

    #[test]
    fn a_third_of_the_letters_may_differ() {
        for (unknown, expected) in [
            ("jsno", Some("json")),
            ("SARIF", Some("sarif")),
            ("compct", Some("compact")),
            ("code-climte", Some("codeclimate")),
            ("jam", None),
            ("", None),
        ] {
            assert_eq!(closest(unknown, NAMES), expected, "{unknown}");
        }
    }

    #[test]
    fn names_at_the_same_distance_are_all_named() {
        assert_eq!(
            all_closest("cat", ["cut", "bat", "car", "dog"]),
            ["bat", "car", "cut"]
        );
    }

    #[test]
    fn a_very_long_word_resembles_nothing() {
        let word = "json".repeat(1000);
        assert_eq!(closest(&word, [word.as_str()]), None);
    }
}
