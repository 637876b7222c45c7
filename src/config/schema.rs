//! The JSON Schema of `.jettison.toml`, for editors.

use serde_json::{Value, json};

use crate::lint::Profile;
use crate::lint::image::Policy;

/// Returns the schema, of draft 2020-12.
pub fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": ".jettison.toml",
        "description": "jettison configuration, for Dockerfiles in its directory and below",
        "type": "object",
        "additionalProperties": false,
        "properties": properties(),
    })
}

fn properties() -> Value {
    // Rule names are not listed, because there are thousands of aliases, and `jettison lint`
    // suggests the closest name for an unknown one.
    let severities = ["error", "warning", "info", "style"];
    let label_kinds = [
        "text", "rawtext", "url", "semver", "hash", "rfc3339", "spdx", "email",
    ];
    json!({
        "profile": {
            "description": "The set of rules: `minimal` adds rules about content that an image \
                should not have, such as shells; `pedantic` adds all others",
            "enum": Profile::ALL.map(Profile::as_str),
            "default": "default",
        },
        "select": names("Rules to check, by name or by another tool's code; `all` for all"),
        "ignore": names("Rules to ignore, by name or by another tool's code"),
        "fail-on": {
            "description": "The lowest severity that makes a run fail",
            "enum": ["error", "warning", "info", "style", "none"],
            "default": "info",
        },
        "severity": {
            "description": "Severities by rule, instead of the default ones",
            "type": "object",
            "additionalProperties": {"enum": severities},
        },
        "build-args": texts("Values of build arguments, as in `docker build --build-arg`"),
        "target": text("The stage to build; by default the last"),
        "pragmas": switch("Whether comments in a file may suppress findings", true),
        "format": {
            "description": "The output format, or a list of formats; `NAME=FILE` only in a file \
                passed with `--config`",
            "type": ["string", "array"],
            "items": {"type": "string"},
            "default": "text",
        },
        "exclude": names("Files to exclude: patterns like those of `.gitignore`, relative to \
            the directory of this file"),
        "baseline": text("A file of known findings, which are not reported; in or below the \
            directory of this file, unless this file is passed with `--config`"),
        "no-color": switch("Disable colors", false),
        "shellcheck": {
            "description": "Whether to run ShellCheck; a file passed with `--config` may also set \
                the program",
            "type": ["boolean", "string"],
            "default": true,
        },
        "trusted-registries": names("Registries that images may come from; `*` may be at the \
            start or the end"),
        "label-schema": {
            "description": "Labels that images must have, and the types of their values",
            "type": "object",
            "additionalProperties": {"enum": label_kinds},
        },
        "max-base-age": {
            "description": "The maximum age of an image's base, in days",
            "type": "integer",
            "minimum": 0,
            "maximum": u32::MAX,
        },
        "strict-labels": switch("Whether labels outside the schema are reported", false),
        "policy": policy(),
    })
}

/// Returns the schema of `[policy]`.
fn policy() -> Value {
    let kinds: Vec<&str> = Policy::kinds().collect();
    json!({
        "description": "Requirements on images; `lint` and `slim` fail on a violation",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "max-size": {
                "description": "Total size of all files of all layers: `120 MB`, `1 GiB`",
                "type": ["string", "integer"],
                "minimum": 0,
            },
            "max-packages": count("Number of installed packages"),
            "max-files": count("Number of regular files"),
            // The kinds are listed for completion. A rule name can be any string.
            "forbid": {
                "description": "Content that an image must not have: one of these kinds, or the \
                    findings of a rule for images",
                "type": "array",
                "items": {"anyOf": [{"enum": kinds}, {"type": "string"}]},
                "uniqueItems": true,
            },
            "allow": {
                "description": "Exceptions, each with its reason",
                "type": "array",
                "items": exception(),
            },
        },
    })
}

/// Returns the schema of `[[policy.allow]]`, including the requirements that the reader checks.
fn exception() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["reason"],
        "anyOf": [{"required": ["path"]}, {"required": ["package"]}, {"required": ["rule"]}],
        "properties": {
            "path": {
                "description": "A path of the image, or a glob",
                "type": "string",
                "pattern": "^/",
            },
            "package": text("The name of a package, or a glob; applies to its files"),
            "rule": text("A rule for images, by name or by another tool's code"),
            // At least one non-space character.
            "reason": {
                "description": "The reason for the exception",
                "type": "string",
                "pattern": "[^ ]",
            },
            "expires": text("The last day of the exception: `2026-12-31`"),
        },
    })
}

fn names(description: &str) -> Value {
    json!({
        "description": description,
        "type": "array",
        "items": {"type": "string"},
        "uniqueItems": true,
    })
}

fn texts(description: &str) -> Value {
    json!({
        "description": description,
        "type": "object",
        "additionalProperties": {"type": "string"},
    })
}

fn switch(description: &str, default: bool) -> Value {
    json!({"description": description, "type": "boolean", "default": default})
}

fn text(description: &str) -> Value {
    json!({"description": description, "type": "string"})
}

fn count(description: &str) -> Value {
    json!({"description": description, "type": "integer", "minimum": 0})
}
