//! One source file: what it imports, reads by path, and loads by names that are computed.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use oxc_allocator::Allocator;
use oxc_ast::ast::{
    Argument, ArrayPattern, ArrowFunctionBody, ArrowFunctionExpression, AssignmentExpression,
    AssignmentTarget, BindingIdentifier, BindingPattern, CallExpression, Declaration,
    ExportAllDeclaration, ExportDeclaration, ExportDefaultDeclaration, ExportFromDeclaration,
    Expression, ExpressionStatement, ForInStatement, ForOfStatement, ForStatementLeft,
    FormalParameter, Function, FunctionBody, IdentifierReference, ImportDeclaration,
    ImportDeclarationSpecifier, ImportExpression, ImportOrExportKind, LogicalOperator,
    NewExpression, ObjectPattern, Program, ReturnStatement, Statement, StringLiteral,
    TSExternalModuleReference, TSType, TemplateLiteral, TryStatement, UnaryExpression,
    UnaryOperator, VariableDeclarator,
};
use oxc_ast_visit::{Visit, walk};
use oxc_parser::{ParseOptions, Parser};
use oxc_span::{GetSpan as _, SourceType, Span};
use oxc_syntax::scope::ScopeFlags;

use super::nesting;
use super::parameters::{self, Functions};
use super::values::{Parameters, UNKNOWN, Value, Variables, unknown};

/// Longer strings name nothing.
const MAX_LITERAL: usize = 214;
/// Longer names of modules, such as `data:` URLs, are no files.
const MAX_REQUEST: usize = 1024;
/// Longer strings are no commands.
const MAX_COMMAND: usize = 500;
/// Characters of a call that are shown.
const SHOWN: usize = 60;
/// Bytes of memory for a tree that are kept for the next source.
const MAX_REUSED: usize = 4 << 20;

thread_local! {
    /// The memory for the tree of a source.
    static ALLOCATOR: RefCell<Allocator> = RefCell::default();
}

/// Calls that read directories, or serve files from one.
const DIRECTORY_READERS: &[&str] = &[
    "glob",
    "globSync",
    "opendir",
    "opendirSync",
    "readdir",
    "readdirSync",
    "readdirp",
    "scandir",
    "serve",
    "serveStatic",
    "static",
    "sync",
    "useStaticAssets",
    "walk",
    "walkSync",
];
/// Calls that make a path of another, or compare it.
const PATH_CALLS: &[&str] = &[
    "basename",
    "concat",
    "dirname",
    "extname",
    "fileURLToPath",
    "includes",
    "indexOf",
    "join",
    "log",
    "normalize",
    "parse",
    "pathToFileURL",
    "push",
    "relative",
    "replace",
    "resolve",
    "slice",
    "split",
    "startsWith",
    "test",
];

/// How a module is requested, which decides the conditions of `exports` that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::slim) enum Kind {
    Require,
    Import,
}

/// The place of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Requested {
    pub(super) line: usize,
    /// All requests of the source for the module are in `try`.
    pub(super) is_optional: bool,
}

impl Requested {
    /// A request that a source may never make.
    pub(super) fn optional(line: usize) -> Self {
        Self {
            line,
            is_optional: true,
        }
    }
}

/// The facts about a source, each with its line.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Requested modules. A part that is unknown is [`UNKNOWN`].
    pub(super) requests: BTreeMap<(String, Kind), Requested>,
    /// Packages whose directory is taken from the path of one of their modules.
    pub(super) located: BTreeMap<String, usize>,
    /// Absolute paths of files and directories that are read, perhaps with unknown parts.
    pub(super) paths: BTreeMap<String, usize>,
    /// Directories that are listed or served.
    pub(super) listed: BTreeMap<String, usize>,
    /// Other strings, which may name packages and files.
    pub(super) literals: BTreeMap<String, usize>,
    /// Words of longer strings, which may be commands.
    pub(super) words: BTreeMap<String, usize>,
    /// The first call that loads a module by a name that is not known, with its line.
    pub(super) computed: Option<(String, usize)>,
    pub(super) tokens: usize,
    /// How modules are loaded by names that are not known.
    pub(super) computed_kinds: BTreeSet<Kind>,
}

impl Facts {
    /// Whether a module or a path has an unknown part.
    fn has_unknown(&self) -> bool {
        let mut requests = self.requests.keys();
        let mut paths = self.paths.keys().chain(self.listed.keys());
        self.computed.is_some()
            || requests.any(|(name, _)| name.contains(UNKNOWN))
            || paths.any(|path| path.contains(UNKNOWN))
    }

    /// The number of names that are followed.
    pub(super) fn count(&self) -> usize {
        self.requests.len()
            + self.located.len()
            + self.paths.len()
            + self.listed.len()
            + self.literals.len()
            + self.words.len()
    }
}

/// Facts about the place of a source.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'p> {
    /// The path of the source.
    pub(super) path: &'p str,
    pub(super) working_directory: &'p str,
    /// It belongs to a package, and is not the user's.
    pub(super) is_packaged: bool,
}

/// Reads a source; `None` if it cannot be parsed.
pub(super) fn read(text: &str, place: Place<'_>) -> Option<Facts> {
    let source_type = source_type(place.path)?;
    let tokens = nesting::count_tokens(text.as_bytes())?;
    ALLOCATOR.with_borrow_mut(|allocator| {
        let facts = parse(text, source_type, place, tokens, allocator);
        if allocator.capacity() > MAX_REUSED {
            *allocator = Allocator::default();
        } else {
            allocator.reset();
        }
        facts
    })
}

fn parse(
    text: &str,
    source_type: SourceType,
    place: Place<'_>,
    tokens: usize,
    allocator: &Allocator,
) -> Option<Facts> {
    let parsed = Parser::new(allocator, text, source_type)
        .with_options(ParseOptions {
            allow_return_outside_function: true,
            preserve_parens: false,
            enable_ident_hashes: false,
            ..ParseOptions::default()
        })
        .parse();
    if parsed.panicked {
        return None;
    }
    let program = &parsed.program;
    let bindings = Bindings::of(program, text, place, Parameters::default());
    let (mut facts, bindings) = facts_of(program, text, place, bindings);
    // Most sources only have literals.
    if facts.has_unknown() && tokens <= parameters::MOST_TOKENS {
        let read = |parameters| Bindings::of(program, text, place, parameters).variables;
        let known = Functions::of(program).values(program, bindings.variables, read);
        if !known.is_empty() {
            let bindings = Bindings::of(program, text, place, known);
            let (more, bindings) = facts_of(program, text, place, bindings);
            // Otherwise less is known than without the parameters.
            if !bindings.variables.is_exhausted() {
                facts = more;
            }
        }
    }
    facts.tokens = tokens;
    number_lines(text, &mut facts);
    Some(facts)
}

