//! `jettison verify`.

use clap::Args;

use super::limits::LimitArguments;
use super::progress::Bar;
use super::slim::failed;
use super::source::SourceArguments;
use super::{Outcome, Output};
use crate::image::Image;
use crate::printable::{Lines, escape_bytes};
use crate::slim::{self, PlanOptions};

/// Check that an image works as its configuration and its files say, or as the image it was made
/// from
#[derive(Args, Debug)]
#[command(
    after_help = "Exit status: 0 nothing is missing, 1 something is, 2 could not do it.

Examples:
  jettison verify slim.tar                         its program, and all that this one needs
  jettison verify slim.tar --against app.tar       all that both have: needs, links, modes, owners"
)]
pub(super) struct VerifyArguments {
    /// The image to check
    image: String,
    /// The image it was made from
    #[arg(long, value_name = "ORIGINAL")]
    against: Option<String>,
    #[command(flatten)]
    source: SourceArguments,
    #[command(flatten)]
    limits: LimitArguments,
}

pub(super) fn run(arguments: &VerifyArguments, output: Output) -> anyhow::Result<Outcome> {
    let bar = Bar::new(output);
    let open = |argument: &str| {
        arguments
            .source
            .open(argument, arguments.limits.options(), &bar)
    };
    let image = open(&arguments.image)?;
    let text = if let Some(original) = &arguments.against {
        let original = open(original)?;
        failed(&original.tree, &slim::verify_against(&original, &image)?)
    } else {
        missing(&image)
    };
    drop(bar);
    output.print(&text)?;
    Ok(if text.is_empty() {
        Outcome::Clean
    } else {
        Outcome::Found
    })
}

/// What the program of an image needs and does not find, a line each.
fn missing(image: &Image) -> Lines {
    let mut lines = Lines::new();
    let plan = match slim::plan(image, &PlanOptions::default()) {
        Ok(plan) => plan,
        Err(error) => {
            lines.line(error);
            return lines;
        }
    };
    for unmet in plan.unmet() {
        let path = escape_bytes(&image.tree.path(unmet.by));
        lines.line(format_args!(
            "{path}: it needs {}, which is not there",
            unmet.need
        ));
    }
    lines
}
