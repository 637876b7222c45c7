//! `jettison slim --shared`: several images, with layers that they share.

use anyhow::{Context as _, bail, ensure};

use super::arguments::SlimArguments;
use super::slim::{Run, Verdict, Wrote};
use crate::image::{
    Image, Options, Reference, Selection, SharedImage, SharedImages, SharedSizes, Sharing, Written,
};
use crate::printable::Lines;
use crate::size::size;

/// A slimmed image that is not written yet.
struct Slimmed {
    /// Its name in the layout.
    tag: String,
    image: Image,
    selection: Selection,
}

/// Refuses arguments that do not name at least two images, and a destination for them.
pub(super) fn check(
    arguments: &SlimArguments,
    destination: Option<&Reference>,
) -> anyhow::Result<()> {
    if !arguments.shared {
        ensure!(
            arguments.tag.len() < 2,
            "`--tag` can only be repeated with `--shared`"
        );
        return Ok(());
    }
    let count = 1 + arguments.more.len();
    ensure!(count > 1, "`--shared` needs at least two images");
    ensure!(
        arguments.plan.with.is_empty(),
        "`--with` selects containers by the name of one image, so that it does not go with `--shared`"
    );
    let tags = arguments.tag.len();
    ensure!(
        tags == 0 || tags == count,
        "`--tag` must be given once for each of the {count} images, in the same order"
    );
    if let Some(destination) = destination {
        SharedImages::check_destination(destination)?;
        if let Some(name) = destination.stored_name() {
            bail!("`-o {destination}` has the name `{name}` for {count} images: use `--tag`");
        }
    }
    Ok(())
}

/// Slims all images and writes them, or none of them.
pub(super) fn all(run: &Run<'_>, options: &Options) -> anyhow::Result<(Lines, Verdict)> {
    let arguments = run.arguments;
    let (mut summary, mut worst) = (Lines::new(), Verdict::Good);
    let mut slimmed: Vec<Slimmed> = Vec::new();
    let names = std::iter::once(&arguments.image).chain(&arguments.more);
    for (index, name) in names.enumerate() {
        let (one, lines, verdict) = run_one(&run.named(name), options, arguments.tag.get(index))
            .with_context(|| format!("image `{name}`"))?;
        summary.line(format_args!("{name}:"));
        summary.append(&lines);
        worst = worst.max(verdict);
        let Some(one) = one else {
            return Ok((summary, worst));
        };
        if let Some(other) = slimmed.iter().find(|other| other.tag == one.tag) {
            bail!(
                "two images have the name `{}`: give each one its own with `--tag`",
                other.tag
            );
        }
        slimmed.push(one);
    }
    let mut images = Vec::new();
    for slimmed in &slimmed {
        images.push(SharedImage {
            name: &slimmed.tag,
            image: &slimmed.image,
            selection: &slimmed.selection,
        });
    }
    let epoch = run.write_options.epoch;
    let images = SharedImages::new(images, Sharing::default(), epoch, run.bar)?;
    summary.line(totals(slimmed.len(), images.sizes()));
    if let Some(destination) = run.destination {
        let all_written = images.write(destination, run.write_options, run.bar)?;
        for (tag, written, shared) in all_written {
            summary.line(wrote(destination, tag, &written, shared));
        }
    }
    Ok((summary, worst))
}

/// Slims one image. It is `None` if it must not be written.
fn run_one(
    run: &Run<'_>,
    options: &Options,
    tag: Option<&String>,
) -> anyhow::Result<(Option<Slimmed>, Lines, Verdict)> {
    let source = &run.arguments.source;
    let (image, checks) = source.open_checked_later(run.name, options.clone(), run.bar)?;
    let tag = match tag {
        Some(tag) => tag.clone(),
        None => name_of(run.name, &image)?,
    };
    let mut slimmed = None;
    let (lines, verdict) = run.slim(image, checks, source.platform.as_ref(), |ready| {
        let result = &ready.slimmed;
        slimmed = Some(Slimmed {
            tag,
            image: result.result.clone(),
            selection: result.selection.clone(),
        });
        // All images are written together, later.
        Ok(run.destination.map(|_| Wrote::default()))
    })?;
    Ok((slimmed, lines, verdict))
}

/// The name of an image at its source.
fn name_of(argument: &str, image: &Image) -> anyhow::Result<String> {
    let reference = argument.parse::<Reference>()?.resolved();
    if let Some(name) = reference.stored_name() {
        // skopeo's `@INDEX` is not a name.
        if !name.starts_with('@') {
            return Ok(name.to_owned());
        }
    }
    if let Some(name) = reference.remote_name() {
        return Ok(name.to_string());
    }
    match &image.origin.name {
        Some(name) => Ok(name.clone()),
        None => bail!("it has no name: give each image one with `--tag`, in the same order"),
    }
}

/// The sizes of all images before and after.
fn totals(count: usize, sizes: SharedSizes) -> String {
    format!(
        "unique bytes of {count} images: {} before, {} slimmed one by one, {} with shared layers",
        size(sizes.before),
        size(sizes.alone),
        size(sizes.shared)
    )
}

fn wrote(destination: &Reference, tag: &str, written: &Written, shared: usize) -> String {
    format!(
        "wrote {destination}:{tag}, image {}; layers: {}, shared: {shared}",
        written.config_digest,
        written.layers.len()
    )
}
