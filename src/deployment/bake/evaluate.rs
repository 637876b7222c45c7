//! Evaluation of the expressions in a Bake file, within limits.
//!
//! A value may be repeated by each expression that refers to it, so that a few lines could double
//! it hundreds of times. Values and expressions are therefore short, `for` is not evaluated, and
//! the length of each value counts as work wherever it is used.

use std::collections::BTreeMap;

use hcl::edit::expr::{Expression, ForExpr, FuncCall, ObjectKey};
use hcl::edit::structure::Attribute;
use hcl::edit::template::ForDirective;
use hcl::edit::visit::{Visit, visit_func_call};
use hcl::edit::{Decorated, Ident, Span as _};
use hcl::eval::{Context, Evaluate as _};

use super::super::place::{Place, Spanned};
use super::super::yaml::{Entry, Merging, Node, Origin, Scalar, Style, Value};
use super::Body;
use super::functions;
use super::hcl::map;

/// The longest text of an expression that is evaluated, in bytes.
const MAX_EXPRESSION: usize = 64 << 10;
/// Bytes of expressions, and of the values in them, that are evaluated for a file.
const MAX_WORK: usize = 8 << 20;
/// The longest value of a variable, in bytes.
const MAX_VARIABLE: usize = 4 << 10;

/// The values of a matrix, for one of its combinations.
pub(super) type Locals<'a> = BTreeMap<&'a str, &'a Node>;

/// Variables with known values, and the work that was done with them.
#[derive(Default)]
pub(super) struct Evaluator {
    variables: BTreeMap<String, hcl::Value>,
    work: usize,
    /// The first expression that was not evaluated because of a limit.
    skipped: Option<Place>,
}

impl Evaluator {
    /// Sets a variable; false if its value is not known.
    pub(super) fn declare(&mut self, name: &str, node: &Node) -> bool {
        let Some(value) = value_of(node) else {
            return false;
        };
        if size(&value) > MAX_VARIABLE {
            return false;
        }
        self.variables.insert(name.trim().to_owned(), value);
        true
    }

    pub(super) fn is_exhausted(&self) -> bool {
        self.work > MAX_WORK
    }

    /// The first expression that is unknown because of a limit.
    pub(super) fn skipped(&self) -> Option<Place> {
        self.skipped
    }

    /// Counts work at a place; false if there was too much.
    fn count(&mut self, bytes: usize, place: Place) -> bool {
        self.work = self.work.saturating_add(bytes);
        if self.is_exhausted() {
            self.skipped.get_or_insert(place);
        }
        !self.is_exhausted()
    }

    /// The same for an expression, which may not be too long itself.
    fn count_expression(&mut self, bytes: usize, place: Place) -> bool {
        if bytes > MAX_EXPRESSION {
            self.skipped.get_or_insert(place);
        }
        self.count(bytes, place) && bytes <= MAX_EXPRESSION
    }

    /// All attributes of a target; `locals` are the values of its matrix.
    pub(super) fn body(&mut self, body: &Body, place: Place, locals: &Locals<'_>) -> Node {
        match body {
            Body::Json(node) => self.evaluate_json(node, locals),
            Body::Hcl(attributes) => {
                let mut entries = Vec::new();
                for attribute in attributes {
                    entries.push(Entry {
                        key: key_of(attribute),
                        value: self.expression(&attribute.value, locals),
                    });
                }
                map(entries, place)
            }
        }
    }

    /// One attribute of a target.
    pub(super) fn attribute(
        &mut self,
        body: &Body,
        name: &str,
        locals: &Locals<'_>,
    ) -> Option<Node> {
        match body {
            Body::Json(node) => {
                let node = node.get(name)?.clone();
                Some(self.evaluate_json(&node, locals))
            }
            Body::Hcl(attributes) => {
                let attribute = attributes
                    .iter()
                    .find(|attribute| attribute.has_key(name))?;
                Some(self.expression(&attribute.value, locals))
            }
        }
    }

