//! Values of expressions, as far as they are known without running a program.
//!
//! A value is a short list of alternatives. A part that is unknown is [`UNKNOWN`], so that
//! `path.join(__dirname, 'locale', name)` is the directory and one unknown part.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use oxc_ast::ast::{
    Argument, ArrayExpressionElement, BinaryOperator, CallExpression, Expression, NewExpression,
    ObjectPropertyKind, TemplateLiteral,
};

use crate::slim::system_directories::is_application_path;

/// Stands for any text.
pub(super) const UNKNOWN: char = '\0';
/// Alternatives of one value. More of them are unknown.
const MOST: usize = 256;
/// Bytes of one alternative.
const LONGEST: usize = 4096;
/// Bytes of all alternatives of one value.
const MOST_BYTES: usize = 64 << 10;
/// Nested expressions that are evaluated.
const DEEPEST: usize = 32;
/// Bytes of values that are made for a source, and more for each byte of it: a name of one letter
/// may stand for many values, and a source may repeat it.
const LEAST_EFFORT: usize = 128 << 10;
const EFFORT_PER_BYTE: usize = 4;
/// How much more work may be done with the values of parameters.
const MORE_EFFORT: usize = 4;
/// The cost of an alternative beyond its bytes.
const ALTERNATIVE: usize = 16;

/// Calls whose values may be known.
const CALLS: &[&str] = &[
    "concat",
    "cwd",
    "dirname",
    "fileURLToPath",
    "freeze",
    "join",
    "normalize",
    "pathToFileURL",
    "realpathSync",
    "resolve",
    "resolveSync",
    "String",
    "toLowerCase",
    "toNamespacedPath",
    "toString",
    "trim",
];

pub(super) type Value = Vec<String>;

/// The values of parameters by their names, for each function by its place in the source.
pub(super) type Parameters<'a> = HashMap<u32, Vec<(&'a str, Value)>>;

/// The variables of a source. Variables of the same name share their values, which is only too
/// much.
#[derive(Debug)]
pub(super) struct Variables<'p, 'a> {
    /// The path of the source.
    pub(super) file: &'p str,
    /// The directory of the source.
    pub(super) directory: &'p str,
    /// The working directory of the image.
    pub(super) working_directory: &'p str,
    values: HashMap<&'a str, Value>,
    /// Variables that may have any value. Most have no other.
    unknown: HashSet<&'a str>,
    /// Parameters whose values are known inside of their function.
    parameters: Parameters<'a>,
    /// Those of the functions around the visited place, the innermost last.
    around: HashMap<&'a str, Vec<Value>>,
    /// Remaining work for expressions; all of them are unknown once it is used up.
    effort: Cell<usize>,
}

impl<'p, 'a> Variables<'p, 'a> {
    /// No variables, for a source with this number of bytes.
    pub(super) fn new(file: &'p str, working_directory: &'p str, length: usize) -> Self {
        let directory = file.rsplit_once('/').map_or("", |(directory, _)| directory);
        Self {
            file,
            directory: if directory.is_empty() { "/" } else { directory },
            working_directory,
            values: HashMap::new(),
            unknown: HashSet::new(),
            parameters: Parameters::default(),
            around: HashMap::new(),
            effort: Cell::new(LEAST_EFFORT + EFFORT_PER_BYTE * length),
        }
    }

    /// Adds the values that a variable may have.
    pub(super) fn add(&mut self, name: &'a str, value: Value) {
        let known = self.values.entry(name).or_default();
        if self.unknown.remove(name) {
            known.extend(unknown());
        }
        extend(&self.effort, known, value);
    }

    /// Adds elements to a list, or properties to a table.
    pub(super) fn add_elements(&mut self, name: &'a str, value: Value) {
        if self.has_elements(name) {
            self.add(name, value);
        }
    }

