//! Parameters whose values are known: those of functions whose calls are all in the source.
//!
//! `function load(name) { return require(name) }` loads what its calls say, unless something else
//! can call it too, because it is exported or passed on. A function that is called where it is
//! written, or for each element of a list, has only that call. Names are not resolved to scopes: a
//! function whose name is bound twice is left alone.

use std::collections::{HashMap, HashSet};

use oxc_ast::ast::{
    Argument, ArrowFunctionExpression, AssignmentTarget, AssignmentTargetPattern,
    BindingIdentifier, BindingPattern, CallExpression, Declaration, ExportDeclaration,
    ExportDefaultDeclaration, ExportDefaultDeclarationKind, Expression, FormalParameters, Function,
    IdentifierReference, Program, SimpleAssignmentTarget, TSType, VariableDeclarator,
};
use oxc_ast_visit::{Visit, walk};
use oxc_syntax::scope::ScopeFlags;

use super::values::{Parameters, Value, Variables, unknown};

/// Sources with more tokens are bundles, in which all functions have the same short names.
pub(super) const MOST_TOKENS: usize = 300_000;
/// Functions with more parameters are not followed.
const MOST_PARAMETERS: usize = 32;
/// How often all calls are evaluated. A function may pass its parameter on to another.
const ROUNDS: usize = 3;
/// Methods that call a function for the elements of a list, with the place of the element among
/// its parameters.
const EACH: &[(&str, usize)] = &[
    ("every", 0),
    ("filter", 0),
    ("find", 0),
    ("findIndex", 0),
    ("flatMap", 0),
    ("forEach", 0),
    ("map", 0),
    ("reduce", 1),
    ("some", 0),
];

/// The functions of a source, and what can call them.
#[derive(Default)]
pub(super) struct Functions<'a> {
    /// The names of parameters by the place of their function; none for a pattern, and for one
    /// that is assigned.
    parameters: HashMap<u32, Vec<Option<&'a str>>>,
    /// Functions that have a name.
    names: HashMap<&'a str, u32>,
    /// How often each name is bound.
    bound: HashMap<&'a str, usize>,
    /// Names that are used other than in a call.
    escaped: HashSet<&'a str>,
    /// The functions around the visited place, by the names of their parameters.
    around: HashMap<&'a str, Vec<(u32, usize)>>,
    /// An assignment to several variables is visited.
    is_target: bool,
}

impl<'a> Functions<'a> {
    pub(super) fn of(program: &Program<'a>) -> Self {
        let mut functions = Self::default();
        functions.visit_program(program);
        functions
    }

    /// The values of parameters. `read` evaluates the variables of the source again, with the
    /// values of the last round.
    pub(super) fn values<'p>(
        &self,
        program: &Program<'a>,
        mut variables: Variables<'p, 'a>,
        read: impl Fn(Parameters<'a>) -> Variables<'p, 'a>,
    ) -> Parameters<'a> {
        let mut known = Parameters::default();
        for _ in 0..ROUNDS {
            let mut calls = Calls {
                functions: self,
                variables: &mut variables,
                found: HashMap::new(),
                around: HashSet::new(),
            };
            calls.visit_program(program);
            let found = calls.parameters();
            if found == known {
                break;
            }
            known = found;
            variables = read(known.clone());
        }
        known
    }

    /// The place of a function that only calls in this source can start.
    fn closed(&self, name: &str) -> Option<u32> {
        let is_closed = self.bound.get(name) == Some(&1) && !self.escaped.contains(name);
        if is_closed {
            self.names.get(name).copied()
        } else {
            None
        }
    }

    fn enter(&mut self, start: u32, parameters: &FormalParameters<'a>) {
        let mut names = Vec::new();
        for (place, parameter) in parameters.items.iter().enumerate() {
            names.push(simple_name(&parameter.pattern));
            if let Some(name) = simple_name(&parameter.pattern) {
                self.assign(name);
                self.around.entry(name).or_default().push((start, place));
            }
        }
        // Each call is compared with all of them.
        if names.len() <= MOST_PARAMETERS {
            self.parameters.insert(start, names);
        }
    }

    fn leave(&mut self, parameters: &FormalParameters<'a>) {
        for parameter in &parameters.items {
            if let Some(name) = simple_name(&parameter.pattern)
                && let Some(around) = self.around.get_mut(name)
            {
                around.pop();
            }
        }
    }

    /// A variable with this name gets a value: if it is a parameter, no longer that of a call.
    fn assign(&mut self, name: &str) {
        if let Some(&(function, place)) = self.around.get(name).and_then(|around| around.last())
            && let Some(parameters) = self.parameters.get_mut(&function)
            && let Some(parameter) = parameters.get_mut(place)
        {
            *parameter = None;
        }
    }
}

