//! The scopes of `ARG` and `ENV`: the value of a variable at an instruction, and the expansion of
//! words.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};

use crate::dockerfile::{Modifier, Variable, Word, WordPart};
use crate::knowledge::VariableClass;

/// Placeholder for an unknown value in an expanded text.
pub(super) const UNKNOWN: char = '\u{FFFC}';

/// Maximum length of a value in bytes; longer ones count as unknown, so that a repeated `ENV
/// A=$A$A` does not exhaust the memory.
const LONGEST_VALUE: usize = 1 << 13;

/// Maximum number of characters that the patterns of a file are compared with; later results count
/// as unknown.
const MOST_MATCHING: u64 = 1 << 24;

/// Maximum number of stages of an ancestry in which a variable is looked up.
const DEEPEST_ANCESTRY: usize = 256;

/// Maximum nesting depth of `${A:-${B:-…}}` that is expanded.
const DEEPEST_MODIFIER: usize = 32;

/// The value of a variable at one instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Known(String),
    Unset,
    Unknown,
}

/// The variables of a file: the `ARG`s before the first `FROM`, and the variables of each stage
/// with the steps that set them.
#[derive(Debug)]
pub(super) struct Scopes {
    build_args: BTreeMap<String, String>,
    global: HashMap<String, Value>,
    /// The same, but with variables that have neither a default nor a build argument as unset: the
    /// values of a build without `--build-arg`.
    defaults: HashMap<String, Value>,
    stages: Vec<StageScope>,
    /// The remaining budget of [`MOST_MATCHING`].
    matching: Cell<u64>,
}

#[derive(Debug)]
struct StageScope {
    parent: Option<usize>,
    /// Whether the stage starts from `scratch`, so that no base image can have set a variable.
    from_nothing: bool,
    env: Definitions,
    args: Definitions,
}

/// For each variable, the steps that set it and the values, in order.
type Definitions = HashMap<String, Vec<(usize, Value)>>;

impl Scopes {
    pub(super) fn new(build_args: BTreeMap<String, String>) -> Self {
        Self {
            build_args,
            global: HashMap::new(),
            defaults: HashMap::new(),
            stages: Vec::new(),
            matching: Cell::new(MOST_MATCHING),
        }
    }

    pub(super) fn open_stage(&mut self, parent: Option<usize>, from_nothing: bool) {
        self.stages.push(StageScope {
            parent,
            from_nothing,
            env: HashMap::new(),
            args: HashMap::new(),
        });
    }

    /// Declares an `ARG`. Outside of any stage, it applies to `FROM` instructions.
    pub(super) fn declare(
        &mut self,
        stage: Option<usize>,
        step: usize,
        name: &str,
        default: Option<&Word>,
    ) {
        // `--build-arg` overrides the default.
        let given = self.build_args.get(name).cloned().map(Value::Known);
        let value = given.or_else(|| default.map(|word| self.evaluate(stage, step, word)));
        match stage {
            None => {
                // `--build-arg` can set any of them, so only the defaults are known.
                self.declare_default(name, default);
                self.global
                    .insert(name.to_owned(), value.unwrap_or(Value::Unknown));
            }
            Some(at) => {
                // An `ARG` without a default takes the value of the `ARG` before the first `FROM`.
                let value = value
                    .or_else(|| self.global.get(name).cloned())
                    .unwrap_or(Value::Unknown);
                self.stages[at]
                    .args
                    .entry(name.to_owned())
                    .or_default()
                    .push((step, value));
            }
        }
    }

    fn declare_default(&mut self, name: &str, default: Option<&Word>) {
        let value = if let Some(given) = self.build_args.get(name) {
            Value::Known(given.clone())
        } else if let Some(default) = default {
            self.expand_default(default)
                .map_or(Value::Unknown, Value::Known)
        } else {
            // `ARG A` after `ARG A=1` does not change the value.
            let unset = unset_outside_stages(name);
            self.defaults.entry(name.to_owned()).or_insert(unset);
            return;
        };
        self.defaults.insert(name.to_owned(), value);
    }

