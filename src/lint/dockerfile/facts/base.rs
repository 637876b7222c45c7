//! Well-known base images and the programs in them, from `rules/bases.toml`.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use serde::Deserialize;

use super::image_ref::{ImageRef, Reading};
use super::scope::glob_matches;
use super::shell::ShellKind;

/// Known facts about a base image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Package managers, by their names in
    /// [`package_managers`](crate::knowledge::package_managers).
    pub managers: Vec<String>,
    pub shells: Vec<String>,
    /// The user that the image runs as without a `USER` instruction.
    pub user: Option<String>,
    pub workdir: Option<String>,
    /// Whether the image's own entry point starts the server as another user than root.
    pub drops_root: bool,
    sh: Option<String>,
    windows: bool,
}

impl Known {
    /// The table row that matches an image; `None` if the image is not in the table or its name is
    /// not fully known.
    pub(super) fn find(image: &ImageRef) -> Option<&'static Self> {
        let name = image.familiar_name()?;
        let exact = TABLE
            .by_name
            .get(name)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let by_pattern = TABLE
            .by_pattern
            .iter()
            .filter(|&&at| TABLE.rows[at].is_named(name));
        // The table lists specific rows before general ones, so the position in the table decides,
        // not the index through which a row was found.
        let mut rows: Vec<usize> = exact.iter().chain(by_pattern).copied().collect();
        rows.sort_unstable();
        for index in rows {
            let row = &TABLE.rows[index];
            match row.match_tag(&image.tag) {
                TagMatch::Yes => return Some(&row.known),
                TagMatch::No => {}
                // A later row could match as well, so nothing is known.
                TagMatch::Unknown => return None,
            }
        }
        None
    }

    pub(super) fn scratch() -> &'static Self {
        &SCRATCH
    }

    pub fn is_windows(&self) -> bool {
        self.windows
    }

    /// The shell that `/bin/sh` refers to.
    pub(super) fn sh(&self) -> ShellKind {
        // Without an entry, only POSIX features can be assumed.
        self.sh.as_deref().map_or(ShellKind::Posix, |sh| {
            ShellKind::of_program(sh, ShellKind::Posix)
        })
    }
}

/// Whether the table contains images with this name, regardless of the tag.
pub fn is_well_known_image(name: &str) -> bool {
    ImageRef::parse(name).familiar_name().is_some_and(|name| {
        TABLE.by_name.contains_key(name)
            || TABLE
                .by_pattern
                .iter()
                .any(|&at| TABLE.rows[at].is_named(name))
    })
}

static SCRATCH: LazyLock<Known> = LazyLock::new(|| Known {
    managers: Vec::new(),
    shells: Vec::new(),
    user: Some("root".to_owned()),
    workdir: Some("/".to_owned()),
    drops_root: false,
    sh: None,
    windows: false,
});

/// Whether an image sets no environment variable but `PATH`.
pub(super) fn is_plain(image: &ImageRef) -> bool {
    image
        .familiar_name()
        .is_some_and(|name| TABLE.plain.iter().any(|plain| plain == name))
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    Table::read(include_str!("../../../../rules/bases.toml")).expect("a test parses it")
});

#[derive(Debug)]
struct Table {
    rows: Vec<Row>,
    by_name: HashMap<String, Vec<usize>>,
    /// Rows whose name is a pattern and which therefore cannot be looked up in the index.
    by_pattern: Vec<usize>,
    plain: Vec<String>,
}

/// Whether a row applies to images with a tag.
#[derive(Debug, PartialEq, Eq)]
enum TagMatch {
    Yes,
    No,
    /// The tag is in an unknown variable, and the row depends on it.
    Unknown,
}

#[derive(Debug)]
struct Row {
    names: Vec<String>,
    /// Patterns of tags; empty if every tag matches.
    tags: Vec<String>,
    known: Known,
}

impl Row {
    fn is_named(&self, name: &str) -> bool {
        self.names
            .iter()
            .any(|known| known == name || (known.contains(['*', '?']) && glob_matches(known, name)))
    }

    fn match_tag(&self, tag: &Reading) -> TagMatch {
        // Most rows apply to every tag.
        if self.tags.is_empty() {
            return TagMatch::Yes;
        }
        let tag = match tag {
            // Docker's default for a reference without a tag.
            Reading::Absent => "latest",
            Reading::Unknown => return TagMatch::Unknown,
            Reading::Is(tag) => tag,
        };
        if self.tags.iter().any(|pattern| glob_matches(pattern, tag)) {
            TagMatch::Yes
        } else {
            TagMatch::No
        }
    }
}

