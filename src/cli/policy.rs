//! The policy of a run: its file, and the date for which it is evaluated.

use std::path::PathBuf;

use clap::Args;
use clap::builder::FalseyValueParser;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Output;
use super::config::{current_directory, located};
use crate::config;
use crate::image::{Image, Selection};
use crate::lint::ImageInput;
use crate::lint::image::{Policy, check_policy};
use crate::printable::{Lines, escape_bytes};
use crate::report::{self, Excerpts, Linted, Report, Style};
use crate::rules;
use crate::slim::Slimming;
use crate::trust::HostFile;

#[derive(Args, Debug)]
#[command(next_help_heading = "Policy")]
pub(super) struct PolicyArguments {
    /// Check the result against the `[policy]` in this file instead of the one in the nearest
    /// `.jettison.toml`
    #[arg(long, value_name = "FILE", env = "JETTISON_POLICY", hide_env = true)]
    policy: Option<PathBuf>,
    /// Ignore all policies
    #[arg(long, conflicts_with = "policy")]
    #[arg(env = "JETTISON_NO_POLICY", hide_env = true, value_parser = FalseyValueParser::new())]
    no_policy: bool,
}

impl PolicyArguments {
    /// Reads the policy that applies, with today's date; an empty policy if there is none.
    pub(super) fn policy(&self, output: Output) -> anyhow::Result<Policy> {
        let file = match &self.policy {
            _ if self.no_policy => None,
            Some(path) => Some(HostFile::named(path)),
            // Only `.jettison.toml` is searched for, because hadolint's configuration has no
            // policies.
            None => located(config::find_own(&current_directory()?), output),
        };
        let Some(file) = file else {
            return Ok(Policy::default());
        };
        let policy = config::load(Some(&file), &|_| None, rules::registry())?.policy;
        // A file named with `--policy` must contain a policy. Otherwise a misspelled table name
        // would silently disable the check.
        anyhow::ensure!(
            self.policy.is_none() || !policy.is_empty(),
            "`{}` has no `[policy]`",
            file.path().display()
        );
        dated(policy)
    }
}

/// Adds today's date to a policy whose exceptions can expire. Without such exceptions, the result
/// of a run does not depend on the date.
pub(super) fn dated(policy: Policy) -> anyhow::Result<Policy> {
    let can_expire = policy
        .exceptions
        .iter()
        .any(|exception| exception.expires.is_some());
    Ok(if can_expire {
        Policy {
            today: Some(today()?),
            ..policy
        }
    } else {
        policy
    })
}

/// Today's date in UTC, from `SOURCE_DATE_EPOCH` or the clock.
fn today() -> anyhow::Result<Date> {
    Ok(super::writing::now()?.to_zoned(TimeZone::UTC).date())
}

/// A slimmed image that is about to be written.
#[derive(Clone, Copy)]
pub(super) struct Slimmed<'a> {
    /// Name of the original, as given on the command line.
    pub(super) name: &'a str,
    pub(super) slimming: &'a Slimming<'a>,
    /// The original with the files that slimming generates.
    pub(super) result: &'a Image,
    /// The files of `result` that are kept.
    pub(super) selection: &'a Selection,
}

/// Returns a slimmed image's policy violations as text for people; `None` if there are none.
pub(super) fn violations(
    slimmed: Slimmed<'_>,
    policy: &Policy,
    output: Output,
) -> anyhow::Result<Option<Lines>> {
    if policy.is_empty() {
        return Ok(None);
    }
    let Slimmed {
        name,
        slimming,
        result,
        selection,
    } = slimmed;
    let remaining = result.only(selection);
    // Package databases are read from the original, because slimming may drop a database and keep
    // files of its packages.
    let packages = slimming.packages()?.clone();
    let packages = packages.remaining(|file| selection.contains(file));
    let input = ImageInput {
        image: &remaining,
        reference: name,
        plan: None,
        packages: &packages,
        vulnerabilities: None,
        // They are attached to the image that is written.
        attested: None,
    };
    let registry = policy.own_rules.registry(rules::registry());
    let mut findings = check_policy(input, registry, policy)?;
    if findings.is_empty() {
        return Ok(None);
    }
    for finding in &mut findings {
        // A finding about the configuration has no path whose presence could be explained.
        if let Some(path) = finding.image().and_then(|image| image.path.as_ref()) {
            let path = escape_bytes(path);
            let note = format!("`jettison why {name} {path}` shows what requires it");
            finding.notes.push(note);
        }
    }
    let files = [Linted::image(name, slimming.image, findings)];
    Ok(Some(report::text(
        &Report {
            files: &files,
            registry,
            compliance: None,
        },
        // Each violation has to be fixed or allowed, and there is no option to show the others.
        Style {
            excerpts: Excerpts::All,
            ..output.style()
        },
    )))
}
