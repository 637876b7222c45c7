//! `jettison why-not`.

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
use crate::printable::Lines;
use crate::slim::{Plan, keep_rules};

/// Check that a file in an image is not kept, and show what would keep it
#[derive(Args, Debug)]
#[command(
    after_help = "Exit status: 0 the file is not kept, 1 it is kept, 2 error.

Example:
  jettison why-not app.tar /usr/share/zoneinfo/Asia/Tokyo --keep-level likely"
)]
pub(super) struct WhyNotArguments {
    /// Image to read
    image: String,
    /// Path in the image
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
    let options = arguments.plan.options(&arguments.image)?;
    let bar = Bar::new(output);
    let mut image = arguments
        .source
        .open(&arguments.image, arguments.limits.options(), &bar)?;
    arguments
        .program
        .configure(&mut image, arguments.source.platform.as_ref())?;
    let tree = &image.tree;
    // A path that does not exist is an error: it is neither kept nor dropped.
    let resolved = tree
        .resolve_link(arguments.path.as_bytes())
        .with_context(|| format!("in `{}`", arguments.image))?;
    let plan = plan(&image, &options, &arguments.image)?;
    drop(bar);
    if plan.is_kept(resolved.name) {
        let mut lines = Lines::new();
        lines.line("it is kept");
        lines.append(&links(tree, &plan.why(resolved.name)));
        output.print(&lines)?;
        // The user asked why the file is not kept, so a kept file is the unexpected result.
        return Ok(Outcome::Found);
    }
    output.print(&reasons(tree, &plan, resolved.name))?;
    Ok(Outcome::Clean)
}

/// Ways to keep a file: reasons of lower confidence, a keep rule, or the user.
fn reasons(tree: &Tree, plan: &Plan, name: NameId) -> Lines {
    let path = tree.path(name);
    let mut out = Lines::new();
    out.line(format_args!("{} is not kept", shown(tree, name)));
    let unsure = plan.why_at_any_level(name);
    // A chain has the level of its least certain link, which compares as the highest.
    if let Some(level) = unsure.iter().map(|link| link.why.confidence()).max() {
        out.line(format_args!("`--keep-level {level}` would keep it:"));
        out.append(&links(tree, &unsure));
        out.line("");
    }
    for rule in keep_rules().naming(&path) {
        out.line(format_args!(
            "keep rule `{}` covers it, but does not apply here: it applies to {}",
            rule.name,
            rule.triggers()
        ));
    }
    out.line(format_args!(
        "`--keep '{}'` would keep it",
        shown(tree, name)
    ));
    out
}
