//! Names of an image's packages in an export, and matching of distribution releases.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::packages::Order;
use crate::packages::{Distribution, Ecosystem, Package, Packages};

/// An ecosystem in the export that an image's packages belong to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope {
    /// Name in the schema, without the suffix after a colon.
    pub(super) name: &'static str,
    of: Ecosystem,
    names: NameKind,
    /// Returns true for a suffix that matches the distribution of the image.
    fits: fn(&str, &Distribution) -> bool,
}

/// The kind of package name that records use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NameKind {
    Own,
    Source,
    /// The name of the package or of its source, because some databases use both.
    Either,
}

/// Number of records in the export for an ecosystem of the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// `Debian:12`, `PyPI`.
    pub ecosystem: String,
    pub packages: usize,
    pub records: usize,
}

/// Packages that records treat as one, because they were built from the same source.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Subject<'a> {
    pub(super) name: &'a str,
    pub(super) version: Cow<'a, str>,
}

/// Packages that a name in a record may refer to.
#[derive(Debug)]
pub(super) struct Candidate<'a> {
    /// The row of the subject.
    pub(super) subject: usize,
    /// The version to compare: that of the source if the name is that of the source.
    pub(super) version: Cow<'a, str>,
    /// Rows of the packages.
    pub(super) packages: Vec<usize>,
    /// The bytes that a report needs to list the packages.
    pub(super) text: usize,
}

/// The packages of an image, by the names used in records.
#[derive(Debug)]
pub(super) struct Index<'a> {
    pub(super) scopes: Vec<(Scope, Names<'a>)>,
    pub(super) subjects: Vec<Subject<'a>>,
    pub(super) candidates: Vec<Candidate<'a>>,
    distribution: &'a Distribution,
}

/// The rows of the candidates, by normalized name.
pub(super) type Names<'a> = HashMap<Cow<'a, str>, Vec<usize>>;

/// A name and a version.
type Version<'a> = (&'a str, Cow<'a, str>);

/// The rows of what was added to the index. An image may have all of its packages under one name,
/// so that searching the candidates of a name would take quadratic time.
#[derive(Default)]
struct Known<'a> {
    subjects: HashMap<(Ecosystem, Version<'a>), usize>,
    /// By scope, normalized name, subject and version.
    candidates: HashMap<(usize, Cow<'a, str>, usize, Cow<'a, str>), usize>,
}

impl<'a> Index<'a> {
    pub(super) fn new(packages: &'a Packages) -> Self {
        let distribution = &packages.distribution;
        let scopes = of_distribution(distribution).into_iter().chain(languages());
        let mut index = Self {
            scopes: scopes.map(|scope| (scope, HashMap::new())).collect(),
            subjects: Vec::new(),
            candidates: Vec::new(),
            distribution,
        };
        let mut known = Known::default();
        for (row, package) in packages.list.iter().enumerate() {
            // No record can match a package without a version, such as a Go module that was built
            // from a working copy.
            if !package.version.is_empty() {
                index.add(&mut known, row, package);
            }
        }
        // A scope without packages would be reported as an ecosystem of the image.
        index.scopes.retain(|(_, names)| !names.is_empty());
        index
    }

    fn add(&mut self, known: &mut Known<'a>, row: usize, package: &'a Package) {
        let own = own(package);
        let source = source(package).unwrap_or_else(|| own.clone());
        let subject = *known
            .subjects
            .entry((package.ecosystem, source.clone()))
            .or_insert(self.subjects.len());
        if subject == self.subjects.len() {
            self.subjects.push(Subject {
                name: source.0,
                version: source.1.clone(),
            });
        }
        for (place, (scope, names)) in self.scopes.iter_mut().enumerate() {
            if scope.of != package.ecosystem {
                continue;
            }
            let mut wanted = match scope.names {
                NameKind::Own => vec![&own],
                NameKind::Source => vec![&source],
                NameKind::Either => vec![&own, &source],
            };
            // A package that has the name and version of its source must not count twice.
            wanted.dedup();
            for (name, version) in wanted {
                let name = scope.of.normal_name(name);
                let key = (place, name.clone(), subject, version.clone());
                let candidate = *known.candidates.entry(key).or_insert(self.candidates.len());
                if candidate == self.candidates.len() {
                    names.entry(name).or_default().push(candidate);
                    self.candidates.push(Candidate {
                        subject,
                        version: version.clone(),
                        packages: Vec::new(),
                        text: 0,
                    });
                }
                self.candidates[candidate].add(row, package);
            }
        }
    }

