//! What the packages of an image are called in an export, and which releases of a distribution are
//! the image's.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::packages::Order;
use crate::packages::{Distribution, Ecosystem, Package, Packages};

/// An ecosystem of the export that packages of an image are in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope {
    /// As the schema writes it, without what follows a colon.
    pub(super) name: &'static str,
    pub(super) order: Order,
    of: Ecosystem,
    names: Names,
    /// Whether what follows the colon is the distribution of the image.
    fits: fn(&str, &Distribution) -> bool,
}

/// Which name of a package records use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    Own,
    Source,
    /// Its own or that of its source, as databases differ, and some have both.
    Either,
}

/// What the export has of the ecosystems of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// `Debian:12`, `PyPI`.
    pub ecosystem: String,
    pub packages: usize,
    pub records: usize,
}

/// Packages of one name and version that records speak of together: all that was built from one
/// source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) name: String,
    pub(super) version: String,
}

/// Packages of which a record may speak under one name.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// The row of the subject.
    pub(super) subject: usize,
    /// The version that is compared: of the source, where the name is.
    pub(super) version: String,
    /// Rows of the packages.
    pub(super) packages: Vec<usize>,
}

/// The packages of an image under the names that records have for them.
#[derive(Debug)]
pub(super) struct Index<'a> {
    pub(super) scopes: Vec<(Scope, HashMap<String, Vec<Candidate>>)>,
    pub(super) subjects: Vec<Subject>,
    distribution: &'a Distribution,
}

impl<'a> Index<'a> {
    pub(super) fn new(packages: &'a Packages) -> Self {
        let distribution = &packages.distribution;
        let scopes = of_distribution(distribution).into_iter().chain(LANGUAGES);
        let mut index = Self {
            scopes: scopes.map(|scope| (scope, HashMap::new())).collect(),
            subjects: Vec::new(),
            distribution,
        };
        let mut known: HashMap<(Ecosystem, String, String), usize> = HashMap::new();
        for (row, package) in packages
            .list
            .iter()
            .enumerate()
            .filter(|(_, package)| !package.version.is_empty())
        {
            let own = (package.name.clone(), own_version(package));
            let source = source(package).unwrap_or_else(|| own.clone());
            let subjects = &mut index.subjects;
            let subject = *known
                .entry((package.ecosystem, source.0.clone(), source.1.clone()))
                .or_insert_with(|| {
                    subjects.push(Subject {
                        name: source.0.clone(),
                        version: source.1.clone(),
                    });
                    subjects.len() - 1
                });
            for (scope, names) in index
                .scopes
                .iter_mut()
                .filter(|(scope, _)| scope.of == package.ecosystem)
            {
                let mut wanted = match scope.names {
                    Names::Own => vec![&own],
                    Names::Source => vec![&source],
                    Names::Either => vec![&own, &source],
                };
                wanted.dedup();
                for (name, version) in wanted {
                    let candidates = names.entry(scope.normal(name).into_owned()).or_default();
                    let same =
                        |one: &&mut Candidate| one.subject == subject && one.version == *version;
                    match candidates.iter_mut().find(same) {
                        Some(candidate) => candidate.packages.push(row),
                        None => candidates.push(Candidate {
                            subject,
                            version: version.clone(),
                            packages: vec![row],
                        }),
                    }
                }
            }
        }
        index.scopes.retain(|(_, names)| !names.is_empty());
        index
    }

    /// The row of the scope that a record's ecosystem is, where it is one of the image.
    pub(super) fn scope(&self, ecosystem: &str) -> Option<usize> {
        let (name, release) = ecosystem.split_once(':').unwrap_or((ecosystem, ""));
        self.scopes.iter().position(|(scope, _)| {
            scope.name == name && (release.is_empty() || (scope.fits)(release, self.distribution))
        })
    }

