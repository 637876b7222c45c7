//! The shapes of an image's documents: the keys that some reader interprets, and the types of their
//! values.
//!
//! Sources: the OCI image specification 1.1 (`config.md`, `manifest.md`, `image-index.md`,
//! `descriptor.md`, `image-layout.md`); Docker's `image.Image` and `container.Config`; the formats
//! that containers/image calls `Schema2Image` and `ManifestItem`.

use serde_json::Value;

use super::super::error::JsonError;
use super::Place;

/// The values that are allowed at a position in a document. `null` is allowed for every known key,
/// because Go treats it as if the key were missing.
#[derive(Debug)]
pub(in crate::image) enum Shape {
    Anything,
    Text,
    Flag,
    /// A whole number that fits into an `i64`, as Go reads sizes and durations.
    Number,
    List(&'static Shape),
    /// An object whose keys are data, such as labels.
    Map(&'static Shape),
    /// An object with known keys. Unknown keys are allowed too.
    Object(&'static Object),
}

#[derive(Debug)]
pub(in crate::image) struct Object {
    /// The name of the document with its article, for use in errors.
    name: &'static str,
    keys: &'static [(&'static str, Shape)],
    /// Keys that would make some readers treat it as another kind of document (CVE-2021-41190).
    foreign: &'static [&'static str],
}

impl Shape {
    pub(super) fn check(&self, value: &Value, place: &Place<'_>) -> Result<(), JsonError> {
        match (self, value) {
            (Self::Anything, _) | (Self::Text, Value::String(_)) | (Self::Flag, Value::Bool(_)) => {
                Ok(())
            }
            // Go decodes these fields into an `int64` and fails on fractions and larger numbers.
            (Self::Number, Value::Number(number)) if number.is_i64() => Ok(()),
            (Self::Number, Value::Number(_)) => Err(JsonError::Number {
                key: place.to_string(),
            }),
            (Self::List(shape), Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    shape.check(item, &Place::Index(place, index))?;
                }
                Ok(())
            }
            (Self::Map(shape), Value::Object(entries)) => {
                for (key, value) in entries {
                    shape.check(value, &Place::Key(place, key))?;
                }
                Ok(())
            }
            (Self::Object(object), Value::Object(entries)) => {
                for (key, value) in entries {
                    object.check(key, value, place)?;
                }
                Ok(())
            }
            _ => Err(JsonError::Type {
                key: place.to_string(),
                is: type_of(value),
                expected: self.name(),
            }),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Anything => "anything",
            Self::Text => "text",
            Self::Flag => "`true` or `false`",
            Self::Number => "a number",
            Self::List(_) => "a list",
            Self::Map(_) | Self::Object(_) => "an object",
        }
    }
}

impl Object {
    /// Checks one entry of the object at `parent`.
    fn check(&self, key: &str, value: &Value, parent: &Place<'_>) -> Result<(), JsonError> {
        let place = &Place::Key(parent, key);
        // Foreign keys are checked first: they are refused in upper and lower case, and even if
        // null.
        if self.foreign.iter().any(|foreign| folds_to(key, foreign)) {
            return Err(JsonError::Foreign {
                key: place.to_string(),
                document: self.name,
            });
        }
        // Newer specifications add keys, which readers ignore until they support them.
        let Some((known, shape)) = self.keys.iter().find(|(known, _)| folds_to(key, known)) else {
            return Ok(());
        };
        // Go would treat the key as the known one; readers that compare exactly would ignore it.
        if key != *known {
            return Err(JsonError::Case {
                key: place.to_string(),
                known,
            });
        }
        if value.is_null() {
            return Ok(());
        }
        shape.check(value, place)
    }
}

