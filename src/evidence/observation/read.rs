//! Reading an observation.

use std::fmt;

use serde::de::{
    self, DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::path_text::decode;
use super::{Act, Observation, Subject, VERSION};

/// Bytes of a document. A record of the largest number of them has about a hundred.
const MAX_BYTES: usize = 256 << 20;

/// Bytes of a path in it: that of the kernel.
const MAX_PATH: usize = 4096;

/// The reason why a document cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ObservationError {
    #[error("it is larger than {} MiB", MAX_BYTES >> 20)]
    TooLarge,
    #[error("{0}")]
    Json(#[from] serde_json::Error),
}

/// Reads a document. Unknown keys, other versions and repeated paths are refused: they come from
/// another program or from an edit that went wrong.
pub fn read(text: &[u8]) -> Result<Observation, ObservationError> {
    if text.len() > MAX_BYTES {
        return Err(ObservationError::TooLarge);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let observation = deserializer.deserialize_map(Document)?;
    deserializer.end()?;
    Ok(observation)
}

/// The whole document. Paths are added while it is parsed, because a tree of JSON values would take
/// many times its bytes.
struct Document;

impl<'de> Visitor<'de> for Document {
    type Value = Observation;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an observation")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Observation, A::Error> {
        let mut observation = Observation::default();
        let mut seen = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if seen.contains(&key) {
                return Err(de::Error::custom(format_args!("repeated key `{key}`")));
            }
            // The version decides whether the rest can be understood.
            if seen.is_empty() && key != "version" {
                return Err(de::Error::custom("the first key is not `version`"));
            }
            match key.as_str() {
                "version" => check_version(map.next_value()?)?,
                "image" => observation.subjects = vec![map.next_value::<Image>()?.into()],
                "complete" => observation.is_incomplete = !map.next_value::<bool>()?,
                "paths" => map.next_value_seed(Paths(&mut observation))?,
                _ => return Err(de::Error::unknown_field(&key, &KEYS)),
            }
            seen.push(key);
        }
        for key in KEYS {
            if !seen.iter().any(|one| one == key) {
                return Err(de::Error::missing_field(key));
            }
        }
        Ok(observation)
    }
}

const KEYS: [&str; 4] = ["version", "image", "complete", "paths"];

fn check_version<E: de::Error>(version: u64) -> Result<(), E> {
    if version == VERSION {
        return Ok(());
    }
    Err(E::custom(format_args!(
        "version {version} of the format is unknown: expected {VERSION}"
    )))
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Image {
    name: String,
    chain_id: String,
}

impl From<Image> for Subject {
    fn from(image: Image) -> Self {
        Self {
            name: image.name,
            chain_id: image.chain_id,
        }
    }
}

/// The list of paths.
struct Paths<'a>(&'a mut Observation);

impl<'de> DeserializeSeed<'de> for Paths<'_> {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Paths<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of paths")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        while rows.next_element_seed(Row(self.0))?.is_some() {
            if self.0.is_incomplete && self.0.records >= super::MAX_RECORDS {
                // The rest is beyond the limit, and only its syntax is checked.
                while rows.next_element::<IgnoredAny>()?.is_some() {}
            }
        }
        Ok(())
    }
}

/// One path with the programs that touched it.
struct Row<'a>(&'a mut Observation);

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a path")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if map.next_key::<String>()?.as_deref() != Some("path") {
            return Err(de::Error::custom("the first key of a path is not `path`"));
        }
        let path = absolute_path(&map.next_value::<String>()?)?;
        if self.0.paths.contains_key(&path) {
            let path = path.escape_ascii();
            return Err(de::Error::custom(format_args!("`{path}` is repeated")));
        }
        let mut seen = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let Some(act) = Act::from_key(&key) else {
                return Err(de::Error::custom(format_args!("unknown key `{key}`")));
            };
            if seen.contains(&act) {
                return Err(de::Error::custom(format_args!("repeated key `{key}`")));
            }
            seen.push(act);
            for program in map.next_value::<Vec<String>>()? {
                let program = bounded_path(&program)?;
                self.0.add(&path, act, &program);
            }
        }
        Ok(())
    }
}