/// The second pass, with the result of the first.
fn facts_of<'t, 'a>(
    program: &Program<'a>,
    text: &'t str,
    place: Place<'_>,
    bindings: Bindings<'t, 'a>,
) -> (Facts, Bindings<'t, 'a>) {
    let mut reader = Reader {
        text,
        bindings,
        facts: Facts::default(),
        callee: "",
        is_packaged: place.is_packaged,
        gives_place: place.is_packaged
            && ["__dirname", "__filename", "import.meta"]
                .iter()
                .any(|name| memchr::memmem::find(text.as_bytes(), name.as_bytes()).is_some()),
        is_optional: false,
    };
    reader.visit_program(program);
    (reader.facts, reader.bindings)
}

fn source_type(path: &str) -> Option<SourceType> {
    Some(match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("ts" | "cts" | "mts") => SourceType::ts(),
        // Nothing runs these without a compiler.
        Some("jsx" | "tsx") => return None,
        Some("mjs") => SourceType::mjs(),
        Some("cjs") => SourceType::cjs(),
        _ => SourceType::unambiguous().with_jsx(false),
    })
}

/// Turns offsets into lines.
fn number_lines(text: &str, facts: &mut Facts) {
    let ends: Vec<usize> = memchr::memchr_iter(b'\n', text.as_bytes()).collect();
    let number = |at: &mut usize| *at = ends.partition_point(|&end| end < *at) + 1;
    for requested in facts.requests.values_mut() {
        number(&mut requested.line);
    }
    let lists = [
        &mut facts.located,
        &mut facts.paths,
        &mut facts.listed,
        &mut facts.literals,
        &mut facts.words,
    ];
    for list in lists {
        list.values_mut().for_each(number);
    }
    if let Some((_, at)) = &mut facts.computed {
        number(at);
    }
}

/// The first pass: the values of variables, and the names of functions that load modules.
struct Bindings<'p, 'a> {
    variables: Variables<'p, 'a>,
    /// `require`, and what `createRequire` returned.
    loaders: Vec<&'a str>,
    /// `new Function('x', 'return import(x)')`, which compilers do not turn into `require`.
    importers: Vec<&'a str>,
    /// `createRequire`, also under the names that bundlers give it.
    makers: Vec<&'a str>,
    /// A function has a parameter `require`, so the real one may be its argument.
    takes_require: bool,
    /// A pattern is visited: its variables are parts of a value, which may be anything.
    is_pattern: bool,
}

impl<'p, 'a> Bindings<'p, 'a> {
    fn of(program: &Program<'a>, text: &str, place: Place<'p>, parameters: Parameters<'a>) -> Self {
        let mut variables = Variables::new(place.path, place.working_directory, text.len());
        variables.set_parameters(parameters);
        let mut bindings = Self {
            variables,
            loaders: vec!["require"],
            importers: Vec::new(),
            makers: vec!["createRequire"],
            takes_require: false,
            is_pattern: false,
        };
        bindings.visit_program(program);
        bindings
    }

    fn bind(&mut self, name: &'a str, init: &Expression<'a>) {
        if self.makes_loader(init) {
            self.loaders.push(name);
            return;
        }
        if makes_importer(init) {
            self.importers.push(name);
        }
        if !self.variables.may_be_known(init) {
            self.variables.add_unknown(name);
            return;
        }
        let value = self.variables.value(init);
        self.variables.add(name, value);
    }

    /// Whether an expression is a function that loads modules: `require`, `createRequire(…)`,
    /// `module.require`.
    fn makes_loader(&self, expression: &Expression<'_>) -> bool {
        match expression.get_inner_expression() {
            Expression::Identifier(name) => self.is_loader(name.name.as_str()),
            Expression::StaticMemberExpression(member) => is_member(member, "module", "require"),
            Expression::CallExpression(call) => self.is_maker(call) || self.is_shim(call),
            Expression::ConditionalExpression(choice) => {
                self.makes_loader(&choice.consequent) || self.makes_loader(&choice.alternate)
            }
            // `typeof require == 'function' && require` is the prelude of a bundle, which calls it
            // with the names of its own modules.
            Expression::LogicalExpression(choice) => {
                choice.operator != LogicalOperator::And && self.makes_loader(&choice.left)
            }
            _ => false,
        }
    }

    /// Whether a call returns a `require` of its own: `createRequire(…)`, `eval('require')`.
    fn is_maker(&self, call: &CallExpression<'_>) -> bool {
        match call.callee.get_inner_expression() {
            Expression::Identifier(name) if name.name == "eval" => {
                let code = call.arguments.first().and_then(Argument::as_expression);
                matches!(code, Some(Expression::StringLiteral(code)) if code.value == "require")
            }
            Expression::Identifier(name) => self.makers.contains(&name.name.as_str()),
            Expression::StaticMemberExpression(member) => member.property.name == "createRequire",
            _ => false,
        }
    }

    /// Whether a call is the prelude of a bundle that takes `require` where there is one, such as
    /// esbuild's `(x => typeof require !== 'undefined' ? require : new Proxy(…))(function …)`. The
    /// bundle calls its result with names of packages.
    fn is_shim(&self, call: &CallExpression<'_>) -> bool {
        match call.callee.get_inner_expression() {
            Expression::ArrowFunctionExpression(function) => match &function.body {
                ArrowFunctionBody::FunctionBody(body) => self.returns_loader(body),
                body => body
                    .as_expression()
                    .is_some_and(|result| self.makes_loader(result)),
            },
            Expression::FunctionExpression(function) => {
                let body = function.body.as_ref();
                body.is_some_and(|body| self.returns_loader(body))
            }
            _ => false,
        }
    }

    fn returns_loader(&self, body: &FunctionBody<'_>) -> bool {
        body.statements.iter().any(|statement| {
            let Statement::ReturnStatement(result) = statement else {
                return false;
            };
            result
                .argument
                .as_ref()
                .is_some_and(|result| self.makes_loader(result))
        })
    }

