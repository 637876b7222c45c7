//! `jettison slim`.

use std::path::Path;

use anyhow::Context as _;

use super::arguments::SlimArguments;
use super::attest::{self, Attester, Names, Ready};
use super::destination::{destination, rest};
use super::documents::{Documents, Subject};
use super::policy::Slimmed;
use super::progress::Bar;
use super::source::finish;
use super::test::{Planning, Prepared, Verified};
use super::{Outcome, Output, policy, shared, states};
use crate::evidence::Record;
use crate::image::{
    self, Checks, Config, Image, IndexWriter, LEAST_LINKED, Options, Platform, Reference, Rest,
    Source, Tree, WriteOptions, Written,
};
use crate::lint::image::Policy;
use crate::printable::{Lines, escape_bytes};
use crate::report;
use crate::size::size;
use crate::slim::{self, Plan, PlanOptions, Slimming};

pub(super) fn run(arguments: &SlimArguments, output: Output) -> anyhow::Result<Outcome> {
    // An impossible destination is an error before the work starts, not after it.
    let destination = destination(arguments)?;
    let rest = rest(arguments, destination.as_ref())?;
    shared::check(arguments, destination.as_ref())?;
    let has_advisories = arguments.documents.has_advisories();
    let attester = arguments
        .attest
        .prepare(destination.as_ref(), has_advisories)?;
    let write_options = write_options(arguments)?;
    let policy = arguments.policy.policy(output)?;
    let tests = arguments.tests.prepare()?;
    let plan_options = arguments.plan.options(&arguments.image)?;
    let bar = Bar::new(output);
    // The destination, or an earlier result, may be inside the directory that is read (`rootfs:.`).
    let left_out = [&destination, &rest]
        .into_iter()
        .flatten()
        .filter_map(Reference::path)
        .map(Path::to_owned)
        .collect();
    let options = Options {
        left_out,
        ..arguments.limits.options()
    };
    let run = Run {
        arguments,
        name: &arguments.image,
        policy: &policy,
        plan_options: &plan_options,
        tests: tests.as_ref(),
        destination: destination.as_ref(),
        rest: rest.as_ref(),
        attester: attester.as_ref(),
        write_options: &write_options,
        bar: &bar,
        output,
    };
    let (summary, verdict) = if arguments.shared {
        shared::all(&run, &options)?
    } else if arguments.all_platforms {
        run.all_platforms(options)?
    } else {
        run.one_platform(options)?
    };
    drop(bar);
    // The image itself may be written to standard output.
    if [destination, rest].contains(&Some(Reference::Stream)) {
        output.print_notes(summary);
    } else {
        output.print(&summary)?;
    }
    let reason = match verdict {
        Verdict::Good => return Ok(Outcome::Clean),
        Verdict::ViolatesPolicy => "the result violates the policy",
        Verdict::FailsVerification => "the result would not work like the original",
        Verdict::FailsTest => "a test fails with the result",
    };
    if !arguments.force {
        output.note(format_args!("not written: {reason} (`--force` overrides)"));
    }
    Ok(Outcome::Found)
}

/// Messages about written images, and the digest of the slimmed one's manifest, if any.
#[derive(Default)]
pub(super) struct Wrote {
    messages: Vec<String>,
    manifest_digest: Option<String>,
}

/// Assessment of a result, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    Good,
    ViolatesPolicy,
    FailsVerification,
    FailsTest,
}

/// The settings of a run, which are the same for all platforms.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) arguments: &'a SlimArguments,
    /// The image, as named on the command line.
    pub(super) name: &'a str,
    policy: &'a Policy,
    plan_options: &'a PlanOptions,
    tests: Option<&'a Prepared<'a>>,
    /// `None` for a dry run.
    pub(super) destination: Option<&'a Reference>,
    /// The destination of what is left out, if it is written.
    rest: Option<&'a Reference>,
    attester: Option<&'a Attester>,
    pub(super) write_options: &'a WriteOptions,
    pub(super) bar: &'a Bar,
    output: Output,
}

