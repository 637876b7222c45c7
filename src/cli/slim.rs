//! `jettison slim`.

use std::fmt::Write as _;

use anyhow::Context as _;

use super::arguments::{PlanArguments, SlimArguments};
use super::progress::Bar;
use super::{Outcome, Output};
use crate::image::{self, Image, Limits, Options, Reference, Tree, Written};
use crate::report;
use crate::slim::{self, Plan, PlanOptions};

pub(super) fn run(arguments: &SlimArguments, output: Output) -> anyhow::Result<Outcome> {
    // A destination that cannot be is said before the work, not after it.
    let destination: Option<Reference> = arguments.output.as_deref().map(str::parse).transpose()?;
    let options = arguments.writing.options(arguments.tag.clone())?;
    let bar = Bar::new(output);
    let image = open_within(&arguments.image, arguments.limits.limits(), &bar)?;
    let plan = plan(&image, &arguments.plan, &arguments.image)?;
    let failures = slim::verify(&image, &plan)?;
    if !failures.is_empty() && !arguments.force {
        drop(bar);
        output.print(&failed(&image.tree, &failures))?;
        output.note("nothing is written, because the result would not work as the image does; `--force` writes it");
        return Ok(Outcome::Found);
    }
    let mut summary = failed(&image.tree, &failures);
    summary.push_str(&report::plan(&image.tree, &plan));
    match destination {
        Some(destination) if !arguments.dry_run => {
            let (result, selection) = plan.result(&image);
            let written = image::write(&result, &selection, &destination, &options, &bar)?;
            let _ = write!(summary, "wrote {destination}, image {}", written.config_digest);
            summary.push_str(&layers_told(&written));
        }
        _ => {
            summary.push_str("kept:\n");
            for &name in plan.kept() {
                let _ = writeln!(summary, "  {}", image.tree.path(name).escape_ascii());
            }
            for record in plan.records() {
                let _ = writeln!(summary, "  {} (generated)", record.path.escape_ascii());
            }
        }
    }
    let name = arguments.tag.as_deref().unwrap_or(&arguments.image);
    arguments.documents.write(name, &image, &plan)?;
    drop(bar);
    output.print(&summary)?;
    Ok(if failures.is_empty() { Outcome::Clean } else { Outcome::Found })
}

/// Reads the image that an argument names.
pub(super) fn open_within(argument: &str, limits: Limits, bar: &Bar) -> anyhow::Result<Image> {
    let reference: Reference = argument.parse()?;
    Image::open(&reference, &Options { limits, ..Options::default() }, bar)
        .with_context(|| format!("image `{argument}`"))
}

/// Decides what of an image stays.
pub(super) fn plan(image: &Image, arguments: &PlanArguments, name: &str) -> anyhow::Result<Plan> {
    let options = PlanOptions {
        keep: arguments.keep.clone(),
        drop: arguments.drop.clone(),
        level: arguments.keep_level.into(),
        no_package_records: arguments.no_package_records,
    };
    slim::plan(image, &options).with_context(|| format!("cannot slim `{name}`"))
}

/// Where the layers of the original were kept, how many there are, and how many as they were.
fn layers_told(written: &Written) -> String {
    if written.layers.iter().all(|layer| layer.of.is_none()) {
        return "\n".to_owned();
    }
    let whole = written.layers.iter().filter(|layer| layer.whole).count();
    format!("; layers: {}, unchanged: {whole}\n", written.layers.len())
}

pub(super) fn failed(tree: &Tree, failures: &[slim::Failure]) -> String {
    let line = |failure: &slim::Failure| format!("{}: {}\n", tree.path(failure.at).escape_ascii(), failure.lost);
    failures.iter().map(line).collect()
}
