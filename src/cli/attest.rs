//! Attestations that `slim` makes: statements about the result, signed or not.

use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use clap::{Args, ValueEnum};
use serde_json::value::RawValue;

use super::documents::{Documents, Subject};
use super::policy::Slimmed;
use super::reports::write_file;
use crate::attestation::{
    self, CarriedStatement, DigestSet, OPENVEX, Predicate, ResultImage, SLIM, SPDX, SigningKey,
    SourceImage, Statement, Tool, media_type,
};
use crate::evidence::Record;
use crate::image::{
    AttestationManifest, Config, IndexWriter, NewStatement, Platform, Reference, Source, Written,
};
use crate::printable::escape_bytes;
use crate::slim::PlanOptions;
use crate::trust::{HostFile, limits};

/// Statements about the result.
#[derive(Args, Debug)]
#[command(next_help_heading = "Attestations")]
pub(super) struct AttestArguments {
    /// Attach statements to the image: `slim`, what was kept and removed (the default); `sbom`, an
    /// SPDX document; `vex`, a VEX document (needs --osv). Attestations of the original are
    /// copied too
    // The `=` is required, so that an image after the flag is not parsed as its value.
    #[arg(
        long,
        value_enum,
        value_name = "KINDS",
        num_args = 0..=1,
        require_equals = true,
        value_delimiter = ',',
        default_missing_value = "slim",
        hide_possible_values = true
    )]
    attest: Vec<Kind>,
    /// Write the statement about what was kept and removed to this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["all_platforms", "dry_run"])]
    attest_file: Option<PathBuf>,
    /// Sign the statements with this private key: Ed25519 or ECDSA P-256, in a PEM file
    #[arg(long, value_name = "FILE")]
    sign_key: Option<PathBuf>,
}

/// The kinds of statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Kind {
    Slim,
    Sbom,
    Vex,
}

impl Kind {
    fn predicate_type(self) -> &'static str {
        match self {
            Self::Slim => SLIM,
            Self::Sbom => SPDX,
            Self::Vex => OPENVEX,
        }
    }

    /// The name in the media type of a signed statement.
    fn short_name(self) -> &'static str {
        match self {
            Self::Slim => "slim",
            Self::Sbom => "spdx",
            Self::Vex => "openvex",
        }
    }
}

/// The statements to make, and the key.
#[derive(Debug)]
pub(super) struct Attester {
    kinds: Vec<Kind>,
    file: Option<PathBuf>,
    key: Option<SigningKey>,
}

/// A slimmed image that is about to be written, and everything that is known about it.
#[derive(Clone, Copy)]
pub(super) struct Ready<'a> {
    pub(super) slimmed: Slimmed<'a>,
    /// The configuration of the original.
    pub(super) config: &'a Config,
    pub(super) documents: Option<&'a Documents<'a>>,
    pub(super) record: Option<&'a Record>,
    pub(super) options: &'a PlanOptions,
}

impl AttestArguments {
    /// Checks the arguments before the work starts. `None` if nothing is attested.
    pub(super) fn prepare(
        &self,
        destination: Option<&Reference>,
        has_advisories: bool,
    ) -> anyhow::Result<Option<Attester>> {
        let mut kinds = self.attest.clone();
        kinds.sort_unstable();
        kinds.dedup();
        if kinds.is_empty() && self.attest_file.is_none() {
            ensure!(
                self.sign_key.is_none(),
                "`--sign-key` signs statements: add `--attest` or `--attest-file`"
            );
            return Ok(None);
        }
        ensure!(
            has_advisories || !kinds.contains(&Kind::Vex),
            "`--attest=vex` needs known vulnerabilities: add `--osv`"
        );
        if let Some(Reference::Rootfs(_)) = destination {
            bail!("a directory has no digest that a statement could name: write an image");
        }
        let key = match &self.sign_key {
            Some(path) => Some(signing_key(path)?),
            None => None,
        };
        Ok(Some(Attester {
            kinds,
            file: self.attest_file.clone(),
            key,
        }))
    }
}

