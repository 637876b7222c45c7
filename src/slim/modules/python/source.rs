//! The modules that a source file of Python loads: its imports, and strings that may be names of
//! modules.

use std::collections::HashMap;

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Alias, Expr, ExprCall, Stmt, StmtIf, StmtImportFrom};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::{Ranged, TextSize};

use super::catalogs::Language;
use super::conditions::{self, Conditions, Version};
use super::knowledge;
use super::names::{self, How, Names};
use super::nesting;
use crate::knowledge::{MessageCatalogs, reads_named_data};

use super::values::{self, Bindings, OWN, UNKNOWN};
use super::work;

/// Longer sources are data: `CPython` takes seconds for them.
const MAX_SOURCE: usize = 4 << 20;
/// Expressions and statements around a place that are looked at.
const MAX_DEPTH: usize = 250;
/// Bytes of names that a source may contain, and more for each byte of it: each name after
/// `from a.b import` is one with `a.b`.
const LEAST_NAMES: usize = 64 << 10;
const NAMES_PER_BYTE: usize = 16;

/// Everything that a source loads, in the order of its lines.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent properties")]
pub(super) struct Source {
    pub(super) requests: Vec<Request>,
    /// Lines of calls that import a module whose name is computed.
    pub(super) computed: Vec<usize>,
    /// The same for calls that only run if the source is run as a program.
    pub(super) computed_as_program: Vec<usize>,
    /// Whether it may run other sources as programs.
    pub(super) starts_python: bool,
    /// Languages of catalogs that it names.
    pub(super) languages: Vec<Language>,
    /// Whether it is machine code.
    pub(super) is_machine_code: bool,
    /// Modules in the same directory that machine code may load by names without dots.
    pub(super) siblings: Vec<String>,
    /// Whether the source is too long or too deeply nested to be read.
    pub(super) is_unreadable: bool,
    /// Whether it reads its stub, `x.pyi`, to find its modules.
    pub(super) reads_stub: bool,
}

impl Source {
    /// A source that was not read.
    pub(super) fn unreadable() -> Self {
        Self {
            is_unreadable: true,
            ..Self::default()
        }
    }

    /// Whether a part of it only runs if it is run as a program.
    pub(super) fn has_program(&self) -> bool {
        let mut requests = self.requests.iter();
        !self.computed_as_program.is_empty() || requests.any(|request| request.is_of_program)
    }

    /// The steps for its names, which are kept until all modules were followed.
    pub(super) fn steps(&self) -> usize {
        let names = self.requests.iter().map(|request| &request.name);
        let names = names.chain(&self.siblings).map(String::len);
        names.map(|length| work::NAME + length / work::BYTES).sum()
    }
}

/// A name that may be the name of a module.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Request {
    /// Leading dots: the package that the name is relative to.
    pub(super) level: u32,
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) how: How,
    /// Whether the import only runs when a function is called or may fail.
    pub(super) is_optional: bool,
    /// Whether it only runs if the source is run as a program: `if __name__ == "__main__"`.
    pub(super) is_of_program: bool,
}

/// Reads a source that one of some versions of Python runs. Strings only count if `names` contains
/// them.
pub(super) fn read(text: &str, names: &Names, versions: &[Version]) -> Source {
    if text.len() > MAX_SOURCE || nesting::is_tree_too_large(text) {
        return Source::unreadable();
    }
    // Sources of Python 2 have errors, from which the parser recovers.
    let parsed = parse_unchecked(text, ParseOptions::from(Mode::Module)).into_syntax();
    let Some(module) = parsed.module() else {
        return Source::default();
    };
    let mut reader = Reader {
        names,
        bindings: Bindings::default(),
        conditions: Conditions::new(versions),
        lines: Lines::of(text),
        source: Source::default(),
        depth: 0,
        functions: 0,
        tried: 0,
        programs: 0,
        has_lazy_names: false,
        catalogs: knowledge::message_catalogs(),
        switches: Vec::new(),
        names_left: LEAST_NAMES + NAMES_PER_BYTE * text.len(),
    };
    if has_import_calls(text) {
        reader.bindings = values::bindings(&module.body);
        reader.has_lazy_names = true;
    }
    reader.has_lazy_names |= memchr::memmem::find(text.as_bytes(), b"__getattr__").is_some();
    for statement in &module.body {
        reader.visit_stmt(statement);
    }
    reader.source
}

