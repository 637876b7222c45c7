//! `jettison explain`.

use std::fmt::Write as _;

use anstyle::Style;
use anyhow::bail;
use serde_json::{Value, json};

use super::arguments::{ExplainArguments, ListFormat};
use super::config::known_rules;
use super::{Outcome, Output, guide, output, page, rules as list};
use crate::lint::{Page, Registry, SHELLCHECK, ShellcheckCode, Tool};
use crate::page::without_images;
use crate::printable::Lines;
use crate::slim::{KeepPage, keep_rules};

/// Maximum number of rules to list for an ambiguous prefix.
const MOST_NAMES: usize = 6;

pub(super) fn run(arguments: &ExplainArguments, output: Output) -> anyhow::Result<Outcome> {
    let registry = known_rules(output);
    let text = match &arguments.rule {
        Some(name) if guide::is_guide_name(name) => guide::text(name, arguments.format)?,
        Some(name) => match name.parse::<ShellcheckCode>() {
            // Programs that read the JSON expect pages of rules, and some codes are aliases of one.
            Ok(code) if arguments.format != ListFormat::Json && registry.find(name).is_empty() => {
                shellcheck(code, arguments.format)
            }
            _ => named(registry, name, arguments.format)?,
        },
        None => listed(registry, arguments) + &guide_pages(arguments),
    };
    if arguments.format == ListFormat::Text {
        let mut page = Lines::new();
        page.styled(&text);
        output.page(&page)?;
    } else {
        Output::print_data(text.as_bytes())?;
    }
    Ok(Outcome::Clean)
}

/// The page of a ShellCheck code: its URL, and how to select and suppress it.
fn shellcheck(code: ShellcheckCode, format: ListFormat) -> String {
    let markdown = format!(
        "# ShellCheck code {code}\n\n\
         ShellCheck found a problem in a script. Its wiki describes the problem:\n\
         `https://www.shellcheck.net/wiki/{code}`.\n\n\
         To suppress it for the next instruction:\n\n\
         ```dockerfile\n# jettison ignore={code}\n```\n\n\
         To ignore it everywhere, use `--ignore {code}`, or this in `.jettison.toml`:\n\n\
         ```toml\nignore = [\"{code}\"]\n```\n\n\
         `jettison explain {SHELLCHECK}` describes how scripts are checked.\n"
    );
    match format {
        ListFormat::Text => page::render(&markdown, output::prose_width()),
        _ => markdown,
    }
}

/// The pages of the guide, after a list of all rules.
fn guide_pages(arguments: &ExplainArguments) -> String {
    let is_filtered = arguments.category.is_some() || arguments.alias_of.is_some();
    // Programs that read the JSON output expect only rules.
    if is_filtered || arguments.format == ListFormat::Json {
        return String::new();
    }
    let list = guide::listed(arguments.format);
    match arguments.format {
        ListFormat::Text => format!("\n{list}"),
        _ => list,
    }
}

/// The pages with a name: lint rules, or a keep rule of `slim`.
fn named(registry: &Registry, name: &str, format: ListFormat) -> anyhow::Result<String> {
    let Some(keep) = keep_rules().get(name) else {
        return Ok(pages(&find(registry, name)?, format));
    };
    let rules = registry.find(name);
    Ok(match format {
        ListFormat::Json => {
            let kept = json!({ "name": format!("keep/{}", keep.name), "markdown": keep.body });
            let rows: Vec<Value> = rules.iter().map(|page| whole(page)).chain([kept]).collect();
            format!("{:#}\n", Value::from(rows))
        }
        ListFormat::Markdown => pages(&rules, format) + &keep_markdown(keep),
        ListFormat::Text => {
            let rendered = page::render(&keep_markdown(keep), output::prose_width());
            if rules.is_empty() {
                rendered
            } else {
                pages(&rules, format) + "\n\n" + &rendered
            }
        }
    })
}

/// The page of a keep rule, with its triggers below the heading and its patterns before the
/// sources.
fn keep_markdown(page: &KeepPage) -> String {
    let (heading, rest) = page.body.split_once('\n').unwrap_or((page.body, ""));
    let text = without_images(rest);
    let (text, sources) = text.split_once("\n## Sources\n").unwrap_or((&text, ""));
    let triggers = format!("**keep/{}** applies to {}.", page.name, page.triggers());
    let mut files = String::new();
    for (confidence, pattern) in page.patterns() {
        let _ = writeln!(files, "- `{pattern}` ({confidence})");
    }
    // A page may describe only files that the image need not contain: `provided-by-the-runtime`.
    if !files.is_empty() {
        files.insert_str(0, "\n## Kept files\n\n");
    }
    let mut written = String::new();
    for (lifetime, pattern) in page.written() {
        let _ = writeln!(written, "- `{pattern}` ({lifetime})");
    }
    if !written.is_empty() {
        written.insert_str(0, "\n## Written at run time\n\n");
    }
    let mut ports = String::new();
    for port in page.listened() {
        let _ = writeln!(ports, "- `{port}`");
    }
    if !ports.is_empty() {
        ports.insert_str(0, "\n## Listens on\n\n");
    }
    format!("{heading}\n\n{triggers}\n{text}{files}{written}{ports}\n## Sources\n{sources}")
}

