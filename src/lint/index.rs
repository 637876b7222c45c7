//! The index of all rules, as Markdown.

use std::fmt::Write as _;

use super::page::Category;
use super::registry::Registry;

/// `rules/README.md`: one table per category, one row per rule.
///
/// `folder` is where a rule's page is.
pub fn index_markdown(registry: &Registry, folder: impl Fn(&str) -> &'static str) -> String {
    let mut text = String::from(
        "# Rules\n\nGenerated from the pages in [`lint/`](lint) and [`image/`](image) by `make rules`. \
         `jettison explain NAME` prints a page; every name and every alias works wherever a rule is named.\n",
    );
    for category in Category::ALL {
        let mut pages = registry.iter().map(|(_, page)| page).filter(|page| page.category == category).peekable();
        if pages.peek().is_none() {
            continue;
        }
        write_to(&mut text, format_args!("\n## {category}\n\n| rule | says | severity | profile | fix | aliases |\n"));
        text.push_str("|---|---|---|---|---|---|\n");
        for page in pages {
            let fix = page.fix.map_or("", super::Applicability::as_str);
            let aliases: Vec<String> = page.aliases.iter().map(|alias| format!("`{}`", alias.code)).collect();
            let (name, title, severity, profile) = (page.name, page.title, page.severity, page.profile);
            let (aliases, folder) = (aliases.join(" "), folder(name));
            write_to(
                &mut text,
                format_args!(
                    "| [`{name}`]({folder}/{name}.md) | {title} | {severity} | {profile} | {fix} | {aliases} |\n"
                ),
            );
        }
    }
    text
}

fn write_to(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("a string takes any text");
}