/// Whether a source may contain a call that imports a module: only then values matter.
fn has_import_calls(text: &str) -> bool {
    [
        "import_module",
        "__import__",
        "run_module",
        "lazy",
        "client(",
        "resource(",
    ]
    .iter()
    .any(|call| memchr::memmem::find(text.as_bytes(), call.as_bytes()).is_some())
}

/// The line numbers of places, which are asked for in rising order most of the time.
struct Lines {
    starts: Vec<u32>,
}

impl Lines {
    fn of(text: &str) -> Self {
        let ends = memchr::memchr_iter(b'\n', text.as_bytes());
        let starts = ends.filter_map(|end| u32::try_from(end + 1).ok());
        Self {
            starts: starts.collect(),
        }
    }

    fn line(&self, at: TextSize) -> usize {
        self.starts.partition_point(|&start| start <= at.to_u32()) + 1
    }
}

struct Reader<'n> {
    names: &'n Names,
    bindings: Bindings,
    conditions: Conditions<'n>,
    lines: Lines,
    source: Source,
    depth: usize,
    /// Functions around the place.
    functions: usize,
    /// `try` statements around the place.
    tried: usize,
    /// Blocks around the place that only run if the source is run as a program.
    programs: usize,
    /// Whether the source may load modules from a table of names: `{"connect": ".client"}`.
    has_lazy_names: bool,
    /// The catalogs whose languages the source may name.
    catalogs: Option<(&'static str, &'static MessageCatalogs)>,
    /// Names of functions that switch to a language, and of the module that has them.
    switches: Vec<String>,
    /// Bytes of names that may still be added.
    names_left: usize,
}

impl<'a> Visitor<'a> for Reader<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if !self.enter() {
            return;
        }
        match statement {
            Stmt::Import(import) => {
                self.add_switches("", &import.names);
                for alias in &import.names {
                    self.add(0, alias.name.as_str(), import.range.start(), How::Statement);
                }
            }
            Stmt::ImportFrom(import) => self.add_from(import),
            Stmt::If(test) => self.visit_if(test),
            Stmt::Try(_) => {
                self.tried += 1;
                walk_stmt(self, statement);
                self.tried -= 1;
            }
            Stmt::FunctionDef(_) => {
                self.functions += 1;
                walk_stmt(self, statement);
                self.functions -= 1;
            }
            Stmt::Assign(assignment) if names_all(&assignment.targets) => {
                self.add_exported(&assignment.value);
            }
            Stmt::Assign(assignment) => {
                if let [Expr::Name(name)] = &*assignment.targets {
                    self.conditions.assign(name.id.as_str(), &assignment.value);
                    self.add_setting(name.id.as_str(), Some(&assignment.value));
                }
                walk_stmt(self, statement);
            }
            Stmt::AnnAssign(assignment) => {
                if let (Expr::Name(name), Some(value)) = (&*assignment.target, &assignment.value) {
                    self.add_setting(name.id.as_str(), Some(value));
                }
                walk_stmt(self, statement);
            }
            Stmt::AugAssign(assignment) => {
                if let Expr::Name(name) = &*assignment.target {
                    self.add_setting(name.id.as_str(), None);
                }
                walk_stmt(self, statement);
            }
            _ => walk_stmt(self, statement),
        }
        self.depth -= 1;
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if !self.enter() {
            return;
        }
        match expression {
            Expr::StringLiteral(string) => {
                self.source.starts_python |= string.value.to_str() == "-m";
                if let Some((_, known)) = self.catalogs {
                    let text = string.value.to_str();
                    if text == known.language || text == known.offered {
                        self.source.languages.push(Language::Setting);
                    }
                }
                self.add_text(string.value.to_str(), expression.start());
            }
            // `[sys.executable, __file__]`.
            Expr::Attribute(attribute) => {
                self.source.starts_python |= attribute.attr.as_str() == "executable";
                walk_expr(self, expression);
            }
            Expr::Call(call) => {
                self.add_languages(call);
                self.add_call(call);
                walk_expr(self, expression);
            }
            Expr::BinOp(_) | Expr::FString(_) => {
                self.add_below_own_name(expression);
                walk_expr(self, expression);
            }
            _ => walk_expr(self, expression),
        }
        self.depth -= 1;
    }

    /// Annotations are not evaluated, or only name what is imported.
    fn visit_annotation(&mut self, _: &'a Expr) {}
}

