//! The libraries that programs load, as a tree, as JSON, as a Graphviz graph, or as paths.

use std::collections::BTreeSet;

use rayon::prelude::*;
use serde_json::{Value, json};

use crate::elf::{Found, Outcome, Request};
use crate::loading::{Closure, Loaded, Start};
use crate::printable::{Lines, escape_bytes, lossless};

/// A tree for each program: each library is shown where it is first loaded, with the loader rule
/// that found it.
pub fn deps_text(closures: &[Closure]) -> Lines {
    // An image has thousands of programs, and escaping their paths takes longer than joining the
    // texts. A program takes microseconds, so each thread handles several.
    let texts: Vec<Lines> = closures.par_iter().with_min_len(16).map(text_of).collect();
    let mut out = Lines::new();
    for text in &texts {
        out.append(text);
    }
    out
}

fn text_of(closure: &Closure) -> Lines {
    let mut out = Lines::new();
    let program = escape_bytes(&closure.program);
    match &closure.start {
        Start::Static => out.line(format_args!(
            "{program}: statically linked, so no loader is needed"
        )),
        Start::Unreadable(why) => out.line(format_args!("{program}: {why}")),
        Start::NoLoader(loader) => {
            let loader = escape_bytes(loader);
            out.line(format_args!("{program}: loader `{loader}` is missing"));
        }
        Start::Loaded(loaded) => {
            // In secure mode, the loader ignores `LD_LIBRARY_PATH` and restricts `LD_PRELOAD`.
            let secure = if loaded.secure {
                ", in secure mode"
            } else {
                ""
            };
            let interpreter = escape_bytes(&loaded.loader);
            out.line(format_args!("{program} [loader {interpreter}{secure}]"));
            tree(&mut out, loaded);
            problems(&mut out, loaded);
        }
    }
    out
}

/// Prints the requests below each object that loaded something or failed.
fn tree(out: &mut Lines, loaded: &Loaded) {
    let mut below = requests_to_show(loaded);
    // The branches that are still to be printed, the next one last. This is an explicit stack,
    // because an image could make recursion arbitrarily deep.
    let mut open: Vec<Branch<'_>> = Vec::new();
    push(&mut open, &mut below, 0, "");
    while let Some(Branch {
        request,
        is_last,
        indent,
    }) = open.pop()
    {
        let name = escape_bytes(&request.name);
        let branch = if is_last { "└ " } else { "├ " };
        let deeper = format!("{indent}{}", if is_last { "  " } else { "│ " });
        match &request.outcome {
            // With `--cpu all`, processors may load different files for the same name. The last one
            // is the generic file, whose dependencies represent all of them.
            Outcome::Found(hits) => {
                for (object, path, found) in hits {
                    let refusal = match &loaded.objects[*object].broken {
                        Some(reason) => format!(", refused: {reason}"),
                        None => String::new(),
                    };
                    out.line(format_args!(
                        "{indent}{branch}{name} => {} [{}]{refusal}",
                        escape_bytes(path),
                        found.label()
                    ));
                }
                if let Some((object, _, _)) = hits.last() {
                    push(&mut open, &mut below, *object, &deeper);
                }
            }
            Outcome::Missing(missing) => {
                let reason = match &missing.refused {
                    Some(reason) => format!("refused: {reason}"),
                    None => "not found".to_owned(),
                };
                out.line(format_args!("{indent}{branch}{name} => {reason}"));
            }
        }
    }
}

/// The requests to show, by requesting object. A library that many others need is only shown where
/// it was loaded, because `ldd` lists it once.
fn requests_to_show(loaded: &Loaded) -> Vec<Vec<&Request>> {
    let mut below = vec![Vec::new(); loaded.objects.len()];
    let mut seen = vec![false; loaded.objects.len()];
    for request in &loaded.requests {
        let is_shown = match &request.outcome {
            Outcome::Found(hits) => hits.iter().any(|(object, _, found)| {
                *found != Found::AlreadyLoaded && !std::mem::replace(&mut seen[*object], true)
            }),
            Outcome::Missing(_) => true,
        };
        if is_shown {
            below[request.by].push(request);
        }
    }
    below
}

/// A request in the tree.
struct Branch<'a> {
    request: &'a Request,
    /// Whether it is the last below its object.
    is_last: bool,
    /// The connecting lines to the left of it.
    indent: String,
}

fn push<'a>(
    open: &mut Vec<Branch<'a>>,
    below: &mut [Vec<&'a Request>],
    object: usize,
    indent: &str,
) {
    let requests = std::mem::take(&mut below[object]);
    let count = requests.len();
    for (index, request) in requests.into_iter().enumerate().rev() {
        open.push(Branch {
            request,
            is_last: index + 1 == count,
            indent: indent.to_owned(),
        });
    }
}

/// Prints, below the tree, the libraries that are missing, with the directories that were searched,
/// and the versions and symbols that no library defines.
fn problems(out: &mut Lines, loaded: &Loaded) {
    // A library may be requested twice, by `DT_NEEDED` and by `dlopen`.
    let mut printed = BTreeSet::new();
    for (request, missing) in loaded.missing() {
        let by = escape_bytes(&loaded.objects[request.by].path);
        let line = format!(
            "  missing: {}, needed by {by}; searched {}",
            escape_bytes(&request.name),
            list(&missing.looked_in)
        );
        if printed.insert(line.clone()) {
            out.line(format_args!("{line}"));
        }
    }
    for unmet in &loaded.unmet_versions {
        let (library, version, by) = (
            escape_bytes(&unmet.library),
            escape_bytes(&unmet.version),
            escape_bytes(&unmet.by),
        );
        out.line(format_args!(
            "  version not found: {version} in {library}, needed by {by}"
        ));
    }
    for unresolved in &loaded.unresolved {
        out.line(format_args!(
            "  undefined symbol: {}, needed by {}",
            escape_bytes(&unresolved.symbol),
            escape_bytes(&unresolved.by)
        ));
    }
}