    /// `names.push('x')`: the list has more elements.
    fn bind_pushed(&mut self, call: &CallExpression<'a>) {
        let Expression::StaticMemberExpression(member) = &call.callee else {
            return;
        };
        let Expression::Identifier(list) = &member.object else {
            return;
        };
        let arguments = match member.property.name.as_str() {
            "push" | "unshift" => &call.arguments[..],
            "splice" => call.arguments.get(2..).unwrap_or_default(),
            _ => return,
        };
        if !self.variables.has_elements(list.name.as_str()) {
            return;
        }
        for argument in arguments {
            let value = match argument.as_expression() {
                Some(element) => self.variables.value(element),
                None => unknown(),
            };
            self.variables.add_elements(list.name.as_str(), value);
        }
    }

    /// `Object.assign(table, …)`.
    fn bind_assigned(&mut self, call: &CallExpression<'a>) {
        let is_assign = matches!(&call.callee, Expression::StaticMemberExpression(member)
            if is_member(member, "Object", "assign"));
        if is_assign && let Some(Argument::Identifier(table)) = call.arguments.first() {
            self.variables.add_elements(table.name.as_str(), unknown());
        }
    }

    fn is_loader(&self, name: &str) -> bool {
        name == "__non_webpack_require__" || self.loaders.contains(&name)
    }
}

impl<'a> Visit<'a> for Bindings<'_, 'a> {
    fn visit_import_declaration(&mut self, it: &ImportDeclaration<'a>) {
        for specifier in it.specifiers.iter().flatten() {
            if let ImportDeclarationSpecifier::ImportSpecifier(specifier) = specifier
                && specifier.imported.name() == "createRequire"
            {
                self.makers.push(specifier.local.name.as_str());
            }
        }
    }

    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        self.bind_pushed(it);
        self.bind_assigned(it);
        walk::walk_call_expression(self, it);
    }

    fn visit_variable_declarator(&mut self, it: &VariableDeclarator<'a>) {
        if let (BindingPattern::BindingIdentifier(name), Some(init)) = (&it.id, &it.init) {
            self.bind(name.name.as_str(), init);
        }
        // `const { createRequire: load } = require('module')`.
        if let BindingPattern::ObjectPattern(pattern) = &it.id {
            for property in &pattern.properties {
                if let BindingPattern::BindingIdentifier(name) = &property.value
                    && property.key.is_specific_static_name("createRequire")
                {
                    self.makers.push(name.name.as_str());
                }
            }
        }
        walk::walk_variable_declarator(self, it);
    }

    fn visit_assignment_expression(&mut self, it: &AssignmentExpression<'a>) {
        if let AssignmentTarget::AssignmentTargetIdentifier(name) = &it.left {
            self.bind(name.name.as_str(), &it.right);
        }
        // `names[2] = 'x'`, `table.key = 'x'`.
        let object = match &it.left {
            AssignmentTarget::ComputedMemberExpression(member) => Some(&member.object),
            AssignmentTarget::StaticMemberExpression(member) => Some(&member.object),
            _ => None,
        };
        if let Some(Expression::Identifier(object)) = object
            && self.variables.has_elements(object.name.as_str())
        {
            let value = self.variables.value(&it.right);
            self.variables.add_elements(object.name.as_str(), value);
        }
        walk::walk_assignment_expression(self, it);
    }

    fn visit_for_of_statement(&mut self, it: &ForOfStatement<'a>) {
        if let ForStatementLeft::VariableDeclaration(declaration) = &it.left
            && let Some(declarator) = declaration.declarations.first()
            && let BindingPattern::BindingIdentifier(name) = &declarator.id
        {
            let value = self.variables.value(&it.right);
            self.variables.add(name.name.as_str(), value);
        }
        walk::walk_for_of_statement(self, it);
    }

    fn visit_formal_parameter(&mut self, it: &FormalParameter<'a>) {
        if let BindingPattern::BindingIdentifier(name) = &it.pattern {
            let name = name.name.as_str();
            self.takes_require |= name == "require";
            self.variables.add_unknown(name);
        }
        walk::walk_formal_parameter(self, it);
    }

    fn visit_function(&mut self, it: &Function<'a>, flags: ScopeFlags) {
        self.variables.enter(it.span.start);
        walk::walk_function(self, it, flags);
        self.variables.leave(it.span.start);
    }

    fn visit_arrow_function_expression(&mut self, it: &ArrowFunctionExpression<'a>) {
        self.variables.enter(it.span.start);
        walk::walk_arrow_function_expression(self, it);
        self.variables.leave(it.span.start);
    }

    fn visit_object_pattern(&mut self, it: &ObjectPattern<'a>) {
        let outer = std::mem::replace(&mut self.is_pattern, true);
        walk::walk_object_pattern(self, it);
        self.is_pattern = outer;
    }

    fn visit_array_pattern(&mut self, it: &ArrayPattern<'a>) {
        let outer = std::mem::replace(&mut self.is_pattern, true);
        walk::walk_array_pattern(self, it);
        self.is_pattern = outer;
    }

    fn visit_binding_identifier(&mut self, it: &BindingIdentifier<'a>) {
        if self.is_pattern {
            self.variables.add_unknown(it.name.as_str());
        }
    }

    fn visit_for_in_statement(&mut self, it: &ForInStatement<'a>) {
        if let ForStatementLeft::VariableDeclaration(declaration) = &it.left
            && let Some(declarator) = declaration.declarations.first()
            && let BindingPattern::BindingIdentifier(name) = &declarator.id
        {
            self.variables.add_unknown(name.name.as_str());
        }
        walk::walk_for_in_statement(self, it);
    }

    fn visit_ts_type(&mut self, _: &TSType<'a>) {}
}

/// The second pass.
struct Reader<'t, 'a> {
    text: &'t str,
    bindings: Bindings<'t, 'a>,
    facts: Facts,
    /// The name of the function whose arguments are visited.
    callee: &'a str,
    /// Only the user's sources start programs by their names.
    is_packaged: bool,
    /// The source is one of a package, and may give its own directory to others.
    gives_place: bool,
    /// An error is caught.
    is_optional: bool,
}

