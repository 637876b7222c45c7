//! Strict JSON parsing: accepts only documents that all readers of images interpret in the same
//! way.
//!
//! Docker, containerd, Podman, skopeo and umoci use Go's `encoding/json`, which ignores the case of
//! known keys and merges repeated ones, so that the last one wins. A manifest with `layers` and
//! `LAYERS`, or a configuration with `User` and `user`, is therefore one image to a reader that
//! compares keys exactly and another to the program that runs it. Such a document is refused.

mod shape;

use std::cell::RefCell;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::error::JsonError;

#[cfg(feature = "registry")]
pub(super) use shape::TOKEN;
pub(super) use shape::{ANYTHING, DOCKER_ITEMS, IMAGE_CONFIG, INDEX, LAYOUT, MANIFEST, Shape};

/// Parses a document and checks it against its shape.
pub(super) fn parse(text: &[u8], shape: &Shape) -> Result<Value, JsonError> {
    let document = Document::default();
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    // `end` rejects anything but whitespace after the document, which Go's decoder would ignore.
    let parsed = Strict {
        document: &document,
        place: &Place::Root,
    }
    .deserialize(&mut deserializer)
    .and_then(|value| deserializer.end().map(|()| value));
    let value = parsed.map_err(|error| match document.problem.take() {
        // Our own check stopped the parser, so its error only repeats the text.
        Some(problem) => problem,
        None => JsonError::Syntax(error),
    })?;
    check(&value, shape)?;
    Ok(value)
}

/// Checks a document that was parsed against its shape.
pub(super) fn check(document: &Value, shape: &Shape) -> Result<(), JsonError> {
    shape.check(document, &Place::Root)
}

/// The problem found during parsing: `serde_json` only keeps the text of a custom error, not the
/// value.
#[derive(Default)]
struct Document {
    problem: RefCell<Option<JsonError>>,
}

impl Document {
    fn fail<E: de::Error>(&self, problem: JsonError) -> E {
        let error = E::custom(&problem);
        self.problem.replace(Some(problem));
        error
    }
}

/// The path from the root of a document to a value, as a list on the stack.
#[derive(Clone, Copy)]
enum Place<'a> {
    Root,
    Key(&'a Place<'a>, &'a str),
    Index(&'a Place<'a>, usize),
}

/// Maximum number of characters of a key that an error shows, because an attacker can choose any
/// length.
const SHOWN: usize = 100;

impl fmt::Display for Place<'_> {
    /// `config.Labels.a`, `manifests[0].digest`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Root => Ok(()),
            Self::Index(parent, index) => write!(f, "{parent}[{index}]"),
            Self::Key(parent, key) => {
                if !matches!(parent, Self::Root) {
                    write!(f, "{parent}.")?;
                }
                let shown: String = key.chars().take(SHOWN).collect();
                f.write_str(&crate::printable::escape(&shown))?;
                if shown.len() < key.len() {
                    f.write_str("…")?;
                }
                Ok(())
            }
        }
    }
}

/// Reads a value as `serde_json` would, but refuses documents that Go reads differently.
#[derive(Clone, Copy)]
struct Strict<'a> {
    document: &'a Document,
    place: &'a Place<'a>,
}

