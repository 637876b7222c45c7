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
use evaluate::{Evaluator, Locals};

/// The longest chain of `inherits`.
const MAX_CHAIN: usize = 16;
/// The number of targets after matrices are expanded.
const MAX_TARGETS: usize = 1024;
/// The number of values in all combinations of a matrix.
const MAX_MATRIX_VALUES: usize = 16_384;

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
            let node = definitions.variables.evaluate_json(default, &Locals::new());
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
        if let Some(place) = definitions.variables.skipped() {
            let message = "the expressions of this file are too long to evaluate all of them";
            self.problem(place, message);
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
        let matrix = variables.attribute(&definition.body, "matrix", &Locals::new());
        let Some(combinations) = combinations(matrix.as_ref()) else {
            let message = format!(
                "the matrix has more than {MAX_TARGETS} combinations or {MAX_MATRIX_VALUES} values"
            );
            return self.problem(place, message);
        };
        for values in combinations {
            if names.len() >= MAX_TARGETS {
                return self.problem(place, format!("more than {MAX_TARGETS} targets"));
            }
            // Reported at the first expression that is not evaluated.
            if variables.is_exhausted() {
                return;
            }
            let node = variables.body(&definition.body, place, &values);
            let mut name = definition.name.clone();
            if matrix.is_some()
                && let Some(given) = node.get("name").and_then(Node::as_str)
            {
                given.clone_into(&mut name.value);
            }
            if !self.budget.take_tree(&node) {
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
            self.problem(name.place, format!("`{}` inherits from itself", name.value));
            return None;
        }
        let Some(own) = self.targets.get(&name.value) else {
            self.problem(name.place, format!("there is no target `{}`", name.value));
            return None;
        };
        if !self.budget.take_tree(own) {
            return None;
        }
        let own = own.clone();
        let bases = own.get("inherits").map(Node::strings).unwrap_or_default();
        chain.push(name.value.clone());
        let mut merged: Option<Node> = None;
        for base in bases {
            if self.budget.is_exceeded() {
                break;
            }
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

    fn problem(&mut self, place: Place, message: impl Into<String>) {
        self.deployment.problems.push(Problem::new(place, message));
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
    let mut positions = HashMap::new();
    for (position, entry) in entries.iter().enumerate() {
        positions.entry(entry.key.value.clone()).or_insert(position);
    }
    for entry in over_entries {
        let position = *positions
            .entry(entry.key.value.clone())
            .or_insert(entries.len());
        match entries.get_mut(position) {
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

/// The combinations of a matrix; without one, a single empty combination. `None` if there are too
/// many, which is known before any of them is built.
fn combinations(matrix: Option<&Node>) -> Option<Vec<Locals<'_>>> {
    let entries = matrix.map(Node::entries).unwrap_or_default();
    let count = count_combinations(entries)?;
    if count > MAX_TARGETS || count.checked_mul(entries.len())? > MAX_MATRIX_VALUES {
        return None;
    }
    let mut all = Vec::with_capacity(count);
    if count > 0 {
        all.push(Locals::new());
    }
    for entry in entries.iter().take(count * entries.len()) {
        let mut longer = Vec::with_capacity(count);
        for values in &all {
            for item in entry.value.items() {
                let mut values = values.clone();
                values.insert(entry.key.value.as_str(), item);
                longer.push(values);
            }
        }
        all = longer;
    }
    Some(all)
}

/// The number of combinations; `None` if it is not a number that fits.
fn count_combinations(entries: &[Entry]) -> Option<usize> {
    // A key without values leaves no combination, whatever the others have.
    if entries.iter().any(|entry| entry.value.items().is_empty()) {
        return Some(0);
    }
    let mut count: usize = 1;
    for entry in entries {
        count = count.checked_mul(entry.value.items().len())?;
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let deployment = read(Source::new("docker-bake.hcl", text), &Room::default());
        let problems = deployment.problems.into_iter();
        problems.map(|problem| problem.message).collect()
    }

    fn matrix(keys: usize, items: usize) -> String {
        let mut text = "target \"t\" {\n  matrix = {\n".to_owned();
        for key in 0..keys {
            let items: Vec<String> = (0..items).map(|item| format!("\"i{item}\"")).collect();
            let _ = writeln!(text, "    k{key} = [{}]", items.join(", "));
        }
        text + "  }\n  name = \"t-${k0}-${k1}\"\n}\n"
    }

    #[test]
    fn a_matrix_with_too_many_combinations_is_refused_as_a_whole() {
        for (keys, items) in [(2, 33), (11, 2), (60, 60), (1000, 2)] {
            let text = matrix(keys, items);
            let deployment = read(
                Source::new("docker-bake.hcl", text.as_str()),
                &Room::default(),
            );
            let problems = &deployment.problems;
            assert_eq!(problems.len(), 1, "{keys} × {items}: {problems:?}");
            assert!(problems[0].message.contains("combinations"), "{problems:?}");
            assert!(deployment.targets.is_empty());
        }
    }

    #[test]
    fn the_values_of_all_combinations_are_limited() {
        let full = (0..10)
            .map(|key| format!("k{key} = [1, 2]\n"))
            .collect::<Vec<_>>()
            .concat();
        for (further, expected) in [(6, 1024), (7, 0)] {
            let one = (0..further)
                .map(|key| format!("j{key} = [1]\n"))
                .collect::<Vec<_>>()
                .concat();
            let name = (0..10)
                .map(|key| format!("-${{k{key}}}"))
                .collect::<Vec<_>>()
                .concat();
            let text =
                format!("target \"t\" {{\nmatrix = {{\n{full}{one}}}\nname = \"t{name}\"\n}}\n");
            let deployment = read(
                Source::new("docker-bake.hcl", text.as_str()),
                &Room::default(),
            );
            assert_eq!(deployment.targets.len(), expected);
            assert_eq!(deployment.problems.is_empty(), expected > 0);
        }
    }

    #[test]
    fn a_file_with_too_many_keys_is_not_parsed() {
        for separator in ["=", ":"] {
            let mut text = "target \"t\" {\n  args = {\n".to_owned();
            for number in 0..60_000 {
                let _ = writeln!(text, "    a{number} {separator} 1");
            }
            text += "  }\n}\n";
            let problems = problems(&text);
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].contains("attributes and keys"), "{problems:?}");
        }
    }

    #[test]
    fn a_matrix_within_the_limits_is_expanded() {
        for (keys, items, expected) in [(2, 32, 1024), (4, 1, 1), (2, 3, 9), (3, 0, 0)] {
            let text = matrix(keys, items);
            let deployment = read(
                Source::new("docker-bake.hcl", text.as_str()),
                &Room::default(),
            );
            assert_eq!(deployment.problems, [], "{keys} × {items}");
            assert_eq!(deployment.targets.len(), expected, "{keys} × {items}");
        }
        // Nothing is built if a key has no values, whatever the others have.
        let full = (0..99)
            .map(|key| format!("k{key} = [1, 2]\n"))
            .collect::<Vec<_>>()
            .concat();
        let empty = format!("target \"t\" {{\nmatrix = {{\n{full}z = []\n}}\n}}\n");
        assert_eq!(problems(&empty), [""; 0]);
    }

    #[test]
    fn only_variables_that_an_expression_names_cost_work() {
        let mut text = String::new();
        for number in 0..2000 {
            let _ = writeln!(text, "variable \"v{number}\" {{ default = \"{number}\" }}");
        }
        text += "target \"t\" {\n  args = {\n";
        for number in 0..2000 {
            let _ = writeln!(text, "    a{number} = \"x${{v{number}}}\"");
        }
        text += "  }\n}\n";
        let deployment = read(
            Source::new("docker-bake.hcl", text.as_str()),
            &Room::default(),
        );
        assert_eq!(deployment.problems, []);
        let args = &deployment.targets[0].args;
        for (number, arg) in args.iter().enumerate() {
            let value = arg.value.as_ref().map(|value| value.value.as_str());
            assert_eq!(value, Some(format!("x{number}").as_str()));
        }
        assert_eq!(args.len(), 2000);
    }

    #[test]
    fn repeated_values_count_as_work() {
        let long = "x".repeat(4000);
        let uses = "${v}".repeat(4000);
        let hcl = format!(
            "variable \"v\" {{ default = \"{long}\" }}\ntarget \"t\" {{ target = \"{uses}\" }}\n"
        );
        let json = format!(
            "{{\"variable\": {{\"v\": {{\"default\": \"{long}\"}}}},\n\
             \"target\": {{\"t\": {{\"target\": \"{uses}\"}}}}}}"
        );
        let local = format!(
            "target \"t\" {{\n  matrix = {{ v = [\"{long}\"] }}\n  target = \"{uses}\"\n}}\n"
        );
        // An expression of its own length, and many copies of a text without any.
        let alone = format!(
            "target \"t\" {{ target = \"${{v}}{}\" }}\n",
            "y".repeat(70_000)
        );
        let copies = matrix(2, 32).replace(
            "name =",
            &format!("target = \"{long}{long}{long}\"\n  name ="),
        );
        for text in [hcl, json, local, alone, copies] {
            let problems = problems(&text);
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].contains("too long to evaluate"), "{problems:?}");
        }
    }

    #[test]
    fn an_exceeded_budget_is_reported_once() {
        let mut text = "target \"a\" {\n  args = {\n".to_owned();
        for number in 0..9000 {
            let _ = writeln!(text, "    a{number} = 1");
        }
        text += "  }\n}\n";
        for number in 0..30 {
            let _ = writeln!(text, "target \"t{number}\" {{ inherits = [\"a\"] }}");
        }
        let problems = problems(&text);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains("too many values"), "{problems:?}");
    }
}