impl<'a> Reader<'_, 'a> {
    fn request(&mut self, name: &str, kind: Kind, span: Span) {
        if name.len() > MAX_REQUEST {
            return;
        }
        let key = (name.to_owned(), kind);
        let requested = self.facts.requests.entry(key).or_insert(Requested {
            line: span.start as usize,
            is_optional: true,
        });
        requested.is_optional &= self.is_optional;
    }

    /// Records a call that loads what its first argument says.
    fn load(&mut self, argument: Option<&Expression<'_>>, kind: Kind, span: Span) {
        let value = match argument {
            Some(argument) => self.bindings.variables.value(argument),
            None => return,
        };
        for name in value {
            if is_open(&name) {
                self.computed(kind, span);
            } else {
                self.request(&name, kind, span);
            }
        }
    }

    fn computed(&mut self, kind: Kind, span: Span) {
        self.facts.computed_kinds.insert(kind);
        if self.facts.computed.is_none() {
            let call = &self.text[span.start as usize..span.end as usize];
            let call = call.lines().next().unwrap_or_default();
            let shown: String = call.chars().take(SHOWN).collect();
            self.facts.computed = Some((shown, span.start as usize));
        }
    }

    /// Whether an expression may have a path; of most, nothing is known.
    fn may_be_path(&self, expression: &Expression<'_>) -> bool {
        match expression.get_inner_expression() {
            Expression::StringLiteral(literal) => {
                literal.value.starts_with('/') || literal.value.contains("node_modules")
            }
            Expression::NumericLiteral(_) => false,
            _ => self.bindings.variables.may_be_known(expression),
        }
    }

    /// Records the paths that an expression may have, unless it has none of its own.
    fn paths(&mut self, expression: &Expression<'_>) {
        if !self.may_be_path(expression) {
            return;
        }
        let value = self.bindings.variables.value(expression);
        self.add_paths(value, expression.span());
    }

    fn add_paths(&mut self, value: Value, span: Span) {
        let at = span.start as usize;
        let is_listed = DIRECTORY_READERS.contains(&self.callee);
        for mut path in value {
            // `static('node_modules/x')`: relative paths start at the working directory.
            if !path.starts_with(['/', UNKNOWN]) && path.contains("node_modules") {
                let directory = self.bindings.variables.working_directory;
                path = super::values::normalized(&format!("{directory}/{path}"));
            }
            let is_short = path.len() <= MAX_REQUEST;
            if !is_short || !self.bindings.variables.is_near(&path) {
                continue;
            }
            if is_listed {
                self.facts.listed.entry(path).or_insert(at);
            } else {
                self.facts.paths.entry(path).or_insert(at);
            }
        }
    }

    /// Records a directory that a source returns or exports, if it is its own or one above it in
    /// its package: others read the files in it, as of `swagger-ui-dist`.
    fn give(&mut self, expression: &Expression<'a>) {
        let variables = &self.bindings.variables;
        if !self.gives_place || !variables.may_be_known(expression) {
            return;
        }
        let own = variables.directory;
        for path in variables.value(expression) {
            let is_around = own
                .strip_prefix(path.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            let inside = path.rsplit_once("/node_modules/").map(|(_, inside)| inside);
            let is_package = inside.is_some_and(|inside| {
                !inside.is_empty() && (!inside.starts_with('@') || inside.contains('/'))
            });
            if is_around && is_package {
                let at = expression.span().start as usize;
                self.facts.listed.entry(path).or_insert(at);
            }
        }
    }

    /// Calls that load a module. Returns true for one whose argument was understood.
    fn loading_call(&mut self, call: &CallExpression<'_>) -> bool {
        let first = call.arguments.first().and_then(Argument::as_expression);
        match call.callee.get_inner_expression() {
            Expression::Identifier(name) if self.bindings.is_loader(name.name.as_str()) => {
                self.load(first, Kind::Require, call.span);
                true
            }
            Expression::Identifier(name)
                if self.bindings.importers.contains(&name.name.as_str()) =>
            {
                self.load(first, Kind::Import, call.span);
                true
            }
            // `createRequire(import.meta.url)('x')`.
            Expression::CallExpression(inner) if self.bindings.is_maker(inner) => {
                self.load(first, Kind::Require, call.span);
                true
            }
            Expression::StaticMemberExpression(member) => {
                if let Some(kind) = self.resolving(call) {
                    self.resolve(first, kind, call.span);
                    return true;
                }
                if is_member(member, "module", "require") || is_member(member, "Module", "_load") {
                    self.load(first, Kind::Require, call.span);
                    return true;
                }
                false
            }
            _ => false,
        }
    }

    /// `['a', 'b'].map(require)`.
    fn each_loaded<'e>(&self, call: &'e CallExpression<'a>) -> Option<&'e Expression<'a>> {
        let each = parameters::each(call)?;
        match each.function {
            Expression::Identifier(name) if self.bindings.is_loader(name.name.as_str()) => {
                Some(each.list)
            }
            _ => None,
        }
    }

    /// Whether a call is `require.resolve` or `import.meta.resolve`.
    fn resolving(&self, call: &CallExpression<'_>) -> Option<Kind> {
        let Expression::StaticMemberExpression(member) = call.callee.get_inner_expression() else {
            return None;
        };
        match &member.object {
            _ if member.property.name != "resolve" => None,
            Expression::ImportMeta(_) => Some(Kind::Import),
            Expression::Identifier(name) if self.bindings.is_loader(name.name.as_str()) => {
                Some(Kind::Require)
            }
            _ => None,
        }
    }

    /// Visits an expression of which only matters whether it throws an error. A computed name in
    /// `try { require.resolve(name) }` is looked up, and not loaded. Returns false for others.
    fn visit_unused(&mut self, expression: &Expression<'a>) -> bool {
        let Expression::CallExpression(call) = expression.get_inner_expression() else {
            return false;
        };
        let first = call.arguments.first().and_then(Argument::as_expression);
        let (Some(kind), Some(name)) = (self.resolving(call), first) else {
            return false;
        };
        for name in self.bindings.variables.value(name) {
            if !is_open(&name) {
                self.request(&name, kind, call.span);
            }
        }
        true
    }

    /// `require.resolve`: if another call takes its result, the program may look around in the
    /// package.
    fn resolve(&mut self, argument: Option<&Expression<'_>>, kind: Kind, span: Span) {
        let is_used = !self.callee.is_empty() && !self.bindings.is_loader(self.callee);
        if is_used && let Some(argument) = argument {
            for name in self.bindings.variables.value(argument) {
                if !name.contains(UNKNOWN) && name.len() <= MAX_REQUEST {
                    self.facts
                        .located
                        .entry(name)
                        .or_insert(span.start as usize);
                }
            }
        }
        self.load(argument, kind, span);
    }

    fn literal(&mut self, text: &str, span: Span) {
        let is_command = text.len() <= MAX_COMMAND && text.contains(' ');
        if is_command && !self.is_packaged {
            for word in text.split_ascii_whitespace() {
                if !self.facts.words.contains_key(word) {
                    self.facts
                        .words
                        .insert(word.to_owned(), span.start as usize);
                }
            }
        }
        let is_name = !text.is_empty()
            && text.len() <= MAX_LITERAL
            && !text
                .bytes()
                .any(|byte| byte.is_ascii_whitespace() || byte < b' ');
        // Most strings of packages name neither a package nor a file.
        let is_followed = !self.is_packaged || may_be_followed(text);
        if is_name && is_followed && !self.facts.literals.contains_key(text) {
            let at = span.start as usize;
            self.facts.literals.insert(text.to_owned(), at);
        }
    }

    fn visit_arguments(&mut self, name: &'a str, arguments: &[Argument<'a>]) {
        let outer = std::mem::replace(&mut self.callee, name);
        for argument in arguments {
            if let Some(expression) = argument.as_expression() {
                // The path that this call makes of the argument is recorded instead.
                if !PATH_CALLS.contains(&name) {
                    self.paths(expression);
                }
                self.visit_expression(expression);
            } else {
                self.visit_argument(argument);
            }
        }
        self.callee = outer;
    }
}

