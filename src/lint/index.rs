//! The index of all rules, as Markdown.

use std::fmt::Write as _;

use super::page::Category;
use super::registry::Registry;

/// All checkpoints of dockle with their subjects.
const CHECKPOINTS: [(&str, &str); 20] = [
    ("CIS-DI-0001", "a user for the container"),
    ("CIS-DI-0002", "trusted base images"),
    ("CIS-DI-0003", "no unnecessary packages"),
    ("CIS-DI-0004", "images are rebuilt for security fixes"),
    ("CIS-DI-0005", "content trust"),
    ("CIS-DI-0006", "a health check"),
    ("CIS-DI-0007", "no `update` alone"),
    ("CIS-DI-0008", "setuid and setgid files"),
    ("CIS-DI-0009", "`COPY` instead of `ADD`"),
    ("CIS-DI-0010", "no secrets in variables and files"),
    ("CIS-DI-0011", "verified packages only"),
    ("DKL-DI-0001", "no `sudo`"),
    ("DKL-DI-0002", "no volume over system directories"),
    ("DKL-DI-0003", "no upgrade of all packages"),
    ("DKL-DI-0004", "`apk add --no-cache`"),
    ("DKL-DI-0005", "no apt package lists"),
    ("DKL-DI-0006", "no `latest` tag"),
    ("DKL-LI-0001", "no empty passwords"),
    ("DKL-LI-0002", "unique user and group IDs"),
    ("DKL-LI-0003", "necessary files only"),
];

/// `rules/README.md`: one table per category, one row per rule.
pub fn index_markdown(registry: &Registry) -> String {
    let mut text = String::from(
        "# Rules\n\nGenerated from the pages in [`lint/`](lint) by `make rules`. \
         `jettison explain NAME` prints a page; names and aliases are accepted wherever a \
         rule is named.\n",
    );
    for category in Category::ALL {
        let pages = registry.iter().map(|(_, page)| page);
        let mut pages = pages.filter(|page| page.category == category).peekable();
        // A heading above an empty table would be confusing.
        if pages.peek().is_none() {
            continue;
        }
        write_to(
            &mut text,
            format_args!(
                "\n## {category}\n\n| rule | reports | severity | profile | fix | aliases |\n"
            ),
        );
        text.push_str("|---|---|---|---|---|---|\n");
        for page in pages {
            let fix = page.fix.map_or("", super::Applicability::as_str);
            let aliases: Vec<String> = page
                .aliases
                .iter()
                .map(|alias| format!("`{}`", alias.code))
                .collect();
            let (name, title, severity, profile) =
                (page.name, page.title, page.severity, page.profile);
            let aliases = aliases.join(" ");
            write_to(
                &mut text,
                format_args!(
                    "| [`{name}`](lint/{name}.md) | {title} | {severity} | {profile} | {fix} | \
                     {aliases} |\n"
                ),
            );
        }
    }
    checkpoints(&mut text, registry);
    text
}

/// Adds a row for each checkpoint of dockle, with the rules that have it as an alias.
fn checkpoints(text: &mut String, registry: &Registry) {
    text.push_str("\n## dockle's checkpoints\n\n| checkpoint | about | rules |\n|---|---|---|\n");
    for (code, about) in CHECKPOINTS {
        let rules = registry.find(code).into_iter().map(|page| page.name);
        let rules: Vec<String> = rules
            .map(|name| format!("[`{name}`](lint/{name}.md)"))
            .collect();
        write_to(
            text,
            format_args!("| `{code}` | {about} | {} |\n", rules.join(", ")),
        );
    }
}

fn write_to(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments)
        .expect("writing to a string cannot fail");
}
