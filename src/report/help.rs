//! Rule pages as Markdown for other programs, with the front matter as text and absolute links.

use std::fmt::Write as _;

use crate::lint::Page;
use crate::page::without_images;

/// The page, starting with its heading. The line below the heading shows the front matter.
pub fn markdown(page: &Page) -> String {
    let (heading, rest) = page.body.split_once('\n').unwrap_or((page.body, ""));
    let mut facts = format!("`{}`: {}, {}", page.name, page.severity, page.category);
    if let Some(fix) = page.fix {
        let _ = write!(facts, ", {fix} fix");
    }
    let aliases = page.aliases_text();
    if !aliases.is_empty() {
        let _ = write!(facts, "; also known as {aliases}");
    }
    format!("{heading}\n\n{facts}\n{}", linked(&without_images(rest)))
}

/// The text with absolute links to other pages, and without the words after `dockerfile` in fences.
fn linked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        // The tag `dockerfile bad` is for tests. Viewers would treat all of it as the language and
        // not highlight the example.
        if line.starts_with("```dockerfile ") {
            out.push_str("```dockerfile\n");
            continue;
        }
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("](") {
            out.push_str(before);
            out.push_str("](");
            rest = after;
            let target = after.split(')').next().unwrap_or_default();
            // Relative links do not work outside of the repository.
            if let Some(name) = target.strip_suffix(".md")
                && !name.contains(['/', ':'])
            {
                out.push_str(&super::page_url(name));
                rest = &after[target.len()..];
            }
        }
        out.push_str(rest);
    }
    out
}

/// The first paragraph below the heading, as one line.
pub(super) fn summary(page: &Page) -> String {
    let below = page.body.split_once('\n').map_or("", |(_, rest)| rest);
    let lines = below
        .lines()
        .skip_while(|line| line.trim().is_empty())
        .take_while(|line| !line.trim().is_empty());
    lines.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_other_pages_become_absolute() {
        let text = "see [`a`](missing-user.md) and [b](https://example.com/x.md)\n\
            ```dockerfile bad\nFROM x\n```\n";
        let linked = linked(text);
        assert!(
            linked.contains(
                "/source/rules/lint/missing-user.md) and [b](https://example.com/x.md)\n"
            ),
            "{linked}"
        );
        assert!(
            linked.contains("\n```dockerfile\nFROM x\n```\n"),
            "{linked}"
        );
    }
}