/// Whether a text may name a package or a file.
fn may_be_followed(text: &str) -> bool {
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"@/._~-".contains(&byte);
    text.contains('.') || text.bytes().all(is_of_name)
}

/// Whether nothing is known about the beginning of a name. The manifests of packages are kept.
fn is_open(name: &str) -> bool {
    let known = name.trim_start_matches(['@', UNKNOWN]);
    name.contains(UNKNOWN)
        && (name.starts_with(UNKNOWN) || known.is_empty())
        && !known.ends_with("/package.json")
}

impl<'a> Visit<'a> for Reader<'_, 'a> {
    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        let name = last_name(&it.callee).unwrap_or_default();
        if let Some(list) = self.each_loaded(it) {
            self.load(Some(list), Kind::Require, it.span);
            return self.visit_expression(list);
        }
        if self.loading_call(it) {
            // A string in the argument is the request.
            for argument in it.arguments.iter().skip(1) {
                self.visit_argument(argument);
            }
            if let Some(first) = it.arguments.first().and_then(Argument::as_expression)
                && !matches!(first, Expression::StringLiteral(_))
            {
                self.visit_expression(first);
            }
            return;
        }
        self.visit_expression(&it.callee);
        self.visit_arguments(name, &it.arguments);
    }

    fn visit_function(&mut self, it: &Function<'a>, flags: ScopeFlags) {
        self.bindings.variables.enter(it.span.start);
        walk::walk_function(self, it, flags);
        self.bindings.variables.leave(it.span.start);
    }

    fn visit_arrow_function_expression(&mut self, it: &ArrowFunctionExpression<'a>) {
        self.bindings.variables.enter(it.span.start);
        if let Some(result) = it.body.as_expression() {
            self.give(result);
        }
        walk::walk_arrow_function_expression(self, it);
        self.bindings.variables.leave(it.span.start);
    }

    fn visit_new_expression(&mut self, it: &NewExpression<'a>) {
        let name = last_name(&it.callee).unwrap_or_default();
        self.visit_expression(&it.callee);
        if name == "URL" && it.arguments.len() == 2 {
            let outer = std::mem::take(&mut self.callee);
            let value = self.bindings.variables.new_url(it);
            self.add_paths(value, it.span);
            self.callee = outer;
        }
        self.visit_arguments(name, &it.arguments);
    }

    fn visit_import_expression(&mut self, it: &ImportExpression<'a>) {
        self.load(Some(&it.source), Kind::Import, it.span);
        if !matches!(it.source, Expression::StringLiteral(_)) {
            self.visit_expression(&it.source);
        }
    }

    fn visit_import_declaration(&mut self, it: &ImportDeclaration<'a>) {
        if it.import_kind == ImportOrExportKind::Value {
            self.request(it.source.value.as_str(), Kind::Import, it.source.span);
        }
    }

    fn visit_export_from_declaration(&mut self, it: &ExportFromDeclaration<'a>) {
        if it.export_kind == ImportOrExportKind::Value {
            self.request(it.source.value.as_str(), Kind::Import, it.source.span);
        }
    }

    fn visit_export_all_declaration(&mut self, it: &ExportAllDeclaration<'a>) {
        if it.export_kind == ImportOrExportKind::Value {
            self.request(it.source.value.as_str(), Kind::Import, it.source.span);
        }
    }

    fn visit_ts_external_module_reference(&mut self, it: &TSExternalModuleReference<'a>) {
        self.request(it.expression.value.as_str(), Kind::Require, it.span);
    }

    fn visit_variable_declarator(&mut self, it: &VariableDeclarator<'a>) {
        // A path in a variable is recorded here as well, because the variable may be exported.
        if let Some(init) = &it.init {
            let outer = std::mem::take(&mut self.callee);
            self.paths(init);
            // `const r = require` is another name for it.
            let is_loader = match init.get_inner_expression() {
                Expression::Identifier(_) => true,
                Expression::CallExpression(call) => self.bindings.is_shim(call),
                _ => false,
            };
            if !is_loader {
                self.visit_expression(init);
            }
            self.callee = outer;
        }
        self.visit_binding_pattern(&it.id);
    }

    fn visit_return_statement(&mut self, it: &ReturnStatement<'a>) {
        if let Some(result) = &it.argument {
            self.give(result);
        }
        walk::walk_return_statement(self, it);
    }

    fn visit_export_default_declaration(&mut self, it: &ExportDefaultDeclaration<'a>) {
        if let Some(value) = it.declaration.as_expression() {
            self.give(value);
        }
        walk::walk_export_default_declaration(self, it);
    }

    fn visit_export_declaration(&mut self, it: &ExportDeclaration<'a>) {
        if let Declaration::VariableDeclaration(variables) = &it.declaration {
            for variable in &variables.declarations {
                if let Some(init) = &variable.init {
                    self.give(init);
                }
            }
        }
        walk::walk_export_declaration(self, it);
    }

    fn visit_assignment_expression(&mut self, it: &AssignmentExpression<'a>) {
        let outer = std::mem::take(&mut self.callee);
        // `exports.root = __dirname`.
        if matches!(it.left, AssignmentTarget::StaticMemberExpression(_)) {
            self.give(&it.right);
        }
        self.paths(&it.right);
        walk::walk_assignment_expression(self, it);
        self.callee = outer;
    }

    /// `require` as a value is called with what the other code says.
    fn visit_identifier_reference(&mut self, it: &IdentifierReference<'a>) {
        if it.name == "require" && !self.callee.is_empty() && !self.bindings.takes_require {
            self.computed(Kind::Require, it.span);
        }
    }

    /// `require.main` and `require.cache` load nothing.
    fn visit_static_member_expression(&mut self, it: &oxc_ast::ast::StaticMemberExpression<'a>) {
        if !matches!(it.object, Expression::Identifier(_)) {
            walk::walk_static_member_expression(self, it);
        }
    }

    fn visit_expression_statement(&mut self, it: &ExpressionStatement<'a>) {
        if !self.visit_unused(&it.expression) {
            walk::walk_expression_statement(self, it);
        }
    }

    fn visit_unary_expression(&mut self, it: &UnaryExpression<'a>) {
        let is_unused = match it.operator {
            UnaryOperator::Typeof => true,
            UnaryOperator::LogicalNot => self.visit_unused(&it.argument),
            _ => false,
        };
        if !is_unused {
            walk::walk_unary_expression(self, it);
        }
    }

    fn visit_try_statement(&mut self, it: &TryStatement<'a>) {
        let is_optional = self.is_optional || it.handler.is_some();
        let outer = std::mem::replace(&mut self.is_optional, is_optional);
        self.visit_block_statement(&it.block);
        self.is_optional = outer;
        if let Some(handler) = &it.handler {
            self.visit_catch_clause(handler);
        }
        if let Some(finalizer) = &it.finalizer {
            self.visit_block_statement(finalizer);
        }
    }

    fn visit_string_literal(&mut self, it: &StringLiteral<'a>) {
        self.literal(it.value.as_str(), it.span);
    }

    fn visit_template_literal(&mut self, it: &TemplateLiteral<'a>) {
        if let [only] = it.quasis.as_slice()
            && let Some(cooked) = &only.value.cooked
        {
            self.literal(cooked.as_str(), it.span);
        }
        walk::walk_template_literal(self, it);
    }

    fn visit_ts_type(&mut self, _: &TSType<'a>) {}
}