fn signing_key(path: &PathBuf) -> anyhow::Result<SigningKey> {
    let failed = || format!("`--sign-key {}`", path.display());
    let pem = HostFile::named(path)
        .read(limits::KEY)
        .with_context(failed)?;
    SigningKey::from_pem(&pem).with_context(failed)
}

impl Attester {
    /// Whether statements are attached to the image.
    pub(super) fn attaches(&self) -> bool {
        !self.kinds.is_empty()
    }

    /// Whether the statements need the packages of the original and their vulnerabilities.
    pub(super) fn needs_documents(&self) -> bool {
        self.kinds.iter().any(|kind| *kind != Kind::Slim)
    }

    /// Makes the statements about an image that was added to an index, attaches them to it, and
    /// adds those about the original. Returns a message.
    pub(super) fn attach(
        &self,
        index: &mut IndexWriter,
        subject: &Written,
        ready: &Ready<'_>,
        names: &Names<'_>,
    ) -> anyhow::Result<String> {
        let carried = carry(index, names.source, ready)?;
        let digest = digest_of(subject);
        let mut attached = Vec::new();
        let mut words = Vec::new();
        for &kind in &self.kinds {
            let Some(bytes) = self.statement(kind, subject, ready, names, &carried)? else {
                continue;
            };
            words.push(kind.short_name());
            attached.push(NewStatement {
                predicate_type: kind.predicate_type().to_owned(),
                media_type: media_type(kind.short_name(), self.key.is_some()),
                bytes,
            });
        }
        // A document without statements would not be valid OpenVEX.
        if attached.is_empty() {
            return Ok("no vulnerabilities, so no statement was attached".to_owned());
        }
        index.attest(digest, &attached)?;
        let signed = match &self.key {
            Some(key) => format!("signed by {}", key.id()),
            None => "not signed".to_owned(),
        };
        Ok(format!(
            "attested manifest {digest}: {}, {signed}",
            words.join(", ")
        ))
    }

    /// Writes the statement about slimming to the file of the option, if there is one.
    pub(super) fn write_file(
        &self,
        subject: &Written,
        ready: &Ready<'_>,
        names: &Names<'_>,
    ) -> anyhow::Result<()> {
        let Some(path) = &self.file else {
            return Ok(());
        };
        // Without an index, nothing about the original is carried along.
        let carried = if self.attaches() {
            carried_statements(&source_attestations(names.source, ready)?)
        } else {
            Vec::new()
        };
        match self.statement(Kind::Slim, subject, ready, names, &carried)? {
            Some(bytes) => write_file(path, &bytes),
            None => Ok(()),
        }
    }

    /// A statement as it is stored, signed if there is a key; `None` if there is nothing to state.
    fn statement(
        &self,
        kind: Kind,
        subject: &Written,
        ready: &Ready<'_>,
        names: &Names<'_>,
        carried: &[CarriedStatement],
    ) -> anyhow::Result<Option<Vec<u8>>> {
        let (name, digest) = (names.result.clone(), digest_of(subject));
        let bytes = match kind {
            Kind::Slim => {
                let predicate = predicate(subject, ready, carried)?;
                Statement::new(name, digest, SLIM, predicate).json()
            }
            Kind::Sbom | Kind::Vex => {
                let documents = ready.documents.context("documents were prepared before")?;
                let about = Subject {
                    name: names.result.as_deref().unwrap_or(ready.slimmed.name),
                    digest: Some(digest.to_owned()),
                    image: ready.slimmed.slimming.image,
                    plan: &ready.slimmed.slimming.plan,
                    tests: None,
                };
                let document = if kind == Kind::Sbom {
                    Some(documents.spdx(&about)?)
                } else {
                    documents.openvex(&about)?
                };
                let Some(document) = document else {
                    return Ok(None);
                };
                let document = RawValue::from_string(document)?;
                Statement::new(name, digest, kind.predicate_type(), document).json()
            }
        };
        match &self.key {
            Some(key) => Ok(Some(attestation::sign(&bytes, key)?)),
            None => Ok(Some(bytes)),
        }
    }
}

