//! Patterns of `${A%pattern}` and `${A#pattern}`: `*` and `?`.

/// Cuts off the shortest or the longest end of a value that a pattern matches.
pub(super) fn without_suffix(value: &str, pattern: &str, longest: bool) -> String {
    let mut ends = ends(value);
    if !longest {
        ends.reverse();
    }
    let found = ends
        .into_iter()
        .find(|&end| matches(pattern, &value[end..]));
    value[..found.unwrap_or(value.len())].to_owned()
}

/// Cuts off the shortest or the longest start of a value that a pattern matches.
pub(super) fn without_prefix(value: &str, pattern: &str, longest: bool) -> String {
    let mut ends = ends(value);
    if longest {
        ends.reverse();
    }
    let found = ends
        .into_iter()
        .find(|&end| matches(pattern, &value[..end]));
    value[found.unwrap_or(0)..].to_owned()
}

/// The places between the characters, from the start.
fn ends(value: &str) -> Vec<usize> {
    let starts = value.char_indices().map(|(at, _)| at);
    starts.chain([value.len()]).collect()
}

/// Whether a pattern matches a whole text. On a mismatch the last `*` takes a character more; no
/// earlier one has to, so the time is at most the product of both lengths.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut place) = (0, 0);
    let mut last_star = None;
    while place < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                last_star = Some((at, place));
                at += 1;
            }
            Some(&byte) if byte == b'?' || byte == text[place] => {
                at += 1;
                place += 1;
            }
            _ => {
                let Some((star, taken)) = last_star else {
                    return false;
                };
                last_star = Some((star, taken + 1));
                at = star + 1;
                place = taken + 1;
            }
        }
    }
    pattern[at..].iter().all(|&byte| byte == b'*')
}