/// `new Function('x', 'return import(x)')`.
fn makes_importer(expression: &Expression<'_>) -> bool {
    let arguments = match expression.get_inner_expression() {
        Expression::NewExpression(new) if last_name(&new.callee) == Some("Function") => {
            &new.arguments
        }
        Expression::CallExpression(call) if last_name(&call.callee) == Some("Function") => {
            &call.arguments
        }
        _ => return false,
    };
    match arguments.last().and_then(Argument::as_expression) {
        Some(Expression::StringLiteral(code)) => code.value.contains("import("),
        Some(Expression::TemplateLiteral(code)) => code
            .quasis
            .iter()
            .any(|it| it.value.raw.contains("import(")),
        _ => false,
    }
}

/// The last name of a function: `c` of `a.b.c`.
fn last_name<'a>(callee: &Expression<'a>) -> Option<&'a str> {
    match callee.get_inner_expression() {
        Expression::Identifier(name) => Some(name.name.as_str()),
        Expression::StaticMemberExpression(member) => Some(member.property.name.as_str()),
        _ => None,
    }
}

fn is_member(
    member: &oxc_ast::ast::StaticMemberExpression<'_>,
    object: &str,
    property: &str,
) -> bool {
    let is_object = matches!(&member.object, Expression::Identifier(name) if name.name == object);
    is_object && member.property.name == property
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(text: &str) -> Facts {
        let place = Place {
            path: "/app/lib/a.js",
            working_directory: "/app",
            is_packaged: false,
        };
        read(text, place).expect("it can be parsed")
    }

    fn requests(text: &str) -> Vec<String> {
        facts(text)
            .requests
            .into_keys()
            .map(|(name, _)| name.replace(UNKNOWN, "*"))
            .collect()
    }

    fn paths(text: &str) -> Vec<String> {
        let facts = facts(text);
        let mut paths: Vec<String> = facts.paths.into_keys().collect();
        paths.extend(facts.listed.into_keys().map(|path| format!("{path}/")));
        paths
            .iter()
            .map(|path| path.replace(UNKNOWN, "*"))
            .collect()
    }

    #[test]
    fn every_form_of_a_request_is_read() {
        for text in [
            "const a = require('x')",
            "require(\"x\").b()",
            "import a from 'x'",
            "import 'x'",
            "import * as a from 'x'",
            "export * from 'x'",
            "export { a } from 'x'",
            "await import(`x`)",
            "module.require('x')",
            "if (a) { require('x') }",
            "const r = require; r('x')",
            "require.resolve('x')",
            "import.meta.resolve('x')",
            "import { createRequire as c, createRequire } from 'y'; createRequire(import.meta.url)('x')",
            "const load = module.createRequire(__filename); load('x')",
            "Promise.resolve().then(() => a(require('x')))",
            "const n = 'x'; require(n)",
            "var y; y = require('x'); exports.z = () => require('x')",
            "require('x' || 'y')",
            "__non_webpack_require__('x')",
            "export default () => import('x')",
            "const load = eval('require'); load('x')",
            "const load = new Function('s', 'return import(s)'); load('x')",
            "import { createRequire as c } from 'module'; const r = c(import.meta.url); r('x')",
            "const { createRequire: c } = require('module'); c(__filename)('x')",
            "Promise.resolve(`${'x'}`).then(s => __importStar(require(s)))",
            ESBUILD,
            "var r=(r=>typeof require<'u'?require:typeof Proxy<'u'?new Proxy(r,{get:(t,e)=>\
             (typeof require<'u'?require:t)[e]}):r)(function(r){if(typeof require<'u')return \
             require.apply(this,arguments);throw Error(r)});r('x')",
            "var r = (function() { return typeof require === 'function' ? require : f })(); r('x')",
            "const r = typeof __webpack_require__ === 'function' ? __non_webpack_require__ \
             : require; r('x')",
        ] {
            let requests = requests(text);
            assert!(requests.contains(&"x".to_owned()), "{text}: {requests:?}");
            assert_eq!(facts(text).computed, None, "{text}");
        }
    }

    /// The loader that esbuild writes into ES modules.
    const ESBUILD: &str = "var __require = /* @__PURE__ */ ((x) => typeof require !== 'undefined' \
        ? require : typeof Proxy !== 'undefined' ? new Proxy(x, { get: (a, b) => (typeof require \
        !== 'undefined' ? require : a)[b] }) : x)(function(x) { if (typeof require !== \
        'undefined') return require.apply(this, arguments); throw Error('no ' + x); }); \
        __require('x')";

    #[test]
    fn a_name_that_is_only_looked_up_is_not_loaded() {
        for text in [
            "try { require.resolve(name); return true } catch { return false }",
            "if (!require.resolve(name)) f()",
            "import.meta.resolve(name)",
        ] {
            assert_eq!(facts(text).computed, None, "{text}");
        }
        assert_eq!(requests("try { require.resolve('x') } catch {}"), ["x"]);
        for text in [
            "const path = require.resolve(name)",
            "fs.readFileSync(require.resolve(name))",
            "new Worker(require.resolve(name))",
            "return require.resolve(name)",
        ] {
            assert!(facts(text).computed.is_some(), "{text}");
        }
    }

    #[test]
    fn alternatives_and_unknown_parts_are_listed() {
        assert_eq!(requests("require(a ? 'x' : 'y')"), ["x", "y"]);
        assert_eq!(requests("require('./locale/' + name)"), ["./locale/*"]);
        assert_eq!(
            requests("require(`./d/${name}/index.js`)"),
            ["./d/*/index.js"]
        );
        assert_eq!(
            requests("for (const n of ['x', 'y']) require('./' + n)"),
            ["./x", "./y"]
        );
        assert_eq!(
            requests("const t = { a: 'x', b: 'y' }; require(t[k])"),
            ["x", "y"]
        );
        assert_eq!(
            requests("require(`@img/sharp-${p}/sharp.node`)"),
            ["@img/sharp-*/sharp.node"]
        );
        assert_eq!(
            requests("const path = require('path'); require(path.join(__dirname, 'a', n))"),
            ["/app/lib/a/*", "path"]
        );
        for list in [
            "let parts = [process.platform, process.arch]; parts.push('gnu')",
            "const parts = ['linux', process.arch]",
            "const parts = name.split('.')",
            "function f(parts) {}",
        ] {
            let text = format!("{list}; require(`x-${{parts.join('-')}}`)");
            assert_eq!(requests(&text), ["x-*"], "{text}");
        }
        assert_eq!(
            requests("require('./' + name.normalize('NFC')); import('./' + this.join('/'))"),
            ["./*", "./*"]
        );
        for path in [
            "path",
            "path_1.default",
            "require('node:path').posix",
            "nodePath",
        ] {
            let text = format!("require({path}.join(__dirname + '/x'))");
            assert!(requests(&text).contains(&"/app/lib/x".to_owned()), "{text}");
        }
        for more in [
            "names.push('z')",
            "names[2] = 'z'",
            "names.unshift('z')",
            "names.splice(0, 1, 'z')",
        ] {
            let text = format!("const names = ['x', 'y']; {more}; names.map(require)");
            assert_eq!(requests(&text), ["x", "y", "z"], "{text}");
        }
        for more in [
            "names.push(f())",
            "names[2] = f()",
            "Object.assign(names, f())",
        ] {
            let text = format!("const names = ['x', 'y']; {more}; names.map(require)");
            assert!(facts(&text).computed.is_some(), "{text}");
        }
    }

    #[test]
    fn a_computed_name_is_shown_with_its_line() {
        for text in [
            "\nrequire(name)",
            "\nrequire(`${a}/x`)",
            "\nimport(a.b)",
            "\nload(require.resolve(f()))",
            "\nmodule.require(x)",
            "\nfunction f(name) { const n = name; require(n) }",
            "\nlazy(require)",
            "\nconst load = new Function('s', 'return import(s)'); load(name)",
            "\nPromise.resolve(name).then(s => require(s))",
        ] {
            let (call, line) = facts(text).computed.expect(text);
            assert_eq!(line, 2, "{text}: {call}");
        }
        for text in [
            "typeof require",
            "require.main === module",
            "require.cache[x]",
            "require(a + '/package.json')",
            "(function (require) { require('x') })(require)",
            "x.require(name)",
            "var c = 'function' == typeof require && require; if (c) c(name)",
        ] {
            assert_eq!(facts(text).computed, None, "{text}");
        }
    }

    #[test]
    fn functions_that_wrap_require_load_what_their_calls_say() {
        for text in [
            "function load(name) { return require(name) } load('x'); load('y')",
            "const load = name => require(name); load('x'); exports.z = () => load('y')",
            "const load = async function (name) { return import(name) }; load('x'); load('y')",
            "load('x'); load('y'); function load(name) { const n = name; return require(n) } \
             function other(name) { f(name) }",
            "function lazy(key, id) { Object.defineProperty(exports, key, { get() { \
             return require(id) } }) } lazy('a', 'x'); lazy('b', 'y')",
            "const lazy = id => () => require(id); exports.a = lazy('x'); exports.b = lazy('y')",
            "['x', 'y'].forEach(name => require(name))",
            "const all = ['x', 'y'].map(require)",
            "const names = ['x', 'y']; for (const name of names) load(name); \
             function load(id) { return require(id) }",
            "['x', 'y'].reduce((all, name) => ({ ...all, [name]: require(name) }), {})",
            "const load = name => require(name); ['x', 'y'].filter(Boolean).map(n => n); \
             ['x', 'y'].forEach(load)",
            "(function (a, b) { require(a); require(b) })('x', 'y')",
            "function outer(a) { return inner(a) } function inner(b) { return require(b) } \
             outer('x'); outer('y')",
            "function load(name, again) { return again ? load(name) : require(name) } \
             load('x'); load('y', true)",
            "const load = (name = 'x') => require(name); load(); load('y')",
            "Promise.resolve('x').then(s => require(s)); Promise.resolve('y').then(s => import(s))",
        ] {
            let mut requests = requests(text);
            requests.dedup();
            assert_eq!(requests, ["x", "y"], "{text}");
            assert_eq!(facts(text).computed, None, "{text}");
        }
        assert_eq!(
            requests("const req = n => require('./lib/' + n); req('a'); req('b.js')"),
            ["./lib/a", "./lib/b.js"]
        );
        assert_eq!(
            paths("const at = n => read(path.join(__dirname, n)); at('a.html'); at('b')"),
            ["/app/lib/a.html", "/app/lib/b"]
        );
    }

    #[test]
    fn values_of_parameters_that_take_too_much_work_are_not_used() {
        let keys: Vec<String> = (0..200).map(|n| format!("get('key-number-{n}')")).collect();
        let uses = "f(`${key}-${key}`); g(key + 'a');".repeat(200);
        let text = format!(
            "const t = {{ a: '@x/a', b: '@x/b' }}; function get(key) {{ {uses} }} {}; \
             const n = t[k]; require(`${{n}}/bin`); const {{ n }} = h();",
            keys.join("; ")
        );
        let requests = requests(&text);
        assert!(requests.contains(&"@x/a/bin".to_owned()), "{requests:?}");
    }

    #[test]
    fn functions_that_others_can_call_load_anything() {
        for text in [
            "module.exports = load",
            "exports.load = load",
            "module.exports = { load }",
            "export { load }",
            "export { load as default }",
            "f(load)",
            "load.call(null, n)",
            "load(n)",
            "load(...n)",
            "f(function (n) { load(n) })",
            "n.forEach(load)",
            "load = f(load)",
            "const g = load; g(n)",
            "{ function load(n) { f(n) } }",
            "load`x`",
        ] {
            let text = format!("function load(name) {{ return require(name) }} load('x'); {text}");
            assert!(facts(&text).computed.is_some(), "{text}");
        }
        for text in [
            "export function load(name) { return require(name) } load('x')",
            "export default function load(name) { return require(name) } load('x')",
            "export const load = name => require(name); load('x')",
            "function load(name) { name = f(name); return require(name) } load('x')",
            "function load(name) { [name] = f(); return require(name) } load('x')",
            "function load(name) { return f(name => require(name)) } load('x')",
            "function load({ name }) { return require(name) } load('x')",
            "function load(...name) { return require(name) } load('x')",
            "const g = function load(name) { load(f()); return require(name) }; g('x')",
            "const name = 'x'; function load({ name }) { return require(name) }",
            "const name = 'x'; for (const name in f()) require(name)",
            "const name = 'x'; const [name] = f(); require(name)",
            "class A { load(name) { return require(name) } b() { this.load('x') } }",
        ] {
            assert!(facts(text).computed.is_some(), "{text}");
        }
    }

    #[test]
    fn literals_stay_known_in_a_source_with_long_values() {
        let mut text = "let a = 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'; ".to_owned();
        for _ in 0..200 {
            text.push_str("a = a + a; f(a + a); ");
        }
        let facts = facts(&format!("{text}\nconst x = require('x'); import('y')"));
        let requests: Vec<&str> = facts.requests.keys().map(|(name, _)| &name[..]).collect();
        assert_eq!(requests, ["x", "y"]);
        assert_eq!(facts.computed, None);
    }

    #[test]
    fn paths_are_joined_as_node_joins_them() {
        for text in [
            "read(path.join(__dirname, 'views', 'a.html'))",
            "read(__dirname + '/views/a.html')",
            "read(path.resolve('lib', 'views/a.html'))",
            "read(`${__dirname}/views/a.html`)",
            "new URL('./views/a.html', import.meta.url)",
            "const p = join(__dirname, 'views/a.html')",
            "read(path.join(path.dirname(__filename), 'views/a.html'))",
            "const d = __dirname; fs.readFileSync(path.join(d, 'views', 'a.html'))",
            "const d = dirname(fileURLToPath(import.meta.url)); read(join(d, 'views/a.html'))",
            "read(join(import.meta.dirname, 'views/a.html'))",
            "read(path.join(process.cwd(), 'lib/views/a.html'))",
            "read([__dirname, 'views', 'a.html'].join('/'))",
            "fork(require('path').join(__dirname, '../lib/views/a.html'))",
        ] {
            let paths = paths(text);
            assert!(
                paths.contains(&"/app/lib/views/a.html".to_owned()),
                "{text}: {paths:?}"
            );
        }
        assert_eq!(
            paths("fs.readdirSync(path.join(__dirname, 'a'))"),
            ["/app/lib/a/"]
        );
        assert_eq!(
            paths("app.use(express.static(path.join(__dirname, 'a')))"),
            ["/app/lib/a/"]
        );
        for text in [
            "app.use(express.static('node_modules/x/dist'))",
            "serve('./node_modules/x/dist/')",
            "app.use('/x', express.static(path.join('node_modules', 'x', 'dist')))",
        ] {
            assert_eq!(paths(text), ["/app/node_modules/x/dist/"], "{text}");
        }
        assert_eq!(
            paths("read(path.join(__dirname, 'a', name))"),
            ["/app/lib/a/*"]
        );
    }

    #[test]
    fn a_package_that_gives_its_directory_to_others_lists_it() {
        let listed = |text: &str, is_packaged| {
            let place = Place {
                path: "/app/node_modules/a/lib/b.js",
                working_directory: "/app",
                is_packaged,
            };
            let facts = read(text, place).expect("it can be parsed");
            facts.listed.into_keys().collect::<Vec<_>>()
        };
        for text in [
            "exports.path = function () { return require('path').resolve(__dirname) }",
            "module.exports = __dirname",
            "module.exports = { dir: __dirname }",
            "exports.get = () => path.join(__dirname, '.')",
            "export default dirname(fileURLToPath(import.meta.url))",
            "export const root = import.meta.dirname",
        ] {
            assert_eq!(listed(text, true), ["/app/node_modules/a/lib"], "{text}");
            assert!(listed(text, false).is_empty(), "{text}");
        }
        let above = "exports.root = path.join(__dirname, '..')";
        assert_eq!(listed(above, true), ["/app/node_modules/a"]);
        for text in [
            "exports.all = path.join(__dirname, '../..')",
            "const own = path.join(__dirname, 'x')",
            "const d = __dirname; read(d + '/x')",
        ] {
            assert!(listed(text, true).is_empty(), "{text}");
        }
    }

    #[test]
    fn addresses_and_files_of_the_system_are_no_paths() {
        for text in [
            "app.use('/x', handle)",
            "app.get(`/x/${name}`, handle)",
            "const mount = '/x'; router.mount(mount)",
            "read('/etc/mime.types')",
            "read(`/${name}/a.html`)",
            "read(path.resolve(name, 'a.html'))",
            "read(path.resolve(__dirname, name, 'a.html'))",
            "fs.readdirSync(path.join(name, 'node_modules', 'x'))",
        ] {
            assert_eq!(paths(text), [""; 0], "{text}");
        }
        for path in ["/app/a.html", "/opt/node_modules/x/a.html"] {
            assert_eq!(paths(&format!("read('{path}')")), [path]);
        }
    }
}
