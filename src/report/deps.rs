//! What programs load: as a tree, as JSON, as a graph for Graphviz, and as plain paths.

use std::collections::BTreeSet;

use rayon::prelude::*;
use serde_json::{Value, json};

use crate::elf::{Found, Outcome, Request};
use crate::loading::{Closure, Loaded, Start};
use crate::printable::{Lines, escape_bytes, lossless};

/// A tree for each program: every library at the place where it is loaded first, with the rule that
/// found it.
pub fn deps_text(closures: &[Closure]) -> Lines {
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
        Start::Static => out.line(format_args!("{program}: needs no loader")),
        Start::Unreadable(why) => out.line(format_args!("{program}: {why}")),
        Start::NoLoader(loader) => {
            let loader = escape_bytes(loader);
            out.line(format_args!(
                "{program}: its loader `{loader}` is not there"
            ));
        }
        Start::Loaded(loaded) => {
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

/// The requests to show below each object: those that loaded something, and those that failed.
fn tree(out: &mut Lines, loaded: &Loaded) {
    let mut below: Vec<Vec<&Request>> = vec![Vec::new(); loaded.objects.len()];
    let mut seen = vec![false; loaded.objects.len()];
    for request in &loaded.requests {
        let is_new = match &request.outcome {
            Outcome::Found(hits) => hits.iter().any(|(object, _, found)| {
                *found != Found::AlreadyLoaded && !std::mem::replace(&mut seen[*object], true)
            }),
            Outcome::Missing(_) => true,
        };
        if is_new {
            below[request.by].push(request);
        }
    }
    // What is still to be printed, the next one last.
    let mut open: Vec<Branch<'_>> = Vec::new();
    push(&mut open, &mut below, 0, "");
    while let Some((request, is_last, indent)) = open.pop() {
        let branch = if is_last { "└ " } else { "├ " };
        let deeper = format!("{indent}{}", if is_last { "  " } else { "│ " });
        match &request.outcome {
            Outcome::Found(hits) => {
                for (object, path, found) in hits {
                    let broken = loaded.objects[*object].broken.as_ref();
                    let broken = broken
                        .map(|why| format!(", refused: {why}"))
                        .unwrap_or_default();
                    out.line(format_args!(
                        "{indent}{branch}{} => {} [{}]{broken}",
                        escape_bytes(&request.name),
                        escape_bytes(path),
                        found.label()
                    ));
                }
                if let Some((object, _, _)) = hits.last() {
                    push(&mut open, &mut below, *object, &deeper);
                }
            }
            Outcome::Missing(missing) => {
                let why = missing
                    .refused
                    .as_ref()
                    .map_or("not found".to_owned(), |why| format!("refused: {why}"));
                out.line(format_args!(
                    "{indent}{branch}{} => {why}",
                    escape_bytes(&request.name)
                ));
            }
        }
    }
}

/// A request, whether it is the last of its siblings, and the lines that lead to it.
type Branch<'a> = (&'a Request, bool, String);

fn push<'a>(
    open: &mut Vec<Branch<'a>>,
    below: &mut [Vec<&'a Request>],
    object: usize,
    indent: &str,
) {
    let requests = std::mem::take(&mut below[object]);
    let count = requests.len();
    let branches = requests.into_iter().enumerate().rev();
    open.extend(branches.map(|(index, request)| (request, index + 1 == count, indent.to_owned())));
}

/// Below the tree: what is missing, with where it was looked for; versions and symbols that nothing
/// defines.
fn problems(out: &mut Lines, loaded: &Loaded) {
    let mut told = BTreeSet::new();
    for (request, missing) in loaded.missing() {
        let by = escape_bytes(&loaded.objects[request.by].path);
        let line = format!(
            "  missing: {}, which {by} needs; looked in {}",
            escape_bytes(&request.name),
            list(&missing.looked_in)
        );
        if told.insert(line.clone()) {
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
            "  version not found: {version} in {library}, which {by} needs"
        ));
    }
    for unresolved in &loaded.unresolved {
        out.line(format_args!(
            "  undefined symbol: {}, which {} needs",
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

/// An array of one object a program, a line each.
pub fn deps_json(closures: &[Closure]) -> String {
    let rows: Vec<String> = closures
        .iter()
        .map(|closure| row(closure).to_string())
        .collect();
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
    let path = |object: usize| text(&loaded.objects[object].path);
    let mut needs = Vec::new();
    for request in &loaded.requests {
        if let Outcome::Found(hits) = &request.outcome {
            needs.extend(hits.iter().map(|(object, found_at, found)| {
                let mut need = json!({
                    "name": text(&request.name), "by": path(request.by), "path": text(found_at), "found": found.label(),
                });
                if let Some(why) = &loaded.objects[*object].broken {
                    need["refused"] = json!(why);
                }
                need
            }));
        }
    }
    let missing = loaded.missing().map(|(request, missing)| {
        let looked_in: Vec<String> = missing.looked_in.iter().map(|path| text(path)).collect();
        json!({
            "name": text(&request.name), "by": path(request.by), "looked_in": looked_in, "refused": missing.refused,
        })
    });
    let versions = loaded
        .unmet_versions
        .iter()
        .map(|unmet| json!({"version": text(&unmet.version), "library": text(&unmet.library), "by": text(&unmet.by)}));
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
        "needs": needs,
        "missing": missing.collect::<Vec<_>>(),
        "versions": versions.collect::<Vec<_>>(),
        "symbols": symbols.collect::<Vec<_>>(),
    })
}

/// A graph of files: an edge for every need, named by its rule; what is missing is red.
pub fn deps_dot(closures: &[Closure]) -> String {
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
                Outcome::Missing(_) => {
                    edges.insert(format!("  {by} -> {} [color=red];", quoted(&request.name)));
                }
            }
        }
    }
    let edges: Vec<String> = edges.into_iter().collect();
    format!("digraph deps {{\n{}\n}}\n", edges.join("\n"))
}

/// A path as a string of the DOT language, which knows no escape but that of the quote, and as a
/// label, in which a backslash is one of a few commands.
fn quoted(bytes: &[u8]) -> String {
    let shown = escape_bytes(bytes);
    format!("\"{}\"", shown.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The absolute paths of the programs, their loaders and their libraries, sorted, each once.
pub fn deps_paths(closures: &[Closure]) -> BTreeSet<&[u8]> {
    let mut paths = BTreeSet::new();
    for closure in closures {
        paths.insert(closure.program.as_slice());
        if let Start::Loaded(loaded) = &closure.start {
            paths.extend(loaded.objects.iter().map(|object| object.path.as_slice()));
        }
    }
    paths
}
