//! The JSON Schema of `.jettison.toml`, for editors.

use serde_json::{Value, json};

/// Draft 2020-12. It knows keys and shapes; which names are rules, `jettison lint` says.
pub fn schema() -> Value {
    let names = |description: &str| json!({"description": description, "type": "array", "items": {"type": "string"}, "uniqueItems": true});
    let texts = |description: &str| json!({"description": description, "type": "object", "additionalProperties": {"type": "string"}});
    let switch =
        |description: &str, default: bool| json!({"description": description, "type": "boolean", "default": default});
    let severities = ["error", "warning", "info", "style"];
    let label_kinds = ["text", "rawtext", "url", "semver", "hash", "rfc3339", "spdx", "email"];
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": ".jettison.toml",
        "description": "Configuration of jettison, found in the folder of a Dockerfile or above it",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "profile": {
                "description": "Which rules speak: those that a good Dockerfile passes, or all",
                "enum": ["default", "pedantic"],
                "default": "default",
            },
            "select": names("Only these rules, by name or by another tool's code; `all` for every rule"),
            "ignore": names("Rules to leave out, by name or by another tool's code"),
            "fail-on": {
                "description": "The mildest severity that makes a run fail",
                "enum": ["error", "warning", "info", "style", "none"],
                "default": "info",
            },
            "severity": {
                "description": "Severities by rule, in the place of the rules' own",
                "type": "object",
                "additionalProperties": {"enum": severities},
            },
            "build-args": texts("Values of build arguments, as `docker build --build-arg` gives them"),
            "target": {"description": "The stage that is built; by default the last", "type": "string"},
            "pragmas": switch("Whether comments in a file may silence findings", true),
            "format": {
                "description": "How findings are printed: the name of a format, or `NAME=FILE`, or a list of such",
                "type": ["string", "array"],
                "items": {"type": "string"},
                "default": "text",
            },
            "exclude": names("Patterns of files that are left out, as in `.gitignore`, from this file's folder"),
            "baseline": {"description": "A file of known findings, which do not fail", "type": "string"},
            "no-color": switch("Never print colours", false),
            "shellcheck": {
                "description": "Whether ShellCheck is asked when it is found, or the path of the one to ask",
                "type": ["boolean", "string"],
                "default": true,
            },
            "trusted-registries": names("Where images may come from; `*` may stand at the start or the end"),
            "label-schema": {
                "description": "Labels that images have, and what their values are",
                "type": "object",
                "additionalProperties": {"enum": label_kinds},
            },
            "max-base-age": {
                "description": "How many days old the lowest layer of an image may be",
                "type": "integer",
                "minimum": 0,
                "maximum": u32::MAX,
            },
            "strict-labels": switch("Whether labels that the schema does not have are wrong", false),
        },
    })
}
