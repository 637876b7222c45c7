//! `jettison diff`.

use clap::{Args, ValueEnum};

use super::limits::LimitArguments;
use super::progress::Bar;
use super::source::SourceArguments;
use super::{Outcome, Output};
use crate::report::{self, Rendered};
use crate::{inspect, packages};

/// Say how two images differ: by path, package, configuration and size
#[derive(Args, Debug)]
#[command(
    after_help = "Times of files are not compared. Exit status: 0, or with --exit-code 1 where the images differ;
2 could not do it.

Examples:
  jettison diff app.tar slim.tar
  jettison diff oci:build:1.0 oci:build:1.1 --format json
  jettison diff rootfs:before rootfs:after --exit-code"
)]
pub(super) struct DiffArguments {
    /// The image before
    before: String,
    /// The image after
    after: String,
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    format: DiffFormat,
    /// End with 1 where the images differ
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
    let open = |name: &str| {
        arguments
            .source
            .open(name, arguments.limits.options(), &bar)
    };
    let (before, after) = (open(&arguments.before)?, open(&arguments.after)?);
    let (old, new) = (packages::read(&before)?, packages::read(&after)?);
    let difference = inspect::difference((&before, &old), (&after, &new))?;
    drop(bar);
    let compared = report::Compared {
        before: &before,
        after: &after,
        difference: &difference,
    };
    output.print_rendered(&match arguments.format {
        DiffFormat::Text => Rendered::Text(report::diff_text(&compared)),
        DiffFormat::Json => Rendered::Data(report::diff_json(&compared)),
    })?;
    Ok(if arguments.exit_code && !difference.is_empty() {
        Outcome::Found
    } else {
        Outcome::Clean
    })
}
