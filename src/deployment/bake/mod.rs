//! Bake files, in HCL and in JSON: the targets that `docker buildx bake` builds.
//!
//! Both formats become the same [`Node`]s, whose expressions are evaluated. What cannot be
//! evaluated, such as a call of a function that the file itself defines, is unknown.

mod evaluate;
mod functions;
mod hcl;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use super::Deployment;
use super::build::{Build, Recipe};
use super::inline::InlineText;
use super::kind::Kind;
use super::place::{Place, Problem, Spanned};
use super::workload::Variable;
use super::yaml::{self, Budget, Entry, Merging, Node, Origin, Room, Style, Value};
use crate::source::Source;
use evaluate::Evaluator;

/// The longest chain of `inherits`.
const MAX_CHAIN: usize = 16;
/// The number of targets after matrices are expanded.
const MAX_TARGETS: usize = 1024;

pub(super) fn read(source: Source, room: &Room) -> Deployment {
    let mut deployment = Deployment::new(Kind::Bake);
    let source = Arc::new(source);
    deployment.files.push(Arc::clone(&source));
    let is_json = source.text().trim_start().starts_with('{');
    let mut budget = Budget::of(room);
    let definitions = if is_json {
        read_json(&source, &mut budget, &mut deployment.problems)
    } else {
        hcl::read(source.text(), &mut deployment.problems)
    };
    let Some(definitions) = definitions else {
        return deployment;
    };
    let mut reader = Reader {
        source: &source,
        deployment,
        budget,
        targets: HashMap::new(),
    };
    reader.expand(definitions);
    reader.deployment
}

/// The blocks of a file. Expressions are text in them, until they are evaluated.
#[derive(Default)]
pub(super) struct Definitions {
    /// Values of variables that could be evaluated.
    variables: Evaluator,
    targets: Vec<Definition>,
    groups: Vec<Node>,
}

/// The definition of a target, and of its matrix.
pub(super) struct Definition {
    name: Spanned<String>,
    body: Body,
}

/// The attributes of a target in one of the formats.
pub(super) enum Body {
    Hcl(Vec<::hcl::edit::structure::Attribute>),
    Json(Node),
}

fn read_json(
    source: &Source,
    budget: &mut Budget<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Definitions> {
    // JSON is YAML, whose parser knows places.
    let mut documents = yaml::parse(source.text(), 0, budget, problems);
    let root = documents.drain(..).next()?;
    let mut definitions = Definitions::default();
    for Entry { key, value } in root.get("variable").map(Node::entries).unwrap_or_default() {
        if let Some(default) = value.get("default") {
            let node = definitions
                .variables
                .evaluate_json(default, &BTreeMap::new());
            definitions.variables.declare(&key.value, &node);
        }
    }
    for Entry { key, value } in root.get("target").map(Node::entries).unwrap_or_default() {
        definitions.targets.push(Definition {
            name: key.clone(),
            body: Body::Json(value.clone()),
        });
    }
    for Entry { value, .. } in root.get("group").map(Node::entries).unwrap_or_default() {
        definitions.groups.push(value.clone());
    }
    Some(definitions)
}

/// Expands matrices and inheritance.
struct Reader<'a> {
    source: &'a Source,
    deployment: Deployment,
    budget: Budget<'a>,
    targets: HashMap<String, Node>,
}