    pub(super) fn candidates(&self, scope: usize, name: &str) -> &[Candidate] {
        let (scope, names) = &self.scopes[scope];
        names
            .get(scope.normal(name).as_ref())
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// What the ecosystem of a scope is called, with the release of the image.
    pub(super) fn called(&self, scope: usize) -> String {
        let (scope, _) = &self.scopes[scope];
        if scope.of.is_distribution() && !self.distribution.version_id.is_empty() {
            format!("{} {}", scope.name, self.distribution.version_id)
        } else {
            scope.name.to_owned()
        }
    }
}

impl Scope {
    fn normal<'n>(&self, name: &'n str) -> Cow<'n, str> {
        match self.of {
            Ecosystem::Python => normal_python(name),
            _ => Cow::Borrowed(name),
        }
    }
}

/// Runs of `-`, `_` and `.` are one hyphen, and letters are small: PEP 503.
fn normal_python(name: &str) -> Cow<'_, str> {
    let is_normal = |(at, byte): (usize, u8)| match byte {
        b'-' => !name.as_bytes()[..at].ends_with(b"-"),
        b'_' | b'.' => false,
        byte => !byte.is_ascii_uppercase(),
    };
    if name.bytes().enumerate().all(is_normal) {
        return Cow::Borrowed(name);
    }
    let mut normal = String::new();
    for letter in name.chars() {
        match letter {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            letter => normal.push(letter.to_ascii_lowercase()),
        }
    }
    Cow::Owned(normal)
}

/// The version as records write it.
fn own_version(package: &Package) -> String {
    match package.ecosystem {
        Ecosystem::Go if package.name == "stdlib" => go_release(&package.version),
        Ecosystem::Go => package.version.trim_start_matches('v').to_owned(),
        _ => package.version.clone(),
    }
}

/// `1.22rc1` is `1.22.0-rc.1`.
fn go_release(version: &str) -> String {
    let end = version
        .find(|letter: char| letter != '.' && !letter.is_ascii_digit())
        .unwrap_or(version.len());
    let (numbers, rest) = version.split_at(end);
    let numbers = if numbers.matches('.').count() == 1 {
        format!("{numbers}.0")
    } else {
        numbers.to_owned()
    };
    let digits = rest
        .find(|letter: char| letter.is_ascii_digit())
        .unwrap_or(rest.len());
    match rest.split_at(digits) {
        (word @ ("rc" | "beta"), number) => format!("{numbers}-{word}.{number}"),
        _ => numbers,
    }
}

/// The source of a package of a distribution. rpm's has no epoch of its own: it is that of what was
/// built.
fn source(package: &Package) -> Option<(String, String)> {
    if !package.ecosystem.is_distribution() {
        return None;
    }
    let (name, version) = package.source.clone()?;
    let epoch = package.version.split_once(':').map(|(epoch, _)| epoch);
    match epoch {
        Some(epoch) if package.ecosystem == Ecosystem::Rpm && !version.contains(':') => {
            Some((name, format!("{epoch}:{version}")))
        }
        _ => Some((name, version)),
    }
}

const LANGUAGES: [Scope; 6] = [
    language("PyPI", Ecosystem::Python, Order::Python),
    language("npm", Ecosystem::Npm, Order::Semver),
    language("Go", Ecosystem::Go, Order::Semver),
    language("crates.io", Ecosystem::Cargo, Order::Semver),
    language("RubyGems", Ecosystem::Gem, Order::Ruby),
    // What follows the colon is a repository, which an archive does not tell.
    language("Maven", Ecosystem::Maven, Order::Maven),
];

const fn language(name: &'static str, of: Ecosystem, order: Order) -> Scope {
    Scope {
        name,
        order,
        of,
        names: Names::Own,
        fits: |_, _| true,
    }
}