/// The names of the two images, and the place of the original.
pub(super) struct Names<'a> {
    pub(super) source: &'a Source,
    /// The name of the result.
    pub(super) result: Option<String>,
}

/// The digest that a statement is about: that of the manifest or, in formats without one, that of
/// the configuration, which names all layers too.
fn digest_of(written: &Written) -> &str {
    let digest = written.manifest_digest.as_ref();
    digest.unwrap_or(&written.config_digest)
}

/// Adds the attestations of the original to an index. Returns the statements in them.
pub(super) fn carry(
    index: &mut IndexWriter,
    source: &Source,
    ready: &Ready<'_>,
) -> anyhow::Result<Vec<CarriedStatement>> {
    let attestations = source_attestations(source, ready)?;
    let origin = &ready.slimmed.slimming.image.origin;
    let described = origin.digest.as_deref().unwrap_or_default();
    for attestation in &attestations {
        index.carry(attestation, described)?;
    }
    Ok(carried_statements(&attestations))
}

fn source_attestations(
    source: &Source,
    ready: &Ready<'_>,
) -> anyhow::Result<Vec<AttestationManifest>> {
    let Some(digest) = &ready.slimmed.slimming.image.origin.digest else {
        return Ok(Vec::new());
    };
    source
        .attestations(digest)
        .with_context(|| format!("attestations of `{}`", ready.slimmed.name))
}

/// The statements of attestation manifests, sorted.
pub(super) fn carried_statements(attestations: &[AttestationManifest]) -> Vec<CarriedStatement> {
    let mut statements = Vec::new();
    for statement in attestations
        .iter()
        .flat_map(AttestationManifest::statements)
    {
        let hash = statement.digest.strip_prefix("sha256:");
        statements.push(CarriedStatement {
            sha256: hash.unwrap_or(&statement.digest).to_owned(),
            media_type: statement.media_type,
            predicate_type: statement.predicate_type.map(str::to_owned),
        });
    }
    statements.sort();
    statements.dedup();
    statements
}

/// The effect of slimming an image.
fn predicate(
    subject: &Written,
    ready: &Ready<'_>,
    carried: &[CarriedStatement],
) -> anyhow::Result<Predicate> {
    let Slimmed {
        slimming,
        result,
        selection,
        ..
    } = ready.slimmed;
    let (original, packages) = (slimming.image, slimming.packages()?);
    let remaining = result.only(selection);
    let compared = attestation::compare(original, packages, &remaining, true)?;
    let origin = &original.origin;
    let digest_set = |digest: &Option<String>| digest.as_deref().map(DigestSet::of);
    Ok(Predicate {
        tool: Tool {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        source: SourceImage {
            name: origin.name.clone(),
            platform: Platform::of_config(&remaining.config).to_string(),
            manifest: digest_set(&origin.digest),
            config: digest_set(&origin.config_digest),
            attestations: carried.to_vec(),
        },
        result: ResultImage {
            config: DigestSet::of(&subject.config_digest),
            changed_settings: attestation::changed_settings(ready.config, &remaining.config),
        },
        options: options(ready),
        files: compared.files,
        removed: compared.removed,
    })
}

fn options(ready: &Ready<'_>) -> attestation::Options {
    let options = ready.options;
    let added = ready.record.map_or(&[][..], Record::added);
    attestation::Options {
        keep: options.keep.clone(),
        drop: options.drop.clone(),
        asked_for: added.iter().map(|path| escape_bytes(path)).collect(),
        keep_level: options.level.to_string(),
        modules: options.modules.as_str().to_owned(),
        keep_companions: options.keep_companions,
        package_records: !options.no_package_records,
        observed: options.observed.is_some(),
        deployed: options.deployed.len(),
    }
}