/// The file as written; it is converted to a [`Table`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    plain: Vec<String>,
    family: BTreeMap<String, Family>,
    variant: Vec<Variant>,
    image: Vec<Image>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Family {
    sh: Option<String>,
    shells: Vec<String>,
    managers: Vec<String>,
    user: Option<String>,
    workdir: Option<String>,
    #[serde(default)]
    windows: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Variant {
    tags: Vec<String>,
    family: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Image {
    names: Vec<String>,
    #[serde(default)]
    tags: Vec<String>,
    family: String,
    #[serde(default)]
    variants: bool,
    #[serde(default)]
    adds: Vec<String>,
    managers: Option<Vec<String>>,
    user: Option<String>,
    workdir: Option<String>,
    #[serde(default)]
    drops_root: bool,
}

/// An error in the table.
#[derive(Debug, thiserror::Error)]
enum TableError {
    #[error(transparent)]
    Toml(#[from] toml::de::Error),
    #[error("there is no family `{0}`")]
    NoFamily(String),
}

impl Table {
    fn read(text: &str) -> Result<Self, TableError> {
        let text: Text = toml::from_str(text)?;
        let mut rows = Vec::new();
        for image in &text.image {
            // A row that lists tags is already specific: variants such as `-alpine` do not apply.
            let variants = if image.variants && image.tags.is_empty() {
                text.variant.as_slice()
            } else {
                &[]
            };
            // Variants come first, so that `-alpine` is found before the plain image.
            for variant in variants {
                rows.push(Row::new(&text, image, &variant.family, &variant.tags)?);
            }
            rows.push(Row::new(&text, image, &image.family, &image.tags)?);
        }
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        let mut by_pattern = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            for name in &row.names {
                if name.contains(['*', '?']) {
                    by_pattern.push(at);
                } else {
                    by_name.entry(name.clone()).or_default().push(at);
                }
            }
        }
        // A row with several patterns was pushed once for each, one after the other.
        by_pattern.dedup();
        Ok(Self {
            rows,
            by_name,
            by_pattern,
            plain: text.plain,
        })
    }
}

impl Row {
    fn new(text: &Text, image: &Image, family: &str, tags: &[String]) -> Result<Self, TableError> {
        let family = text
            .family
            .get(family)
            .ok_or_else(|| TableError::NoFamily(family.to_owned()))?;
        let mut managers = image
            .managers
            .clone()
            .unwrap_or_else(|| family.managers.clone());
        // Such as pip in Python images, in addition to the distribution's package manager.
        managers.extend(image.adds.iter().cloned());
        let known = Known {
            managers,
            shells: family.shells.clone(),
            user: image.user.clone().or_else(|| family.user.clone()),
            workdir: image.workdir.clone().or_else(|| family.workdir.clone()),
            drops_root: image.drops_root,
            sh: family.sh.clone(),
            windows: family.windows,
        };
        Ok(Self {
            names: image.names.clone(),
            tags: tags.to_vec(),
            known,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::package_manager;

    fn find(image: &str) -> Option<&'static Known> {
        Known::find(&ImageRef::parse(image))
    }

    #[test]
    fn the_table_names_only_package_managers_that_are_known() {
        for row in &TABLE.rows {
            for manager in &row.known.managers {
                assert!(
                    package_manager(manager).is_some(),
                    "{manager} of {:?}",
                    row.names
                );
            }
        }
    }

    #[test]
    fn the_tag_of_an_official_image_names_its_distribution() {
        assert_eq!(
            find("node:20")
                .map(|known| known.managers.join(" "))
                .as_deref(),
            Some("apt npm yarn")
        );
        assert_eq!(
            find("docker.io/library/node:20-alpine3.20").map(Known::sh),
            Some(ShellKind::Ash)
        );
        assert_eq!(
            find("eclipse-temurin:21-ubi9-minimal")
                .map(|known| known.managers.join(" "))
                .as_deref(),
            Some("microdnf")
        );
        assert!(find("golang:1.23-nanoserver").is_some_and(Known::is_windows));
    }

    #[test]
    fn the_tag_of_a_distroless_image_decides_user_and_shells() {
        let user = |image| find(image).and_then(|known| known.user.as_deref());
        assert_eq!(
            user("gcr.io/distroless/static-debian12:nonroot"),
            Some("nonroot")
        );
        assert_eq!(user("gcr.io/distroless/static-debian12"), Some("root"));
        assert!(find("gcr.io/distroless/cc:latest").is_some_and(|known| known.shells.is_empty()));
        assert!(find("gcr.io/distroless/cc:debug").is_some_and(|known| !known.shells.is_empty()));
    }

    #[test]
    fn an_unknown_tag_does_not_matter_if_all_tags_are_alike() {
        let hidden = |name: &str| ImageRef {
            name: Some(name.into()),
            tag: Reading::Unknown,
            digest: Reading::Unknown,
        };
        assert!(Known::find(&hidden("alpine")).is_some());
        assert!(Known::find(&hidden("node")).is_none());
    }

    #[test]
    fn an_image_outside_the_table_is_unknown() {
        assert!(find("ghcr.io/somebody/something:1").is_none());
    }
}
