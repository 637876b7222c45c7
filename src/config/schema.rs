//! The JSON Schema of `.jettison.toml`, for editors, and the tables that declare each key of the
//! file once: its name, the type that reads it and its schema.

use serde_json::{Map, Value, json};

use super::own::File;

/// Returns the schema, of draft 2020-12.
pub fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": ".jettison.toml",
        "description": "jettison configuration, for Dockerfiles in its directory and below",
        "type": "object",
        "additionalProperties": false,
        "properties": File::properties(),
    })
}

/// Declares the keys of a table as `key: Type => schema`. The key is the field with hyphens. Every
/// key may be missing. A misspelled key is an error: a setting that is ignored silently looks as if
/// it were in effect.
macro_rules! table {
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $name:ident {
            $($field:ident: $type:ty => $schema:expr,)*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Default, serde::Deserialize)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        $visibility struct $name {
            $($field: $type,)*
        }

        impl $name {
            /// The schema of each key.
            $visibility fn properties() -> serde_json::Map<String, serde_json::Value> {
                [$((stringify!($field), serde_json::Value::from($schema)),)*]
                    .map(|(field, schema)| (field.replace('_', "-"), schema))
                    .into_iter()
                    .collect()
            }
        }
    };
}

pub(super) use table;

/// A table whose keys are the properties.
pub(super) fn object(description: &str, properties: &Map<String, Value>) -> Value {
    json!({
        "description": description,
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    })
}

/// One of several words.
pub(super) fn word<const N: usize>(
    description: &str,
    words: [&'static str; N],
    default: &str,
) -> Value {
    json!({"description": description, "enum": words.to_vec(), "default": default})
}

/// A table with a word for each of its keys, which the user chooses.
pub(super) fn words<const N: usize>(description: &str, words: [&'static str; N]) -> Value {
    json!({
        "description": description,
        "type": "object",
        "additionalProperties": {"enum": words.to_vec()},
    })
}

pub(super) fn names(description: &str) -> Value {
    json!({
        "description": description,
        "type": "array",
        "items": {"type": "string"},
        "uniqueItems": true,
    })
}

pub(super) fn texts(description: &str) -> Value {
    json!({
        "description": description,
        "type": "object",
        "additionalProperties": {"type": "string"},
    })
}

pub(super) fn switch(description: &str, default: bool) -> Value {
    json!({"description": description, "type": "boolean", "default": default})
}

pub(super) fn text(description: &str) -> Value {
    json!({"description": description, "type": "string"})
}

pub(super) fn count(description: &str) -> Value {
    json!({"description": description, "type": "integer", "minimum": 0})
}
