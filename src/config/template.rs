//! The `.jettison.toml` that `jettison init` writes: every key with a comment and an example that
//! is commented out, or with the value that hadolint's file has for it.

use std::path::Path;

use toml::{Table, Value};

use super::ConfigError;

/// Blocks that are separated by empty lines, in an order in which a key of the file may follow
/// another. A line of an example has no space after the `#`.
const TEMPLATE: &str = include_str!("template.toml");

const HEADING: &str = "\
# Configuration of jettison, a linter for Dockerfiles and container images.
# `jettison explain guide/configuration` describes all keys, and `jettison rules` lists the rules.
";

/// Returns the text of a new configuration file with the keys of `migrated`, which is the result of
/// [`migrate`](super::migrate) for the file at `path`.
pub fn template(migrated: Option<(&Path, &str)>) -> Result<String, ConfigError> {
    let mut out = HEADING.to_owned();
    let mut values = Table::new();
    if let Some((path, text)) = migrated {
        values = parsed(path, text)?;
        // Codes without a rule are comments in the migrated text.
        for comment in text.lines().take_while(|line| line.starts_with('#')) {
            out.push_str(comment);
            out.push('\n');
        }
    }
    for block in TEMPLATE.split("\n\n") {
        out.push('\n');
        let value = key(block).and_then(|key| values.remove_entry(key));
        if let Some((key, value)) = value {
            out.push_str(&set(block, key, value));
        } else {
            out.push_str(block.trim_end());
            out.push('\n');
        }
    }
    debug_assert!(values.is_empty(), "the template has all keys");
    Ok(out)
}

fn parsed(path: &Path, text: &str) -> Result<Table, ConfigError> {
    text.parse()
        .map_err(|error: toml::de::Error| ConfigError::Whole {
            path: path.to_owned(),
            reason: error.message().to_owned(),
        })
}

/// The key or the table of a block's example.
fn key(block: &str) -> Option<&str> {
    let example = block.lines().find(|line| is_example(line))?;
    let name = example.trim_start_matches(['#', '[']);
    name.split([' ', ']']).next()
}

/// The block with a value instead of its example.
fn set(block: &str, key: String, value: Value) -> String {
    let mut out = String::new();
    for comment in block.lines().filter(|line| !is_example(line)) {
        out.push_str(comment);
        out.push('\n');
    }
    out.push_str(&Table::from_iter([(key, value)]).to_string());
    out
}

fn is_example(line: &str) -> bool {
    line.starts_with('#') && !line.starts_with("# ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::{Config, migrate, parse, schema};
    use super::*;
    use crate::lint::Severity;
    use crate::rules::registry;

    /// The template with all of its examples in effect.
    fn uncommented(text: &str) -> String {
        let mut out = String::new();
        for line in text.lines() {
            let line = match line.strip_prefix('#') {
                Some(code) if is_example(line) => code,
                _ => line,
            };
            out.push_str(line);
            out.push('\n');
        }
        out
    }

    fn read(text: &str) -> Config {
        parse(Path::new(".jettison.toml"), text, registry())
            .unwrap_or_else(|error| panic!("{error}:\n{text}"))
    }

    #[test]
    fn the_template_alone_has_no_effect() {
        let text = template(None).expect("there is nothing to migrate");
        assert_eq!(read(&text), read(""));
    }

    #[test]
    fn every_key_has_an_example_that_is_valid() {
        let text = uncommented(&template(None).expect("there is nothing to migrate"));
        read(&text);
        let examples: Table = text.parse().expect("it is TOML");
        let examples: BTreeSet<&str> = examples.keys().map(String::as_str).collect();
        let schema = schema();
        let keys = schema["properties"].as_object().expect("it has keys");
        let keys: BTreeSet<&str> = keys.keys().map(String::as_str).collect();
        assert_eq!(examples, keys);
    }

    #[test]
    fn values_of_hadolint_replace_the_examples() {
        let theirs = "ignored: [DL3008, DL9999]\nfailure-threshold: warning\n\
            trustedRegistries: [docker.io]\nlabel-schema: {author: email}\n\
            override: {error: [DL3002]}\nstrict-labels: true\ndisable-ignore-pragma: true\n";
        let path = Path::new(".hadolint.yaml");
        let migrated = migrate(path, theirs, registry()).expect("it is valid");
        let text = template(Some((path, &migrated))).expect("it is valid");
        assert!(text.contains("DL9999 is ignored"), "{text}");
        let (ours, direct) = (read(&text), read(&migrated));
        assert_eq!(ours.settings.label_schema, direct.settings.label_schema);
        assert_eq!(
            ours.settings.trusted_registries,
            direct.settings.trusted_registries
        );
        assert_eq!(ours.fail_on, direct.fail_on);
        assert!(!ours.settings.pragmas && ours.settings.strict_labels);
        let severities = [Severity::Error];
        assert!(text.contains(severities[0].as_str()), "{text}");
        // The other examples still work.
        read(&uncommented(&text));
    }
}