/// Whether Go treats a key as a known one. Apart from ASCII letters, it folds two other characters:
/// the long s and the Kelvin sign.
fn folds_to(key: &str, known: &str) -> bool {
    let folded = key.chars().map(|letter| match letter {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    });
    folded.eq(known.chars().map(|letter| letter.to_ascii_lowercase()))
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

const TEXTS: Shape = Shape::List(&Shape::Text);
const TEXT_MAP: Shape = Shape::Map(&Shape::Text);
/// Docker and OCI represent such sets as objects whose values are empty objects.
const SET: Shape = Shape::Map(&Shape::Anything);

pub(in crate::image) const ANYTHING: Shape = Shape::Anything;

/// The response of a token server.
#[cfg(feature = "registry")]
pub(in crate::image) const TOKEN: Shape = Shape::Object(&Object {
    name: "a token server response",
    keys: &[
        ("token", Shape::Text),
        ("access_token", Shape::Text),
        ("expires_in", Shape::Number),
        ("issued_at", Shape::Text),
        ("refresh_token", Shape::Text),
    ],
    foreign: &[],
});

/// `oci-layout`.
pub(in crate::image) const LAYOUT: Shape = Shape::Object(&Object {
    name: "an OCI layout",
    keys: &[("imageLayoutVersion", Shape::Text)],
    foreign: &[],
});

/// An image index or a Docker manifest list.
pub(in crate::image) const INDEX: Shape = Shape::Object(&Object {
    name: "an index",
    keys: &[
        ("schemaVersion", Shape::Number),
        ("mediaType", Shape::Text),
        ("artifactType", Shape::Text),
        ("manifests", Shape::List(&DESCRIPTOR)),
        ("subject", DESCRIPTOR),
        ("annotations", TEXT_MAP),
    ],
    foreign: &["config", "layers", "fsLayers", "history"],
});

/// An image manifest of OCI or Docker.
pub(in crate::image) const MANIFEST: Shape = Shape::Object(&Object {
    name: "a manifest",
    keys: &[
        ("schemaVersion", Shape::Number),
        ("mediaType", Shape::Text),
        ("artifactType", Shape::Text),
        ("config", DESCRIPTOR),
        ("layers", Shape::List(&DESCRIPTOR)),
        ("subject", DESCRIPTOR),
        ("annotations", TEXT_MAP),
    ],
    foreign: &["manifests", "fsLayers", "history"],
});

const DESCRIPTOR: Shape = Shape::Object(&Object {
    name: "a descriptor",
    keys: &[
        ("mediaType", Shape::Text),
        ("digest", Shape::Text),
        ("size", Shape::Number),
        ("urls", TEXTS),
        ("annotations", TEXT_MAP),
        ("data", Shape::Text),
        ("artifactType", Shape::Text),
        ("platform", PLATFORM),
    ],
    foreign: &[],
});

const PLATFORM: Shape = Shape::Object(&Object {
    name: "a platform",
    keys: &[
        ("architecture", Shape::Text),
        ("os", Shape::Text),
        ("os.version", Shape::Text),
        ("os.features", TEXTS),
        ("variant", Shape::Text),
        ("features", TEXTS),
    ],
    foreign: &[],
});

/// `manifest.json` of a docker archive.
pub(in crate::image) const DOCKER_ITEMS: Shape = Shape::List(&Shape::Object(&Object {
    name: "an image in a Docker archive",
    keys: &[
        ("Config", Shape::Text),
        ("RepoTags", TEXTS),
        ("Layers", TEXTS),
        ("Parent", Shape::Text),
        ("LayerSources", Shape::Map(&DESCRIPTOR)),
    ],
    foreign: &[],
}));

/// An image configuration of OCI or Docker.
pub(in crate::image) const IMAGE_CONFIG: Shape = Shape::Object(&Object {
    name: "an image configuration",
    keys: &[
        ("created", Shape::Text),
        ("author", Shape::Text),
        ("architecture", Shape::Text),
        ("variant", Shape::Text),
        ("os", Shape::Text),
        ("os.version", Shape::Text),
        ("os.features", TEXTS),
        ("config", SETTINGS),
        ("rootfs", ROOTFS),
        ("history", Shape::List(&HISTORY)),
        // Docker's alone.
        ("id", Shape::Text),
        ("parent", Shape::Text),
        ("comment", Shape::Text),
        ("container", Shape::Text),
        ("container_config", SETTINGS),
        ("docker_version", Shape::Text),
        ("Size", Shape::Number),
    ],
    foreign: &[],
});

const ROOTFS: Shape = Shape::Object(&Object {
    name: "a root file system",
    keys: &[("type", Shape::Text), ("diff_ids", TEXTS)],
    foreign: &[],
});

const HISTORY: Shape = Shape::Object(&Object {
    name: "a history entry",
    keys: &[
        ("created", Shape::Text),
        ("author", Shape::Text),
        ("created_by", Shape::Text),
        ("comment", Shape::Text),
        ("empty_layer", Shape::Flag),
    ],
    foreign: &[],
});

/// The `config` object of an image configuration.
const SETTINGS: Shape = Shape::Object(&Object {
    name: "settings",
    keys: &[
        ("User", Shape::Text),
        ("ExposedPorts", SET),
        ("Env", TEXTS),
        ("Entrypoint", TEXTS),
        ("Cmd", TEXTS),
        ("Volumes", SET),
        ("WorkingDir", Shape::Text),
        ("Labels", TEXT_MAP),
        ("StopSignal", Shape::Text),
        ("ArgsEscaped", Shape::Flag),
        // Docker's alone.
        ("Hostname", Shape::Text),
        ("Domainname", Shape::Text),
        ("AttachStdin", Shape::Flag),
        ("AttachStdout", Shape::Flag),
        ("AttachStderr", Shape::Flag),
        ("Tty", Shape::Flag),
        ("OpenStdin", Shape::Flag),
        ("StdinOnce", Shape::Flag),
        ("Healthcheck", HEALTHCHECK),
        ("Image", Shape::Text),
        ("NetworkDisabled", Shape::Flag),
        ("MacAddress", Shape::Text),
        ("OnBuild", TEXTS),
        ("StopTimeout", Shape::Number),
        ("Shell", TEXTS),
    ],
    foreign: &[],
});

const HEALTHCHECK: Shape = Shape::Object(&Object {
    name: "a health check",
    keys: &[
        ("Test", TEXTS),
        ("Interval", Shape::Number),
        ("Timeout", Shape::Number),
        ("StartPeriod", Shape::Number),
        ("StartInterval", Shape::Number),
        ("Retries", Shape::Number),
    ],
    foreign: &[],
});
