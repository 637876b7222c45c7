//! The report on slimming as a self-contained HTML page without scripts, fonts or images, so that
//! it can be stored as an artifact and opened anywhere.

use std::fmt::Write as _;

use super::inspect::{length, shown};
use super::plan::sizes_by_level;
use super::size::{counted, size};
use super::summary::{PackageRow, Sizes, Summary};
use super::treemap::{Rectangle, squarified};
use crate::evidence::{Healing, Record};
use crate::image::NameId;
use crate::packages::Package;
use crate::printable::{escape, escape_bytes};
use crate::slim::Count;

/// Number of table rows that are not collapsed.
const SHOWN: usize = 20;
const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1c2733; --paper: #fff; --line: #d5dbe1;
  --kept: #1f7a8c; --gone: #c9d3dc; --soft: #5b6875 }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ee; --paper: #12171d; --line: #323c47;
  --kept: #3aa6ba; --gone: #2b343e; --soft: #98a5b3 } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2.2rem }
table { border-collapse: collapse; width: 100% }
td, th { padding: .2rem .6rem; border-bottom: 1px solid var(--line);
  text-align: left; vertical-align: top; overflow-wrap: anywhere }
td.n, th.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
.bar { background: var(--gone); height: .55rem; min-width: 6rem }
.bar i { display: block; height: 100%; background: var(--kept) }
.map { position: relative; height: 26rem; margin: 0; padding: 0; list-style: none }
.map li { position: absolute; box-sizing: border-box; border: 1px solid var(--paper) }
.map li:hover, .map li:focus { outline: 2px solid var(--ink); outline-offset: -2px; z-index: 1 }
.box { height: 100%; overflow: hidden; container-type: size;
  background: linear-gradient(to top, var(--kept) var(--kept-part), var(--gone) 0) }
.line { display: flex; flex-wrap: wrap; height: 1rem; overflow: hidden }
.line i { flex: 0 0 1px; height: 100% }
.line b { flex: none; padding: 0 .2rem; font: 11px/1rem system-ui, sans-serif; white-space: nowrap;
  color: var(--ink); background: var(--paper) }
@container (max-height: 1rem) { .line { display: none } }
.tip { display: none; position: fixed; left: 1rem; right: 1rem; bottom: 1rem; z-index: 2;
  padding: .5rem .8rem; border: 1px solid var(--line); background: var(--paper);
  overflow-wrap: anywhere }
.map li:hover .tip, .map li:focus .tip { display: block }
.map li:focus .tip { z-index: 3 }
code, .path { font-family: ui-monospace, monospace; font-size: .9em } .soft { color: var(--soft) }
.big { font-size: 1.2rem } summary { cursor: pointer }
";

/// The whole page.
pub fn report_html(summary: &Summary<'_>) -> String {
    // First the sizes, then files that the reader may want to act on, then the whole list for
    // reference.
    let mut out = String::new();
    head(&mut out, summary.name);
    totals(&mut out, summary.before, summary.after);
    let _ = writeln!(
        out,
        "<p>By confidence level: {}.</p>",
        sizes_by_level(summary.plan.totals())
    );
    if let Some(record) = summary.tests {
        image_tests(&mut out, record);
    }
    missed(&mut out, summary);
    unknown(&mut out, summary);
    risks(&mut out, summary);
    treemap(&mut out, summary);
    let kinds = summary.kinds.iter();
    let kinds = kinds.map(|(name, sizes)| row(&escaped(name), *sizes));
    table(&mut out, "By kind of file", "kind", kinds.collect());
    let reasons = summary.reasons.iter();
    let reasons = reasons.map(|(name, sizes)| row(&escaped(name), *sizes));
    table(&mut out, "By reason", "first reason", reasons.collect());
    let packages = summary.packages.iter();
    let packages = packages.map(|of| row(&package_cell(of.package), of.sizes));
    table(&mut out, "By package", "package", packages.collect());
    kept(&mut out, summary);
    out.push_str("</body>\n</html>\n");
    out
}

fn head(out: &mut String, name: &str) {
    let name = escaped(name);
    // The policy is a second line of defense: if text from the image broke out of its cell, no
    // script in it would run.
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{name}, slimmed</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<h1>{name}, slimmed</h1>\n"
    );
}