impl Strict<'_> {
    /// Rejects text with a NUL, at which only readers written in C would end it.
    fn checked<E: de::Error>(&self, text: &str) -> Result<(), E> {
        if text.contains('\0') {
            let key = self.place.to_string();
            return Err(self.document.fail(JsonError::Nul { key }));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        // JSON has neither infinity nor NaN, so the parser never produces them.
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        self.checked(value)?;
        Ok(value.into())
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
        self.checked(&value)?;
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let item = Strict {
                place: &Place::Index(self.place, list.len()),
                ..self
            };
            match items.next_element_seed(item)? {
                Some(value) => list.push(value),
                None => return Ok(list.into()),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let item = Strict {
                place: &Place::Key(self.place, &key),
                ..self
            };
            // The path includes the key itself, so that the error names it.
            item.checked(&key)?;
            // Keys arrive unescaped: `\u0075ser` is `user`, and is found to be the same key.
            if object.contains_key(&key) {
                let key = item.place.to_string();
                return Err(self.document.fail(JsonError::Repeated { key }));
            }
            let value = entries.next_value_seed(item)?;
            object.insert(key, value);
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str, shape: &Shape) -> String {
        parse(text.as_bytes(), shape).unwrap_err().to_string()
    }

    #[test]
    fn a_repeated_key_is_refused_at_any_depth_and_however_it_is_written() {
        for (text, expected) in [
            (r#"{"a": 1, "a": 1}"#, "key `a` is repeated"),
            (r#"{"user": 1, "\u0075ser": 1}"#, "key `user` is repeated"),
            (
                r#"[{"a": {"b": [0, {"c": 1, "c": 2}]}}]"#,
                "key `[0].a.b[1].c` is repeated",
            ),
            (r#"{"": 1, "": 1}"#, "key `` is repeated"),
        ] {
            assert_eq!(error(text, &ANYTHING), expected, "{text}");
        }
        assert!(parse(br#"[{"a": 1}, {"a": 1}]"#, &ANYTHING).is_ok());
    }

    #[test]
    fn a_key_in_an_error_is_shortened_and_escaped() {
        let key = format!("\\u001b[31m{}", "x".repeat(1000));
        let text = format!(r#"{{"{key}": 1, "{key}": 1}}"#);
        let error = error(&text, &ANYTHING);
        assert!(
            error.starts_with(r"key `\x1b[31mxxx") && error.len() < 200,
            "{error}"
        );
    }

    #[test]
    fn known_keys_in_another_spelling_are_refused() {
        for (text, key, known) in [
            (r#"{"config": {"user": "0"}}"#, "config.user", "User"),
            (r#"{"ROOTFS": {}}"#, "ROOTFS", "rootfs"),
            // The long s and the Kelvin sign, which Go also folds.
            (
                "{\"config\": {\"U\u{17f}er\": \"0\"}}",
                "config.Uſer",
                "User",
            ),
            (
                "{\"config\": {\"Healthchec\u{212a}\": null}}",
                "config.Healthchec\u{212a}",
                "Healthcheck",
            ),
            (
                r#"{"config": {"Healthcheck": {"test": []}}}"#,
                "config.Healthcheck.test",
                "Test",
            ),
            (
                r#"{"history": [{"Empty_Layer": true}]}"#,
                "history[0].Empty_Layer",
                "empty_layer",
            ),
        ] {
            let expected = format!("key `{key}` differs from `{known}` only in case");
            assert_eq!(error(text, &IMAGE_CONFIG), expected);
        }
        let text = br#"{"config": {"Labels": {"a": "1", "A": "2"}, "Unknown": {"user": 1}}}"#;
        assert!(parse(text, &IMAGE_CONFIG).is_ok());
    }

    #[test]
    fn a_document_that_mixes_manifest_and_index_keys_is_refused() {
        for key in ["manifests", "Manifests", "fsLayers", "history"] {
            let text = format!(r#"{{"schemaVersion": 2, "layers": [], "{key}": null}}"#);
            let expected = format!(
                "key `{key}` does not belong in a manifest: readers may disagree on the \
                 document type"
            );
            assert_eq!(error(&text, &MANIFEST), expected);
        }
        for key in ["layers", "config", "LAYERS", "fsLayers", "history"] {
            let text = format!(r#"{{"manifests": [], "{key}": []}}"#);
            let expected = format!(
                "key `{key}` does not belong in an index: readers may disagree on the document type"
            );
            assert_eq!(error(&text, &INDEX), expected);
        }
    }

    #[test]
    fn values_have_the_type_that_readers_expect() {
        for (text, expected) in [
            (r#"{"config": []}"#, "`config` is a list, not an object"),
            (
                r#"{"config": {"Cmd": "sh"}}"#,
                "`config.Cmd` is text, not a list",
            ),
            (
                r#"{"config": {"User": 0}}"#,
                "`config.User` is a number, not text",
            ),
            (
                r#"{"config": {"Entrypoint": [null, "sh"]}}"#,
                "`config.Entrypoint[0]` is null, not text",
            ),
            (
                r#"{"config": {"Labels": {"a": null}}}"#,
                "`config.Labels.a` is null, not text",
            ),
            (
                r#"{"config": {"Healthcheck": {"Interval": 1.5}}}"#,
                "`config.Healthcheck.Interval` is not a whole number or is out of range",
            ),
            (
                r#"{"history": [{"empty_layer": "false"}]}"#,
                "`history[0].empty_layer` is text, not `true` or `false`",
            ),
            (
                r#"{"history": [null]}"#,
                "`history[0]` is null, not an object",
            ),
            ("[]", "the document is a list, not an object"),
        ] {
            assert_eq!(error(text, &IMAGE_CONFIG), expected, "{text}");
        }
        let size = |size: &str| format!(r#"{{"layers": [{{"size": {size}}}]}}"#);
        for wrong in ["1.0", "1e3", "9223372036854775808", "1e400", "-0"] {
            assert!(parse(size(wrong).as_bytes(), &MANIFEST).is_err(), "{wrong}");
        }
        assert!(parse(size("9223372036854775807").as_bytes(), &MANIFEST).is_ok());
    }

    #[test]
    fn null_values_are_accepted_as_absent() {
        let text =
            br#"{"config": {"Cmd": null, "User": null, "Volumes": {"/d": null}}, "history": null}"#;
        assert!(parse(text, &IMAGE_CONFIG).is_ok());
    }

    #[test]
    fn text_that_readers_decode_differently_is_refused() {
        for text in [
            &br#"{"a": "\ud800"}"#[..],
            br#"{"a": "\udc00\ud800"}"#,
            b"{\"a\": \"\xff\"}",
            b"{\"a\xc0\xaf\": 1}",
            b"{} {}",
            b"{}\0",
            b"\xef\xbb\xbf{}",
            b"{\"a\": 1,}",
            b"{'a': 1}",
            b"{\"a\": NaN}",
            b"{/**/}",
            b"{\"a\": 01}",
            b"",
        ] {
            let error = parse(text, &ANYTHING).unwrap_err();
            let shown = text.escape_ascii();
            assert!(matches!(error, JsonError::Syntax(_)), "{shown}: {error}");
        }
        for text in [r#"{"a": "x\u0000y"}"#, r#"{"a": {"x\u0000": 1}}"#] {
            assert!(error(text, &ANYTHING).contains("contains a NUL"), "{text}");
        }
    }

    #[test]
    fn json_nesting_is_limited() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        assert!(error(&deep, &ANYTHING).contains("recursion limit exceeded"));
        assert!(parse(&b"[".repeat(1_000_000), &ANYTHING).is_err());
    }
}
