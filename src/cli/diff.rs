//! `jettison diff`.

use clap::{Args, ValueEnum};

use super::limits::LimitArguments;
use super::progress::Bar;
use super::source::SourceArguments;
use super::{Outcome, Output};
use crate::report::{self, Rendered};
use crate::{inspect, packages};

/// Compare two images by path, package, configuration and size
#[derive(Args, Debug)]
#[command(after_help = "Modification times are not compared.

Exit status: 0, or 1 with --exit-code if the images differ; 2 error.

Examples:
  jettison diff app.tar slim.tar
  jettison diff oci:build:1.0 oci:build:1.1 --format json
  jettison diff rootfs:before rootfs:after --exit-code")]
pub(super) struct DiffArguments {
    /// Original image
    before: String,
    /// Changed image
    after: String,
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    format: DiffFormat,
    /// Exit with 1 if the images differ
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    source: SourceArguments,
    #[command(flatten)]
    limits: LimitArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DiffFormat {
    Text,
    Json,
}

pub(super) fn run(arguments: &DiffArguments, output: Output) -> anyhow::Result<Outcome> {
    let bar = Bar::new(output);
    let (source, limits) = (&arguments.source, &arguments.limits);
    let before = source.open(&arguments.before, limits.options(), &bar)?;
    let after = source.open(&arguments.after, limits.options(), &bar)?;
    let (old, new) = (packages::read(&before)?, packages::read(&after)?);
    let difference = inspect::difference((&before, &old), (&after, &new))?;
    // The progress bar must be removed before the result is printed.
    drop(bar);
    let compared = report::Compared {
        before: &before,
        after: &after,
        difference: &difference,
    };
    output.print_rendered(match arguments.format {
        DiffFormat::Text => Rendered::Text(report::diff_text(&compared)),
        DiffFormat::Json => Rendered::whole(report::diff_json(&compared)),
    })?;
    // As in `git diff`, a difference is not an error unless `--exit-code` is given.
    Ok(if arguments.exit_code && !difference.is_empty() {
        Outcome::Found
    } else {
        Outcome::Clean
    })
}