impl Reader<'_> {
    fn expand(&mut self, mut definitions: Definitions) {
        let mut names = Vec::new();
        for definition in std::mem::take(&mut definitions.targets) {
            self.expand_matrix(&definition, &mut definitions.variables, &mut names);
        }
        let abstract_targets = self.abstract_targets(&names, &definitions.groups);
        for name in names {
            if abstract_targets.contains(&name.value) {
                continue;
            }
            let Some(node) = self.inherited(&name, &mut Vec::new()) else {
                continue;
            };
            let build = self.build(name, &node);
            self.deployment.targets.push(build);
        }
        let mut problems = std::mem::take(&mut self.deployment.problems);
        self.budget.report(&mut problems);
        problems.sort_by_key(|problem| problem.place);
        problems.dedup();
        self.deployment.problems = problems;
    }

    /// Evaluates a target once for every combination of its matrix.
    fn expand_matrix(
        &mut self,
        definition: &Definition,
        variables: &mut Evaluator,
        names: &mut Vec<Spanned<String>>,
    ) {
        let place = definition.name.place;
        let matrix = variables.attribute(&definition.body, "matrix", &BTreeMap::new());
        for values in combinations(matrix.as_ref()) {
            if names.len() >= MAX_TARGETS || variables.is_exhausted() {
                let message = format!("more than {MAX_TARGETS} targets, or too long expressions");
                self.deployment.problems.push(Problem::new(place, message));
                return;
            }
            let node = variables.body(&definition.body, place, &values);
            let mut name = definition.name.clone();
            if matrix.is_some()
                && let Some(given) = node.get("name").and_then(Node::as_str)
            {
                given.clone_into(&mut name.value);
            }
            if !self.budget.take(node.size()) {
                return;
            }
            if self.targets.insert(name.value.clone(), node).is_none() {
                names.push(name);
            }
        }
    }

    /// Targets that only exist so that others inherit from them.
    fn abstract_targets(&self, names: &[Spanned<String>], groups: &[Node]) -> BTreeSet<String> {
        let mut grouped = BTreeSet::new();
        for group in groups {
            for target in group.get("targets").map(Node::strings).unwrap_or_default() {
                grouped.insert(target.value);
            }
        }
        let mut inherited = BTreeSet::new();
        for name in names {
            let inherits = self.targets[&name.value].get("inherits");
            for base in inherits.map(Node::strings).unwrap_or_default() {
                if !grouped.contains(&base.value) {
                    inherited.insert(base.value);
                }
            }
        }
        inherited
    }

    /// A target on top of those that it inherits from.
    fn inherited(&mut self, name: &Spanned<String>, chain: &mut Vec<String>) -> Option<Node> {
        if chain.contains(&name.value) || chain.len() >= MAX_CHAIN {
            let message = format!("`{}` inherits from itself", name.value);
            self.deployment
                .problems
                .push(Problem::new(name.place, message));
            return None;
        }
        let Some(own) = self.targets.get(&name.value) else {
            let message = format!("there is no target `{}`", name.value);
            self.deployment
                .problems
                .push(Problem::new(name.place, message));
            return None;
        };
        if !self.budget.take(own.size()) {
            return None;
        }
        let own = own.clone();
        let bases = own.get("inherits").map(Node::strings).unwrap_or_default();
        chain.push(name.value.clone());
        let mut merged: Option<Node> = None;
        for base in bases {
            let Some(base) = self.inherited(&base, chain) else {
                continue;
            };
            merged = Some(match merged {
                Some(merged) => merge(merged, base),
                None => base,
            });
        }
        chain.pop();
        Some(match merged {
            Some(base) => merge(base, own),
            None => own,
        })
    }

    fn build(&self, name: Spanned<String>, target: &Node) -> Build {
        let context = target.get("context").and_then(Node::scalar);
        let context = context.map_or(".", |scalar| scalar.text.as_str());
        // `cwd://` is where Bake is started, in contrast to a remote definition.
        let context = context.strip_prefix("cwd://").unwrap_or(context);
        let context = if context.is_empty() { "." } else { context };
        let context_place = target.get("context").map_or(name.place, |node| node.place);
        let path = Path::new(self.source.name());
        Build {
            place: name.place,
            name,
            context: Spanned::new(context.to_owned(), context_place),
            directory: path.parent().map(Path::to_owned).unwrap_or_default(),
            recipe: self.recipe(target),
            args: args(target.get("args")),
            target: target.get("target").and_then(Node::string),
            contexts: contexts(target.get("contexts")),
        }
    }

    fn recipe(&self, target: &Node) -> Recipe {
        if let Some(inline) = target.get("dockerfile-inline") {
            let Some(scalar) = inline.scalar() else {
                return Recipe::Unknown;
            };
            if scalar.origin == Origin::Unknown {
                return Recipe::Unknown;
            }
            let text = scalar.text.clone();
            return Recipe::Inline(match scalar.style {
                Style::Literal => InlineText::of_block(text, inline.place, self.source.text()),
                _ => InlineText::of_quoted(text, inline.place),
            });
        }
        match target.get("dockerfile") {
            Some(path) => path.string().map_or(Recipe::Unknown, Recipe::File),
            None => Recipe::Default,
        }
    }
}

fn args(node: Option<&Node>) -> Vec<Variable> {
    let mut args = Vec::new();
    for entry in node.map(Node::entries).unwrap_or_default() {
        let scalar = entry.value.scalar();
        args.push(Variable {
            name: entry.key.clone(),
            value: entry.value.string(),
            is_literal: scalar.is_some_and(|scalar| scalar.origin == Origin::Written),
        });
    }
    args
}

fn contexts(node: Option<&Node>) -> BTreeMap<String, Spanned<String>> {
    let mut contexts = BTreeMap::new();
    for entry in node.map(Node::entries).unwrap_or_default() {
        let source = entry
            .value
            .scalar()
            .map_or("", |scalar| scalar.text.as_str());
        let source = Spanned::new(source.to_owned(), entry.value.place);
        contexts.insert(entry.key.value.clone(), source);
    }
    contexts
}

/// Attributes of `over` replace those of `base`, except that mappings are merged.
fn merge(base: Node, over: Node) -> Node {
    let (Value::Map(mut entries), Value::Map(over_entries)) = (base.value, over.value) else {
        return Node {
            place: over.place,
            value: Value::Null,
            merging: Merging::Usual,
        };
    };
    for entry in over_entries {
        let known = entries
            .iter_mut()
            .find(|known| known.key.value == entry.key.value);
        match known {
            Some(known) if known.value.is_map() && entry.value.is_map() => {
                let old = std::mem::replace(&mut known.value, empty(entry.value.place));
                known.value = merge(old, entry.value);
            }
            Some(known) => *known = entry,
            None => entries.push(entry),
        }
    }
    Node {
        place: over.place,
        value: Value::Map(entries),
        merging: Merging::Usual,
    }
}

fn empty(place: Place) -> Node {
    Node {
        place,
        value: Value::Null,
        merging: Merging::Usual,
    }
}

/// The combinations of a matrix; without one, a single empty combination.
fn combinations(matrix: Option<&Node>) -> Vec<BTreeMap<String, Node>> {
    let mut all = vec![BTreeMap::new()];
    for entry in matrix.map(Node::entries).unwrap_or_default() {
        let mut longer = Vec::new();
        for values in &all {
            for item in entry.value.items() {
                if longer.len() > MAX_TARGETS {
                    break;
                }
                let mut values = values.clone();
                values.insert(entry.key.value.clone(), item.clone());
                longer.push(values);
            }
        }
        all = longer;
    }
    all
}
