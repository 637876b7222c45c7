//! Versions in package arguments.

use crate::knowledge::Pin;

impl Pin {
    /// Whether a word pins a version, or is a file or URL, which has only one version. `prefix` is
    /// the word before the verb.
    pub fn settles(self, word: &str, prefix: Option<&str>) -> bool {
        match self {
            Self::Compared => {
                word.contains(['=', '~', '<', '>', '/'])
                    || ends_in_any(word, &[".apk", ".rpm", ".conda"])
                    || word.starts_with(['.', '!'])
            }
            Self::Release => word.contains(['=', '/']) || word.strip_suffix(".deb").is_some(),
            Self::Composer => word.contains([':', '=', '@']) || !word.contains('/'),
            Self::Gem => word.contains([':', '/']) || word.strip_suffix(".gem").is_some(),
            Self::Go => settles_go(word),
            Self::Node => settles_node(word),
            Self::Python => settles_python(word),
            Self::Rpm if prefix == Some("module") => word.contains([':', '/']),
            Self::Rpm => {
                word.starts_with('@')
                    || word.contains(['/', '=', '<', '>'])
                    || word.strip_suffix(".rpm").is_some()
                    || ends_in_version(word)
            }
        }
    }
}

fn ends_in_any(word: &str, endings: &[&str]) -> bool {
    endings.iter().any(|ending| word.ends_with(ending))
}

/// Whether a word ends in a version as in `name-1.2` or `name-1:1.2-3.el9`, where at most a release
/// follows the version. `java-11-openjdk` is a name.
fn ends_in_version(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').skip(1).collect();
    let Some((last, before)) = parts.split_last() else {
        return false;
    };
    if starts_with_digit(last) {
        return true;
    }
    let is_release = last.contains(|c: char| c.is_ascii_digit()) || *last == "*";
    is_release
        && before
            .last()
            .is_some_and(|version| starts_with_digit(version))
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

fn settles_go(word: &str) -> bool {
    // Packages of the module itself have the version that is pinned in `go.mod`.
    let own = word.starts_with(['.', '/', '$'])
        || ends_in_any(word, &[".go"])
        || matches!(word, "all" | "std" | "cmd" | "tool");
    let version = word.split_once('@').map(|(_, version)| version);
    own || version.is_some_and(|version| !is_moving(version))
}

/// Whether a version is a name that may refer to another release in the future.
fn is_moving(version: &str) -> bool {
    matches!(
        version,
        "" | "latest" | "next" | "none" | "upgrade" | "patch" | "main" | "master" | "HEAD" | "*"
    )
}

fn settles_node(word: &str) -> bool {
    let git = word.starts_with("git") && word.contains("://") || word.starts_with("github:");
    if git {
        return word.contains('#');
    }
    let file =
        word.starts_with(['.', '/', '~']) || word.contains("://") || word.starts_with("file:");
    // The first character may be the `@` of a scope.
    let version = word
        .get(1..)
        .and_then(|rest| rest.split_once('@'))
        .map(|(_, version)| version);
    file || ends_in_any(word, &[".tar", ".tar.gz", ".tgz"])
        || word.contains('#')
        || version.is_some_and(|version| !is_moving(version))
}

fn settles_python(word: &str) -> bool {
    // `git+https://host/path@revision#egg=name`: an `@` before the path is a user.
    if let Some((system, address)) = word.split_once('+')
        && (system.ends_with("git") || matches!(system, "hg" | "svn" | "bzr"))
    {
        let path = address.split('#').next().unwrap_or_default();
        return path
            .rsplit('/')
            .next()
            .is_some_and(|last| last.contains('@'));
    }
    let file = word == "."
        || word.starts_with(".[")
        || word.contains('/')
        || ends_in_any(word, &[".whl", ".tar.gz", ".zip"]);
    file || word.contains(['=', '<', '>', '~', '@'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_rpm_says_its_version_at_its_end() {
        for word in [
            "tomcat-9.2",
            "openssl-1:1.1.1k",
            "gcc-c++-1.1.1",
            "git-core-2.51.0-2.fc42",
            "docker-ce-17.03.1*",
        ] {
            assert!(Pin::Rpm.settles(word, None), "{word}");
        }
        for word in [
            "tomcat",
            "python3-devel",
            "java-11-openjdk",
            "java-1.8.0-openjdk-devel",
            "gcc-c++",
        ] {
            assert!(!Pin::Rpm.settles(word, None), "{word}");
        }
        assert!(Pin::Rpm.settles("nodejs:20", Some("module")));
        assert!(!Pin::Rpm.settles("nodejs", Some("module")));
    }

    #[test]
    fn a_tag_that_moves_is_no_version() {
        assert!(Pin::Node.settles("@angular/cli@17.3.8", None));
        assert!(!Pin::Node.settles("@angular/cli", None));
        assert!(!Pin::Node.settles("npm@latest", None));
        assert!(!Pin::Go.settles("example.com/tool@latest", None));
        assert!(Pin::Go.settles("./cmd/app", None));
    }

    #[test]
    fn a_repository_needs_a_reference() {
        assert!(Pin::Python.settles("git+ssh://git@example.com/x.git@1.0#egg=x", None));
        assert!(!Pin::Python.settles("git+ssh://git@example.com/x.git#egg=x", None));
        assert!(Pin::Node.settles("git+https://example.com/x.git#v1", None));
        assert!(!Pin::Node.settles("git+https://example.com/x.git", None));
    }
}
