//! The policy of a run: which file has it, and which day it is asked on.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use clap::builder::FalseyValueParser;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Output;
use crate::audit::{self, Policy};
use crate::config;
use crate::image::{Image, Selection};
use crate::packages;
use crate::printable::{Lines, escape_bytes};
use crate::report::{self, Linted, Report};

#[derive(Args, Debug)]
#[command(next_help_heading = "Policy")]
pub(super) struct PolicyArguments {
    /// The configuration file whose
    /// `[policy]` the result has to keep, instead of the nearest `.jettison.toml`
    #[arg(long, value_name = "FILE", env = "JETTISON_POLICY", hide_env = true)]
    policy: Option<PathBuf>,
    /// Let the result break any policy
    #[arg(long, conflicts_with = "policy", env = "JETTISON_NO_POLICY", hide_env = true, value_parser = FalseyValueParser::new())]
    no_policy: bool,
}

impl PolicyArguments {
    /// The policy that holds here, and on which day; an empty one where there is none.
    pub(super) fn policy(&self) -> anyhow::Result<Policy> {
        let path = match &self.policy {
            _ if self.no_policy => None,
            Some(path) => Some(path.clone()),
            None => config::find_own(
                &std::env::current_dir().context("cannot tell the current folder")?,
            )
            .map(super::lint::below_here),
        };
        let Some(path) = path else {
            return Ok(Policy::default());
        };
        let policy = config::load(Some(&path), &|_| None, audit::registry())?.policy;
        // Who names a file for its policy must not go without one.
        anyhow::ensure!(
            self.policy.is_none() || !policy.is_empty(),
            "`{}` has no `[policy]`",
            path.display()
        );
        dated(policy)
    }
}

/// The policy with the day on which it is asked.
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

/// The day of `SOURCE_DATE_EPOCH`, or the clock's, in UTC.
fn today() -> anyhow::Result<Date> {
    Ok(super::writing::now()?.to_zoned(TimeZone::UTC).date())
}

/// Where the result that is to be written of an image breaks the policy, as a report for people;
/// none where it keeps it.
pub(super) fn broken(
    image: &Image,
    (result, selection): (&Image, &Selection),
    name: &str,
    policy: &Policy,
    output: Output,
) -> anyhow::Result<Option<Lines>> {
    if policy.is_empty() {
        return Ok(None);
    }
    let left = result.only(selection);
    let packages = packages::read(image)?.remaining(|file| selection.contains(file));
    let mut found = audit::judge(&left, name, &packages, audit::registry(), policy)?;
    if found.is_empty() {
        return Ok(None);
    }
    for finding in &mut found {
        let path = finding.path.as_ref().map(|path| escape_bytes(path));
        finding
            .notes
            .extend(path.map(|path| format!("`jettison why {name} {path}` says what needs it")));
    }
    let (source, findings) = audit::told(image, name, &found);
    let files = [Linted::of_image(source, findings)];
    Ok(Some(report::text(
        &Report {
            files: &files,
            registry: audit::registry(),
        },
        output.style(),
    )))
}
