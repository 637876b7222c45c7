//! The list of keep rules: their pages, as they are.

macro_rules! pages {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/keep/", $name, ".md")))),*]
    };
}

/// Names and texts.
pub(super) const PAGES: &[(&str, &str)] = pages![
    "distribution",
    "home-directories",
    "mount-points",
    "mounted-files",
    "name-lookup",
    "state-directories",
    "temporary-directories",
    "users",
];
