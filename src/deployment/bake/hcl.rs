//! Bake files in HCL.

use hcl::edit::Span as _;
use hcl::edit::expr::Expression;
use hcl::edit::structure::{Attribute, Block, Structure};

use super::super::place::{Place, Problem, Spanned};
use super::super::yaml::{Entry, Merging, Node, Value};
use super::evaluate::Locals;
use super::{Body, Definition, Definitions};

/// Rounds in which variables are evaluated that refer to others.
const ROUNDS: usize = 8;

/// Maximum number of `=` and `:` in a file. The parser compares each key of an object with all
/// others, so that time grows with the square of their number.
const MAX_KEYS: usize = 10_000;

/// Maximum size of a file in bytes. The parser takes up to 1,400 bytes of memory for each byte of
/// nested lists. The largest files of public repositories have some 50 KiB.
const MAX_BYTES: usize = 256 << 10;

/// The blocks of a file; `None` if it is not HCL.
pub(super) fn read(text: &str, problems: &mut Vec<Problem>) -> Option<Definitions> {
    if text.len() > MAX_BYTES {
        let message = format!("the file is larger than {} KiB", MAX_BYTES >> 10);
        problems.push(Problem::new(Place::new(0, 0, 0), message));
        return None;
    }
    if let Some((at, _)) = text.match_indices(['=', ':']).nth(MAX_KEYS) {
        let message = format!("the file has more than {MAX_KEYS} attributes and keys");
        problems.push(Problem::new(Place::new(0, at, at + 1), message));
        return None;
    }
    let body = match hcl::edit::parser::parse_body(text) {
        Ok(body) => body,
        Err(error) => {
            let at = error.location().offset().min(text.len());
            let message = format!("invalid HCL: {}", error.message().trim());
            problems.push(Problem::new(Place::new(0, at, at), message));
            return None;
        }
    };
    let mut definitions = Definitions::default();
    let mut variables = Vec::new();
    for structure in body {
        match structure {
            Structure::Block(block) => read_block(block, &mut definitions, &mut variables),
            // An attribute at the top is a variable that cannot be overridden.
            Structure::Attribute(attribute) => {
                variables.push((attribute.key.to_string(), attribute.value));
            }
        }
    }
    for _ in 0..ROUNDS {
        let before = variables.len();
        variables.retain(|(name, expression)| {
            let evaluator = &mut definitions.variables;
            let node = evaluator.expression(expression, &Locals::new());
            !evaluator.declare(name, &node)
        });
        // Without a new value, the next round would have the same result.
        if variables.len() == before {
            break;
        }
    }
    Some(definitions)
}

fn read_block(
    block: Block,
    definitions: &mut Definitions,
    variables: &mut Vec<(String, Expression)>,
) {
    let kind = block.ident.to_string();
    let Some(label) = block.labels.first() else {
        return;
    };
    let span = label.span().unwrap_or_default();
    let name = Spanned::new(
        label.as_str().to_owned(),
        Place::new(0, span.start, span.end),
    );
    match kind.trim() {
        "variable" => {
            let default = attributes(block)
                .into_iter()
                .find(|attribute| attribute.has_key("default"));
            if let Some(default) = default {
                variables.push((name.value, default.value));
            }
        }
        "target" => definitions.targets.push(Definition {
            name,
            body: Body::Hcl(attributes(block)),
        }),
        "group" => {
            let evaluator = &mut definitions.variables;
            let node = evaluator.body(&Body::Hcl(attributes(block)), name.place, &Locals::new());
            definitions.groups.push(node);
        }
        _ => {}
    }
}

fn attributes(block: Block) -> Vec<Attribute> {
    block.body.into_attributes().collect()
}

/// A mapping of evaluated attributes.
pub(super) fn map(entries: Vec<Entry>, place: Place) -> Node {
    Node {
        place,
        value: Value::Map(entries),
        merging: Merging::Usual,
    }
}