    /// Whether elements of a list are known. Those of one that is empty at first come from many
    /// places.
    pub(super) fn has_elements(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|known| !known.is_empty())
    }

    /// Whether the work is used up, so that values are unknown.
    pub(super) fn is_exhausted(&self) -> bool {
        self.effort.get() == 0
    }

    /// Adds alternatives to a value.
    pub(super) fn extend(&self, known: &mut Value, value: Value) {
        extend(&self.effort, known, value);
    }

    /// Sets the parameters whose values are known.
    pub(super) fn set_parameters(&mut self, parameters: Parameters<'a>) {
        if !parameters.is_empty() {
            self.effort.set(MORE_EFFORT * self.effort.get());
        }
        self.parameters = parameters;
    }

    /// The function at a place is visited: its parameters have the values of its calls.
    pub(super) fn enter(&mut self, function: u32) {
        if self.parameters.is_empty() {
            return;
        }
        for (name, value) in self.parameters.get(&function).into_iter().flatten() {
            self.around.entry(name).or_default().push(value.clone());
        }
    }

    pub(super) fn leave(&mut self, function: u32) {
        if self.parameters.is_empty() {
            return;
        }
        for (name, _) in self.parameters.get(&function).into_iter().flatten() {
            if let Some(values) = self.around.get_mut(name) {
                values.pop();
            }
        }
    }

    /// The known values of a variable.
    fn known(&self, name: &str) -> Option<&Value> {
        if !self.around.is_empty()
            && let Some(value) = self.around.get(name).and_then(|values| values.last())
        {
            return Some(value);
        }
        self.values.get(name)
    }

    /// Adds that a variable may have any value.
    pub(super) fn add_unknown(&mut self, name: &'a str) {
        if let Some(known) = self.values.get_mut(name) {
            if !known
                .iter()
                .any(|text| text.len() == 1 && text.starts_with(UNKNOWN))
            {
                known.extend(unknown());
            }
        } else {
            self.unknown.insert(name);
        }
    }

    /// Whether something may be known of the value of an expression. Of most nothing is, and they
    /// are not worth evaluating.
    pub(super) fn may_be_known(&self, expression: &Expression<'_>) -> bool {
        self.is_of_interest(expression, DEEPEST)
    }

    fn is_of_interest(&self, expression: &Expression<'_>, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else {
            return false;
        };
        match expression.get_inner_expression() {
            Expression::StringLiteral(_)
            | Expression::NumericLiteral(_)
            | Expression::TemplateLiteral(_)
            | Expression::NewExpression(_) => true,
            Expression::Identifier(name) => {
                matches!(name.name.as_str(), "__dirname" | "__filename")
                    || self.known(name.name.as_str()).is_some()
            }
            Expression::BinaryExpression(binary) => {
                binary.operator == BinaryOperator::Addition
                    && (self.is_of_interest(&binary.left, depth)
                        || self.is_of_interest(&binary.right, depth))
            }
            Expression::ConditionalExpression(choice) => {
                self.is_of_interest(&choice.consequent, depth)
                    || self.is_of_interest(&choice.alternate, depth)
            }
            Expression::LogicalExpression(choice) => {
                self.is_of_interest(&choice.left, depth)
                    || self.is_of_interest(&choice.right, depth)
            }
            Expression::AssignmentExpression(it) => self.is_of_interest(&it.right, depth),
            Expression::AwaitExpression(it) => self.is_of_interest(&it.argument, depth),
            // An empty list has no value, which is not the same as one that is unknown.
            Expression::ArrayExpression(array) => {
                let mut elements = array.elements.iter().take(MOST);
                array.elements.is_empty()
                    || elements.any(|element| {
                        let element = element.as_expression();
                        element.is_some_and(|element| self.is_of_interest(element, depth))
                    })
            }
            Expression::ObjectExpression(object) => {
                let mut properties = object.properties.iter().take(MOST);
                object.properties.is_empty()
                    || properties.any(|property| {
                        matches!(property, ObjectPropertyKind::ObjectProperty(property)
                            if self.is_of_interest(&property.value, depth))
                    })
            }
            Expression::StaticMemberExpression(member) => {
                matches!(member.property.name.as_str(), "sep" | "pathname" | "href")
                    || match &member.object {
                        Expression::ImportMeta(_) => true,
                        Expression::Identifier(name) => self.known(name.name.as_str()).is_some(),
                        _ => false,
                    }
            }
            Expression::ComputedMemberExpression(member) => {
                self.is_of_interest(&member.object, depth)
            }
            Expression::CallExpression(call) => match call.callee.get_inner_expression() {
                Expression::Identifier(name) => CALLS.contains(&name.name.as_str()),
                Expression::StaticMemberExpression(member) => {
                    CALLS.contains(&member.property.name.as_str())
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// The value of an expression; [`UNKNOWN`] is among the alternatives if there may be others.
    pub(super) fn value(&self, expression: &Expression<'_>) -> Value {
        // Most requests are literals, which stay known when the effort is used up.
        if let Expression::StringLiteral(literal) = expression.get_inner_expression() {
            return text(literal.value.as_str());
        }
        self.evaluate(expression, DEEPEST)
    }

    /// Whether an absolute path may be one of a package or of the application: it names
    /// `node_modules`, or is beside the source or the working directory. Others are addresses, such
    /// as those of routes, or files of the system.
    pub(super) fn is_near(&self, path: &str) -> bool {
        let Some(first) = first_component(path) else {
            return false;
        };
        if first.starts_with(UNKNOWN) {
            return false;
        }
        let mut around = [self.file, self.working_directory].into_iter();
        // A source in the root directory has everything beside it.
        let is_beside =
            self.directory == "/" || around.any(|it| first_component(it) == Some(first));
        path.contains("node_modules") || is_beside && is_application_path(path.as_bytes())
    }

    /// The path of `new URL('./x', import.meta.url)`.
    pub(super) fn new_url(&self, new: &NewExpression<'_>) -> Value {
        self.url(new, DEEPEST)
    }

    fn evaluate(&self, expression: &Expression<'_>, depth: usize) -> Value {
        let Some(depth) = depth.checked_sub(1) else {
            return unknown();
        };
        // The name of a variable is copied with all of its alternatives.
        if self.effort.get() == 0 {
            return unknown();
        }
        let value = self.evaluate_inner(expression, depth);
        self.counted(value)
    }

    /// A value within the limits, or one that is unknown.
    fn counted(&self, mut value: Value) -> Value {
        limit(&mut value);
        if spend(&self.effort, bytes(&value) + ALTERNATIVE * value.len()) {
            value
        } else {
            unknown()
        }
    }

    fn evaluate_inner(&self, expression: &Expression<'_>, depth: usize) -> Value {
        match expression.get_inner_expression() {
            Expression::StringLiteral(literal) => text(literal.value.as_str()),
            Expression::NumericLiteral(literal) => text(&literal.value.to_string()),
            Expression::TemplateLiteral(template) => self.template(template, depth),
            Expression::Identifier(name) => self.variable(name.name.as_str()),
            Expression::BinaryExpression(binary) if binary.operator == BinaryOperator::Addition => {
                let left = self.evaluate(&binary.left, depth);
                let right = self.evaluate(&binary.right, depth);
                self.product(&left, &right, |left, right| format!("{left}{right}"))
            }
            Expression::ConditionalExpression(choice) => {
                let mut value = self.evaluate(&choice.consequent, depth);
                value.extend(self.evaluate(&choice.alternate, depth));
                value
            }
            Expression::LogicalExpression(choice) => {
                let mut value = self.evaluate(&choice.left, depth);
                value.extend(self.evaluate(&choice.right, depth));
                value
            }
            Expression::AssignmentExpression(assignment) => self.evaluate(&assignment.right, depth),
            Expression::AwaitExpression(waiting) => self.evaluate(&waiting.argument, depth),
            Expression::ArrayExpression(array) => {
                let mut value = Vec::new();
                for element in array.elements.iter().take(MOST) {
                    match element {
                        ArrayExpressionElement::Elision(_) => {}
                        ArrayExpressionElement::SpreadElement(_) => value.extend(unknown()),
                        _ => {
                            let element = element.to_expression();
                            value.extend(self.evaluate(element, depth));
                        }
                    }
                    if is_beyond(&value) {
                        return unknown();
                    }
                }
                value
            }
            Expression::ObjectExpression(object) => {
                let mut value = Vec::new();
                for property in object.properties.iter().take(MOST) {
                    match property {
                        ObjectPropertyKind::ObjectProperty(property) => {
                            value.extend(self.evaluate(&property.value, depth));
                        }
                        ObjectPropertyKind::SpreadProperty(_) => value.extend(unknown()),
                    }
                    if is_beyond(&value) {
                        return unknown();
                    }
                }
                value
            }
            Expression::StaticMemberExpression(member) => {
                self.member(&member.object, member.property.name.as_str(), depth)
            }
            // `table[name]` is one of the values of the table.
            Expression::ComputedMemberExpression(member) => {
                let value = self.evaluate(&member.object, depth);
                if value.is_empty() { unknown() } else { value }
            }
            Expression::CallExpression(call) => self.call(call, depth),
            Expression::NewExpression(new) => self.url(new, depth),
            _ => unknown(),
        }
    }

    fn variable(&self, name: &str) -> Value {
        match name {
            "__dirname" => text(self.directory),
            "__filename" => text(self.file),
            _ => match self.known(name) {
                Some(value) if !value.is_empty() => value.clone(),
                _ => unknown(),
            },
        }
    }

    fn template(&self, template: &TemplateLiteral<'_>, depth: usize) -> Value {
        let mut value = text("");
        for (place, quasi) in template.quasis.iter().enumerate() {
            let cooked = quasi.value.cooked.as_ref();
            let piece = text(cooked.map_or("", |cooked| cooked.as_str()));
            value = self.product(&value, &piece, |left, right| format!("{left}{right}"));
            if let Some(expression) = template.expressions.get(place) {
                let piece = self.evaluate(expression, depth);
                value = self.product(&value, &piece, |left, right| format!("{left}{right}"));
            }
        }
        value
    }

    /// `import.meta.url` and its relatives; a property of an object is one of its values.
    fn member(&self, object: &Expression<'_>, property: &str, depth: usize) -> Value {
        if matches!(object, Expression::ImportMeta(_)) {
            return match property {
                // An address of the file is used like its path.
                "url" | "filename" => text(self.file),
                "dirname" => text(self.directory),
                _ => unknown(),
            };
        }
        match object {
            // `path.sep`.
            _ if property == "sep" => text("/"),
            // `new URL(…).pathname`.
            _ if matches!(property, "pathname" | "href") => self.evaluate(object, depth),
            Expression::Identifier(name) if self.known(name.name.as_str()).is_some() => {
                let mut value = self.variable(name.name.as_str());
                value.extend(unknown());
                value
            }
            _ => unknown(),
        }
    }

    fn call(&self, call: &CallExpression<'_>, depth: usize) -> Value {
        let (object, name) = match call.callee.get_inner_expression() {
            Expression::Identifier(name) => (None, name.name.as_str()),
            Expression::StaticMemberExpression(member) => {
                (Some(&member.object), member.property.name.as_str())
            }
            _ => return unknown(),
        };
        match name {
            "cwd" if call.arguments.is_empty() => text(self.working_directory),
            "join" if is_list(object) && call.arguments.len() <= 1 => {
                self.joined_list(object, call, depth)
            }
            "resolve" if object.is_some_and(is_resolver) => self.argument(call, 0, depth),
            // `parts.join('-')`, `name.normalize('NFC')`.
            "join" | "resolve" | "normalize"
                if call.arguments.len() <= 1 && object.is_some_and(|it| !is_path_module(it)) =>
            {
                unknown()
            }
            "join" | "resolve" | "normalize" => self.joined(&call.arguments, name, depth),
            "dirname" => {
                let mut value = self.argument(call, 0, depth);
                for text in &mut value {
                    *text = parent(text);
                }
                value
            }
            "concat" if object.is_some() => {
                let mut value = object.map_or_else(unknown, |it| self.evaluate(it, depth));
                for place in 0..call.arguments.len() {
                    let next = self.argument(call, place, depth);
                    value = self.product(&value, &next, |left, right| format!("{left}{right}"));
                }
                value
            }
            "fileURLToPath" | "pathToFileURL" | "String" | "toNamespacedPath" | "realpathSync"
            | "freeze" | "resolveSync" => self.argument(call, 0, depth),
            "toString" | "trim" | "toLowerCase" => {
                object.map_or_else(unknown, |it| self.evaluate(it, depth))
            }
            _ => unknown(),
        }
    }

    fn argument(&self, call: &CallExpression<'_>, place: usize, depth: usize) -> Value {
        match call.arguments.get(place).and_then(Argument::as_expression) {
            Some(expression) => self.evaluate(expression, depth),
            None => unknown(),
        }
    }

    /// `['a', 'b'].join('/')`.
    fn joined_list(
        &self,
        object: Option<&Expression<'_>>,
        call: &CallExpression<'_>,
        depth: usize,
    ) -> Value {
        let Some(Expression::ArrayExpression(array)) = object else {
            return unknown();
        };
        let separator = match self.argument(call, 0, depth).as_slice() {
            [separator] if !call.arguments.is_empty() => separator.clone(),
            _ => ",".to_owned(),
        };
        let mut value = text("");
        for (place, element) in array.elements.iter().enumerate() {
            let next = match element.as_expression() {
                Some(expression) => self.evaluate(expression, depth),
                None => unknown(),
            };
            let between = if place == 0 { "" } else { separator.as_str() };
            value = self.product(&value, &next, |left, right| {
                format!("{left}{between}{right}")
            });
        }
        value
    }

    /// `path.join(…)` and `path.resolve(…)`.
    fn joined(&self, arguments: &[Argument<'_>], name: &str, depth: usize) -> Value {
        let mut value = if name == "resolve" {
            text(self.working_directory)
        } else {
            text("")
        };
        for argument in arguments {
            let next = match argument.as_expression() {
                Some(expression) => self.evaluate(expression, depth),
                None => unknown(),
            };
            value = self.product(&value, &next, |left, right| {
                // A part that is unknown may be an absolute path.
                let is_absolute = name == "resolve" && right.starts_with(['/', UNKNOWN]);
                if left.is_empty() || is_absolute {
                    right.to_owned()
                } else {
                    format!("{left}/{right}")
                }
            });
        }
        for text in &mut value {
            *text = normalized(text);
        }
        value
    }

    /// `new URL('./x', import.meta.url)`.
    fn url(&self, new: &NewExpression<'_>, depth: usize) -> Value {
        let is_url = matches!(&new.callee, Expression::Identifier(name) if name.name == "URL");
        let [address, base] = new.arguments.as_slice() else {
            return unknown();
        };
        let (Some(address), Some(base)) = (address.as_expression(), base.as_expression()) else {
            return unknown();
        };
        if !is_url {
            return unknown();
        }
        let address = self.evaluate(address, depth);
        let base = self.evaluate(base, depth);
        let mut value = self.product(&base, &address, |base, address| {
            if address.starts_with('/') {
                return address.to_owned();
            }
            let directory = base.rsplit_once('/').map_or("", |(directory, _)| directory);
            format!("{directory}/{address}")
        });
        for text in &mut value {
            *text = normalized(text);
        }
        value
    }

    /// Each alternative of a value joined with each of another.
    fn product(
        &self,
        left: &[String],
        right: &[String],
        join: impl Fn(&str, &str) -> String,
    ) -> Value {
        if left.len().saturating_mul(right.len()) > MOST || self.effort.get() == 0 {
            return unknown();
        }
        let mut value = Vec::new();
        for left in left {
            for right in right {
                if left.len() + right.len() > LONGEST {
                    return unknown();
                }
                value.push(join(left, right));
            }
        }
        self.counted(value)
    }
}

fn is_list(object: Option<&Expression<'_>>) -> bool {
    matches!(object, Some(Expression::ArrayExpression(_)))
}

/// Whether an object is the module `path`, under one of the names that sources and compilers give
/// it: `path`, `path_1.default`, `require('node:path').posix`.
fn is_path_module(object: &Expression<'_>) -> bool {
    match object.get_inner_expression() {
        Expression::Identifier(name) => name.name.to_ascii_lowercase().contains("path"),
        Expression::StaticMemberExpression(member) => {
            matches!(
                member.property.name.as_str(),
                "default" | "path" | "posix" | "win32"
            ) && (member.property.name == "path" || is_path_module(&member.object))
        }
        Expression::CallExpression(call) => {
            let module = call.arguments.first().and_then(Argument::as_expression);
            matches!(module, Some(Expression::StringLiteral(module))
                if matches!(module.value.strip_prefix("node:").unwrap_or(&module.value),
                    "path" | "path/posix"))
        }
        _ => false,
    }
}

/// Whether the method `resolve` of an object returns what stands for its argument, as those of
/// `Promise`, `require` and `import.meta` do.
fn is_resolver(object: &Expression<'_>) -> bool {
    match object {
        Expression::Identifier(name) => matches!(name.name.as_str(), "Promise" | "require"),
        Expression::ImportMeta(_) => true,
        _ => false,
    }
}

pub(super) fn unknown() -> Value {
    text("\0")
}

fn text(text: &str) -> Value {
    vec![text.to_owned()]
}

/// Subtracts an amount from what is left; uses up the rest and returns false if it is less.
fn spend(effort: &Cell<usize>, amount: usize) -> bool {
    let left = effort.get().checked_sub(amount);
    effort.set(left.unwrap_or_default());
    left.is_some()
}

/// Adds alternatives to a value. Both lists are short, but a source may join them as often as it has
/// statements.
fn extend(effort: &Cell<usize>, known: &mut Value, value: Value) {
    if !spend(effort, known.len() * value.len()) {
        *known = unknown();
        return;
    }
    for text in value {
        if !known.contains(&text) {
            known.push(text);
        }
    }
    limit(known);
}

fn bytes(value: &[String]) -> usize {
    value.iter().map(String::len).sum()
}

fn is_beyond(value: &[String]) -> bool {
    value.len() > MOST || bytes(value) > MOST_BYTES
}

fn limit(value: &mut Value) {
    if is_beyond(value) {
        *value = unknown();
    }
}

/// `app` of `/app/lib`; none for a relative path and the root.
fn first_component(path: &str) -> Option<&str> {
    let first = path.strip_prefix('/')?.split('/').next()?;
    if first.is_empty() { None } else { Some(first) }
}

fn parent(path: &str) -> String {
    match path.trim_end_matches('/').rsplit_once('/') {
        Some(("", _)) => "/".to_owned(),
        Some((parent, _)) => parent.to_owned(),
        None => ".".to_owned(),
    }
}

/// A path without `.`, `..` and repeated slashes.
pub(super) fn normalized(path: &str) -> String {
    let mut components: Vec<&str> = Vec::new();
    for component in path.split('/') {
        match component {
            "" | "." => {}
            ".." if components.last().is_some_and(|last| *last != "..") => {
                components.pop();
            }
            ".." if path.starts_with('/') => {}
            _ => components.push(component),
        }
    }
    let joined = components.join("/");
    if path.starts_with('/') {
        format!("/{joined}")
    } else {
        joined
    }
}
