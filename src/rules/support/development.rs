//! Dockerfiles whose image is for developers or tests and is not deployed.

use crate::lint::DockerfileContext;

/// Words in the name of a file or stage that indicate an image for development or tests.
const WORDS: [&str; 10] = [
    "ci",
    "debug",
    "dev",
    "devcontainer",
    "devel",
    "develop",
    "development",
    "test",
    "testing",
    "tests",
];

/// Whether the image is for developers or tests, according to the name of the file, such as
/// `Dockerfile.dev`, or of the final stage.
pub(in crate::rules) fn is_for_development(cx: &DockerfileContext<'_>) -> bool {
    let mut parts = cx.source.name().rsplit(['/', '\\']);
    let file = parts.next().unwrap_or_default();
    // Directories further up may be unrelated to the project, such as `/home/dev`.
    let directory = parts.next().unwrap_or_default();
    let alias = cx.facts.final_stage().and_then(|stage| stage.alias);
    directory == ".devcontainer"
        || has_word(file)
        || alias.is_some_and(|alias| has_word(alias.text.as_str()))
}

fn has_word(name: &str) -> bool {
    name.to_ascii_lowercase()
        .split(['.', '-', '_'])
        .any(|word| WORDS.contains(&word))
}