impl Reader<'_> {
    fn enter(&mut self) -> bool {
        if self.depth >= MAX_DEPTH {
            self.source.is_unreadable = true;
            return false;
        }
        self.depth += 1;
        true
    }

    /// Visits the branches that may run.
    fn visit_if(&mut self, test: &StmtIf) {
        let mut condition = Some(&*test.test);
        let mut body = &test.body;
        let mut others = test.elif_else_clauses.iter();
        loop {
            let value = condition.and_then(|condition| self.conditions.value(condition));
            let is_of_program = condition.is_some_and(conditions::is_program);
            if value != Some(false) {
                self.programs += usize::from(is_of_program);
                if let Some(test) = condition {
                    self.visit_expr(test);
                }
                self.visit_body(body);
                self.programs -= usize::from(is_of_program);
            }
            let Some(next) = others.next() else { return };
            if value == Some(true) {
                return;
            }
            (condition, body) = (next.test.as_ref(), &next.body);
        }
    }

    fn add(&mut self, level: u32, name: &str, at: TextSize, how: How) {
        let Some(left) = self.names_left.checked_sub(name.len()) else {
            self.source.is_unreadable = true;
            return;
        };
        self.names_left = left;
        let line = self.lines.line(at);
        self.source.requests.push(Request {
            level,
            name: name.to_owned(),
            line,
            how,
            is_optional: self.functions > 0 || self.tried > 0,
            is_of_program: self.programs > 0,
        });
    }

    /// `from ..a import b, c`.
    fn add_from(&mut self, import: &StmtImportFrom) {
        let at = import.range.start();
        let module = import.module.as_ref().map_or("", |name| name.as_str());
        self.add_switches(module, &import.names);
        self.add(import.level, module, at, How::Statement);
        for Alias { name, .. } in &import.names {
            let name = name.as_str();
            if name == "*" {
                continue;
            }
            if module.len() + name.len() > self.names_left {
                self.source.is_unreadable = true;
                return;
            }
            let member = if module.is_empty() {
                name.to_owned()
            } else {
                format!("{module}.{name}")
            };
            self.add(import.level, &member, at, How::Member);
        }
    }

    /// `__all__ = ["a", "b"]`: `from x import *` imports those that are modules.
    fn add_exported(&mut self, value: &Expr) {
        let elements = match value {
            Expr::List(list) => &list.elts,
            Expr::Tuple(tuple) => &tuple.elts,
            _ => return self.visit_expr(value),
        };
        for element in elements {
            if let Expr::StringLiteral(string) = element {
                self.add(1, string.value.to_str(), element.start(), How::Member);
            }
        }
    }

    fn add_text(&mut self, text: &str, at: TextSize) {
        let relative = text.trim_start_matches('.');
        let dots = text.len() - relative.len();
        if self.has_lazy_names && dots > 0 && names::is_dotted(relative) {
            let level = u32::try_from(dots).unwrap_or(u32::MAX);
            self.add(level, relative, at, How::Text);
        }
        for name in self.names.requested(text) {
            self.add(name.level, name.name, at, name.how);
        }
    }

    /// `__package__ + ".resources"`: a name that is below the one of the source, whatever becomes
    /// of it.
    fn add_below_own_name(&mut self, expression: &Expr) {
        if !values::begins_with_own_name(expression) {
            return;
        }
        for value in self.bindings.evaluate(expression) {
            let Some(name) = value
                .strip_prefix(OWN)
                .and_then(|rest| rest.strip_prefix('.'))
            else {
                continue;
            };
            match name.find([UNKNOWN, OWN]) {
                None if names::is_dotted(name) => {
                    self.add(1, name, expression.start(), How::Text);
                }
                // Many names of loggers end with the name of a class.
                Some(end) if end > 1 => {
                    self.add(1, &name[..end], expression.start(), How::Beginning);
                }
                _ => {}
            }
        }
    }

    fn add_call(&mut self, call: &ExprCall) {
        let Some(function) = values::function_name(&call.func) else {
            return;
        };
        if names::reads_resources(function)
            && let Some(Expr::StringLiteral(package)) = call.arguments.args.first()
        {
            self.add_named(package.value.to_str(), call.range_start);
        }
        if function == "attach_stub" {
            self.source.reads_stub = true;
        }
        if reads_named_data(function)
            && let Some(argument) = call.arguments.args.first()
            && self.bindings.literal(argument).is_none()
        {
            self.add(0, "", call.range_start, How::Data);
        }
        let is_importer = names::is_importer(function);
        if !is_importer && !names::may_import(function) {
            return;
        }
        let at = call.range_start;
        let Some(argument) = call.arguments.args.first().or_else(|| named(call, "name")) else {
            return;
        };
        if values::is_of_loaded_module(argument) {
            return;
        }
        // A wrapper of another package: only literal names count.
        if !is_importer {
            for argument in &call.arguments.args {
                if let Expr::StringLiteral(string) = argument {
                    self.add_named(string.value.to_str(), at);
                }
            }
            return;
        }
        let package = call
            .arguments
            .args
            .get(1)
            .or_else(|| named(call, "package"));
        let package = package.and_then(|package| self.bindings.literal(package));
        let how = if function == "run_module" {
            How::Program
        } else {
            How::Call
        };
        for value in self.bindings.evaluate(argument) {
            self.add_value(&value, package.as_deref(), at, how);
        }
    }

    /// A setting for languages; none if it is changed.
    fn add_setting(&mut self, name: &str, value: Option<&Expr>) {
        let Some((_, known)) = self.catalogs else {
            return;
        };
        if !name.starts_with(|first: char| first.is_ascii_uppercase()) {
            return;
        }
        if name == known.language {
            let language = value.and_then(text);
            let languages = [Language::Used(language), Language::Beside];
            self.source.languages.extend(languages);
        } else if name == known.offered {
            let languages = value.and_then(first_texts);
            self.source.languages.push(Language::Offered(languages));
        } else if known.settings.iter().any(|setting| setting == name) {
            self.source.languages.push(Language::Beside);
        }
    }

    /// Languages in a call: `configure(LANGUAGE_CODE="de")`, `translation.activate("de")`.
    fn add_languages(&mut self, call: &ExprCall) {
        let Some((_, known)) = self.catalogs else {
            return;
        };
        for keyword in &call.arguments.keywords {
            if let Some(name) = &keyword.arg {
                self.add_setting(name.as_str(), Some(&keyword.value));
            }
        }
        let Some(function) = values::function_name(&call.func) else {
            return;
        };
        let owner = match &*call.func {
            Expr::Attribute(method) => values::function_name(&method.value),
            _ => Some(function),
        };
        let is_method = call.func.is_attribute_expr();
        let is_switch = !is_method || known.functions.iter().any(|name| name == function);
        let is_known = owner.is_some_and(|owner| self.switches.iter().any(|name| name == owner));
        if is_switch && is_known {
            let language = match call.arguments.args.first() {
                // The language that is used anyway.
                Some(Expr::Attribute(setting)) if setting.attr.as_str() == known.language => return,
                argument => argument.and_then(text),
            };
            self.source.languages.push(Language::Used(language));
        }
    }

    /// Records the local names of functions that switch to a language, and of their module.
    fn add_switches(&mut self, module: &str, names: &[Alias]) {
        let Some((_, known)) = self.catalogs else {
            return;
        };
        let is_of_module = module.rsplit('.').next() == Some(known.functions_of.as_str());
        for alias in names {
            let name = alias.name.as_str();
            let is_function = is_of_module && known.functions.iter().any(|known| known == name);
            let is_module = name.rsplit('.').next() == Some(known.functions_of.as_str());
            if is_function || is_module {
                let local = alias.asname.as_ref().map_or(name, |local| local.as_str());
                let local = local.rsplit('.').next().unwrap_or_default();
                self.switches.push(local.to_owned());
            }
        }
    }

    /// A literal name: `.x` is relative to the package of the source.
    fn add_named(&mut self, name: &str, at: TextSize) {
        let rest = name.trim_start_matches('.');
        let level = u32::try_from(name.len() - rest.len()).unwrap_or(u32::MAX);
        let rest = rest.split(':').next().unwrap_or_default();
        if names::is_dotted(rest) {
            self.add(level, rest, at, How::Call);
        }
    }

    /// A name of which some parts may be computed.
    fn add_value(&mut self, value: &str, package: Option<&str>, at: TextSize, how: How) {
        let value = match package {
            Some(package) if value.starts_with('.') => format!("{package}{value}"),
            _ => value.to_owned(),
        };
        // The source's own package.
        let (dots, rest) = match value.strip_prefix(OWN) {
            Some("") => return,
            Some(rest) => (1, rest.strip_prefix('.').unwrap_or(rest)),
            None => {
                let rest = value.trim_start_matches('.');
                (value.len() - rest.len(), rest)
            }
        };
        let level = u32::try_from(dots).unwrap_or(u32::MAX);
        match rest.find([UNKNOWN, OWN]) {
            None if names::is_dotted(rest) => self.add(level, rest, at, how),
            None => {}
            Some(0) if level == 0 => {
                let line = self.lines.line(at);
                if self.programs > 0 {
                    self.source.computed_as_program.push(line);
                } else {
                    self.source.computed.push(line);
                }
            }
            Some(end) => self.add(level, &rest[..end], at, How::Beginning),
        }
    }
}

