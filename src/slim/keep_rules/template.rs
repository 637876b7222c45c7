//! Placeholders in patterns: variables of the image, and words in files.

use super::page::{HERE, NAME};
use crate::image::Config;

/// Maximum number of patterns that one becomes: lists of several variables multiply.
const MAX_PATTERNS: usize = 256;
/// Maximum number of variables in a pattern.
const MAX_VARIABLES: usize = 4;
/// Maximum length of a value in bytes; Linux starts no program with a longer one.
const MAX_VALUE: usize = 128 << 10;
/// Maximum length of a pattern in bytes; no path in an image is longer.
const MAX_LENGTH: usize = 4 << 10;

/// Replaces `$NAME`, `${NAME}` and `${NAME%%.*}` (the value up to its first `.`) with the values of
/// the image's variables. For a colon-separated list, there is a pattern for each member. Empty if
/// a variable is not set.
pub(super) fn with_variables(pattern: &str, config: &Config) -> Vec<String> {
    if pattern.len() > MAX_LENGTH || pattern.matches('$').count() > MAX_VARIABLES {
        return Vec::new();
    }
    let Some((before, rest)) = pattern.split_once('$') else {
        return vec![pattern.to_owned()];
    };
    let (name, cut, rest) = variable(rest);
    // An empty value would make `$HOME/x` a path in the root directory.
    let Some(value) = config.env_value(name) else {
        return Vec::new();
    };
    if value.is_empty() || value.len() > MAX_VALUE {
        return Vec::new();
    }
    // `%%.*` is the only operator that is needed: locales have their character set after a dot.
    let value = cut.and_then(|cut| value.split(cut).next()).unwrap_or(value);
    let rest = with_variables(rest, config);
    // With a member that leads upward or has a wildcard, an environment variable could keep files
    // that the rule is not meant for.
    let values = value.split(':').filter(|member| {
        !member.is_empty() && !member.contains("..") && !member.contains(['*', '?', '['])
    });
    let mut patterns = Vec::new();
    for member in values {
        for rest in &rest {
            if patterns.len() == MAX_PATTERNS {
                return patterns;
            }
            if before.len() + member.len() + rest.len() <= MAX_LENGTH {
                patterns.push(format!("{before}{member}{rest}"));
            }
        }
    }
    patterns
}

/// The name, the character at which its value is cut, and the rest of the text.
fn variable(text: &str) -> (&str, Option<char>, &str) {
    if let Some((inside, rest)) = text.strip_prefix('{').and_then(|text| text.split_once('}')) {
        return match inside.split_once("%%") {
            Some((name, cut)) => (name, cut.chars().next(), rest),
            None => (inside, None, rest),
        };
    }
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    (&text[..end], None, &text[end..])
}

/// Replaces `{here}` with a file's directory, and `{name}` with its name. `None` if the result is a
/// top-level directory, or everything in one.
pub(super) fn with_file(pattern: &str, path: &str) -> Option<String> {
    if !pattern.contains(HERE) && !pattern.contains(NAME) {
        return Some(pattern.to_owned());
    }
    let (here, name) = path.rsplit_once('/')?;
    let pattern = pattern.replace(HERE, here).replace(NAME, name);
    // `{here}` of a file in `/etc` is `/etc`, which a rule must not keep as a whole.
    if is_shallow(pattern.as_bytes()) {
        return None;
    }
    Some(pattern)
}

/// Whether a path is a top-level directory, or everything in one, which a file never means.
pub(super) fn is_shallow(path: &[u8]) -> bool {
    let mut depth = 0;
    for component in path.split(|&byte| byte == b'/') {
        match component {
            b"" | b"." | b"**" => {}
            // `/a/../..` is the root.
            b".." => depth -= 1,
            _ => depth += 1,
        }
    }
    depth < 2
}

