//! The part of the OSV schema that is used here.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error as _, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::export::ExportErrorReason;

/// The part of a record that determines whether the rest is parsed: most records are about packages
/// that are not in the image.
#[derive(Debug, Deserialize)]
pub(super) struct Glance<'a> {
    // Required, so that other JSON files are an error instead of an empty record.
    #[serde(rename = "id")]
    _id: IgnoredAny,
    /// The time at which the record was withdrawn.
    withdrawn: Option<IgnoredAny>,
    /// The names of the affected packages. Records about commits only have none.
    #[serde(
        borrow,
        default,
        rename = "affected",
        deserialize_with = "package_names"
    )]
    pub(super) packages: Vec<PackageName<'a>>,
}

#[derive(Debug, Deserialize)]
struct AffectedGlance<'a> {
    #[serde(borrow)]
    package: Option<PackageName<'a>>,
}

// Most names have no escapes and are borrowed from the file, which saves an allocation each.
#[derive(Debug, Deserialize)]
pub(super) struct PackageName<'a> {
    #[serde(borrow)]
    pub(super) ecosystem: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
}

impl Glance<'_> {
    pub(super) fn is_withdrawn(&self) -> bool {
        self.withdrawn.is_some()
    }
}

/// Reads the package of each entry that has one. Entries without a package take three bytes of a
/// record, and would take many times as much memory.
fn package_names<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<PackageName<'de>>, D::Error> {
    let mut names = Vec::new();
    deserializer.deserialize_seq(Elements::new(
        |affected: AffectedGlance<'de>| {
            names.extend(affected.package);
            Ok(())
        },
        &mut None,
    ))?;
    Ok(names)
}

/// A record. Nothing in it is copied, and its lists are only parsed when they are read.
#[derive(Debug, Deserialize)]
pub(super) struct Record<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    /// RFC 3339. Of two records with the same `id`, the later one counts.
    #[serde(borrow, default)]
    pub(super) modified: Cow<'a, str>,
    /// Other names, each a [`Text`].
    #[serde(borrow, default)]
    pub(super) aliases: List<'a>,
    /// The vulnerabilities that a distribution's bulletin is about, each a [`Text`].
    #[serde(borrow, default)]
    pub(super) upstream: List<'a>,
    #[serde(borrow, default)]
    pub(super) summary: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) details: Cow<'a, str>,
    /// Each is a [`Score`].
    #[serde(borrow, default)]
    pub(super) severity: List<'a>,
    /// Each is an [`Affected`].
    #[serde(borrow, default)]
    pub(super) affected: List<'a>,
    #[serde(borrow, default)]
    pub(super) database_specific: SeverityWords<'a>,
}

/// A list in a record, which is parsed each time it is read, one element at a time. As a vector, a
/// list of empty elements would take up to 80 times the memory of its text.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) struct List<'a>(#[serde(borrow)] Option<&'a RawValue>);

impl<'a> List<'a> {
    /// Passes the elements to a function, whose first failure ends the iteration.
    pub(super) fn each<T: Deserialize<'a>>(
        self,
        visit: impl FnMut(T) -> Result<(), ExportErrorReason>,
    ) -> Result<(), ExportErrorReason> {
        let Some(raw) = self.0 else {
            return Ok(());
        };
        let mut failure = None;
        let elements = Elements::new(visit, &mut failure);
        let parsed = serde_json::Deserializer::from_str(raw.get()).deserialize_seq(elements);
        match failure {
            Some(reason) => Err(reason),
            None => Ok(parsed?),
        }
    }
}

/// Passes the elements of a list to a function.
struct Elements<'f, T, F> {
    visit: F,
    /// The failure of the function, which an error of the deserializer cannot contain.
    failure: &'f mut Option<ExportErrorReason>,
    element: PhantomData<T>,
}

impl<'f, T, F> Elements<'f, T, F> {
    fn new(visit: F, failure: &'f mut Option<ExportErrorReason>) -> Self {
        Self {
            visit,
            failure,
            element: PhantomData,
        }
    }
}

impl<'de, T, F> Visitor<'de> for Elements<'_, T, F>
where
    T: Deserialize<'de>,
    F: FnMut(T) -> Result<(), ExportErrorReason>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(element) = list.next_element()? {
            if let Err(reason) = (self.visit)(element) {
                *self.failure = Some(reason);
                return Err(A::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

/// A text that is an element of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// The severity as a word, in the database-specific objects.
#[derive(Debug, Default, Deserialize)]
pub(super) struct SeverityWords<'a> {
    #[serde(borrow, default)]
    pub(super) severity: Word<'a>,
    /// The field of Debian's tracker.
    #[serde(borrow, default)]
    pub(super) urgency: Word<'a>,
}

/// A string; empty for any other value.
#[derive(Debug, Default)]
pub(super) struct Word<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Word<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The contents of these objects are database-specific, so `severity` may be a list or a
        // number, of any size.
        let value = <&RawValue>::deserialize(deserializer)?;
        Ok(match serde_json::from_str(value.get()) {
            Ok(Text(word)) => Self(word),
            Err(_) => Self::default(),
        })
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Score<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) score: Cow<'a, str>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Affected<'a> {
    #[serde(borrow)]
    pub(super) package: Option<PackageName<'a>>,
    /// Each is a [`Range`].
    #[serde(borrow, default)]
    pub(super) ranges: List<'a>,
    /// Each is a [`Text`].
    #[serde(borrow, default)]
    pub(super) versions: List<'a>,
    /// Each is a [`Score`].
    #[serde(borrow, default)]
    pub(super) severity: List<'a>,
    #[serde(borrow, default)]
    pub(super) ecosystem_specific: Option<SeverityWords<'a>>,
    #[serde(borrow, default)]
    pub(super) database_specific: Option<SeverityWords<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Range<'a> {
    #[serde(rename = "type")]
    pub(super) kind: RangeKind,
    /// Each is an [`Event`].
    #[serde(borrow, default)]
    pub(super) events: List<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum RangeKind {
    #[serde(rename = "SEMVER")]
    Semver,
    #[serde(rename = "ECOSYSTEM")]
    Ecosystem,
    /// Ranges of commits, and kinds that later versions of the schema may add. An image does not
    /// record the commit that a package was built from.
    #[serde(other)]
    Other,
}

/// An event in the history of a vulnerability; exactly one of these.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Event<'a> {
    /// `0` sorts before every version.
    #[serde(borrow)]
    Introduced(Cow<'a, str>),
    #[serde(borrow)]
    Fixed(Cow<'a, str>),
    #[serde(borrow)]
    LastAffected(Cow<'a, str>),
    /// `*` sorts after every version.
    #[serde(borrow)]
    Limit(Cow<'a, str>),
}