fn list(paths: &[Vec<u8>]) -> String {
    let mut seen = BTreeSet::new();
    let paths = paths.iter().filter(|path| seen.insert(path.as_slice()));
    paths
        .map(|path| escape_bytes(path))
        .collect::<Vec<_>>()
        .join(", ")
}

/// An array with one object per program and line, as `find` and `grep` select by line.
pub fn deps_json(closures: &[Closure]) -> String {
    let rows: Vec<String> = closures
        .iter()
        .map(|closure| row(closure).to_string())
        .collect();
    // If there are no rows, joining them would leave an empty line in the array.
    if rows.is_empty() {
        "[]\n".to_owned()
    } else {
        super::json::escaped(format!("[\n{}\n]\n", rows.join(",\n")))
    }
}

fn text(bytes: &[u8]) -> String {
    lossless(bytes).into_owned()
}

fn row(closure: &Closure) -> Value {
    let program = text(&closure.program);
    match &closure.start {
        Start::Static => json!({"program": program, "state": "static"}),
        Start::Unreadable(why) => json!({"program": program, "state": "unreadable", "why": why}),
        Start::NoLoader(loader) => {
            json!({"program": program, "state": "no-loader", "loader": text(loader)})
        }
        Start::Loaded(loaded) => loaded_row(&program, loaded),
    }
}

fn loaded_row(program: &str, loaded: &Loaded) -> Value {
    let missing = loaded.missing().map(|(request, missing)| {
        let looked_in: Vec<String> = missing.looked_in.iter().map(|path| text(path)).collect();
        json!({
            "name": text(&request.name),
            "by": text(&loaded.objects[request.by].path),
            "looked_in": looked_in,
            "refused": missing.refused,
        })
    });
    let versions = loaded.unmet_versions.iter().map(|unmet| {
        json!({
            "version": text(&unmet.version),
            "library": text(&unmet.library),
            "by": text(&unmet.by),
        })
    });
    let symbols = loaded
        .unresolved
        .iter()
        .map(|symbol| json!({"symbol": text(&symbol.symbol), "by": text(&symbol.by)}));
    json!({
        "program": program,
        "state": if loaded.is_whole() { "whole" } else { "broken" },
        "loader": text(&loaded.loader),
        "secure": loaded.secure,
        "objects": loaded.objects.iter().map(|object| text(&object.path)).collect::<Vec<_>>(),
        "needs": need_rows(loaded),
        "missing": missing.collect::<Vec<_>>(),
        "versions": versions.collect::<Vec<_>>(),
        "symbols": symbols.collect::<Vec<_>>(),
    })
}

fn need_rows(loaded: &Loaded) -> Vec<Value> {
    let mut rows = Vec::new();
    for request in &loaded.requests {
        let Outcome::Found(hits) = &request.outcome else {
            continue;
        };
        for (object, path, found) in hits {
            let mut row = json!({
                "name": text(&request.name),
                "by": text(&loaded.objects[request.by].path),
                "path": text(path),
                "found": found.label(),
            });
            if let Some(reason) = &loaded.objects[*object].broken {
                row["refused"] = json!(reason);
            }
            rows.push(row);
        }
    }
    rows
}

/// A graph of files, with an edge for each dependency and the loader's rule as its label. Edges to
/// missing files are red.
pub fn deps_dot(closures: &[Closure]) -> String {
    // Programs share libraries, but each edge must occur only once.
    let mut edges = BTreeSet::new();
    for closure in closures {
        let Start::Loaded(loaded) = &closure.start else {
            continue;
        };
        edges.insert(format!(
            "  {} -> {} [label=\"loader\"];",
            quoted(&closure.program),
            quoted(&loaded.loader)
        ));
        for request in &loaded.requests {
            let by = quoted(&loaded.objects[request.by].path);
            match &request.outcome {
                Outcome::Found(hits) => edges.extend(hits.iter().map(|(object, _, found)| {
                    format!(
                        "  {by} -> {} [label=\"{}\"];",
                        quoted(&loaded.objects[*object].path),
                        found.label()
                    )
                })),
                // A missing library has no path, so its name is the node.
                Outcome::Missing(_) => {
                    edges.insert(format!("  {by} -> {} [color=red];", quoted(&request.name)));
                }
            }
        }
    }
    let edges: Vec<String> = edges.into_iter().collect();
    format!("digraph deps {{\n{}\n}}\n", edges.join("\n"))
}

/// A path as a string of the DOT language. The only escape in strings is `\"`, but the name of a
/// node is also its label, in which a backslash starts sequences such as `\n`.
fn quoted(bytes: &[u8]) -> String {
    let shown = escape_bytes(bytes);
    format!("\"{}\"", shown.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The absolute paths of the programs, their loaders and their libraries, sorted and without
/// duplicates.
pub fn deps_paths(closures: &[Closure]) -> BTreeSet<&[u8]> {
    // Sorted and without duplicates, so that archives made from the list are reproducible.
    let mut paths = BTreeSet::new();
    for closure in closures {
        paths.insert(closure.program.as_slice());
        if let Start::Loaded(loaded) = &closure.start {
            paths.extend(loaded.objects.iter().map(|object| object.path.as_slice()));
        }
    }
    paths
}
