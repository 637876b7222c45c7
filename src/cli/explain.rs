//! `jettison explain`.

use std::fmt::Write as _;

use anyhow::bail;

use super::arguments::ExplainArguments;
use super::{Outcome, Output, output, page, rules as list};
use crate::lint::{Page, SHELLCHECK, ShellcheckCode};
use crate::rules;

pub(super) fn run(arguments: &ExplainArguments, output: Output) -> anyhow::Result<Outcome> {
    let registry = rules::registry();
    let Some(name) = &arguments.rule else {
        output.print(&list::table(registry, output::width()))?;
        return Ok(Outcome::Clean);
    };
    let mut found = registry.find(name);
    if found.is_empty() && name.parse::<ShellcheckCode>().is_ok() {
        found.extend(registry.get(SHELLCHECK));
    }
    if found.is_empty() {
        match registry.suggest(name) {
            Some(near) => bail!("there is no rule `{name}`; did you mean `{near}`?"),
            None => bail!("there is no rule `{name}`; `jettison rules` lists all"),
        }
    }
    let pages: Vec<String> = found.iter().map(|page| page::render(&markdown(page), output::prose_width())).collect();
    output.print(&pages.join("\n\n"))?;
    Ok(Outcome::Clean)
}

/// The page, with a line under its heading that says what the front matter says.
fn markdown(page: &Page) -> String {
    let (heading, rest) = page.body.split_once('\n').unwrap_or((page.body, ""));
    let mut facts = format!("{}, {}, profile {}", page.severity, page.category, page.profile);
    if let Some(fix) = page.fix {
        let _ = write!(facts, ", {fix} fix");
    }
    let aliases: Vec<String> = page.aliases.iter().map(|alias| format!("{} {}", alias.tool, alias.code)).collect();
    let aliases = if aliases.is_empty() { String::new() } else { format!("\n\nAlso known as {}.", aliases.join(", ")) };
    format!("{heading}\n\n**{}** ({facts}){aliases}\n{rest}", page.name)
}
