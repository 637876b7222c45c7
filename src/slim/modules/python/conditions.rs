//! Conditions of `if` statements that have the same value on every run in an image: those about
//! the operating system, the version of Python, and type checkers.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use ruff_python_ast::{BoolOp, CmpOp, Expr, ExprCall, ExprCompare, ExprSubscript, Number, UnaryOp};

/// Conditions inside of conditions that are looked at.
const MAX_DEPTH: usize = 16;

/// A major and a minor version of Python: 3 and 11.
pub(super) type Version = (u32, u32);

/// The conditions of a source that are known, and its variables with such values.
#[derive(Debug)]
pub(super) struct Conditions<'v> {
    /// The Pythons that may run the source; none if they are unknown.
    versions: &'v [Version],
    /// `WINDOWS = sys.platform == "win32"`.
    variables: HashMap<String, bool>,
    /// Variables with more than one value.
    varying: HashSet<String>,
}

/// An expression of which the value in the image is known.
enum Subject {
    /// `sys.platform`.
    Platform,
    /// `os.name` and `platform.system()`.
    Text(&'static str),
    /// `sys.version_info`, or the first numbers of it.
    Version { length: Option<usize> },
    /// `sys.version_info[0]`.
    Number(usize),
}

impl<'v> Conditions<'v> {
    pub(super) fn new(versions: &'v [Version]) -> Self {
        Self {
            versions,
            variables: HashMap::new(),
            varying: HashSet::new(),
        }
    }

    /// Records the value of a variable.
    pub(super) fn assign(&mut self, name: &str, value: &Expr) {
        // A literal is the first of several values most of the time.
        let value = match value {
            Expr::BooleanLiteral(_) | Expr::Name(_) | Expr::Attribute(_) => None,
            _ => self.value(value),
        };
        let known = self.variables.get(name).copied();
        match value {
            Some(value) if known.is_none() && !self.varying.contains(name) => {
                self.variables.insert(name.to_owned(), value);
            }
            _ if known != value => {
                self.variables.remove(name);
                self.varying.insert(name.to_owned());
            }
            _ => {}
        }
    }

    /// The value of a condition, if it is the same on every run.
    pub(super) fn value(&self, condition: &Expr) -> Option<bool> {
        self.value_within(condition, 0)
    }

    fn value_within(&self, condition: &Expr, depth: usize) -> Option<bool> {
        if depth > MAX_DEPTH {
            return None;
        }
        match condition {
            Expr::BooleanLiteral(literal) => Some(literal.value),
            Expr::Name(name) => self.value_of_name(name.id.as_str()),
            Expr::Attribute(attribute) => self.well_known(attribute.attr.as_str()),
            Expr::UnaryOp(operation) if operation.op == UnaryOp::Not => {
                let value = self.value_within(&operation.operand, depth + 1)?;
                Some(!value)
            }
            Expr::BoolOp(operation) => {
                // One false value decides `and`, one true value decides `or`.
                let decisive = operation.op == BoolOp::Or;
                let mut is_known = true;
                for value in &operation.values {
                    match self.value_within(value, depth + 1) {
                        Some(value) if value == decisive => return Some(decisive),
                        Some(_) => {}
                        None => is_known = false,
                    }
                }
                if is_known { Some(!decisive) } else { None }
            }
            Expr::Compare(comparison) => self.value_of_comparison(comparison),
            Expr::Call(call) => starts_with(call),
            _ => None,
        }
    }

    fn value_of_name(&self, name: &str) -> Option<bool> {
        let variable = self.variables.get(name).copied();
        variable.or_else(|| self.well_known(name))
    }

    /// Constants of `typing` and of libraries for two versions of Python.
    fn well_known(&self, name: &str) -> Option<bool> {
        match name {
            "TYPE_CHECKING" => Some(false),
            "PY2" => self.unanimous(|version| Some(version.0 == 2)),
            "PY3" => self.unanimous(|version| Some(version.0 == 3)),
            _ => None,
        }
    }

    /// The value that a condition has for all versions.
    fn unanimous(&self, value: impl Fn(Version) -> Option<bool>) -> Option<bool> {
        let (&first, others) = self.versions.split_first()?;
        let first = value(first)?;
        let mut others = others.iter();
        let is_same = others.all(|&version| value(version) == Some(first));
        if is_same { Some(first) } else { None }
    }

    fn value_of_comparison(&self, comparison: &ExprCompare) -> Option<bool> {
        let ([op], [right]) = (&*comparison.ops, &*comparison.comparators) else {
            return None;
        };
        match (subject(&comparison.left), subject(right)) {
            (Some(subject), None) => self.compare(&subject, *op, right),
            (None, Some(subject)) if matches!(op, CmpOp::Eq | CmpOp::NotEq) => {
                self.compare(&subject, *op, &comparison.left)
            }
            _ => None,
        }
    }

