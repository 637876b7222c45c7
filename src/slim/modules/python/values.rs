//! The values of expressions that name modules, as far as they are known without running them.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use ruff_python_ast::visitor::{Visitor, walk_parameter, walk_stmt};
use ruff_python_ast::{
    Expr, ExprCall, FStringPart, InterpolatedStringElement, Operator, Parameter, Stmt,
};
use ruff_text_size::Ranged as _;

/// Stands for a part that is computed.
pub(super) const UNKNOWN: char = '\u{0}';
/// Stands for the name of the source's package.
pub(super) const OWN: char = '\u{1}';

/// Values of an expression that are distinguished; more are one unknown value.
const MAX_VALUES: usize = 64;
const MAX_DEPTH: usize = 16;
/// Bytes of a value. Longer ones name no module, with all the dots and formats around it.
const MAX_LENGTH: usize = 1_000;
/// Bytes of values that are made for a source, and more for each byte of it: an expression of a few
/// bytes may stand for many values, and a source may repeat it.
const LEAST_EFFORT: usize = 64 << 10;
const EFFORT_PER_BYTE: usize = 4;
/// The cost of a value beyond its bytes.
const VALUE: usize = 16;

/// Variables that only ever have literal values.
#[derive(Clone, Debug)]
pub(super) struct Bindings {
    values: HashMap<String, Vec<String>>,
    others: HashSet<String>,
    /// Remaining work for expressions; all of them are unknown once it is used up.
    effort: Cell<usize>,
}

impl Default for Bindings {
    fn default() -> Self {
        Self {
            values: HashMap::new(),
            others: HashSet::new(),
            effort: Cell::new(LEAST_EFFORT),
        }
    }
}

/// The variables of a source. Scopes are not told apart: a name has the values of all of them.
pub(super) fn bindings(body: &[Stmt]) -> Bindings {
    let length = body.last().map_or(0, |last| last.end().to_usize());
    let mut bindings = Bindings {
        effort: Cell::new(LEAST_EFFORT + EFFORT_PER_BYTE * length),
        ..Bindings::default()
    };
    for statement in body {
        bindings.visit_stmt(statement);
    }
    bindings
}

impl<'a> Visitor<'a> for Bindings {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Assign(assignment) => {
                for target in &assignment.targets {
                    self.bind(target, std::slice::from_ref(&*assignment.value));
                }
            }
            Stmt::AnnAssign(assignment) => {
                if let Some(value) = &assignment.value {
                    self.bind(&assignment.target, std::slice::from_ref(value));
                }
            }
            Stmt::AugAssign(assignment) => self.bind_unknown(&assignment.target),
            Stmt::For(loop_over) => match &*loop_over.iter {
                Expr::List(list) => self.bind(&loop_over.target, &list.elts),
                Expr::Tuple(tuple) => self.bind(&loop_over.target, &tuple.elts),
                Expr::Set(set) => self.bind(&loop_over.target, &set.elts),
                _ => self.bind_unknown(&loop_over.target),
            },
            Stmt::With(with) => {
                for item in &with.items {
                    if let Some(target) = &item.optional_vars {
                        self.bind_unknown(target);
                    }
                }
            }
            _ => {}
        }
        walk_stmt(self, statement);
    }

    fn visit_parameter(&mut self, parameter: &'a Parameter) {
        self.others.insert(parameter.name.as_str().to_owned());
        walk_parameter(self, parameter);
    }

    /// Only comprehensions and lambdas bind names in expressions, and their names are seldom
    /// those of other variables.
    fn visit_expr(&mut self, _: &'a Expr) {}
}

impl Bindings {
    fn bind(&mut self, target: &Expr, values: &[Expr]) {
        if let Expr::Tuple(targets) = target {
            return self.bind_each(&targets.elts, values);
        }
        let Expr::Name(name) = target else {
            return self.bind_unknown(target);
        };
        let name = name.id.as_str();
        for value in values {
            if let Expr::StringLiteral(string) = value
                && string.value.len() <= MAX_LENGTH
            {
                let known = self.values.entry(name.to_owned()).or_default();
                known.push(string.value.to_str().to_owned());
            } else {
                self.others.insert(name.to_owned());
            }
        }
    }

