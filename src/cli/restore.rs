//! `jettison restore`.

use anyhow::bail;
use clap::Args;

use super::limits::LimitArguments;
use super::progress::Bar;
use super::slim::wrote;
use super::source::SourceArguments;
use super::writing::WritingArguments;
use super::{Outcome, Output, destination};
use crate::image::{self, Image, Options, REST_STEP, Reference, Selection, WriteOptions};
use crate::printable::Lines;

/// Write the original image again, from the image that `slim --rest` wrote
#[derive(Args, Debug)]
#[command(
    after_help = "The image of `slim --rest` contains the layers of the slimmed image, which is therefore not needed.

Examples:
  jettison restore oci:slim:app-rest -o docker-archive:app.tar -t app
  jettison restore rest.tar -o rootfs:app
  jettison restore docker://registry.example/app:1-rest -o docker-daemon:app:1"
)]
pub(super) struct RestoreArguments {
    /// Image that was written by `slim --rest`
    image: String,
    /// Image to write
    #[arg(long, short, value_name = "IMAGE")]
    output: String,
    /// Name of the new image
    #[arg(long, short, value_name = "NAME")]
    tag: Option<String>,
    #[command(flatten)]
    writing: WritingArguments,
    #[command(flatten)]
    source: SourceArguments,
    #[command(flatten)]
    limits: LimitArguments,
}

pub(super) fn run(arguments: &RestoreArguments, output: Output) -> anyhow::Result<Outcome> {
    let destination = destination::parsed(&arguments.output)?;
    let options = WriteOptions {
        created_by: "jettison restore".into(),
        connection: arguments.source.connection(),
        // Times are restored as they were, even if `SOURCE_DATE_EPOCH` is set.
        epoch: None,
        ..arguments.writing.options(arguments.tag.clone())?
    };
    let bar = Bar::new(output);
    let reading = Options {
        left_out: destination.path().map(Into::into).into_iter().collect(),
        ..arguments.limits.options()
    };
    let image = arguments.source.open(&arguments.image, reading, &bar)?;
    if !has_rest(&image) {
        bail!(
            "image `{}` was not written by `jettison slim --rest`",
            arguments.image
        );
    }
    let selection = Selection::all(&image.tree);
    let written = image::write(&image, &selection, &destination, &options, &bar)?;
    drop(bar);
    let message = wrote(&destination, &written);
    // The image itself may be written to standard output.
    if destination == Reference::Stream {
        output.note(message);
    } else {
        let mut lines = Lines::new();
        lines.line(message);
        output.print(&lines)?;
    }
    Ok(Outcome::Clean)
}

/// Whether the highest layer of an image is that of a rest. Steps without a layer may follow: they
/// only change the configuration.
fn has_rest(image: &Image) -> bool {
    let history = image.config.history();
    let with_layer = history.iter().rev().find(|step| !step.empty_layer);
    with_layer.is_some_and(|step| step.created_by == REST_STEP)
}
