//! The fields of a `package.json` that describe a package.
//!
//! Anything may follow them, and any of them may have a value of another type. A tree of all values
//! would take up to a hundred times the size of the text in memory, so everything else is skipped.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::packages::{MAX_FIELD, MAX_LICENSE, decode};

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
    license: License,
    licenses: License,
}

impl Manifest {
    /// The license: a string, an object with a `type`, or, in old packages, a list of these.
    pub(super) fn declared_license(&self) -> Option<String> {
        if let License::One(name) = &self.license {
            return Some(name.clone());
        }
        match &self.licenses {
            License::Any(names) if !names.is_empty() => Some(names.join(" OR ")),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Manifest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Lenient<'de> for Fields {
            type Value = Manifest;

            fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<Manifest, A::Error> {
                let mut manifest = Manifest::default();
                // The last one of equal keys counts, as in Node.js.
                while let Some(Text(key)) = map.next_key()? {
                    match key.as_deref() {
                        Some("name") => manifest.name = map.next_value::<Text>()?.0,
                        Some("version") => manifest.version = map.next_value::<Text>()?.0,
                        Some("license") => manifest.license = map.next_value()?,
                        Some("licenses") => manifest.licenses = map.next_value()?,
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(manifest)
            }
        }
        deserializer.deserialize_any(AnyValue(Fields))
    }
}

/// A string; `None` for any other value.
struct Text(Option<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Word;
        impl Lenient<'_> for Word {
            type Value = Option<String>;

            fn text(self, text: &str) -> Option<String> {
                Some(decode(text.as_bytes(), MAX_FIELD))
            }
        }
        deserializer.deserialize_any(AnyValue(Word)).map(Self)
    }
}

/// A license, or the alternatives of a list.
#[derive(Debug, Default, PartialEq, Eq)]
enum License {
    #[default]
    Unknown,
    One(String),
    Any(Vec<String>),
}

impl<'de> Deserialize<'de> for License {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;
        impl<'de> Lenient<'de> for Names {
            type Value = License;

            fn text(self, text: &str) -> License {
                License::One(decode(text.as_bytes(), MAX_LICENSE))
            }

            fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<License, A::Error> {
                let mut license = License::Unknown;
                while let Some(Text(key)) = map.next_key()? {
                    if key.as_deref() == Some("type") {
                        license = match map.next_value::<Text>()? {
                            Text(Some(name)) => License::One(name),
                            Text(None) => License::Unknown,
                        };
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(license)
            }

            fn seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<License, A::Error> {
                let (mut names, mut length) = (Vec::new(), 0);
                while let Some(license) = seq.next_element::<License>()? {
                    // A text that is too long is left out as a whole, so its end is not needed.
                    if let License::One(name) = license
                        && length <= MAX_LICENSE + " OR ".len()
                    {
                        length += name.len() + " OR ".len();
                        names.push(name);
                    }
                }
                Ok(License::Any(names))
            }
        }
        deserializer.deserialize_any(AnyValue(Names))
    }
}

/// Reads a value that may be of any type; the default value stands for other types.
trait Lenient<'de>: Sized {
    type Value: Default;

    fn text(self, _text: &str) -> Self::Value {
        Self::Value::default()
    }

    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::Value::default())
    }

    fn seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::Value::default())
    }
}

struct AnyValue<L>(L);

impl<'de, L: Lenient<'de>> Visitor<'de> for AnyValue<L> {
    type Value = L::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<L::Value, E> {
        Ok(self.0.text(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<L::Value, A::Error> {
        self.0.map(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<L::Value, A::Error> {
        self.0.seq(seq)
    }

    fn visit_bool<E>(self, _: bool) -> Result<L::Value, E> {
        Ok(L::Value::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<L::Value, E> {
        Ok(L::Value::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<L::Value, E> {
        Ok(L::Value::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<L::Value, E> {
        Ok(L::Value::default())
    }

    fn visit_unit<E>(self) -> Result<L::Value, E> {
        Ok(L::Value::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Manifest {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_license_is_a_string_or_an_object_or_a_list_of_these() {
        for (json, expected) in [
            (r#"{"license": "MIT"}"#, Some("MIT")),
            (r#"{"license": {"url": [], "type": "ISC"}}"#, Some("ISC")),
            (
                r#"{"licenses": ["MIT", {"type": "ISC"}, 1, {"type": 2}, []]}"#,
                Some("MIT OR ISC"),
            ),
            (r#"{"license": ["MIT"], "licenses": []}"#, None),
            (r#"{"license": null, "licenses": "MIT"}"#, None),
            ("{}", None),
        ] {
            assert_eq!(read(json).declared_license().as_deref(), expected, "{json}");
        }
    }

    #[test]
    fn values_of_other_types_are_no_names_and_the_last_of_equal_keys_counts() {
        for json in ["[]", "1", "-1", "1.5", "null", "true", r#""a""#, "[{}]"] {
            assert_eq!(read(json), Manifest::default(), "{json}");
        }
        let manifest =
            read(r#"{"version": "1", "name": {"a": [1]}, "version": "2", "x": "\u0041"}"#);
        assert_eq!(
            (manifest.name, manifest.version.as_deref()),
            (None, Some("2"))
        );
    }

    #[test]
    fn long_texts_are_cut_and_recognized_as_too_long() {
        let manifest = read(&format!(
            r#"{{"name": "{0}", "license": "{0}"}}"#,
            "x".repeat(1 << 20)
        ));
        assert_eq!(manifest.name.unwrap().len(), MAX_FIELD + 1);
        assert_eq!(manifest.license, License::One("x".repeat(MAX_LICENSE + 1)));
    }
}