    pub(super) fn expand_default(&self, word: &Word) -> Option<String> {
        let look_up = |name: &str| match self.defaults.get(name) {
            Some(value) => value.clone(),
            None => unset_outside_stages(name),
        };
        known(self.expand_with(&look_up, word))
    }

    /// Sets `ENV` variables. All variables of one instruction are expanded with the values from
    /// before it.
    pub(super) fn set(&mut self, stage: usize, step: usize, pairs: &[(String, &Word)]) {
        // Expanded before any is set: `ENV A=1 B=$A` gives `B` the old value of `A`.
        let values: Vec<Value> = pairs
            .iter()
            .map(|(_, word)| self.evaluate(Some(stage), step, word))
            .collect();
        for ((name, _), value) in pairs.iter().zip(values) {
            self.stages[stage]
                .env
                .entry(name.clone())
                .or_default()
                .push((step, value));
        }
    }

    fn evaluate(&self, stage: Option<usize>, step: usize, word: &Word) -> Value {
        self.expand(stage, step, word)
            .map_or(Value::Unknown, Value::Known)
    }

    pub(super) fn expand(&self, stage: Option<usize>, step: usize, word: &Word) -> Option<String> {
        known(self.expand_in_part(stage, step, word))
    }

    /// Expands a word, with [`UNKNOWN`] in place of unknown values. Without a stage, the `ARG`s
    /// before the first `FROM` apply.
    pub(super) fn expand_in_part(&self, stage: Option<usize>, step: usize, word: &Word) -> String {
        self.expand_with(&|name| self.look_up(stage, step, name), word)
    }

    fn expand_with(&self, look_up: &dyn Fn(&str) -> Value, word: &Word) -> String {
        let expansion = Expansion {
            scopes: self,
            look_up,
        };
        expansion.expand_parts(&word.parts, 0)
    }

    pub(super) fn value(&self, stage: Option<usize>, step: usize, name: &str) -> Option<String> {
        match self.look_up(stage, step, name) {
            Value::Known(value) => Some(value),
            _ => None,
        }
    }

    /// Whether an `ARG` or `ENV` of the file sets a variable before `step`, to any value.
    pub(super) fn is_declared(&self, stage: Option<usize>, step: usize, name: &str) -> bool {
        let Some(stage) = stage else {
            return self.global.contains_key(name);
        };
        self.ancestry(stage).any(|scope| {
            last_before(&scope.env, name, step).is_some()
                || last_before(&scope.args, name, step).is_some()
        })
    }

    /// The names of all variables that the file sets before `step`, sorted.
    pub(super) fn declared(&self, stage: Option<usize>, step: usize) -> Vec<&str> {
        let Some(stage) = stage else {
            return self.global.keys().map(String::as_str).collect();
        };
        let mut names = Vec::new();
        for scope in self.ancestry(stage) {
            for (name, definitions) in scope.env.iter().chain(&scope.args) {
                if definitions.first().is_some_and(|(at, _)| *at < step) {
                    names.push(name.as_str());
                }
            }
        }
        names.sort_unstable();
        names
    }

    /// The scopes of a stage and of those it is built on.
    fn ancestry(&self, stage: usize) -> impl Iterator<Item = &StageScope> {
        let stages = std::iter::successors(Some(stage), |&at| self.stages[at].parent);
        stages.take(DEEPEST_ANCESTRY).map(|at| &self.stages[at])
    }

    fn look_up(&self, stage: Option<usize>, step: usize, name: &str) -> Value {
        let Some(mut at) = stage else {
            return match self.global.get(name) {
                Some(value) => value.clone(),
                None => unset_outside_stages(name),
            };
        };
        let mut arg = None;
        for _ in 0..DEEPEST_ANCESTRY {
            let scope = &self.stages[at];
            // `ENV` takes precedence over `ARG`, regardless of their order in the stage.
            if let Some(value) = last_before(&scope.env, name, step) {
                return value.clone();
            }
            arg = arg.or_else(|| last_before(&scope.args, name, step));
            // At the end of the ancestry, the base image itself may set the variable.
            let Some(parent) = scope.parent else {
                let missing = if scope.from_nothing {
                    Value::Unset
                } else {
                    Value::Unknown
                };
                return arg.cloned().unwrap_or(missing);
            };
            at = parent;
        }
        Value::Unknown
    }
}