impl<'a> Run<'a> {
    /// The same settings for another image.
    pub(super) fn named(self, name: &'a str) -> Self {
        Self { name, ..self }
    }

    fn one_platform(&self, options: Options) -> anyhow::Result<(Lines, Verdict)> {
        let arguments = &self.arguments.source;
        let limits = options.limits.clone();
        let source = arguments.source(self.name, options, self.bar)?;
        let (mut image, checks) = arguments.image_of(&source, self.name, self.bar)?;
        if let Some(states) = &self.arguments.states {
            image
                .divide(states::read(states)?, &limits)
                .context("cannot compare the steps of the build")?;
        }
        // Only an index can hold attestations.
        let index = match (self.destination, self.attester) {
            (Some(destination), Some(attester)) if attester.attaches() => {
                Some(self.index(destination)?)
            }
            _ => None,
        };
        let platform = arguments.platform.as_ref();
        self.slim(image, checks, platform, |ready| match self.destination {
            Some(destination) => {
                let wrote = self.write_one(ready, &source, destination, index)?;
                Ok(Some(wrote))
            }
            None => Ok(None),
        })
    }

    /// Writes a slimmed image, its attestations if there is an index for them, and its rest.
    fn write_one(
        &self,
        ready: &Ready<'_>,
        source: &Source,
        destination: &Reference,
        index: Option<IndexWriter>,
    ) -> anyhow::Result<Wrote> {
        let slimmed = &ready.slimmed;
        let rest = self.planned_rest(slimmed, ready.config)?;
        let (image, selection, bar) = (slimmed.result, slimmed.selection, self.bar);
        let beside = rest.as_ref().map(|(rest, _)| rest.of_slimmed());
        let names = self.names(source, destination);
        let (written, mut messages) =
            if let (Some(mut index), Some(attester)) = (index, self.attester) {
                let written = index.add(image, selection, beside, bar)?;
                let attested = attester.attach(&mut index, &written, ready, &names)?;
                let (digest, layers) = (&written.config_digest, layer_counts(&written));
                let slimmed = format!("slimmed to image {digest}{layers}");
                let index = format!("wrote {destination}, index {}", index.finish(bar)?);
                (written, vec![slimmed, attested, index])
            } else {
                let options = WriteOptions {
                    rest: beside,
                    ..self.write_options.clone()
                };
                let written = image::write(image, selection, destination, &options, bar)?;
                let message = wrote(destination, &written);
                (written, vec![message])
            };
        if let Some(attester) = self.attester {
            attester.write_file(&written, ready, &names)?;
        }
        if let Some((rest, place)) = rest {
            let options = rest_options(rest, destination, &written, self.write_options);
            let written = image::write(image, selection, place, &options, bar)?;
            messages.push(wrote_rest(place, &written));
        }
        Ok(Wrote {
            messages,
            manifest_digest: written.manifest_digest,
        })
    }

