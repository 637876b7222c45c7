//! `jettison inspect`.

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};

use super::limits::LimitArguments;
use super::progress::Bar;
use super::source::SourceArguments;
use super::{Outcome, Output, documents};
use crate::image::Image;
use crate::report::{self, Rendered};
use crate::{inspect, packages};

/// Show the contents of an image: layers and wasted space, files and packages; or details of one
/// path
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  jettison inspect app.tar                        the image as a whole
  jettison inspect app.tar /usr/lib --depth 2     sizes of the files in a directory
  jettison inspect app.tar /usr/bin/curl          one file, its layer and its package
  jettison inspect oci:build:app --format json
  jettison inspect app.tar --format cyclonedx     an SBOM of all packages")]
pub(super) struct InspectArguments {
    /// Image to read, or `rootfs:` and a directory
    image: String,
    /// Path in the image
    path: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    format: InspectFormat,
    /// Number of entries to list in each section, largest first; JSON lists all packages and
    /// wasted paths
    #[arg(long, value_name = "COUNT", default_value_t = 10)]
    top: usize,
    /// Number of directory levels to list
    // `--max-depth` has the id `depth`.
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
    /// SBOM in SPDX 2.3
    Spdx,
    #[value(help = "SBOM in CycloneDX 1.6")]
    Cyclonedx,
}

pub(super) fn run(arguments: &InspectArguments, output: Output) -> anyhow::Result<Outcome> {
    let bar = Bar::new(output);
    let image = arguments
        .source
        .open(&arguments.image, arguments.limits.options(), &bar)?;
    let rendered = match &arguments.path {
        Some(path) => inspect_path(arguments, &image, path)?,
        None => inspect_image(arguments, &image)?,
    };
    // The progress bar must be removed before the result is printed.
    drop(bar);
    output.print_rendered(rendered)?;
    Ok(Outcome::Clean)
}

fn inspect_image(arguments: &InspectArguments, image: &Image) -> anyhow::Result<Rendered<'static>> {
    let packages = packages::read(image)?;
    let name = &arguments.image;
    let inspected = report::Inspected {
        image,
        packages: &packages,
        layers: &inspect::layers(image),
        files: &inspect::files(image, arguments.top),
        top: arguments.top,
    };
    Ok(match arguments.format {
        InspectFormat::Text => Rendered::Text(report::inspect_text(&inspected)),
        InspectFormat::Json => Rendered::whole(report::inspect_json(&inspected)),
        InspectFormat::Spdx => {
            let bill = documents::bill(name, image, &packages, |_| true)?;
            Rendered::whole(report::spdx(&bill))
        }
        InspectFormat::Cyclonedx => {
            let bill = documents::bill(name, image, &packages, |_| true)?;
            Rendered::whole(report::cyclonedx(&bill))
        }
    })
}

fn inspect_path(
    arguments: &InspectArguments,
    image: &Image,
    path: &str,
) -> anyhow::Result<Rendered<'static>> {
    // A symlink is not followed; its target is one of the details shown.
    let name = image
        .tree
        .resolve_link(path.as_bytes())
        .with_context(|| format!("in `{}`", arguments.image))?
        .name;
    let packages = packages::read(image)?;
    let entry = report::InspectedEntry {
        image,
        packages: &packages,
        facts: &inspect::facts(image, name)?,
        usage: &inspect::usage(&image.tree, name, arguments.depth),
    };
    Ok(match arguments.format {
        InspectFormat::Text => Rendered::Text(report::entry_text(&entry)),
        InspectFormat::Json => Rendered::whole(report::entry_json(&entry)),
        InspectFormat::Spdx | InspectFormat::Cyclonedx => {
            bail!("an SBOM covers a whole image: omit the path `{path}`")
        }
    })
}
