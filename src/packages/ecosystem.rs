//! The ecosystems of packages. Each is described in the file that reads its packages, and listed
//! once, here.

use std::borrow::Cow;
use std::fmt;

use super::{Order, Scan};
use crate::image::{NameId, ReadError};

macro_rules! ecosystems {
    ($($name:ident => $description:path,)*) => {
        /// The order is that of lists of packages: those of distributions come first.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Ecosystem {
            $($name,)*
        }

        impl Ecosystem {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            pub(super) fn description(self) -> &'static Description {
                match self {
                    $(Self::$name => &$description,)*
                }
            }
        }
    };
}

ecosystems! {
    Deb => super::dpkg::ECOSYSTEM,
    Apk => super::apk::ECOSYSTEM,
    Rpm => super::rpm::ECOSYSTEM,
    Python => super::python::ECOSYSTEM,
    Npm => super::npm::ECOSYSTEM,
    Gem => super::gem::ECOSYSTEM,
    Go => super::binaries::GO,
    Cargo => super::binaries::CARGO,
    Maven => super::java::ECOSYSTEM,
    Software => super::software::ECOSYSTEM,
}

/// The properties of an ecosystem.
pub(super) struct Description {
    pub(super) read: Reader,
    /// The type in a package URL.
    pub(super) purl_type: &'static str,
    pub(super) purl_name: PurlName,
    pub(super) order: Order,
    /// The name in OSV's schema; none for distributions, each of which has its own.
    pub(super) osv: Option<&'static str>,
    /// The name by which records and packages are compared.
    pub(super) normal_name: for<'n> fn(&'n str) -> Cow<'n, str>,
    /// The version in the form of OSV's records, from the name and the version.
    pub(super) osv_version: fn(&str, &str) -> String,
}

impl Description {
    /// The defaults of an ecosystem.
    pub(super) const USUAL: Self = Self {
        read: Reader::WithOthers,
        purl_type: "generic",
        purl_name: PurlName::Whole,
        order: Order::Semver,
        osv: None,
        normal_name: |name| Cow::Borrowed(name),
        osv_version: |_, version| version.to_owned(),
    };
}

/// The function that adds the packages of an image.
pub(super) enum Reader {
    /// Reads a distribution's database, which has all of its packages.
    Database(fn(&mut Scan<'_>) -> Result<(), ReadError>),
    /// Called with every name in the image, for records next to the files of a package.
    Record(fn(&mut Scan<'_>, NameId) -> Result<(), ReadError>),
    /// Is called once for each file, for packages in its content: hard links have the same.
    Content(fn(&mut Scan<'_>, NameId) -> Result<(), ReadError>),
    /// The reader of another ecosystem finds these packages, too.
    WithOthers,
}

/// The namespace and the name in a package URL.
pub(super) enum PurlName {
    /// The namespace is the vendor: the distribution's ID, or this one if it is not known.
    OfVendor(&'static str),
    Whole,
    /// The namespace is the part before the last of these characters.
    SplitAt(char),
    Written(fn(&str) -> String),
}

impl Ecosystem {
    /// The type in a package URL.
    pub fn as_str(self) -> &'static str {
        self.description().purl_type
    }

    /// Returns true for a distribution's package manager, which records all packages in one
    /// database.
    pub fn is_distribution(self) -> bool {
        matches!(self.description().read, Reader::Database(_))
    }

    /// The order of its versions.
    pub fn order(self) -> Order {
        self.description().order
    }

    /// The name in OSV's schema; none for distributions, each of which has its own.
    pub fn osv(self) -> Option<&'static str> {
        self.description().osv
    }

    /// A name in the form in which different texts for the same package are equal.
    pub fn normal_name(self, name: &str) -> Cow<'_, str> {
        (self.description().normal_name)(name)
    }

    /// The version of a package in the form of OSV's records.
    pub fn osv_version(self, name: &str, version: &str) -> String {
        (self.description().osv_version)(name, version)
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