    /// `for name, version in [("a", "1.0"), ("b", "2.0")]`.
    fn bind_each(&mut self, targets: &[Expr], values: &[Expr]) {
        for value in values {
            let elements = match value {
                Expr::Tuple(tuple) => &tuple.elts[..],
                Expr::List(list) => &list.elts,
                _ => &[],
            };
            let is_even = elements.len() == targets.len();
            for (place, target) in targets.iter().enumerate() {
                match target {
                    Expr::Name(_) if is_even => {
                        self.bind(target, std::slice::from_ref(&elements[place]));
                    }
                    _ => self.bind_unknown(target),
                }
            }
        }
    }

    fn bind_unknown(&mut self, target: &Expr) {
        match target {
            Expr::Name(name) => {
                self.others.insert(name.id.as_str().to_owned());
            }
            Expr::Tuple(tuple) => {
                for element in &tuple.elts {
                    if let Expr::Name(name) = element {
                        self.others.insert(name.id.as_str().to_owned());
                    }
                }
            }
            _ => {}
        }
    }

    /// The value of an expression that is a literal.
    pub(super) fn literal(&self, expression: &Expr) -> Option<String> {
        match self.evaluate(expression).as_slice() {
            [value] if !value.contains([UNKNOWN, OWN]) => Some(value.clone()),
            _ => None,
        }
    }

    /// The possible values of an expression.
    pub(super) fn evaluate(&self, expression: &Expr) -> Vec<String> {
        let values = self.values_of(expression, 0);
        if values.is_empty() || values.len() > MAX_VALUES {
            return unknown();
        }
        values
    }

    fn values_of(&self, expression: &Expr, depth: usize) -> Vec<String> {
        // A format with many values evaluates its arguments for each of them.
        if depth > MAX_DEPTH || self.effort.get() == 0 {
            return unknown();
        }
        let values = self.values_within(expression, depth);
        if values.len() <= MAX_VALUES && self.spend(&values) {
            values
        } else {
            unknown()
        }
    }

    /// Counts values that were made; false if they are too many for the source.
    fn spend(&self, values: &[String]) -> bool {
        let bytes: usize = values.iter().map(|value| value.len() + VALUE).sum();
        let left = self.effort.get().checked_sub(bytes);
        self.effort.set(left.unwrap_or_default());
        left.is_some()
    }

    fn values_within(&self, expression: &Expr, depth: usize) -> Vec<String> {
        match expression {
            Expr::StringLiteral(string) if string.value.len() > MAX_LENGTH => unknown(),
            Expr::StringLiteral(string) => vec![string.value.to_str().to_owned()],
            Expr::Name(name) => self.values_of_name(name.id.as_str()),
            Expr::Attribute(attribute)
                if matches!(attribute.attr.as_str(), "__name__" | "__package__") =>
            {
                unknown()
            }
            Expr::If(choice) => {
                let mut values = self.values_of(&choice.body, depth + 1);
                values.extend(self.values_of(&choice.orelse, depth + 1));
                values
            }
            Expr::BoolOp(choice) => {
                let mut values = Vec::new();
                for value in choice.values.iter().take(MAX_VALUES + 1) {
                    values.extend(self.values_of(value, depth + 1));
                }
                values
            }
            Expr::BinOp(operation) => match operation.op {
                Operator::Add => self.combine(
                    &self.values_of(&operation.left, depth + 1),
                    &self.values_of(&operation.right, depth + 1),
                ),
                Operator::Mod => {
                    let formats = self.values_of(&operation.left, depth + 1);
                    let arguments = match &*operation.right {
                        Expr::Tuple(tuple) => &tuple.elts[..],
                        one => std::slice::from_ref(one),
                    };
                    self.fill(&formats, "%s", arguments, depth)
                }
                _ => unknown(),
            },
            Expr::FString(string) => self.values_of_f_string(string.value.as_slice(), depth),
            Expr::Call(call) => self.values_of_call(call, depth),
            _ => unknown(),
        }
    }

    fn values_of_name(&self, name: &str) -> Vec<String> {
        if matches!(name, "__name__" | "__package__") {
            return vec![OWN.to_string()];
        }
        match self.values.get(name) {
            Some(values) if !self.others.contains(name) && values.len() <= MAX_VALUES => {
                values.clone()
            }
            _ => unknown(),
        }
    }

    fn values_of_f_string(&self, parts: &[FStringPart], depth: usize) -> Vec<String> {
        let mut values = vec![String::new()];
        for part in parts {
            match part {
                FStringPart::Literal(literal) => {
                    values = self.combine(&values, &[literal.value.to_string()]);
                }
                FStringPart::FString(string) => {
                    for element in &string.elements {
                        let next = match element {
                            InterpolatedStringElement::Literal(literal) => {
                                vec![literal.value.to_string()]
                            }
                            InterpolatedStringElement::Interpolation(inner) => {
                                self.values_of(&inner.expression, depth + 1)
                            }
                        };
                        values = self.combine(&values, &next);
                    }
                }
            }
        }
        values
    }

