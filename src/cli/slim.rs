//! `jettison slim`.

use std::fmt::Write as _;

use anyhow::Context as _;

use super::arguments::{PlanArguments, SlimArguments};
use super::progress::Bar;
use super::{Outcome, Output};
use crate::image::{self, Image, Options, Reference, Tree, WriteOptions};
use crate::report;
use crate::slim::{self, Plan, PlanOptions};

pub(super) fn run(arguments: &SlimArguments, output: Output) -> anyhow::Result<Outcome> {
    // A destination that cannot be is said before the work, not after it.
    let destination: Option<Reference> = arguments.output.as_deref().map(str::parse).transpose()?;
    let bar = Bar::new(output);
    let image = open(&arguments.image, &bar)?;
    let plan = plan(&image, &arguments.plan, &arguments.image)?;
    let failures = slim::verify(&image, &plan)?;
    if !failures.is_empty() {
        drop(bar);
        output.print(&failed(&image.tree, &failures))?;
        output.note("nothing is written, because the result would not work as the image does");
        return Ok(Outcome::Found);
    }
    let mut summary = report::plan(&image.tree, &plan);
    match destination {
        Some(destination) if !arguments.dry_run => {
            let options = WriteOptions { tag: arguments.tag.clone(), ..WriteOptions::default() };
            let (result, selection) = plan.result(&image);
            let written = image::write(&result, &selection, &destination, &options, &bar)?;
            let _ = writeln!(summary, "wrote {destination}, image {}", written.config_digest);
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
    Ok(Outcome::Clean)
}

/// Reads the image that an argument names.
pub(super) fn open(argument: &str, bar: &Bar) -> anyhow::Result<Image> {
    let reference: Reference = argument.parse()?;
    Image::open(&reference, &Options::default(), bar).with_context(|| format!("image `{argument}`"))
}

/// Decides what of an image stays.
pub(super) fn plan(image: &Image, arguments: &PlanArguments, name: &str) -> anyhow::Result<Plan> {
    let options = PlanOptions { keep: arguments.keep.clone(), no_package_records: arguments.no_package_records };
    slim::plan(image, &options).with_context(|| format!("cannot slim `{name}`"))
}

fn failed(tree: &Tree, failures: &[slim::Failure]) -> String {
    let line = |failure: &slim::Failure| format!("{}: {}\n", tree.path(failure.at).escape_ascii(), failure.lost);
    failures.iter().map(line).collect()
}