/// The value of a variable that is not declared before the first `FROM`.
fn unset_outside_stages(name: &str) -> Value {
    if VariableClass::Builder.contains(name) {
        Value::Unknown
    } else {
        Value::Unset
    }
}

/// An expanded text without unknown values.
fn known(text: String) -> Option<String> {
    if text.contains(UNKNOWN) {
        None
    } else {
        Some(text)
    }
}

/// The expansion of a word.
struct Expansion<'s> {
    scopes: &'s Scopes,
    look_up: &'s dyn Fn(&str) -> Value,
}

impl Expansion<'_> {
    fn expand_parts(&self, parts: &[WordPart], depth: usize) -> String {
        let mut text = String::new();
        for part in parts {
            match part {
                WordPart::Literal(literal) => text.push_str(literal),
                WordPart::Variable(variable) => {
                    text.push_str(&self.expand_variable(variable, depth));
                }
            }
            // Checked after each part, before the next one can double it.
            if text.len() > LONGEST_VALUE {
                return UNKNOWN.to_string();
            }
        }
        text
    }

    fn expand_variable(&self, variable: &Variable, depth: usize) -> String {
        let set = match (self.look_up)(&variable.name) {
            Value::Unknown => return UNKNOWN.to_string(),
            // Each level uses stack space.
            _ if depth > DEEPEST_MODIFIER => return UNKNOWN.to_string(),
            Value::Known(value) => Some(value),
            Value::Unset => None,
        };
        match variable.modifier.as_deref() {
            None | Some(Modifier::Required { .. }) => set.unwrap_or_default(),
            Some(Modifier::Default { colon, word }) => match set {
                Some(value) if !colon || !value.is_empty() => value,
                _ => self.expand_parts(word, depth + 1),
            },
            Some(Modifier::Alternative { colon, word }) => match set {
                Some(value) if !colon || !value.is_empty() => self.expand_parts(word, depth + 1),
                _ => String::new(),
            },
            Some(modifier) => self
                .cut(&set.unwrap_or_default(), modifier)
                .unwrap_or_else(|| UNKNOWN.to_string()),
        }
    }

    /// Applies a modifier with a pattern to a value; `None` if that would take too long.
    fn cut(&self, value: &str, modifier: &Modifier) -> Option<String> {
        let length = value.len() as u64 + 1;
        // A glob is tried at each position of the value, and each attempt may take time
        // proportional to the product of both lengths.
        match modifier {
            Modifier::RemovePrefix { longest, pattern } => {
                self.spend([length, length, pattern.len() as u64 + 1])?;
                Some(remove_prefix(value, pattern, *longest).to_owned())
            }
            Modifier::RemoveSuffix { longest, pattern } => {
                self.spend([length, length, pattern.len() as u64 + 1])?;
                Some(remove_suffix(value, pattern, *longest).to_owned())
            }
            Modifier::Replace {
                all,
                pattern,
                replacement,
            } => {
                let each = if has_wildcard(pattern) {
                    length.saturating_mul(length)
                } else {
                    1
                };
                self.spend([length, each, pattern.len() as u64 + 1])?;
                Some(replace(value, pattern, replacement, *all))
            }
            Modifier::Default { .. } | Modifier::Alternative { .. } | Modifier::Required { .. } => {
                None
            }
        }
    }

    /// Subtracts a number of comparisons, given by its factors, from the remaining budget.
    fn spend(&self, comparisons: [u64; 3]) -> Option<()> {
        let comparisons = comparisons.into_iter().fold(1, u64::saturating_mul);
        let left = self.scopes.matching.get().checked_sub(comparisons)?;
        self.scopes.matching.set(left);
        Some(())
    }
}

fn has_wildcard(pattern: &str) -> bool {
    pattern.contains(['*', '?', '\\'])
}

fn last_before<'d>(definitions: &'d Definitions, name: &str, step: usize) -> Option<&'d Value> {
    let steps = definitions.get(name)?;
    // An instruction does not see its own assignment.
    let after = steps.partition_point(|(at, _)| *at < step);
    after.checked_sub(1).map(|at| &steps[at].1)
}