/// Replaces the pattern's placeholder with a word, and `{here}` with the directory of the file that
/// contains it. `None` if the result is not a valid path: if an absolute word follows other text,
/// or a word leads upward.
pub(super) fn with_word(pattern: &str, word: &[u8], here: &[u8]) -> Option<Vec<u8>> {
    let mut path = Vec::with_capacity(pattern.len() + word.len());
    let mut rest = pattern;
    while let Some((before, behind)) = rest.split_once('{') {
        let (name, behind) = behind.split_once('}')?;
        path.extend_from_slice(before.as_bytes());
        rest = behind;
        if name == "here" {
            path.extend_from_slice(here);
        } else {
            // An absolute word is only valid in a pattern that consists of the word.
            if word.starts_with(b"/") && !path.is_empty() {
                return None;
            }
            path.extend_from_slice(word);
        }
    }
    path.extend_from_slice(rest.as_bytes());
    path.starts_with(b"/").then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn expand(pattern: &str) -> Vec<String> {
        let env = json!([
            "TZ=Europe/Berlin",
            "LANG=de_DE.UTF-8",
            "DIRS=/a:/b",
            "BAD=../../etc"
        ]);
        with_variables(pattern, &Config::new(json!({"config": {"Env": env}})))
    }

    #[test]
    fn a_variable_in_a_pattern_is_replaced_by_its_value() {
        assert_eq!(
            expand("/usr/share/zoneinfo/$TZ"),
            ["/usr/share/zoneinfo/Europe/Berlin"]
        );
        assert_eq!(expand("/x/${LANG%%.*}*/**"), ["/x/de_DE*/**"]);
        assert_eq!(expand("$DIRS/**"), ["/a/**", "/b/**"]);
        assert_eq!(expand("/x/$NONE"), Vec::<String>::new());
        assert_eq!(expand("/x/$BAD"), Vec::<String>::new());
        assert_eq!(expand("/x"), ["/x"]);
    }

    #[test]
    fn lists_of_several_variables_do_not_multiply() {
        let list = |count: usize| format!("A={}", "/a:".repeat(count));
        let patterns = |pattern: &str, value: String| {
            let config = Config::new(json!({"config": {"Env": [value]}}));
            with_variables(pattern, &config).len()
        };
        assert_eq!(patterns("$A/$A/x", list(10)), 100);
        assert_eq!(patterns("$A/$A/$A/$A/x", list(1000)), MAX_PATTERNS);
        assert_eq!(patterns(&"$A/".repeat(5), list(2)), 0);
        assert_eq!(patterns("$A/x", list(100_000)), 0);
        assert_eq!(patterns("$A/x", format!("A=/{}", "a".repeat(5000))), 0);
    }

    #[test]
    fn a_pattern_may_refer_to_the_file_it_matched() {
        assert_eq!(
            with_file("{here}/**", "/opt/app/x.dll").as_deref(),
            Some("/opt/app/**")
        );
        assert_eq!(
            with_file("/etc/{name}/**", "/usr/sbin/x").as_deref(),
            Some("/etc/x/**")
        );
        assert_eq!(
            with_file("{here}/../../**", "/usr/lib/erlang/erts/bin/x").as_deref(),
            Some("/usr/lib/erlang/erts/bin/../../**")
        );
        assert_eq!(with_file("{here}/**", "/usr/x"), None);
        assert_eq!(with_file("{here}/../../**", "/usr/lib/bin/x"), None);
    }

    #[test]
    fn a_word_becomes_a_path_only_where_the_pattern_allows_it() {
        let path = |pattern, word: &str| {
            with_word(pattern, word.as_bytes(), b"/etc/x")
                .map(|path| path.escape_ascii().to_string())
        };
        assert_eq!(path("{word}", "/a/b").as_deref(), Some("/a/b"));
        assert_eq!(path("{word}", "b"), None);
        assert_eq!(path("/d/{Include}.so", "b").as_deref(), Some("/d/b.so"));
        assert_eq!(path("/d/{Include}", "/b"), None);
        assert_eq!(path("{here}/{word}", "b").as_deref(), Some("/etc/x/b"));
    }
}