    /// Row of the scope for a record's ecosystem; `None` if the image has no such packages.
    pub(super) fn scope(&self, ecosystem: &str) -> Option<usize> {
        let (name, release) = ecosystem.split_once(':').unwrap_or((ecosystem, ""));
        // A record without a release applies to all releases.
        self.scopes.iter().position(|(scope, _)| {
            scope.name == name && (release.is_empty() || (scope.fits)(release, self.distribution))
        })
    }

    /// The rows of the candidates with a name.
    pub(super) fn candidates(&self, scope: usize, name: &str) -> &[usize] {
        let (scope, names) = &self.scopes[scope];
        names
            .get(scope.of.normal_name(name).as_ref())
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// Rows of the packages in a scope; a package with several names more than once.
    pub(super) fn packages(&self, scope: usize) -> impl Iterator<Item = usize> {
        let candidates = self.scopes[scope].1.values().flatten();
        candidates.flat_map(|&row| self.candidates[row].packages.iter().copied())
    }

    /// Title of a scope, with the release of the image.
    pub(super) fn title(&self, scope: usize) -> String {
        let (scope, _) = &self.scopes[scope];
        if scope.of.is_distribution() && !self.distribution.version_id.is_empty() {
            format!("{} {}", scope.name, self.distribution.version_id)
        } else {
            scope.name.to_owned()
        }
    }
}

impl Candidate<'_> {
    fn add(&mut self, row: usize, package: &Package) {
        self.packages.push(row);
        self.text += package.name.len() + package.purl.len() + size_of::<usize>();
    }
}

impl Scope {
    pub(super) fn order(&self) -> Order {
        self.of.order()
    }
}

/// Returns the name of a package, and its version in the form of records.
fn own(package: &Package) -> Version<'_> {
    let version = package
        .ecosystem
        .osv_version(&package.name, &package.version);
    if version == package.version {
        (&package.name, Cow::Borrowed(&package.version))
    } else {
        (&package.name, Cow::Owned(version))
    }
}

/// Returns the name and the version of a package's source, for packages of a distribution.
fn source(package: &Package) -> Option<Version<'_>> {
    if !package.ecosystem.is_distribution() {
        return None;
    }
    let (name, version) = package.source.as_ref()?;
    // The file name of a source RPM has no epoch, but records contain that of the packages.
    let epoch = package.version.split_once(':').map(|(epoch, _)| epoch);
    match epoch {
        Some(epoch) if package.ecosystem == Ecosystem::Rpm && !version.contains(':') => {
            Some((name, Cow::Owned(format!("{epoch}:{version}"))))
        }
        _ => Some((name, Cow::Borrowed(version))),
    }
}

/// The scopes of languages.
fn languages() -> impl Iterator<Item = Scope> {
    Ecosystem::ALL.iter().filter_map(|&of| {
        Some(Scope {
            name: of.osv()?,
            of,
            names: NameKind::Own,
            fits: |_, _| true,
        })
    })
}

/// Returns true for the image's release in the suffix of an ecosystem.
type Fits = fn(&str, &Distribution) -> bool;

