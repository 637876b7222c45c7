//! Sources of ADD and COPY that BuildKit fetches.

/// A source that is not in the build context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) enum Remote {
    Http,
    Git,
    /// `github.com/owner/name`, which ADD clones, but COPY reads as a path.
    GithubPath,
}

impl Remote {
    /// The kind of a source; `None` for a path.
    pub(in crate::rules) fn of(source: &str) -> Option<Self> {
        if source.starts_with("github.com/") {
            return Some(Self::GithubPath);
        }
        if let Some((scheme, rest)) = source.split_once("://") {
            return match scheme.to_ascii_lowercase().as_str() {
                "git" | "ssh" => Some(Self::Git),
                "http" | "https" if is_repository(rest) => Some(Self::Git),
                // BuildKit downloads from these two in lowercase only.
                "http" | "https" if matches!(scheme, "http" | "https") => Some(Self::Http),
                _ => None,
            };
        }
        if is_scp_address(source) {
            Some(Self::Git)
        } else {
            None
        }
    }
}

/// Whether the path of a URL ends in `.git`, which makes it a repository.
fn is_repository(rest: &str) -> bool {
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    path.strip_suffix(".git")
        .is_some_and(|repository| repository.contains('/'))
}

/// Whether a text is an address as `scp` takes it: `git@github.com:owner/name`.
fn is_scp_address(text: &str) -> bool {
    let Some((user, rest)) = text.split_once('@') else {
        return false;
    };
    let Some((host, _)) = rest.split_once(':') else {
        return false;
    };
    is_word(user, "-_") && is_word(host, "-.")
}

fn is_word(text: &str, punctuation: &str) -> bool {
    let mut chars = text.chars();
    !text.is_empty() && chars.all(|char| char.is_ascii_alphanumeric() || punctuation.contains(char))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remote_sources_are_classified_as_buildkit_does() {
        for (source, expected) in [
            ("https://example.com/a.tgz", Some(Remote::Http)),
            ("http://example.com", Some(Remote::Http)),
            ("https://github.com/a/b.git#v1:dir", Some(Remote::Git)),
            ("https://github.com/a/b.git?ref=v1", Some(Remote::Git)),
            ("git@github.com:a/b.git", Some(Remote::Git)),
            ("ssh://git@host/a", Some(Remote::Git)),
            ("git://host/a", Some(Remote::Git)),
            ("github.com/a/b", Some(Remote::GithubPath)),
            ("./git@host:a", None),
            ("file:///a", None),
            ("a/b.git", None),
            ("C:/a", None),
        ] {
            assert_eq!(Remote::of(source), expected, "{source}");
        }
    }
}
