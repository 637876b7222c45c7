//! The report on slimming as JSON.

use serde_json::{Value, json};

use super::image_tests::image_tests_json;
use super::inspect::length;
use super::inspect_json::{bytes, kind, path, pretty};
use super::summary::{Sizes, Summary};
use crate::image::NameId;
use crate::slim::Count;

/// One object; `kept` lists every kept path with its first reason.
pub fn report_json(summary: &Summary<'_>) -> String {
    let tree = &summary.image.tree;
    let value = json!({
        "image": summary.name,
        "before": count(summary.before),
        "after": count(summary.after),
        // Cumulative counts, so that each row shows what `--keep-level` with this level would keep.
        "levels": levels(summary),
        "packages": summary.packages.iter().map(|row| {
            size_row("purl", row.package.map(|package| package.purl.as_str()), row.sizes)
        }).collect::<Vec<_>>(),
        "kinds": size_rows("kind", &summary.kinds),
        "reasons": size_rows("reason", &summary.reasons),
        "risky": summary.risky.iter().map(|risk| {
            json!({"path": path(tree, risk.name), "what": risk.what, "chain": risk.chain})
        }).collect::<Vec<_>>(),
        "warnings": summary.plan.warnings(),
        // Packages that a RUN of the image's own Dockerfile installed by name.
        "installed_and_dropped": summary.missed_packages.iter().map(|(package, bytes)| {
            json!({"purl": package.purl, "bytes": bytes})
        }).collect::<Vec<_>>(),
        // Packages of applications that nothing imports.
        "unused_packages": summary.unused_packages.iter().map(|unused| {
            json!({
                "purl": unused.package.purl,
                "bytes": unused.bytes,
                "has_program": unused.has_program,
            })
        }).collect::<Vec<_>>(),
        "dropped_companions": summary.missed_companions,
        "left_out": summary.plan.left_out().iter().map(|left_out| {
            json!({
                "rule": left_out.rule,
                "part": left_out.part,
                "pattern": left_out.pattern,
                "bytes": left_out.bytes,
            })
        }).collect::<Vec<_>>(),
        "unmet": summary.unmet.iter().map(|unmet| {
            json!({"path": path(tree, unmet.by), "need": unmet.need.to_string()})
        }).collect::<Vec<_>>(),
        "notes": summary.notes.iter().map(|note| {
            json!({"path": note.at.map(|at| path(tree, at)), "line": note.line, "text": note.text})
        }).collect::<Vec<_>>(),
        "tests": summary.tests.map(image_tests_json),
        // Generated records are not in the image, so they are not among the kept paths.
        "generated": summary.plan.records().iter().map(|record| {
            json!({
                "path": bytes(&record.path),
                "bytes": record.bytes.len(),
                "packages": record.packages,
            })
        }).collect::<Vec<_>>(),
        // This comes last, because it is by far the longest.
        "kept": summary.plan.kept().iter().map(|&name| kept(summary, name)).collect::<Vec<_>>(),
    });
    pretty(&value)
}

fn count(count: Count) -> Value {
    json!({
        "names": count.names,
        "files": count.files,
        "bytes": count.bytes,
        "programs": count.programs,
        "setuid": count.privileged,
    })
}

/// Counts of the files that each level keeps, including the previous levels, the most certain
/// first, and the bytes that it adds.
fn levels(summary: &Summary<'_>) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut before = 0;
    for (level, kept) in &summary.plan.totals().levels {
        let mut row = count(*kept);
        row["level"] = json!(level.to_string());
        row["bytes_added"] = json!(kept.bytes - before);
        before = kept.bytes;
        rows.push(row);
    }
    rows
}

fn size_rows(key: &str, rows: &[(&'static str, Sizes)]) -> Vec<Value> {
    rows.iter()
        .map(|(name, sizes)| size_row(key, Some(name), *sizes))
        .collect()
}

fn size_row(key: &str, name: Option<&str>, sizes: Sizes) -> Value {
    json!({
        key: name,
        "files_before": sizes.files_before,
        "bytes_before": sizes.bytes_before,
        "files_after": sizes.files_after,
        "bytes_after": sizes.bytes_after,
    })
}

fn kept(summary: &Summary<'_>, name: NameId) -> Value {
    let tree = &summary.image.tree;
    // Only the first reason, because all of them would be many times the size of the file list.
    let reason = summary.plan.reasons(name).first();
    json!({
        "path": path(tree, name),
        "kind": kind(&tree.inode(name).kind),
        "bytes": length(tree, name),
        "by": reason.and_then(|reason| reason.by).map(|by| path(tree, by)),
        "why": reason.map(|reason| reason.why.to_string()),
        // The confidence of the whole chain, because a dependency of a guess is also a guess.
        "confidence": summary.plan.graph().confidence(name).to_string(),
    })
}