    /// The value of an expression. Parts that cannot be evaluated are unknown.
    pub(super) fn expression(&mut self, expression: &Expression, locals: &Locals<'_>) -> Node {
        let span = expression.span().unwrap_or_default();
        let place = Place::new(0, span.start, span.end);
        let value = match expression {
            Expression::Array(array) => Value::List(
                array
                    .iter()
                    .map(|item| self.expression(item, locals))
                    .collect(),
            ),
            Expression::Object(object) => {
                let mut entries = Vec::new();
                for (key, value) in object {
                    if let Some(key) = object_key(key) {
                        let value = self.expression(value.expr(), locals);
                        entries.push(Entry { key, value });
                    }
                }
                Value::Map(entries)
            }
            Expression::Parenthesis(inner) => return self.expression(inner.inner(), locals),
            Expression::Null(_) => Value::Null,
            Expression::String(text) => {
                // Each combination of a matrix has a copy.
                if !self.count(text.len(), place) {
                    return unknown(place);
                }
                written(text.as_str(), Style::Quoted)
            }
            Expression::Bool(value) => written(&value.to_string(), Style::Plain),
            _ => return self.computed(expression, place, locals),
        };
        node(value, place)
    }

    fn computed(&mut self, expression: &Expression, place: Place, locals: &Locals<'_>) -> Node {
        let style = match expression {
            Expression::HeredocTemplate(_) => Style::Literal,
            _ => Style::Quoted,
        };
        let length = place.span.end - place.span.start;
        if !self.count_expression(length, place) {
            return unknown(place);
        }
        let mut contents = Contents::default();
        contents.visit_expr(expression);
        let Some(context) = self.context(&contents, place, locals) else {
            return unknown(place);
        };
        match hcl::Expression::from(expression.clone()).evaluate(&context) {
            Ok(value) => node_of(&value, place, style),
            Err(_) => unknown(place),
        }
    }

    /// A tree of JSON, whose texts are templates.
    pub(super) fn evaluate_json(&mut self, node: &Node, locals: &Locals<'_>) -> Node {
        let value = match &node.value {
            Value::Null => Value::Null,
            Value::List(items) => Value::List(
                items
                    .iter()
                    .map(|item| self.evaluate_json(item, locals))
                    .collect(),
            ),
            Value::Map(entries) => {
                let mut evaluated = Vec::new();
                for Entry { key, value } in entries {
                    evaluated.push(Entry {
                        key: key.clone(),
                        value: self.evaluate_json(value, locals),
                    });
                }
                Value::Map(evaluated)
            }
            Value::Scalar(scalar) if scalar.text.contains("${") => {
                return self.template(&scalar.text, node.place, locals);
            }
            Value::Scalar(scalar) => {
                if !self.count(scalar.text.len(), node.place) {
                    return unknown(node.place);
                }
                Value::Scalar(scalar.clone())
            }
        };
        self::node(value, node.place)
    }

    fn template(&mut self, text: &str, place: Place, locals: &Locals<'_>) -> Node {
        if !self.count_expression(text.len(), place) {
            return unknown(place);
        }
        let Ok(template) = hcl::edit::parser::parse_template(text) else {
            return unknown(place);
        };
        let mut contents = Contents::default();
        contents.visit_template(&template);
        let Some(context) = self.context(&contents, place, locals) else {
            return unknown(place);
        };
        match hcl::Template::from(template).evaluate(&context) {
            Ok(value) => node_of(&hcl::Value::String(value), place, Style::Quoted),
            Err(_) => unknown(place),
        }
    }

    /// The names that an expression may refer to; `None` if it cannot be evaluated within the
    /// limits. A value counts each time that the expression repeats it.
    fn context(
        &mut self,
        contents: &Contents,
        place: Place,
        locals: &Locals<'_>,
    ) -> Option<Context<'static>> {
        if contents.has_loop {
            return None;
        }
        let mut context = Context::new();
        if contents.has_call {
            functions::declare(&mut context);
        }
        for (name, &uses) in &contents.names {
            // A value of the matrix hides a variable, also if it is unknown.
            let value = match locals.get(name.as_str()) {
                Some(node) => value_of(node),
                None => self.variables.get(name).cloned(),
            };
            let Some(value) = value else {
                continue;
            };
            if !self.count(size(&value).saturating_mul(uses), place) {
                return None;
            }
            context.declare_var(name.as_str(), value);
        }
        Some(context)
    }
}

/// The parts of an expression that determine how it is evaluated.
#[derive(Default)]
struct Contents {
    /// The names of variables, with the number of their uses.
    names: BTreeMap<String, usize>,
    /// Whether a function is called.
    has_call: bool,
    /// Whether there is a `for`, which repeats what is in it.
    has_loop: bool,
}