/// Returns the scopes of a distribution, by the `ID` in its os-release. Most derivatives have their
/// own versions, so `ID_LIKE` would lead to wrong matches.
fn of_distribution(distribution: &Distribution) -> Vec<Scope> {
    match distribution.id.as_str() {
        "debian" => vec![deb("Debian", is_major)],
        "ubuntu" => vec![deb("Ubuntu", is_ubuntu)],
        "echo" => vec![deb("Echo", is_rolling)],
        // Alpine's records name the origins of packages, Wolfi's also subpackages.
        "alpine" => vec![apk("Alpine", NameKind::Source, is_branch)],
        "alpaquita" => vec![apk("Alpaquita", NameKind::Source, is_version)],
        "wolfi" => vec![apk("Wolfi", NameKind::Either, is_rolling)],
        // Chainguard's images also contain Wolfi packages.
        "chainguard" => vec![
            apk("Chainguard", NameKind::Either, is_rolling),
            apk("Wolfi", NameKind::Either, is_rolling),
        ],
        "minimos" => vec![apk("MinimOS", NameKind::Either, is_rolling)],
        "almalinux" => vec![rpm("AlmaLinux", is_major)],
        "rocky" => vec![rpm("Rocky Linux", is_major)],
        "rhel" => vec![rpm("Red Hat", is_red_hat)],
        "opensuse-leap" | "opensuse-tumbleweed" => vec![rpm("openSUSE", is_pretty_name)],
        "sles" | "sled" | "sles_sap" | "sle-micro" | "sl-micro" => vec![rpm("SUSE", is_suse)],
        "openEuler" => vec![rpm("openEuler", is_euler)],
        "mageia" => vec![rpm("Mageia", is_version)],
        "photon" => vec![rpm("Photon OS", is_version)],
        // The schema has no ecosystem for other distributions. Their packages are counted as
        // unknown.
        _ => Vec::new(),
    }
}

/// The trackers of Debian and Ubuntu use source packages.
fn deb(name: &'static str, fits: Fits) -> Scope {
    Scope {
        name,
        of: Ecosystem::Deb,
        names: NameKind::Source,
        fits,
    }
}

fn apk(name: &'static str, names: NameKind, fits: Fits) -> Scope {
    Scope {
        name,
        of: Ecosystem::Apk,
        names,
        fits,
    }
}

/// RPM vendors differ in whether their records name source or binary packages.
fn rpm(name: &'static str, fits: Fits) -> Scope {
    Scope {
        name,
        of: Ecosystem::Rpm,
        names: NameKind::Either,
        fits,
    }
}

/// Matches every release: a rolling distribution has only one.
fn is_rolling(_: &str, _: &Distribution) -> bool {
    true
}

/// Matches `12` or `9`, the first number of the version.
fn is_major(release: &str, distribution: &Distribution) -> bool {
    release
        == distribution
            .version_id
            .split('.')
            .next()
            .unwrap_or_default()
}

/// Matches `9` or `5.0`, the whole version.
fn is_version(release: &str, distribution: &Distribution) -> bool {
    release == distribution.version_id
}

/// Matches `v3.20` for version `3.20.1`.
fn is_branch(release: &str, distribution: &Distribution) -> bool {
    // A snapshot has a version such as `3.21_alpha20240807`.
    let mut numbers = distribution.version_id.split(['.', '_']);
    let branch = [numbers.next(), numbers.next()]
        .map(Option::unwrap_or_default)
        .join(".");
    release.strip_prefix('v') == Some(branch.as_str())
}

/// Matches `22.04:LTS`, `24.10` and `Pro:22.04:LTS`, whose records are about the same packages.
fn is_ubuntu(release: &str, distribution: &Distribution) -> bool {
    release
        .split(':')
        .any(|part| part == distribution.version_id)
        && release
            .split(':')
            .all(|part| part == distribution.version_id || matches!(part, "LTS" | "Pro"))
}

/// Matches `enterprise_linux:9::baseos`, the end of a CPE. Other products have other names.
fn is_red_hat(release: &str, distribution: &Distribution) -> bool {
    let mut parts = release.split(':');
    let (product, version) = (parts.next(), parts.next().unwrap_or_default());
    product == Some("enterprise_linux")
        && is_major(version.split('.').next().unwrap_or_default(), distribution)
}

/// Matches `Leap 15.6` for `openSUSE Leap 15.6`.
fn is_pretty_name(release: &str, distribution: &Distribution) -> bool {
    distribution.pretty_name.strip_prefix("openSUSE ") == Some(release)
}

/// Matches `Linux Enterprise Server 15 SP5`, and the modules that its packages come from.
fn is_suse(release: &str, distribution: &Distribution) -> bool {
    let (major, pack) = distribution
        .version_id
        .split_once('.')
        .unwrap_or((&distribution.version_id, ""));
    let service_pack = if pack.is_empty() {
        format!(" {major}")
    } else {
        format!(" {major} SP{pack}")
    };
    distribution.pretty_name.strip_prefix("SUSE ") == Some(release)
        || release.starts_with("Linux Enterprise Module for ") && release.ends_with(&service_pack)
}