    /// The names of the two images for statements.
    fn names<'n>(&self, source: &'n Source, destination: &Reference) -> Names<'n> {
        let tag = self.arguments.tag.first().cloned();
        Names {
            source,
            result: tag.or_else(|| destination.image_name()),
        }
    }

    fn index(&self, destination: &Reference) -> anyhow::Result<IndexWriter> {
        let index = IndexWriter::new(destination, self.write_options);
        index.context("cannot attach attestations (`--attest-file` writes the statement to a file)")
    }

    /// Slims the image for each platform and writes all of them, or none.
    fn all_platforms(&self, options: Options) -> anyhow::Result<(Lines, Verdict)> {
        let Self { arguments, bar, .. } = *self;
        let name = &arguments.image;
        let mut index = match self.destination {
            Some(destination) => Some(IndexWriter::new(destination, self.write_options)?),
            None => None,
        };
        let mut rest_index = match self.rest {
            Some(rest) => {
                let nameless = WriteOptions {
                    tag: None,
                    ..self.write_options.clone()
                };
                Some(IndexWriter::new(rest, &nameless)?)
            }
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
            let slimmed = self.slim(image, checks, Some(&platform), |ready| {
                let (Some(index), Some(destination)) = (&mut index, self.destination) else {
                    return Ok(None);
                };
                let slimmed = &ready.slimmed;
                let rest = self.planned_rest(slimmed, ready.config)?;
                let (image, selection) = (slimmed.result, slimmed.selection);
                let beside = rest.as_ref().map(|(rest, _)| rest.of_slimmed());
                let written = index.add(image, selection, beside, bar)?;
                if let (Some((rest, _)), Some(index)) = (rest, &mut rest_index) {
                    index.add(image, selection, Some(rest.above(&written.layers)), bar)?;
                }
                let (digest, layers) = (&written.config_digest, layer_counts(&written));
                let mut messages = vec![format!("slimmed to image {digest}{layers}")];
                if let Some(attester) = self.attester {
                    let names = self.names(&source, destination);
                    messages.push(attester.attach(index, &written, ready, &names)?);
                } else {
                    attest::carry(index, &source, ready)?;
                }
                Ok(Some(Wrote {
                    messages,
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
        for (index, destination) in [(index, self.destination), (rest_index, self.rest)] {
            if let (Some(index), Some(destination)) = (index, destination) {
                all.line(format_args!(
                    "wrote {destination}, index {}",
                    index.finish(bar)?
                ));
            }
        }
        Ok((all, worst))
    }

    /// Plans the rest of a slimmed image, if it is wanted. `config` is that of the original.
    fn planned_rest(
        &self,
        slimmed: &Slimmed<'_>,
        config: &Config,
    ) -> anyhow::Result<Option<(Rest, &Reference)>> {
        let Some(destination) = self.rest else {
            return Ok(None);
        };
        let (original, epoch) = (slimmed.slimming.image, self.write_options.epoch);
        let (result, selection) = (slimmed.result, slimmed.selection);
        let rest = Rest::new(original, result, selection, epoch, LEAST_LINKED)?;
        // A directory has no configuration but that of the options.
        let rest = if original.layers.is_empty() {
            rest
        } else {
            rest.with_config(config.clone())
        };
        Ok(Some((rest, destination)))
    }

    /// Slims one image. `write` writes it or, for a dry run, returns `None`.
    pub(super) fn slim(
        &self,
        mut image: Image,
        checks: Checks,
        platform: Option<&Platform>,
        write: impl FnOnce(&Ready<'_>) -> anyhow::Result<Option<Wrote>>,
    ) -> anyhow::Result<(Lines, Verdict)> {
        let arguments = self.arguments;
        let config = image.config.clone();
        arguments.program.configure(&mut image, platform)?;
        let options = self.plan_options;
        let make = |options: &PlanOptions| {
            let healed = arguments.tests.options(options, &image.tree);
            planned(&image, &healed, self.name)
        };
        let planned = make(options);
        // Digests are checked while the plan is made. A wrong digest is reported first, because the
        // plan was then based on wrong data.
        finish(checks, self.name)?;
        let planning = Planning {
            image: &image,
            options,
            planner: &make,
        };
        let ((slimming, failures), record) = self.tested(&planning, planned?)?;
        let plan = &slimming.plan;
        let mut summary = failed(&image.tree, &failures);
        if !failures.is_empty() && !arguments.force {
            return Ok((summary, Verdict::FailsVerification));
        }
        summary.append(&results(record.as_ref(), &slimming)?);
        let passes = record.as_ref().is_none_or(Record::has_passed);
        if !passes && !arguments.force {
            return Ok((summary, Verdict::FailsTest));
        }
        summary.append(&report::plan(&slimming)?);
        // An export that cannot be read is an error before anything is written.
        let are_attested = self.attester.is_some_and(Attester::needs_documents);
        let documents = arguments.documents.prepare(&slimming, are_attested)?;
        let (result, selection) = plan.result(&image);
        let slimmed = Slimmed {
            name: self.name,
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
        let written = write(&Ready {
            slimmed,
            config: &config,
            documents: documents.as_ref(),
            record: record.as_ref(),
            options,
        })?;
        match &written {
            Some(written) => written
                .messages
                .iter()
                .for_each(|message| summary.line(message)),
            None => summary.append(&report::dry_run(&slimming)?),
        }
        if let Some(documents) = &documents {
            let digest = written.and_then(|written| written.manifest_digest);
            summary.append(&self.write_documents(documents, &slimmed, digest, record.as_ref())?);
        }
        let verdict = match violations {
            _ if !passes => Verdict::FailsTest,
            _ if !failures.is_empty() => Verdict::FailsVerification,
            Some(_) => Verdict::ViolatesPolicy,
            None => Verdict::Good,
        };
        Ok((summary, verdict))
    }

    /// Writes the documents about an image. `digest` is that of its manifest.
    fn write_documents(
        &self,
        documents: &Documents<'_>,
        slimmed: &Slimmed<'_>,
        digest: Option<String>,
        tests: Option<&Record>,
    ) -> anyhow::Result<Lines> {
        let arguments = self.arguments;
        let subject = Subject {
            name: arguments.tag.first().map_or(self.name, String::as_str),
            digest,
            image: slimmed.slimming.image,
            plan: &slimmed.slimming.plan,
            tests,
        };
        arguments.documents.write(documents, &subject)
    }

    /// Runs the tests, if there are any. The plan that is returned may have more files.
    fn tested<'i>(
        &self,
        planning: &Planning<'_, 'i>,
        planned: Verified<'i>,
    ) -> anyhow::Result<(Verified<'i>, Option<Record>)> {
        match self.tests {
            Some(tests) if planned.1.is_empty() || self.arguments.force => {
                let (planned, record) = tests.run(planning, planned, self.bar, self.output)?;
                Ok((planned, Some(record)))
            }
            _ => Ok((planned, None)),
        }
    }
}

/// Lines about the tests of an image.
fn results(record: Option<&Record>, slimming: &Slimming<'_>) -> anyhow::Result<Lines> {
    let Some(record) = record else {
        return Ok(Lines::new());
    };
    let tree = &slimming.image.tree;
    Ok(report::image_tests(record, tree, slimming.packages()?))
}

fn write_options(arguments: &SlimArguments) -> anyhow::Result<WriteOptions> {
    // Without `-o`, the name is the destination itself, not a tag in it.
    let tag = if arguments.output.is_some() {
        arguments.tag.first().cloned()
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

pub(super) fn wrote(destination: &Reference, written: &Written) -> String {
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

/// Options for the rest of an image that was written.
fn rest_options(
    rest: Rest,
    slimmed: &Reference,
    written: &Written,
    options: &WriteOptions,
) -> WriteOptions {
    // The layers of the slimmed image have just been sent to its repository.
    let origin = match slimmed {
        Reference::Registry(name) => Some(name.clone()),
        _ => options.origin.clone(),
    };
    WriteOptions {
        tag: None,
        origin,
        rest: Some(rest.above(&written.layers)),
        ..options.clone()
    }
}

fn wrote_rest(destination: &Reference, written: &Written) -> String {
    let added = written.layers.last().map_or(0, |layer| layer.stored_size);
    let wrote = wrote(destination, written);
    format!("{wrote}; it adds {} to the slimmed image", size(added))
}

/// Decides which files of an image are kept.
pub(super) fn plan(image: &Image, options: &PlanOptions, name: &str) -> anyhow::Result<Plan> {
    Ok(slimming(image, options, name)?.plan)
}

/// Plans the slimming of an image; the result has the data that verification and documents need.
pub(super) fn slimming<'a>(
    image: &'a Image,
    options: &PlanOptions,
    name: &str,
) -> anyhow::Result<Slimming<'a>> {
    Slimming::new(image, options).with_context(|| format!("cannot slim `{name}`"))
}

/// Plans the slimming of an image and verifies the plan.
fn planned<'a>(
    image: &'a Image,
    options: &PlanOptions,
    name: &str,
) -> anyhow::Result<(Slimming<'a>, Vec<slim::Failure>)> {
    let slimming = slimming(image, options, name)?;
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
