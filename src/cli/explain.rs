//! `jettison explain`.

use std::fmt::Write as _;

use anyhow::bail;

use super::arguments::ExplainArguments;
use super::{Outcome, Output, output, page, rules as list};
use crate::lint::{Page, SHELLCHECK, ShellcheckCode};
use crate::rules;
use crate::slim::{KeepPage, keep_rules};

pub(super) fn run(arguments: &ExplainArguments, output: Output) -> anyhow::Result<Outcome> {
    let registry = rules::registry();
    let Some(name) = &arguments.rule else {
        output.print(&list::table(registry, output::width()))?;
        return Ok(Outcome::Clean);
    };
    let keep = keep_rules().get(name).map(|page| page::render(&keep_markdown(page), output::prose_width()));
    let mut found = registry.find(name);
    if found.is_empty() && name.parse::<ShellcheckCode>().is_ok() {
        found.extend(registry.get(SHELLCHECK));
    }
    if found.is_empty() && keep.is_none() {
        match registry.suggest(name).or_else(|| keep_rules().suggest(name)) {
            Some(near) => bail!("there is no rule `{name}`; did you mean `{near}`?"),
            None => bail!("there is no rule `{name}`; `jettison rules` lists all"),
        }
    }
    let pages = found.iter().map(|page| page::render(&markdown(page), output::prose_width()));
    let pages: Vec<String> = pages.chain(keep).collect();
    output.print(&pages.join("\n\n"))?;
    Ok(Outcome::Clean)
}

/// The page of a keep rule, with what its front matter says under its heading.
fn keep_markdown(page: &KeepPage) -> String {
    let (heading, rest) = page.body.split_once('\n').unwrap_or((page.body, ""));
    let mut facts = format!("**keep/{}**, for {}.\n\nWhat it keeps:\n\n", page.name, page.triggers());
    for (confidence, pattern) in page.patterns() {
        let _ = writeln!(facts, "- `{pattern}`, {confidence}");
    }
    format!("{heading}\n\n{facts}{rest}")
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
