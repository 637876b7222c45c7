//! `jettison slim`.

use anyhow::Context as _;

use super::arguments::{PlanArguments, SlimArguments};
use super::destination::destination;
use super::progress::Bar;
use super::source::finish;
use super::{Outcome, Output, policy};
use crate::image::{
    self, Checks, Image, IndexWriter, Options, Platform, Reference, Selection, Tree, WriteOptions,
    Written,
};
use crate::lint::image::Policy;
use crate::printable::{Lines, escape_bytes};
use crate::report;
use crate::slim::{self, Plan, PlanOptions, Slimming};

pub(super) fn run(arguments: &SlimArguments, output: Output) -> anyhow::Result<Outcome> {
    // A destination that cannot be is said before the work, not after it.
    let destination = destination(arguments)?;
    let write_options = write_options(arguments)?;
    let policy = arguments.policy.policy(output)?;
    let bar = Bar::new(output);
    // What is written may lie in the directory that is read, and is no part of it.
    let left_out = destination
        .iter()
        .map(|destination| destination.path().to_owned())
        .collect();
    let options = Options {
        left_out,
        ..arguments.limits.options()
    };
    let (summary, verdict) = if arguments.all_platforms {
        all_platforms(
            (arguments, &policy, output),
            options,
            destination.as_ref(),
            &write_options,
            &bar,
        )?
    } else {
        let (image, checks) =
            arguments
                .source
                .open_checked_later(&arguments.image, options, &bar)?;
        let platform = arguments.source.platform.as_ref();
        let write = |image: &Image, selection: &Selection| match &destination {
            Some(destination) => {
                let written = image::write(image, selection, destination, &write_options, &bar)?;
                Ok(Some((
                    wrote(destination, &written),
                    written.manifest_digest,
                )))
            }
            None => Ok(None),
        };
        slim((arguments, &policy, output), image, checks, platform, write)?
    };
    drop(bar);
    // Standard output is the image's, if it is written there.
    if destination == Some(Reference::Stream) {
        output.print_notes(summary);
    } else {
        output.print(&summary)?;
    }
    let because = match verdict {
        Verdict::Good => return Ok(Outcome::Clean),
        Verdict::BreaksPolicy => "breaks the policy",
        Verdict::WouldNotWork => "would not work as the image does",
    };
    if !arguments.force {
        output.note(format_args!(
            "nothing is written, because the result {because}; `--force` writes it"
        ));
    }
    Ok(Outcome::Found)
}

/// What was written, for people, and the digest of its manifest, where it has one.
type Wrote = (String, Option<String>);
/// What is to be said of a result, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Good,
    BreaksPolicy,
    WouldNotWork,
}

/// What is asked for, what the result has to keep, and where to speak.
type Wish<'a> = (&'a SlimArguments, &'a Policy, Output);

/// Slims one image. `write` tells what it wrote, or that it is not to write.
fn slim(
    (arguments, policy, output): Wish<'_>,
    mut image: Image,
    checks: Checks,
    platform: Option<&Platform>,
    write: impl FnOnce(&Image, &Selection) -> anyhow::Result<Option<Wrote>>,
) -> anyhow::Result<(Lines, Verdict)> {
    arguments.program.configure(&mut image, platform)?;
    let planned = planned(&image, &arguments.plan, &arguments.image);
    // Planning took the time that hashing takes. What it found in other bytes is of no interest.
    finish(checks, &arguments.image)?;
    let (slimming, failures) = planned?;
    let plan = &slimming.plan;
    let mut summary = failed(&image.tree, &failures);
    if !failures.is_empty() && !arguments.force {
        return Ok((summary, Verdict::WouldNotWork));
    }
    summary.append(&report::plan(&image.tree, plan));
    let documents = arguments.documents.prepare(&slimming)?;
    let (result, selection) = plan.result(&image);
    let broken = policy::broken(
        &slimming,
        (&result, &selection),
        &arguments.image,
        policy,
        output,
    )?;
    if let Some(broken) = &broken {
        summary.append(broken);
    }
    if broken.is_some() && !arguments.force {
        return Ok((summary, Verdict::BreaksPolicy));
    }
    let result = write(&result, &selection)?;
    if let Some((told, _)) = &result {
        summary.line(told);
    } else {
        summary.line("kept:");
        for &name in plan.kept() {
            summary.line(format_args!("  {}", escape_bytes(&image.tree.path(name))));
        }
        for record in plan.records() {
            summary.line(format_args!("  {} (generated)", escape_bytes(&record.path)));
        }
    }
    let name = arguments.tag.as_deref().unwrap_or(&arguments.image);
    if let Some(documents) = &documents {
        let digest = result.as_ref().and_then(|(_, digest)| digest.as_deref());
        summary.append(
            &arguments
                .documents
                .write(documents, name, digest, &image, plan)?,
        );
    }
    let verdict = match broken {
        _ if !failures.is_empty() => Verdict::WouldNotWork,
        Some(_) => Verdict::BreaksPolicy,
        None => Verdict::Good,
    };
    Ok((summary, verdict))
}