    /// `"a.{}".format(b)` and `".".join([a, b])`.
    fn values_of_call(&self, call: &ExprCall, depth: usize) -> Vec<String> {
        let Expr::Attribute(method) = &*call.func else {
            return unknown();
        };
        let Expr::StringLiteral(text) = &*method.value else {
            return unknown();
        };
        let text = text.value.to_str();
        if text.len() > MAX_LENGTH {
            return unknown();
        }
        match method.attr.as_str() {
            "format" => {
                let formats = [text.replace("{0}", "{}").replace("{1}", "{}")];
                self.fill(&formats, "{}", &call.arguments.args, depth)
            }
            "join" => {
                let elements = match call.arguments.args.first() {
                    Some(Expr::List(list)) => &list.elts,
                    Some(Expr::Tuple(tuple)) => &tuple.elts,
                    _ => return unknown(),
                };
                let mut values = vec![String::new()];
                for (place, element) in elements.iter().enumerate() {
                    if place > 0 {
                        values = self.combine(&values, &[text.to_owned()]);
                    }
                    values = self.combine(&values, &self.values_of(element, depth + 1));
                }
                values
            }
            _ => unknown(),
        }
    }

    /// Formats with their gaps filled.
    fn fill(&self, formats: &[String], gap: &str, arguments: &[Expr], depth: usize) -> Vec<String> {
        let mut filled = Vec::new();
        for format in formats.iter().take(MAX_VALUES) {
            let mut values = vec![String::new()];
            for (place, piece) in format.split(gap).enumerate() {
                if place > 0 {
                    let argument = arguments.get(place - 1);
                    let next = argument.map(|argument| self.values_of(argument, depth + 1));
                    values = self.combine(&values, &next.unwrap_or_else(unknown));
                }
                // Other gaps, such as `%(name)s` and `{name}`, are not understood.
                let known = piece.find(['%', '{']).unwrap_or(piece.len());
                values = self.combine(&values, &[piece[..known].to_owned()]);
                if known < piece.len() {
                    values = self.combine(&values, &unknown());
                    break;
                }
            }
            filled.extend(values);
        }
        filled
    }

    /// Every value of the first list followed by every one of the second.
    fn combine(&self, first: &[String], second: &[String]) -> Vec<String> {
        if first.len() * second.len() > MAX_VALUES || self.effort.get() == 0 {
            return unknown();
        }
        let mut values = Vec::new();
        for start in first {
            for end in second {
                if start.len() + end.len() > MAX_LENGTH {
                    return unknown();
                }
                values.push([start.as_str(), end].concat());
            }
        }
        if self.spend(&values) {
            values
        } else {
            unknown()
        }
    }
}

fn unknown() -> Vec<String> {
    vec![UNKNOWN.to_string()]
}

/// Whether an expression is the name of a module that was imported before: `cls.__module__`.
pub(super) fn is_of_loaded_module(expression: &Expr) -> bool {
    matches!(expression, Expr::Attribute(attribute) if attribute.attr.as_str() == "__module__")
}

/// Whether an expression joins the name of the source's module or package and other texts.
pub(super) fn begins_with_own_name(expression: &Expr) -> bool {
    match expression {
        Expr::Name(name) => matches!(name.id.as_str(), "__name__" | "__package__"),
        Expr::BinOp(operation) if operation.op == Operator::Add => {
            begins_with_own_name(&operation.left)
        }
        Expr::BinOp(operation) if operation.op == Operator::Mod => {
            let first = match &*operation.right {
                Expr::Tuple(tuple) => tuple.elts.first(),
                one => Some(one),
            };
            first.is_some_and(|first| first.is_name_expr() && begins_with_own_name(first))
        }
        Expr::FString(string) => match string.value.as_slice() {
            [FStringPart::FString(part), ..] => match part.elements.first() {
                Some(InterpolatedStringElement::Interpolation(first)) => {
                    first.expression.is_name_expr() && begins_with_own_name(&first.expression)
                }
                _ => false,
            },
            _ => false,
        },
        _ => false,
    }
}

/// The last part of the name of a called function.
pub(super) fn function_name(function: &Expr) -> Option<&str> {
    match function {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) => Some(attribute.attr.as_str()),
        _ => None,
    }
}