    fn compare(&self, subject: &Subject, op: CmpOp, value: &Expr) -> Option<bool> {
        match subject {
            Subject::Platform => compare_text(op, value, |text| self.is_platform(text)),
            Subject::Text(own) => compare_text(op, value, |text| Some(text == *own)),
            Subject::Version { length } => {
                let wanted = numbers(value)?;
                self.unanimous(|version| compare_version(version, *length, op, &wanted))
            }
            Subject::Number(index) => {
                let wanted = number(value)?;
                self.unanimous(|version| {
                    let own = if *index == 0 { version.0 } else { version.1 };
                    holds(op, own.cmp(&wanted))
                })
            }
        }
    }

    /// Whether `sys.platform` has a value: it was `linux2` before Python 3.3.
    fn is_platform(&self, text: &str) -> Option<bool> {
        match text {
            "linux" => self.unanimous(|version| Some(version >= (3, 3))),
            "linux2" => self.unanimous(|version| Some(version < (3, 3))),
            _ => Some(false),
        }
    }
}

/// Whether a source is run as a program: `__name__ == "__main__"`.
pub(super) fn is_program(condition: &Expr) -> bool {
    match condition {
        Expr::Compare(comparison) => {
            let ([CmpOp::Eq], [right]) = (&*comparison.ops, &*comparison.comparators) else {
                return false;
            };
            let left = &*comparison.left;
            (is_name(left) && is_main(right)) || (is_main(left) && is_name(right))
        }
        Expr::BoolOp(operation) if operation.op == BoolOp::And => {
            operation.values.first().is_some_and(is_program)
        }
        _ => false,
    }
}

fn is_name(expression: &Expr) -> bool {
    matches!(expression, Expr::Name(name) if name.id.as_str() == "__name__")
}

fn is_main(expression: &Expr) -> bool {
    matches!(expression, Expr::StringLiteral(text) if text.value.to_str() == "__main__")
}

fn subject(expression: &Expr) -> Option<Subject> {
    match expression {
        Expr::Attribute(attribute) => {
            let name = attribute.attr.as_str();
            let of = module(&attribute.value);
            match (of, name) {
                (Some("sys"), "platform") => Some(Subject::Platform),
                (Some("os"), "name") => Some(Subject::Text("posix")),
                (Some("sys"), "version_info") => Some(Subject::Version { length: None }),
                (_, "major") if is_version(&attribute.value) => Some(Subject::Number(0)),
                (_, "minor") if is_version(&attribute.value) => Some(Subject::Number(1)),
                _ => None,
            }
        }
        Expr::Name(_) if is_version(expression) => Some(Subject::Version { length: None }),
        Expr::Subscript(subscript) if is_version(&subscript.value) => part_of_version(subscript),
        Expr::Call(call) => {
            let Expr::Attribute(method) = &*call.func else {
                return None;
            };
            let is_system =
                method.attr.as_str() == "system" && module(&method.value) == Some("platform");
            if is_system {
                Some(Subject::Text("Linux"))
            } else {
                None
            }
        }
        _ => None,
    }
}

/// `sys.version_info[0]`, `sys.version_info[:2]`.
fn part_of_version(subscript: &ExprSubscript) -> Option<Subject> {
    if let Expr::Slice(slice) = &*subscript.slice {
        let length = number(slice.upper.as_deref()?)?;
        let is_known = slice.lower.is_none() && slice.step.is_none() && length <= 2;
        let length = usize::try_from(length).ok()?;
        return is_known.then_some(Subject::Version {
            length: Some(length),
        });
    }
    match number(&subscript.slice)? {
        0 => Some(Subject::Number(0)),
        1 => Some(Subject::Number(1)),
        _ => None,
    }
}

fn is_version(expression: &Expr) -> bool {
    match expression {
        Expr::Name(name) => name.id.as_str() == "version_info",
        Expr::Attribute(attribute) => {
            attribute.attr.as_str() == "version_info" && module(&attribute.value) == Some("sys")
        }
        _ => false,
    }
}

/// The name of a module, which may be imported with `_` in front.
fn module(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Name(name) => Some(name.id.as_str().trim_start_matches('_')),
        _ => None,
    }
}

/// `sys.platform.startswith("win")`.
fn starts_with(call: &ExprCall) -> Option<bool> {
    let Expr::Attribute(method) = &*call.func else {
        return None;
    };
    let ("startswith", Some(Subject::Platform), [argument]) = (
        method.attr.as_str(),
        subject(&method.value),
        &*call.arguments.args,
    ) else {
        return None;
    };
    let mut starts_with_any = false;
    for text in texts(argument)? {
        // Only the end of the name was different in Python 2.
        if text.starts_with("linux") && text != "linux" {
            return None;
        }
        starts_with_any |= "linux".starts_with(text);
    }
    Some(starts_with_any)
}

fn compare_text(op: CmpOp, value: &Expr, is_equal: impl Fn(&str) -> Option<bool>) -> Option<bool> {
    match (op, value) {
        (CmpOp::Eq, Expr::StringLiteral(text)) => is_equal(text.value.to_str()),
        (CmpOp::NotEq, Expr::StringLiteral(text)) => {
            let is_equal = is_equal(text.value.to_str())?;
            Some(!is_equal)
        }
        (CmpOp::In | CmpOp::NotIn, Expr::Tuple(_) | Expr::List(_) | Expr::Set(_)) => {
            let mut is_any = false;
            for text in texts(value)? {
                is_any |= is_equal(text)?;
            }
            Some(is_any == (op == CmpOp::In))
        }
        _ => None,
    }
}