/// The byte offsets at which characters start, and the end.
fn boundaries(text: &str) -> impl DoubleEndedIterator<Item = usize> {
    (0..=text.len()).filter(|&at| text.is_char_boundary(at))
}

fn remove_prefix<'t>(text: &'t str, pattern: &str, longest: bool) -> &'t str {
    let matches = |end: &usize| glob_matches(pattern, &text[..*end]);
    let end = if longest {
        boundaries(text).rev().find(matches)
    } else {
        boundaries(text).find(matches)
    };
    &text[end.unwrap_or(0)..]
}

fn remove_suffix<'t>(text: &'t str, pattern: &str, longest: bool) -> &'t str {
    let matches = |start: &usize| glob_matches(pattern, &text[*start..]);
    let start = if longest {
        boundaries(text).find(matches)
    } else {
        boundaries(text).rev().find(matches)
    };
    &text[..start.unwrap_or(text.len())]
}

/// Replaces matches from the left, the longest at each place, as BuildKit does.
fn replace(text: &str, pattern: &str, replacement: &str, all: bool) -> String {
    let mut result = String::new();
    let mut at = 0;
    while at < text.len() {
        // Most patterns have no wildcards and need no search for the end of the match.
        let end = if has_wildcard(pattern) {
            boundaries(&text[at..])
                .rev()
                .find(|&end| end > 0 && glob_matches(pattern, &text[at..at + end]))
        } else if !pattern.is_empty() && text[at..].starts_with(pattern) {
            Some(pattern.len())
        } else {
            None
        };
        if let Some(end) = end {
            result.push_str(replacement);
            at += end;
            if !all {
                break;
            }
        } else {
            let next = text[at..].chars().next().map_or(1, char::len_utf8);
            result.push_str(&text[at..at + next]);
            at += next;
        }
        if result.len() > LONGEST_VALUE {
            return UNKNOWN.to_string();
        }
    }
    result.push_str(&text[at..]);
    result
}

/// Whether a pattern of `*`, `?` and `\x` matches an entire text.
pub fn glob_matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // The last `*` and the end of the text that it has matched so far. Only the last one ever needs
    // to match more text.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        let (wanted, step) = match pattern.get(p) {
            // An escaped character matches itself; so does a backslash at the end.
            Some('\\') if p + 1 < pattern.len() => (pattern.get(p + 1), 2),
            Some('*') => {
                star = Some((p, t));
                p += 1;
                continue;
            }
            Some('?') => (text.get(t), 1),
            other => (other, 1),
        };
        if wanted == text.get(t) {
            p += step;
            t += 1;
        } else if let Some((at, given)) = star {
            // The last `*` matches one more character, and the rest is tried again after it.
            star = Some((at, given + 1));
            p = at + 1;
            t = given + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_and_suffix_patterns_are_removed_as_in_a_shell() {
        assert_eq!(remove_prefix("a/b/c", "*/", false), "b/c");
        assert_eq!(remove_prefix("a/b/c", "*/", true), "c");
        assert_eq!(remove_suffix("1.2.3", ".*", false), "1.2");
        assert_eq!(remove_suffix("1.2.3", ".*", true), "1");
        assert_eq!(remove_suffix("abc", "x", false), "abc");
    }

    #[test]
    fn a_substitution_replaces_the_first_match_or_all() {
        assert_eq!(replace("a-b-c", "-", "_", false), "a_b-c");
        assert_eq!(replace("a-b-c", "-", "_", true), "a_b_c");
        assert_eq!(replace("1.22.4", ".*", "", false), "1");
        assert_eq!(replace("üü", "ü", "u", true), "uu");
    }

    #[test]
    fn a_glob_must_match_the_whole_text() {
        assert!(glob_matches("*-alpine*", "3.12-alpine3.20"));
        assert!(glob_matches("a?c", "abc"));
        assert!(glob_matches(r"a\*", "a*"));
        assert!(!glob_matches("a", "ab"));
        assert!(!glob_matches("", "a"));
    }
}
