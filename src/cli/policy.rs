//! The policy of a run: which file has it, and which day it is asked on.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use clap::builder::FalseyValueParser;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Output;
use super::config::located;
use crate::config;
use crate::image::{Image, Selection};
use crate::lint::ImageInput;
use crate::lint::image::{Policy, check_policy};
use crate::printable::{Lines, escape_bytes};
use crate::report::{self, Linted, Report};
use crate::rules;
use crate::slim::Slimming;
use crate::trust::HostFile;

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
    pub(super) fn policy(&self, output: Output) -> anyhow::Result<Policy> {
        let file = match &self.policy {
            _ if self.no_policy => None,
            Some(path) => Some(HostFile::named(path)),
            None => {
                let here = std::env::current_dir().context("cannot tell the current folder")?;
                located(config::find_own(&here), output)
            }
        };
        let Some(file) = file else {
            return Ok(Policy::default());
        };
        let policy = config::load(Some(&file), &|_| None, rules::registry())?.policy;
        // Who names a file for its policy must not go without one.
        anyhow::ensure!(
            self.policy.is_none() || !policy.is_empty(),
            "`{}` has no `[policy]`",
            file.path().display()
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
    slimming: &Slimming<'_>,
    (result, selection): (&Image, &Selection),
    name: &str,
    policy: &Policy,
    output: Output,
) -> anyhow::Result<Option<Lines>> {
    if policy.is_empty() {
        return Ok(None);
    }
    let left = result.only(selection);
    let packages = slimming.packages()?.clone();
    let packages = packages.remaining(|file| selection.contains(file));
    let input = ImageInput {
        image: &left,
        reference: name,
        plan: None,
        packages: &packages,
        vulnerabilities: None,
    };
    let mut findings = check_policy(input, rules::registry(), policy)?;
    if findings.is_empty() {
        return Ok(None);
    }
    for finding in &mut findings {
        let path = finding.image().and_then(|image| image.path.as_ref());
        let path = path.map(|path| escape_bytes(path));
        finding.notes.extend(
            path.map(|path| format!("`jettison why {name} {path}` shows what requires it")),
        );
    }
    let files = [Linted::image(name, slimming.image, findings)];
    Ok(Some(report::text(
        &Report {
            files: &files,
            registry: rules::registry(),
        },
        output.style(),
    )))
}