fn package_cell(package: Option<&Package>) -> String {
    match package {
        Some(package) => {
            let (name, version) = (escaped(&package.name), escaped(&package.version));
            format!(
                "{name} <span class=\"soft\">{version} {}</span>",
                package.ecosystem
            )
        }
        None => "<span class=\"soft\">no package</span>".to_owned(),
    }
}

fn totals(out: &mut String, before: Count, after: Count) {
    let share = percentage(after.bytes, before.bytes);
    let _ = write!(
        out,
        "<p class=\"big\">{} of {} kept: {share}%.</p>\n<p>{} of {} files, {} of {} paths.</p>\n",
        size(after.bytes),
        size(before.bytes),
        after.files,
        before.files,
        after.names,
        before.names
    );
}

/// The tests of the image, how they ended, and the paths that they need although the plan lacks
/// them.
fn image_tests(out: &mut String, record: &Record) {
    out.push_str("<h2>Tests</h2>\n<table>\n<tr><th>test</th><th>original</th><th>slimmed</th>");
    let mut trials = vec![&record.original, &record.slimmed];
    if let Some(healing) = &record.healing {
        out.push_str("<th>after healing</th>");
        trials.push(&healing.trial);
    }
    out.push_str("</tr>\n");
    for (at, result) in record.original.results.iter().enumerate() {
        let test = escaped(&result.test.to_string());
        let _ = write!(out, "<tr><td class=\"path\">{test}</td>");
        for trial in &trials {
            // The tests after one that failed are not run.
            let ending = match trial.results.get(at) {
                Some(result) => escaped(&result.ending.to_string()),
                None => "not run".to_owned(),
            };
            let _ = write!(out, "<td>{ending}</td>");
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</table>\n");
    if let Some(healing) = &record.healing {
        healed(out, record, healing);
    }
}

fn healed(out: &mut String, record: &Record, healing: &Healing) {
    let runs = counted(healing.runs, "run");
    let added = record.added();
    let outcome = if !healing.trial.has_passed() {
        format!("Not healed, after {runs}.")
    } else if added.is_empty() {
        "A test passes sometimes and fails sometimes with the same image.".to_owned()
    } else {
        let paths = counted(added.len(), "path");
        format!("Healed with {paths} that the plan lacks, after {runs}:")
    };
    let _ = writeln!(out, "<p>{outcome}</p>");
    let titles = [(added, ""), (&healing.excluded, " (excluded by --drop)")];
    for (paths, remark) in titles {
        for path in paths {
            let path = escaped(&escape_bytes(path));
            let _ = writeln!(out, "<p class=\"path\">{path}{remark}</p>");
        }
    }
}

/// Warnings, and files that the user may have wanted to keep.
fn missed(out: &mut String, summary: &Summary<'_>) {
    for warning in summary.plan.warnings() {
        let _ = writeln!(out, "<p><b>Warning:</b> {}</p>", escaped(warning));
    }
    if !summary.missed_packages.is_empty() {
        let mut names = Vec::new();
        for (package, bytes) in &summary.missed_packages {
            names.push(format!("{} ({})", escaped(&package.name), size(*bytes)));
        }
        let _ = writeln!(
            out,
            "<p>Installed by RUN, but not kept: {}.</p>",
            names.join(", ")
        );
    }
    if !summary.unused_packages.is_empty() {
        let mut names = Vec::new();
        for unused in &summary.unused_packages {
            let name = escaped(&unused.package.name);
            names.push(format!("{name} ({})", size(unused.bytes)));
        }
        let _ = writeln!(
            out,
            "<p>Packages that nothing imports, dropped (<code>--modules off</code> keeps them): \
             {}.</p>",
            names.join(", ")
        );
    }
    for left_out in summary.plan.left_out() {
        let _ = writeln!(
            out,
            "<p>Left out on purpose: {} ({}; <code>--keep '{}'</code> keeps it).</p>",
            escaped(left_out.part),
            size(left_out.bytes),
            escaped(left_out.pattern)
        );
    }
    if !summary.missed_companions.is_empty() {
        // The names are escaped for terminals already.
        let names: Vec<String> = summary
            .missed_companions
            .iter()
            .map(|name| escaped(name))
            .collect();
        let _ = writeln!(
            out,
            "<p>Companion programs, not kept: {}.</p>",
            names.join(", ")
        );
    }
}

fn risks(out: &mut String, summary: &Summary<'_>) {
    if summary.risky.is_empty() {
        return;
    }
    out.push_str("<h2>Risky files that are kept, with reasons</h2>\n<table>\n");
    // The chain shows which dependency to remove, so it is not collapsed.
    let rows = summary.risky.iter().map(|risk| {
        let path = escaped(&shown(&summary.image.tree, risk.name));
        let chain: Vec<String> = risk.chain.iter().map(|link| escaped(link)).collect();
        let chain = chain.join("<br>");
        format!(
            "<tr><td class=\"path\">{path}</td><td>{}</td>\
             <td class=\"soft\">{chain}</td></tr>\n",
            risk.what
        )
    });
    folded(out, rows.collect());
    out.push_str("</table>\n");
}

/// The first rows of a table, and the others in a second, collapsed table, because single rows
/// cannot be collapsed without a script.
fn folded(out: &mut String, mut rows: Vec<String>) {
    // Rows are sorted by size, so the collapsed ones are the least interesting.
    let rest = rows.split_off(rows.len().min(SHOWN));
    out.extend(rows);
    if !rest.is_empty() {
        let count = rest.len();
        let _ = write!(
            out,
            "</table>\n<details><summary>and {count} more</summary>\n<table>\n"
        );
        out.extend(rest);
        out.push_str("</table>\n</details>\n<table>\n");
    }
}

fn table(out: &mut String, title: &str, column: &str, rows: Vec<String>) {
    if rows.is_empty() {
        return;
    }
    let _ = write!(
        out,
        "<h2>{title}</h2>\n<table>\n\
         <tr><th>{column}</th><th class=\"n\">before</th><th class=\"n\">after</th>\
         <th class=\"n\">files</th><th>kept</th></tr>\n"
    );
    folded(out, rows);
    out.push_str("</table>\n");
}

/// A row of a table. `name` is already HTML.
fn row(name: &str, sizes: Sizes) -> String {
    let share = percentage(sizes.bytes_after, sizes.bytes_before);
    format!(
        "<tr><td>{name}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
         <td class=\"n\">{} of {}</td>\
         <td><div class=\"bar\"><i style=\"width:{share}%\"></i></div></td></tr>\n",
        size(sizes.bytes_before),
        size(sizes.bytes_after),
        sizes.files_after,
        sizes.files_before
    )
}

/// A part of a whole in percent; 100 if the whole is 0.
fn percentage(part: u64, whole: u64) -> u64 {
    part.saturating_mul(100).checked_div(whole).unwrap_or(100)
}

/// The aspect ratio of the treemap on a large screen. Tiles are laid out for this shape, so that
/// most of them are nearly square.
const SHAPE: f64 = 2.4;
/// Layout of the treemap, in percent of its height.
const DRAWING: Rectangle = Rectangle {
    x: 0.0,
    y: 0.0,
    width: 100.0 * SHAPE,
    height: 100.0,
};
/// Maximum number of packages that are drawn. Others would only be dots.
const DRAWN: usize = 60;

/// A tile for each package. Its area represents the original size, and the kept part is colored.
fn treemap(out: &mut String, summary: &Summary<'_>) {
    let mut drawn = Vec::new();
    for row in &summary.packages {
        // A tile without an area would have an infinite aspect ratio.
        if row.sizes.bytes_before > 0 && drawn.len() < DRAWN {
            drawn.push(row);
        }
    }
    if drawn.is_empty() {
        return;
    }
    #[allow(clippy::cast_precision_loss, reason = "a drawing needs three digits")]
    let sizes: Vec<f64> = drawn
        .iter()
        .map(|row| row.sizes.bytes_before as f64)
        .collect();
    out.push_str(
        "<h2>Packages by size</h2>\n<p class=\"soft\">The area of a tile is the package's original \
         size; the colored part is kept. Hover over a tile or focus it to see its name, its size \
         and why its largest file is kept.</p>\n<ul class=\"map\">\n",
    );
    for (row, place) in drawn.iter().zip(squarified(&sizes, DRAWING)) {
        tile(out, summary, row, place);
    }
    out.push_str("</ul>\n");
}

/// If a label does not fit its tile, it wraps to a hidden line, at any screen size.
fn tile(out: &mut String, summary: &Summary<'_>, row: &PackageRow<'_>, place: Rectangle) {
    let Rectangle {
        x,
        y,
        width,
        height,
    } = place;
    let sizes = row.sizes;
    // Generated records may make a package larger than it was.
    let kept = percentage(sizes.bytes_after, sizes.bytes_before).min(100);
    let name = escaped(row.package.map_or("no package", |package| &package.name));
    let _ = writeln!(
        out,
        "<li tabindex=\"0\" style=\"left:{:.3}%;top:{y:.3}%;width:{:.3}%;height:{height:.3}%\">\
         <div class=\"box\" style=\"--kept-part:{kept}%\">\
         <div class=\"line\"><i></i><b>{name}</b></div></div>\
         <span class=\"tip\"><b>{name}</b>: {} of {} kept{}</span></li>",
        x / SHAPE,
        width / SHAPE,
        size(sizes.bytes_after),
        size(sizes.bytes_before),
        reason_of_largest(summary, row)
    );
}

/// The reason why the largest kept file of a package is kept, as text after the sizes.
fn reason_of_largest(summary: &Summary<'_>, row: &PackageRow<'_>) -> String {
    let Some((_, name)) = row.largest else {
        return String::new();
    };
    let path = escaped(&shown(&summary.image.tree, name));
    match first_reason(summary, name) {
        Some(why) => format!("; <span class=\"path\">{path}</span> {}", escaped(&why)),
        None => String::new(),
    }
}

/// The first reason of a kept name: `for /usr/bin/app: required as …`.
fn first_reason(summary: &Summary<'_>, name: NameId) -> Option<String> {
    let reason = summary.plan.reasons(name).first()?;
    Some(match reason.by {
        Some(by) => format!("for {}: {}", shown(&summary.image.tree, by), reason.why),
        None => reason.why.to_string(),
    })
}

fn unknown(out: &mut String, summary: &Summary<'_>) {
    let tree = &summary.image.tree;
    let unmet = summary.unmet.iter().map(|unmet| {
        let text = format!("needs {}, which is missing", unmet.need);
        (Some(unmet.by), text)
    });
    let notes = summary.notes.iter().map(|note| {
        let line = note
            .line
            .map(|line| format!("line {line}: "))
            .unwrap_or_default();
        (note.at, format!("{line}{}", note.text))
    });
    // Missing files come before notes, because programs may fail without them.
    let rows: Vec<String> = unmet
        .chain(notes)
        .map(|(at, text)| {
            let path = at.map_or("image configuration".to_owned(), |at| shown(tree, at));
            format!(
                "<tr><td class=\"path\">{}</td><td>{}</td></tr>\n",
                escaped(&path),
                escaped(&text)
            )
        })
        .collect();
    if !rows.is_empty() {
        out.push_str("<h2>Unknown, or also missing in the original</h2>\n<table>\n");
        folded(out, rows);
        out.push_str("</table>\n");
    }
}

/// All kept paths, collapsed.
fn kept(out: &mut String, summary: &Summary<'_>) {
    let _ = write!(
        out,
        "<h2>All kept paths</h2>\n<details><summary>{} paths</summary>\n<table>\n",
        summary.plan.kept().len() + summary.plan.records().len()
    );
    for &name in summary.plan.kept() {
        out.push_str(&kept_row(summary, name));
    }
    for record in summary.plan.records() {
        let (path, bytes) = (
            escaped(&escape_bytes(&record.path)),
            size(record.bytes.len() as u64),
        );
        let _ = writeln!(
            out,
            "<tr><td class=\"path\">{path}</td><td class=\"n\">{bytes}</td>\
             <td class=\"soft\">generated for scanners</td></tr>"
        );
    }
    out.push_str("</table>\n</details>\n");
}

fn kept_row(summary: &Summary<'_>, name: NameId) -> String {
    let tree = &summary.image.tree;
    let why = first_reason(summary, name).unwrap_or_default();
    let (path, why) = (escaped(&shown(tree, name)), escaped(&why));
    let bytes = size(length(tree, name));
    format!(
        "<tr><td class=\"path\">{path}</td><td class=\"n\">{bytes}</td>\
         <td class=\"soft\">{why}</td></tr>\n"
    )
}

/// Text escaped for HTML, also for an attribute. Control characters are shown as in other reports.
fn escaped(text: &str) -> String {
    // Names in an image may contain any bytes, so control characters are shown as escapes first.
    let text = escape(text);
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // HTML before version 5 has no `&apos;`.
            '\'' => out.push_str("&#39;"),
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_inject_html() {
        let hostile = "<script>alert('x')</script>\"&\n\u{202e}";
        let expected = "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;\\n\\u{202e}";
        assert_eq!(escaped(hostile), expected);
    }
}