/// The strings of a literal.
fn texts(value: &Expr) -> Option<Vec<&str>> {
    let elements = match value {
        Expr::Tuple(tuple) => &tuple.elts[..],
        Expr::List(list) => &list.elts,
        Expr::Set(set) => &set.elts,
        one => std::slice::from_ref(one),
    };
    let mut texts = Vec::new();
    for element in elements {
        let Expr::StringLiteral(text) = element else {
            return None;
        };
        texts.push(text.value.to_str());
    }
    Some(texts)
}

fn numbers(value: &Expr) -> Option<Vec<u32>> {
    let Expr::Tuple(tuple) = value else {
        return None;
    };
    tuple.elts.iter().map(number).collect()
}

fn number(value: &Expr) -> Option<u32> {
    let Expr::NumberLiteral(literal) = value else {
        return None;
    };
    match &literal.value {
        Number::Int(value) => value.as_u64()?.try_into().ok(),
        _ => None,
    }
}

/// Compares a version with a tuple, as Python does. Its numbers after the second are unknown; it
/// has five if `length` is none.
fn compare_version(
    version: Version,
    length: Option<usize>,
    op: CmpOp,
    wanted: &[u32],
) -> Option<bool> {
    let known = [version.0, version.1];
    let known = &known[..length.unwrap_or(2)];
    for (own, wanted) in known.iter().zip(wanted) {
        if own != wanted {
            return holds(op, own.cmp(wanted));
        }
    }
    let ordering = match length {
        Some(length) => length.cmp(&wanted.len()),
        None if wanted.len() > known.len() => return None,
        None => Ordering::Greater,
    };
    holds(op, ordering)
}

fn holds(op: CmpOp, ordering: Ordering) -> Option<bool> {
    match op {
        CmpOp::Eq => Some(ordering.is_eq()),
        CmpOp::NotEq => Some(ordering.is_ne()),
        CmpOp::Lt => Some(ordering.is_lt()),
        CmpOp::LtE => Some(ordering.is_le()),
        CmpOp::Gt => Some(ordering.is_gt()),
        CmpOp::GtE => Some(ordering.is_ge()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use ruff_python_parser::parse_expression;

    use super::*;

    fn value(condition: &str, versions: &[Version]) -> Option<bool> {
        let parsed = parse_expression(condition).unwrap();
        Conditions::new(versions).value(parsed.expr())
    }

    #[test]
    fn conditions_about_the_system_and_the_version_are_known() {
        for (condition, expected) in [
            ("TYPE_CHECKING or False", Some(false)),
            ("sys.platform == 'win32'", Some(false)),
            ("'win32' != sys.platform", Some(true)),
            ("sys.platform.startswith(('win', 'cygwin'))", Some(false)),
            ("not _sys.platform.startswith('linux')", Some(false)),
            ("sys.platform in ('linux', 'darwin')", Some(true)),
            ("sys.platform.startswith('linux2')", None),
            ("os.name == 'nt' and x", Some(false)),
            ("os.name == 'nt' or x", None),
            ("platform.system() == 'Linux'", Some(true)),
            ("sys.version_info < (3, 8)", Some(false)),
            ("sys.version_info >= (3,)", Some(true)),
            ("sys.version_info > (3, 11)", Some(true)),
            ("sys.version_info >= (3, 11, 4)", None),
            ("sys.version_info[:2] == (3, 11)", Some(true)),
            ("sys.version_info[:2] > (3, 11)", Some(false)),
            ("sys.version_info[0] == 2", Some(false)),
            ("version_info.minor >= 12", Some(false)),
            ("six.PY2", Some(false)),
            ("sys.maxsize > 3", None),
            ("x", None),
        ] {
            assert_eq!(value(condition, &[(3, 11)]), expected, "{condition}");
        }
    }

    #[test]
    fn conditions_about_versions_are_only_known_if_all_of_them_agree() {
        let versions = [(3, 11), (3, 13)];
        assert_eq!(value("sys.version_info >= (3, 9)", &versions), Some(true));
        assert_eq!(value("sys.version_info >= (3, 12)", &versions), None);
        assert_eq!(value("sys.version_info >= (3, 9)", &[]), None);
        assert_eq!(value("sys.platform == 'linux'", &[]), None);
        assert_eq!(value("sys.platform == 'win32'", &[]), Some(false));
    }

    #[test]
    fn a_program_compares_its_name() {
        for (condition, expected) in [
            ("__name__ == '__main__'", true),
            ("'__main__' == __name__ and x", true),
            ("__name__ != '__main__'", false),
            ("__name__ == '__main__' or x", false),
        ] {
            let parsed = parse_expression(condition).unwrap();
            assert_eq!(is_program(parsed.expr()), expected, "{condition}");
        }
    }
}
