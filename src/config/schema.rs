//! The JSON Schema of `.jettison.toml`, for editors.

use serde_json::{Value, json};

use crate::lint::Profile;
use crate::lint::image::Policy;

/// Draft 2020-12. It knows keys and shapes; which names are rules, `jettison lint` says.
pub fn schema() -> Value {
    let names = |description: &str| json!({"description": description, "type": "array", "items": {"type": "string"}, "uniqueItems": true});
    let texts = |description: &str| json!({"description": description, "type": "object", "additionalProperties": {"type": "string"}});
    let switch = |description: &str, default: bool| json!({"description": description, "type": "boolean", "default": default});
    let severities = ["error", "warning", "info", "style"];
    let label_kinds = [
        "text", "rawtext", "url", "semver", "hash", "rfc3339", "spdx", "email",
    ];
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": ".jettison.toml",
        "description": "Configuration of jettison, found in the folder of a Dockerfile or above it",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "profile": {
                "description": "The set of rules: `minimal` adds what an image should not contain, such as shells, `pedantic` everything else",
                "enum": Profile::ALL.map(Profile::as_str),
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
                "description": "How findings are printed: the name of a format or a list of them; `NAME=FILE` only in a file named with `--config`",
                "type": ["string", "array"],
                "items": {"type": "string"},
                "default": "text",
            },
            "exclude": names("Patterns of files that are left out, as in `.gitignore`, from this file's folder"),
            "baseline": {"description": "A file of known findings, which do not fail; below this file's directory, unless it is named with `--config`", "type": "string"},
            "no-color": switch("Never print colours", false),
            "shellcheck": {
                "description": "Whether ShellCheck is asked; a file named with `--config` may give the program to run",
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
            "policy": policy(),
        },
    })
}

/// The schema of `[policy]`.
fn policy() -> Value {
    let text = |description: &str| json!({"description": description, "type": "string"});
    let count =
        |description: &str| json!({"description": description, "type": "integer", "minimum": 0});
    let kinds: Vec<&str> = Policy::kinds().collect();
    let allow = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["reason"],
        "anyOf": [{"required": ["path"]}, {"required": ["package"]}, {"required": ["rule"]}],
        "properties": {
            "path": {"description": "A path of the image, or a glob over such", "type": "string", "pattern": "^/"},
            "package": text("The name of a package, or a glob over such; the files that are of it"),
            "rule": text("A rule for images, by name or by another tool's code"),
            "reason": {"description": "Why it is let pass", "type": "string", "pattern": "[^ ]"},
            "expires": text("The last day on which it is let pass: `2026-12-31`"),
        },
    });
    json!({
        "description": "What images have to keep; where they do not, `lint` and `slim` fail",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "max-size": {
                "description": "Bytes of all files of all layers: `120 MB`, `1 GiB`",
                "type": ["string", "integer"],
                "minimum": 0,
            },
            "max-packages": count("Packages that are installed"),
            "max-files": count("Regular files"),
            "forbid": {
                "description": "What must not be in an image: what is named here, or what a rule for images finds",
                "type": "array",
                "items": {"anyOf": [{"enum": kinds}, {"type": "string"}]},
                "uniqueItems": true,
            },
            "allow": {"description": "Exceptions, each with its reason", "type": "array", "items": allow},
        },
    })
}
