//! Versions in package arguments.

use crate::knowledge::Pin;
use crate::paths::file_name;

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
            Self::Conda => {
                word.contains(['=', '<', '>', '/']) || ends_in_any(word, &[".conda", ".tar.bz2"])
            }
            Self::Cpan => word.contains(['@', '~', '/']) || word.starts_with('.'),
            Self::Following => word.contains('/') || ends_in_any(word, &[".rock", ".rockspec"]),
            Self::Gem => word.contains([':', '/']) || word.strip_suffix(".gem").is_some(),
            Self::Go => settles_go(word),
            // These have one version at a time, which the repository decides.
            Self::Newest | Self::Nix => true,
            Self::Node => settles_node(word),
            // Sets such as `@world`, and atoms with an operator.
            Self::Portage => word.starts_with(['=', '<', '>', '~', '@']),
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

impl Pin {
    /// The name in a word that names a package, without its version, repository or architecture.
    pub fn name(self, word: &str) -> &str {
        // A path or a URL names a file.
        if word.starts_with(['.', '/', '~']) || word.contains("://") {
            return word;
        }
        match self {
            Self::Compared => before_any(word, &['=', '~', '<', '>', '@']),
            Self::Release => before_any(word, &['=', '/', ':']),
            Self::Composer => before_any(word, &[':', '=', '@']),
            Self::Conda => {
                let (_, name) = word.rsplit_once("::").unwrap_or(("", word));
                before_any(name, &['=', '<', '>', '~', '!', '['])
            }
            Self::Cpan => before_any(word, &['@', '~']),
            Self::Following => word,
            Self::Gem => before_any(word, &[':']),
            Self::Go => before_any(word, &['@']),
            Self::Newest => after_any(word, &['/']),
            Self::Nix => after_any(word, &['.', '#']),
            Self::Node => name_of_node(word),
            Self::Portage => name_of_atom(word),
            Self::Python => before_any(word, &['=', '<', '>', '~', '!', '@', '[', ';', ' ']),
            Self::Rpm => name_of_rpm(word),
        }
    }
}

/// The text before the first of these characters.
fn before_any<'w>(word: &'w str, marks: &[char]) -> &'w str {
    word.split(marks).next().unwrap_or(word)
}

/// The text after the last of these characters.
fn after_any<'w>(word: &'w str, marks: &[char]) -> &'w str {
    word.rsplit(marks).next().unwrap_or(word)
}

/// `@scope/name@1`: the first character may be the `@` of a scope.
fn name_of_node(word: &str) -> &str {
    let version = word.char_indices().skip(1).find(|&(_, char)| char == '@');
    version.map_or(word, |(at, _)| &word[..at])
}

/// `=category/name-1.2:slot::repository`.
fn name_of_atom(word: &str) -> &str {
    let atom = word.trim_start_matches(['=', '<', '>', '~', '!']);
    let name = after_any(before_any(atom, &[':', '[']), &['/']);
    // Only an operator makes a number at the end a version.
    if atom.len() < word.len() {
        without_version(name)
    } else {
        name
    }
}

/// `name-1.2-3.x86_64`, `name >= 1.2`.
fn name_of_rpm(word: &str) -> &str {
    let name = before_any(word, &[' ', '=', '<', '>']);
    let mut plain = name;
    for architecture in [".x86_64", ".aarch64", ".noarch", ".i686"] {
        plain = plain.strip_suffix(architecture).unwrap_or(plain);
    }
    without_version(plain)
}

/// A name without the version, or the version and release, at its end.
fn without_version(word: &str) -> &str {
    if !ends_in_version(word) {
        return word;
    }
    let Some((before, _)) = word.rsplit_once('-') else {
        return word;
    };
    // What was cut may be the release, with the version before it.
    match before.rsplit_once('-') {
        Some((name, version)) if starts_with_digit(version) => name,
        _ => before,
    }
}

fn ends_in_any(word: &str, endings: &[&str]) -> bool {
    endings.iter().any(|ending| word.ends_with(ending))
}

/// Whether a word ends in a version, optionally followed by a release, as in `name-1.2` or
/// `name-1:1.2-3.el9`. `java-11-openjdk` is a name.
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
        return file_name(path).contains('@');
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
    fn an_rpm_package_is_pinned_by_a_version_suffix() {
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
    fn package_names_are_split_as_each_manager_does() {
        let cases = [
            (Pin::Rpm, "openssh-server", "openssh-server"),
            (Pin::Rpm, "ninja-build", "ninja-build"),
            (Pin::Rpm, "java-11-openjdk-devel", "java-11-openjdk-devel"),
            (
                Pin::Rpm,
                "openssh-server-9.9p1-1.fc42.x86_64",
                "openssh-server",
            ),
            (Pin::Rpm, "openssl-1:1.1.1k", "openssl"),
            (Pin::Rpm, "gcc.x86_64", "gcc"),
            (Pin::Release, "libc6-dev:arm64=2.41", "libc6-dev"),
            (Pin::Release, "g++", "g++"),
            (Pin::Compared, "gcc~=13", "gcc"),
            (Pin::Compared, "gcc@edge", "gcc"),
            (Pin::Conda, "conda-forge::numpy=1.26=py312", "numpy"),
            (Pin::Node, "@angular/cli@17", "@angular/cli"),
            (Pin::Node, "npm@11", "npm"),
            (Pin::Python, "uvicorn[standard]>=0.3", "uvicorn"),
            (Pin::Portage, "=sys-devel/gcc-13.2.1:13", "gcc"),
            (Pin::Portage, "dev-lang/python:3.12", "python"),
            (Pin::Newest, "extra/gcc", "gcc"),
            (Pin::Newest, "python@3.12", "python@3.12"),
            (Pin::Nix, "nixpkgs#gcc", "gcc"),
            (Pin::Compared, "./own.apk", "./own.apk"),
        ];
        for (pin, word, name) in cases {
            assert_eq!(pin.name(word), name, "{word}");
        }
    }

    #[test]
    fn a_moving_tag_does_not_pin_a_package() {
        assert!(Pin::Node.settles("@angular/cli@17.3.8", None));
        assert!(!Pin::Node.settles("@angular/cli", None));
        assert!(!Pin::Node.settles("npm@latest", None));
        assert!(!Pin::Go.settles("example.com/tool@latest", None));
        assert!(Pin::Go.settles("./cmd/app", None));
    }

    #[test]
    fn a_git_repository_is_pinned_by_a_reference() {
        assert!(Pin::Python.settles("git+ssh://git@example.com/x.git@1.0#egg=x", None));
        assert!(!Pin::Python.settles("git+ssh://git@example.com/x.git#egg=x", None));
        assert!(Pin::Node.settles("git+https://example.com/x.git#v1", None));
        assert!(!Pin::Node.settles("git+https://example.com/x.git", None));
    }
}
