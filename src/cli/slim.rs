//! `jettison slim`.

use std::path::Path;

use anyhow::Context as _;

use super::arguments::{PlanArguments, SlimArguments};
use super::destination::destination;
use super::documents::Subject;
use super::policy::Slimmed;
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
    // An impossible destination is an error before the work starts, not after it.
    let destination = destination(arguments)?;
    let write_options = write_options(arguments)?;
    let policy = arguments.policy.policy(output)?;
    let bar = Bar::new(output);
    // The destination, or an earlier result, may be inside the directory that is read (`rootfs:.`).
    let left_out = destination
        .iter()
        .filter_map(Reference::path)
        .map(Path::to_owned)
        .collect();
    let options = Options {
        left_out,
        ..arguments.limits.options()
    };
    let run = Run {
        arguments,
        policy: &policy,
        destination: destination.as_ref(),
        write_options: &write_options,
        bar: &bar,
        output,
    };
    let (summary, verdict) = if arguments.all_platforms {
        run.all_platforms(options)?
    } else {
        run.one_platform(options)?
    };
    drop(bar);
    // The image itself may be written to standard output.
    if destination == Some(Reference::Stream) {
        output.print_notes(summary);
    } else {
        output.print(&summary)?;
    }
    let reason = match verdict {
        Verdict::Good => return Ok(Outcome::Clean),
        Verdict::ViolatesPolicy => "the result violates the policy",
        Verdict::FailsVerification => "the result would not work like the original",
    };
    if !arguments.force {
        output.note(format_args!("not written: {reason} (`--force` overrides)"));
    }
    Ok(Outcome::Found)
}

/// Message about a written image, and the digest of its manifest, if any.
struct Wrote {
    message: String,
    manifest_digest: Option<String>,
}

/// Assessment of a result, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Good,
    ViolatesPolicy,
    FailsVerification,
}

/// The settings of a run, which are the same for all platforms.
struct Run<'a> {
    arguments: &'a SlimArguments,
    policy: &'a Policy,
    /// `None` for a dry run.
    destination: Option<&'a Reference>,
    write_options: &'a WriteOptions,
    bar: &'a Bar,
    output: Output,
}

impl Run<'_> {
    fn one_platform(&self, options: Options) -> anyhow::Result<(Lines, Verdict)> {
        let source = &self.arguments.source;
        let (image, checks) =
            source.open_checked_later(&self.arguments.image, options, self.bar)?;
        self.slim(
            image,
            checks,
            source.platform.as_ref(),
            |image, selection| {
                let Some(destination) = self.destination else {
                    return Ok(None);
                };
                let written =
                    image::write(image, selection, destination, self.write_options, self.bar)?;
                Ok(Some(Wrote {
                    message: wrote(destination, &written),
                    manifest_digest: written.manifest_digest,
                }))
            },
        )
    }

    /// Slims the image for each platform and writes all of them, or none.
    fn all_platforms(&self, options: Options) -> anyhow::Result<(Lines, Verdict)> {
        let Self { arguments, bar, .. } = *self;
        let name = &arguments.image;
        let mut index = match self.destination {
            Some(destination) => Some(IndexWriter::new(destination, self.write_options)?),
            None => None,
        };
        let source = arguments.source.source(name, options, bar)?;
        let platforms = source
            .platforms()
            .with_context(|| format!("image `{name}`"))?;
        anyhow::ensure!(
            !platforms.is_empty(),
            "image `{name}` has no index: it is for a single platform"
        );
        let (mut all, mut worst) = (Lines::new(), Verdict::Good);
        for platform in platforms {
            let (image, checks) = source
                .image_checked_later(&platform, bar)
                .with_context(|| format!("image `{name}`"))?;
            let slimmed = self.slim(image, checks, Some(&platform), |image, selection| {
                let Some(index) = &mut index else {
                    return Ok(None);
                };
                let written = index.add(image, selection, bar)?;
                let (digest, layers) = (&written.config_digest, layer_counts(&written));
                Ok(Some(Wrote {
                    message: format!("slimmed to image {digest}{layers}"),
                    manifest_digest: written.manifest_digest,
                }))
            });
            let (summary, verdict) = slimmed.with_context(|| format!("for {platform}"))?;
            all.line(format_args!("{platform}:"));
            all.append(&summary);
            worst = worst.max(verdict);
            // An index without one of its platforms would fail on machines that run the original.
            if verdict != Verdict::Good && !arguments.force {
                return Ok((all, verdict));
            }
        }
        if let (Some(index), Some(destination)) = (index, self.destination) {
            all.line(format_args!(
                "wrote {destination}, index {}",
                index.finish(bar)?
            ));
        }
        Ok((all, worst))
    }

    /// Slims one image. `write` writes it or, for a dry run, returns `None`.
    fn slim(
        &self,
        mut image: Image,
        checks: Checks,
        platform: Option<&Platform>,
        write: impl FnOnce(&Image, &Selection) -> anyhow::Result<Option<Wrote>>,
    ) -> anyhow::Result<(Lines, Verdict)> {
        let arguments = self.arguments;
        arguments.program.configure(&mut image, platform)?;
        let planned = planned(&image, &arguments.plan, &arguments.image);
        // Digests are checked while the plan is made. A wrong digest is reported first, because the
        // plan was then based on wrong data.
        finish(checks, &arguments.image)?;
        let (slimming, failures) = planned?;
        let plan = &slimming.plan;
        let mut summary = failed(&image.tree, &failures);
        if !failures.is_empty() && !arguments.force {
            return Ok((summary, Verdict::FailsVerification));
        }
        summary.append(&report::plan(&slimming)?);
        // An export that cannot be read is an error before anything is written.
        let documents = arguments.documents.prepare(&slimming)?;
        let (result, selection) = plan.result(&image);
        let slimmed = Slimmed {
            name: &arguments.image,
            slimming: &slimming,
            result: &result,
            selection: &selection,
        };
        let violations = policy::violations(slimmed, self.policy, self.output)?;
        if let Some(violations) = &violations {
            summary.append(violations);
            if !arguments.force {
                return Ok((summary, Verdict::ViolatesPolicy));
            }
        }
        let written = write(&result, &selection)?;
        match &written {
            Some(written) => summary.line(&written.message),
            None => summary.append(&report::dry_run(&slimming)?),
        }
        if let Some(documents) = &documents {
            let subject = Subject {
                name: arguments.tag.as_deref().unwrap_or(&arguments.image),
                digest: written.and_then(|written| written.manifest_digest),
                image: &image,
                plan,
            };
            summary.append(&arguments.documents.write(documents, &subject)?);
        }
        let verdict = match violations {
            _ if !failures.is_empty() => Verdict::FailsVerification,
            Some(_) => Verdict::ViolatesPolicy,
            None => Verdict::Good,
        };
        Ok((summary, verdict))
    }
}