impl<'a> Visit<'a> for Functions<'a> {
    fn visit_function(&mut self, it: &Function<'a>, flags: ScopeFlags) {
        // Another declaration of its types.
        if it.body.is_none() {
            return;
        }
        let start = it.span.start;
        self.enter(start, &it.params);
        if let Some(id) = &it.id {
            if it.is_declaration() {
                self.names.insert(id.name.as_str(), start);
            } else {
                // It may call itself by a name of its own.
                self.parameters.remove(&start);
            }
        }
        walk::walk_function(self, it, flags);
        self.leave(&it.params);
    }

    fn visit_arrow_function_expression(&mut self, it: &ArrowFunctionExpression<'a>) {
        self.enter(it.span.start, &it.params);
        walk::walk_arrow_function_expression(self, it);
        self.leave(&it.params);
    }

    fn visit_formal_parameters(&mut self, it: &FormalParameters<'a>) {
        for parameter in &it.items {
            // Simple ones are bound by `enter`.
            if let Some(name) = simple_name(&parameter.pattern) {
                *self.bound.entry(name).or_default() += 1;
            } else {
                self.visit_binding_pattern(&parameter.pattern);
            }
            if let Some(initializer) = &parameter.initializer {
                self.visit_expression(initializer);
            }
        }
        if let Some(rest) = &it.rest {
            self.visit_binding_pattern(&rest.rest.argument);
        }
    }

    fn visit_variable_declarator(&mut self, it: &VariableDeclarator<'a>) {
        if let (Some(name), Some(init)) = (simple_name(&it.id), &it.init)
            && let Some(start) = function_start(init)
        {
            self.names.insert(name, start);
        }
        walk::walk_variable_declarator(self, it);
    }

    fn visit_binding_identifier(&mut self, it: &BindingIdentifier<'a>) {
        let name = it.name.as_str();
        *self.bound.entry(name).or_default() += 1;
        self.assign(name);
    }

    fn visit_identifier_reference(&mut self, it: &IdentifierReference<'a>) {
        let name = it.name.as_str();
        self.escaped.insert(name);
        if self.is_target {
            self.assign(name);
        }
    }

    fn visit_assignment_target(&mut self, it: &AssignmentTarget<'a>) {
        if let AssignmentTarget::AssignmentTargetIdentifier(name) = it {
            self.assign(name.name.as_str());
        }
        walk::walk_assignment_target(self, it);
    }

    fn visit_simple_assignment_target(&mut self, it: &SimpleAssignmentTarget<'a>) {
        if let SimpleAssignmentTarget::AssignmentTargetIdentifier(name) = it {
            self.assign(name.name.as_str());
        }
        walk::walk_simple_assignment_target(self, it);
    }

    fn visit_assignment_target_pattern(&mut self, it: &AssignmentTargetPattern<'a>) {
        let outer = std::mem::replace(&mut self.is_target, true);
        walk::walk_assignment_target_pattern(self, it);
        self.is_target = outer;
    }

    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        let callee = it.callee.get_inner_expression();
        if !matches!(callee, Expression::Identifier(_)) {
            self.visit_expression(callee);
        }
        let element = each(it).map(|each| each.place);
        for (place, argument) in it.arguments.iter().enumerate() {
            // `['a', 'b'].forEach(load)` is a call.
            let is_called = place == 0 && element.is_some();
            if !(is_called && matches!(argument, Argument::Identifier(_))) {
                self.visit_argument(argument);
            }
        }
    }

    fn visit_export_declaration(&mut self, it: &ExportDeclaration<'a>) {
        match &it.declaration {
            Declaration::FunctionDeclaration(function) => {
                self.escaped
                    .extend(function.id.as_ref().map(|id| id.name.as_str()));
            }
            Declaration::VariableDeclaration(variables) => {
                let names = variables
                    .declarations
                    .iter()
                    .filter_map(|it| simple_name(&it.id));
                self.escaped.extend(names);
            }
            _ => {}
        }
        walk::walk_export_declaration(self, it);
    }

    fn visit_export_default_declaration(&mut self, it: &ExportDefaultDeclaration<'a>) {
        if let ExportDefaultDeclarationKind::FunctionDeclaration(function) = &it.declaration {
            self.escaped
                .extend(function.id.as_ref().map(|id| id.name.as_str()));
        }
        walk::walk_export_default_declaration(self, it);
    }

    fn visit_ts_type(&mut self, _: &TSType<'a>) {}
}

/// The values of the arguments of all calls.
struct Calls<'v, 'p, 'a> {
    functions: &'v Functions<'a>,
    variables: &'v mut Variables<'p, 'a>,
    /// By the place of the function and of the parameter.
    found: HashMap<u32, Vec<Value>>,
    /// The functions around the visited place.
    around: HashSet<u32>,
}

