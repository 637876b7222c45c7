//! `jettison verify --attestation`: finds the statement about a slimmed image and checks it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;

use super::attest::carried_statements;
use crate::attestation::{
    self, CarriedStatement, DigestSet, Images, Predicate, SLIM, Signature, Statement, Status,
    VerifyingKey,
};
use crate::image::{AttestationManifest, Source};
use crate::printable::{Lines, escape};
use crate::size::counted;
use crate::trust::{HostFile, limits};

/// A slimmed image whose statement is checked.
pub(super) struct Attested<'a> {
    /// The image, as named on the command line.
    pub(super) name: &'a str,
    pub(super) source: &'a Source,
    pub(super) images: Images<'a>,
    /// The statements about originals that were read, by the digests of the originals.
    pub(super) carried: RefCell<BTreeMap<String, Vec<CarriedStatement>>>,
    pub(super) key: Option<&'a VerifyingKey>,
}

/// Maximum number of statements about slimming that are checked for an image.
const MAX_STATEMENTS: usize = 50;
/// Maximum number of originals whose attestations are read.
const MAX_ORIGINALS: usize = 3;

/// Problems, and a sentence about what was verified if there are none.
type Verdict = (Lines, String);

pub(super) fn verifying_key(path: &Path) -> anyhow::Result<VerifyingKey> {
    let failed = || format!("`--key {}`", path.display());
    let pem = HostFile::named(path)
        .read(limits::KEY)
        .with_context(failed)?;
    VerifyingKey::from_pem(&pem).with_context(failed)
}

impl Attested<'_> {
    /// Checks the statement in a file.
    pub(super) fn check_file(&self, file: &Path) -> anyhow::Result<Verdict> {
        let bytes = HostFile::named(file).read(limits::STATEMENT);
        let bytes = bytes.with_context(|| format!("`--attestation={}`", file.display()))?;
        self.check(&bytes)
    }

    /// Checks the attached statements about slimming. One of them must be true: anybody who can
    /// write to a registry can attach more.
    pub(super) fn check_attached(&self) -> anyhow::Result<Verdict> {
        let name = self.name;
        let Some(digest) = &self.images.image().origin.digest else {
            anyhow::bail!(
                "image `{name}` has no manifest to which a statement could be attached: name its \
                 file with `--attestation=FILE`"
            );
        };
        let attestations = self.source.attestations(digest);
        let attestations = attestations.with_context(|| format!("attestations of `{name}`"))?;
        let (mut first, mut checked) = (None, 0);
        let statements = attestations
            .iter()
            .flat_map(AttestationManifest::statements);
        for statement in statements {
            if statement.predicate_type != Some(SLIM) {
                continue;
            }
            checked += 1;
            if checked > MAX_STATEMENTS {
                anyhow::bail!(
                    "more than {MAX_STATEMENTS} statements about slimming are attached to `{name}`"
                );
            }
            let verdict = self.check(&statement.read()?)?;
            if verdict.0.is_empty() {
                return Ok(verdict);
            }
            first.get_or_insert(verdict);
        }
        Ok(first.unwrap_or_else(|| {
            let mut lines = Lines::new();
            lines.line("no statement about slimming is attached to the image");
            (lines, String::new())
        }))
    }

    fn check(&self, bytes: &[u8]) -> anyhow::Result<Verdict> {
        let mut lines = Lines::new();
        let opened = match attestation::open(bytes, self.key) {
            Ok(opened) => opened,
            Err(error) => {
                lines.line(format_args!("invalid attestation: {error}"));
                return Ok((lines, String::new()));
            }
        };
        let problem = match (opened.signature, self.key) {
            (Signature::Absent, Some(_)) => Some("the statement is not signed"),
            (Signature::Wrong, _) => Some("the statement is not signed by this key"),
            _ => None,
        };
        if let Some(problem) = problem {
            // Whatever it says, it is not what the owner of the key says.
            lines.line(problem);
            return Ok((lines, String::new()));
        }
        let statement = match attestation::parse(&opened.statement) {
            Ok(statement) => statement,
            Err(error) => {
                let error = error.to_string();
                lines.line(format_args!("invalid statement: {}", escape(&error)));
                return Ok((lines, String::new()));
            }
        };
        let carried = self.carried(&statement)?;
        let problems = attestation::check(&statement, &self.images, &carried)?;
        for problem in problems {
            lines.line(problem);
        }
        Ok((lines, self.verified(&statement, opened.signature)))
    }

    /// The statements about the original that are attached to the image's index.
    fn carried(&self, statement: &Statement<Predicate>) -> anyhow::Result<Vec<CarriedStatement>> {
        let source = &statement.predicate.source;
        let digest = source.manifest.as_ref().and_then(DigestSet::digest);
        match digest {
            Some(digest) if !source.attestations.is_empty() => {
                let mut known = self.carried.borrow_mut();
                if let Some(carried) = known.get(&digest) {
                    return Ok(carried.clone());
                }
                // Statements that are not true can name any number of originals.
                if known.len() >= MAX_ORIGINALS {
                    return Ok(Vec::new());
                }
                let attestations = self.source.attestations(&digest)?;
                let carried = carried_statements(&attestations);
                known.insert(digest, carried.clone());
                Ok(carried)
            }
            _ => Ok(Vec::new()),
        }
    }

    /// A sentence about what was verified.
    fn verified(&self, statement: &Statement<Predicate>, signature: Signature) -> String {
        let files = &statement.predicate.files;
        let count = |status| files.iter().filter(|file| file.status == status).count();
        let signed = match (signature, self.key) {
            (Signature::Verified, Some(key)) => format!("signed by {}", key.id()),
            (Signature::Absent, _) => "not signed".to_owned(),
            _ => "signature not verified (no `--key`)".to_owned(),
        };
        if !self.images.has_original() {
            return format!(
                "the image has the {} of the statement, {signed}; `--against` also checks where \
                 they come from",
                counted(files.len(), "file")
            );
        }
        format!(
            "the statement is true: {} unchanged, {} rewritten, {} generated; {signed}",
            counted(count(Status::Unchanged), "file"),
            count(Status::Rewritten),
            count(Status::Generated)
        )
    }
}