/// Slims the image for each platform and writes all of them, or none.
fn all_platforms(
    wish: Wish<'_>,
    options: Options,
    destination: Option<&Reference>,
    write_options: &WriteOptions,
    bar: &Bar,
) -> anyhow::Result<(Lines, Verdict)> {
    let (arguments, ..) = wish;
    let mut index = destination
        .map(|place| IndexWriter::new(place, write_options))
        .transpose()?;
    let source = arguments.source.source(&arguments.image, options, bar)?;
    let of_image = || format!("image `{}`", arguments.image);
    let platforms = source.platforms().with_context(of_image)?;
    anyhow::ensure!(
        !platforms.is_empty(),
        "image `{}` has no index, so it is for one platform",
        arguments.image
    );
    let (mut all, mut worst) = (Lines::new(), Verdict::Good);
    for platform in platforms {
        let (image, checks) = source
            .image_checked_later(&platform, bar)
            .with_context(of_image)?;
        let write = |image: &Image, selection: &Selection| match &mut index {
            Some(index) => {
                let written = index.add(image, selection, bar)?;
                let told = format!(
                    "slimmed to image {}{}",
                    written.config_digest,
                    layers_told(&written)
                );
                Ok(Some((told, written.manifest_digest)))
            }
            None => Ok(None),
        };
        let slimmed = slim(wish, image, checks, Some(&platform), write);
        let (summary, verdict) = slimmed.with_context(|| format!("for {platform}"))?;
        all.line(format_args!("{platform}:"));
        all.append(&summary);
        if verdict != Verdict::Good {
            worst = worst.max(verdict);
            if !arguments.force {
                return Ok((all, verdict));
            }
        }
    }
    if let (Some(index), Some(destination)) = (index, destination) {
        all.line(format_args!(
            "wrote {destination}, index {}",
            index.finish(bar)?
        ));
    }
    Ok((all, worst))
}

fn write_options(arguments: &SlimArguments) -> anyhow::Result<WriteOptions> {
    // Where the name alone says where the image goes, it is part of the destination.
    let tag = arguments.tag.clone().filter(|_| arguments.output.is_some());
    let origin = arguments.image.strip_prefix("docker://").map(str::to_owned);
    let connection = arguments.source.connection();
    Ok(WriteOptions {
        connection,
        origin,
        ..arguments.writing.options(tag)?
    })
}

fn wrote(destination: &Reference, written: &Written) -> String {
    match destination {
        Reference::Rootfs { .. } => format!("wrote {destination}, {} bytes", written.bytes),
        Reference::Registry { .. } => {
            let digest = written
                .manifest_digest
                .as_deref()
                .unwrap_or(&written.config_digest);
            format!(
                "wrote {destination}, manifest {digest}{}",
                layers_told(written)
            )
        }
        _ => format!(
            "wrote {destination}, image {}{}",
            written.config_digest,
            layers_told(written)
        ),
    }
}

/// Decides what of an image stays.
pub(super) fn plan(image: &Image, arguments: &PlanArguments, name: &str) -> anyhow::Result<Plan> {
    Ok(slimming(image, arguments, name)?.plan)
}

/// The same, with what is verified and documented of it.
fn slimming<'a>(
    image: &'a Image,
    arguments: &PlanArguments,
    name: &str,
) -> anyhow::Result<Slimming<'a>> {
    let options = PlanOptions {
        keep: arguments.keep.clone(),
        drop: arguments.drop.clone(),
        level: arguments.keep_level.into(),
        no_package_records: arguments.no_package_records,
    };
    Slimming::new(image, &options).with_context(|| format!("cannot slim `{name}`"))
}

/// A plan, and where it fails.
fn planned<'a>(
    image: &'a Image,
    arguments: &PlanArguments,
    name: &str,
) -> anyhow::Result<(Slimming<'a>, Vec<slim::Failure>)> {
    let slimming = slimming(image, arguments, name)?;
    let failures = slimming.verify()?;
    Ok((slimming, failures))
}

/// Where the layers of the original were kept, how many there are, and how many as they were.
fn layers_told(written: &Written) -> String {
    if written.layers.iter().all(|layer| layer.of.is_none()) {
        return String::new();
    }
    let whole = written.layers.iter().filter(|layer| layer.whole).count();
    format!("; layers: {}, unchanged: {whole}", written.layers.len())
}

pub(super) fn failed(tree: &Tree, failures: &[slim::Failure]) -> Lines {
    let mut lines = Lines::new();
    for failure in failures {
        let path = escape_bytes(&tree.path(failure.at));
        lines.line(format_args!("{path}: {}", failure.lost));
    }
    lines
}
