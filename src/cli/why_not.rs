//! `jettison why-not`.

use std::fmt::Write as _;

use anyhow::Context as _;
use clap::Args;

use super::arguments::PlanArguments;
use super::limits::LimitArguments;
use super::program::ProgramArguments;
use super::progress::Bar;
use super::slim::plan;
use super::source::SourceArguments;
use super::why::{links, shown};
use super::{Outcome, Output};
use crate::image::{NameId, Tree};
use crate::slim::{Plan, keep_rules};

/// Say why a file of an image is not kept, and what would keep it
#[derive(Args, Debug)]
#[command(
    after_help = "Exit status: 0 the file is not kept, 1 it is, 2 could not do it.

Example:
  jettison why-not app.tar /usr/share/zoneinfo/Asia/Tokyo --keep-level likely"
)]
pub(super) struct WhyNotArguments {
    /// The image
    image: String,
    /// A path in the image
    path: String,
    #[command(flatten)]
    plan: PlanArguments,
    #[command(flatten)]
    program: ProgramArguments,
    #[command(flatten)]
    source: SourceArguments,
    #[command(flatten)]
    limits: LimitArguments,
}

pub(super) fn run(arguments: &WhyNotArguments, output: Output) -> anyhow::Result<Outcome> {
    let bar = Bar::new(output);
    let mut image = arguments
        .source
        .open(&arguments.image, arguments.limits.options(), &bar)?;
    arguments
        .program
        .configure(&mut image, arguments.source.platform.as_ref())?;
    let tree = &image.tree;
    let resolved = tree
        .resolve_link(arguments.path.as_bytes())
        .with_context(|| format!("in `{}`", arguments.image))?;
    let plan = plan(&image, &arguments.plan, &arguments.image)?;
    drop(bar);
    if plan.is_kept(resolved.name) {
        output.print(&format!(
            "it is kept\n{}",
            links(tree, &plan.why(resolved.name))
        ))?;
        return Ok(Outcome::Found);
    }
    output.print(&reasons(tree, &plan, resolved.name))?;
    Ok(Outcome::Clean)
}

/// What would keep it: less sure reasons, a rule, or the user.
fn reasons(tree: &Tree, plan: &Plan, name: NameId) -> String {
    let path = tree.path(name);
    let mut out = format!("{} is not kept\n", shown(tree, name));
    let unsure = plan.why_at_any_level(name);
    if let Some(level) = unsure.iter().map(|link| link.why.confidence()).max() {
        let _ = writeln!(
            out,
            "`--keep-level {level}` would keep it:\n{}",
            links(tree, &unsure)
        );
    }
    for rule in keep_rules().naming(&path) {
        let _ = writeln!(
            out,
            "the rule `{}` covers it, but does not apply here: it is for {}",
            rule.name,
            rule.triggers()
        );
    }
    let _ = writeln!(out, "`--keep '{}'` keeps it", shown(tree, name));
    out
}