fn write_options(arguments: &SlimArguments) -> anyhow::Result<WriteOptions> {
    // Without `-o`, the name is the destination itself, not a tag in it.
    let tag = if arguments.output.is_some() {
        arguments.tag.clone()
    } else {
        None
    };
    // A registry can copy unchanged layers from a repository of its own.
    let origin = match arguments.image.parse()? {
        Reference::Registry(name) => Some(name),
        _ => None,
    };
    let connection = arguments.source.connection();
    Ok(WriteOptions {
        connection,
        origin,
        ..arguments.writing.options(tag)?
    })
}

fn wrote(destination: &Reference, written: &Written) -> String {
    let layers = layer_counts(written);
    match destination {
        Reference::Rootfs(_) => format!("wrote {destination}, {} bytes", written.bytes),
        // `docker pull NAME@DIGEST` takes the digest of the manifest; elsewhere, Docker shows that
        // of the configuration as the image's ID.
        Reference::Registry(_) => {
            let digest = written
                .manifest_digest
                .as_deref()
                .unwrap_or(&written.config_digest);
            format!("wrote {destination}, manifest {digest}{layers}")
        }
        _ => format!(
            "wrote {destination}, image {}{layers}",
            written.config_digest
        ),
    }
}

/// Decides which files of an image are kept.
pub(super) fn plan(image: &Image, arguments: &PlanArguments, name: &str) -> anyhow::Result<Plan> {
    Ok(slimming(image, arguments, name)?.plan)
}

/// Plans the slimming of an image; the result has the data that verification and documents need.
fn slimming<'a>(
    image: &'a Image,
    arguments: &PlanArguments,
    name: &str,
) -> anyhow::Result<Slimming<'a>> {
    let options = PlanOptions {
        keep: arguments.keep.clone(),
        drop: arguments.drop.clone(),
        level: arguments.keep_level.into(),
        keep_companions: arguments.keep_companions,
        no_package_records: arguments.no_package_records,
        modules: arguments.modules.into(),
    };
    Slimming::new(image, &options).with_context(|| format!("cannot slim `{name}`"))
}

/// Plans the slimming of an image and verifies the plan.
fn planned<'a>(
    image: &'a Image,
    arguments: &PlanArguments,
    name: &str,
) -> anyhow::Result<(Slimming<'a>, Vec<slim::Failure>)> {
    let slimming = slimming(image, arguments, name)?;
    let failures = slimming.verify()?;
    Ok((slimming, failures))
}

/// Number of layers, and of those that are unchanged, for `--layers keep`.
fn layer_counts(written: &Written) -> String {
    // By default, there is one layer, which does not correspond to a layer of the original.
    if written.layers.iter().all(|layer| layer.of.is_none()) {
        return String::new();
    }
    // Unchanged layers are shared with the original in a registry and need not be uploaded.
    let whole = written.layers.iter().filter(|layer| layer.whole).count();
    format!("; layers: {}, unchanged: {whole}", written.layers.len())
}

/// A line for each failure of a verification.
pub(super) fn failed(tree: &Tree, failures: &[slim::Failure]) -> Lines {
    let mut lines = Lines::new();
    for failure in failures {
        let path = escape_bytes(&tree.path(failure.at));
        lines.line(format_args!("{path}: {}", failure.lost));
    }
    lines
}