fn text(value: &Expr) -> Option<String> {
    match value {
        Expr::StringLiteral(text) => Some(text.value.to_str().to_owned()),
        _ => None,
    }
}

fn elements(value: &Expr) -> Option<&[Expr]> {
    match value {
        Expr::List(list) => Some(&list.elts),
        Expr::Tuple(tuple) => Some(&tuple.elts),
        _ => None,
    }
}

/// The first text of each element of a list: `[("de", "German"), ("en", "English")]`.
fn first_texts(value: &Expr) -> Option<Vec<String>> {
    let pairs = elements(value)?.iter();
    pairs.map(|pair| text(elements(pair)?.first()?)).collect()
}

fn named<'a>(call: &'a ExprCall, name: &str) -> Option<&'a Expr> {
    let mut keywords = call.arguments.keywords.iter();
    let keyword = keywords.find(|keyword| {
        let argument = keyword.arg.as_ref();
        argument.is_some_and(|argument| argument.as_str() == name)
    })?;
    Some(&keyword.value)
}

fn names_all(targets: &[Expr]) -> bool {
    let mut targets = targets.iter();
    targets.any(|target| matches!(target, Expr::Name(name) if name.id.as_str() == "__all__"))
}

/// The words of a text that is no source, such as a configuration file, with their lines.
pub(super) fn read_text(text: &str, names: &Names) -> Vec<Request> {
    let mut requests = Vec::new();
    // A list may have the same name on every line.
    let mut seen: HashMap<String, How> = HashMap::new();
    for (index, line) in text.lines().enumerate() {
        for word in line.split(names::is_between_names) {
            for name in names.requested(word) {
                let known = seen.insert(name.name.to_owned(), name.how);
                if known != Some(name.how) {
                    requests.push(Request {
                        level: 0,
                        name: name.name.to_owned(),
                        line: index + 1,
                        how: name.how,
                        is_optional: false,
                        is_of_program: false,
                    });
                }
            }
        }
    }
    requests
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_plain(text: &str) -> Source {
        read(text, &Names::default(), &[])
    }

    #[test]
    fn branches_that_never_run_do_not_count() {
        let text = "import sys\n\
                    WINDOWS = sys.platform == 'win32'\n\
                    if WINDOWS:\n    import a\n\
                    elif sys.version_info < (3, 8):\n    import b\n\
                    elif x:\n    import c\n\
                    elif sys.version_info >= (3,):\n    import d\n\
                    else:\n    import e\n\
                    if __name__ == '__main__':\n    import f\nelse:\n    import g\n";
        let source = read(text, &Names::default(), &[(3, 11)]);
        let requests = source.requests.iter();
        let found: Vec<(&str, bool)> = requests
            .map(|request| (&*request.name, request.is_of_program))
            .collect();
        let expected = [
            ("sys", false),
            ("c", false),
            ("d", false),
            ("f", true),
            ("g", false),
        ];
        assert_eq!(found, expected);
        assert!(source.has_program());
    }

    #[test]
    fn names_below_the_own_one_count_in_every_expression() {
        for (expression, expected) in [
            ("__package__ + '.data'", vec!["data"]),
            ("f'{__name__}.data.sets'", vec!["data.sets"]),
            ("'%s.data' % __package__", vec!["data"]),
            ("'{}.data'.format(__name__)", vec![]),
            ("f'{__name__}.plugins.{x}'", vec!["plugins."]),
            ("f'{__name__}.{x}'", vec![]),
            ("x + '.data'", vec![]),
            ("files('data')", vec!["data"]),
            ("resource_filename('a.data', 'x')", vec!["a.data"]),
            ("path.read_text('utf-8')", vec![]),
        ] {
            let source = read_plain(&format!("x({expression})\n"));
            let requests = source.requests.iter();
            let found: Vec<&str> = requests.map(|request| &*request.name).collect();
            assert_eq!(found, expected, "{expression}");
        }
    }

    #[test]
    fn names_are_computed_unless_all_of_their_values_are_known() {
        for (text, is_computed) in [
            (
                "for a, b in [('x', '1'), ('y', '2')]:\n    import_module(a)\n",
                false,
            ),
            (
                "for a, b in [('x', '1'), other]:\n    import_module(a)\n",
                true,
            ),
            ("a, b = 'x', '1'\nimport_module(a)\n", false),
            ("a, b = f()\nimport_module(a)\n", true),
            ("(a, b), c = ('x', '1'), '2'\nimport_module(c)\n", false),
            ("(a, b), c = ('x', '1'), '2'\nimport_module(a)\n", true),
            ("import_module(type(x).__module__)\n", false),
            ("import_module(x.__name__)\n", true),
        ] {
            let source = read_plain(text);
            assert_eq!(!source.computed.is_empty(), is_computed, "{text}");
        }
    }

    #[test]
    fn a_source_with_too_many_tokens_is_not_parsed() {
        let list = |length: usize| format!("import a\nx = [{}]\n", "1,".repeat(length));
        let source = read_plain(&list(1_000));
        assert!(!source.is_unreadable && source.requests.len() == 1);
        assert!(read_plain(&list(600_000)).is_unreadable);
    }

    #[test]
    fn the_names_of_a_source_are_in_proportion_to_its_text() {
        let import = |module: usize, names: usize| {
            format!(
                "from {} import {}z\n",
                "m".repeat(module),
                "a,".repeat(names)
            )
        };
        let source = read_plain(&import(20, 1_000));
        assert!(!source.is_unreadable);
        assert_eq!(source.requests.len(), 1_002);
        let text = import(2_000, 5_000);
        let source = read_plain(&text);
        assert!(source.is_unreadable);
        let bytes: usize = source
            .requests
            .iter()
            .map(|request| request.name.len())
            .sum();
        assert!(
            bytes <= LEAST_NAMES + NAMES_PER_BYTE * text.len(),
            "{bytes}"
        );
    }
}