impl<'a> Calls<'_, '_, 'a> {
    fn parameters(self) -> Parameters<'a> {
        let mut parameters = Parameters::default();
        for (start, values) in self.found {
            let mut known = Vec::new();
            for (name, value) in self.functions.parameters[&start].iter().zip(values) {
                if let Some(name) = name
                    && !value.is_empty()
                {
                    known.push((*name, value));
                }
            }
            parameters.insert(start, known);
        }
        parameters
    }

    fn add(&mut self, function: u32, place: usize, value: Value) {
        let Some(parameters) = self.functions.parameters.get(&function) else {
            return;
        };
        let values = self.found.entry(function).or_default();
        values.resize(parameters.len(), Value::new());
        if let Some(known) = values.get_mut(place) {
            self.variables.extend(known, value);
        }
    }

    fn add_arguments(&mut self, function: u32, arguments: &[Argument<'a>]) {
        let parameters = self.functions.parameters.get(&function);
        for (place, name) in parameters.into_iter().flatten().enumerate() {
            let before = &arguments[..arguments.len().min(place + 1)];
            if before.iter().any(Argument::is_spread) {
                self.add(function, place, unknown());
                continue;
            }
            let Some(argument) = arguments.get(place).and_then(Argument::as_expression) else {
                continue;
            };
            // A function that calls itself with its own parameter adds no value.
            let is_own = matches!(argument, Expression::Identifier(argument)
                if *name == Some(argument.name.as_str()));
            if !(is_own && self.around.contains(&function)) {
                let value = self.variables.value(argument);
                self.add(function, place, value);
            }
        }
    }

    /// A function that is called for each of the elements of a list.
    fn add_each(&mut self, function: u32, element: usize, value: &Value) {
        let parameters = self.functions.parameters.get(&function).map_or(0, Vec::len);
        for place in 0..parameters {
            let value = if place == element {
                value.clone()
            } else {
                unknown()
            };
            self.add(function, place, value);
        }
    }

    /// Parameters may have default values.
    fn add_defaults(&mut self, function: u32, parameters: &FormalParameters<'a>) {
        for (place, parameter) in parameters.items.iter().enumerate() {
            if let Some(initializer) = &parameter.initializer {
                let value = self.variables.value(initializer);
                self.add(function, place, value);
            }
        }
    }
}

impl<'a> Visit<'a> for Calls<'_, '_, 'a> {
    fn visit_function(&mut self, it: &Function<'a>, flags: ScopeFlags) {
        let start = it.span.start;
        self.add_defaults(start, &it.params);
        self.variables.enter(start);
        self.around.insert(start);
        walk::walk_function(self, it, flags);
        self.around.remove(&start);
        self.variables.leave(start);
    }

    fn visit_arrow_function_expression(&mut self, it: &ArrowFunctionExpression<'a>) {
        let start = it.span.start;
        self.add_defaults(start, &it.params);
        self.variables.enter(start);
        self.around.insert(start);
        walk::walk_arrow_function_expression(self, it);
        self.around.remove(&start);
        self.variables.leave(start);
    }

    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        let callee = it.callee.get_inner_expression();
        if let Expression::Identifier(name) = callee {
            if let Some(function) = self.functions.closed(name.name.as_str()) {
                self.add_arguments(function, &it.arguments);
            }
        } else if let Some(function) = function_start(callee) {
            self.add_arguments(function, &it.arguments);
        } else if let Some(each) = each(it) {
            let function = match each.function {
                Expression::Identifier(name) => self.functions.closed(name.name.as_str()),
                function => function_start(function),
            };
            if let Some(function) = function {
                let value = self.variables.value(each.list);
                self.add_each(function, each.place, &value);
            }
        }
        walk::walk_call_expression(self, it);
    }

    fn visit_ts_type(&mut self, _: &TSType<'a>) {}
}

/// A call that calls a function for each element of a list.
pub(super) struct Each<'e, 'a> {
    pub(super) list: &'e Expression<'a>,
    pub(super) function: &'e Expression<'a>,
    /// The place of the element among the parameters.
    place: usize,
}

/// `list.forEach(function)`, and `Promise.resolve(value).then(function)`, as TypeScript writes
/// `import(name)`.
pub(super) fn each<'e, 'a>(call: &'e CallExpression<'a>) -> Option<Each<'e, 'a>> {
    let Expression::StaticMemberExpression(member) = call.callee.get_inner_expression() else {
        return None;
    };
    let function = call
        .arguments
        .first()?
        .as_expression()?
        .get_inner_expression();
    let name = member.property.name.as_str();
    let object = member.object.get_inner_expression();
    if let (Expression::CallExpression(resolved), "then") = (object, name) {
        let is_resolved = matches!(&resolved.callee, Expression::StaticMemberExpression(it)
            if it.property.name == "resolve"
                && matches!(&it.object, Expression::Identifier(it) if it.name == "Promise"));
        let value = resolved.arguments.first()?.as_expression()?;
        return if is_resolved {
            Some(Each {
                list: value,
                function,
                place: 0,
            })
        } else {
            None
        };
    }
    let (_, place) = EACH.iter().find(|(method, _)| *method == name)?;
    Some(Each {
        list: object,
        function,
        place: *place,
    })
}

/// The place of a function that an expression is.
fn function_start(expression: &Expression<'_>) -> Option<u32> {
    match expression.get_inner_expression() {
        Expression::ArrowFunctionExpression(function) => Some(function.span.start),
        Expression::FunctionExpression(function) => Some(function.span.start),
        _ => None,
    }
}

fn simple_name<'a>(pattern: &BindingPattern<'a>) -> Option<&'a str> {
    match pattern {
        BindingPattern::BindingIdentifier(name) => Some(name.name.as_str()),
        _ => None,
    }
}