fn of_distribution(distribution: &Distribution) -> Vec<Scope> {
    let deb = |name, fits| {
        vec![scope(
            name,
            Ecosystem::Deb,
            Order::Debian,
            Names::Source,
            fits,
        )]
    };
    let apk = |name, names, fits| scope(name, Ecosystem::Apk, Order::Alpine, names, fits);
    let rpm = |name, fits| vec![scope(name, Ecosystem::Rpm, Order::Rpm, Names::Either, fits)];
    match distribution.id.as_str() {
        "debian" => deb("Debian", is_major),
        "ubuntu" => deb("Ubuntu", is_ubuntu),
        "echo" => deb("Echo", |_, _| true),
        "alpine" => vec![apk("Alpine", Names::Source, is_branch)],
        "alpaquita" => vec![apk("Alpaquita", Names::Source, is_version)],
        "wolfi" => vec![apk("Wolfi", Names::Either, |_, _| true)],
        "chainguard" => ["Chainguard", "Wolfi"]
            .map(|name| apk(name, Names::Either, |_, _| true))
            .into(),
        "minimos" => vec![apk("MinimOS", Names::Either, |_, _| true)],
        "almalinux" => rpm("AlmaLinux", is_major),
        "rocky" => rpm("Rocky Linux", is_major),
        "rhel" => rpm("Red Hat", is_red_hat),
        "opensuse-leap" | "opensuse-tumbleweed" => rpm("openSUSE", is_pretty_name),
        "sles" | "sled" | "sles_sap" | "sle-micro" | "sl-micro" => rpm("SUSE", is_suse),
        "openEuler" => rpm("openEuler", is_euler),
        "mageia" => rpm("Mageia", is_version),
        "photon" => rpm("Photon OS", is_version),
        _ => Vec::new(),
    }
}

fn scope(
    name: &'static str,
    of: Ecosystem,
    order: Order,
    names: Names,
    fits: fn(&str, &Distribution) -> bool,
) -> Scope {
    Scope {
        name,
        order,
        of,
        names,
        fits,
    }
}

/// `12`, `9`.
fn is_major(release: &str, distribution: &Distribution) -> bool {
    release
        == distribution
            .version_id
            .split('.')
            .next()
            .unwrap_or_default()
}

/// `9`, `5.0`.
fn is_version(release: &str, distribution: &Distribution) -> bool {
    release == distribution.version_id
}

/// `v3.20` of `3.20.1`.
fn is_branch(release: &str, distribution: &Distribution) -> bool {
    let mut numbers = distribution.version_id.split(['.', '_']);
    let branch = [numbers.next(), numbers.next()]
        .map(Option::unwrap_or_default)
        .join(".");
    release.strip_prefix('v') == Some(branch.as_str())
}

/// `22.04:LTS`, `24.10`, and the fixes that Pro brings to the same packages, `Pro:22.04:LTS`.
fn is_ubuntu(release: &str, distribution: &Distribution) -> bool {
    release
        .split(':')
        .any(|part| part == distribution.version_id)
        && release
            .split(':')
            .all(|part| part == distribution.version_id || matches!(part, "LTS" | "Pro"))
}

/// `enterprise_linux:9::baseos`: what was built for the release, and not for another product.
fn is_red_hat(release: &str, distribution: &Distribution) -> bool {
    let mut parts = release.split(':');
    let (product, version) = (parts.next(), parts.next().unwrap_or_default());
    product == Some("enterprise_linux")
        && is_major(version.split('.').next().unwrap_or_default(), distribution)
}

/// `Leap 15.6` of `openSUSE Leap 15.6`.
fn is_pretty_name(release: &str, distribution: &Distribution) -> bool {
    distribution.pretty_name.strip_prefix("openSUSE ") == Some(release)
}

/// `Linux Enterprise Server 15 SP5`, and the modules of which it is made.
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

/// `22.03-LTS-SP3` of `openEuler 22.03 (LTS-SP3)`.
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
    fn releases_are_told_from_os_release() {
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
    fn names_of_python_are_normal() {
        for (name, normal) in [
            ("Zope.Interface__x", "zope-interface-x"),
            ("requests", "requests"),
            ("a--b", "a-b"),
        ] {
            assert_eq!(normal_python(name), normal);
        }
    }

    #[test]
    fn releases_of_go_are_semantic_versions() {
        for (release, version) in [
            ("1.22", "1.22.0"),
            ("1.22.3", "1.22.3"),
            ("1.21rc2", "1.21.0-rc.2"),
        ] {
            assert_eq!(go_release(release), version);
        }
        assert_eq!(go_release("1.22.1-custom"), "1.22.1");
    }
}
