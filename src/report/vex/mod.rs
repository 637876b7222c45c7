//! VEX documents about slimming: for each known vulnerability of the original image, whether the
//! slimmed image is still affected.

mod cyclonedx;
mod openvex;
mod remains;

use std::collections::{BTreeSet, HashMap};

use crate::advisories::{KnownVulnerabilities, Vulnerability};
use crate::image::Tree;
use crate::packages::{Package, Packages};
use crate::slim::Plan;

pub use cyclonedx::cyclonedx_vex;
pub use openvex::openvex;

use remains::{Remainder, Remains};

/// Statements about the vulnerabilities of an image.
#[derive(Debug)]
pub struct Vex<'a> {
    /// The slimmed image: a purl, with its digest if it is known.
    pub image: String,
    pub time: jiff::Timestamp,
    /// Sorted by vulnerability, package and status.
    pub statements: Vec<Statement<'a>>,
}

/// A statement about a vulnerability in packages that were built from the same source.
#[derive(Debug)]
pub struct Statement<'a> {
    pub vulnerability: &'a Vulnerability,
    pub packages: Vec<&'a Package>,
    pub status: Status,
    /// A sentence about the remaining files of the packages.
    pub detail: String,
}

impl Statement<'_> {
    /// The sorted purls of the packages. If the same version is installed twice, its purl is only
    /// listed once.
    fn purls(&self) -> Vec<&str> {
        let packages = self.packages.iter();
        let mut purls: Vec<&str> = packages.map(|package| package.purl.as_str()).collect();
        purls.dedup();
        purls
    }
}

/// Effect of slimming on a vulnerability. Code that remains counts as affected, even if the program
/// never runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// All files of the package that could be vulnerable remain.
    Affected,
    /// Some of them remain, and advisories do not specify which file is vulnerable; or the files of
    /// the package are unknown.
    Unclear,
    /// Only files without code, such as documentation, remain.
    NoCode,
    /// No file remains.
    Removed,
}

impl Status {
    /// Whether slimming removed the vulnerability.
    pub fn is_over(self) -> bool {
        matches!(self, Self::NoCode | Self::Removed)
    }
}

/// A statement for each vulnerability and each status that its packages have.
pub fn statements<'a>(
    tree: &Tree,
    packages: &'a Packages,
    known: &'a KnownVulnerabilities,
    plan: &Plan,
) -> Vec<Statement<'a>> {
    // A package may have many vulnerabilities, and many files.
    let remains = Remains::new(tree, plan);
    let mut remainders: HashMap<usize, Remainder> = HashMap::new();
    let mut statements = Vec::new();
    for vulnerability in &known.list {
        for &row in &vulnerability.packages {
            remainders
                .entry(row)
                .or_insert_with(|| remains.of(&packages.list[row]));
        }
        // A source such as openssl is built into several packages, whose status may differ.
        for status in [
            Status::Affected,
            Status::Unclear,
            Status::NoCode,
            Status::Removed,
        ] {
            let (mut of_status, mut details) = (Vec::new(), Vec::new());
            for row in &vulnerability.packages {
                let (package, remainder) = (&packages.list[*row], &remainders[row]);
                if remainder.status == status {
                    of_status.push(package);
                    details.push(remainder.describe(tree, package));
                }
            }
            if !of_status.is_empty() {
                statements.push(Statement {
                    vulnerability,
                    packages: of_status,
                    status,
                    detail: details.join("; "),
                });
            }
        }
    }
    statements
}

/// The number of vulnerabilities before and after, and of remaining ones that are unclear in all
/// their packages.
pub fn counts(statements: &[Statement<'_>]) -> (usize, usize, usize) {
    // A vulnerability may have several statements, so identifiers are counted.
    let (mut all, mut after, mut affected) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for statement in statements {
        let id = statement.vulnerability.id.as_str();
        all.insert(id);
        if !statement.status.is_over() {
            after.insert(id);
        }
        if statement.status == Status::Affected {
            affected.insert(id);
        }
    }
    (all.len(), after.len(), after.difference(&affected).count())
}

/// The recommended action for a remaining vulnerability.
fn action(vulnerability: &Vulnerability) -> String {
    match &vulnerability.fixed {
        Some(fixed) => format!(
            "update {} from {} to {fixed}",
            vulnerability.package, vulnerability.version
        ),
        None => format!("no fixed version of {} is known", vulnerability.package),
    }
}