/// The rules with a name, with another tool's code, or with a unique prefix.
fn find<'r>(registry: &'r Registry, name: &str) -> anyhow::Result<Vec<&'r Page>> {
    let mut found = registry.find(name);
    if found.is_empty() && name.parse::<ShellcheckCode>().is_ok() {
        found.extend(registry.get(SHELLCHECK));
    }
    if !found.is_empty() {
        return Ok(found);
    }
    let started = registry.starting_with(name);
    if let [_] = started.as_slice() {
        return Ok(started);
    }
    let near = if started.is_empty() {
        registry.near(name)
    } else {
        started.iter().map(|page| page.name).collect()
    };
    // A task such as `slim` is a page of the guide, not a rule.
    let other = keep_rules()
        .suggest(name)
        .map(|near| format!("keep/{near}"))
        .or_else(|| guide::suggest(name));
    match (alternatives(&near), other) {
        (Some(names), _) => bail!("there is no rule `{name}`; did you mean {names}?"),
        (None, Some(page)) => bail!("there is no rule `{name}`; did you mean `{page}`?"),
        (None, None) => bail!("there is no rule `{name}`; `jettison explain` lists all rules"),
    }
}

/// `a`, `b` or `c`; `None` for an empty list.
fn alternatives(names: &[&str]) -> Option<String> {
    let mut quoted: Vec<String> = names
        .iter()
        .take(MOST_NAMES)
        .map(|name| format!("`{name}`"))
        .collect();
    if names.len() > MOST_NAMES {
        quoted.push(format!("{} others", names.len() - MOST_NAMES));
    }
    let last = quoted.pop()?;
    Some(if quoted.is_empty() {
        last
    } else {
        format!("{} or {last}", quoted.join(", "))
    })
}

fn pages(pages: &[&Page], format: ListFormat) -> String {
    match format {
        ListFormat::Text => {
            let rendered = pages
                .iter()
                .map(|page| page::render(&markdown(page), output::prose_width()));
            rendered.collect::<Vec<_>>().join("\n\n")
        }
        ListFormat::Markdown => pages
            .iter()
            .map(|page| markdown(page))
            .collect::<Vec<_>>()
            .join("\n"),
        ListFormat::Json => format!(
            "{:#}\n",
            Value::from(pages.iter().map(|page| whole(page)).collect::<Vec<_>>())
        ),
    }
}

/// All data about a rule, including its page as Markdown.
fn whole(page: &Page) -> Value {
    let mut row = list::row(page);
    let code =
        |alias: &crate::lint::Alias| json!({ "tool": alias.tool.as_str(), "code": alias.code });
    row["aliases"] = page.aliases.iter().map(code).collect();
    row["markdown"] = page.body.into();
    row
}

fn listed(registry: &Registry, arguments: &ExplainArguments) -> String {
    let is_meant = |page: &&Page| {
        let stands_for = |tool| page.aliases.iter().any(|alias| alias.tool == tool);
        arguments
            .category
            .is_none_or(|category| page.category == category)
            && arguments.alias_of.is_none_or(stands_for)
    };
    let pages: Vec<&Page> = registry
        .iter()
        .map(|(_, page)| page)
        .filter(is_meant)
        .collect();
    match (arguments.format, arguments.alias_of) {
        (ListFormat::Json, _) => {
            format!(
                "{:#}\n",
                Value::from(pages.into_iter().map(list::row).collect::<Vec<_>>())
            )
        }
        (ListFormat::Markdown, tool) => {
            let line = |page: &&Page| {
                let codes = codes(page, tool).join("`, `");
                let codes = if codes.is_empty() {
                    codes
                } else {
                    format!(" (`{codes}`)")
                };
                format!("- `{}`: {}{codes}\n", page.name, page.title)
            };
            pages.iter().map(line).collect::<Vec<_>>().concat()
        }
        (ListFormat::Text, Some(tool)) => by_code(&pages, tool, output::width()),
        (ListFormat::Text, None) => list::table(&pages, output::width()),
    }
}

fn codes(page: &Page, tool: Option<Tool>) -> Vec<&'static str> {
    page.aliases
        .iter()
        .filter(|alias| Some(alias.tool) == tool)
        .map(|alias| alias.code)
        .collect()
}

/// An entry for each code of another tool: the code, the name of the rule, its severity and title.
fn by_code(pages: &[&Page], tool: Tool, width: usize) -> String {
    let mut rows: Vec<(&str, &Page)> = pages
        .iter()
        .flat_map(|page| {
            codes(page, Some(tool))
                .into_iter()
                .map(move |code| (code, *page))
        })
        .collect();
    rows.sort_by_key(|(code, page)| (*code, page.name));
    let codes = rows
        .iter()
        .map(|(code, _)| code.len())
        .max()
        .unwrap_or_default();
    let names = rows
        .iter()
        .map(|(_, page)| page.name.len())
        .max()
        .unwrap_or_default();
    let heading = Style::new().bold().underline();
    let mut out = format!("{heading}{tool}{heading:#}\n");
    for (code, page) in rows {
        let start = format!(
            "  {code:codes$}  {:names$}  {:7}  ",
            page.name,
            page.severity.as_str()
        );
        list::push_entry(&mut out, &start, page.title, width);
    }
    out
}

/// The page, with a line below its heading that shows the front matter.
fn markdown(page: &Page) -> String {
    let (heading, rest) = page.body.split_once('\n').unwrap_or((page.body, ""));
    let mut facts = page.severity.to_string();
    if let Some(severity) = page.minimal_severity {
        let _ = write!(facts, " ({severity} in the minimal profile)");
    }
    let _ = write!(facts, ", {}, profile {}", page.category, page.profile);
    if let Some(fix) = page.fix {
        let _ = write!(facts, ", {fix} fix");
    }
    let mut aliases = page.aliases_text();
    if !aliases.is_empty() {
        aliases = format!("\n\nAlso known as {aliases}.");
    }
    let rest = without_images(rest);
    format!("{heading}\n\n**{}** ({facts}){aliases}\n{rest}", page.name)
}
