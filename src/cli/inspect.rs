//! `jettison inspect`.

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};

use super::limits::LimitArguments;
use super::progress::Bar;
use super::source::SourceArguments;
use super::{Outcome, Output, documents};
use crate::report::{self, Rendered};
use crate::{inspect, packages};

/// Say what is in an image: layers and what they waste, files, packages; or what one of its paths
/// is
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  jettison inspect app.tar                        the image as a whole
  jettison inspect app.tar /usr/lib --depth 2     what takes the room there
  jettison inspect app.tar /usr/bin/curl          one file, its layer and its package
  jettison inspect oci:build:app --format json
  jettison inspect app.tar --format cyclonedx     a bill of materials of all packages")]
pub(super) struct InspectArguments {
    /// The image, or `rootfs:` and a folder
    image: String,
    /// A path in the image
    path: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    format: InspectFormat,
    /// How many of the biggest are listed of each kind; JSON has all packages and all wasted paths
    #[arg(long, value_name = "COUNT", default_value_t = 10)]
    top: usize,
    /// How many levels of a folder are listed
    #[arg(
        long = "depth",
        id = "levels",
        value_name = "LEVELS",
        default_value_t = 1,
        requires = "path"
    )]
    depth: usize,
    #[command(flatten)]
    source: SourceArguments,
    #[command(flatten)]
    limits: LimitArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum InspectFormat {
    Text,
    Json,
    /// A bill of materials, SPDX 2.3
    Spdx,
    /// A bill of materials, `CycloneDX` 1.6
    Cyclonedx,
}

pub(super) fn run(arguments: &InspectArguments, output: Output) -> anyhow::Result<Outcome> {
    let bar = Bar::new(output);
    let image = arguments
        .source
        .open(&arguments.image, arguments.limits.options(), &bar)?;
    let in_image = || format!("in `{}`", arguments.image);
    let rendered = if let Some(path) = &arguments.path {
        let name = image
            .tree
            .resolve_link(path.as_bytes())
            .with_context(in_image)?
            .name;
        let packages = packages::read(&image)?;
        let entry = report::InspectedEntry {
            image: &image,
            packages: &packages,
            facts: &inspect::facts(&image, name)?,
            usage: &inspect::usage(&image.tree, name, arguments.depth),
        };
        match arguments.format {
            InspectFormat::Text => Rendered::Text(report::entry_text(&entry)),
            InspectFormat::Json => Rendered::Data(report::entry_json(&entry)),
            _ => bail!("a bill of materials is of a whole image, not of `{path}`"),
        }
    } else {
        let packages = packages::read(&image)?;
        let bill = || documents::bill(&arguments.image, &image, &packages, |_| true);
        let inspected = report::Inspected {
            image: &image,
            packages: &packages,
            layers: &inspect::layers(&image),
            files: &inspect::files(&image, arguments.top),
            top: arguments.top,
        };
        match arguments.format {
            InspectFormat::Text => Rendered::Text(report::inspect_text(&inspected)),
            InspectFormat::Json => Rendered::Data(report::inspect_json(&inspected)),
            InspectFormat::Spdx => Rendered::Data(report::spdx(&bill()?)),
            InspectFormat::Cyclonedx => Rendered::Data(report::cyclonedx(&bill()?)),
        }
    };
    drop(bar);
    output.print_rendered(&rendered)?;
    Ok(Outcome::Clean)
}
