//! "Did you mean": the known name that is closest to a misspelled one.

/// Longest name that is compared. No known name is longer, and the time is proportional to the
/// product of both lengths.
const MAX_LENGTH: usize = 80;

/// Returns the closest of the names, if it is close enough: at most a third of its letters differ,
/// but one difference is always allowed. Case is ignored.
pub fn closest<'n>(unknown: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    all_closest(unknown, names).first().copied()
}

/// Returns all names that share the smallest distance, in alphabetical order; see [`closest`].
pub fn all_closest<'n>(unknown: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    if unknown.len() > MAX_LENGTH {
        return Vec::new();
    }
    let unknown = unknown.to_lowercase();
    let mut closest = Vec::new();
    let mut smallest = usize::MAX;
    for name in names {
        let allowed = (name.len() / 3).max(1);
        // The difference in length is a lower bound of the distance that is cheap to compute.
        let is_ascii = name.is_ascii() && unknown.is_ascii();
        if is_ascii && name.len().abs_diff(unknown.len()) > allowed {
            continue;
        }
        // Swapped letters, the most common typo, count as one difference.
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
    // Names may come from several overlapping lists.
    closest.sort_unstable();
    closest.dedup();
    closest
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["json", "sarif", "compact", "codeclimate"];

    #[test]
    fn a_suggestion_may_differ_in_a_third_of_its_letters() {
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
    fn names_at_the_same_distance_are_all_suggested() {
        assert_eq!(
            all_closest("cat", ["cut", "bat", "car", "dog"]),
            ["bat", "car", "cut"]
        );
    }

    #[test]
    fn a_very_long_word_gets_no_suggestion() {
        let word = "json".repeat(1000);
        assert_eq!(closest(&word, [word.as_str()]), None);
    }
}