impl Visit for Contents {
    fn visit_ident(&mut self, ident: &Decorated<Ident>) {
        // Names of attributes and functions are counted too, which does no harm.
        let uses = self.names.entry(ident.as_str().to_owned()).or_default();
        *uses += 1;
    }

    fn visit_func_call(&mut self, call: &FuncCall) {
        self.has_call = true;
        visit_func_call(self, call);
    }

    fn visit_for_expr(&mut self, _: &ForExpr) {
        self.has_loop = true;
    }

    fn visit_for_directive(&mut self, _: &ForDirective) {
        self.has_loop = true;
    }
}

fn key_of(attribute: &Attribute) -> Spanned<String> {
    let span = attribute.key.span().unwrap_or_default();
    Spanned::new(
        attribute.key.as_str().to_owned(),
        Place::new(0, span.start, span.end),
    )
}

fn object_key(key: &ObjectKey) -> Option<Spanned<String>> {
    let (text, span) = match key {
        ObjectKey::Ident(ident) => (ident.as_str().to_owned(), ident.span()),
        ObjectKey::Expression(Expression::String(text)) => (text.as_str().to_owned(), text.span()),
        // An identifier may also be parsed as a variable.
        ObjectKey::Expression(Expression::Variable(ident)) => {
            (ident.as_str().to_owned(), ident.span())
        }
        ObjectKey::Expression(_) => return None,
    };
    let span = span.unwrap_or_default();
    Some(Spanned::new(text, Place::new(0, span.start, span.end)))
}

fn node(value: Value, place: Place) -> Node {
    Node {
        place,
        value,
        merging: Merging::Usual,
    }
}

fn written(text: &str, style: Style) -> Value {
    Value::Scalar(Scalar {
        text: text.to_owned(),
        style,
        origin: Origin::Written,
    })
}

/// A value that is not known. The text marks it for readers that need one.
fn unknown(place: Place) -> Node {
    Node::text(place, "${…}", Origin::Unknown)
}

fn node_of(value: &hcl::Value, place: Place, style: Style) -> Node {
    let value = match value {
        hcl::Value::Null => Value::Null,
        hcl::Value::Array(items) => Value::List(
            items
                .iter()
                .map(|item| node_of(item, place, style))
                .collect(),
        ),
        hcl::Value::Object(entries) => {
            let mut nodes = Vec::new();
            for (key, value) in entries {
                nodes.push(Entry {
                    key: Spanned::new(key.clone(), place),
                    value: node_of(value, place, style),
                });
            }
            Value::Map(nodes)
        }
        hcl::Value::String(text) => computed(text.clone(), style),
        hcl::Value::Bool(value) => computed(value.to_string(), style),
        hcl::Value::Number(number) => computed(number.to_string(), style),
    };
    node(value, place)
}

fn computed(text: String, style: Style) -> Value {
    Value::Scalar(Scalar {
        text,
        style,
        origin: Origin::Variables,
    })
}

/// The value of a tree for further expressions; `None` if a part is unknown.
fn value_of(node: &Node) -> Option<hcl::Value> {
    Some(match &node.value {
        Value::Null => hcl::Value::Null,
        Value::List(items) => hcl::Value::Array(items.iter().map(value_of).collect::<Option<_>>()?),
        Value::Map(entries) => {
            let mut object = hcl::Map::new();
            for entry in entries {
                object.insert(entry.key.value.clone(), value_of(&entry.value)?);
            }
            hcl::Value::Object(object)
        }
        Value::Scalar(scalar) => match (scalar.origin, scalar.style, scalar.text.as_str()) {
            (Origin::Unknown, ..) => return None,
            (_, Style::Plain, "true") => hcl::Value::Bool(true),
            (_, Style::Plain, "false") => hcl::Value::Bool(false),
            (_, _, text) => hcl::Value::String(text.to_owned()),
        },
    })
}

/// The length of all texts in a value.
fn size(value: &hcl::Value) -> usize {
    match value {
        hcl::Value::Null | hcl::Value::Bool(_) | hcl::Value::Number(_) => 8,
        hcl::Value::String(text) => text.len(),
        hcl::Value::Array(items) => items.iter().map(size).sum::<usize>() + 8,
        hcl::Value::Object(entries) => {
            entries
                .iter()
                .map(|(key, value)| key.len() + size(value))
                .sum::<usize>()
                + 8
        }
    }
}
