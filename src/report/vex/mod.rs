//! What slimming does about known vulnerabilities: for each of the original image whether it is
//! still there.

mod cyclonedx;
mod openvex;
mod remains;

use std::collections::BTreeSet;

use crate::advisories::{KnownVulnerabilities, Vulnerability};
use crate::image::Tree;
use crate::packages::{Package, Packages};
use crate::slim::Plan;

pub use cyclonedx::cyclonedx_vex;
pub use openvex::openvex;

use remains::Remains;

/// What is said of the vulnerabilities of an image.
#[derive(Debug)]
pub struct Vex<'a> {
    /// The slimmed image: a purl, with its digest where it is known.
    pub image: String,
    pub time: jiff::Timestamp,
    /// By vulnerability, package and status.
    pub statements: Vec<Statement<'a>>,
}

/// What is said of a vulnerability in some packages of one source.
#[derive(Debug)]
pub struct Statement<'a> {
    pub vulnerability: &'a Vulnerability,
    pub packages: Vec<&'a Package>,
    pub status: Status,
    /// What of the packages remains, as a sentence.
    pub detail: String,
}

/// What slimming did; nothing is claimed of what is merely not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// All of the package that could be vulnerable remains.
    Affected,
    /// A part of it remains, and no record says which part is vulnerable; or nothing tells what its
    /// files are.
    Unclear,
    /// What remains is documentation and the like.
    NoCode,
    /// Nothing of it remains.
    Removed,
}

impl Status {
    /// Whether the vulnerability is gone.
    pub fn is_over(self) -> bool {
        matches!(self, Self::NoCode | Self::Removed)
    }
}

/// Makes a statement for each vulnerability and each status that its packages have.
pub fn statements<'a>(
    tree: &Tree,
    packages: &'a Packages,
    known: &'a KnownVulnerabilities,
    plan: &Plan,
) -> Vec<Statement<'a>> {
    let remains = Remains::new(tree, plan);
    let mut statements = Vec::new();
    for vulnerability in &known.list {
        let installed = vulnerability
            .packages
            .iter()
            .map(|&row| &packages.list[row]);
        let looked_at: Vec<_> = installed
            .map(|package| (package, remains.of(package)))
            .collect();
        for status in [
            Status::Affected,
            Status::Unclear,
            Status::NoCode,
            Status::Removed,
        ] {
            let these = || looked_at.iter().filter(|(_, left)| left.status == status);
            if these().next().is_some() {
                statements.push(Statement {
                    vulnerability,
                    packages: these().map(|(package, _)| *package).collect(),
                    status,
                    detail: these()
                        .map(|(package, left)| left.told(tree, package))
                        .collect::<Vec<_>>()
                        .join("; "),
                });
            }
        }
    }
    statements
}

/// How many vulnerabilities there are before and after, and how many of those after are unclear in
/// all their packages.
pub fn counts(statements: &[Statement<'_>]) -> (usize, usize, usize) {
    let ids = |is_such: &dyn Fn(Status) -> bool| -> BTreeSet<&str> {
        let such = statements
            .iter()
            .filter(|statement| is_such(statement.status));
        such.map(|statement| statement.vulnerability.id.as_str())
            .collect()
    };
    let (all, after) = (ids(&|_| true), ids(&|status| !status.is_over()));
    let affected = ids(&|status| status == Status::Affected);
    (all.len(), after.len(), after.difference(&affected).count())
}

/// What to do about one that remains.
fn action(vulnerability: &Vulnerability) -> String {
    match &vulnerability.fixed {
        Some(fixed) => format!(
            "update {} from {} to {fixed}",
            vulnerability.package, vulnerability.version
        ),
        None => format!(
            "no version of {} is known in which it is fixed",
            vulnerability.package
        ),
    }
}