/// Matches `22.03-LTS-SP3` for `openEuler 22.03 (LTS-SP3)`.
fn is_euler(release: &str, distribution: &Distribution) -> bool {
    let name = distribution
        .pretty_name
        .strip_prefix("openEuler ")
        .unwrap_or_default();
    release == name.replace(['(', ')'], "").replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(id: &str, version_id: &str, pretty_name: &str, ecosystem: &str) -> bool {
        let distribution = Distribution {
            id: id.into(),
            version_id: version_id.into(),
            pretty_name: pretty_name.into(),
        };
        let (name, release) = ecosystem.split_once(':').unwrap();
        of_distribution(&distribution)
            .iter()
            .any(|scope| scope.name == name && (scope.fits)(release, &distribution))
    }

    #[test]
    fn the_distribution_release_is_read_from_os_release() {
        let sles = ("sles", "15.5", "SUSE Linux Enterprise Server 15 SP5");
        let euler = ("openEuler", "22.03", "openEuler 22.03 (LTS-SP3)");
        let cases = [
            (("debian", "12", ""), "Debian:12", "Debian:11"),
            (
                ("ubuntu", "22.04", ""),
                "Ubuntu:22.04:LTS",
                "Ubuntu:20.04:LTS",
            ),
            (
                ("ubuntu", "22.04", ""),
                "Ubuntu:Pro:22.04:LTS",
                "Ubuntu:Pro:FIPS:22.04:LTS",
            ),
            (("ubuntu", "24.10", ""), "Ubuntu:24.10", "Ubuntu:24.04:LTS"),
            (("alpine", "3.20.1", ""), "Alpine:v3.20", "Alpine:v3.2"),
            (("almalinux", "9.4", ""), "AlmaLinux:9", "AlmaLinux:8"),
            (("rocky", "8.9", ""), "Rocky Linux:8", "Rocky Linux:9"),
            (
                ("rhel", "9.4", ""),
                "Red Hat:enterprise_linux:9::baseos",
                "Red Hat:rhel_eus:9.4::baseos",
            ),
            (
                ("rhel", "9.4", ""),
                "Red Hat:enterprise_linux:9::appstream",
                "Red Hat:enterprise_linux:8::baseos",
            ),
            (
                ("opensuse-leap", "15.6", "openSUSE Leap 15.6"),
                "openSUSE:Leap 15.6",
                "openSUSE:Leap 15.5",
            ),
            (
                ("opensuse-tumbleweed", "20260101", "openSUSE Tumbleweed"),
                "openSUSE:Tumbleweed",
                "openSUSE:Leap 15.5",
            ),
            (
                sles,
                "SUSE:Linux Enterprise Server 15 SP5",
                "SUSE:Linux Enterprise Server 15 SP4",
            ),
            (
                sles,
                "SUSE:Linux Enterprise Module for Basesystem 15 SP5",
                "SUSE:Linux Enterprise Live Patching 15 SP5",
            ),
            (euler, "openEuler:22.03-LTS-SP3", "openEuler:22.03-LTS-SP1"),
            (("mageia", "9", ""), "Mageia:9", "Mageia:8"),
            (("photon", "5.0", ""), "Photon OS:5.0", "Photon OS:4.0"),
        ];
        for ((id, version, name), own, other) in cases {
            assert!(fits(id, version, name, own), "{id} {version} is {own}");
            assert!(
                !fits(id, version, name, other),
                "{id} {version} is not {other}"
            );
        }
    }

    #[test]
    fn python_package_names_are_normalized() {
        for (name, normal) in [
            ("Zope.Interface__x", "zope-interface-x"),
            ("requests", "requests"),
            ("a--b", "a-b"),
        ] {
            assert_eq!(Ecosystem::Python.normal_name(name), normal);
        }
    }

    #[test]
    fn go_releases_become_semantic_versions() {
        for (release, version) in [
            ("1.22", "1.22.0"),
            ("1.22.3", "1.22.3"),
            ("1.21rc2", "1.21.0-rc.2"),
        ] {
            assert_eq!(Ecosystem::Go.osv_version("stdlib", release), version);
        }
        let custom = Ecosystem::Go.osv_version("stdlib", "1.22.1-custom");
        assert_eq!(custom, "1.22.1");
    }
}