/// A path of the image.
fn absolute_path<E: de::Error>(text: &str) -> Result<Vec<u8>, E> {
    let path = bounded_path(text)?;
    if path.starts_with(b"/") {
        return Ok(path);
    }
    let shown = path.escape_ascii();
    Err(E::custom(format_args!("`{shown}` is not an absolute path")))
}

fn bounded_path<E: de::Error>(text: &str) -> Result<Vec<u8>, E> {
    match decode(text) {
        Some(path) if path.len() <= MAX_PATH && !path.contains(&0) => Ok(path),
        _ => Err(E::custom("a path is malformed or too long")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        read(text.as_bytes()).unwrap_err().to_string()
    }

    fn with_paths(paths: &str) -> String {
        format!(
            r#"{{"version":1,"image":{{"name":"a","chain_id":"sha256:1"}},"complete":true,"paths":[{paths}]}}"#
        )
    }

    #[test]
    fn a_document_is_read_as_it_was_written() {
        let mut observation = Observation::new(Subject {
            name: "nginx:1".to_owned(),
            chain_id: "sha256:00".to_owned(),
        });
        observation.add(b"/etc/nginx/nginx.conf", Act::Opened, b"/usr/sbin/nginx");
        observation.add(b"/etc/nginx", Act::Listed, b"/usr/sbin/nginx");
        observation.add(b"/a\xff\\", Act::Missing, b"/usr/bin/\xfe");
        observation.is_incomplete = true;
        let text = observation.to_json();
        assert_eq!(read(text.as_bytes()).unwrap(), observation);
    }

    #[test]
    fn an_empty_observation_is_a_document() {
        let empty = Observation::new(Subject::default());
        let text = empty.to_json();
        assert_eq!(read(text.as_bytes()).unwrap(), empty);
    }

    #[test]
    fn another_version_is_refused_before_anything_else_is_understood() {
        assert!(error(r#"{"version":2,"new":1}"#).starts_with("version 2"));
        assert!(error(r#"{"paths":[],"version":1}"#).contains("first key"));
    }

    #[test]
    fn unknown_repeated_and_missing_keys_are_refused() {
        assert!(error(r#"{"version":1,"more":1}"#).contains("unknown field `more`"));
        assert!(error(r#"{"version":1,"version":1}"#).contains("repeated key"));
        assert!(error(r#"{"version":1}"#).contains("missing field `image`"));
        assert!(error(&with_paths(r#"{"path":"/a","read":[]}"#)).contains("unknown key `read`"));
        let twice = r#"{"path":"/a","opened":[],"opened":[]}"#;
        assert!(error(&with_paths(twice)).contains("repeated key"));
        assert!(error(&with_paths(r#"{"opened":[],"path":"/a"}"#)).contains("first key"));
    }

    #[test]
    fn a_path_is_absolute_short_and_listed_once() {
        assert!(error(&with_paths(r#"{"path":"a"}"#)).contains("absolute"));
        assert!(error(&with_paths(r#"{"path":"/\\x41"}"#)).contains("malformed"));
        assert!(error(&with_paths("{\"path\":\"/\\u0000\"}")).contains("malformed"));
        let long = format!(r#"{{"path":"/{}"}}"#, "a".repeat(MAX_PATH));
        assert!(error(&with_paths(&long)).contains("too long"));
        let twice = r#"{"path":"/a","opened":["/b"]},{"path":"/a","opened":["/c"]}"#;
        assert!(error(&with_paths(twice)).contains("repeated"));
    }

    #[test]
    fn text_after_the_document_and_deep_nesting_are_refused() {
        assert!(error(&format!("{}1", with_paths(""))).contains("trailing"));
        let deep = "[".repeat(100_000);
        assert!(read(with_paths(&deep).as_bytes()).is_err());
        assert!(read(b"").is_err());
        assert!(read(b"[]").is_err());
    }
}
